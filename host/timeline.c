/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline.c: stamps of CLOCK_MONOTONIC, printed in their order at the end.
 *
 * A stamp ends a phase: a line shows when, and for how long since the line
 * before.  Zero is the start of the process: the kernel tells that in ticks of
 * 10 ms only, so it is taken as the time of main() less the CPU time that the
 * process had used by then.
 *
 * The guest's stamps are its TSC, read from its memory after the end.  Its
 * last one is laid on the host's stamp of its exit port (late by that exit:
 * microseconds on kvm, some tens of them where QEMU's debug port carries it);
 * the others lie before that by their distance.  All numbers of the guest are
 * its word only: they are shown, nothing depends on them.
 *
 * Marks are taken by several threads: the index is atomic, and a slot is
 * written by one thread only.
 */
#include "host/timeline.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "boot/abi/bootinfo.h"

#define MAX_STAMPS 64
#define MAX_KINDS  32
#define NAME_MAX   48
#define STATS_MAX  16384

struct stamp {
	uint64_t ns;
	const char *name;
	bool guest;
};

struct timeline {
	unsigned n; /* [a] */
	struct stamp stamp[MAX_STAMPS];
	uint64_t guest_end; /* [a] ns of MARK_END, 0: not seen */
	unsigned nkind;     /* what timeline_exits() found */
	struct {
		char name[NAME_MAX];
		uint64_t count;
	} kind[MAX_KINDS];
};

static uint64_t epoch_ns; /* the start of the process */
static uint64_t main_ns;  /* of main() */

static uint64_t read_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

void timeline_epoch(void)
{
	main_ns = read_ns(CLOCK_MONOTONIC);
	epoch_ns = main_ns - read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void timeline_destroy(struct timeline *t)
{
	free(t);
}

static void add(struct timeline *t, uint64_t ns, const char *name, bool guest)
{
	unsigned i = __atomic_fetch_add(&t->n, 1, __ATOMIC_RELAXED);

	if (i < MAX_STAMPS)
		t->stamp[i] = (struct stamp){ ns, name, guest };
}

int timeline_create(struct timeline **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	add(*out, main_ns, "process started", false);
	return 0;
}

void timeline_mark(struct timeline *t, const char *name)
{
	if (t)
		add(t, read_ns(CLOCK_MONOTONIC), name, false);
}

/* ---- the guest ---- */

void timeline_guest_end(struct timeline *t)
{
	uint64_t none = 0, now;

	if (!t)
		return;
	now = read_ns(CLOCK_MONOTONIC);
	__atomic_compare_exchange_n(&t->guest_end, &none, now, false,
				    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void timeline_guest(struct timeline *t, const uint64_t *mark)
{
	static const char *const name[MARK_COUNT] = {
		[MARK_ENTRY] = "guest: cpu and clock",
		[MARK_MM] = "guest: memory",
		[MARK_DEVICES] = "guest: devices bound",
		[MARK_ROOT] = "guest: root mounted",
		[MARK_MOUNTS] = "guest: mounts made",
		[MARK_EXEC] = "guest: program loaded",
		[MARK_USER] = "guest: first user instruction",
		[MARK_USER_END] = "guest: program ended",
		[MARK_EXIT] = "guest: files written back",
		[MARK_END] = "guest: end",
	};
	uint64_t end = mark[MARK_END], khz = mark[MARK_KHZ];

	if (!t->guest_end || !khz)
		return;
	for (unsigned i = MARK_ENTRY; i < MARK_COUNT; i++) {
		double before = (double)(end - mark[i]) * 1e6 / (double)khz;

		if (!mark[i] || mark[i] > end ||
		    before > (double)(t->guest_end - epoch_ns))
			continue;
		add(t, t->guest_end - (uint64_t)before, name[i], true);
	}
}

/* ---- exits ---- */

static void count(struct timeline *t, const char *name, uint64_t value)
{
	size_t len = strnlen(name, NAME_MAX), i;
	bool exits = len >= 5 && len < NAME_MAX &&
		     !memcmp(name + len - 5, "exits", 5);

	if (!value || (!exits && strcmp(name, "pf_taken") != 0))
		return;
	for (i = 0; i < t->nkind && strcmp(t->kind[i].name, name) != 0; i++)
		continue;
	if (i == MAX_KINDS)
		return;
	if (i == t->nkind)
		memcpy(t->kind[t->nkind++].name, name, len + 1);
	t->kind[i].count += value;
}

/* The file as linux/kvm.h has it: a header, descriptors, values. */
void timeline_exits(struct timeline *t, int fd)
{
	static _Alignas(8) char buf[STATS_MAX];
	struct kvm_stats_header h;
	size_t have = 0;
	ssize_t n;

	while (have < sizeof(buf) &&
	       (n = read(fd, buf + have, sizeof(buf) - have)) > 0)
		have += (size_t)n;
	close(fd);
	if (have < sizeof(h))
		return;
	memcpy(&h, buf, sizeof(h));
	for (size_t i = 0; i < h.num_desc; i++) {
		size_t size = sizeof(struct kvm_stats_desc) + h.name_size;
		size_t at = h.desc_offset + i * size;
		struct kvm_stats_desc d;
		uint64_t value;

		if (at + size > have)
			break;
		memcpy(&d, buf + at, sizeof(d));
		if (d.size != 1 ||
		    h.data_offset + (size_t)d.offset + sizeof(value) > have)
			continue;
		memcpy(&value, buf + h.data_offset + d.offset, sizeof(value));
		count(t, buf + at + sizeof(d), value);
	}
}

/* ---- the table ---- */

static int by_time(const void *a, const void *b)
{
	const struct stamp *x = a, *y = b;

	return (x->ns > y->ns) - (x->ns < y->ns);
}

static void print_exits(const struct timeline *t, int fd, bool json)
{
	if (json)
		dprintf(fd, "],\"exits\":{");
	for (unsigned i = 0; i < t->nkind; i++)
		dprintf(fd, json ? "%s\"%s\":%llu" : "%s%s=%llu",
			!i     ? json ? "" : "vm exits: "
			: json ? ","
			       : " ",
			t->kind[i].name, (unsigned long long)t->kind[i].count);
	if (json)
		dprintf(fd, "}}\n");
	else if (t->nkind)
		dprintf(fd, "\n");
}

void timeline_print(struct timeline *t, int fd, bool json)
{
	unsigned n = t->n < MAX_STAMPS ? t->n : MAX_STAMPS;
	uint64_t before = epoch_ns;

	qsort(t->stamp, n, sizeof(t->stamp[0]), by_time);
	dprintf(fd, json ? "{\"timeline\":[" : "%10s %10s  phase\n", "at us",
		"took us");
	for (unsigned i = 0; i < n; i++) {
		const struct stamp *s = &t->stamp[i];
		double at = (double)(s->ns - epoch_ns) / 1000;
		double took = (double)(int64_t)(s->ns - before) / 1000;

		if (json)
			dprintf(fd,
				"%s{\"phase\":\"%s\",\"side\":\"%s\","
				"\"at_us\":%.1f,\"took_us\":%.1f}",
				i ? "," : "", s->name,
				s->guest ? "guest" : "host", at, took);
		else
			dprintf(fd, "%10.1f %10.1f  %s\n", at, took, s->name);
		before = s->ns;
	}
	print_exits(t, fd, json);
}
