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

#include <string.h>

#include "kuni/klog.h"
#include "layout.h"

#define SLICE_NS       4000000UL
#define SLICE_START_NS 1000000UL /* while CPUs are not started yet */
#define WAKE_CREDIT_NS 2000000UL /* run time that a sleeper has saved */
#define GRANULARITY_NS 1000000UL
#define ROTATE_SLICES  25 /* before somebody moves to a queue shorter by one */

struct runq {
	struct spinlock lock;
	TAILQ_HEAD(task_queue, task)
	queue;                 /* [lock] without the one that runs */
	unsigned nr;           /* [lock] in queue */
	struct task *idle;     /* [I] */
	struct task *prev;     /* [lock] who was switched from */
	uint64_t min_vruntime; /* [lock] */
	bool slice_over;       /* [a] */
	unsigned waited;       /* [o] slices with the queue longer by one */
	struct ktimer slice;   /* [o] */
};

static struct runq runqs[KUNI_MAX_CPUS];
static struct task boot_idle;
static uint64_t online_mask, idle_mask; /* [a] bit: CPU */
static uint64_t starting_mask;          /* [a] asked to start */
static uint64_t nswitches;              /* [a] */

static struct runq *this_rq(void)
{
	return &runqs[this_cpu()->id];
}

int sched_prio(const struct task *t)
{
	return max(t->rt_prio, t->rt_boost);
}

static bool is_rt(const struct task *t)
{
	return sched_prio(t) > 0;
}

/* Share of a CPU by nice value: each step is a quarter. */
static uint64_t weight_of(const struct task *t)
{
	uint64_t w = 1024;

	if (t->policy == SCHED_IDLE)
		return 3;
	for (int n = t->nice; n > 0; n--)
		w = w * 4 / 5;
	for (int n = t->nice; n < 0; n++)
		w = w * 5 / 4;
	return w;
}

static uint64_t virtual(const struct task *t, uint64_t ns)
{
	return t->nice || t->policy == SCHED_IDLE ? ns * 1024 / weight_of(t)
						  : ns;
}

static void charge(struct task *t)
{
	uint64_t now = arch_clock_ns(), delta = now - t->last_start;

	t->last_start = now;
	t->sum_exec += delta;
	t->vruntime += virtual(t, delta);
}

/* Whether a is to run before b. */
static bool before(const struct task *a, const struct task *b)
{
	if (sched_prio(a) != sched_prio(b))
		return sched_prio(a) > sched_prio(b);
	return !is_rt(a) && (int64_t)(a->vruntime - b->vruntime) < 0;
}

/* Brings min_vruntime up to who runs there, who may not have been charged for
 * long, and who waits: before anybody's lead or lag is taken or given. */
static void catch_up(struct runq *rq, unsigned cpu)
{
	const struct task *run = cpu_current(arch_cpu(cpu));
	const struct task *first = TAILQ_FIRST(&rq->queue);
	uint64_t now = arch_clock_ns(), least = rq->min_vruntime;
	bool some = false;

	if (run != rq->idle && !is_rt(run)) {
		least = run->vruntime;
		if (now > run->last_start)
			least += virtual(run, now - run->last_start);
		some = true;
	}
	if (first && !is_rt(first) &&
	    (!some || (int64_t)(first->vruntime - least) < 0))
		least = first->vruntime;
	if ((int64_t)(least - rq->min_vruntime) > 0)
		rq->min_vruntime = least;
}

static void enqueue(struct runq *rq, struct task *t)
{
	struct task *at = TAILQ_LAST(&rq->queue, task_queue);

	while (at && before(t, at))
		at = TAILQ_PREV(at, task_queue, rq_link);
	if (at)
		TAILQ_INSERT_AFTER(&rq->queue, at, t, rq_link);
	else
		TAILQ_INSERT_HEAD(&rq->queue, t, rq_link);
	t->on_rq = true;
	rq->nr++;
}

static void dequeue(struct runq *rq, struct task *t)
{
	TAILQ_REMOVE(&rq->queue, t, rq_link);
	t->on_rq = false;
	rq->nr--;
}

