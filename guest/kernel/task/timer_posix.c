/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timer_posix.c: alarm and setitimer(ITIMER_REAL), timer_create and its like.
 *
 * Timers run in interrupts and send signals from there; so nothing here cancels
 * under siglock.  A periodic timer is armed again when its signal is taken, so
 * that however short its interval, it fires no oftener than somebody takes it;
 * where no signal pends (it is ignored), after SLACK_NS at least.  Who takes it
 * holds siglock, and may arm: the function that sent the signal needs it no more.
 *
 * The list of a process's timers is changed under its own mutex; a POSIX timer's
 * ktimer is cancelled before it is freed.
 * Timers on CPU clocks are looked at by cputimer.c instead of armed.
 */
#include "timer_posix.h"

#include <string.h>

#include "kuni/klog.h"

#define TIMERS_MAX 256
#define SLACK_NS   10000000UL

struct posix_timer {
	struct ktimer timer;
	struct process *proc;
	struct task *task;        /* SIGEV_THREAD_ID: reference */
	int id, clock, signo;     /* signo 0: SIGEV_NONE */
	uint64_t value, interval; /* ns */
	struct task *of;  /* thread whose CPU time it counts: reference */
	uint64_t expires; /* [siglock] ns of a CPU clock; 0: not armed */
	uint32_t overrun, last_overrun; /* [siglock] */
	bool queued;                    /* [siglock] its signal pends */
};
struct posix_timers {
	struct mutex lock;
	struct posix_timer *timer[TIMERS_MAX]; /* [lock] */
};

/* Arms k for its next time after now; how many were left out. */
static uint64_t rearm(struct ktimer *k, uint64_t interval, uint64_t now)
{
	uint64_t behind = now > k->deadline ? now - k->deadline : 0;

	ktimer_arm(k, k->deadline + (behind / interval + 1) * interval);
	return behind / interval;
}

/* ---- ITIMER_REAL ---- */

static void itimer_fire(struct ktimer *k)
{
	struct process *p = k->arg;
	uint64_t every;

	spin_lock(&p->siglock);
	(void)signal_send_locked(p, NULL, SIGALRM, NULL, false);
	/* Not where it is being set anew: then it must not be armed twice, here
	 * and by who takes the signal, who would wait for us with siglock. */
	p->itimer_queued =
		p->itimer_interval && p->pending.set & SIGMASK(SIGALRM);
	every = p->itimer_queued ? 0 : p->itimer_interval;
	spin_unlock(&p->siglock);
	if (every)
		(void)rearm(k, every, arch_clock_ns() + SLACK_NS);
}

/* siglock held: SIGALRM is taken. */
void itimer_taken(struct process *p)
{
	if (!p->itimer_queued)
		return;
	p->itimer_queued = false;
	if (p->itimer_interval)
		(void)rearm(&p->itimer_real, p->itimer_interval,
			    arch_clock_ns());
}

void itimer_init(struct process *p)
{
	ktimer_init(&p->itimer_real, itimer_fire, p);
}

void itimer_exit(struct process *p)
{
	spin_lock(&p->siglock);
	p->itimer_interval = 0;
	p->itimer_queued = false;
	spin_unlock(&p->siglock);
	(void)ktimer_cancel(&p->itimer_real);
}

/* ns until it fires (0: not armed) and the interval. */
void itimer_get(struct process *p, uint64_t *left, uint64_t *interval)
{
	uint64_t now = arch_clock_ns();

	spin_lock(&p->siglock);
	*left = 0;
	*interval = p->itimer_interval;
	if (p->itimer_real.cpu >= 0)
		*left = p->itimer_real.deadline > now
				? p->itimer_real.deadline - now
				: 1000;
	spin_unlock(&p->siglock);
}

void itimer_set(struct process *p, uint64_t value, uint64_t interval)
{
	mutex_lock(&p->itimer_lock);
	itimer_exit(p);
	if (value) {
		p->itimer_interval = interval;
		ktimer_arm(&p->itimer_real, arch_clock_ns() + value);
	}
	mutex_unlock(&p->itimer_lock);
}

/* ---- timer_create ---- */

static bool is_cpu(int clock)
{
	return clock == CLOCK_PROCESS_CPUTIME_ID ||
	       clock == CLOCK_THREAD_CPUTIME_ID;
}

/* Whether pt's own signal is queued: not where another one of its number pends
 * already, or the queue is full.  siglock held. */
static bool is_queued(const struct posix_timer *pt)
{
	const struct sigpending *at =
		pt->task ? &pt->task->pending : &pt->proc->pending;
	const struct sigqueue *q;

	TAILQ_FOREACH(q, &at->list, link)
	if (q->info.signo == pt->signo && q->info.of_timer &&
	    q->info.tid == pt->id)
		return true;
	return false;
}

