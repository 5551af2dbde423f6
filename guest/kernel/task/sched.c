/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched.c: who runs on which CPU.
 *
 * One run queue a CPU: real-time tasks by priority, then the others by
 * virtual run time.  A woken task goes to an idle CPU, else to where it was; a
 * new one to the shortest queue; an idle CPU steals before it sleeps.  Nothing
 * ticks: the slice timer is armed where somebody waits, always, and only
 * there; CPUs are started only once a slice has ended with somebody still
 * waiting.  A CPU whose queue is longer than another's passes somebody on: at
 * once where it is longer by two, else once in a while, so that shares are
 * equal over time.
 *
 * No wake-up is lost: a task's state changes from sleeping to running only
 * under the lock of the run queue that task.cpu names.  A sleeper sets its
 * state, looks at its condition, then takes that lock and looks at its state
 * again; the lock stays held across the switch and is released by the next
 * task (finish_switch), so a waker finds a task either still running or
 * wholly switched out.  A task that must leave its CPU, or its stack, while
 * it runs on it (affinity, death) is passed on by finish_switch, too.
 */
#include "internal.h"
#include "runq.h"

#include <string.h>

#include "kuni/klog.h"
#include "layout.h"

#define SLICE_NS       4000000UL
#define SLICE_START_NS 1000000UL /* while CPUs are not started yet */
#define GRANULARITY_NS 1000000UL
#define ROTATE_SLICES  25 /* before somebody moves to a queue shorter by one */

static struct task boot_idle;
static uint64_t starting_mask; /* [a] asked to start */

/* ---- switching ---- */

static struct task *pick(struct runq *rq)
{
	struct task *t = TAILQ_FIRST(&rq->queue);

	if (!t)
		return rq->idle;
	runq_dequeue(rq, t);
	if ((int64_t)(t->vruntime - rq->min_vruntime) > 0 && !runq_is_rt(t))
		rq->min_vruntime = t->vruntime;
	return t;
}

/* On the stack of the next task, its CPU's queue locked: lets go of the one
 * before it. */
static void finish_switch(void)
{
	struct runq *rq = runq_this();
	struct task *prev = rq->prev;

	rq->prev = NULL;
	prev->on_cpu = false;
	if (prev->state == TASK_DEAD) {
		spin_unlock(&rq->lock);
		if (prev->stack_top)
			kstack_free(prev->stack_top);
		task_put(prev);
		return;
	}
	if (prev != rq->idle && prev->state == TASK_RUNNING && !prev->on_rq) {
		runq_send_away(rq, prev);
		return;
	}
	spin_unlock(&rq->lock);
}

static void arm_slice(struct runq *rq)
{
	bool all = __atomic_load_n(&starting_mask, __ATOMIC_RELAXED) + 1 ==
		   (arch_ncpu < 64 ? 1ULL << arch_ncpu : 0);

	rq->slice_over = false;
	if (rq->nr && rq->slice.cpu < 0)
		ktimer_arm(&rq->slice,
			   arch_clock_ns() + (all ? SLICE_NS : SLICE_START_NS));
}

/* rq is this CPU's and locked; it is released. Returns when prev runs again. */
static void switch_away(struct runq *rq)
{
	struct task *prev = current, *next;
	struct cpu *c = this_cpu();
	bool irq_was_on = c->irq_was_on;
	uint64_t tsc;

	if (KUNI_DEBUG && c->irq_depth != 1)
		panic("sleep under a spinlock, irq_depth=%d", c->irq_depth);
	runq_charge(prev);
	runq_catch_up(rq, c->id, prev->last_start);
	next = pick(rq);
	/* Who is left in the queue with no slice to end: next will see to it
	 * before it goes to user mode (share_out), wherever it comes from. */
	c->need_resched = rq->nr && rq->slice.cpu < 0;
	rq->slice_over = false;
	if (next == prev) {
		spin_unlock(&rq->lock);
		return;
	}
	tsc = arch_tsc();
	if (prev != rq->idle)
		task_count_kernel(prev, tsc);
	next->kernel_since = tsc;
	next->on_cpu = true;
	next->last_start = prev->last_start;
	__atomic_store_n(&next->cpu, c->id, __ATOMIC_RELAXED);
	rq->prev = prev;
	if (prev->rseq.v)
		rseq_switched(prev);
	if (prev->proc && prev->proc->cpu_watch)
		prev->cpu_event = true;
	__atomic_fetch_add(&runq_nswitches, 1, __ATOMIC_RELAXED);
	arch_switch(prev, next);
	this_cpu()->irq_was_on = irq_was_on;
	finish_switch();
}

