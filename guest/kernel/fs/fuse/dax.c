/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dax.c: files in the DAX window in place of the page cache.
 *
 * A range is a piece of a file, a power of two from 64 KiB to 2 MiB and aligned
 * to that, at a place in the window where the host has mapped it.  Its pages
 * join the inode's page cache as they are needed (fuse_window_map() is the
 * cache's op), so that everything above sees pages and nothing else.  A range
 * may reach behind the end of its file: the cache never asks for those pages.
 *
 * What the host does for us: whatever changes the file, the mapping shows it; a
 * page that was cut off reads as zero until we have heard of it.  Stores by user
 * space need a range set up for writing; write(2) does not, it is a WRITE.
 *
 * When the window is full, ranges that nobody uses make room, by a clock.  A
 * range whose pages are still held when its inode goes (inode NULL) waits
 * there for the last of them.
 *
 * Locks: cache.lock of its inode guards a range and the inode's tree; of other
 * inodes it is only tried.  dax.lock guards the blocks, the clock, and
 * range.inode together with cache.lock.
 */
#include "guest/kernel/fs/fuse/client.h"

#include "guest/kernel/fs/fuse/blocks.h"

#define GRANULE_PAGES_LOG2 (FUSE_DAX_ALIGN_LOG2 - PAGE_SHIFT)
#define MAX_ORDER          (GRANULE_PAGES_LOG2 + BLOCKS_MAX_ORDER)
#define BATCH              16

struct fuse_range {
	RB_ENTRY(fuse_range) node;     /* [cache] of fuse_node.ranges */
	TAILQ_ENTRY(fuse_range) clock; /* [dax] */
	struct inode *inode;           /* [cache, dax] NULL: it is gone */
	uint64_t base;                 /* [I] page in the file */
	uint32_t slot;                 /* [I] granule in the window */
	uint8_t order;                 /* [I] of pages */
	bool writable;                 /* [cache] */
	bool used;                     /* [a] since the clock came by */
	uint32_t live;                 /* [a] pages that somebody has */
};

static int range_cmp(const struct fuse_range *a, const struct fuse_range *b)
{
	return a->base < b->base ? -1 : a->base > b->base;
}
RB_GENERATE_INTERNAL(fuse_ranges, fuse_range, node, range_cmp,
		     __attribute__((unused)) static)

static struct {
	struct spinlock lock;
	unsigned n;                     /* [lock] in the clock */
	TAILQ_HEAD(, fuse_range) clock; /* [lock] */
	struct blocks blocks;           /* [lock] */
} dax = { .clock = TAILQ_HEAD_INITIALIZER(dax.clock) };

void fuse_window_init(void)
{
	if (!dax.blocks.nchunk)
		blocks_init(&dax.blocks, window_pages() >> GRANULE_PAGES_LOG2);
}

static uint64_t npages(const struct fuse_range *r)
{
	return 1UL << r->order;
}

/* ---- requests ---- */

static int setup(struct inode *i, struct fuse_range *r, bool store)
{
	struct fuse_setupmapping_in in = {
		.foffset = r->base << PAGE_SHIFT,
		.len = npages(r) << PAGE_SHIFT,
		.flags = FUSE_SETUPMAPPING_READ |
			 (store ? FUSE_SETUPMAPPING_WRITE : 0),
		.moffset = (uint64_t)r->slot << FUSE_DAX_ALIGN_LOG2,
	};
	struct fuse_call c = {
		.opcode = FUSE_SETUPMAPPING,
		.nodeid = fuse_nodeid(i),
		.in = { { &in, sizeof(in) } },
	};
	ssize_t err = fuse_call(fuse_conn(i), &c);

	if (err)
		return (int)err;
	r->writable = store;
	if (store) {
		fuse_node(i)->stores = true;
		fuse_changed(i);
	}
	return 0;
}

