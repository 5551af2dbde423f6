/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pagecache_shrink.c: memory back from the page cache.
 *
 * Caches of files that have pages stand in one list, which is used as a clock:
 * the first is looked at and goes to the end.  A page that was used since the
 * last look is passed over once.  pagecache_shrink() only tries locks, so the
 * page allocator may call it whatever mutexes its caller holds; a cache that it
 * looks at is pinned, which pagecache_fini() waits for.
 */
#include "kuni/mm.h"

#include "internal.h"

static struct {
	struct spinlock lock;
	TAILQ_HEAD(, pagecache) list; /* [lock] */
	unsigned n;                   /* [lock] */
} caches = { .list = TAILQ_HEAD_INITIALIZER(caches.list) };

void cache_list(struct pagecache *c)
{
	spin_lock(&caches.lock);
	TAILQ_INSERT_TAIL(&caches.list, c, all_link);
	c->listed = true;
	caches.n++;
	spin_unlock(&caches.lock);
}

void cache_unlist(struct pagecache *c)
{
	for (;;) {
		spin_lock(&caches.lock);
		if (!c->pinned)
			break;
		spin_unlock(&caches.lock);
		sched_yield();
	}
	TAILQ_REMOVE(&caches.list, c, all_link);
	c->listed = false;
	caches.n--;
	spin_unlock(&caches.lock);
}

/* The next cache of the clock, pinned; NULL: there is none. */
static struct pagecache *next_cache(unsigned *n)
{
	struct pagecache *c;

	spin_lock(&caches.lock);
	c = TAILQ_FIRST(&caches.list);
	if (c) {
		TAILQ_REMOVE(&caches.list, c, all_link);
		TAILQ_INSERT_TAIL(&caches.list, c, all_link);
		*n = caches.n;
		if (c->pinned)
			c = NULL;
		else
			c->pinned = true;
	}
	spin_unlock(&caches.lock);
	return c;
}

static void unpin(struct pagecache *c)
{
	spin_lock(&caches.lock);
	c->pinned = false;
	spin_unlock(&caches.lock);
}

/* Frees up to want clean pages of RAM of c that only c refers to.  force: those that
 * were used lately too. */
static uint64_t scan(struct pagecache *c, uint64_t want, bool force)
{
	struct cache_node *n = cache_node_from(c, 0), *next;
	uint64_t freed = 0;

	for (; n && freed < want; n = next) {
		next = cache_node_next(n);
		for (unsigned i = 0; i < NODE_PAGES && freed < want; i++) {
			struct page *p = n->slot[i];

			if (!p || (p->flags & (PG_DIRTY | PG_WINDOW)) ||
			    __atomic_load_n(&p->ref, __ATOMIC_ACQUIRE) != 1)
				continue;
			if (p->mapcount_hint && !force) {
				p->mapcount_hint = 0;
				continue;
			}
			page_put(cache_remove(c, n, i));
			freed++;
		}
		cache_node_trim(c, n);
	}
	return freed;
}

/* Frees up to want of the pages of c, whose lock the caller holds. */
uint64_t cache_shrink_locked(struct pagecache *c, uint64_t want)
{
	uint64_t freed = scan(c, want, false);

	return freed < want ? freed + scan(c, want - freed, true) : freed;
}

uint64_t pagecache_shrink(uint64_t want)
{
	uint64_t freed = 0;
	unsigned n = 1;

	for (unsigned i = 0; freed < want && i < 2 * n; i++) {
		struct pagecache *c = next_cache(&n);

		if (!c)
			continue;
		if (mutex_trylock(&c->lock)) {
			freed += scan(c, want - freed, false);
			mutex_unlock(&c->lock);
		}
		unpin(c);
	}
	return freed;
}

void pagecache_invalidate(struct pagecache *c)
{
	mutex_lock(&c->lock);
	(void)scan(c, UINT64_MAX, true);
	mutex_unlock(&c->lock);
}

static bool inode_get_live(struct inode *i)
{
	uint32_t ref = __atomic_load_n(&i->ref, __ATOMIC_RELAXED);

	while (ref &&
	       !__atomic_compare_exchange_n(&i->ref, &ref, ref + 1, false,
					    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		;
	return ref != 0;
}

/* The next cache with dirty pages, its inode referenced. */
static struct pagecache *next_dirty_cache(void)
{
	struct pagecache *c;

	spin_lock(&caches.lock);
	TAILQ_FOREACH(c, &caches.list, all_link)
	{
		if (c->ndirty && inode_get_live(c->inode))
			break;
	}
	if (c) {
		TAILQ_REMOVE(&caches.list, c, all_link);
		TAILQ_INSERT_TAIL(&caches.list, c, all_link);
	}
	spin_unlock(&caches.lock);
	return c;
}

/* Memory is short and the caller may sleep: clean pages, then dirty ones after
 * write-back, then names that nobody uses.  Pages freed. */
uint64_t pagecache_reclaim(uint64_t want)
{
	uint64_t freed = pagecache_shrink(want);
	unsigned n = __atomic_load_n(&caches.n, __ATOMIC_RELAXED);

	while (freed < want && n--) {
		struct pagecache *c = next_dirty_cache();
		struct inode *i;

		if (!c)
			break;
		i = c->inode;
		if (pagecache_sync(c, 0, UINT64_MAX) == 0)
			freed += pagecache_shrink(want - freed);
		inode_put(i);
	}
	if (freed < want) {
		dcache_shrink(256);
		freed += pagecache_shrink(want - freed);
	}
	return freed;
}
