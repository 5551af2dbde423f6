/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched.h: waiting, waking, timers (task/sched.c, wait.c, timer.c).
 *
 * Per-CPU run queues; a task that becomes runnable goes to an idle CPU (which
 * is started if it never ran) or stays where it was.  A sleeper registers a
 * struct waiter on one or more wait queues, sets its state, checks its
 * condition and calls sched_sleep(): the wait_event() macros do that.
 */
#ifndef KUNI_SCHED_H
#define KUNI_SCHED_H

#include "kuni/arch.h"
#include "kuni/lock.h"
#include <sys/queue.h>

struct waitq {
	struct spinlock lock;
	TAILQ_HEAD(, waiter) list; /* [lock]; all-zero is a valid empty queue */
};

struct waiter {
	TAILQ_ENTRY(waiter) link;
	struct waitq *wq; /* [wq.lock] NULL: not queued */
	struct task *task;
	struct waiter *next_mutex; /* of struct mutex */
	/* Called under wq->lock instead of waking task, where not NULL; events
	 * are EPOLL* bits.  Must not sleep.  Whether somebody was woken. */
	bool (*fn)(struct waiter *w, unsigned events);
	bool exclusive; /* one that was woken is enough, but at the end */
	bool woken;
};

void waitq_init(struct waitq *wq);
void waitq_add(struct waitq *wq, struct waiter *w);
void waitq_del(struct waiter *w);
/* Wakes all waiters, but of those with an exclusive fn one, unless it is the
 * end (EPOLLHUP, EPOLLERR). Callable from interrupts. */
void wake_all(struct waitq *wq, unsigned events);
/* Wakes all that are not exclusive, and up to n that are; how many. */
unsigned wake_n(struct waitq *wq, unsigned n, unsigned events);

enum task_state {
	TASK_RUNNING,
	TASK_SLEEP,      /* interruptible by signals */
	TASK_SLEEP_HARD, /* not, but for events that will come */
	TASK_STOPPED,
	TASK_DEAD,
};

/* Marks current as about to sleep; a wake after this makes sched_sleep()
 * return at once. */
void sched_prepare(enum task_state st);
void sched_finish(void); /* back to TASK_RUNNING without sleeping */
/* 0 woken, -ETIMEDOUT. deadline: absolute arch_clock_ns(), DEADLINE_NEVER. */
int sched_sleep(uint64_t deadline);
/* Makes t runnable if it sleeps (any state but DEAD; STOPPED needs force). */
bool sched_wake(struct task *t);
bool sched_wake_stopped(struct task *t);
void sched_yield(void);
int sched_prio(const struct task *t); /* real-time, lent included; or 0 */
void sched_resched(void);             /* if need_resched: switch */
void sched_new(struct task *t);       /* first time on a run queue */
_Noreturn void sched_exit(void);      /* current is dead; never returns */
_Noreturn void sched_cpu_main(void);  /* a CPU's idle loop */
void sched_init(void);
/* What CPU cpu does, for the log; it may have changed since. */
struct sched_view {
	int slice_cpu;    /* where its slice timer is armed, below 0: nowhere */
	int64_t slice_us; /* until the end of the slice */
	int tid;          /* of who runs there, 0: idle or a kernel thread */
	char comm[16];
	unsigned queued;
	bool online, idle, need_resched;
};
void sched_look(unsigned cpu, struct sched_view *out);
bool signal_pending(void); /* current has a deliverable signal */

/* Until cond; hard: 0.  Interruptible: 0, -ERESTARTSYS, or -ETIMEDOUT. */
#define wait_event_hard(wq, cond)                                              \
	((void)wait_event_(wq, cond, TASK_SLEEP_HARD, DEADLINE_NEVER))
#define wait_event(wq, cond) wait_event_(wq, cond, TASK_SLEEP, DEADLINE_NEVER)
#define wait_event_until(wq, cond, deadline)                                   \
	wait_event_(wq, cond, TASK_SLEEP, deadline)
#define wait_event_(wq_, cond, st, deadline)                                   \
	({                                                                     \
		struct waiter w_ = { .task = current };                        \
		int r_ = 0;                                                    \
		waitq_add(wq_, &w_);                                           \
		for (;;) {                                                     \
			sched_prepare(st);                                     \
			if (cond) {                                            \
				r_ = 0;                                        \
				break;                                         \
			}                                                      \
			if ((st) == TASK_SLEEP && signal_pending()) {          \
				r_ = -ERESTARTSYS;                             \
				break;                                         \
			}                                                      \
			if (r_ == -ETIMEDOUT)                                  \
				break;                                         \
			r_ = sched_sleep(deadline);                            \
		}                                                              \
		sched_finish();                                                \
		waitq_del(&w_);                                                \
		r_;                                                            \
	})

/* Kernel timers: fn runs in an interrupt, on the CPU that armed it. */
struct ktimer {
	uint64_t deadline;
	void (*fn)(struct ktimer *t);
	void *arg;
	struct ktimer *heap_links[3]; /* of timer.c */
	int cpu;                      /* -1: not armed */
};
void ktimer_init(struct ktimer *t, void (*fn)(struct ktimer *), void *arg);
void ktimer_arm(struct ktimer *t, uint64_t deadline_ns);
/* True where it was armed; afterwards fn neither runs nor will. */
bool ktimer_cancel(struct ktimer *t);
void timer_tick(void); /* from arch/: the CPU's timer has fired */

/* A kernel thread. */
int kthread_create(struct task **out, const char *name, void (*fn)(void *),
		   void *arg) MUST_CHECK;

#endif
