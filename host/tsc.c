/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tsc.c: how fast the time stamp counter ticks, for guests that no KVM tells.
 *
 * Under TCG the guest's counter advances as the host's does.  The kernel knows
 * its frequency and does not say it to everyone, so it is measured once a boot
 * and kept in TSC_CACHE beside the boot's id.  A cache that cannot be written
 * costs 10 ms a start and nothing else.
 */
#include "host/tsc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define TSC_DIR     "/run/kuni"
#define TSC_CACHE   TSC_DIR "/tsc-khz"
#define BOOT_ID     "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_LEN 36
#define SAMPLE_NS   10000000
#define KHZ_MIN     100000ULL /* 0.1 GHz */
#define KHZ_MAX     100000000ULL

struct sample {
	uint64_t ns, tsc;
};

/* The clock between two readings of the counter; the closest of five. */
static struct sample take_sample(void)
{
	struct sample best = { 0, 0 };
	uint64_t width = UINT64_MAX, t0, t1;
	struct timespec ts;

	for (int i = 0; i < 5; i++) {
		t0 = __rdtsc();
		clock_gettime(CLOCK_MONOTONIC, &ts);
		t1 = __rdtsc();
		if (t1 - t0 >= width)
			continue;
		width = t1 - t0;
		best.tsc = t0 + width / 2;
		best.ns = (uint64_t)ts.tv_sec * 1000000000ULL +
			  (uint64_t)ts.tv_nsec;
	}
	return best;
}

static uint64_t measure(void)
{
	struct timespec nap = { 0, SAMPLE_NS };
	struct sample a = take_sample(), b;

	nanosleep(&nap, NULL);
	b = take_sample();
	if (b.ns <= a.ns || b.tsc <= a.tsc)
		return 0;
	return (b.tsc - a.tsc) * 1000000ULL / (b.ns - a.ns);
}

/* At most size - 1 bytes of a small file, as a string. */
static bool read_small(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n <= 0)
		return false;
	buf[n] = 0;
	return true;
}

static void write_cache(const char *boot, uint64_t khz)
{
	char tmp[64], line[80];
	int n, fd;

	(void)mkdir(TSC_DIR, 0700);
	snprintf(tmp, sizeof(tmp), TSC_CACHE ".%d", (int)getpid());
	n = snprintf(line, sizeof(line), "%s %" PRIu64 "\n", boot, khz);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (write(fd, line, (size_t)n) != n || rename(tmp, TSC_CACHE) < 0)
		(void)unlink(tmp);
	close(fd);
}

uint64_t tsc_khz(void)
{
	char boot[BOOT_ID_LEN + 1], line[80];
	uint64_t khz = 0;

	if (!read_small(BOOT_ID, boot, sizeof(boot)))
		return measure();
	if (read_small(TSC_CACHE, line, sizeof(line)) &&
	    !strncmp(line, boot, BOOT_ID_LEN) && line[BOOT_ID_LEN] == ' ')
		khz = strtoull(line + BOOT_ID_LEN + 1, NULL, 10);
	if (khz >= KHZ_MIN && khz <= KHZ_MAX)
		return khz;
	khz = measure();
	if (khz)
		write_cache(boot, khz);
	return khz;
}
