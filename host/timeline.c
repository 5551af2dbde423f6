/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline.c: stamps of CLOCK_MONOTONIC, printed at the end.
 *
 * A stamp ends a phase: a line shows when, and for how long since the line
 * before.  Guest stamps are taken by the host at the exit that PORT_MARK
 * causes, so all have one clock.  Marks are taken by several threads: the
 * index is atomic, and a slot is written by one thread only.
 */
#include "host/timeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "boot/abi/bootinfo.h"

#define MAX_STAMPS 64

struct stamp {
	uint64_t ns;
	const char *name;
	bool guest;
};

struct timeline {
	unsigned n; /* [a] */
	struct stamp stamp[MAX_STAMPS];
};

static uint64_t epoch_ns; /* 0: timeline_epoch() was not called */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

void timeline_epoch(void)
{
	epoch_ns = now_ns();
}

int timeline_create(struct timeline **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	if (!epoch_ns)
		epoch_ns = now_ns();
	return 0;
}

void timeline_destroy(struct timeline *t)
{
	free(t);
}

static void add(struct timeline *t, const char *name, bool guest)
{
	unsigned i = __atomic_fetch_add(&t->n, 1, __ATOMIC_RELAXED);

	if (i < MAX_STAMPS)
		t->stamp[i] = (struct stamp){ now_ns(), name, guest };
}

void timeline_mark(struct timeline *t, const char *name)
{
	if (t)
		add(t, name, false);
}

void timeline_guest(struct timeline *t, uint32_t mark)
{
	static const char *const name[MARK_COUNT] = {
		[MARK_ENTRY] = "guest entered",
		[MARK_MM] = "guest memory",
		[MARK_DEVICES] = "guest devices",
		[MARK_ROOT] = "guest root",
		[MARK_EXEC] = "guest exec",
		[MARK_USER] = "first user instruction",
		[MARK_EXIT] = "init gone",
	};

	if (t && mark < MARK_COUNT && name[mark])
		add(t, name[mark], true);
}

void timeline_print(struct timeline *t, int fd, bool json)
{
	unsigned n = t->n < MAX_STAMPS ? t->n : MAX_STAMPS;
	uint64_t before = epoch_ns;

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
	if (json)
		dprintf(fd, "]}\n");
}
