/* SPDX-License-Identifier: Apache-2.0 */
/*
 * advise.c: madvise, msync and mincore.
 *
 * Advice that says how memory will be used is checked and taken as what it is,
 * a hint without an effect here: NORMAL, RANDOM, SEQUENTIAL, COLD, PAGEOUT,
 * DONTDUMP, DODUMP (there are no dumps).  WILLNEED reads ahead.  What changes
 * contents or sharing is done.  Same-page merging and huge pages do not exist:
 * EINVAL, as on a Linux without them.
 */
#include "kuni/mm.h"

#include "internal.h"

enum {
	MADV_NORMAL,
	MADV_RANDOM,
	MADV_SEQUENTIAL,
	MADV_WILLNEED,
	MADV_DONTNEED,
	MADV_FREE = 8,
	MADV_REMOVE,
	MADV_DONTFORK,
	MADV_DOFORK,
	MADV_DONTDUMP = 16,
	MADV_DODUMP,
	MADV_WIPEONFORK,
	MADV_KEEPONFORK,
	MADV_COLD,
	MADV_PAGEOUT,
	MADV_POPULATE_READ,
	MADV_POPULATE_WRITE,
	MADV_DONTNEED_LOCKED,
};
#define LX_MS_ASYNC       1
#define LX_MS_INVALIDATE  2
#define LX_MS_SYNC        4
#define FALLOC_KEEP_SIZE  1
#define FALLOC_PUNCH_HOLE 2
#define WILLNEED_MAX      (512 * PAGE_SIZE)

static int discard(struct mm *m, struct vma *v, uint64_t start, uint64_t end,
		   int advice)
{
	if (v->flags & VMA_PFN)
		return -EINVAL;
	if ((v->flags & VMA_LOCKED) && advice != MADV_DONTNEED_LOCKED)
		return -EINVAL;
	if (advice == MADV_FREE && vma_cache(v))
		return -EINVAL;
	pt_zap(m, v, start, end);
	return 0;
}

/* Work on a file that must be done without mm.lock. */
struct later {
	struct file *file; /* reference */
	uint64_t from, to; /* bytes of it */
};

static void set_later(struct later *l, const struct vma *v, uint64_t start,
		      uint64_t end)
{
	l->file = v->file;
	file_get(l->file);
	l->from = vma_index(v, start) << PAGE_SHIFT;
	l->to = l->from + (end - start);
}

static int remove_later(struct later *l, const struct vma *v, uint64_t start,
			uint64_t end)
{
	if (v->flags & VMA_LOCKED)
		return -EINVAL;
	if (!v->file || !v->file->ops->fallocate)
		return -EINVAL;
	if (!(v->flags & VMA_SHARED) || !(v->flags & VMA_MAYWRITE))
		return -EACCES;
	set_later(l, v, start, end);
	return 0;
}

static int advise_area(struct mm *m, struct vma *v, uint64_t start,
		       uint64_t end, int advice, struct later *l)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
		return discard(m, v, start, end, advice);
	case MADV_DONTFORK:
		return area_set_flags(m, start, end, VMA_DONTFORK, 0);
	case MADV_DOFORK:
		if (v->flags & VMA_PFN)
			return -EINVAL;
		return area_set_flags(m, start, end, 0, VMA_DONTFORK);
	case MADV_WIPEONFORK:
		if (vma_cache(v))
			return -EINVAL;
		return area_set_flags(m, start, end, VMA_WIPEONFORK, 0);
	case MADV_KEEPONFORK:
		return area_set_flags(m, start, end, 0, VMA_WIPEONFORK);
	case MADV_WILLNEED:
		if (v->file && vma_cache(v)->ops)
			set_later(l, v, start, min(end, start + WILLNEED_MAX));
		return 0;
	case MADV_REMOVE:
		return remove_later(l, v, start, end);
	default:
		return 0;
	}
}

static int run_later(struct later *l, int advice)
{
	struct pagecache *c = &l->file->inode->cache;
	int err = 0;

	if (advice == MADV_REMOVE) {
		err = l->file->ops->fallocate(
			l->file, FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE, l->from,
			l->to - l->from);
	} else {
		uint64_t last = min(l->to >> PAGE_SHIFT, cache_pages(c));

		for (uint64_t i = l->from >> PAGE_SHIFT; i < last; i++) {
			struct page *p;

			if (pagecache_get(c, i, false, &p))
				break; /* it was only a hint */
			if (p)
				page_put(p);
		}
	}
	file_put(l->file);
	return err;
}

