/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pagecache.c: the pages of one inode.
 *
 * Pages hang in nodes of NODE_PAGES, the nodes in a tree by index; the node of
 * the last look-up is remembered, so that sequential use never searches.  The
 * cache owns one reference of each page; a page whose count is 1 under
 * cache.lock is used by nobody else, because references are only made under it
 * or by those who have one.
 *
 * A cache without ops is memory itself (tmpfs, shared memory): what is missing
 * is a hole, and nothing is ever dropped to save memory.
 *
 * cache.lock is held while pages are read or written back, and never while
 * user memory is touched: a fault on a page of the same inode takes it.  The
 * ops are called with it and must not take inode.lock or any mm.lock.
 */
#include "kuni/mm.h"

#include <string.h>

#include "internal.h"
#include "kuni/klog.h"

static int node_cmp(const struct cache_node *a, const struct cache_node *b)
{
	return a->base < b->base ? -1 : a->base > b->base;
}
RB_GENERATE_INTERNAL(page_tree, cache_node, node, node_cmp,
		     __attribute__((unused)) static)

static struct slab_cache *node_slab;

void pagecache_setup(void)
{
	node_slab = slab_create("cache_node", sizeof(struct cache_node));
}

/* A cache for i (NULL: shared anonymous memory) with no page in it. */
void pagecache_init(struct pagecache *c, struct inode *i,
		    const struct pagecache_ops *ops)
{
	memset(c, 0, sizeof(*c));
	mutex_init(&c->lock, RANK_MAPPING);
	c->inode = i;
	c->ops = ops;
}

/* Pages up to the end of the file. */
uint64_t cache_pages(const struct pagecache *c)
{
	uint64_t size;

	if (!c->inode)
		return UINT64_MAX;
	size = __atomic_load_n(&c->inode->size, __ATOMIC_RELAXED);
	return (size >> PAGE_SHIFT) + (size % PAGE_SIZE != 0);
}

static struct cache_node *node_find(struct pagecache *c, uint64_t index)
{
	struct cache_node key = { .base = index & ~(NODE_PAGES - 1UL) }, *n;

	if (c->hint && c->hint->base == key.base)
		return c->hint;
	n = page_tree_RB_FIND(&c->pages, &key);
	if (n)
		c->hint = n;
	return n;
}

/* The first node that ends after index; NULL: none. */
struct cache_node *cache_node_from(struct pagecache *c, uint64_t index)
{
	struct cache_node key = { .base = index & ~(NODE_PAGES - 1UL) };

	return page_tree_RB_NFIND(&c->pages, &key);
}

struct cache_node *cache_node_next(struct cache_node *n)
{
	return page_tree_RB_NEXT(n);
}

/* Frees n where nothing is left in it. */
void cache_node_trim(struct pagecache *c, struct cache_node *n)
{
	if (n->used)
		return;
	if (c->hint == n)
		c->hint = NULL;
	page_tree_RB_REMOVE(&c->pages, n);
	slab_free(node_slab, n);
}

struct page *cache_find(struct pagecache *c, uint64_t index)
{
	struct cache_node *n = node_find(c, index);

	return n ? n->slot[index % NODE_PAGES] : NULL;
}

/* Puts p at index, where nothing is; the cache takes over p's reference. */
int cache_insert(struct pagecache *c, uint64_t index, struct page *p)
{
	struct cache_node *n = node_find(c, index);

	if (!n) {
		n = slab_alloc(node_slab);
		if (!n)
			return -ENOMEM;
		n->base = index & ~(NODE_PAGES - 1UL);
		page_tree_RB_INSERT(&c->pages, n);
		c->hint = n;
	}
	ensure(!n->slot[index % NODE_PAGES]);
	n->slot[index % NODE_PAGES] = p;
	n->used |= 1U << (index % NODE_PAGES);
	p->flags |= PG_CACHE;
	p->code = 0;
	p->cache = c;
	p->index = index;
	c->npages++;
	if (!(p->flags & PG_WINDOW))
		__atomic_fetch_add(&mm_nr_cached, 1, __ATOMIC_RELAXED);
	if (!c->ops)
		__atomic_fetch_add(&mm_nr_shmem, 1, __ATOMIC_RELAXED);
	if (c->ops && !c->listed)
		cache_list(c);
	return 0;
}

