/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault_file.c: faults on files and shared memory.
 *
 * A page of the cache is mapped under cache.lock, so that truncation, which
 * unmaps under it, never misses one.  Files are mapped read-only until the
 * first store, which marks the page dirty; pages of memory-only caches are
 * writable at once, and so are those of the DAX window once the file system has
 * made them ready for stores.  A read maps the neighbours that are in the cache too.
 */
#include "kuni/mm.h"

#include <string.h>

#include "internal.h"

/* Whether v's mapping of c's page p may be writable without a store. */
static bool writable_at_once(const struct vma *v, const struct pagecache *c,
			     const struct page *p)
{
	return (v->flags & VMA_SHARED) && (!c->ops || (p->flags & PG_WSTORE));
}

/* Maps what is in the cache around f->addr and not mapped yet. */
static void map_around(struct fault *f, struct pagecache *c)
{
	const struct vma *v = f->v;
	uint64_t span = FAULT_AROUND * PAGE_SIZE;
	uint64_t at = max(f->addr & ~(span - 1), v->start);
	uint64_t end = min((f->addr & ~(span - 1)) + span, v->end);
	uint64_t pages = cache_pages(c);
	int64_t n = 0;

	spin_lock(&f->mm->pt_lock);
	for (; at < end; at += PAGE_SIZE) {
		uint64_t index = vma_index(v, at);
		struct page *p = index < pages ? cache_find(c, index) : NULL;

		if (!p || arch_pt_walk(&f->mm->pt, at, NULL, NULL))
			continue;
		code_mapped(v, p);
		if (arch_pt_map(&f->mm->pt, at, page_paddr(p),
				pt_prot(v, writable_at_once(v, c, p))))
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
		copy = page_alloc(0, PAGE_USER);
		if (!copy)
			return FAULT_NOMEM;
		arch_page_copy(page_virt(copy), page_virt(p));
		return fault_map(f, copy, true);
	}
	if (store)
		cache_set_dirty(c, p);
	page_get(p);
	code_mapped(f->v, p);
	r = fault_map(f, p, store || writable_at_once(f->v, c, p));
	if (r == FAULT_OK && !store)
		map_around(f, c);
	return r;
}

/* Asks for page index of f->v to be read in, or made ready for stores. */
static enum fault_result need_io(struct fault *f, uint64_t index, bool store)
{
	f->io_file = f->v->file;
	f->io_index = index;
	f->io_store = store;
	file_get(f->io_file);
	return FAULT_IO;
}

/* Nothing is mapped at f->addr, and f->v has a cache. */
enum fault_result fault_file(struct fault *f)
{
	struct pagecache *c = vma_cache(f->v);
	uint64_t index = vma_index(f->v, f->addr);
	bool store = (f->access & ACCESS_WRITE) && (f->v->flags & VMA_SHARED);
	enum fault_result r = FAULT_OK;
	struct page *p;

	mutex_lock(&c->lock);
	p = cache_find(c, index);
	if (index >= cache_pages(c)) {
		r = FAULT_BUS;
	} else if (c->ops && (!p || (store && page_readonly(p)))) {
		r = need_io(f, index, store);
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
	enum fault_result r = FAULT_OK;
	unsigned prot;
	paddr_t pa;

	mutex_lock(&c->lock);
	if (page_readonly(p)) {
		r = need_io(f, vma_index(f->v, f->addr), true);
		goto out;
	}
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
out:
	mutex_unlock(&c->lock);
	return r;
}
