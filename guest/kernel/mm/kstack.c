/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kstack.c: kernel stacks.
 *
 * A stack is KSTACK_SIZE bytes of pages mapped at STACKS_VIRT, each above a
 * page that is never mapped, so that an overflow faults.  Freed stacks stay
 * mapped and are used again, the last one first: fork then neither maps nor
 * flushes anything.  Each CPU keeps a few, then a list does, whose links are in
 * the stacks' top words; above MAX_FREE the pages go back, and the place waits
 * on a list of its own (one page there stays, to hold its link).
 *
 * Locks: the list's spinlock (RANK_SLAB).
 */
#include "kuni/mm.h"

#include "internal.h"
#include "kuni/klog.h"
#include "layout.h"

#define SLOT     (KSTACK_SIZE + PAGE_SIZE)
#define NPAGES   (KSTACK_SIZE / PAGE_SIZE)
#define PER_CPU  4
#define MAX_FREE 32

static struct {
	struct spinlock lock;
	uint64_t free; /* [lock] top of a free stack, 0: none */
	uint64_t
		husks; /* [lock] the same, of which only the top page is there */
	unsigned nfree;  /* [lock] */
	uint64_t nslots; /* [a] made so far */
} stacks = { .lock = { .rank = RANK_SLAB } };

uint64_t mm_nr_stack; /* [a] pages */

static struct {
	uint64_t top[PER_CPU];
	unsigned n;
} cached[KUNI_MAX_CPUS]; /* [o] interrupts off */

static uint64_t *link_of(uint64_t top)
{
	return (uint64_t *)(top - sizeof(uint64_t));
}

static uint64_t pop(uint64_t *list)
{
	uint64_t top = *list;

	if (top)
		*list = *link_of(top);
	return top;
}

static void push(uint64_t *list, uint64_t top)
{
	*link_of(top) = *list;
	*list = top;
}

/* Unmaps and frees pages [0, n) from base on.  Waits for other CPUs. */
static void unmap_pages(uint64_t base, unsigned n)
{
	struct page *page[NPAGES] = { 0 };

	ensure(n <= NPAGES);
	for (unsigned i = 0; i < n; i++) {
		paddr_t pa;

		if (arch_pt_walk(NULL, base + i * PAGE_SIZE, &pa, NULL))
			page[i] = page_of(pa);
	}
	arch_kunmap(base, n);
	for (unsigned i = 0; i < n; i++)
		if (page[i]) {
			page_put(page[i]);
			__atomic_fetch_sub(&mm_nr_stack, 1, __ATOMIC_RELAXED);
		}
}

static int map_pages(uint64_t base, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct page *p = page_alloc(0, PAGE_ANY);
		int err = -ENOMEM;

		if (p)
			err = arch_kmap(base + i * PAGE_SIZE, page_paddr(p),
					PROT_R | PROT_W);
		if (!err) {
			__atomic_fetch_add(&mm_nr_stack, 1, __ATOMIC_RELAXED);
			continue;
		}
		if (p)
			page_put(p);
		unmap_pages(base, i);
		return err;
	}
	return 0;
}

/* A stack in a new place; where it fails, the place stays empty for good. */
static uint64_t make_stack(void)
{
	uint64_t slot = __atomic_fetch_add(&stacks.nslots, 1, __ATOMIC_RELAXED);
	uint64_t base = STACKS_VIRT + slot * SLOT + PAGE_SIZE;

	return map_pages(base, NPAGES) ? 0 : base + KSTACK_SIZE;
}

static uint64_t fill_husk(uint64_t top)
{
	if (!map_pages(top - KSTACK_SIZE, NPAGES - 1))
		return top;
	spin_lock(&stacks.lock);
	push(&stacks.husks, top);
	spin_unlock(&stacks.lock);
	return 0;
}

/* Top of a stack with undefined contents, 16-byte aligned; 0: no memory. */
uint64_t kstack_alloc(void)
{
	uint64_t top = 0, husk = 0;
	unsigned cpu;

	irq_push_off();
	cpu = this_cpu()->id;
	if (cached[cpu].n)
		top = cached[cpu].top[--cached[cpu].n];
	irq_pop_off();
	if (top)
		return top;
	spin_lock(&stacks.lock);
	top = pop(&stacks.free);
	if (top)
		stacks.nfree--;
	else
		husk = pop(&stacks.husks);
	spin_unlock(&stacks.lock);
	if (husk)
		return fill_husk(husk);
	return top ? top : make_stack();
}

/* Takes a stack back on which nobody runs any more.  With interrupts on it may
 * give pages of it back. */
void kstack_free(uint64_t top)
{
	bool kept = false, trim = false;
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
	if (arch_irq_is_on())
		trim = __atomic_load_n(&stacks.nfree, __ATOMIC_RELAXED) >=
		       MAX_FREE;
	if (trim)
		unmap_pages(top - KSTACK_SIZE, NPAGES - 1);
	spin_lock(&stacks.lock);
	push(trim ? &stacks.husks : &stacks.free, top);
	stacks.nfree += !trim;
	spin_unlock(&stacks.lock);
}