/* Area by area, up to the first that is not there or does not allow it. */
static int populate(struct mm *m, uint64_t addr, uint64_t end, bool store)
{
	unsigned access = store ? ACCESS_WRITE : ACCESS_READ;
	int err = 0;

	while (addr < end && !err) {
		uint64_t from = addr;
		struct vma *v;

		mutex_lock(&m->lock);
		v = mm_find(m, addr);
		if (!v || v->start > addr)
			err = -ENOMEM;
		else if (v->flags & VMA_PFN ||
			 !(v->prot & (store ? PROT_W : PROT_R)))
			err = -EINVAL;
		else
			addr = min(end, v->end);
		mutex_unlock(&m->lock);
		if (!err)
			err = fault_range_for(m, from, addr, access);
	}
	return err;
}

static bool known_advice(int advice)
{
	return (advice >= MADV_NORMAL && advice <= MADV_DONTNEED) ||
	       (advice >= MADV_FREE && advice <= MADV_DOFORK) ||
	       (advice >= MADV_DONTDUMP && advice <= MADV_DONTNEED_LOCKED);
}

/* Linux's madvise(2): holes are passed over and make it -ENOMEM. */
int mm_advise(struct mm *m, uint64_t addr, uint64_t len, int advice)
{
	uint64_t end = addr + page_up(len);
	int err = 0, hole = 0;

	if (!known_advice(advice) || addr % PAGE_SIZE || page_up(len) < len ||
	    end < addr)
		return -EINVAL;
	if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE)
		return populate(m, addr, end, advice == MADV_POPULATE_WRITE);
	while (addr < end && !err) {
		struct later l = { 0 };
		struct vma *v;

		mutex_lock(&m->lock);
		v = mm_find(m, addr);
		if (!v || v->start > addr)
			hole = -ENOMEM;
		if (v && v->start < end) {
			uint64_t start = max(addr, v->start);

			addr = min(end, v->end);
			err = advise_area(m, v, start, addr, advice, &l);
		} else {
			addr = end;
		}
		mutex_unlock(&m->lock);
		if (l.file && !err)
			err = run_later(&l, advice);
	}
	return err ? err : hole;
}

/* Its tasks never see user mode again; what they still copy reads zeros. */
void mm_release_dying(struct mm *m)
{
	struct vma *v;

	mutex_lock(&m->lock);
	for (v = mm_find(m, 0); v; v = mm_next(v))
		if (!vma_cache(v) && !(v->flags & VMA_PFN))
			pt_zap(m, v, v->start, v->end);
	mutex_unlock(&m->lock);
}

static int sync_file(struct later *l)
{
	int err = pagecache_sync(&l->file->inode->cache, l->from, l->to);

	if (!err && l->file->ops->fsync)
		err = l->file->ops->fsync(l->file, true);
	file_put(l->file);
	return err;
}

/* Linux's msync(2). */
int mm_sync(struct mm *m, uint64_t addr, uint64_t len, int flags)
{
	uint64_t end = addr + page_up(len);
	int err = 0, hole = 0;

	if ((flags & ~(LX_MS_ASYNC | LX_MS_INVALIDATE | LX_MS_SYNC)) ||
	    addr % PAGE_SIZE || ((flags & LX_MS_ASYNC) && (flags & LX_MS_SYNC)))
		return -EINVAL;
	if (end < addr)
		return -ENOMEM;
	while (addr < end && !err) {
		struct later l = { 0 };
		struct vma *v;

		mutex_lock(&m->lock);
		v = mm_find(m, addr);
		if (!v || v->start > addr)
			hole = -ENOMEM;
		if (v && v->start < end) {
			uint64_t start = max(addr, v->start);

			addr = min(end, v->end);
			if ((flags & LX_MS_INVALIDATE) &&
			    (v->flags & VMA_LOCKED))
				err = -EBUSY;
			else if ((flags & LX_MS_SYNC) && v->file &&
				 (v->flags & VMA_SHARED))
				set_later(&l, v, start, addr);
		} else {
			addr = end;
		}
		mutex_unlock(&m->lock);
		if (l.file)
			err = sync_file(&l);
	}
	return err ? err : hole;
}

static bool in_core(struct mm *m, const struct vma *v, uint64_t addr)
{
	struct pagecache *c = vma_cache(v);
	bool there;

	spin_lock(&m->pt_lock);
	there = arch_pt_walk(&m->pt, addr, NULL, NULL);
	spin_unlock(&m->pt_lock);
	if (there || !c)
		return there;
	mutex_lock(&c->lock);
	there = cache_find(c, vma_index(v, addr));
	mutex_unlock(&c->lock);
	return there;
}

int mm_incore(struct mm *m, uint64_t addr, unsigned n, uint8_t *vec)
{
	int err = 0;

	mutex_lock(&m->lock);
	for (unsigned i = 0; i < n && !err; i++, addr += PAGE_SIZE) {
		const struct vma *v = mm_find(m, addr);

		if (!v || v->start > addr)
			err = -ENOMEM;
		else
			vec[i] = in_core(m, v, addr);
	}
	mutex_unlock(&m->lock);
	return err;
}