/* The first thing that a new task does. */
static void first_run(void *arg)
{
	struct task *t = arg;

	this_cpu()->irq_was_on = true;
	finish_switch();
	t->kfn(t->karg);
	task_exit(0);
}

/* ---- sleeping and waking ---- */

void sched_prepare(enum task_state st)
{
	__atomic_store_n(&current->state, st, __ATOMIC_SEQ_CST);
}

void sched_finish(void)
{
	__atomic_store_n(&current->state, TASK_RUNNING, __ATOMIC_SEQ_CST);
}

static void sleep_timeout(struct ktimer *timer)
{
	struct task *t = timer->arg;

	t->timed_out = true;
	(void)sched_wake(t);
}

int sched_sleep(uint64_t deadline)
{
	struct task *t = current;
	struct runq *rq;

	if (deadline != DEADLINE_NEVER) {
		if (deadline <= arch_clock_ns()) {
			sched_finish();
			return -ETIMEDOUT;
		}
		t->timed_out = false;
		if (!t->sleep_timer.fn)
			ktimer_init(&t->sleep_timer, sleep_timeout, t);
		ktimer_arm(&t->sleep_timer, deadline);
	}
	irq_push_off(); /* this CPU until the lock is held */
	rq = runq_this();
	spin_lock(&rq->lock);
	this_cpu()->irq_depth--; /* the lock's own count stays */
	if (t->state == TASK_RUNNING) {
		spin_unlock(&rq->lock);
	} else {
		t->nvcsw++;
		t->rt_since = t->sum_exec;
		switch_away(rq);
	}
	if (deadline != DEADLINE_NEVER && !ktimer_cancel(&t->sleep_timer) &&
	    t->timed_out)
		return -ETIMEDOUT;
	return 0;
}

bool sched_wake_states(struct task *t, unsigned states)
{
	struct runq *rq = runq_lock_of(t);
	uint32_t st = __atomic_load_n(&t->state, __ATOMIC_SEQ_CST);
	bool wake = (st == TASK_SLEEP && states & WAKE_SLEEP) ||
		    (st == TASK_SLEEP_HARD && states & WAKE_HARD) ||
		    (st == TASK_STOPPED && states & WAKE_STOPPED);

	if (!wake) {
		spin_unlock(&rq->lock);
		return false;
	}
	__atomic_store_n(&t->state, TASK_RUNNING, __ATOMIC_SEQ_CST);
	if (t->on_cpu || t->on_rq) {
		spin_unlock(&rq->lock); /* it has not switched away yet */
		return true;
	}
	runq_send_away(rq, t);
	return true;
}

bool sched_wake(struct task *t)
{
	return sched_wake_states(t, WAKE_SLEEP | WAKE_HARD);
}

bool sched_wake_stopped(struct task *t)
{
	return sched_wake_states(t, WAKE_SLEEP | WAKE_HARD | WAKE_STOPPED);
}

/* Makes t look at its signals soon, where it runs in user mode. */
void sched_kick(struct task *t)
{
	struct runq *rq = runq_lock_of(t);

	if (t->on_cpu && t != current)
		arch_send_ipi(t->cpu, IPI_RESCHED);
	spin_unlock(&rq->lock);
}

void sched_new(struct task *t)
{
	struct runq *rq;

	t->state = TASK_RUNNING;
	irq_push_off();
	rq = runq_this();
	t->cpu = this_cpu()->id;
	t->vruntime = rq->min_vruntime;
	t->cpu = runq_choose_cpu(t);
	if (!(__atomic_load_n(&runq_idle_mask, __ATOMIC_RELAXED) >> t->cpu & 1))
		t->cpu = runq_shortest(t->affinity, t->cpu);
	runq_place(t, t->cpu, 0);
	irq_pop_off();
}

