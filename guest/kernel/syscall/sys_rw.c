/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_rw.c: read, write and their kin: from descriptors and numbers to
 * file_read() and file_write().  A call moves at most MAX_RW_COUNT bytes, as on
 * Linux.  Files to files: sys_splice.c.
 */
#include <string.h>

#include "kuni/vfs.h"
#include "syscall_proto.h"

typedef ssize_t (*rw_fn)(struct file *f, struct uio *u, uint64_t *pos);

/* Whether it is worth a look at the buffer, all of which must be the user's even
 * where less is moved. */
static bool bad_buf(const struct file *f, uaddr_t buf, size_t count, rw_fn fn)
{
	if (!(fn == file_read ? file_readable(f) : file_writable(f)))
		return false;
	return !user_range(buf, count);
}

static long rw_buf(int fd, uaddr_t buf, size_t count, const int64_t *at,
		   rw_fn fn)
{
	uint64_t pos = at ? (uint64_t)*at : 0;
	struct uio_vec v;
	struct uio u;
	struct file *f;
	long r;

	if (at && *at < 0)
		return -EINVAL;
	f = fd_get_io(fd);
	if (!f)
		return -EBADF;
	uio_user(&u, &v, buf, min(count, MAX_RW_COUNT));
	if (at && f->ops->stream)
		r = -ESPIPE;
	else if (bad_buf(f, buf, count, fn))
		r = -EFAULT;
	else
		r = fn(f, &u, at ? &pos : NULL);
	file_put(f);
	return r;
}

long sys_read(int fd, uaddr_t buf, size_t count)
{
	return rw_buf(fd, buf, count, NULL, file_read);
}

long sys_write(int fd, uaddr_t buf, size_t count)
{
	return rw_buf(fd, buf, count, NULL, file_write);
}

long sys_pread64(int fd, uaddr_t buf, size_t count, int64_t pos)
{
	return rw_buf(fd, buf, count, &pos, file_read);
}

long sys_pwrite64(int fd, uaddr_t buf, size_t count, int64_t pos)
{
	return rw_buf(fd, buf, count, &pos, file_write);
}

static int take_vec(uaddr_t vec, int vlen, struct uio *u, struct uio_vec **v)
{
	if (vlen < 0 || vlen > UIO_MAXIOV)
		return -EINVAL;
	return uio_from_user(u, v, vec, (unsigned)vlen);
}

static long rw_vec(struct file *f, uaddr_t vec, int vlen, const int64_t *at,
		   rw_fn fn)
{
	uint64_t pos = at ? (uint64_t)*at : 0;
	struct uio_vec *v = NULL;
	struct uio u;
	long r;

	if (at && *at < 0)
		return -EINVAL;
	if (at && f->ops->stream)
		return -ESPIPE;
	r = take_vec(vec, vlen, &u, &v);
	if (!r)
		r = fn(f, &u, at ? &pos : NULL);
	kfree(v);
	return r;
}

static long rw_vec_fd(int fd, uaddr_t vec, int vlen, const int64_t *at,
		      rw_fn fn)
{
	struct file *f = fd_get_io(fd);
	long r;

	if (!f)
		return -EBADF;
	r = rw_vec(f, vec, vlen, at, fn);
	file_put(f);
	return r;
}

long sys_readv(int fd, uaddr_t vec, int vlen)
{
	return rw_vec_fd(fd, vec, vlen, NULL, file_read);
}

long sys_writev(int fd, uaddr_t vec, int vlen)
{
	return rw_vec_fd(fd, vec, vlen, NULL, file_write);
}

/* The position is in pos_l alone on 64 bits. */
long sys_preadv(int fd, uaddr_t vec, int vlen, long pos_l, long pos_h)
{
	int64_t pos = pos_l;

	(void)pos_h;
	return rw_vec_fd(fd, vec, vlen, &pos, file_read);
}

long sys_pwritev(int fd, uaddr_t vec, int vlen, long pos_l, long pos_h)
{
	int64_t pos = pos_l;

	(void)pos_h;
	return rw_vec_fd(fd, vec, vlen, &pos, file_write);
}

/* Which of the flags f can honour.  RWF_HIPRI is a hint; RWF_NOWAIT is for
 * what has its data at hand or knows that it has not. */
static int take_rwf(struct file *f, int flags, int allowed, struct uio *u)
{
	if (flags & ~allowed)
		return -EOPNOTSUPP;
	if ((flags & RWF_NOWAIT) && !f->ops->nowait)
		return -EOPNOTSUPP;
	u->nowait = flags & RWF_NOWAIT;
	u->append = flags & RWF_APPEND;
	return 0;
}

static long rw_flags(struct file *f, uaddr_t vec, int vlen, int64_t pos,
		     int flags, bool write)
{
	const int allowed =
		write ? RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT |
				RWF_APPEND
		      : RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT;
	uint64_t at = (uint64_t)pos;
	struct uio_vec *v = NULL;
	struct uio u;
	long r;

	if (pos < -1)
		return -EINVAL;
	if (pos != -1 && f->ops->stream)
		return -ESPIPE;
	r = take_vec(vec, vlen, &u, &v);
	if (!r)
		r = take_rwf(f, flags, allowed, &u);
	if (!r)
		r = (write ? file_write : file_read)(f, &u,
						     pos == -1 ? NULL : &at);
	kfree(v);
	if (write && r > 0 && (flags & (RWF_DSYNC | RWF_SYNC))) {
		int s = file_fsync(f, !(flags & RWF_SYNC));

		r = s ? s : r;
	}
	return r;
}

