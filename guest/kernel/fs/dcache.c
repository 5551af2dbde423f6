/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dcache.c: names in memory.
 *
 * One hash of (parent, name) and one tree, both under dcache_lock.  A dentry
 * that nobody uses stays, hashed, on an LRU of bounded length; it holds its
 * inode and its parent.  A negative dentry (inode NULL) says that the name is
 * not there.  On a super with no_dcache only mount points and their ancestors
 * are hashed (dcache_pin), so that a mount is found again.
 *
 * A name becomes cached, or changes, only under its directory's inode lock;
 * dcache_lock alone is enough to find it.  Inodes are never put under the lock.
 */
#include <string.h>

#include "kuni/vfs.h"

#define HASH_BITS 12
#define LRU_MAX   16384

LIST_HEAD(dentry_head, dentry);
TAILQ_HEAD(dentry_lru, dentry);

static struct spinlock dcache_lock = { .rank = RANK_DCACHE };
static struct dentry_head table[1U << HASH_BITS];
static struct dentry_lru lru = TAILQ_HEAD_INITIALIZER(lru);
static unsigned nlru;

uint32_t name_hash(const char *name, size_t len)
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)name[i]) * 16777619U;
	return h;
}

static struct dentry_head *bucket(const struct dentry *parent, uint32_t hash)
{
	uint64_t h = ((uint64_t)(uintptr_t)parent >> 6) * 0x9e3779b97f4a7c15ULL;

	return &table[(hash ^ (uint32_t)(h >> 32)) & ((1U << HASH_BITS) - 1)];
}

struct dentry *dentry_get(struct dentry *d)
{
	__atomic_fetch_add(&d->ref, 1, __ATOMIC_RELAXED);
	return d;
}

static void lru_del(struct dentry *d)
{
	if (!d->on_lru)
		return;
	TAILQ_REMOVE(&lru, d, lru_link);
	d->on_lru = false;
	nlru--;
}

static void unhash(struct dentry *d)
{
	if (d->hashed) {
		LIST_REMOVE(d, hash_link);
		d->hashed = false;
	}
}

static void hash_in(struct dentry *d)
{
	LIST_INSERT_HEAD(bucket(d->parent, d->hash), d, hash_link);
	d->hashed = true;
}

static void name_free(struct dentry *d)
{
	if (d->name != d->inline_name)
		kfree(d->name);
}

/* Whether d, which has lost its last reference, stays for the next lookup. */
static bool worth_keeping(const struct dentry *d)
{
	return d->hashed && !d->dead && d->parent != d &&
	       !d->parent->inode->super->no_dcache;
}

/* Takes d, which nobody uses, out of all lists; its parent, whose reference
 * passes to the caller, or NULL at a root. */
static struct dentry *detach(struct dentry *d)
{
	lru_del(d);
	unhash(d);
	if (d->parent == d)
		return NULL;
	LIST_REMOVE(d, child_link);
	return d->parent;
}

static void dentry_free(struct dentry *d)
{
	if (d->inode && d->dead &&
	    (!d->inode->nlink || S_ISDIR(d->inode->mode)))
		notify_gone(d->inode);
	inode_put(d->inode);
	name_free(d);
	kfree(d);
}

/* Drops a reference that is not the last: needs no lock, for a count becomes 0,
 * and comes back from 0, under the lock only. */
