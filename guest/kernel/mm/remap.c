/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remap.c: mremap.
 *
 * An area grows in place where there is room; else its pages move to a new one
 * without being copied.  A file area is in two places of the page tables for a
 * moment: cache.lock is held meanwhile, so that truncation sees both or one.
 */
#include "kuni/mm.h"

#include "internal.h"
#include "kuni/task.h"
#include "layout.h"

#define MREMAP_MAYMOVE   1
#define MREMAP_FIXED     2
#define MREMAP_DONTUNMAP 4

struct remap {
	struct mm *m;
	uint64_t addr, old_len, new_len, new_addr;
	int flags;
	struct vma *dead;
	uint64_t populate, populate_end; /* of a locked area, afterwards */
};

static int check_flags(struct remap *r)
{
	int flags = r->flags;

	if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
	    !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((flags & MREMAP_DONTUNMAP) && r->old_len != r->new_len)
		return -EINVAL;
	if (r->addr % PAGE_SIZE || r->old_len > USER_END)
		return -EINVAL;
	r->old_len = page_up(r->old_len);
	r->new_len = page_up(r->new_len);
	return r->new_len ? 0 : -EINVAL;
}

static int check_fixed(const struct remap *r)
{
	if (r->new_addr % PAGE_SIZE || !range_ok(r->new_addr, r->new_len))
		return -EINVAL;
	if (r->addr < r->new_addr + r->new_len &&
	    r->new_addr < r->addr + r->old_len)
		return -EINVAL;
	if (r->new_addr < MMAP_MIN_ADDR)
		return -EPERM;
	return 0;
}

/* Whether v may be given new_len bytes from addr on. */
static int check_area(const struct remap *r, const struct vma *v)
{
	uint64_t more = r->new_len > r->old_len ? r->new_len - r->old_len : 0;

	if (v->start > r->addr)
		return -EFAULT;
	if (v->flags & VMA_PFN)
		return -EINVAL;
	if (!r->old_len && !(v->flags & VMA_SHARED))
		return -EINVAL;
	if (r->old_len > v->end - r->addr)
		return -EFAULT;
	if (!more)
		return 0;
	if ((v->flags & VMA_LOCKED) && !area_may_lock(r->m, more >> PAGE_SHIFT))
		return -EAGAIN;
	return area_limits(r->m, more >> PAGE_SHIFT, v->prot, v->flags);
}

static bool grow_in_place(struct remap *r, struct vma *v)
{
	uint64_t end = r->addr + r->new_len;

	if (r->addr + r->old_len != v->end || !r->old_len ||
	    !range_ok(r->addr, r->new_len) || vma_overlaps(r->m, v->end, end))
		return false;
	r->populate = v->flags & VMA_LOCKED ? v->end : 0;
	r->populate_end = end;
	area_lock(v);
	vma_resize(r->m, v, v->start, end);
	area_unlock(v);
	area_merge(r->m, v, &r->dead);
	return true;
}

/* Moves [addr, addr + old_len) to a new area at to. */
static long move_area(struct remap *r, uint64_t to)
{
	struct vma *v, *nv;
	int err = 0;

	if (r->m->nvma + 3 > MAX_MAP_COUNT)
		return -ENOMEM;
	if (r->old_len)
		err = area_isolate(r->m, r->addr, r->addr + r->old_len);
	if (err)
		return err;
	v = mm_find(r->m, r->addr);
	nv = area_clone(v, r->m);
	if (!nv)
		return -ENOMEM;
	nv->start = to;
	nv->end = to + r->new_len;
	nv->pgoff = vma_index(v, r->addr);
	area_lock(nv);
	vma_insert(r->m, nv);
	if (r->old_len)
		err = pt_move(r->m, r->addr, to, r->old_len);
	if (err)
		vma_remove(r->m, nv);
	area_unlock(nv);
	if (err) {
		nv->flags = 0;
		nv->next_dead = r->dead;
		r->dead = nv;
		return err;
	}
	r->populate = nv->flags & VMA_LOCKED ? to : 0;
	r->populate_end = to + r->new_len;
	area_merge(r->m, nv, &r->dead);
	if (r->old_len && !(r->flags & MREMAP_DONTUNMAP))
		err = area_unmap(r->m, r->addr, r->addr + r->old_len, &r->dead);
	return err ? err : (long)to;
}

static long remap_fixed(struct remap *r)
{
	struct vma *v;
	int err = check_fixed(r);

	if (!err)
		err = area_unmap(r->m, r->new_addr, r->new_addr + r->new_len,
				 &r->dead);
	if (!err && r->old_len > r->new_len) {
		err = area_unmap(r->m, r->addr + r->new_len,
				 r->addr + r->old_len, &r->dead);
		r->old_len = r->new_len;
	}
	if (err)
		return err;
	v = mm_find(r->m, r->addr);
	if (!v)
		return -EFAULT;
	err = check_area(r, v);
	return err ? err : move_area(r, r->new_addr);
}

static long remap_locked(struct remap *r)
{
	struct vma *v = mm_find(r->m, r->addr);
	long to;
	int err;

	if (!v || v->start > r->addr)
		return -EFAULT;
	if (r->flags & MREMAP_FIXED)
		return remap_fixed(r);
	if (r->new_len > USER_END)
		return -ENOMEM;
	if (r->old_len >= r->new_len && !(r->flags & MREMAP_DONTUNMAP)) {
		err = r->old_len == r->new_len
			      ? 0
			      : area_unmap(r->m, r->addr + r->new_len,
					   r->addr + r->old_len, &r->dead);
		return err ? err : (long)r->addr;
	}
	err = check_area(r, v);
	if (err)
		return err;
	if (!(r->flags & MREMAP_DONTUNMAP) && grow_in_place(r, v))
		return (long)r->addr;
	if (!(r->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	to = area_place(r->m, r->new_len);
	return to < 0 ? to : move_area(r, (uint64_t)to);
}

/* Linux's mremap(2). */
long mm_remap(struct mm *m, uint64_t addr, uint64_t old_len, uint64_t new_len,
	      int flags, uint64_t new_addr)
{
	struct remap r = { .m = m,
			   .addr = addr,
			   .old_len = old_len,
			   .new_len = new_len,
			   .new_addr = new_addr,
			   .flags = flags };
	long ret = check_flags(&r);

	if (ret)
		return ret;
	mutex_lock(&m->lock);
	ret = remap_locked(&r);
	mutex_unlock(&m->lock);
	area_free_list(r.dead);
	if (ret >= 0 && r.populate)
		(void)!fault_range(m, r.populate, r.populate_end);
	return ret;
}