/* Locks the queue that t belongs to. */
static struct runq *lock_rq_of(struct task *t)
{
	for (;;) {
		uint32_t cpu = __atomic_load_n(&t->cpu, __ATOMIC_ACQUIRE);
		struct runq *rq = &runqs[cpu];

		spin_lock(&rq->lock);
		if (__atomic_load_n(&t->cpu, __ATOMIC_RELAXED) == cpu)
			return rq;
		spin_unlock(&rq->lock);
	}
}

/* Time on a CPU until now. */
uint64_t sched_runtime(struct task *t)
{
	struct runq *rq;
	uint64_t sum;

	if (t == current)
		return t->sum_exec + (arch_clock_ns() - t->last_start);
	rq = lock_rq_of(t);
	sum = t->sum_exec;
	if (t->on_cpu)
		sum += arch_clock_ns() - t->last_start;
	spin_unlock(&rq->lock);
	return sum;
}

/* Where a task that becomes runnable goes. */
static unsigned choose_cpu(const struct task *t)
{
	uint64_t may =
		t->affinity & __atomic_load_n(&online_mask, __ATOMIC_RELAXED);
	uint64_t idle = may & __atomic_load_n(&idle_mask, __ATOMIC_RELAXED);

	if (idle & (1ULL << t->cpu))
		return t->cpu;
	if (idle)
		return (unsigned)__builtin_ctzll(idle);
	if (may & (1ULL << t->cpu) || !may)
		return t->cpu;
	return (unsigned)__builtin_ctzll(may);
}

/* The shortest queue among CPUs of may, me last; lengths change meanwhile. */
static unsigned shortest_queue(uint64_t may, unsigned me)
{
	unsigned best = me, least = ~0U;

	may &= __atomic_load_n(&online_mask, __ATOMIC_RELAXED);
	for (unsigned n = 1; n <= KUNI_MAX_CPUS; n++) {
		unsigned cpu = (me + n) % KUNI_MAX_CPUS, nr;

		if (!(may >> cpu & 1))
			continue;
		nr = __atomic_load_n(&runqs[cpu].nr, __ATOMIC_RELAXED);
		if (nr < least) {
			least = nr;
			best = cpu;
		}
	}
	return best;
}

static void poke(unsigned cpu)
{
	struct cpu *c = arch_cpu(cpu);

	if (!c)
		return;
	c->need_resched = true;
	if (cpu != this_cpu()->id)
		arch_send_ipi(cpu, IPI_RESCHED);
}

/* Puts t, which is in no queue and RUNNING, on cpu's queue. */
static void place(struct task *t, unsigned cpu, uint64_t lag)
{
	struct runq *rq = &runqs[cpu];
	uint64_t floor;

	spin_lock(&rq->lock);
	if (is_rt(t))
		lag = 0;
	catch_up(rq, cpu);
	floor = rq->min_vruntime - WAKE_CREDIT_NS;
	t->vruntime = rq->min_vruntime + lag;
	if ((int64_t)(t->vruntime - floor) < 0)
		t->vruntime = floor;
	enqueue(rq, t);
	__atomic_fetch_and(&idle_mask, ~(1ULL << cpu), __ATOMIC_SEQ_CST);
	spin_unlock(&rq->lock);
	poke(cpu); /* now: it wants the lock first of all */
}

/* Sends t to another CPU; rq (its own, locked) is released. */
static void send_away(struct runq *rq, struct task *t)
{
	unsigned to = choose_cpu(t);
	uint64_t lag;

	catch_up(rq, t->cpu);
	lag = t->vruntime - rq->min_vruntime;
	__atomic_store_n(&t->cpu, to, __ATOMIC_RELEASE);
	spin_unlock(&rq->lock);
	place(t, to, lag);
}

/* ---- switching ---- */

static struct task *pick(struct runq *rq)
{
	struct task *t = TAILQ_FIRST(&rq->queue);

	if (!t)
		return rq->idle;
	dequeue(rq, t);
	if ((int64_t)(t->vruntime - rq->min_vruntime) > 0 && !is_rt(t))
		rq->min_vruntime = t->vruntime;
	return t;
}

/* On the stack of the next task, its CPU's queue locked: lets go of the one
 * before it. */