/* Gives n ranges up that nobody knows any more. */
static void drop(struct fuse_conn *fc, struct fuse_range **list, unsigned n)
{
	struct fuse_removemapping_one one[BATCH];
	struct fuse_removemapping_in in = { .count = n };
	struct fuse_call c = {
		.opcode = FUSE_REMOVEMAPPING,
		.nodeid = FUSE_ROOT_ID,
		.in = { { &in, sizeof(in) }, { one, n * sizeof(one[0]) } },
	};
	ssize_t err;

	if (!n)
		return;
	for (unsigned k = 0; k < n; k++)
		one[k] = (struct fuse_removemapping_one){
			(uint64_t)list[k]->slot << FUSE_DAX_ALIGN_LOG2,
			npages(list[k]) << PAGE_SHIFT
		};
	err = fuse_call(fc, &c);
	if (err) /* the place stays taken */
		klog(KLOG_WARN, "fuse: REMOVEMAPPING failed: error=%ld",
		     (long)err);
	spin_lock(&dax.lock);
	for (unsigned k = 0; !err && k < n; k++)
		blocks_free(&dax.blocks, list[k]->slot,
			    list[k]->order - GRANULE_PAGES_LOG2);
	spin_unlock(&dax.lock);
	for (unsigned k = 0; k < n; k++)
		kfree(list[k]);
}

/* ---- making room ---- */

static void clock_add(struct fuse_range *r)
{
	spin_lock(&dax.lock);
	TAILQ_INSERT_TAIL(&dax.clock, r, clock);
	dax.n++;
	spin_unlock(&dax.lock);
}

static void clock_remove_locked(struct fuse_range *r)
{
	TAILQ_REMOVE(&dax.clock, r, clock);
	dax.n--;
}

/* The range under the hand, where it may be taken: with its cache locked (ours
 * is), or, without an inode, out of the clock. */
static struct fuse_range *clock_next(const struct inode *ours)
{
	struct fuse_range *r;
	bool take = false;

	spin_lock(&dax.lock);
	r = TAILQ_FIRST(&dax.clock);
	if (!r) {
		spin_unlock(&dax.lock);
		return NULL;
	}
	TAILQ_REMOVE(&dax.clock, r, clock);
	TAILQ_INSERT_TAIL(&dax.clock, r, clock);
	if (__atomic_exchange_n(&r->used, false, __ATOMIC_RELAXED))
		take = false;
	else if (r->inode)
		take = r->inode == ours || mutex_trylock(&r->inode->cache.lock);
	else
		take = __atomic_load_n(&r->live, __ATOMIC_ACQUIRE) == 0;
	if (take && !r->inode)
		clock_remove_locked(r);
	spin_unlock(&dax.lock);
	return take ? r : NULL;
}

/* Takes r from its inode, whose cache is locked, where none of its pages is in
 * use. */
static bool detach(struct fuse_range *r)
{
	if (!pagecache_drop_window(&r->inode->cache, r->base, npages(r)) ||
	    __atomic_load_n(&r->live, __ATOMIC_ACQUIRE))
		return false;
	fuse_ranges_RB_REMOVE(&fuse_node(r->inode)->ranges, r);
	spin_lock(&dax.lock);
	clock_remove_locked(r);
	spin_unlock(&dax.lock);
	return true;
}

/* Frees places in the window: true where it did.  ours: its cache is locked. */
static bool make_room(struct inode *ours)
{
	struct fuse_range *list[BATCH];
	unsigned n = 0, rounds;

	spin_lock(&dax.lock);
	rounds = 2 * dax.n;
	spin_unlock(&dax.lock);
	while (n < BATCH && rounds--) {
		struct fuse_range *r = clock_next(ours);
		struct inode *i = r ? r->inode : NULL;

		if (!r)
			continue;
		if (!i || detach(r))
			list[n++] = r;
		if (i && i != ours)
			mutex_unlock(&i->cache.lock);
	}
	drop(fuse_conn(ours), list, n);
	return n != 0;
}

static int64_t place(struct inode *ours, unsigned order)
{
	int64_t at;

	do {
		spin_lock(&dax.lock);
		at = blocks_alloc(&dax.blocks, order - GRANULE_PAGES_LOG2);
		spin_unlock(&dax.lock);
	} while (at < 0 && make_room(ours));
	return at;
}

/* ---- ranges of an inode ---- */

/* The last range that begins at or before page index. */
static struct fuse_range *range_below(struct fuse_node *n, uint64_t index)
{
	struct fuse_range key = { .base = index + 1 }, *r;

	r = fuse_ranges_RB_NFIND(&n->ranges, &key);
	return r ? fuse_ranges_RB_PREV(r)
		 : fuse_ranges_RB_MINMAX(&n->ranges, RB_INF);
}

static struct fuse_range *range_find(struct fuse_node *n, uint64_t index)
{
	struct fuse_range *r = range_below(n, index);

