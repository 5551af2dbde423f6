/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vma.c: the ordered map of areas of an address space.
 *
 * Pure: trees, lists and numbers, no locks, no allocation, no page tables, so
 * that it is tested on the build machine.  Areas never overlap and are never
 * empty.  The caller holds mm.lock, and the cache's lock of a file area.
 *
 * Free addresses are found from the top down.  gap_top and gap_max say: no gap
 * at or above gap_top is longer than gap_max; so a search that wants more
 * starts at gap_top, and a long list of areas is not walked at every mmap.
 */
#include "kuni/mm.h"

#include "internal.h"
#include "kuni/klog.h"

static int vma_cmp(const struct vma *a, const struct vma *b)
{
	return a->start < b->start ? -1 : a->start > b->start;
}
RB_GENERATE_INTERNAL(vma_tree, vma, node, vma_cmp,
		     __attribute__((unused)) static)

/* The lowest area whose end is above addr; NULL: none. */
struct vma *mm_find(struct mm *m, uint64_t addr)
{
	struct vma *v = RB_ROOT(&m->vmas), *best = NULL;

	while (v) {
		if (v->end > addr) {
			best = v;
			if (v->start <= addr)
				break;
			v = RB_LEFT(v, node);
		} else {
			v = RB_RIGHT(v, node);
		}
	}
	return best;
}

struct vma *mm_next(struct vma *v)
{
	return vma_tree_RB_NEXT(v);
}

struct vma *vma_prev(struct vma *v)
{
	return vma_tree_RB_PREV(v);
}

static struct vma *last_below(struct mm *m, struct vma *next)
{
	return next ? vma_prev(next) : RB_MAX(vma_tree, &m->vmas);
}

/* Whether its pages count against RLIMIT_DATA. */
bool rss_private(const struct vma *v)
{
	return (v->prot & PROT_W) &&
	       !(v->flags & (VMA_SHARED | VMA_GROWSDOWN | VMA_STACK));
}

static void account(struct mm *m, const struct vma *v, bool add)
{
	uint64_t n = add ? vma_pages(v) : 0 - vma_pages(v);

	m->total_pages += n;
	if (rss_private(v))
		m->data_pages += n;
	if (v->flags & VMA_LOCKED)
		m->locked_pages += n;
}

/* A gap that ends where the area after addr begins has appeared or grown. */
static void note_gap(struct mm *m, uint64_t addr)
{
	struct vma *next = mm_find(m, addr);
	uint64_t end = next ? next->start : m->mmap_top;

	if (!m->gap_top) /* nobody has searched yet */
		return;
	if (end > m->mmap_top)
		end = m->mmap_top;
	if (end > m->gap_top)
		m->gap_top = end;
}

/* Puts v, which overlaps nothing, into the map and on its file's list. */
void vma_insert(struct mm *m, struct vma *v)
{
	ensure(v->start < v->end);
	ensure(!vma_tree_RB_INSERT(&m->vmas, v));
	v->mm = m;
	if (v->file)
		LIST_INSERT_HEAD(&v->file->inode->cache.mappings, v,
				 mapping_link);
	m->nvma++;
	account(m, v, true);
}

void vma_remove(struct mm *m, struct vma *v)
{
	vma_tree_RB_REMOVE(&m->vmas, v);
	if (v->file)
		LIST_REMOVE(v, mapping_link);
	m->nvma--;
	account(m, v, false);
	note_gap(m, v->start);
}

/* Moves the bounds of v, which stays between its neighbours. */
void vma_resize(struct mm *m, struct vma *v, uint64_t start, uint64_t end)
{
	bool gap = start > v->start || end < v->end;
	uint64_t old = v->start;

	ensure(start < end);
	account(m, v, false);
	v->pgoff += (start - v->start) >> PAGE_SHIFT;
	if (start < v->start) /* the shift above was of a negative number */
		v->pgoff -= 1UL << (64 - PAGE_SHIFT);
	v->start = start;
	v->end = end;
	account(m, v, true);
	if (gap) {
		note_gap(m, old);
		note_gap(m, end);
	}
}

void vma_change(struct mm *m, struct vma *v, uint32_t prot, uint32_t flags)
{
	account(m, v, false);
	v->prot = prot;
	v->flags = flags;
	account(m, v, true);
}

/* Cuts v at address at: upper becomes a copy of v's part above.  The file or
 * shm reference of upper is the caller's business. */
void vma_split(struct mm *m, struct vma *v, uint64_t at, struct vma *upper)
{
	ensure(at > v->start && at < v->end);
	*upper = *v;
	upper->next_dead = NULL;
	upper->start = at;
	upper->pgoff = vma_index(v, at);
	account(m, v, false);
	v->end = at;
	account(m, v, true);
	vma_insert(m, upper);
}

/* Whether b, right above a, is a's continuation. */
bool vma_can_merge(const struct vma *a, const struct vma *b)
{
	if (a->end != b->start || a->prot != b->prot || a->flags != b->flags ||
	    a->file != b->file || a->shm != b->shm ||
	    (a->flags & (VMA_PFN | VMA_GROWSDOWN)))
		return false;
	return (!a->file && !a->shm) || vma_index(a, a->end) == b->pgoff;
}

/* Joins v with its neighbours where they continue it.  What is left over is
 * chained on *dead; the area that holds v's range is returned. */
struct vma *vma_merge(struct mm *m, struct vma *v, struct vma **dead)
{
	struct vma *prev = vma_prev(v), *next = mm_next(v);

	if (next && vma_can_merge(v, next)) {
		uint64_t end = next->end;

		vma_remove(m, next);
		next->next_dead = *dead;
		*dead = next;
		vma_resize(m, v, v->start, end);
	}
	if (prev && vma_can_merge(prev, v)) {
		uint64_t end = v->end;

		vma_remove(m, v);
		v->next_dead = *dead;
		*dead = v;
		vma_resize(m, prev, prev->start, end);
		return prev;
	}
	return v;
}

bool vma_overlaps(struct mm *m, uint64_t start, uint64_t end)
{
	struct vma *v = mm_find(m, start);

	return v && v->start < end;
}

/* Where v begins for its neighbour below: a stack keeps a guard gap. */
static uint64_t guarded_start(const struct vma *v)
{
	if (!(v->flags & VMA_GROWSDOWN))
		return v->start;
	return v->start > STACK_GUARD ? v->start - STACK_GUARD : 0;
}

/* The highest free range of len bytes within [low, high): its start, or 0. */
uint64_t vma_gap(struct mm *m, uint64_t len, uint64_t low, uint64_t high)
{
	bool usual = low == MMAP_MIN_ADDR && high == m->mmap_top;
	bool hinted =
		usual && m->gap_top && m->gap_top <= high && len > m->gap_max;
	uint64_t limit = hinted ? m->gap_top : high;
	uint64_t skipped = hinted ? m->gap_max : 0;
	struct vma *next = mm_find(m, limit - 1);
	struct vma *prev = last_below(m, next);

	if (next)
		limit = min(limit, guarded_start(next));
	for (;;) {
		uint64_t floor = prev ? max(prev->end, low) : low;
		uint64_t room = limit > floor ? limit - floor : 0;

		if (room >= len)
			break;
		skipped = max(skipped, room);
		if (!prev || prev->end <= low)
			return 0;
		limit = guarded_start(prev);
		prev = vma_prev(prev);
	}
	if (usual) {
		m->gap_top = limit;
		m->gap_max = skipped;
	}
	return limit - len;
}