static void count_dirty(struct pagecache *c, int step)
{
	c->ndirty += (uint64_t)step;
	__atomic_fetch_add(&mm_nr_dirty, (uint64_t)step, __ATOMIC_RELAXED);
}

/* Takes slot i of n out: the page, with the reference that the cache had.  The
 * node stays; cache_node_trim() frees it. */
struct page *cache_remove(struct pagecache *c, struct cache_node *n, unsigned i)
{
	struct page *p = n->slot[i];

	n->slot[i] = NULL;
	n->used &= ~(1U << i);
	if (n->dirty & 1U << i)
		count_dirty(c, -1);
	n->dirty &= ~(1U << i);
	p->flags &= (uint8_t) ~(PG_CACHE | PG_DIRTY);
	p->cache = NULL;
	c->npages--;
	if (!(p->flags & PG_WINDOW))
		__atomic_fetch_sub(&mm_nr_cached, 1, __ATOMIC_RELAXED);
	if (!c->ops)
		__atomic_fetch_sub(&mm_nr_shmem, 1, __ATOMIC_RELAXED);
	return p;
}

/* p of c differs from what is stored.  Nothing where c is memory itself, or p
 * is the host's. */
void cache_set_dirty(struct pagecache *c, struct page *p)
{
	struct cache_node *n;

	if (!c->ops || (p->flags & (PG_DIRTY | PG_WINDOW)))
		return;
	n = node_find(c, p->index);
	n->dirty |= 1U << (p->index % NODE_PAGES);
	p->flags |= PG_DIRTY;
	count_dirty(c, 1);
}

void cache_clear_dirty(struct pagecache *c, struct page *p)
{
	struct cache_node *n = node_find(c, p->index);

	n->dirty &= ~(1U << (p->index % NODE_PAGES));
	p->flags &= (uint8_t)~PG_DIRTY;
	count_dirty(c, -1);
}

void pagecache_dirty(struct page *p)
{
	struct pagecache *c = p->cache;

	if (!(p->flags & PG_CACHE))
		return;
	mutex_lock(&c->lock);
	if ((p->flags & PG_CACHE) && p->cache == c)
		cache_set_dirty(c, p);
	mutex_unlock(&c->lock);
}

/* The range to read at a miss of index: the window grows as long as misses
 * follow each other, and stops at the end of file and at what is there. */
static unsigned plan_fill(struct pagecache *c, uint64_t index, bool around,
			  uint64_t *first)
{
	uint64_t end = cache_pages(c), start = index, stop;

	if (around) {
		while (start % READ_AROUND && !cache_find(c, start - 1))
			start--;
		stop = (index | (READ_AROUND - 1)) + 1;
	} else {
		if (index != c->ra_next)
			c->ra_window = READ_AHEAD_MIN / 2;
		else if (index == 0)
			c->ra_window = READ_AHEAD_MIN * 2;
		c->ra_window = min(c->ra_window * 2, READ_AHEAD_MAX + 0U);
		stop = index + c->ra_window;
	}
	stop = max(min(stop, end), index + 1);
	for (uint64_t i = index + 1; i < stop; i++)
		if (cache_find(c, i))
			stop = i;
	*first = start;
	c->ra_next = stop;
	return (unsigned)(stop - start);
}

/* Inserts what was read, frees what was not. */
static int adopt(struct pagecache *c, uint64_t first, struct page **pages,
		 unsigned n)
{
	int err = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!(pages[i]->flags & PG_UPTODATE) ||
		    cache_insert(c, first + i, pages[i])) {
			err = pages[i]->flags & PG_UPTODATE ? -ENOMEM : -EIO;
			page_put(pages[i]);
		}
	}
	return err;
}

