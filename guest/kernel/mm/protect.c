/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protect.c: mprotect and mlock: what changes areas of a range in place.
 *
 * As on Linux, areas are changed from the low end on, and those before an
 * error stay changed.
 */
#include "kuni/mm.h"

#include "internal.h"
#include "kuni/task.h"

#define LX_PROT_SEM       8
#define LX_PROT_GROWSDOWN 0x01000000
#define MCL_CURRENT       1
#define MCL_FUTURE        2
#define MCL_ONFAULT       4

static int may_protect(const struct mm *m, const struct vma *v, uint32_t prot)
{
	const struct mount *mnt = v->file ? v->file->path.mnt : NULL;
	struct vma probe = { .prot = prot, .flags = v->flags };

	if (v->flags & VMA_PFN)
		return -EACCES;
	if ((prot & PROT_W) && (v->flags & VMA_SHARED) &&
	    !(v->flags & VMA_MAYWRITE))
		return -EACCES;
	if ((prot & PROT_X) && mnt && (mnt->flags & MS_NOEXEC))
		return -EACCES;
	if (rss_private(&probe) && !rss_private(v))
		return area_limits(m, 0, prot, v->flags) ||
				       m->data_pages + vma_pages(v) >
					       rlimit_get(RLIMIT_DATA) >>
					       PAGE_SHIFT
			       ? -ENOMEM
			       : 0;
	return 0;
}

/* Gives [start, end), inside of v, new permissions and flags; the area that
 * holds it in *v. */
static int change(struct mm *m, struct vma **v, uint64_t start, uint64_t end,
		  uint32_t prot, uint32_t flags, struct vma **dead)
{
	bool tables = prot != (*v)->prot;
	int err = area_isolate(m, start, end);

	if (err)
		return err;
	*v = mm_find(m, start);
	vma_change(m, *v, prot, flags);
	if (tables)
		pt_protect(m, *v, start, end);
	*v = area_merge(m, *v, dead);
	return 0;
}

static int protect_range(struct mm *m, uint64_t start, uint64_t end,
			 uint32_t prot, struct vma **dead)
{
	struct vma *v = mm_find(m, start);
	int err;

	for (; start < end; v = mm_find(m, start)) {
		if (!v || v->start > start)
			return -ENOMEM;
		if (v->prot != prot) {
			err = may_protect(m, v, prot);
			if (!err)
				err = change(m, &v, start, min(end, v->end),
					     prot, v->flags, dead);
			if (err)
				return err;
		}
		start = v->end;
	}
	return 0;
}

/* Linux's mprotect(2). */
int mm_protect(struct mm *m, uint64_t addr, uint64_t len, int prot)
{
	struct vma *v, *dead = NULL;
	uint64_t end = addr + page_up(len);
	int err = 0;

	if (addr % PAGE_SIZE ||
	    ((unsigned)prot & ~(7U | LX_PROT_SEM | LX_PROT_GROWSDOWN)))
		return -EINVAL;
	if (!len)
		return 0;
	if (!range_ok(addr, len))
		return -ENOMEM;
	mutex_lock(&m->lock);
	if (prot & LX_PROT_GROWSDOWN) {
		v = mm_find(m, addr);
		if (!v || v->start >= end)
			err = -ENOMEM;
		else if (!(v->flags & VMA_GROWSDOWN))
			err = -EINVAL;
		else
			addr = v->start;
	}
	if (!err)
		err = protect_range(m, addr, end, (uint32_t)prot & 7, &dead);
	mutex_unlock(&m->lock);
	area_free_list(dead);
	return err;
}

/* Sets or clears flags of [start, end); -ENOMEM at a hole. */
int area_set_flags(struct mm *m, uint64_t start, uint64_t end, uint32_t set,
		   uint32_t clear)
{
	struct vma *dead = NULL, *v;
	int err = 0;

	while (start < end && !err) {
		uint32_t flags;

		v = mm_find(m, start);
		if (!v || v->start > start) {
			err = -ENOMEM;
			break;
		}
		flags = (v->flags | set) & ~clear;
		if (flags != v->flags)
			err = change(m, &v, start, min(end, v->end), v->prot,
				     flags, &dead);
		start = v->end;
	}
	/* merging drops references that their neighbour keeps: no last one */
	while (dead) {
		v = dead;
		dead = v->next_dead;
		area_free(v);
	}
	return err;
}

static uint64_t unlocked_pages(struct mm *m, uint64_t start, uint64_t end)
{
	struct vma *v = mm_find(m, start);
	uint64_t n = 0;

	for (; v && v->start < end; v = mm_next(v)) {
		if (!(v->flags & VMA_LOCKED))
			n += (min(v->end, end) - max(v->start, start)) >>
			     PAGE_SHIFT;
	}
	return n;
}

/* Linux's mlock(2), mlock2(2), munlock(2). */
int mm_lock_pages(struct mm *m, uint64_t addr, uint64_t len,
		  enum mm_lock_how how)
{
	uint64_t start = page_down(addr), end;
	int err;

	if (addr + len < addr)
		return -EINVAL;
	end = page_up(addr + len);
	if (end < start)
		return -EINVAL;
	if (how != MM_UNLOCK && !capable(CAP_IPC_LOCK) &&
	    !rlimit_get(RLIMIT_MEMLOCK))
		return -EPERM;
	mutex_lock(&m->lock);
	if (how == MM_UNLOCK)
		err = area_set_flags(m, start, end, 0, VMA_LOCKED);
	else if (!area_may_lock(m, unlocked_pages(m, start, end)))
		err = -ENOMEM;
	else
		err = area_set_flags(m, start, end, VMA_LOCKED, 0);
	mutex_unlock(&m->lock);
	if (!err && how == MM_LOCK)
		err = fault_range(m, start, end);
	return err;
}

static int lock_current(struct mm *m, bool on)
{
	uint64_t at = 0;
	struct vma *v;
	int err = 0;

	while (!err && (v = mm_find(m, at))) {
		at = v->end; /* v may be merged with another one, and freed */
		if (!(v->flags & VMA_PFN))
			err = area_set_flags(m, v->start, at,
					     on ? VMA_LOCKED : 0,
					     on ? 0 : VMA_LOCKED);
	}
	return err;
}

/* Linux's mlockall(2); flags 0: munlockall(2). */
int mm_lock_all(struct mm *m, int flags)
{
	uint64_t at = 0;
	int err = 0;

	if (flags && !capable(CAP_IPC_LOCK) && !rlimit_get(RLIMIT_MEMLOCK))
		return -EPERM;
	mutex_lock(&m->lock);
	if ((flags & MCL_CURRENT) &&
	    !area_may_lock(m, m->total_pages - m->locked_pages))
		err = -ENOMEM;
	if (!err) {
		m->def_flags = flags & MCL_FUTURE ? VMA_LOCKED : 0;
		if (!flags || (flags & MCL_CURRENT))
			err = lock_current(m, flags != 0);
	}
	mutex_unlock(&m->lock);
	while (!err && (flags & MCL_CURRENT) && !(flags & MCL_ONFAULT)) {
		uint64_t start = 0, end = 0;
		struct vma *v;

		mutex_lock(&m->lock);
		v = mm_find(m, at);
		if (v) {
			start = max(at, v->start);
			end = v->end;
		}
		mutex_unlock(&m->lock);
		if (!end)
			break;
		(void)!fault_range(m, start, end); /* as Linux: best effort */
		at = end;
	}
	return err;
}
