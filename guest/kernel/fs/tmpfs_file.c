/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpfs_file.c: the bytes of tmpfs files, and memory files (memfd_create).
 *
 * Reading and writing go through the page cache.  inode.lock is held while
 * user memory is touched: a fault takes mm.lock and the cache's lock, both
 * inside it, never inode.lock.  Pages that a mapping made are counted when the
 * file is next written or truncated.
 */
#include <string.h>

#include "kuni/filesystems.h"
#include "tmpfs.h"

#define F_SEAL_SEAL   1
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW   4
#define F_SEAL_WRITE  8
#define F_SEAL_FUTURE 16 /* no new way to write */
#define F_SEAL_ALL    31

void tmpfs_recount(struct inode *i)
{
	struct tmpfs_sb *sb = i->super->private_;
	struct tmpfs_node *n = tmpfs_node(i);
	uint64_t now = i->cache.npages;

	__atomic_fetch_add(&sb->pages, now - n->charged, __ATOMIC_RELAXED);
	n->charged = now;
	i->blocks = now * (PAGE_SIZE / 512);
}

/* How many bytes of [pos, pos + len) there is room for. */
static size_t room(struct inode *i, uint64_t pos, size_t len)
{
	struct tmpfs_sb *sb = i->super->private_;
	uint64_t used = __atomic_load_n(&sb->pages, __ATOMIC_RELAXED);
	uint64_t left = sb->max_pages - min(used, sb->max_pages);
	uint64_t end = pos + len, first = pos >> PAGE_SHIFT, index;

	if (!sb->max_pages || left >= (page_up(end) >> PAGE_SHIFT) - first)
		return len;
	for (index = first; index << PAGE_SHIFT < end; index++) {
		struct page *p = NULL;

		if (pagecache_get(&i->cache, index, false, &p))
			break;
		if (p)
			page_put(p);
		else if (!left--)
			break;
	}
	end = min(end, index << PAGE_SHIFT);
	return end > pos ? end - pos : 0;
}

static ssize_t file_read_cached(struct file *f, struct uio *u, uint64_t *pos)
{
	struct inode *i = f->inode;
	uint64_t size = __atomic_load_n(&i->size, __ATOMIC_RELAXED);
	ssize_t n = pagecache_read(&i->cache, u, *pos, size);

	if (n > 0) {
		*pos += (uint64_t)n;
		if (!(f->flags & O_NOATIME) &&
		    !(f->path.mnt && (f->path.mnt->flags & MS_NOATIME)))
			inode_touch(i, true, false, false);
	}
	return n;
}

static ssize_t write_locked(struct inode *i, struct uio *u, uint64_t at)
{
	unsigned seals = tmpfs_node(i)->seals;
	size_t want = u->left, cut;
	ssize_t n;

	if (!want)
		return 0;
	if ((seals & (F_SEAL_WRITE | F_SEAL_FUTURE)) ||
	    ((seals & F_SEAL_GROW) && at + want > i->size))
		return -EPERM;
	cut = room(i, at, want);
	if (!cut)
		return -ENOSPC;
	u->left = cut;
	n = pagecache_write(&i->cache, u, at);
	u->left += want - cut;
	if (n > 0) {
		if (at + (uint64_t)n > i->size)
			__atomic_store_n(&i->size, at + (uint64_t)n,
					 __ATOMIC_RELAXED);
		inode_touch(i, false, true, true);
	}
	tmpfs_recount(i);
	return n;
}

static ssize_t file_write_cached(struct file *f, struct uio *u, uint64_t *pos)
{
	struct inode *i = f->inode;
	uint64_t at;
	ssize_t n;

	mutex_lock(&i->lock);
	at = (f->flags & O_APPEND) || u->append ? i->size : *pos;
	n = write_locked(i, u, at);
	mutex_unlock(&i->lock);
	if (n > 0)
		*pos = at + (uint64_t)n;
	return n;
}

static int file_setattr(struct inode *i, const struct setattr *a)
{
	unsigned seals = tmpfs_node(i)->seals;

	if (a->valid & ATTR_SIZE) {
		if (((seals & F_SEAL_SHRINK) && a->size < i->size) ||
		    ((seals & F_SEAL_GROW) && a->size > i->size))
			return -EPERM;
		/* first the size: a fault beyond it must not make a page */
		__atomic_store_n(&i->size, a->size, __ATOMIC_RELAXED);
		pagecache_truncate(&i->cache, a->size);
		tmpfs_recount(i);
	}
	inode_setattr_copy(i, a);
	return 0;
}

/* Pages for [off, off + len), so that a later write cannot lack room. */
static int reserve(struct inode *i, uint64_t off, uint64_t len)
{
	uint64_t end = off + len;
	int r = 0;

	if (room(i, off, len) < len)
		return -ENOSPC;
	for (uint64_t n = off >> PAGE_SHIFT; n << PAGE_SHIFT < end && !r; n++) {
		struct page *p = NULL;

		r = pagecache_get(&i->cache, n, true, &p);
		if (!r)
			page_put(p);
	}
	return r;
}

