/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pagecache_io.c: read, write and write-back through the page cache.
 *
 * Bytes move between user memory and a page that is held by reference, without
 * cache.lock: the copy may fault, and the fault may want a page of the same
 * inode.  Callers may hold inode.lock across; faults never take it.
 *
 * Who writes back: pagecache_sync() (fsync, msync, the last munmap, the file
 * system when it closes), a writer that has made more dirty pages than
 * dirty_limit() allows, and reclaim.  A page is made read-only in every shared
 * mapping before it is written, so that later stores mark it dirty again.
 */
#include "kuni/mm.h"

#include <string.h>

#include "internal.h"
#include "kuni/klog.h"

#define READ_BATCH 16

/* References to pages from index on, as far as they come without waiting
 * (but for the first): their number, or an errno.  NULL is a hole. */
static int gather_pages(struct pagecache *c, uint64_t index, unsigned want,
			struct page **pages)
{
	unsigned n = 1;
	int err;

	mutex_lock(&c->lock);
	err = cache_get_locked(c, index, CACHE_GET, &pages[0]);
	for (; !err && n < want; n++) {
		struct page *p = cache_find(c, index + n);

		if (!p && c->ops)
			break;
		pages[n] = p;
		if (p) {
			p->mapcount_hint = 1;
			page_get(p);
		}
	}
	mutex_unlock(&c->lock);
	return err ? err : (int)n;
}

static ssize_t put_part(struct uio *u, struct page *p, size_t off, size_t n)
{
	if (!p)
		return uio_zero(u, n);
	return uio_put(u, (char *)page_virt(p) + off, n);
}

/* Copies from pos to u, up to size: bytes, or an errno where there is none. */
ssize_t pagecache_read(struct pagecache *c, struct uio *u, uint64_t pos,
		       uint64_t size)
{
	struct page *pages[READ_BATCH];
	ssize_t done = 0, r = 0;
	unsigned try = 0;

	while (u->left && pos < size && r >= 0) {
		uint64_t left = min((uint64_t)u->left, size - pos);
		uint64_t span =
			(pos % PAGE_SIZE + left + PAGE_SIZE - 1) >> PAGE_SHIFT;
		int n = gather_pages(c, pos >> PAGE_SHIFT,
				     (unsigned)min(span, READ_BATCH + 0UL),
				     pages);
		bool stop = false;

		if (n == -ENOMEM && mm_make_room(try++))
			continue;
		if (n < 0)
			return done ? done : n;
		for (int i = 0; i < n; i++) {
			size_t off = pos % PAGE_SIZE;
			size_t len = min(PAGE_SIZE - off, left);

			if (!stop) {
				r = put_part(u, pages[i], off, len);
				stop = r < (ssize_t)len;
			}
			if (pages[i])
				page_put(pages[i]);
			if (r > 0 && len) {
				done += r;
				pos += (uint64_t)r;
				left -= (uint64_t)r;
			}
			if (stop)
				r = -EFAULT;
		}
	}
	return done ? done : r;
}

/* Only what is there: no page is read. */
ssize_t pagecache_read_nowait(struct pagecache *c, struct uio *u, uint64_t pos,
			      uint64_t size)
{
	ssize_t done = 0;

	while (u->left && pos < size) {
		size_t off = pos % PAGE_SIZE;
		size_t n = min(min(PAGE_SIZE - off, u->left), size - pos);
		struct page *p;
		ssize_t r;

		mutex_lock(&c->lock);
		p = cache_find(c, pos >> PAGE_SHIFT);
		if (p)
			page_get(p);
		mutex_unlock(&c->lock);
		if (!p && c->ops)
			return done ? done : -EAGAIN;
		r = put_part(u, p, off, n);
		if (p)
			page_put(p);
		if (r > 0) {
			done += r;
			pos += (uint64_t)r;
		}
		if (r < (ssize_t)n)
			return done ? done : r;
	}
	return done;
}

/* Puts a page that was filled outside into the cache, or its first n bytes
 * into the page that has appeared there meanwhile. */
static int store_new(struct pagecache *c, uint64_t index, struct page *p,
		     size_t n)
{
	struct page *old = NULL;
	int err = 0;

	mutex_lock(&c->lock);
	if (n < PAGE_SIZE || cache_find(c, index))
		err = cache_get_locked(c, index, CACHE_CREATE, &old);
	if (!err && old && (old->flags & PG_WINDOW)) {
		page_put(old);
		err = -EAGAIN;
	} else if (!err && old) {
		memcpy(page_virt(old), page_virt(p), n);
		cache_set_dirty(c, old);
		page_put(old);
		page_put(p);
	} else if (!err) {
		p->flags = PG_UPTODATE;
		err = cache_insert(c, index, p);
		if (!err)
			cache_set_dirty(c, p);
	}
	if (!err)
		c->data_end = max(c->data_end, (index << PAGE_SHIFT) + n);
	mutex_unlock(&c->lock);
	if (err)
		page_put(p);
	return err;
}

/* A whole page that is not in the cache: no need to read it first. */
static ssize_t write_new(struct pagecache *c, struct uio *u, uint64_t index)
{
	struct page *p = page_alloc(0, PAGE_USER);
	struct uio before = *u;
	ssize_t got;
	int err;

	if (!p)
		return -ENOMEM;
	got = uio_get(u, page_virt(p), PAGE_SIZE);
	if (got <= 0) {
		page_put(p);
		return got;
	}
	err = store_new(c, index, p, (size_t)got);
	if (err)
		*u = before; /* nothing of it was written */
	return err ? err : got;
}

