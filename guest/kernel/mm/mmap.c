/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmap.c: mmap, munmap and brk.
 *
 * Values, checks and their order are Linux's (do_mmap): programs tell their
 * errors apart.  What a mapping needs is made before mm.lock is taken; areas
 * and files that go are freed after it is released.
 *
 * file_ops.mmap is called before the address is chosen (start is 0, end the
 * length).  It may refuse, change flags and prot, or set v->file to NULL: then
 * the area is anonymous memory (/dev/zero).
 */
#include "kuni/mm.h"

#include "internal.h"
#include "kuni/task.h"
#include "layout.h"

#define LOW_START 0x40000000UL /* MAP_32BIT */
#define LOW_END   0x80000000UL
/* what MAP_SHARED_VALIDATE knows: everything older than itself */
#define LEGACY_FLAGS 0x4ffff3UL

static int check_file(const struct file *f, int prot, int flags)
{
	int type = flags & LX_MAP_TYPE;

	if (type == LX_MAP_SHARED_VALIDATE &&
	    ((unsigned)flags & ~LEGACY_FLAGS & ~(unsigned)LX_MAP_TYPE))
		return -EOPNOTSUPP;
	if (type != LX_MAP_SHARED && type != LX_MAP_PRIVATE &&
	    type != LX_MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (type != LX_MAP_PRIVATE && (prot & LX_PROT_WRITE) &&
	    !file_writable(f))
		return -EACCES;
	if (!file_readable(f))
		return -EACCES;
	if ((prot & LX_PROT_EXEC) && f->path.mnt &&
	    (f->path.mnt->flags & MS_NOEXEC))
		return -EPERM;
	if (!f->ops->mmap &&
	    (!S_ISREG(f->inode->mode) || !f->inode->cache.inode))
		return -ENODEV;
	if (flags & LX_MAP_GROWSDOWN)
		return -EINVAL;
	return 0;
}

static int check_map(uint64_t *len, int prot, int flags, const struct file *f,
		     uint64_t off)
{
	int type = flags & LX_MAP_TYPE;

	if (!*len || off % PAGE_SIZE)
		return -EINVAL;
	if (*len > USER_END)
		return -ENOMEM;
	*len = page_up(*len);
	if (off + *len < off)
		return -EOVERFLOW;
	if (flags & LX_MAP_HUGETLB) /* there is no pool of them */
		return -ENOMEM;
	if (f)
		return check_file(f, prot, flags);
	if (type != LX_MAP_SHARED && type != LX_MAP_PRIVATE)
		return -EINVAL;
	return 0;
}

static uint32_t area_flags(const struct mm *m, int flags, const struct file *f)
{
	uint32_t r = m->def_flags;

	if ((flags & LX_MAP_TYPE) != LX_MAP_PRIVATE) {
		r |= VMA_SHARED;
		if (!f || file_writable(f))
			r |= VMA_MAYWRITE;
	}
	if (flags & LX_MAP_GROWSDOWN)
		r |= VMA_GROWSDOWN | (flags & LX_MAP_STACK ? VMA_STACK : 0);
	if (flags & LX_MAP_NORESERVE)
		r |= VMA_NORESERVE;
	if (flags & LX_MAP_LOCKED)
		r |= VMA_LOCKED;
	return r;
}

/* An area for the mapping that is not in the map yet. */
static int prepare(struct mm *m, uint64_t len, int prot, int flags,
		   struct file *f, struct vma **out)
{
	struct vma *v = area_alloc(m);
	int err = 0;

	if (!v)
		return -ENOMEM;
	v->end = len;
	v->prot = (uint32_t)prot & 7;
	v->flags = area_flags(m, flags, f);
	v->file = f;
	if (f && f->ops->mmap)
		err = f->ops->mmap(f, v);
	if (v->file)
		file_get(v->file);
	if (!err && !v->file && (v->flags & VMA_SHARED))
		err = shm_create(&v->shm);
	if (err) {
		area_free(v);
		return err;
	}
	*out = v;
	return 0;
}

static long fixed_address(struct mm *m, uint64_t addr, uint64_t len, int flags)
{
	if (addr % PAGE_SIZE)
		return -EINVAL;
	if (!range_ok(addr, len))
		return -ENOMEM;
	if (addr < MMAP_MIN_ADDR)
		return -EPERM;
	if ((flags & LX_MAP_FIXED_NOREPLACE) &&
	    vma_overlaps(m, addr, addr + len))
		return -EEXIST;
	return (long)addr;
}

/* Where a mapping of len bytes goes; addr is the wish. */
static long choose_address(struct mm *m, uint64_t addr, uint64_t len, int flags)
{
	uint64_t at = 0;

	if (flags & (LX_MAP_FIXED | LX_MAP_FIXED_NOREPLACE))
		return fixed_address(m, addr, len, flags);
	if (addr) {
		addr = max(page_up(addr), MMAP_MIN_ADDR);
		if (range_ok(addr, len) && !vma_overlaps(m, addr, addr + len))
			return (long)addr;
	}
	if (flags & LX_MAP_32BIT)
		at = vma_gap(m, len, LOW_START, LOW_END);
	else
		at = vma_gap(m, len, MMAP_MIN_ADDR, m->mmap_top);
	if (!at && !(flags & LX_MAP_32BIT))
		at = vma_gap(m, len, MMAP_MIN_ADDR, USER_END);
	return at ? (long)at : -ENOMEM;
}

/* Finds a place without the policy of mm_map(), for mremap. */
long area_place(struct mm *m, uint64_t len)
{
	return choose_address(m, 0, len, 0);
}

static int check_room(const struct mm *m, const struct vma *v)
{
	uint64_t pages = vma_pages(v);

	if (m->nvma >= MAX_MAP_COUNT)
		return -ENOMEM;
	if ((v->flags & VMA_LOCKED) && !area_may_lock(m, pages))
		return -EAGAIN;
	if (!(v->flags & VMA_NORESERVE) && (v->prot & PROT_W) && !v->file &&
	    pages > page_total()) /* can never be filled */
		return -ENOMEM;
	return area_limits(m, pages, v->prot, v->flags);
}

/* Puts v, which has its length, at addr or where there is room. */
static long place(struct mm *m, struct vma *v, uint64_t addr, int flags,
		  struct vma **dead)
{
	uint64_t len = v->end - v->start;
	long at = choose_address(m, addr, len, flags);
	int err;

	if (at < 0)
		return at;
	err = check_room(m, v);
	if (!err)
		err = area_unmap(m, (uint64_t)at, (uint64_t)at + len, dead);
	if (err)
		return err;
	v->start = (uint64_t)at;
	v->end = v->start + len;
	area_lock(v);
	vma_insert(m, v);
	area_unlock(v);
	area_merge(m, v, dead);
	return at;
}

long mm_map(struct mm *m, uint64_t addr, uint64_t len, int prot, int flags,
	    struct file *f, uint64_t off)
{
	struct vma *v, *dead = NULL;
	bool populate;
	long at;
	int err = check_map(&len, prot, flags, f, off);

	if (!err)
		err = prepare(m, len, prot, flags, f, &v);
	if (err)
		return err;
	v->pgoff = off >> PAGE_SHIFT;
	populate = (v->flags & VMA_LOCKED) ||
		   ((flags & LX_MAP_POPULATE) && !(flags & LX_MAP_NONBLOCK));
	mutex_lock(&m->lock);
	at = place(m, v, addr, flags, &dead);
	mutex_unlock(&m->lock);
	if (at < 0)
		area_free(v);
	area_free_list(dead);
	/* the mapping stands whether or not its pages could be had */
	if (at >= 0 && populate)
		(void)!fault_range(m, (uint64_t)at, (uint64_t)at + len);
	return at;
}

/* Linux's munmap(2). */
int mm_unmap(struct mm *m, uint64_t addr, uint64_t len)
{
	struct vma *dead = NULL;
	int err;

	if (addr % PAGE_SIZE || !len || !range_ok(addr, len))
		return -EINVAL;
	mutex_lock(&m->lock);
	err = area_unmap(m, addr, addr + page_up(len), &dead);
	mutex_unlock(&m->lock);
	area_free_list(dead);
	return err;
}

static int brk_grow(struct mm *m, uint64_t from, uint64_t to, struct vma **dead)
{
	struct vma *v, *next = mm_find(m, from);
	uint32_t flags = VMA_HEAP | m->def_flags;
	uint64_t pages = (to - from) >> PAGE_SHIFT;

	/* a page free above it, and the guard gap of a stack */
	if (next &&
	    next->start <
		    to + PAGE_SIZE +
			    (next->flags & VMA_GROWSDOWN ? STACK_GUARD : 0))
		return -ENOMEM;
	if (area_limits(m, pages, PROT_R | PROT_W, flags) ||
	    m->nvma >= MAX_MAP_COUNT ||
	    ((flags & VMA_LOCKED) && !area_may_lock(m, pages)))
		return -ENOMEM;
	v = area_alloc(m);
	if (!v)
		return -ENOMEM;
	v->start = from;
	v->end = to;
	v->prot = PROT_R | PROT_W;
	v->flags = flags;
	vma_insert(m, v);
	area_merge(m, v, dead);
	return 0;
}

uint64_t mm_brk(struct mm *m, uint64_t brk)
{
	struct vma *dead = NULL;
	uint64_t from, to, limit = rlimit_get(RLIMIT_DATA);
	bool populate = false;
	int err = 0;

	mutex_lock(&m->lock);
	from = page_up(m->brk);
	to = page_up(brk);
	if (brk < m->brk_start || brk > USER_END ||
	    brk - m->brk_start + (m->end_data - m->start_data) > limit)
		err = -ENOMEM;
	else if (to < from)
		err = area_unmap(m, to, from, &dead);
	else if (to > from)
		err = brk_grow(m, from, to, &dead);
	if (!err) {
		populate = to > from && (m->def_flags & VMA_LOCKED);
		m->brk = brk;
	}
	brk = m->brk;
	mutex_unlock(&m->lock);
	area_free_list(dead);
	if (populate)
		(void)!fault_range(m, from, to);
	return brk;
}
