/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runq.c: run queues: their order, what each task is charged, how tasks get
 * from one to another; policy and affinity; what is told of them.
 *
 * A task's lead or lag is its virtual run time against the least of its queue,
 * and moves with it.  The least is brought up to date (runq_catch_up) before
 * anybody's lead is taken or given: who runs may not have been charged for long.
 */
#include "runq.h"

#include <string.h>

#include "kuni/klog.h"

#define WAKE_CREDIT_NS 2000000UL /* run time that a sleeper has saved */

struct runq runqs[KUNI_MAX_CPUS];
uint64_t runq_online_mask, runq_idle_mask, runq_nswitches;

int sched_prio(const struct task *t)
{
	return max(t->rt_prio, t->rt_boost);
}

bool runq_is_rt(const struct task *t)
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

void runq_charge(struct task *t)
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
	return !runq_is_rt(a) && (int64_t)(a->vruntime - b->vruntime) < 0;
}

/* Brings min_vruntime up to who runs there, who may not have been charged for
 * long, and who waits: before anybody's lead or lag is taken or given. */
void runq_catch_up(struct runq *rq, unsigned cpu, uint64_t now)
{
	const struct task *run = cpu_current(arch_cpu(cpu));
	const struct task *first = TAILQ_FIRST(&rq->queue);
	uint64_t least = rq->min_vruntime;
	bool some = false;

	if (run != rq->idle && !runq_is_rt(run)) {
		least = run->vruntime;
		if (now > run->last_start)
			least += virtual(run, now - run->last_start);
		some = true;
	}
	if (first && !runq_is_rt(first) &&
	    (!some || (int64_t)(first->vruntime - least) < 0))
		least = first->vruntime;
	if ((int64_t)(least - rq->min_vruntime) > 0)
		rq->min_vruntime = least;
}

void runq_enqueue(struct runq *rq, struct task *t)
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

void runq_dequeue(struct runq *rq, struct task *t)
{
	TAILQ_REMOVE(&rq->queue, t, rq_link);
	t->on_rq = false;
	rq->nr--;
}

/* Locks the queue that t belongs to. */
struct runq *runq_lock_of(struct task *t)
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
	rq = runq_lock_of(t);
	sum = t->sum_exec;
	if (t->on_cpu)
		sum += arch_clock_ns() - t->last_start;
	spin_unlock(&rq->lock);
	return sum;
}

/* Where a task that becomes runnable goes. */
unsigned runq_choose_cpu(const struct task *t)
{
	uint64_t may = t->affinity &
		       __atomic_load_n(&runq_online_mask, __ATOMIC_RELAXED);
	uint64_t idle =
		may & __atomic_load_n(&runq_idle_mask, __ATOMIC_RELAXED);

	if (idle & (1ULL << t->cpu))
		return t->cpu;
	if (idle)
		return (unsigned)__builtin_ctzll(idle);
	if (may & (1ULL << t->cpu) || !may)
		return t->cpu;
	return (unsigned)__builtin_ctzll(may);
}

static uint64_t rotate(uint64_t mask, unsigned by)
{
	by %= 64;
	return by ? mask >> by | mask << (64 - by) : mask;
}

/* The shortest queue among CPUs of may, me last; lengths change meanwhile. */
unsigned runq_shortest(uint64_t may, unsigned me)
{
	unsigned best = me, least = ~0U;

	may &= __atomic_load_n(&runq_online_mask, __ATOMIC_RELAXED);
	/* from the CPU behind me on, so that not all choose the same one */
	for (may = rotate(may, me + 1); may; may &= may - 1) {
		unsigned cpu = (me + 1 + (unsigned)__builtin_ctzll(may)) % 64;
		unsigned nr = __atomic_load_n(&runqs[cpu].nr, __ATOMIC_RELAXED);

		if (nr < least) {
			least = nr;
			best = cpu;
		}
	}
	return best;
}

void runq_poke(unsigned cpu)
{
	struct cpu *c = arch_cpu(cpu);

	if (!c)
		return;
	c->need_resched = true;
	if (cpu != this_cpu()->id)
		arch_send_ipi(cpu, IPI_RESCHED);
}