static ssize_t write_old(struct pagecache *c, struct uio *u, struct page *p,
			 size_t off, size_t n)
{
	ssize_t got = uio_get(u, (char *)page_virt(p) + off, n);

	if (!c->ops) { /* memory is all there is: nothing to write back */
		page_put(p);
		return got;
	}
	mutex_lock(&c->lock);
	if (got > 0 && (p->flags & PG_CACHE) && p->cache == c) {
		cache_set_dirty(c, p);
		c->data_end = max(c->data_end, (p->index << PAGE_SHIFT) + off +
						       (uint64_t)got);
	}
	mutex_unlock(&c->lock);
	page_put(p);
	return got;
}

static ssize_t write_page(struct pagecache *c, struct uio *u, uint64_t pos)
{
	uint64_t index = pos >> PAGE_SHIFT;
	size_t off = pos % PAGE_SIZE, n = min(PAGE_SIZE - off, u->left);
	struct page *p = NULL;
	int err = 0;

	mutex_lock(&c->lock);
	if (n < PAGE_SIZE || cache_find(c, index))
		err = cache_get_locked(c, index, CACHE_CREATE, &p);
	mutex_unlock(&c->lock);
	if (err)
		return err;
	if (p && (p->flags & PG_WINDOW)) {
		page_put(p);
		return -EAGAIN;
	}
	return p ? write_old(c, u, p, off, n) : write_new(c, u, index);
}

static uint64_t dirty_limit(void)
{
	return max(min(page_total() / 16, 8192UL), 64UL);
}

/* Copies from u to pos; pages become dirty.  Bytes, or an errno where none
 * could be.  The caller makes the file longer afterwards: what lies behind its
 * end is not written back before that. */
ssize_t pagecache_write(struct pagecache *c, struct uio *u, uint64_t pos)
{
	ssize_t done = 0, r = 0;
	unsigned try = 0;

	while (u->left) {
		size_t want = min(PAGE_SIZE - pos % PAGE_SIZE, u->left);

		r = write_page(c, u, pos);
		if (r == -ENOMEM && mm_make_room(try++))
			continue;
		if (r <= 0)
			break;
		done += r;
		pos += (uint64_t)r;
		if ((size_t)r < want)
			break;
	}
	if (c->ops && __atomic_load_n(&c->ndirty, __ATOMIC_RELAXED) > 64 &&
	    c->ndirty > dirty_limit()) {
		int err = pagecache_sync(c, 0, UINT64_MAX);

		if (err && !done)
			r = err;
	}
	return done ? done : r;
}

void pagecache_update(struct pagecache *c, struct page **pages, uint64_t pos,
		      size_t n)
{
	uint64_t first = pos >> PAGE_SHIFT, end = pos + n;

	mutex_lock(&c->lock);
	while (pos < end) {
		size_t off = pos % PAGE_SIZE;
		size_t len = min(PAGE_SIZE - off, end - pos);
		struct page *p = cache_find(c, pos >> PAGE_SHIFT);

		if (p && !(p->flags & PG_WINDOW))
			memcpy((char *)page_virt(p) + off,
			       (char *)page_virt(
				       pages[(pos >> PAGE_SHIFT) - first]) +
				       off,
			       len);
		pos += len;
	}
	mutex_unlock(&c->lock);
}

/* First dirty page at or after index, not after last; false: none. */
static bool next_dirty(struct pagecache *c, uint64_t *index, uint64_t last)
{
	struct cache_node *n = cache_node_from(c, *index);

	for (; n && n->base <= last; n = cache_node_next(n)) {
		uint32_t bits = n->dirty;

		if (n->base < *index)
			bits &= ~0U << (*index - n->base);
		if (!bits)
			continue;
		*index = n->base + (unsigned)__builtin_ctz(bits);
		return *index <= last;
	}
	return false;
}

static int write_run(struct pagecache *c, uint64_t index, struct page **pages,
		     unsigned n)
{
	int err;

	cache_write_protect(c, index, index + n - 1);
	for (unsigned i = 0; i < n; i++)
		cache_clear_dirty(c, pages[i]);
	err = c->ops->write(c->inode, index, pages, n);
	for (unsigned i = 0; err < 0 && i < n; i++)
		cache_set_dirty(c, pages[i]);
	return err < 0 ? err : 0;
}

/* Writes dirty pages [first, last] back in runs.  What failed stays dirty; the
 * first error is returned after all were tried. */
int cache_sync_locked(struct pagecache *c, uint64_t first, uint64_t last)
{
	struct page *pages[READ_AHEAD_MAX];
	uint64_t size, index = first;
	int err = 0;

	if (!c->ops || !c->ops->write || !c->ndirty)
		return 0;
	size = __atomic_load_n(&c->inode->size, __ATOMIC_RELAXED);
	if (c->data_end > size) { /* a writer has not moved the end yet */
		if (size < PAGE_SIZE)
			return 0;
		last = min(last, (size >> PAGE_SHIFT) - 1);
	}
	while (next_dirty(c, &index, last)) {
		unsigned n = 0;
		int r;

		while (n < READ_AHEAD_MAX && index + n <= last) {
			struct page *p = cache_find(c, index + n);

			if (!p || !(p->flags & PG_DIRTY))
				break;
			pages[n++] = p;
		}
		r = write_run(c, index, pages, n);
		if (r && !err)
			err = r;
		if (index + n - 1 >= last)
			break;
		index += n;
	}
	return err;
}

int pagecache_sync(struct pagecache *c, uint64_t start, uint64_t end)
{
	int err;

	if (!c->ops || start >= end)
		return 0;
	mutex_lock(&c->lock);
	err = cache_sync_locked(c, start >> PAGE_SHIFT,
				(end - 1) >> PAGE_SHIFT);
	mutex_unlock(&c->lock);
	return err;
}
