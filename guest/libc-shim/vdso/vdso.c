/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vdso.c: the shared object that the kernel maps into every program.
 *
 * Reads the clock without a system call, from the page below its own image
 * (kuni/vdso.h).  Clocks it does not know, and a clock page that is not the
 * same on all CPUs, go to the kernel.  It has no data and no relocations.
 */
#include <stdint.h>

#define KUNI_VDSO_BUILD
#include "kuni/vdso.h"

#define NR_gettimeofday  96
#define NR_clock_gettime 228
#define NR_clock_getres  229
#define REALTIME         0
#define MONOTONIC        1
#define MONOTONIC_RAW    4
#define REALTIME_COARSE  5
#define MONOTONIC_COARSE 6
#define BOOTTIME         7
#define COARSE_NS        4000000L /* what Linux says with HZ=250 */
#define NS               1000000000UL
#define STABLE           1
#define EXPORT           __attribute__((visibility("default")))

struct timespec_u {
	int64_t sec, nsec;
};
struct timeval_u {
	int64_t sec, usec;
};
struct timezone_u {
	int32_t west, dst;
};

extern const volatile struct vdso_vvar vdso_page
	__attribute__((visibility("hidden")));

int __vdso_clock_gettime(int clock, struct timespec_u *ts);
int __vdso_gettimeofday(struct timeval_u *tv, struct timezone_u *tz);
int64_t __vdso_time(int64_t *out);
int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);
int __vdso_clock_getres(int clock, struct timespec_u *ts);

static long call2(long nr, long a, long b)
{
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(nr), "D"(a), "S"(b)
			 : "rcx", "r11", "memory");
	return r;
}

static uint64_t ticks(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

/* CLOCK_MONOTONIC in ns; 0: ask the kernel. */
static uint64_t monotonic(void)
{
	const volatile struct pvclock_time *p = &vdso_page.clock;
	uint32_t version, mul;
	uint64_t stamp, base, delta;
	int shift;

	do {
		version = p->version & ~1U;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(p->flags & STABLE))
			return 0;
		stamp = p->tsc_timestamp;
		base = p->system_time;
		mul = p->tsc_to_system_mul;
		shift = (int)p->tsc_shift;
		delta = ticks();
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (version != p->version);
	delta = delta > stamp ? delta - stamp : 0;
	delta = shift < 0 ? delta >> -shift : delta << shift;
	return base + (uint64_t)((unsigned __int128)delta * mul >> 32);
}

EXPORT int __vdso_clock_gettime(int clock, struct timespec_u *ts)
{
	uint64_t ns = 0;

	switch (clock) {
	case REALTIME:
	case REALTIME_COARSE:
		ns = monotonic();
		if (ns)
			ns += vdso_page.wall_offset;
		break;
	case MONOTONIC:
	case MONOTONIC_RAW:
	case MONOTONIC_COARSE:
	case BOOTTIME:
		ns = monotonic();
		break;
	default:
		break;
	}
	if (!ns)
		return (int)call2(NR_clock_gettime, clock, (long)ts);
	ts->sec = (int64_t)(ns / NS);
	ts->nsec = (int64_t)(ns % NS);
	return 0;
}

EXPORT int __vdso_gettimeofday(struct timeval_u *tv, struct timezone_u *tz)
{
	uint64_t ns = monotonic();

	if (!ns)
		return (int)call2(NR_gettimeofday, (long)tv, (long)tz);
	ns += vdso_page.wall_offset;
	if (tv) {
		tv->sec = (int64_t)(ns / NS);
		tv->usec = (int64_t)(ns % NS / 1000);
	}
	if (tz) {
		tz->west = 0;
		tz->dst = 0;
	}
	return 0;
}

EXPORT int64_t __vdso_time(int64_t *out)
{
	struct timeval_u tv = { 0, 0 };

	__vdso_gettimeofday(&tv, (struct timezone_u *)0);
	if (out)
		*out = tv.sec;
	return tv.sec;
}

EXPORT int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	unsigned nr;

	(void)unused;
	__asm__ volatile("lsl %1, %0" : "=r"(nr) : "r"(VDSO_CPUNR_SEL) : "cc");
	if (cpu)
		*cpu = nr;
	if (node)
		*node = 0;
	return 0;
}

EXPORT int __vdso_clock_getres(int clock, struct timespec_u *ts)
{
	switch (clock) {
	case REALTIME:
	case MONOTONIC:
	case MONOTONIC_RAW:
	case BOOTTIME:
	case REALTIME_COARSE:
	case MONOTONIC_COARSE:
		break;
	default:
		return (int)call2(NR_clock_getres, clock, (long)ts);
	}
	if (ts) {
		ts->sec = 0;
		ts->nsec = clock == REALTIME_COARSE || clock == MONOTONIC_COARSE
				   ? COARSE_NS
				   : 1;
	}
	return 0;
}

int clock_gettime(int clock, struct timespec_u *ts)
	__attribute__((weak, alias("__vdso_clock_gettime"),
		       visibility("default")));
int gettimeofday(struct timeval_u *tv, struct timezone_u *tz)
	__attribute__((weak, alias("__vdso_gettimeofday"),
		       visibility("default")));
int64_t time(int64_t *out)
	__attribute__((weak, alias("__vdso_time"), visibility("default")));
int getcpu(unsigned *cpu, unsigned *node, void *unused)
	__attribute__((weak, alias("__vdso_getcpu"), visibility("default")));
int clock_getres(int clock, struct timespec_u *ts)
	__attribute__((weak, alias("__vdso_clock_getres"),
		       visibility("default")));