static int file_fallocate_cached(struct file *f, int mode, uint64_t off,
				 uint64_t len)
{
	struct inode *i = f->inode;
	unsigned seals = tmpfs_node(i)->seals;
	bool hole = mode & FALLOC_FL_PUNCH_HOLE;
	int r;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	if (hole && !(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	mutex_lock(&i->lock);
	if (hole && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE)))
		r = -EPERM;
	else if (!hole && (seals & F_SEAL_GROW) && off + len > i->size)
		r = -EPERM;
	else
		r = hole ? (pagecache_punch(&i->cache, off, off + len), 0)
			 : reserve(i, off, len);
	if (!r && !(mode & FALLOC_FL_KEEP_SIZE) && off + len > i->size)
		i->size = off + len;
	if (!r)
		inode_touch(i, false, true, true);
	tmpfs_recount(i);
	mutex_unlock(&i->lock);
	return r;
}

static int file_mmap(struct file *f, struct vma *v)
{
	unsigned seals = tmpfs_node(f->inode)->seals;

	if (!(seals & (F_SEAL_WRITE | F_SEAL_FUTURE)) ||
	    !(v->flags & VMA_SHARED) || !(v->flags & VMA_MAYWRITE))
		return 0;
	if ((seals & F_SEAL_WRITE) || (v->prot & PROT_W))
		return -EPERM;
	v->flags &= ~(uint32_t)VMA_MAYWRITE; /* mprotect cannot, either */
	return 0; /* the pages are those of inode.cache */
}

static int file_get_page(struct file *f, uint64_t index, struct page **out)
{
	struct pagecache *c = &f->inode->cache;
	int r = pagecache_get(c, index, false, out);

	/* a hole inside the file: as Linux, it becomes a page */
	if (!r && !*out && index << PAGE_SHIFT < f->inode->size)
		r = pagecache_get(c, index, true, out);
	return r;
}

static int64_t file_seek_hole(struct file *f, uint64_t off, bool data)
{
	uint64_t end = f->inode->size;
	uint64_t at = pagecache_seek(&f->inode->cache, off, end, data);

	return data && at >= end ? -ENXIO : (int64_t)min(at, end);
}

static int file_fsync_nothing(struct file *f, bool datasync)
{
	(void)f; /* memory is where it belongs */
	(void)datasync;
	return 0;
}

const struct inode_ops tmpfs_file_ops = {
	.setattr = file_setattr,
	.getxattr = tmpfs_getxattr,
	.setxattr = tmpfs_setxattr,
	.listxattr = tmpfs_listxattr,
	.removexattr = tmpfs_removexattr,
};
const struct file_ops tmpfs_file_fops = {
	.read = file_read_cached,
	.write = file_write_cached,
	.mmap = file_mmap,
	.fsync = file_fsync_nothing,
	.fallocate = file_fallocate_cached,
	.get_page = file_get_page,
	.seek_hole = file_seek_hole,
};

/* ---- memory files ---- */

static struct mutex memfd_lock;
static struct super *memfd_super; /* [memfd_lock] never mounted */

static int memfd_tree(struct super **out)
{
	int r = 0;

	mutex_lock(&memfd_lock);
	if (!memfd_super)
		r = tmpfs_type.mount(&tmpfs_type, "memfd", 0,
				     "size=100%,nr_inodes=0", &memfd_super);
	*out = memfd_super;
	mutex_unlock(&memfd_lock);
	return r;
}

static char *copy_name(const char *s)
{
	size_t n = strlen(s) + 1;
	char *c = kmalloc(n);

	if (c)
		memcpy(c, s, n);
	return c;
}

/* memfd_create(2): a nameless file, open for reading and writing. */
int memfd_new(const char *name, bool seals, struct file **out)
{
	struct super *s;
	struct inode *i;
	int r = memfd_tree(&s);

	if (r)
		return r;
	r = tmpfs_inode(s, s->root->inode, S_IFREG | 0777, &i);
	if (r)
		return r;
	i->nlink = 0;
	tmpfs_node(i)->seals = seals ? 0 : F_SEAL_SEAL;
	tmpfs_node(i)->target = copy_name(name);
	i->anon_name = tmpfs_node(i)->target;
	r = i->anon_name
		    ? file_new(i, &tmpfs_file_fops, O_RDWR | O_LARGEFILE, out)
		    : -ENOMEM;
	if (r)
		inode_put(i);
	return r;
}

static bool has_writable_mapping(struct inode *i)
{
	struct vma *v;
	bool r = false;

	mutex_lock(&i->cache.lock);
	LIST_FOREACH(v, &i->cache.mappings, mapping_link)
	r |= (v->flags & VMA_SHARED) && (v->flags & VMA_MAYWRITE);
	mutex_unlock(&i->cache.lock);
	return r;
}

/* F_GET_SEALS, or F_ADD_SEALS with add. */
long tmpfs_seals(struct file *f, bool add, unsigned seals)
{
	struct inode *i = f->inode;
	struct tmpfs_node *n;
	long r = 0;

	if (f->ops != &tmpfs_file_fops)
		return -EINVAL;
	n = tmpfs_node(i);
	mutex_lock(&i->lock);
	if (!add)
		r = n->seals;
	else if (seals & ~F_SEAL_ALL)
		r = -EINVAL;
	else if (!file_writable(f) || (n->seals & F_SEAL_SEAL))
		r = -EPERM;
	else if ((seals & F_SEAL_WRITE) && has_writable_mapping(i))
		r = -EBUSY;
	else
		n->seals |= seals;
	mutex_unlock(&i->lock);
	return r;
}