	return r && index - r->base < npages(r) ? r : NULL;
}

/* The largest block with index in it that is free, and of which the file needs
 * more than half. */
static unsigned fit(struct fuse_node *n, uint64_t index, uint64_t pages)
{
	unsigned k = MAX_ORDER;

	for (; k > GRANULE_PAGES_LOG2; k--) {
		uint64_t base = index & ~((1UL << k) - 1);
		uint64_t half = base + (1UL << (k - 1));
		struct fuse_range *r = range_below(n, base + (1UL << k) - 1);

		if ((index >= half || pages > half) &&
		    (!r || r->base + npages(r) <= base))
			break;
	}
	return k;
}

static int range_make(struct inode *i, uint64_t index, bool store,
		      struct fuse_range **out)
{
	struct fuse_node *n = fuse_node(i);
	uint64_t size = __atomic_load_n(&i->size, __ATOMIC_RELAXED);
	unsigned order = fit(n, index, (size + PAGE_SIZE - 1) >> PAGE_SHIFT);
	struct fuse_range *r = kmalloc(sizeof(*r));
	int64_t at;
	int err;

	if (!r)
		return -ENOMEM;
	at = place(i, order);
	if (at < 0) {
		kfree(r);
		return -ENOSPC;
	}
	r->inode = i;
	r->slot = (uint32_t)at;
	r->order = (uint8_t)order;
	r->base = index & ~((1UL << order) - 1);
	err = setup(i, r, store);
	if (err) {
		spin_lock(&dax.lock);
		blocks_free(&dax.blocks, r->slot, order - GRANULE_PAGES_LOG2);
		spin_unlock(&dax.lock);
		kfree(r);
		return err;
	}
	(void)fuse_ranges_RB_INSERT(&n->ranges, r);
	clock_add(r);
	*out = r;
	return 0;
}

bool fuse_windowed(const struct inode *i, uint64_t size)
{
	const struct fuse_node *n = fuse_node(i);

	return fuse_conn(i)->window &&
	       !__atomic_load_n(&n->no_window, __ATOMIC_RELAXED) &&
	       (size >= FUSE_WINDOW_MIN ||
		__atomic_load_n(&n->ranges.rbh_root, __ATOMIC_RELAXED));
}

int fuse_window_map(struct inode *i, uint64_t index, bool store,
		    struct window_run *out)
{
	struct fuse_node *n = fuse_node(i);
	struct fuse_range *r;
	int err;

	if (!fuse_windowed(i, __atomic_load_n(&i->size, __ATOMIC_RELAXED)))
		return 0;
	r = range_find(n, index);
	if (!r) {
		err = range_make(i, index, store, &r);
		if (err && err != -ENOSPC && err != -ENOMEM && err != -ENFILE &&
		    !store)
			__atomic_store_n(&n->no_window, true, __ATOMIC_RELAXED);
		if (err)
			return 0; /* READ can do it */
	} else if (store && !r->writable) {
		err = setup(i, r, true);
		if (err)
			return err;
	}
	__atomic_store_n(&r->used, true, __ATOMIC_RELAXED);
	*out = (struct window_run){
		.page = window_page((uint64_t)r->slot << GRANULE_PAGES_LOG2),
		.index = r->base,
		.n = (unsigned)npages(r),
		.live = &r->live,
		.store = r->writable,
	};
	return 1;
}

/* The inode goes; its cache is empty. */
void fuse_window_evict(struct inode *i)
{
	struct fuse_ranges *ranges = &fuse_node(i)->ranges;
	struct fuse_range *r, *list[BATCH];
	unsigned n = 0;

	if (!ranges->rbh_root)
		return;
	mutex_lock(&i->cache.lock);
	while ((r = fuse_ranges_RB_MINMAX(ranges, RB_NEGINF))) {
		fuse_ranges_RB_REMOVE(ranges, r);
		spin_lock(&dax.lock);
		r->inode = NULL;
		if (!__atomic_load_n(&r->live, __ATOMIC_ACQUIRE)) {
			clock_remove_locked(r);
			list[n++] = r;
		}
		spin_unlock(&dax.lock);
		if (n == BATCH) {
			drop(fuse_conn(i), list, n);
			n = 0;
		}
	}
	mutex_unlock(&i->cache.lock);
	drop(fuse_conn(i), list, n);
}