/* Puts pages of r in where there are none, around index. */
static void adopt_window(struct pagecache *c, uint64_t index,
			 const struct window_run *r)
{
	uint64_t at = index & ~(NODE_PAGES - 1UL);
	uint64_t end = min(at + NODE_PAGES, cache_pages(c));

	at = max(at, r->index);
	end = min(end, r->index + r->n);
	for (; at < end; at++) {
		struct page *p = r->page + (at - r->index);

		if (cache_find(c, at) || !window_take(p, r->live, r->store))
			continue;
		if (cache_insert(c, at, p)) {
			page_put(p);
			break;
		}
	}
}

/* The page at index from the window, or made ready for stores there: 1; 0: the
 * file system has none, or it is still in other hands. */
static int fill_window(struct pagecache *c, uint64_t index, bool store)
{
	struct window_run r;
	int err = c->ops->map ? c->ops->map(c->inode, index, store, &r) : 0;

	if (err <= 0)
		return err;
	for (uint64_t i = 0; store && i < r.n; i++) {
		struct page *p = cache_find(c, r.index + i);

		if (p && (p->flags & PG_WINDOW))
			p->flags |= PG_WSTORE;
	}
	adopt_window(c, index, &r);
	return cache_find(c, index) != NULL;
}

/* Reads the missing page at index, and others with it. */
static int try_fill(struct pagecache *c, uint64_t index, unsigned how)
{
	struct page *pages[READ_AHEAD_MAX];
	uint64_t first;
	unsigned want, n = 0;
	int err = fill_window(c, index, how & CACHE_STORE);

	if (err)
		return err < 0 ? err : 0;
	want = plan_fill(c, index, how & CACHE_AROUND, &first);
	for (; n < want; n++) {
		pages[n] = page_alloc(0, PAGE_USER);
		if (!pages[n])
			break;
	}
	if (first + n <= index) { /* short of memory: only what is needed */
		while (n)
			page_put(pages[--n]);
		pages[0] = page_alloc(0, PAGE_USER);
		if (!pages[0])
			return -ENOMEM;
		first = index;
		n = 1;
	}
	err = c->ops->read(c->inode, first, pages, n);
	if (err < 0) {
		while (n)
			page_put(pages[--n]);
		return err;
	}
	err = adopt(c, first, pages, n);
	return cache_find(c, index) ? 0 : err;
}

/* The page allocator cannot take pages from c, whose lock is held here, and in
 * a small guest that reads one large file there are no others. */
static int fill(struct pagecache *c, uint64_t index, unsigned how)
{
	int err = try_fill(c, index, how);

	if (err == -ENOMEM && cache_shrink_locked(c, 2 * READ_AHEAD_MAX))
		err = try_fill(c, index, how);
	return err;
}

static int create_page(struct pagecache *c, uint64_t index)
{
	struct page *p = page_alloc(0, PAGE_ZERO | PAGE_USER);

	if (!p)
		return -ENOMEM;
	p->flags = PG_UPTODATE;
	if (cache_insert(c, index, p)) {
		page_put(p);
		return -ENOMEM;
	}
	return 0;
}

int cache_get_locked(struct pagecache *c, uint64_t index, unsigned how,
		     struct page **out)
{
	struct page *p = cache_find(c, index);
	int err = 0;

	*out = NULL;
	if (p && (how & CACHE_STORE) && page_readonly(p)) {
		err = fill_window(c, index, true);
		if (err <= 0)
			return err ? err : -EIO;
	}
	if (!p) {
		if (c->ops && index < cache_pages(c))
			err = fill(c, index, how);
		else if (how & CACHE_CREATE)
			err = create_page(c, index);
		else
			return 0;
		if (err)
			return err;
		p = cache_find(c, index);
	}
	p->mapcount_hint = 1; /* in use: the shrinker passes it over once */
	page_get(p);
	*out = p;
	return 0;
}

/* The page at index with a reference.  Behind the end of file and in holes of
 * memory-only caches it is made, zeroed, where create says so, and otherwise
 * *out is NULL.  -ENOMEM, or what the read returned. */
int pagecache_get(struct pagecache *c, uint64_t index, bool create,
		  struct page **out)
{
	int err;

