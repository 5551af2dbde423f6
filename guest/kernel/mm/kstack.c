/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kstack.c: kernel stacks.
 *
 * A stack is KSTACK_SIZE bytes of pages mapped at STACKS_VIRT, each above a
 * page that is never mapped, so that an overflow faults.  A stack that was made
 * stays mapped and is used again, the last freed first: fork then neither maps
 * nor flushes anything, and no CPU can hold a stale translation.  Each CPU
 * keeps a few, the rest is one list; a free stack's top word is its link.
 *
 * Locks: the list's spinlock (RANK_SLAB).
 */
#include "kuni/mm.h"

#include "internal.h"
#include "kuni/klog.h"
#include "layout.h"

#define SLOT    (KSTACK_SIZE + PAGE_SIZE)
#define NPAGES  (KSTACK_SIZE / PAGE_SIZE)
#define PER_CPU 4

static struct {
	struct spinlock lock;
	uint64_t free;   /* [lock] top of a free stack, 0: none */
	uint64_t nslots; /* [a] made so far */
} stacks = { .lock = { .rank = RANK_SLAB } };

static struct {
	uint64_t top[PER_CPU];
	unsigned n;
} cached[KUNI_MAX_CPUS]; /* [o] interrupts off */

static uint64_t *link_of(uint64_t top)
{
	return (uint64_t *)(top - sizeof(uint64_t));
}

static uint64_t make_stack(void)
{
	struct page *pages[NPAGES];
	uint64_t slot = __atomic_fetch_add(&stacks.nslots, 1, __ATOMIC_RELAXED);
	uint64_t base = STACKS_VIRT + slot * SLOT + PAGE_SIZE;
	unsigned i;

	for (i = 0; i < NPAGES; i++) {
		pages[i] = page_alloc(0, PAGE_ANY);
		if (!pages[i])
			goto undo;
		if (arch_kmap(base + i * PAGE_SIZE, page_paddr(pages[i]),
			      PROT_R | PROT_W)) {
			page_put(pages[i]);
			goto undo;
		}
	}
	return base + KSTACK_SIZE;
undo:
	/* The slot stays empty for good, and nobody ever touched it: no CPU
	 * holds a translation of it. */
	while (i--) {
		arch_kunmap(base + i * PAGE_SIZE);
		page_put(pages[i]);
	}
	return 0;
}

/* Top of a stack with undefined contents, 16-byte aligned; 0: no memory. */
uint64_t kstack_alloc(void)
{
	uint64_t top = 0;
	unsigned cpu;

	irq_push_off();
	cpu = this_cpu()->id;
	if (cached[cpu].n)
		top = cached[cpu].top[--cached[cpu].n];
	irq_pop_off();
	if (top)
		return top;
	spin_lock(&stacks.lock);
	top = stacks.free;
	if (top)
		stacks.free = *link_of(top);
	spin_unlock(&stacks.lock);
	return top ? top : make_stack();
}

/* Takes a stack back on which nobody runs any more. */
void kstack_free(uint64_t top)
{
	bool kept = false;
	unsigned cpu;

	ensure(top > STACKS_VIRT && (top - STACKS_VIRT) % SLOT == 0);
	irq_push_off();
	cpu = this_cpu()->id;
	if (cached[cpu].n < PER_CPU) {
		cached[cpu].top[cached[cpu].n++] = top;
		kept = true;
	}
	irq_pop_off();
	if (kept)
		return;
	spin_lock(&stacks.lock);
	*link_of(top) = stacks.free;
	stacks.free = top;
	spin_unlock(&stacks.lock);
}