static bool put_shared(struct dentry *d)
{
	uint32_t n = __atomic_load_n(&d->ref, __ATOMIC_RELAXED);

	while (n > 1)
		if (__atomic_compare_exchange_n(&d->ref, &n, n - 1, true,
						__ATOMIC_RELEASE,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

/* A put may shrink, which puts parents; dcache_shrink() is entered once.
 * NOLINTBEGIN(misc-no-recursion) */
void dentry_put(struct dentry *d)
{
	while (d) {
		struct dentry *parent;
		bool over;

		if (put_shared(d))
			return;
		spin_lock(&dcache_lock);
		if (__atomic_sub_fetch(&d->ref, 1, __ATOMIC_ACQ_REL)) {
			spin_unlock(&dcache_lock);
			return;
		}
		if (worth_keeping(d)) {
			TAILQ_INSERT_TAIL(&lru, d, lru_link);
			d->on_lru = true;
			over = ++nlru > LRU_MAX;
			spin_unlock(&dcache_lock);
			if (over)
				dcache_shrink(64);
			return;
		}
		parent = detach(d);
		spin_unlock(&dcache_lock);
		dentry_free(d);
		d = parent;
	}
}

static void free_all(struct dentry_lru *out)
{
	struct dentry *d;

	while ((d = TAILQ_FIRST(out))) {
		struct dentry *parent = d->parent;

		TAILQ_REMOVE(out, d, lru_link);
		dentry_free(d);
		dentry_put(parent);
	}
}

/* The unused names in dir, which is being removed: they would keep it. */
static void prune_children(struct dentry *dir)
{
	struct dentry_lru out = TAILQ_HEAD_INITIALIZER(out);
	struct dentry *d, *next;

	spin_lock(&dcache_lock);
	for (d = LIST_FIRST(&dir->children); d; d = next) {
		next = LIST_NEXT(d, child_link);
		if (!d->on_lru)
			continue;
		detach(d);
		TAILQ_INSERT_TAIL(&out, d, lru_link);
	}
	spin_unlock(&dcache_lock);
	free_all(&out);
}

/* Frees the oldest of up to n unused dentries of s (NULL: of any). */
static unsigned reap(struct super *s, unsigned n)
{
	struct dentry_lru out = TAILQ_HEAD_INITIALIZER(out);
	struct dentry *d, *next;
	unsigned done = 0;

	spin_lock(&dcache_lock);
	for (d = TAILQ_FIRST(&lru); d && done < n; d = next) {
		next = TAILQ_NEXT(d, lru_link);
		if (s && d->parent->inode->super != s)
			continue;
		/* the link to the parent stays, and with it the reference */
		detach(d);
		TAILQ_INSERT_TAIL(&out, d, lru_link);
		done++;
	}
	spin_unlock(&dcache_lock);
	free_all(&out);
	return done;
}

/* Frees up to n names that nobody uses; how many. */
unsigned dcache_shrink(unsigned n)
{
	static uint32_t busy; /* puts of parents come back here */
	unsigned done;

	if (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
		return 0;
	done = reap(NULL, n);
	__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
	return done;
}
/* NOLINTEND(misc-no-recursion) */

/* All unused names of s, so that its inodes can go. */
void dcache_prune_super(struct super *s)
{
	while (reap(s, 64))
		;
}

static int dentry_new(struct dentry *parent, const char *name, size_t len,
		      struct dentry **out)
{
	struct dentry *d = kmalloc(sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->name = d->inline_name;
	if (len >= sizeof(d->inline_name)) {
		d->name = kmalloc(len + 1);
		if (!d->name) {
			kfree(d);
			return -ENOMEM;
		}
	}
	memcpy(d->name, name, len);
	d->len = (uint16_t)len;
	d->hash = name_hash(name, len);
	d->ref = 1;
	d->parent = parent ? dentry_get(parent) : d;
	d->stamp = arch_clock_ns();
	LIST_INIT(&d->children);
	*out = d;
	return 0;
}

/* The root of a file system; NULL: no memory, and i's reference is dropped. */
struct dentry *dentry_root(struct inode *i)
{
	struct dentry *d;

	if (dentry_new(NULL, "/", 1, &d)) {
		inode_put(i);
		return NULL;
	}
	d->inode = i;
	return d;
}

static void link_child(struct dentry *d, bool hashed)
{
	spin_lock(&dcache_lock);
	LIST_INSERT_HEAD(&d->parent->children, d, child_link);
	if (hashed)
		hash_in(d);
	spin_unlock(&dcache_lock);
}

/* The cached name, with a reference, or NULL. */
struct dentry *dcache_find(struct dentry *dir, const char *name, size_t len)
{
	uint32_t hash = name_hash(name, len);
	struct dentry *d;

	spin_lock(&dcache_lock);
	LIST_FOREACH(d, bucket(dir, hash), hash_link)
	if (d->parent == dir && d->hash == hash && d->len == len &&
	    !memcmp(d->name, name, len))
		break;
	if (d) {
		lru_del(d);
		dentry_get(d);
	}
	spin_unlock(&dcache_lock);
	return d;
}

/* The cached name if the file system still stands by it. */
static struct dentry *find_valid(struct dentry *dir, const char *name,
				 size_t len)
{
	const struct inode_ops *ops = dir->inode->ops;
	struct dentry *d = dcache_find(dir, name, len);

	if (!d || d->mounted || !ops->revalidate ||
	    ops->revalidate(dir->inode, d))
		return d;
	dcache_drop(d);
	dentry_put(d);
	return NULL;
}

/*
 * The dentry of name in dir, whose lock is held: from the cache or from the
 * file system; negative where the name is not there.  ENOMEM, or what the file
 * system says but ENOENT.
 */
int dcache_lookup_locked(struct dentry *dir, const char *name, size_t len,
			 struct dentry **out)
{
	struct inode *i = NULL;
	struct dentry *d;
	int r;

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	d = find_valid(dir, name, len);
	if (d) {
		*out = d;
		return 0;
	}
	if (dir->dead)
		return -ENOENT;
	if (!dir->inode->ops->lookup)
		return -ENOTDIR;
	r = dir->inode->ops->lookup(dir->inode, name, len, &i);
	if (r && r != -ENOENT)
		return r;
	if (r)
		i = NULL;
	r = dentry_new(dir, name, len, &d);
	if (r) {
		inode_put(i);
		return r;
	}
	d->inode = i;
	link_child(d, !dir->inode->super->no_dcache);
	*out = d;
	return 0;
}

int dcache_lookup(struct dentry *dir, const char *name, size_t len,
		  struct dentry **out)
{
	struct inode *i = dir->inode;
	int r;

	if (len <= NAME_MAX) {
		*out = find_valid(dir, name, len);
		if (*out)
			return 0;
	}
	mutex_lock(&i->lock);
	r = dcache_lookup_locked(dir, name, len, out);
	mutex_unlock(&i->lock);
	return r;
}

/* A nameless file: a dentry below parent that no lookup finds; takes i. */
int dcache_detached(struct inode *i, const char *name, struct dentry *parent,
		    struct dentry **out)
{
	int r = dentry_new(parent, name, strlen(name), out);

	if (r)
		return r;
	(*out)->inode = i;
	(*out)->dead = true;
	link_child(*out, false);
	return 0;
}

void dcache_instantiate(struct dentry *d, struct inode *i)
{
	ensure(!d->inode);
	d->stamp = arch_clock_ns();
	__atomic_store_n(&d->inode, i, __ATOMIC_RELEASE);
}

/* Found no more; those who have it keep it. */
void dcache_drop(struct dentry *d)
{
	spin_lock(&dcache_lock);
	unhash(d);
	spin_unlock(&dcache_lock);
}

void dcache_delete(struct dentry *d)
{
	spin_lock(&dcache_lock);
	unhash(d);
	d->dead = true;
	spin_unlock(&dcache_lock);
	prune_children(d);
}

static void swap_names(struct dentry *a, struct dentry *b)
{
	bool ain = a->name == a->inline_name, bin = b->name == b->inline_name;
	char tmp[sizeof(a->inline_name)], *name = a->name;
	uint32_t hash = a->hash;
	uint16_t len = a->len;

	memcpy(tmp, a->inline_name, sizeof(tmp));
	memcpy(a->inline_name, b->inline_name, sizeof(tmp));
	memcpy(b->inline_name, tmp, sizeof(tmp));
	a->name = bin ? a->inline_name : b->name;
	b->name = ain ? b->inline_name : name;
	a->hash = b->hash;
	a->len = b->len;
	b->hash = hash;
	b->len = len;
}

/* d's name becomes target's; a dead target keeps its own where that costs no
 * memory, for who still has it open. */
static void take_name(struct dentry *d, struct dentry *target, bool exchange)
{
	if (exchange || d->name != d->inline_name ||
	    target->name != target->inline_name) {
		swap_names(d, target);
		return;
	}
	memcpy(d->inline_name, target->inline_name, sizeof(d->inline_name));
	d->hash = target->hash;
	d->len = target->len;
}

/*
 * After a rename: d gets target's place; both directories are locked.  With
 * exchange target gets d's, else what target named is gone, and so is its
 * dentry.  Needs no memory, so that nothing can fail.
 */
void dcache_move(struct dentry *d, struct dentry *target, bool exchange)
{
	struct dentry *parent;
	bool hashed;

	spin_lock(&dcache_lock);
	hashed = d->hashed || target->hashed;
	unhash(d);
	unhash(target);
	LIST_REMOVE(d, child_link);
	parent = d->parent;
	take_name(d, target, exchange);
	if (exchange) {
		LIST_REMOVE(target, child_link);
		d->parent = target->parent;
		target->parent = parent;
		LIST_INSERT_HEAD(&parent->children, target, child_link);
		parent = NULL;
	} else {
		d->parent = dentry_get(target->parent);
		target->dead = true;
	}
	LIST_INSERT_HEAD(&d->parent->children, d, child_link);
	if (hashed)
		hash_in(d);
	if (hashed && exchange)
		hash_in(target);
	spin_unlock(&dcache_lock);
	if (parent) {
		dentry_put(parent);
		prune_children(target);
	}
}

/* Whether d is top or below it. */
bool dcache_is_below(struct dentry *d, struct dentry *top)
{
	bool r;

	spin_lock(&dcache_lock);
	while (d != top && d->parent != d)
		d = d->parent;
	r = d == top;
	spin_unlock(&dcache_lock);
	return r;
}

struct dentry *dentry_parent(struct dentry *d)
{
	spin_lock(&dcache_lock);
	d = dentry_get(d->parent);
	spin_unlock(&dcache_lock);
	return d;
}

struct dentry *dcache_name(struct dentry *d, char *name, size_t *len)
{
	struct dentry *parent;

	spin_lock(&dcache_lock);
	memcpy(name, d->name, d->len);
	*len = d->len;
	parent = dentry_get(d->parent);
	spin_unlock(&dcache_lock);
	return parent;
}

/* Hashes d and its ancestors on a super that caches no names; they stay so
 * while they are referenced, which the mount on d sees to. */
void dcache_pin(struct dentry *d)
{
	spin_lock(&dcache_lock);
	for (; d->parent != d; d = d->parent)
		if (!d->hashed && !d->dead)
			hash_in(d);
	spin_unlock(&dcache_lock);
}