/* Puts t, which is in no queue and RUNNING, on cpu's queue. */
void runq_place(struct task *t, unsigned cpu, uint64_t lag)
{
	struct runq *rq = &runqs[cpu];
	uint64_t floor;

	spin_lock(&rq->lock);
	if (runq_is_rt(t))
		lag = 0;
	runq_catch_up(rq, cpu, arch_clock_ns());
	floor = rq->min_vruntime - WAKE_CREDIT_NS;
	t->vruntime = rq->min_vruntime + lag;
	if ((int64_t)(t->vruntime - floor) < 0)
		t->vruntime = floor;
	runq_enqueue(rq, t);
	__atomic_fetch_and(&runq_idle_mask, ~(1ULL << cpu), __ATOMIC_SEQ_CST);
	spin_unlock(&rq->lock);
	runq_poke(cpu); /* now: it wants the lock first of all */
}

/* Moves t, which is in no queue, from rq, its own, to the one of CPU `to`, with
 * its lead or lag.  rq is locked, and released. */
void runq_carry(struct runq *rq, struct task *t, unsigned to)
{
	uint64_t lag;

	runq_catch_up(rq, t->cpu, arch_clock_ns());
	lag = t->vruntime - rq->min_vruntime;
	__atomic_store_n(&t->cpu, to, __ATOMIC_RELEASE);
	spin_unlock(&rq->lock);
	runq_place(t, to, lag);
}

void runq_send_away(struct runq *rq, struct task *t)
{
	runq_carry(rq, t, runq_choose_cpu(t));
}

/* ---- policy and affinity ---- */

void sched_set_affinity(struct task *t, uint64_t mask)
{
	struct runq *rq = runq_lock_of(t);

	t->affinity = mask;
	if (mask & (1ULL << t->cpu)) {
		spin_unlock(&rq->lock);
	} else if (t->on_rq) {
		runq_dequeue(rq, t);
		runq_send_away(rq, t);
	} else {
		if (t->on_cpu)
			runq_poke(t->cpu);
		spin_unlock(&rq->lock);
	}
}

void sched_set_policy(struct task *t, int policy, int rt_prio, int nice)
{
	struct runq *rq = runq_lock_of(t);
	bool queued = t->on_rq;

	if (queued)
		runq_dequeue(rq, t);
	t->policy = policy;
	t->rt_prio = rt_prio;
	t->nice = nice;
	if (queued)
		runq_enqueue(rq, t);
	runq_poke(t->cpu);
	spin_unlock(&rq->lock);
}

/* t runs with real-time priority prio at least, until 0. */
void sched_boost(struct task *t, int prio)
{
	struct runq *rq = runq_lock_of(t);
	bool queued = t->on_rq;

	if (queued)
		runq_dequeue(rq, t);
	t->rt_boost = prio;
	if (queued)
		runq_enqueue(rq, t);
	runq_poke(t->cpu);
	spin_unlock(&rq->lock);
}

void sched_count(unsigned *running, uint64_t *switches)
{
	uint64_t online = __atomic_load_n(&runq_online_mask, __ATOMIC_RELAXED);
	uint64_t idle = __atomic_load_n(&runq_idle_mask, __ATOMIC_RELAXED);

	*running = 0;
	for (uint64_t busy = online & ~idle; busy; busy &= busy - 1)
		++*running;
	for (unsigned i = 0; i < KUNI_MAX_CPUS; i++)
		*running += runqs[i].nr;
	*switches = runq_nswitches;
}

void sched_look(unsigned cpu, struct sched_view *out)
{
	const struct cpu *c = arch_cpu(cpu);
	struct runq *rq = &runqs[cpu];
	const struct task *t;

	*out = (struct sched_view){ .online = c && sched_online() >> cpu & 1 };
	if (!c || !out->online)
		return;
	out->idle =
		__atomic_load_n(&runq_idle_mask, __ATOMIC_RELAXED) >> cpu & 1;
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

	if (__atomic_load_n(&runq_idle_mask, __ATOMIC_RELAXED) >> cpu & 1)
		sum += arch_clock_ns() - t->last_start;
	return sum;
}

uint64_t sched_online(void)
{
	return __atomic_load_n(&runq_online_mask, __ATOMIC_RELAXED);
}
