/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_rw.c: read, write and their kin: from descriptors and numbers to
 * file_read() and file_write().  A call moves at most MAX_RW_COUNT bytes, as on
 * Linux.  Copies between files go through a kernel buffer.
 */
#include <string.h>

#include "kuni/vfs.h"
#include "syscall_proto.h"

#define BOUNCE (64 * 1024UL)

typedef ssize_t (*rw_fn)(struct file *f, struct uio *u, uint64_t *pos);

static long rw_buf(int fd, uaddr_t buf, size_t count, const int64_t *at,
		   rw_fn fn)
{
	uint64_t pos = at ? (uint64_t)*at : 0;
	struct uio_vec v;
	struct uio u;
	struct file *f;
	long r;

	if ((ssize_t)count < 0 || (at && *at < 0))
		return -EINVAL;
	f = fd_get_io(fd);
	if (!f)
		return -EBADF;
	uio_user(&u, &v, buf, min(count, MAX_RW_COUNT));
	if (at && f->ops->stream)
		r = -ESPIPE;
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
	if (vlen < 0 || vlen > UIO_MAXIOV)
		return -EINVAL;
	r = uio_from_user(&u, &v, vec, (unsigned)vlen);
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

/* RWF_HIPRI is a hint; RWF_NOWAIT cannot be promised by any file here. */
long sys_preadv2(int fd, uaddr_t vec, int vlen, long pos_l, long pos_h,
		 int flags)
{
	int64_t pos = pos_l;

	(void)pos_h;
	if (flags & ~RWF_HIPRI)
		return -EOPNOTSUPP;
	return rw_vec_fd(fd, vec, vlen, pos == -1 ? NULL : &pos, file_read);
}

long sys_pwritev2(int fd, uaddr_t vec, int vlen, long pos_l, long pos_h,
		  int flags)
{
	int64_t pos = pos_l;
	struct file *f;
	long r;

	(void)pos_h;
	if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC))
		return -EOPNOTSUPP;
	f = fd_get_io(fd);
	if (!f)
		return -EBADF;
	r = rw_vec(f, vec, vlen, pos == -1 ? NULL : &pos, file_write);
	if (r > 0 && (flags & (RWF_DSYNC | RWF_SYNC))) {
		int s = file_fsync(f, !(flags & RWF_SYNC));

		r = s ? s : r;
	}
	file_put(f);
	return r;
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

/* ---- from file to file ---- */

struct copy {
	struct file *in, *out;
	uint64_t in_pos;
	uint64_t *out_pos; /* NULL: out's own */
};

/* One buffer's worth: bytes written, 0 at the end of in. */
static ssize_t copy_some(struct copy *c, char *buf, size_t n)
{
	uint64_t pos = c->in_pos;
	struct uio_vec v;
	struct uio u;
	ssize_t r, done = 0;

	uio_kernel(&u, &v, buf, min(n, BOUNCE));
	r = file_read(c->in, &u, &pos);
	if (r <= 0)
		return r;
	while (done < r) {
		ssize_t w;

		uio_kernel(&u, &v, buf + done, (size_t)(r - done));
		w = file_write(c->out, &u, c->out_pos);
		if (w <= 0) {
			if (done)
				break;
			return w;
		}
		done += w;
		if (c->out->flags & O_NONBLOCK)
			break;
	}
	c->in_pos += (uint64_t)done;
	return done;
}

static ssize_t copy_all(struct copy *c, size_t count)
{
	char *buf = kmalloc(BOUNCE);
	ssize_t done = 0, r = 0;

	if (!buf)
		return -ENOMEM;
	count = min(count, MAX_RW_COUNT);
	while ((size_t)done < count) {
		r = copy_some(c, buf, count - (size_t)done);
		if (r <= 0)
			break;
		done += r;
		if (signal_pending())
			break;
	}
	kfree(buf);
	return done ? done : r;
}

static int get_pos(uaddr_t at, struct file *f, uint64_t *pos)
{
	int64_t v;

	if (!at.v) {
		*pos = f->pos;
		return 0;
	}
	if (f->ops->stream)
		return -ESPIPE;
	if (copy_from_user(&v, at, sizeof(v)))
		return -EFAULT;
	*pos = (uint64_t)v;
	return v < 0 ? -EINVAL : 0;
}