static void finish_switch(void)
{
	struct runq *rq = this_rq();
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
		send_away(rq, prev);
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

	if (KUNI_DEBUG && c->irq_depth != 1)
		panic("sleep under a spinlock, irq_depth=%d", c->irq_depth);
	charge(prev);
	catch_up(rq, c->id);
	next = pick(rq);
	/* Who is left in the queue with no slice to end: next will see to it
	 * before it goes to user mode (share_out), wherever it comes from. */
	c->need_resched = rq->nr && rq->slice.cpu < 0;
	rq->slice_over = false;
	if (next == prev) {
		spin_unlock(&rq->lock);
		return;
	}
	next->on_cpu = true;
	next->last_start = prev->last_start;
	__atomic_store_n(&next->cpu, c->id, __ATOMIC_RELAXED);
	rq->prev = prev;
	if (prev->rseq.v)
		rseq_switched(prev);
	if (prev->proc && prev->proc->cpu_watch)
		prev->cpu_event = true;
	__atomic_fetch_add(&nswitches, 1, __ATOMIC_RELAXED);
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
	rq = this_rq();
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
	struct runq *rq = lock_rq_of(t);
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
	send_away(rq, t);
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
	struct runq *rq = lock_rq_of(t);

	if (t->on_cpu && t != current)
		arch_send_ipi(t->cpu, IPI_RESCHED);
	spin_unlock(&rq->lock);
}

void sched_new(struct task *t)
{
	struct runq *rq;

	t->state = TASK_RUNNING;
	irq_push_off();
	rq = this_rq();
	t->cpu = this_cpu()->id;
	t->vruntime = rq->min_vruntime;
	t->cpu = choose_cpu(t);
	if (!(__atomic_load_n(&idle_mask, __ATOMIC_RELAXED) >> t->cpu & 1))
		t->cpu = shortest_queue(t->affinity, t->cpu);
	place(t, t->cpu, 0);
	irq_pop_off();
}

/* ---- yielding ---- */

static struct runq *lock_this_rq(void)
{
	struct runq *rq;

	irq_push_off();
	rq = this_rq();
	spin_lock(&rq->lock);
	this_cpu()->irq_depth--;
	return rq;
}

/* prev stays runnable: back into the queue, or on to another CPU. */
static void requeue_current(struct runq *rq)
{
	struct task *t = current;

	charge(t);
	if (t != rq->idle && t->affinity & (1ULL << this_cpu()->id))
		enqueue(rq, t);
	switch_away(rq);
}

void sched_yield(void)
{
	struct runq *rq = lock_this_rq();
	struct task *t = current, *last;

	last = TAILQ_LAST(&rq->queue, task_queue);
	charge(t);
	if (last && !is_rt(t) && (int64_t)(last->vruntime - t->vruntime) > 0)
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
	if (is_rt(t))
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
	rq = this_rq();
	if (rq->nr) {
		idle = __atomic_load_n(&idle_mask, __ATOMIC_RELAXED);
		if (idle)
			poke((unsigned)__builtin_ctzll(idle));
		arm_slice(rq);
	}
	irq_pop_off();
}