/* siglock held */
static void post(struct posix_timer *pt)
{
	struct siginfo_k info = { .signo = pt->signo,
				  .code = SI_TIMER,
				  .of_timer = true };

	if (!pt->signo)
		return;
	info.tid = pt->id;
	info.tvalue = pt->value;
	if (pt->queued) {
		pt->overrun++;
	} else if (!signal_send_locked(pt->proc, pt->task, pt->signo, &info,
				       false)) {
		pt->queued = is_queued(pt);
	}
}

static void posix_fire(struct ktimer *k)
{
	struct posix_timer *pt = k->arg;
	uint64_t every;

	spin_lock(&pt->proc->siglock);
	post(pt);
	every = pt->queued ? 0 : pt->interval;
	spin_unlock(&pt->proc->siglock);
	if (every)
		(void)rearm(k, every, arch_clock_ns() + SLACK_NS);
}

static void cpu_due(struct posix_timer *pt, uint64_t now, uint64_t *next)
{
	uint64_t behind;

	if (now >= pt->expires) {
		post(pt);
		behind = now - pt->expires;
		if (pt->interval)
			pt->expires +=
				(behind / pt->interval + 1) * pt->interval;
		else
			pt->expires = 0;
	}
	if (pt->expires)
		*next = min(*next, pt->expires - now);
}

void posix_timers_cpu(struct process *p, uint64_t total, uint64_t *next)
{
	const struct posix_timers *ts = p->posix_timers;

	for (int id = 0; ts && id < TIMERS_MAX; id++) {
		struct posix_timer *pt = ts->timer[id];

		if (pt && pt->expires)
			cpu_due(pt, pt->of ? sched_runtime(pt->of) : total,
				next);
	}
}

/* ns of pt's CPU clock now. */
static uint64_t cpu_now(struct posix_timer *pt)
{
	uint64_t user, sys;

	if (pt->of)
		return sched_runtime(pt->of);
	process_times(pt->proc, &user, &sys);
	return user + sys;
}

/* siglock held: the signal of a timer is taken. */
void posix_timer_taken(struct process *p, struct siginfo_k *info)
{
	struct posix_timers *ts = p->posix_timers;
	struct posix_timer *pt;

	if (!ts || info->tid < 0 || info->tid >= TIMERS_MAX)
		return;
	pt = ts->timer[info->tid];
	if (!pt || !pt->queued)
		return; /* of one that was set since, or forged */
	pt->queued = false;
	if (pt->interval && !is_cpu(pt->clock))
		pt->overrun += (uint32_t)min(
			rearm(&pt->timer, pt->interval, arch_clock_ns()),
			(uint64_t)INT32_MAX -
				min(pt->overrun, (uint32_t)INT32_MAX));
	info->overrun = (int32_t)min(pt->overrun, (uint32_t)INT32_MAX);
	pt->last_overrun = pt->overrun;
	pt->overrun = 0;
}