static int set_pos(uaddr_t at, struct file *f, uint64_t pos)
{
	if (at.v)
		return copy_to_user(at, &pos, sizeof(pos));
	mutex_lock(&f->pos_lock);
	f->pos = pos;
	mutex_unlock(&f->pos_lock);
	return 0;
}

static long sendfile_files(struct copy *c, uaddr_t offset, size_t count)
{
	long r;
	int e;

	if (!file_readable(c->in) || !file_writable(c->out))
		return -EBADF;
	if ((c->out->flags & O_APPEND) || c->in == c->out)
		return -EINVAL;
	r = get_pos(offset, c->in, &c->in_pos);
	if (r)
		return r;
	if (c->in->ops->stream || S_ISDIR(c->in->inode->mode))
		return -EINVAL;
	r = copy_all(c, count);
	if (r <= 0)
		return r;
	e = set_pos(offset, c->in, c->in_pos);
	return e ? e : r;
}

long sys_sendfile(int out_fd, int in_fd, uaddr_t offset, size_t count)
{
	struct copy c = { .in = fd_get_io(in_fd), .out = fd_get_io(out_fd) };
	long r = -EBADF;

	if (c.in && c.out)
		r = sendfile_files(&c, offset, count);
	file_put(c.in);
	file_put(c.out);
	return r;
}

static int range_kinds(const struct copy *c)
{
	if (!file_readable(c->in) || !file_writable(c->out) ||
	    (c->out->flags & O_APPEND))
		return -EBADF;
	if (S_ISDIR(c->in->inode->mode) || S_ISDIR(c->out->inode->mode))
		return -EISDIR;
	if (!S_ISREG(c->in->inode->mode) || !S_ISREG(c->out->inode->mode))
		return -EINVAL;
	return c->in->inode->super == c->out->inode->super ? 0 : -EXDEV;
}

static long range_files(struct copy *c, uaddr_t off_in, uaddr_t off_out,
			size_t len)
{
	uint64_t out = 0;
	long r = range_kinds(c);
	int e;

	if (!r)
		r = get_pos(off_in, c->in, &c->in_pos);
	if (!r)
		r = get_pos(off_out, c->out, &out);
	if (r)
		return r;
	len = min(len, MAX_RW_COUNT);
	if (c->in->inode == c->out->inode && c->in_pos < out + len &&
	    out < c->in_pos + len)
		return -EINVAL;
	c->out_pos = &out;
	r = copy_all(c, len);
	c->out_pos = NULL;
	if (r <= 0)
		return r;
	e = set_pos(off_in, c->in, c->in_pos);
	if (!e)
		e = set_pos(off_out, c->out, out);
	return e ? e : r;
}

long sys_copy_file_range(int fd_in, uaddr_t off_in, int fd_out, uaddr_t off_out,
			 size_t len, unsigned int flags)
{
	struct copy c = { 0 };
	long r = -EBADF;

	if (flags)
		return -EINVAL;
	c.in = fd_get_io(fd_in);
	c.out = fd_get_io(fd_out);
	if (c.in && c.out)
		r = range_files(&c, off_in, off_out, len);
	file_put(c.in);
	file_put(c.out);
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
long sys_fadvise64(int fd, int64_t offset, size_t len, int advice)
{
	struct file *f = fd_get_io(fd);
	long r = 0;

	(void)offset;
	if (!f)
		return -EBADF;
	if (S_ISFIFO(f->inode->mode))
		r = -ESPIPE;
	else if ((int64_t)len < 0 || advice < 0 || advice > 5)
		r = -EINVAL;
	file_put(f);
	return r;
}

long sys_readahead(int fd, int64_t offset, size_t count)
{
	struct file *f = fd_get_io(fd);
	long r = 0;

	(void)offset;
	(void)count;
	if (!f)
		return -EBADF;
	if (!file_readable(f))
		r = -EBADF;
	else if (!S_ISREG(f->inode->mode))
		r = -EINVAL;
	file_put(f);
	return r;
}
