/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.c: what the machine does, for /proc: CPU times and load averages.
 *
 * Nothing ticks, so the load is worked out when it is asked for: since the
 * last time, at least 5 s ago, as many tasks ran on the average as CPUs were
 * busy, and those that wait now are added.
 */
#include "kuni/task.h"

#define FSHIFT    11 /* of Linux's fixed point numbers */
#define FIXED_1   (1UL << FSHIFT)
#define PERIOD_NS (5 * NSEC_PER_SEC)

static struct mutex load_lock;
static uint64_t load[3], load_at, load_busy; /* [load_lock] */

void cpu_times(unsigned cpu, struct cpu_times *out)
{
	uint64_t up = arch_clock_ns();

	out->idle = sched_online() >> cpu & 1 ? sched_idle_ns(cpu) : up;
	out->system = task_kernel_ns(cpu);
	out->user = up - min(up, out->idle + out->system);
}

static uint64_t busy_ns(void)
{
	uint64_t sum = 0;

	for (unsigned n = 0; n < arch_ncpu; n++) {
		struct cpu_times t;

		cpu_times(n, &t);
		sum += t.user + t.system;
	}
	return sum;
}

/* factor^n, both fixed point. */
static uint64_t power(uint64_t factor, uint64_t n)
{
	uint64_t r = FIXED_1;

	for (; n; n >>= 1) {
		if (n & 1)
			r = r * factor >> FSHIFT;
		factor = factor * factor >> FSHIFT;
	}
	return r;
}

/* Of 1, 5 and 15 minutes, times 65536. */
void load_average(uint64_t out[3])
{
	static const uint64_t factor[3] = { 1884, 2014, 2037 };
	uint64_t now = arch_clock_ns(), n, switches;
	unsigned running;

	mutex_lock(&load_lock);
	n = (now - load_at) / PERIOD_NS;
	if (n) {
		uint64_t busy = busy_ns(), active;

		sched_count(&running, &switches);
		active = (busy - min(busy, load_busy)) * FIXED_1 /
			 (now - load_at);
		active = max(active, (running - 1UL) * FIXED_1);
		for (unsigned k = 0; k < 3; k++) {
			uint64_t keep = power(factor[k], n);

			load[k] =
				(load[k] * keep + active * (FIXED_1 - keep)) >>
				FSHIFT;
		}
		load_at = now;
		load_busy = busy;
	}
	for (unsigned k = 0; k < 3; k++)
		out[k] = load[k] << (16 - FSHIFT);
	mutex_unlock(&load_lock);
}
