/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cputimer.c: what happens after so much CPU time: ITIMER_VIRTUAL and _PROF,
 * timers on CPU clocks, RLIMIT_CPU and RLIMIT_RTTIME.
 *
 * A process that has any of these (process.cpu_watch) is looked at from a
 * kernel timer, set for the soonest that its threads together could use up
 * what is left.  The timer rests while none of them is on a CPU: one that was
 * switched from finds cpu_event before user mode and starts it again.  So a
 * process without them pays a look at cpu_watch a switch, and an idle one with
 * them nothing.
 */
#include "timer_posix.h"

enum { TICK_OFF, TICK_ON, TICK_AGAIN };

#define TICK_MIN_NS 500000UL
#define TICK_MAX_NS 10000000UL /* settings made elsewhere are seen by then */

/* Both clocks of p, and how many of its threads are on a CPU. */
struct usage {
	uint64_t total, user;
	unsigned running;
};

static void measure(struct process *p, struct usage *u)
{
	uint64_t sys;
	struct task *t;

	process_times(p, &u->user, &sys);
	u->total = u->user + sys;
	u->running = 0;
	spin_lock(&tasklist_lock);
	TAILQ_FOREACH(t, &p->threads, thread_link)
	u->running += t->on_cpu;
	spin_unlock(&tasklist_lock);
}

static void note(uint64_t *next, uint64_t left)
{
	*next = min(*next, left);
}

/* siglock held. */
static void check_itimer(struct process *p, int which, uint64_t now,
			 uint64_t *next)
{
	struct cpu_itimer *it = &p->cpu_itimer[which];
	int signo = which ? SIGPROF : SIGVTALRM;

	if (!it->expires)
		return;
	if (now >= it->expires) {
		(void)signal_send_locked(p, NULL, signo, NULL, false);
		it->expires = it->interval ? now + it->interval : 0;
	}
	if (it->expires)
		note(next, it->expires - now);
}

/* siglock held: seconds of CPU time against RLIMIT_CPU; its soft limit goes up
 * by one with each SIGXCPU, as on Linux. */
static void check_limit(struct process *p, uint64_t now, uint64_t *next)
{
	struct lx_rlimit *r = &p->rlim[RLIMIT_CPU];
	uint64_t sec = now / NSEC_PER_SEC;

	if (r->cur == RLIM_INFINITY)
		return;
	if (r->max != RLIM_INFINITY && sec >= r->max) {
		(void)signal_send_locked(p, NULL, SIGKILL, NULL, true);
		return;
	}
	if (sec >= r->cur) {
		(void)signal_send_locked(p, NULL, SIGXCPU, NULL, false);
		r->cur = sec + 1;
	}
	note(next, (NSEC_PER_SEC - now % NSEC_PER_SEC));
}

/* siglock held: a real-time task that has not slept for so many us. */
static void check_rttime(struct process *p, uint64_t *next)
{
	struct lx_rlimit *r = &p->rlim[RLIMIT_RTTIME];
	struct task *t;

	if (r->cur == RLIM_INFINITY)
		return;
	TAILQ_FOREACH(t, &p->threads, thread_link)
	{
		uint64_t us = (sched_runtime(t) - t->rt_since) / 1000;

		if (!t->rt_prio)
			continue;
		if (r->max != RLIM_INFINITY && us >= r->max) {
			(void)signal_send_locked(p, NULL, SIGKILL, NULL, true);
			return;
		}
		if (us >= r->cur) {
			(void)signal_send_locked(p, t, SIGXCPU, NULL, false);
			r->cur = us + 1000000;
		}
		note(next, TICK_MAX_NS);
	}
}

/* What is due is sent; ns until the next look, 0: nothing to wait for. */
static uint64_t look(struct process *p)
{
	uint64_t next = UINT64_MAX;
	struct usage u;

	measure(p, &u);
	spin_lock(&p->siglock);
	check_itimer(p, 0, u.user, &next);
	check_itimer(p, 1, u.total, &next);
	check_limit(p, u.total, &next);
	check_rttime(p, &next);
	posix_timers_cpu(p, u.total, &next);
	p->cpu_watch = next != UINT64_MAX && !p->zombie && p->nthreads;
	spin_unlock(&p->siglock);
	if (!p->cpu_watch || !u.running)
		return 0;
	next /= u.running;
	return min(max(next, TICK_MIN_NS), TICK_MAX_NS);
}