static int timers_of(struct process *p, struct posix_timers **out)
{
	struct posix_timers *ts = p->posix_timers, *none = NULL;

	if (!ts) {
		ts = kmalloc(sizeof(*ts));
		if (!ts)
			return -ENOMEM;
		if (!__atomic_compare_exchange_n(
			    &p->posix_timers, (void **)&none, ts, false,
			    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			kfree(ts);
			ts = p->posix_timers;
		}
	}
	*out = ts;
	return 0;
}

static void timer_free(struct posix_timers *ts, int id)
{
	struct posix_timer *pt = ts->timer[id];

	spin_lock(&pt->proc->siglock);
	pt->interval = 0;
	ts->timer[id] = NULL;
	spin_unlock(&pt->proc->siglock);
	(void)ktimer_cancel(&pt->timer);
	if (pt->task)
		task_put(pt->task);
	if (pt->of)
		task_put(pt->of);
	kfree(pt);
}

/* At exec and the end: all of them. */
void posix_timers_exit(struct process *p)
{
	struct posix_timers *ts = p->posix_timers;

	if (!ts)
		return;
	for (int id = 0; id < TIMERS_MAX; id++)
		if (ts->timer[id])
			timer_free(ts, id);
	spin_lock(&p->siglock);
	p->posix_timers = NULL;
	spin_unlock(&p->siglock);
	kfree(ts);
}

static int fill(struct posix_timer *pt, int clock, const struct lx_sigevent *ev)
{
	struct task *t;

	pt->clock = clock;
	pt->proc = current->proc;
	pt->value = ev->value;
	ktimer_init(&pt->timer, posix_fire, pt);
	if (clock == CLOCK_THREAD_CPUTIME_ID) {
		pt->of = current;
		task_get(pt->of);
	}
	if (ev->notify == SIGEV_NONE)
		return 0;
	if (ev->signo < 1 || ev->signo > NSIG)
		return -EINVAL;
	pt->signo = ev->signo;
	if (ev->notify == SIGEV_SIGNAL)
		return 0;
	if (ev->notify != SIGEV_THREAD_ID)
		return -EINVAL;
	t = task_find(ev->tid);
	if (!t || t->proc != pt->proc) {
		if (t)
			task_put(t);
		return -EINVAL;
	}
	pt->task = t;
	return 0;
}

int posix_timer_new(int clock, const struct lx_sigevent *ev)
{
	struct posix_timers *ts;
	struct posix_timer *pt;
	int ret = timers_of(current->proc, &ts), id;

	if (ret)
		return ret;
	pt = kmalloc(sizeof(*pt));
	if (!pt)
		return -ENOMEM;
	ret = fill(pt, clock, ev);
	if (ret) {
		if (pt->of)
			task_put(pt->of);
		kfree(pt);
		return ret;
	}
	mutex_lock(&ts->lock);
	for (id = 0; id < TIMERS_MAX && ts->timer[id]; id++)
		;
	if (id < TIMERS_MAX) {
		pt->id = id;
		if (ev->default_value)
			pt->value = (uint64_t)id;
		ts->timer[id] = pt;
	}
	mutex_unlock(&ts->lock);
	if (id < TIMERS_MAX)
		return id;
	if (pt->task)
		task_put(pt->task);
	if (pt->of)
		task_put(pt->of);
	kfree(pt);
	return -EAGAIN;
}

/* The timer, its process's lock held; or NULL. */
static struct posix_timer *get(int id, struct posix_timers **out)
{
	struct posix_timers *ts = current->proc->posix_timers;

	if (!ts || id < 0 || id >= TIMERS_MAX)
		return NULL;
	mutex_lock(&ts->lock);
	if (!ts->timer[id]) {
		mutex_unlock(&ts->lock);
		return NULL;
	}
	*out = ts;
	return ts->timer[id];
}

static void read_timer(struct posix_timer *pt, struct timer_value *v)
{
	uint64_t now = is_cpu(pt->clock) ? cpu_now(pt) : arch_clock_ns();

	spin_lock(&pt->proc->siglock);
	v->interval = pt->interval;
	v->value = 0;
	if (pt->expires)
		v->value = pt->expires > now ? pt->expires - now : 1;
	else if (pt->timer.cpu >= 0)
		v->value =
			pt->timer.deadline > now ? pt->timer.deadline - now : 1;
	else if (pt->queued && pt->interval) /* armed once that is taken */
		v->value = pt->interval -
			   (now - pt->timer.deadline) % pt->interval;
	spin_unlock(&pt->proc->siglock);
}

static void arm_cpu(struct posix_timer *pt, bool absolute,
		    const struct timer_value *v)
{
	uint64_t at = v->value + (absolute ? 0 : cpu_now(pt));

	spin_lock(&pt->proc->siglock);
	pt->interval = v->interval;
	pt->expires = at;
	cputimer_watch(pt->proc);
	spin_unlock(&pt->proc->siglock);
}

int posix_timer_set(int id, bool absolute, const struct timer_value *v,
		    struct timer_value *old)
{
	struct posix_timers *ts;
	struct posix_timer *pt = get(id, &ts);
	uint64_t now = arch_clock_ns(), at;

	if (!pt)
		return -EINVAL;
	read_timer(pt, old);
	spin_lock(&pt->proc->siglock);
	pt->interval = 0;
	spin_unlock(&pt->proc->siglock);
	(void)ktimer_cancel(&pt->timer);
	spin_lock(&pt->proc->siglock);
	pt->queued = false;
	pt->overrun = 0;
	pt->expires = 0;
	spin_unlock(&pt->proc->siglock);
	if (v->value && is_cpu(pt->clock)) {
		arm_cpu(pt, absolute, v);
	} else if (v->value) {
		at = now + v->value;
		if (absolute)
			at = pt->clock == CLOCK_REALTIME ||
					     pt->clock == CLOCK_TAI
				     ? v->value - min(v->value,
						      arch_wall_offset_ns())
				     : v->value;
		pt->interval = v->interval;
		ktimer_arm(&pt->timer, max(at, now));
	}
	mutex_unlock(&ts->lock);
	return 0;
}

int posix_timer_get(int id, struct timer_value *v)
{
	struct posix_timers *ts;
	struct posix_timer *pt = get(id, &ts);

	if (!pt)
		return -EINVAL;
	read_timer(pt, v);
	mutex_unlock(&ts->lock);
	return 0;
}

int posix_timer_overrun(int id)
{
	struct posix_timers *ts;
	struct posix_timer *pt = get(id, &ts);
	int n;

	if (!pt)
		return -EINVAL;
	n = (int)min(pt->last_overrun, (uint32_t)INT32_MAX);
	mutex_unlock(&ts->lock);
	return n;
}

int posix_timer_delete(int id)
{
	struct posix_timers *ts;

	if (!get(id, &ts))
		return -EINVAL;
	timer_free(ts, id);
	mutex_unlock(&ts->lock);
	return 0;
}
