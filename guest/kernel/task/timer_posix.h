/* SPDX-License-Identifier: Apache-2.0 */
/* timer_posix.h: timers that send signals; all times in ns. */
#ifndef TASK_TIMER_POSIX_H
#define TASK_TIMER_POSIX_H

#include "internal.h"

struct lx_sigevent {
	uint64_t value;
	int32_t signo, notify, tid;
	bool default_value; /* no sigevent was given: the value is the id */
};
struct timer_value {
	uint64_t interval, value;
};

void itimer_get(struct process *p, uint64_t *left, uint64_t *interval);
void itimer_set(struct process *p, uint64_t value, uint64_t interval);
/* which: 0 ITIMER_VIRTUAL, 1 ITIMER_PROF (cputimer.c) */
void cpu_itimer_get(struct process *p, int which, uint64_t *left,
		    uint64_t *interval);
void cpu_itimer_set(struct process *p, int which, uint64_t value,
		    uint64_t interval);
/* siglock held: those on CPU clocks that are due; total is the process's. */
void posix_timers_cpu(struct process *p, uint64_t total, uint64_t *next);
int posix_timer_new(int clock, const struct lx_sigevent *ev) MUST_CHECK;
int posix_timer_set(int id, bool absolute, const struct timer_value *v,
		    struct timer_value *old) MUST_CHECK;
int posix_timer_get(int id, struct timer_value *v) MUST_CHECK;
int posix_timer_overrun(int id) MUST_CHECK;
int posix_timer_delete(int id);

#endif
