/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork.c: address spaces as a whole: made, copied, taken apart.
 *
 * A copy shares every page.  Pages of private areas lose write permission in
 * both, and the reference count tells at the next store who may keep the page.
 * An area of a file joins the file's list and gets its entries in one go under
 * cache.lock, so that truncation finds the child's as well as the parent's.
 * Nobody else sees the child's tables but truncation of a file whose areas are
 * complete, so its pt_lock is not needed to fill them.
 */
#include "kuni/mm.h"

#include <string.h>

#include "internal.h"
#include "kuni/klog.h"
#include "layout.h"

#define STACK_ROOM (128UL << 20) /* default: above mmap_top */
#define WINDOW     (32UL << 20)
#define WINDOW_MAX (1UL << 45)
#define PT_LEAVE   (~0U)
#define PROT_MASK  (PROT_R | PROT_W | PROT_X | PROT_USER | PROT_DEVICE)

static struct {
	struct spinlock lock;
	LIST_HEAD(, mm) list; /* [lock] */
} all;
static struct slab_cache *mm_slab;

void mm_setup(void)
{
	mm_slab = slab_create("mm", sizeof(struct mm));
}

int mm_create(struct mm **out)
{
	struct mm *m = slab_alloc(mm_slab);
	int err;

	if (!m)
		return -ENOMEM;
	err = arch_pt_init(&m->pt);
	if (err) {
		slab_free(mm_slab, m);
		return err;
	}
	m->users = 1;
	mutex_init(&m->lock, RANK_MM);
	spin_init(&m->pt_lock, RANK_PT);
	m->stack_top = USER_END;
	m->mmap_top = USER_END - STACK_ROOM;
	spin_lock(&all.lock);
	LIST_INSERT_HEAD(&all.list, m, all_link);
	spin_unlock(&all.lock);
	*out = m;
	return 0;
}

void mm_get(struct mm *m)
{
	__atomic_fetch_add(&m->users, 1, __ATOMIC_RELAXED);
}

/* The last user is gone; no CPU will run user code in m again. */
static void destroy(struct mm *m)
{
	struct vma *dead = NULL, *v;

	for (v = mm_find(m, 0); v; v = mm_find(m, 0)) {
		pt_zap_dead(m, v);
		area_lock(v);
		vma_remove(m, v);
		area_unlock(v);
		v->next_dead = dead;
		dead = v;
	}
	ensure(m->rss == 0);
	arch_pt_fini(&m->pt);
	spin_lock(&all.lock);
	LIST_REMOVE(m, all_link);
	spin_unlock(&all.lock);
	area_free_list(dead);
	if (m->exe) {
		file_allow_write(m->exe);
		file_put(m->exe);
	}
	slab_free(mm_slab, m);
}

void mm_put(struct mm *m)
{
	if (m && __atomic_sub_fetch(&m->users, 1, __ATOMIC_ACQ_REL) == 0)
		destroy(m);
}

uint64_t mm_table_pages(void)
{
	const struct mm *m;
	uint64_t n = 0;

	spin_lock(&all.lock);
	LIST_FOREACH(m, &all.list, all_link)
	n += m->pt.npages;
	spin_unlock(&all.lock);
	return n;
}

/* rss of m in pages, where m still is an address space; else 0. */
uint64_t mm_rss_of(const struct mm *m)
{
	const struct mm *i;
	uint64_t n = 0;

	spin_lock(&all.lock);
	LIST_FOREACH(i, &all.list, all_link)
	{
		if (i == m)
			n = __atomic_load_n(&m->rss, __ATOMIC_RELAXED);
	}
	spin_unlock(&all.lock);
	return n;
}

struct copy {
	struct mm *to;
	uint64_t copied, changed; /* entries made; taken write from */
	bool private, counted;
	int err;
};

static unsigned copy_one(void *arg, uint64_t va, paddr_t pa, unsigned prot)
{
	struct copy *c = arg;
	unsigned keep = prot & PROT_MASK;

	if (c->err)
		return PT_LEAVE;
	if (c->private)
		keep &= ~(unsigned)PROT_W;
	c->err = arch_pt_map(&c->to->pt, va, pa, keep);
	if (c->err)
		return PT_LEAVE;
	c->copied++;
	if (c->counted) {
		page_get(page_of(pa));
		rss_add(c->to, 1);
	}
	if (keep == (prot & PROT_MASK))
		return PT_LEAVE;
	c->changed++;
	return keep;
}

/* Entries of v into c->to. */
static int copy_entries(struct mm *from, const struct vma *v, struct copy *c)
{
	uint64_t at = v->start, window = WINDOW;

	c->private = !(v->flags & VMA_SHARED);
	c->counted = !(v->flags & VMA_PFN);
	while (at < v->end && !c->err) {
		uint64_t stop = min(at + window, v->end), before = c->copied;

		spin_lock(&from->pt_lock);
		arch_pt_visit(&from->pt, at, stop, copy_one, c);
		spin_unlock(&from->pt_lock);
		window = c->copied != before ? WINDOW
					     : min(window * 2, WINDOW_MAX);
		at = stop;
	}
	return c->err;
}

static int copy_area(struct mm *from, const struct vma *v, struct copy *c)
{
	struct vma *n;
	int err = 0;

	if (v->flags & VMA_DONTFORK)
		return 0;
	n = area_clone(v, c->to);
	if (!n)
		return -ENOMEM;
	n->flags &= ~(uint32_t)VMA_LOCKED; /* locks are not inherited */
	area_lock(n);
	vma_insert(c->to, n);
	if (!(v->flags & VMA_WIPEONFORK))
		err = copy_entries(from, v, c);
	area_unlock(n);
	return err;
}

static void copy_facts(const struct mm *from, struct mm *to)
{
	to->brk_start = from->brk_start;
	to->brk = from->brk;
	to->mmap_top = from->mmap_top;
	to->stack_top = from->stack_top;
	to->arg_start = from->arg_start;
	to->arg_end = from->arg_end;
	to->env_start = from->env_start;
	to->env_end = from->env_end;
	to->vdso = from->vdso;
	to->start_code = from->start_code;
	to->end_code = from->end_code;
	to->start_data = from->start_data;
	to->end_data = from->end_data;
	memcpy(to->auxv, from->auxv, sizeof(to->auxv));
	to->exe = from->exe;
	if (to->exe) {
		file_get(to->exe);
		(void)!file_deny_write(to->exe); /* from denies it already */
	}
}

static int copy_mm(struct mm *from, struct mm **out)
{
	struct copy c = { 0 };
	struct vma *v;
	int err = mm_create(&c.to);

	if (err)
		return err;
	mutex_lock(&from->lock);
	copy_facts(from, c.to);
	for (v = mm_find(from, 0); v && !err; v = mm_next(v))
		err = copy_area(from, v, &c);
	if (c.changed)
		arch_tlb_flush(&from->pt, 0, USER_END);
	mutex_unlock(&from->lock);
	if (err) {
		mm_put(c.to);
		return err;
	}
	*out = c.to;
	return 0;
}

/* A copy-on-write copy of from with one user. 0 or -ENOMEM. */
int mm_fork(struct mm *from, struct mm **out)
{
	int err = copy_mm(from, out);

	if (err == -ENOMEM && pagecache_reclaim(256))
		err = copy_mm(from, out);
	if (!err)
		(*out)->barriers = from->barriers;
	return err;
}