/* By the one who ticks; who wanted to meanwhile has left TICK_AGAIN. */
static void look_and_arm(struct process *p)
{
	uint64_t next;
	uint8_t on;

	do {
		__atomic_store_n(&p->cpu_ticking, TICK_ON, __ATOMIC_SEQ_CST);
		next = look(p);
		if (next) {
			ktimer_arm(&p->cpu_tick, arch_clock_ns() + next);
			return;
		}
		on = TICK_ON;
	} while (!__atomic_compare_exchange_n(&p->cpu_ticking, &on, TICK_OFF,
					      false, __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
}

static void tick(struct ktimer *k)
{
	look_and_arm(k->arg);
}

void cputimer_init(struct process *p)
{
	ktimer_init(&p->cpu_tick, tick, p);
}

/* The last thread of p, which is current: no tick from here on. */
void cputimer_exit(struct process *p)
{
	spin_lock(&p->siglock);
	p->cpu_itimer[0].expires = p->cpu_itimer[1].expires = 0;
	p->rlim[RLIMIT_CPU].cur = p->rlim[RLIMIT_RTTIME].cur = RLIM_INFINITY;
	p->cpu_watch = false;
	spin_unlock(&p->siglock);
	while (__atomic_load_n(&p->cpu_ticking, __ATOMIC_ACQUIRE)) {
		if (ktimer_cancel(&p->cpu_tick))
			break;
		arch_relax();
	}
}

/* Something is to be watched in p: its threads start the timer. siglock. */
void cputimer_watch(struct process *p)
{
	struct task *t;

	p->cpu_watch = true;
	TAILQ_FOREACH(t, &p->threads, thread_link)
	{
		t->cpu_event = true;
		sched_kick(t);
	}
}

/* Whether p has a limit that needs watching: after fork and exec. */
bool cputimer_limited(const struct process *p)
{
	return p->rlim[RLIMIT_CPU].cur != RLIM_INFINITY ||
	       p->rlim[RLIMIT_RTTIME].cur != RLIM_INFINITY;
}

/* Before user mode. */
void cputimer_event(struct task *t)
{
	struct process *p = t->proc;

	/* before the look at cpu_watch, which is set before cpu_event is */
	(void)__atomic_exchange_n(&t->cpu_event, false, __ATOMIC_SEQ_CST);
	if (p->cpu_watch && __atomic_exchange_n(&p->cpu_ticking, TICK_AGAIN,
						__ATOMIC_SEQ_CST) == TICK_OFF)
		look_and_arm(p);
}

/* ---- ITIMER_VIRTUAL (0) and ITIMER_PROF (1) ---- */

void cpu_itimer_get(struct process *p, int which, uint64_t *left,
		    uint64_t *interval)
{
	const struct cpu_itimer *it = &p->cpu_itimer[which];
	struct usage u;
	uint64_t now;

	measure(p, &u);
	now = which ? u.total : u.user;
	spin_lock(&p->siglock);
	*left = !it->expires ? 0 : it->expires > now ? it->expires - now : 1000;
	*interval = it->interval;
	spin_unlock(&p->siglock);
}

void cpu_itimer_set(struct process *p, int which, uint64_t value,
		    uint64_t interval)
{
	struct cpu_itimer *it = &p->cpu_itimer[which];
	struct usage u;

	measure(p, &u);
	spin_lock(&p->siglock);
	it->expires = value ? (which ? u.total : u.user) + value : 0;
	it->interval = interval;
	if (value)
		cputimer_watch(p);
	spin_unlock(&p->siglock);
}

/* ---- sleeping on a CPU clock ---- */

/* Until p has used deadline ns: 0 or -ERESTARTSYS.  Looked at as often as its
 * threads together could get there. */
int cputimer_sleep(struct process *p, uint64_t deadline)
{
	for (;;) {
		struct usage u;
		uint64_t left;

		measure(p, &u);
		if (u.total >= deadline)
			return 0;
		left = (deadline - u.total) / max(u.running, 1U);
		left = min(max(left, TICK_MIN_NS), TICK_MAX_NS);
		sched_prepare(TASK_SLEEP);
		if (signal_pending()) {
			sched_finish();
			return -ERESTARTSYS;
		}
		(void)sched_sleep(arch_clock_ns() + left);
		sched_finish();
	}
}