	mutex_lock(&c->lock);
	err = cache_get_locked(c, index, create ? CACHE_CREATE : CACHE_GET,
			       out);
	mutex_unlock(&c->lock);
	return err;
}

uint64_t pagecache_seek(struct pagecache *c, uint64_t pos, uint64_t end,
			bool data)
{
	uint64_t index = pos >> PAGE_SHIFT;

	mutex_lock(&c->lock);
	while (pos < end && !cache_find(c, index) == data) {
		const struct cache_node *n = cache_node_from(c, index);

		/* over the gap between nodes in one step */
		index = data && n && n->base > index ? n->base : index + 1;
		pos = data && !n ? end : index << PAGE_SHIFT;
	}
	mutex_unlock(&c->lock);
	return min(pos, end);
}

/* Removes pages [first, last]; the caller has unmapped them. */
static void remove_range(struct pagecache *c, uint64_t first, uint64_t last)
{
	struct cache_node *n = cache_node_from(c, first), *next;

	for (; n && n->base <= last; n = next) {
		next = cache_node_next(n);
		for (unsigned i = 0; i < NODE_PAGES; i++)
			if (n->slot[i] && n->base + i >= first &&
			    n->base + i <= last)
				page_put(cache_remove(c, n, i));
		cache_node_trim(c, n);
	}
}

bool pagecache_drop_window(struct pagecache *c, uint64_t first, uint64_t n)
{
	for (uint64_t i = first; i < first + n; i++) {
		struct page *p = cache_find(c, i);

		if (p && (p->flags & PG_WINDOW) &&
		    __atomic_load_n(&p->ref, __ATOMIC_ACQUIRE) != 1)
			return false;
	}
	for (uint64_t i = first; i < first + n; i++) {
		struct cache_node *node = node_find(c, i);
		struct page *p = node ? node->slot[i % NODE_PAGES] : NULL;

		if (!p || !(p->flags & PG_WINDOW))
			continue;
		page_put(cache_remove(c, node, i % NODE_PAGES));
		cache_node_trim(c, node);
	}
	return true;
}

static void zero_part(struct pagecache *c, uint64_t from, uint64_t to)
{
	struct page *p = cache_find(c, from >> PAGE_SHIFT);

	/* the host does it to its own pages */
	if (p && to > from && !(p->flags & PG_WINDOW))
		memset((char *)page_virt(p) + from % PAGE_SIZE, 0, to - from);
}

/* The file ends at size now: pages behind it go, from user mappings too, and
 * the rest of the last page reads as zero if the file grows again. */
void pagecache_truncate(struct pagecache *c, uint64_t size)
{
	uint64_t first = (size >> PAGE_SHIFT) + (size % PAGE_SIZE != 0);

	mutex_lock(&c->lock);
	c->data_end = min(c->data_end, size);
	if (size % PAGE_SIZE)
		zero_part(c, size, page_up(size));
	cache_unmap(c, first, UINT64_MAX);
	remove_range(c, first, UINT64_MAX);
	mutex_unlock(&c->lock);
	page_report();
}

void pagecache_punch(struct pagecache *c, uint64_t start, uint64_t end)
{
	uint64_t first = page_up(start), last = page_down(end);

	if (start >= end)
		return;
	mutex_lock(&c->lock);
	if (start % PAGE_SIZE)
		zero_part(c, start, min(first, end));
	if (end % PAGE_SIZE && last >= first)
		zero_part(c, last, end);
	if (first < last) {
		cache_unmap(c, first >> PAGE_SHIFT, (last >> PAGE_SHIFT) - 1);
		remove_range(c, first >> PAGE_SHIFT, (last >> PAGE_SHIFT) - 1);
	}
	mutex_unlock(&c->lock);
	page_report();
}

/* Drops every page, dirty ones too; no area maps the inode any more. */
void pagecache_fini(struct pagecache *c)
{
	ensure(LIST_EMPTY(&c->mappings));
	if (c->listed)
		cache_unlist(c);
	mutex_lock(&c->lock);
	remove_range(c, 0, UINT64_MAX);
	mutex_unlock(&c->lock);
	page_report();
}
