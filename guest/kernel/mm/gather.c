/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gather.c: changes to ranges of page tables.
 *
 * Page tables are changed under mm.pt_lock, a spinlock, and TLBs are flushed
 * without it: a flush waits for other CPUs.  So pages that are unmapped are
 * gathered, flushed once, and only then freed.  Ranges are walked in windows,
 * so that interrupts are not off for long; over empty parts the windows grow.
 */
#include "kuni/mm.h"

#include "internal.h"
#include "kuni/klog.h"

#define SMALL_BATCH 32
#define BIG_BATCH   (PAGE_SIZE / sizeof(struct page *))
#define WINDOW      (32UL << 20)
#define WINDOW_MAX  (1UL << 45)
#define PT_LEAVE    (~0U) /* of arch_pt_visit() */
#define PROT_MASK   (PROT_R | PROT_W | PROT_X | PROT_USER | PROT_DEVICE)

/* What a page table entry of v says.  An area without any permission keeps its
 * pages where user mode cannot reach them. */
unsigned pt_prot(const struct vma *v, bool write)
{
	unsigned prot = PROT_R;

	if (!v->prot)
		return prot;
	prot |= PROT_USER;
	if (v->prot & PROT_X)
		prot |= PROT_X;
	if (write && (v->prot & PROT_W))
		prot |= PROT_W;
	return prot;
}

struct gather {
	struct page **page;
	unsigned n, cap;
	bool counted, full; /* pages are counted; no room since next */
	uint64_t lo, hi, next;
};

static unsigned zap_one(void *arg, uint64_t va, paddr_t pa, unsigned prot)
{
	struct gather *g = arg;

	(void)prot;
	if (g->full)
		return PT_LEAVE;
	if (g->n == g->cap) {
		g->full = true;
		g->next = va;
		return PT_LEAVE;
	}
	if (!g->n)
		g->lo = va;
	g->hi = va + PAGE_SIZE;
	g->page[g->n++] = g->counted ? page_of(pa) : NULL;
	return 0;
}

static void gather_finish(struct mm *m, const struct gather *g)
{
	if (!g->n)
		return;
	arch_tlb_flush(&m->pt, g->lo, g->hi);
	if (!g->counted)
		return;
	rss_add(m, -(int64_t)g->n);
	for (unsigned i = 0; i < g->n; i++)
		page_put(g->page[i]);
}

void pt_zap(struct mm *m, struct vma *v, uint64_t start, uint64_t end)
{
	struct page *small[SMALL_BATCH], *buf = NULL;
	struct gather g = { .page = small,
			    .cap = SMALL_BATCH,
			    .counted = !(v->flags & VMA_PFN) };
	uint64_t window, stop;

	if (end - start > SMALL_BATCH * PAGE_SIZE)
		buf = page_alloc(0, PAGE_ATOMIC);
	if (buf) {
		g.page = page_virt(buf);
		g.cap = BIG_BATCH;
	}
	for (window = g.cap * PAGE_SIZE; start < end;) {
		stop = min(start + window, end);
		g.n = 0;
		g.full = false;
		spin_lock(&m->pt_lock);
		arch_pt_visit(&m->pt, start, stop, zap_one, &g);
		spin_unlock(&m->pt_lock);
		gather_finish(m, &g);
		start = g.full ? g.next : stop;
		window = g.n ? g.cap * PAGE_SIZE : min(window * 2, WINDOW_MAX);
	}
	if (buf)
		page_put(buf);
	page_report();
}

/* Calls fn for what is mapped in [start, end) window by window; arg begins
 * with a count that fn raises. */
struct visit {
	uint64_t count;
	const struct vma *v;
};

static void visit_windows(struct mm *m, uint64_t start, uint64_t end,
			  unsigned (*fn)(void *, uint64_t, paddr_t, unsigned),
			  struct visit *arg)
{
	uint64_t window = WINDOW;

	while (start < end) {
		uint64_t stop = min(start + window, end), before = arg->count;

		spin_lock(&m->pt_lock);
		arch_pt_visit(&m->pt, start, stop, fn, arg);
		spin_unlock(&m->pt_lock);
		window = arg->count != before ? WINDOW
					      : min(window * 2, WINDOW_MAX);
		start = stop;
	}
}

static unsigned drop_one(void *arg, uint64_t va, paddr_t pa, unsigned prot)
{
	struct visit *s = arg;

	(void)va;
	(void)prot;
	s->count++;
	page_put(page_of(pa));
	return 0;
}