/* A slice has ended with somebody waiting: perhaps elsewhere he waits less. */
static void pass_on(void)
{
	struct runq *rq = lock_this_rq();
	unsigned me = this_cpu()->id, to = shortest_queue(~0ULL, me);
	unsigned nr = __atomic_load_n(&runqs[to].nr, __ATOMIC_RELAXED);
	struct task *t;
	uint64_t lag;

	if (rq->nr <= nr || (rq->nr == nr + 1 && ++rq->waited < ROTATE_SLICES))
		goto out;
	TAILQ_FOREACH_REVERSE(t, &rq->queue, task_queue, rq_link)
	if (t->affinity & (1ULL << to))
		break;
	if (!t)
		goto out;
	rq->waited = 0;
	catch_up(rq, me);
	dequeue(rq, t);
	lag = t->vruntime - rq->min_vruntime;
	__atomic_store_n(&t->cpu, to, __ATOMIC_RELEASE);
	spin_unlock(&rq->lock);
	place(t, to, lag);
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
	charge(t);
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

/* ---- policy and affinity ---- */

void sched_set_affinity(struct task *t, uint64_t mask)
{
	struct runq *rq = lock_rq_of(t);

	t->affinity = mask;
	if (mask & (1ULL << t->cpu)) {
		spin_unlock(&rq->lock);
	} else if (t->on_rq) {
		dequeue(rq, t);
		send_away(rq, t);
	} else {
		if (t->on_cpu)
			poke(t->cpu);
		spin_unlock(&rq->lock);
	}
}

void sched_set_policy(struct task *t, int policy, int rt_prio, int nice)
{
	struct runq *rq = lock_rq_of(t);
	bool queued = t->on_rq;

	if (queued)
		dequeue(rq, t);
	t->policy = policy;
	t->rt_prio = rt_prio;
	t->nice = nice;
	if (queued)
		enqueue(rq, t);
	poke(t->cpu);
	spin_unlock(&rq->lock);
}

/* t runs with real-time priority prio at least, until 0. */
void sched_boost(struct task *t, int prio)
{
	struct runq *rq = lock_rq_of(t);
	bool queued = t->on_rq;

	if (queued)
		dequeue(rq, t);
	t->rt_boost = prio;
	if (queued)
		enqueue(rq, t);
	poke(t->cpu);
	spin_unlock(&rq->lock);
}

void sched_count(unsigned *running, uint64_t *switches)
{
	uint64_t online = __atomic_load_n(&online_mask, __ATOMIC_RELAXED);
	uint64_t idle = __atomic_load_n(&idle_mask, __ATOMIC_RELAXED);

	*running = 0;
	for (uint64_t busy = online & ~idle; busy; busy &= busy - 1)
		++*running;
	for (unsigned i = 0; i < KUNI_MAX_CPUS; i++)
		*running += runqs[i].nr;
	*switches = nswitches;
}

void sched_look(unsigned cpu, struct sched_view *out)
{
	const struct cpu *c = arch_cpu(cpu);
	struct runq *rq = &runqs[cpu];
	const struct task *t;

	*out = (struct sched_view){ .online = c && sched_online() >> cpu & 1 };
	if (!c || !out->online)
		return;
	out->idle = __atomic_load_n(&idle_mask, __ATOMIC_RELAXED) >> cpu & 1;
	out->need_resched = c->need_resched;
	spin_lock(&rq->lock); /* who runs cannot leave, so lives */
	out->queued = rq->nr;
	out->slice_cpu = rq->slice.cpu;
	out->slice_us = (int64_t)(rq->slice.deadline - arch_clock_ns()) / 1000;
	t = cpu_current(c);
	out->tid = t->tid;
	memcpy(out->comm, t->comm, sizeof(out->comm));
	spin_unlock(&rq->lock);
}

/* How long cpu, which runs, had nothing to do. */
uint64_t sched_idle_ns(unsigned cpu)
{
	const struct task *t = runqs[cpu].idle;
	uint64_t sum = t->sum_exec;

	if (__atomic_load_n(&idle_mask, __ATOMIC_RELAXED) >> cpu & 1)
		sum += arch_clock_ns() - t->last_start;
	return sum;
}

uint64_t sched_online(void)
{
	return __atomic_load_n(&online_mask, __ATOMIC_RELAXED);
}

/* ---- idle CPUs ---- */

/* Takes a task that waits on another CPU. */
static bool steal(unsigned me)
{
	for (unsigned n = 1; n < KUNI_MAX_CPUS; n++) {
		unsigned v = (me + n) % KUNI_MAX_CPUS;
		struct runq *rq = &runqs[v];
		struct task *t;
		uint64_t lag;

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
		catch_up(rq, v);
		dequeue(rq, t);
		lag = t->vruntime - rq->min_vruntime;
		__atomic_store_n(&t->cpu, me, __ATOMIC_RELEASE);
		spin_unlock(&rq->lock);
		place(t, me, lag);
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
	__atomic_fetch_or(&online_mask, 1ULL << c->id, __ATOMIC_RELEASE);
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

	__atomic_fetch_or(&idle_mask, bit, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&rq->nr, __ATOMIC_SEQ_CST) && !steal(me)) {
		arch_irq_off();
		/* Not where the bit was taken, though what it was taken for has
		 * been stolen since: nobody would wake this CPU again. */
		if (!__atomic_load_n(&rq->nr, __ATOMIC_SEQ_CST) &&
		    __atomic_load_n(&idle_mask, __ATOMIC_SEQ_CST) & bit)
			arch_idle();
		arch_irq_on();
	}
	__atomic_fetch_and(&idle_mask, ~bit, __ATOMIC_SEQ_CST);
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
		rq = this_rq();
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
