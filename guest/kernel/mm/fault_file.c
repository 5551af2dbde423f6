/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault_file.c: faults on files and shared memory.
 *
 * A page of the cache is mapped under cache.lock, so that truncation, which
 * unmaps under it, never misses one.  Files are mapped read-only until the
 * first store, which marks the page dirty; pages of memory-only caches are
 * writable at once.  A read maps the neighbours that are in the cache too.
 */
#include "kuni/mm.h"

#include <string.h>

#include "internal.h"

/* Whether v's mappings of c's pages may be writable without a store. */
static bool writable_at_once(const struct vma *v, const struct pagecache *c)
{
	return (v->flags & VMA_SHARED) && !c->ops;
}

/* Maps what is in the cache around f->addr and not mapped yet. */
static void map_around(struct fault *f, struct pagecache *c)
{
	const struct vma *v = f->v;
	uint64_t span = FAULT_AROUND * PAGE_SIZE;
	uint64_t at = max(f->addr & ~(span - 1), v->start);
	uint64_t end = min((f->addr & ~(span - 1)) + span, v->end);
	uint64_t pages = cache_pages(c);
	bool write = writable_at_once(v, c);
	int64_t n = 0;

	spin_lock(&f->mm->pt_lock);
	for (; at < end; at += PAGE_SIZE) {
		uint64_t index = vma_index(v, at);
		struct page *p = index < pages ? cache_find(c, index) : NULL;

		if (!p || arch_pt_walk(&f->mm->pt, at, NULL, NULL))
			continue;
		if (arch_pt_map(&f->mm->pt, at, page_paddr(p),
				pt_prot(v, write)))
			break; /* they can fault one by one */
		page_get(p);
		n++;
	}
	spin_unlock(&f->mm->pt_lock);
	rss_add(f->mm, n);
}

static enum fault_result map_page(struct fault *f, struct pagecache *c,
				  struct page *p)
{
	bool store = f->access & ACCESS_WRITE;
	enum fault_result r;
	struct page *copy;

	if (store && !(f->v->flags & VMA_SHARED)) {
		copy = page_alloc(0, PAGE_ANY);
		if (!copy)
			return FAULT_NOMEM;
		memcpy(page_virt(copy), page_virt(p), PAGE_SIZE);
		return fault_map(f, copy, true);
	}
	if (store)
		cache_set_dirty(c, p);
	page_get(p);
	r = fault_map(f, p, store || writable_at_once(f->v, c));
	if (r == FAULT_OK && !store)
		map_around(f, c);
	return r;
}

/* Nothing is mapped at f->addr, and f->v has a cache. */
enum fault_result fault_file(struct fault *f)
{
	struct pagecache *c = vma_cache(f->v);
	uint64_t index = vma_index(f->v, f->addr);
	enum fault_result r = FAULT_OK;
	struct page *p;

	mutex_lock(&c->lock);
	p = cache_find(c, index);
	if (index >= cache_pages(c)) {
		r = FAULT_BUS;
	} else if (!p && c->ops) {
		r = FAULT_IO;
		f->io_file = f->v->file;
		f->io_index = index;
		file_get(f->io_file);
	} else if (!p) {
		if (cache_get_locked(c, index, CACHE_CREATE, &p))
			r = FAULT_NOMEM;
		else
			page_put(p); /* the cache's reference is enough here */
	}
	if (r == FAULT_OK) {
		p->mapcount_hint = 1;
		r = map_page(f, c, p);
	}
	mutex_unlock(&c->lock);
	return r;
}

/* A store to p of a shared area, which is mapped read-only. */
enum fault_result fault_write_shared(struct fault *f, struct page *p)
{
	struct pagecache *c = vma_cache(f->v);
	unsigned prot;
	paddr_t pa;

	mutex_lock(&c->lock);
	spin_lock(&f->mm->pt_lock);
	if ((p->flags & PG_CACHE) && p->cache == c &&
	    arch_pt_walk(&f->mm->pt, f->addr, &pa, &prot) &&
	    pa == page_paddr(p)) {
		cache_set_dirty(c, p);
		/* the tables exist: cannot fail */
		(void)!arch_pt_map(&f->mm->pt, f->addr, pa,
				   pt_prot(f->v, true));
	}
	spin_unlock(&f->mm->pt_lock);
	mutex_unlock(&c->lock);
	return FAULT_OK;
}