/* No flush: no CPU runs user code on these tables again. */
void pt_zap_dead(struct mm *m, struct vma *v)
{
	struct visit s = { .v = v };

	if (v->flags & VMA_PFN)
		return;
	visit_windows(m, v->start, v->end, drop_one, &s);
	rss_add(m, -(int64_t)s.count);
	page_report();
}

static unsigned protect_one(void *arg, uint64_t va, paddr_t pa, unsigned prot)
{
	struct visit *s = arg;
	unsigned want = pt_prot(s->v, prot & PROT_W);

	(void)va;
	if (want == (prot & PROT_MASK))
		return PT_LEAVE;
	if (arch_translates && (want & ~prot & PROT_X) && page_of(pa))
		arch_page_touch(page_virt(page_of(pa)));
	s->count++;
	return want;
}

/* Write permission comes back by faults, which know about copies and dirty
 * pages. */
void pt_protect(struct mm *m, struct vma *v, uint64_t start, uint64_t end)
{
	struct visit s = { .v = v };

	visit_windows(m, start, end, protect_one, &s);
	if (s.count)
		arch_tlb_flush(&m->pt, start, end);
}

static unsigned clean_one(void *arg, uint64_t va, paddr_t pa, unsigned prot)
{
	struct visit *s = arg;

	(void)va;
	(void)pa;
	if (!(prot & PROT_W))
		return PT_LEAVE;
	s->count++;
	return prot & PROT_MASK & ~(unsigned)PROT_W;
}

bool pt_clean(struct mm *m, uint64_t start, uint64_t end)
{
	struct visit s = { 0 };

	visit_windows(m, start, end, clean_one, &s);
	return s.count != 0;
}

struct mover {
	unsigned n;
	bool full;
	uint64_t next;
	struct {
		uint64_t va;
		paddr_t pa;
		unsigned prot;
	} e[SMALL_BATCH];
};

static unsigned move_one(void *arg, uint64_t va, paddr_t pa, unsigned prot)
{
	struct mover *b = arg;

	if (b->full)
		return PT_LEAVE;
	if (b->n == ARRAY_SIZE(b->e)) {
		b->full = true;
		b->next = va;
		return PT_LEAVE;
	}
	b->e[b->n].va = va;
	b->e[b->n].pa = pa;
	b->e[b->n++].prot = prot & PROT_MASK;
	return 0;
}

/* Maps the batch shift bytes away; where that fails, all back where it was. */
static int move_batch(struct mm *m, const struct mover *b, uint64_t shift)
{
	unsigned i;
	int err = 0;

	spin_lock(&m->pt_lock);
	for (i = 0; i < b->n && !err; i++)
		err = arch_pt_map(&m->pt, b->e[i].va + shift, b->e[i].pa,
				  b->e[i].prot);
	for (i = 0; i < b->n && err; i++) {
		paddr_t pa;
		unsigned prot;

		(void)arch_pt_unmap(&m->pt, b->e[i].va + shift, &pa, &prot);
		/* its tables are still there */
		ensure(arch_pt_map(&m->pt, b->e[i].va, b->e[i].pa,
				   b->e[i].prot) == 0);
	}
	spin_unlock(&m->pt_lock);
	return err;
}

/* Moves batch by batch; *done is how far it came. */
static int move_range(struct mm *m, uint64_t from, uint64_t to, uint64_t len,
		      uint64_t *done)
{
	uint64_t at = from, window = SMALL_BATCH * PAGE_SIZE;
	struct mover b;
	int err = 0;

	while (at < from + len && !err) {
		uint64_t stop = min(at + window, from + len);

		b.n = 0;
		b.full = false;
		spin_lock(&m->pt_lock);
		arch_pt_visit(&m->pt, at, stop, move_one, &b);
		spin_unlock(&m->pt_lock);
		if (b.n) {
			arch_tlb_flush(&m->pt, at, stop);
			err = move_batch(m, &b, to - from);
			if (err)
				break;
		}
		at = b.full ? b.next : stop;
		window = b.n ? SMALL_BATCH * PAGE_SIZE
			     : min(window * 2, WINDOW_MAX);
	}
	*done = at - from;
	return err;
}

/* Moves what is mapped at [from, from + len) to the same places from to on,
 * where nothing is.  -ENOMEM: everything is where it was. */
int pt_move(struct mm *m, uint64_t from, uint64_t to, uint64_t len)
{
	uint64_t done, back;
	int err = move_range(m, from, to, len, &done);

	/* back needs no memory: the tables there exist */
	if (err)
		ensure(move_range(m, to, from, done, &back) == 0);
	return err;
}
