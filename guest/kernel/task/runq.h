/* SPDX-License-Identifier: Apache-2.0 */
/* runq.h: run queues, for sched.c and runq.c alone. */
#ifndef TASK_RUNQ_H
#define TASK_RUNQ_H

#include "internal.h"

#include "layout.h"

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

extern struct runq runqs[KUNI_MAX_CPUS];
extern uint64_t runq_online_mask, runq_idle_mask; /* [a] bit: CPU */
extern uint64_t runq_nswitches;                   /* [a] */

static inline struct runq *runq_this(void)
{
	return &runqs[this_cpu()->id];
}

bool runq_is_rt(const struct task *t);
void runq_charge(struct task *t);
void runq_catch_up(struct runq *rq, unsigned cpu, uint64_t now);
void runq_enqueue(struct runq *rq, struct task *t);
void runq_dequeue(struct runq *rq, struct task *t);
struct runq *runq_lock_of(struct task *t);
unsigned runq_choose_cpu(const struct task *t);
unsigned runq_shortest(uint64_t may, unsigned me);
void runq_poke(unsigned cpu);
void runq_place(struct task *t, unsigned cpu, uint64_t lag);
void runq_carry(struct runq *rq, struct task *t, unsigned to);
void runq_send_away(struct runq *rq, struct task *t);

#endif
