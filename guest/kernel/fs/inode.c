/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inode.c: inodes and supers: birth, references, permission, times.
 *
 * inode_new() gives an inode one reference; inode_put() of the last one calls
 * the file system's evict() and frees what the VFS hung on it.  A super lives
 * as long as a mount or an inode of it does.
 */
#include "kuni/vfs.h"

static uint64_t next_dev = 16; /* [a] minor numbers of anonymous devices */

int super_create(const struct fs_type *t, const struct super_ops *ops,
		 struct super **out)
{
	struct super *s = kmalloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->ref = 1;
	s->type = t;
	s->ops = ops;
	s->dev = MKDEV(0, __atomic_fetch_add(&next_dev, 1, __ATOMIC_RELAXED));
	s->next_ino = 1;
	*out = s;
	return 0;
}

void super_get(struct super *s)
{
	__atomic_fetch_add(&s->ref, 1, __ATOMIC_RELAXED);
}

void super_put(struct super *s)
{
	if (__atomic_sub_fetch(&s->ref, 1, __ATOMIC_ACQ_REL))
		return;
	if (s->ops && s->ops->destroy)
		s->ops->destroy(s);
	kfree(s);
}

/* An inode of s with one reference, current's times and nlink 1; the file
 * system sets owner, ops and cache. */
int inode_new(struct super *s, uint32_t mode, struct inode **out)
{
	struct inode *i = kmalloc(sizeof(*i));

	if (!i)
		return -ENOMEM;
	i->ref = 1;
	mutex_init(&i->lock, S_ISDIR(mode) ? RANK_INODE_DIR : RANK_INODE);
	super_get(s);
	i->super = s;
	i->ino = __atomic_fetch_add(&s->next_ino, 1, __ATOMIC_RELAXED);
	i->mode = mode;
	i->nlink = 1;
	i->atime = i->mtime = i->ctime = fs_now();
	pagecache_init(&i->cache, i, NULL);
	*out = i;
	return 0;
}

void inode_get(struct inode *i)
{
	__atomic_fetch_add(&i->ref, 1, __ATOMIC_RELAXED);
}

void inode_put(struct inode *i)
{
	struct super *s;

	if (!i || __atomic_sub_fetch(&i->ref, 1, __ATOMIC_ACQ_REL))
		return;
	s = i->super;
	if (s->ops && s->ops->evict)
		s->ops->evict(i);
	locks_free(i);
	if (S_ISREG(i->mode))
		pagecache_fini(&i->cache);
	kfree(i);
	super_put(s);
}

/* Classic mode bits, then the capabilities that override them. */
int inode_permission_default(struct inode *i, unsigned mask)
{
	uint32_t mode = i->mode, bits = mode;

	if (fs_uid() == i->uid)
		bits >>= 6;
	else if (fs_gid() == i->gid || (current->cred && in_group(i->gid)))
		bits >>= 3;
	if (!(mask & ~bits & 7))
		return 0;
	if (S_ISDIR(mode)) {
		if (!(mask & MAY_WRITE) && fs_capable(CAP_DAC_READ_SEARCH))
			return 0;
		return fs_capable(CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	}
	if (mask == MAY_READ && fs_capable(CAP_DAC_READ_SEARCH))
		return 0;
	if (!(mask & MAY_EXEC) || (mode & 0111))
		if (fs_capable(CAP_DAC_OVERRIDE))
			return 0;
	return -EACCES;
}

/* May current do mask (MAY_*) with i?  0 or -EACCES. */
int inode_permission(struct inode *i, unsigned mask)
{
	if (i->ops && i->ops->permission)
		return i->ops->permission(i, mask);
	return inode_permission_default(i, mask);
}

bool inode_owner_or_capable(const struct inode *i)
{
	return fs_uid() == i->uid || fs_capable(CAP_FOWNER);
}

/* CLOCK_REALTIME. */
struct timespec_k fs_now(void)
{
	uint64_t ns = arch_clock_ns() + arch_wall_offset_ns();

	return (struct timespec_k){ (int64_t)(ns / NSEC_PER_SEC),
				    (int64_t)(ns % NSEC_PER_SEC) };
}

void inode_touch(struct inode *i, bool a, bool m, bool c)
{
	struct timespec_k now = fs_now();

	if (a)
		i->atime = now;
	if (m)
		i->mtime = now;
	if (c)
		i->ctime = now;
}
