/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node.c: from the host's numbers to inodes, and what we believe of them.
 *
 * fuse_conn.lock guards the hash and the attributes that come from the host.
 * A reply may be older than a change of ours: `version` of a request is the
 * connection's when it was sent, and an inode that changed later keeps what
 * it has.  While a write is on its way, the size is ours alone.
 *
 * An inode that loses its last reference is still in the hash until evict()
 * takes it out; a lookup that meets it there waits for that.
 */
#include "guest/kernel/fs/fuse/client.h"

uint64_t fuse_valid_ns(uint64_t sec, uint32_t nsec)
{
	if (sec > 3600 * 24 * 365)
		sec = 3600 * 24 * 365;
	return sec * NSEC_PER_SEC + (nsec < NSEC_PER_SEC ? nsec : 0);
}

uint64_t fuse_version(struct fuse_conn *fc)
{
	return __atomic_load_n(&fc->version, __ATOMIC_ACQUIRE);
}

static void bump_locked(struct fuse_conn *fc, struct fuse_node *n)
{
	n->version = __atomic_add_fetch(&fc->version, 1, __ATOMIC_ACQ_REL);
	n->attr_until = 0;
}

static struct fuse_node *find_locked(struct fuse_conn *fc, uint64_t nodeid)
{
	struct fuse_node *n;

	LIST_FOREACH(n, &fc->hash[(nodeid ^ nodeid >> 8) % FUSE_HASH], link)
	if (n->nodeid == nodeid)
		return n;
	return NULL;
}