static long rw_flags_fd(int fd, uaddr_t vec, int vlen, int64_t pos, int flags,
			bool write)
{
	struct file *f = fd_get_io(fd);
	long r;

	if (!f)
		return -EBADF;
	r = rw_flags(f, vec, vlen, pos, flags, write);
	file_put(f);
	return r;
}

long sys_preadv2(int fd, uaddr_t vec, int vlen, long pos_l, long pos_h,
		 int flags)
{
	(void)pos_h;
	return rw_flags_fd(fd, vec, vlen, pos_l, flags, false);
}

long sys_pwritev2(int fd, uaddr_t vec, int vlen, long pos_l, long pos_h,
		  int flags)
{
	(void)pos_h;
	return rw_flags_fd(fd, vec, vlen, pos_l, flags, true);
}

long sys_lseek(int fd, int64_t offset, int whence)
{
	struct file *f = fd_get_io(fd);
	long r;

	if (!f)
		return -EBADF;
	r = file_seek(f, offset, whence);
	file_put(f);
	return r;
}

/* ---- sync and advice ---- */

static long fsync_fd(int fd, bool datasync)
{
	struct file *f = fd_get_io(fd);
	long r;

	if (!f)
		return -EBADF;
	r = file_fsync(f, datasync);
	file_put(f);
	return r;
}

long sys_fsync(int fd)
{
	return fsync_fd(fd, false);
}

long sys_fdatasync(int fd)
{
	return fsync_fd(fd, true);
}

static bool sync_mount(struct mount *m, void *arg)
{
	(void)arg;
	if (m->super->ops && m->super->ops->sync)
		(void)m->super->ops->sync(m->super);
	return true;
}

/* Errors go to fsync's callers; sync(2) has none. */
long sys_sync(void)
{
	mount_each(sync_mount, NULL);
	return 0;
}

long sys_syncfs(int fd)
{
	struct file *f = fd_get_io(fd);
	struct super *s;
	long r = 0;

	if (!f)
		return -EBADF;
	s = f->inode->super;
	if (s->ops && s->ops->sync)
		r = s->ops->sync(s);
	file_put(f);
	return r;
}

/* Does more than is asked: the whole file is written. */
long sys_sync_file_range(int fd, int64_t offset, int64_t nbytes,
			 unsigned int flags)
{
	struct file *f;
	long r;

	if (flags & ~7U || offset < 0 || nbytes < 0)
		return -EINVAL;
	f = fd_get_io(fd);
	if (!f)
		return -EBADF;
	if (f->ops->stream)
		r = -ESPIPE;
	else
		r = flags ? file_fsync(f, true) : 0;
	file_put(f);
	return r;
}

/* Advice is free to be ignored; what is wrong with it is still said. */
#define AHEAD_MAX           (512 * PAGE_SIZE) /* of one call, as of MADV_WILLNEED */
#define POSIX_FADV_WILLNEED 3

/* Brings what the cache can have of len bytes (0: to the end) at pos into it;
 * an error is met again by who reads. */
static void read_ahead(struct file *f, uint64_t pos, uint64_t len)
{
	struct inode *i = f->inode;
	uint64_t end =
		len && len < i->size - min(pos, i->size) ? pos + len : i->size;
	struct page *p;

	if (!S_ISREG(i->mode) || !i->cache.ops)
		return;
	end = min(end, pos + AHEAD_MAX);
	for (pos &= ~(PAGE_SIZE - 1UL); pos < end; pos += PAGE_SIZE) {
		if (pagecache_get(&i->cache, pos >> PAGE_SHIFT, false, &p))
			return;
		if (p)
			page_put(p);
	}
}

long sys_fadvise64(int fd, int64_t offset, size_t len, int advice)
{
	struct file *f = fd_get_io(fd);
	long r = 0;

	if (!f)
		return -EBADF;
	if (S_ISFIFO(f->inode->mode))
		r = -ESPIPE;
	else if ((int64_t)len < 0 || advice < 0 || advice > 5)
		r = -EINVAL;
	else if (advice == POSIX_FADV_WILLNEED && offset >= 0)
		read_ahead(f, (uint64_t)offset, len);
	file_put(f);
	return r;
}

long sys_readahead(int fd, int64_t offset, size_t count)
{
	struct file *f = fd_get_io(fd);
	long r = 0;

	if (!f)
		return -EBADF;
	if (!file_readable(f))
		r = -EBADF;
	else if (!S_ISREG(f->inode->mode) || (ssize_t)count < 0)
		r = -EINVAL;
	else if (offset >= 0 && count)
		read_ahead(f, (uint64_t)offset, count);
	file_put(f);
	return r;
}
