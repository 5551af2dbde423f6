/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pagecache_map.c: from a cache to the page tables that show its pages.
 *
 * cache.mappings lists every area of the inode.  An area joins, leaves and
 * moves its bounds under cache.lock, and its pages are mapped under it, so with the
 * lock held the list is complete and nothing new appears.
 */
#include "kuni/mm.h"

#include "internal.h"

/* The addresses of v that show pages [first, last]; false: none. */
static bool overlap(const struct vma *v, uint64_t first, uint64_t last,
		    uint64_t *start, uint64_t *end)
{
	uint64_t vlast = v->pgoff + vma_pages(v) - 1;

	if (first > vlast || last < v->pgoff)
		return false;
	first = max(first, v->pgoff);
	last = min(last, vlast);
	*start = v->start + ((first - v->pgoff) << PAGE_SHIFT);
	*end = v->start + ((last - v->pgoff + 1) << PAGE_SHIFT);
	return true;
}

/* Unmaps pages [first, last] everywhere, private copies included. */
void cache_unmap(struct pagecache *c, uint64_t first, uint64_t last)
{
	uint64_t start, end;
	struct vma *v;

	LIST_FOREACH(v, &c->mappings, mapping_link)
	{
		if (overlap(v, first, last, &start, &end))
			pt_zap(v->mm, v, start, end);
	}
}

/* Makes pages [first, last] read-only in shared mappings. */
void cache_write_protect(struct pagecache *c, uint64_t first, uint64_t last)
{
	uint64_t start, end;
	struct vma *v;

	LIST_FOREACH(v, &c->mappings, mapping_link)
	{
		if ((v->flags & VMA_SHARED) &&
		    overlap(v, first, last, &start, &end) &&
		    pt_clean(v->mm, start, end))
			arch_tlb_flush(&v->mm->pt, start, end);
	}
}