/* A reference, unless the inode is on its way out. */
static bool get_alive(struct inode *i)
{
	uint32_t ref = __atomic_load_n(&i->ref, __ATOMIC_RELAXED);

	while (ref) {
		if (__atomic_compare_exchange_n(&i->ref, &ref, ref + 1, true,
						__ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
	}
	return false;
}

/* ---- attributes ---- */

static struct timespec_k wire_time(uint64_t sec, uint32_t nsec)
{
	return (struct timespec_k){ (int64_t)sec,
				    nsec < NSEC_PER_SEC ? (int64_t)nsec : 0 };
}

/* True where the file was changed behind our back. */
static bool apply_locked(struct fuse_node *n, const struct fuse_attr *a)
{
	struct timespec_k mtime = wire_time(a->mtime, a->mtimensec);
	struct inode *i = n->inode;
	bool other;

	other = !n->own_change && !n->writers && S_ISREG(i->mode) &&
		(a->size != i->size || mtime.sec != i->mtime.sec ||
		 mtime.nsec != i->mtime.nsec);
	i->mode = (i->mode & S_IFMT) | (a->mode & 07777);
	i->uid = a->uid;
	i->gid = a->gid;
	i->nlink = a->nlink;
	i->blocks = a->blocks;
	i->atime = wire_time(a->atime, a->atimensec);
	i->mtime = mtime;
	i->ctime = wire_time(a->ctime, a->ctimensec);
	if (!n->writers)
		__atomic_store_n(&i->size, a->size, __ATOMIC_RELEASE);
	n->own_change = n->writers;
	return other;
}

int fuse_attr_apply(struct inode *i, const struct fuse_attr *a, uint64_t valid,
		    uint64_t version)
{
	struct fuse_conn *fc = fuse_conn(i);
	struct fuse_node *n = fuse_node(i);
	bool stale = false, cut = false;

	if ((a->mode & S_IFMT) != (i->mode & S_IFMT))
		return -EIO;
	if (a->size > INT64_MAX)
		return -EIO;
	mutex_lock(&fc->lock);
	if (n->version <= version) {
		cut = !n->writers && !n->own_change && a->size < i->size;
		stale = apply_locked(n, a);
		n->attr_until = arch_clock_ns() + valid;
		n->data_until = n->attr_until;
	}
	mutex_unlock(&fc->lock);
	if (stale && cut)
		pagecache_truncate(&i->cache, a->size);
	if (stale)
		pagecache_invalidate(&i->cache);
	return 0;
}

void fuse_changed(struct inode *i)
{
	struct fuse_conn *fc = fuse_conn(i);

	mutex_lock(&fc->lock);
	fuse_node(i)->own_change = true;
	bump_locked(fc, fuse_node(i));
	mutex_unlock(&fc->lock);
}

static void set_clip(struct fuse_node *n, uint64_t from, uint64_t to)
{
	__atomic_store_n(&n->clip_from, from, __ATOMIC_RELAXED);
	__atomic_store_n(&n->clip_to, to, __ATOMIC_RELAXED);
}

void fuse_write_begin(struct inode *i, uint64_t from, uint64_t to)
{
	struct fuse_conn *fc = fuse_conn(i);

	mutex_lock(&fc->lock);
	fuse_node(i)->writers++;
	fuse_node(i)->own_change = true;
	set_clip(fuse_node(i), from, to);
	bump_locked(fc, fuse_node(i));
	mutex_unlock(&fc->lock);
}

void fuse_write_end(struct inode *i)
{
	struct fuse_conn *fc = fuse_conn(i);

	mutex_lock(&fc->lock);
	fuse_node(i)->writers--;
	set_clip(fuse_node(i), 0, 0);
	bump_locked(fc, fuse_node(i));
	mutex_unlock(&fc->lock);
}

/* ---- birth ---- */

static void set_ops(struct inode *i)
{
	switch (i->mode & S_IFMT) {
	case S_IFDIR:
		i->ops = &fuse_dir_iops;
		i->fops = &fuse_dir_fops;
		break;
	case S_IFREG:
		i->ops = &fuse_file_iops;
		i->fops = &fuse_file_fops;
		pagecache_init(&i->cache, i, &fuse_page_ops);
		break;
	case S_IFLNK:
		i->ops = &fuse_link_iops;
		break;
	default: /* the VFS opens devices, FIFOs and sockets */
		i->ops = &fuse_file_iops;
		break;
	}
}

static uint64_t wire_rdev(uint32_t rdev)
{
	return MKDEV(rdev >> 8 & 0xfff, (rdev & 0xff) | (rdev >> 12 & 0xfff00));
}

static bool type_known(uint32_t mode)
{
	return S_ISDIR(mode) || S_ISREG(mode) || S_ISLNK(mode) ||
	       S_ISCHR(mode) || S_ISBLK(mode) || S_ISFIFO(mode) ||
	       S_ISSOCK(mode);
}

static int node_new(struct fuse_conn *fc, const struct fuse_entry_out *e,
		    struct inode **out)
{
	struct fuse_node *n = kmalloc(sizeof(*n));
	struct inode *i;
	int r;

	if (!n)
		return -ENOMEM;
	r = inode_new(fc->super, e->attr.mode & (S_IFMT | 07777), &i);
	if (r) {
		kfree(n);
		return r;
	}
	i->ino = e->attr.ino;
	i->rdev = wire_rdev(e->attr.rdev);
	i->private_ = n;
	n->inode = i;
	n->nodeid = e->nodeid;
	n->own_change = true;
	set_ops(i);
	apply_locked(n, &e->attr); /* nobody else knows it yet */
	n->attr_until = arch_clock_ns() +
			fuse_valid_ns(e->attr_valid, e->attr_valid_nsec);
	n->data_until = n->attr_until;
	*out = i;
	return 0;
}

/* The node in the hash with one more lookup and a reference to its inode,
 * made from *fresh (which then is NULL) where there was none. */
static struct inode *intern(struct fuse_conn *fc, uint64_t nodeid,
			    struct inode **fresh)
{
	struct fuse_node *n;
	struct inode *i = NULL;

	mutex_lock(&fc->lock);
	while ((n = find_locked(fc, nodeid)) && !get_alive(n->inode)) {
		mutex_unlock(&fc->lock);
		sched_yield();
		mutex_lock(&fc->lock);
	}
	if (n) {
		i = n->inode;
	} else if (*fresh) {
		i = *fresh;
		*fresh = NULL;
		n = fuse_node(i);
		LIST_INSERT_HEAD(&fc->hash[(nodeid ^ nodeid >> 8) % FUSE_HASH],
				 n, link);
	}
	if (n)
		n->nlookup++;
	mutex_unlock(&fc->lock);
	return i;
}

int fuse_node_get(struct fuse_conn *fc, const struct fuse_entry_out *e,
		  uint64_t version, struct inode **out)
{
	struct inode *fresh = NULL, *i;
	int r = 0;

	if (!e->nodeid || !type_known(e->attr.mode) || e->attr.size > INT64_MAX)
		return -EIO;
	__atomic_store_n(&fc->entry_valid,
			 fuse_valid_ns(e->entry_valid, e->entry_valid_nsec),
			 __ATOMIC_RELAXED);
	i = intern(fc, e->nodeid, &fresh);
	if (!i) {
		r = node_new(fc, e, &fresh);
		if (r) {
			fuse_forget(fc, e->nodeid, 1, false);
			return r;
		}
		i = intern(fc, e->nodeid, &fresh);
		if (fresh) { /* another task was first */
			fuse_node(fresh)->nodeid = 0;
			inode_put(fresh);
		}
	}
	r = fuse_attr_apply(i, &e->attr,
			    fuse_valid_ns(e->attr_valid, e->attr_valid_nsec),
			    version);
	if (r) {
		inode_put(i);
		return r;
	}
	*out = i;
	return 0;
}

/* ---- death ---- */

/* Sends what is in list[0..n).  There is nobody to tell if it fails. */
static void forget_send(struct fuse_conn *fc,
			const struct fuse_forget_one *list, unsigned n)
{
	struct fuse_batch_forget_in in = { .count = n };
	struct fuse_call c = {
		.opcode = FUSE_BATCH_FORGET,
		.in = { { &in, sizeof(in) }, { list, n * sizeof(*list) } },
		.no_reply = true,
	};

	if (n && fuse_call(fc, &c) < 0)
		klog(KLOG_WARN, "fuse: forget of %u nodes failed", n);
}

/* now: the host frees a deleted file's blocks with the last lookup. */
void fuse_forget(struct fuse_conn *fc, uint64_t nodeid, uint64_t n, bool now)
{
	struct fuse_forget_one list[FUSE_FORGETS];
	unsigned count = 0;

	mutex_lock(&fc->lock);
	fc->forget[fc->nforget++] = (struct fuse_forget_one){ nodeid, n };
	if (now || fc->nforget == FUSE_FORGETS) {
		count = fc->nforget;
		memcpy(list, fc->forget, sizeof(list));
		fc->nforget = 0;
	}
	mutex_unlock(&fc->lock);
	forget_send(fc, list, count);
}

void fuse_forget_flush(struct fuse_conn *fc)
{
	struct fuse_forget_one list[FUSE_FORGETS];
	unsigned count;

	mutex_lock(&fc->lock);
	count = fc->nforget;
	memcpy(list, fc->forget, sizeof(list));
	fc->nforget = 0;
	mutex_unlock(&fc->lock);
	forget_send(fc, list, count);
}

/* Writes what is dirty, and drops it all: nothing may ask for a write-back
 * once the node is gone. */
static void settle_pages(struct inode *i)
{
	int r = 0;

	if (!S_ISREG(i->mode))
		return;
	if (i->nlink && i->cache.ndirty)
		r = pagecache_sync(&i->cache, 0, UINT64_MAX);
	if (r)
		klog(KLOG_ERROR,
		     "fuse: write-back at the end: ino=%lu error=%d",
		     (unsigned long)i->ino, r);
	pagecache_truncate(&i->cache, 0);
	fuse_window_evict(i);
}

void fuse_evict(struct inode *i)
{
	struct fuse_conn *fc = fuse_conn(i);
	struct fuse_node *n = fuse_node(i);

	if (!n)
		return;
	if (n->nodeid) {
		settle_pages(i);
		mutex_lock(&fc->lock);
		LIST_REMOVE(n, link);
		mutex_unlock(&fc->lock);
		if (n->nodeid != FUSE_ROOT_ID)
			fuse_forget(fc, n->nodeid, n->nlookup, !i->nlink);
	}
	kfree(n->target);
	kfree(n);
	i->private_ = NULL;
}

/* The next inode with dirty pages, from bucket *b on, with a reference. */
static struct inode *next_dirty(struct fuse_conn *fc, unsigned *b)
{
	struct inode *found = NULL;
	struct fuse_node *n;

	mutex_lock(&fc->lock);
	for (; *b < FUSE_HASH && !found; ++*b) {
		LIST_FOREACH(n, &fc->hash[*b], link)
		{
			if (S_ISREG(n->inode->mode) && n->inode->cache.ndirty &&
			    get_alive(n->inode)) {
				found = n->inode;
				break;
			}
		}
		if (found)
			break; /* this bucket may hold more */
	}
	mutex_unlock(&fc->lock);
	return found;
}

int fuse_sync_nodes(struct fuse_conn *fc)
{
	unsigned b = 0, tries = 0, last = 0;
	struct inode *i;
	int r, ret = 0;

	while ((i = next_dirty(fc, &b))) {
		r = pagecache_sync(&i->cache, 0, UINT64_MAX);
		inode_put(i);
		if (r && !ret)
			ret = r;
		/* Not for ever where pages fail, or are dirtied as we go. */
		tries = b == last ? tries + 1 : 0;
		last = b;
		if (r || tries > 64) {
			b++;
			tries = 0;
		}
	}
	return ret;
}