/* ---- yielding ---- */

static struct runq *lock_this_rq(void)
{
	struct runq *rq;

	irq_push_off();
	rq = runq_this();
	spin_lock(&rq->lock);
	this_cpu()->irq_depth--;
	return rq;
}

/* prev stays runnable: back into the queue, or on to another CPU. */
static void requeue_current(struct runq *rq)
{
	struct task *t = current;

	runq_charge(t);
	if (t != rq->idle && t->affinity & (1ULL << this_cpu()->id))
		runq_enqueue(rq, t);
	switch_away(rq);
}

void sched_yield(void)
{
	struct runq *rq = lock_this_rq();
	struct task *t = current, *last;

	last = TAILQ_LAST(&rq->queue, task_queue);
	runq_charge(t);
	if (last && !runq_is_rt(t) &&
	    (int64_t)(last->vruntime - t->vruntime) > 0)
		t->vruntime = last->vruntime;
	if (last || !(t->affinity & (1ULL << this_cpu()->id)))
		requeue_current(rq);
	else
		spin_unlock(&rq->lock);
}

/* Asks CPU n to start, once; true where it was not asked before. */
static bool start_cpu(unsigned n)
{
	uint64_t bit = 1ULL << n;

	if (__atomic_fetch_or(&starting_mask, bit, __ATOMIC_ACQ_REL) & bit)
		return false;
	if (arch_cpu_start(n))
		klog(KLOG_WARN, "sched: cpu %u does not start", n);
	return true;
}

/* Somebody waited for a whole slice: one more CPU. */
static void start_more(void)
{
	for (unsigned n = 1; n < arch_ncpu && n < KUNI_MAX_CPUS; n++)
		if (start_cpu(n))
			return;
}

/* Affinity to CPUs that never ran: they are wanted now. */
void sched_start_cpus(uint64_t mask)
{
	if (mask & sched_online())
		return;
	for (unsigned n = 1; n < arch_ncpu && n < KUNI_MAX_CPUS; n++)
		if (mask >> n & 1)
			(void)start_cpu(n);
}

static bool should_switch(const struct runq *rq, const struct task *t,
			  bool over)
{
	const struct task *first = TAILQ_FIRST(&rq->queue);

	if (!(t->affinity & (1ULL << this_cpu()->id)))
		return true;
	if (!first)
		return false;
	if (sched_prio(first) != sched_prio(t))
		return sched_prio(first) > sched_prio(t);
	if (runq_is_rt(t))
		return over && t->policy == SCHED_RR;
	return over || (int64_t)(t->vruntime - first->vruntime) >
			       (int64_t)GRANULARITY_NS;
}

/* Somebody waits here: wake an idle CPU to steal it, and time the slice. */
static void share_out(void)
{
	struct runq *rq;
	uint64_t idle;

	irq_push_off();
	rq = runq_this();
	if (rq->nr) {
		idle = __atomic_load_n(&runq_idle_mask, __ATOMIC_RELAXED);
		if (idle)
			runq_poke((unsigned)__builtin_ctzll(idle));
		arm_slice(rq);
	}
	irq_pop_off();
}

/* A slice has ended with somebody waiting: perhaps elsewhere he waits less. */
static void pass_on(void)
{
	struct runq *rq = lock_this_rq();
	unsigned me = this_cpu()->id, to = runq_shortest(~0ULL, me);
	unsigned nr = __atomic_load_n(&runqs[to].nr, __ATOMIC_RELAXED);
	struct task *t;

	if (rq->nr <= nr || (rq->nr == nr + 1 && ++rq->waited < ROTATE_SLICES))
		goto out;
	TAILQ_FOREACH_REVERSE(t, &rq->queue, task_queue, rq_link)
	if (t->affinity & (1ULL << to))
		break;
	if (!t)
		goto out;
	rq->waited = 0;
	runq_dequeue(rq, t);
	runq_carry(rq, t, to);
	return;
out:
	spin_unlock(&rq->lock);
}

