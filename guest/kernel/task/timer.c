/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timer.c: kernel timers, one pairing heap a CPU.
 *
 * A timer is armed on the CPU that arms it and runs there, in the timer's
 * interrupt.  Any CPU may cancel it; when ktimer_cancel() returns, its
 * function neither runs nor will, even where it arms itself again.  So a
 * canceller must not hold a lock that the function takes.  Two that arm one
 * timer at a time do not harm it: one of them wins.  The hardware is
 * programmed only for a deadline nearer than the one it has; a tick too early
 * finds nothing due and sets the next.
 *
 * heap_links: [0] first child, [1] next sibling, [2] left sibling or parent.
 * cpu: >= 0 armed there; -1 never armed or cancelled; FIRED(n): fired on CPU n.
 * It is -1 only while the function does not run, and what fired on n is armed
 * by others only once it was settled (-1): so the function runs nowhere but on
 * the CPU that is named there.
 */
#include "internal.h"

#include "kuni/klog.h"
#include "layout.h"

enum { CHILD, NEXT, PREV };

#define FIRED(n) (-2 - (n)) /* and back */

struct timers {
	struct spinlock lock;
	struct ktimer *root;    /* [lock] earliest */
	struct ktimer *running; /* [a] its function runs now */
	uint64_t programmed;    /* [o] hardware deadline, 0: none */
};

static struct timers timers[KUNI_MAX_CPUS];

/* Both are roots; the result is the merged root. */
static struct ktimer *meld(struct ktimer *a, struct ktimer *b)
{
	struct ktimer *swap;

	if (!a || !b)
		return a ? a : b;
	if (b->deadline < a->deadline) {
		swap = a;
		a = b;
		b = swap;
	}
	b->heap_links[NEXT] = a->heap_links[CHILD];
	if (b->heap_links[NEXT])
		b->heap_links[NEXT]->heap_links[PREV] = b;
	b->heap_links[PREV] = a;
	a->heap_links[CHILD] = b;
	return a;
}

/* Melds a list of siblings into one heap: pairs first, then all of them. */
static struct ktimer *meld_list(struct ktimer *first)
{
	struct ktimer *pairs = NULL, *a, *b, *rest, *root = NULL;

	for (a = first; a; a = rest) {
		b = a->heap_links[NEXT];
		rest = b ? b->heap_links[NEXT] : NULL;
		a->heap_links[NEXT] = a->heap_links[PREV] = NULL;
		if (b)
			b->heap_links[NEXT] = b->heap_links[PREV] = NULL;
		a = meld(a, b);
		a->heap_links[NEXT] = pairs;
		pairs = a;
	}
	for (; pairs; pairs = rest) {
		rest = pairs->heap_links[NEXT];
		pairs->heap_links[NEXT] = NULL;
		root = meld(root, pairs);
	}
	return root;
}

static void heap_remove(struct timers *h, struct ktimer *t)
{
	struct ktimer *sub = meld_list(t->heap_links[CHILD]);

	if (h->root == t) {
		h->root = sub;
	} else {
		struct ktimer *prev = t->heap_links[PREV];

		if (prev->heap_links[CHILD] == t)
			prev->heap_links[CHILD] = t->heap_links[NEXT];
		else
			prev->heap_links[NEXT] = t->heap_links[NEXT];
		if (t->heap_links[NEXT])
			t->heap_links[NEXT]->heap_links[PREV] = prev;
		h->root = meld(h->root, sub);
	}
	t->heap_links[CHILD] = t->heap_links[NEXT] = t->heap_links[PREV] = NULL;
}

void ktimer_init(struct ktimer *t, void (*fn)(struct ktimer *), void *arg)
{
	*t = (struct ktimer){ .fn = fn, .arg = arg, .cpu = -1 };
}

static void program(struct timers *h)
{
	if (!h->root)
		return;
	if (h->programmed && h->programmed <= h->root->deadline)
		return;
	h->programmed = h->root->deadline;
	arch_timer_set(h->programmed);
}

/* Into the heap of this CPU, where nobody else was faster. */
static bool arm_here(struct ktimer *t, uint64_t deadline_ns)
{
	struct timers *h;
	bool mine;
	int was, me;

	irq_push_off();
	me = (int)this_cpu()->id;
	h = &timers[me];
	spin_lock(&h->lock);
	was = __atomic_load_n(&t->cpu, __ATOMIC_ACQUIRE);
	/* whoever sees it armed here waits for the lock */
	mine = (was == -1 || was == FIRED(me)) &&
	       __atomic_compare_exchange_n(&t->cpu, &was, me, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	if (mine) {
		t->deadline = deadline_ns;
		h->root = meld(h->root, t);
		program(h);
	}
	spin_unlock(&h->lock);
	irq_pop_off();
	return mine;
}

/* Arms t for deadline_ns of arch_clock_ns() on this CPU; an armed one moves. */
void ktimer_arm(struct ktimer *t, uint64_t deadline_ns)
{
	while (!arm_here(t, deadline_ns))
		(void)ktimer_cancel(t);
}

/* Takes t out of the heap of cpu, where it still is there; -1 once its function
 * does not run either.  Whether that was all, for its own function too. */
static bool settle(struct ktimer *t, int cpu, bool *was_armed)
{
	struct timers *h = &timers[cpu];
	bool runs, done;

	spin_lock(&h->lock);
	runs = h->running == t;
	if (t->cpu == cpu) {
		heap_remove(h, t);
		*was_armed = true;
		__atomic_store_n(&t->cpu, FIRED(cpu), __ATOMIC_RELEASE);
	}
	if (t->cpu == FIRED(cpu) && !runs)
		__atomic_store_n(&t->cpu, -1, __ATOMIC_RELEASE);
	done = runs && cpu == (int)this_cpu()->id;
	spin_unlock(&h->lock);
	return done;
}

bool ktimer_cancel(struct ktimer *t)
{
	bool was_armed = false;

	for (;;) {
		int cpu = __atomic_load_n(&t->cpu, __ATOMIC_ACQUIRE);

		if (cpu == -1)
			return was_armed;
		if (cpu < 0)
			cpu = FIRED(cpu);
		if (settle(t, cpu, &was_armed))
			return was_armed;
		while (__atomic_load_n(&timers[cpu].running,
				       __ATOMIC_ACQUIRE) == t)
			arch_relax();
	}
}

/* The CPU's timer has fired: runs what is due. Interrupts are off. */
void timer_tick(void)
{
	unsigned id = this_cpu()->id;
	struct timers *h = &timers[id];
	struct ktimer *t;

	spin_lock(&h->lock);
	h->programmed = 0;
	while ((t = h->root) && t->deadline <= arch_clock_ns()) {
		heap_remove(h, t);
		__atomic_store_n(&h->running, t, __ATOMIC_RELEASE);
		__atomic_store_n(&t->cpu, FIRED((int)id), __ATOMIC_RELEASE);
		spin_unlock(&h->lock);
		t->fn(t); /* may arm t again, or free it */
		spin_lock(&h->lock);
		__atomic_store_n(&h->running, NULL, __ATOMIC_RELEASE);
	}
	program(h);
	spin_unlock(&h->lock);
}

void timer_init_cpu(void)
{
	struct timers *h = &timers[this_cpu()->id];

	spin_init(&h->lock, RANK_TIMER);
	this_cpu()->timers = h;
}