void sched_resched(void)
{
	struct task *t = current;
	struct runq *rq;
	bool over, more;

	if (!this_cpu()->need_resched)
		return;
	rq = lock_this_rq();
	this_cpu()->need_resched = false;
	over = rq->slice_over;
	more = over && rq->nr;
	runq_charge(t);
	if (should_switch(rq, t, over)) {
		t->nivcsw++;
		requeue_current(rq);
	} else {
		spin_unlock(&rq->lock);
	}
	share_out();
	if (more) {
		start_more();
		pass_on();
	}
}

static void slice_end(struct ktimer *timer)
{
	struct runq *rq = timer->arg;

	rq->slice_over = true;
	this_cpu()->need_resched = true;
}

_Noreturn void sched_exit(void)
{
	struct runq *rq = lock_this_rq();

	current->state = TASK_DEAD;
	switch_away(rq);
	panic("a dead task runs");
}

/* ---- idle CPUs ---- */

/* Takes a task that waits on another CPU. */
static bool steal(unsigned me)
{
	for (unsigned n = 1; n < KUNI_MAX_CPUS; n++) {
		unsigned v = (me + n) % KUNI_MAX_CPUS;
		struct runq *rq = &runqs[v];
		struct task *t;

		if (!__atomic_load_n(&rq->nr, __ATOMIC_RELAXED))
			continue;
		spin_lock(&rq->lock);
		TAILQ_FOREACH(t, &rq->queue, rq_link)
		if (t->affinity & (1ULL << me))
			break;
		if (!t) {
			spin_unlock(&rq->lock);
			continue;
		}
		runq_dequeue(rq, t);
		runq_carry(rq, t, me);
		return true;
	}
	return false;
}

static void idle_setup(struct task *idle)
{
	struct cpu *c = this_cpu();
	struct runq *rq = &runqs[c->id];

	spin_init(&rq->lock, RANK_RUNQ);
	TAILQ_INIT(&rq->queue);
	ktimer_init(&rq->slice, slice_end, rq);
	idle->ref = 1;
	idle->cpu = c->id;
	idle->on_cpu = true;
	idle->affinity = 1ULL << c->id;
	idle->last_start = arch_clock_ns();
	strlcpy(idle->comm, "idle", sizeof(idle->comm));
	rq->idle = idle;
	c->runq = rq;
	cpu_set_current(c, idle);
	timer_init_cpu();
	__atomic_fetch_or(&starting_mask, 1ULL << c->id, __ATOMIC_RELEASE);
	__atomic_fetch_or(&runq_online_mask, 1ULL << c->id, __ATOMIC_RELEASE);
	c->online = true;
}

/* CPU 0, once memory is ready: what runs becomes its idle task. */
void sched_init(void)
{
	idle_setup(&boot_idle);
}

static void idle_once(struct runq *rq)
{
	unsigned me = this_cpu()->id;
	uint64_t bit = 1ULL << me;

	__atomic_fetch_or(&runq_idle_mask, bit, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&rq->nr, __ATOMIC_SEQ_CST) && !steal(me)) {
		arch_irq_off();
		/* Not where the bit was taken, though what it was taken for has
		 * been stolen since: nobody would wake this CPU again. */
		if (!__atomic_load_n(&rq->nr, __ATOMIC_SEQ_CST) &&
		    __atomic_load_n(&runq_idle_mask, __ATOMIC_SEQ_CST) & bit)
			arch_idle();
		arch_irq_on();
	}
	__atomic_fetch_and(&runq_idle_mask, ~bit, __ATOMIC_SEQ_CST);
}

_Noreturn void sched_cpu_main(void)
{
	struct cpu *c = this_cpu();
	struct runq *rq;

	if (!c->runq) {
		struct task *idle = kmalloc(sizeof(*idle));

		ensure(idle);
		idle_setup(idle);
	}
	arch_irq_on();
	for (;;) {
		rq = runq_this();
		if (!__atomic_load_n(&rq->nr, __ATOMIC_SEQ_CST)) {
			idle_once(rq);
			continue;
		}
		rq = lock_this_rq();
		switch_away(rq);
	}
}

/* ---- new kernel contexts ---- */

/* t runs fn(arg) on its own stack once it is scheduled. */
void task_start(struct task *t, void (*fn)(void *), void *arg)
{
	t->kfn = fn;
	t->karg = arg;
	arch_task_init(t, first_run, t);
	sched_new(t);
}
