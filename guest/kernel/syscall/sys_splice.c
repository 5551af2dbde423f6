/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_splice.c: bytes from file to file: sendfile, copy_file_range, splice,
 * tee, vmsplice.  What has a page cache lends its pages; others are read into
 * a buffer.  vmsplice copies what it is given, as SPLICE_F_GIFT leaves open.
 */
#include "kuni/vfs.h"
#include "syscall_proto.h"

#define BOUNCE (64 * 1024UL)

struct copy {
	struct file *in, *out;
	uint64_t in_pos;
	uint64_t *out_pos; /* NULL: out's own */
};

static ssize_t write_all(struct copy *c, char *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		struct uio_vec v;
		struct uio u;
		ssize_t w;

		uio_kernel(&u, &v, buf + done, n - done);
		w = file_write(c->out, &u, c->out_pos);
		if (w <= 0)
			return done ? (ssize_t)done : w;
		done += (size_t)w;
		if (c->out->flags & O_NONBLOCK)
			break;
	}
	return (ssize_t)done;
}

/* Straight from the page of in that is in the cache. */
static ssize_t copy_page(struct copy *c, size_t n)
{
	struct page *p = NULL;
	uint64_t size, off = c->in_pos % PAGE_SIZE;
	ssize_t r = c->in->ops->get_page(c->in, c->in_pos >> PAGE_SHIFT, &p);

	if (r)
		return r;
	size = __atomic_load_n(&c->in->inode->size, __ATOMIC_RELAXED);
	if (c->in_pos < size) {
		n = min(min(n, PAGE_SIZE - off), size - c->in_pos);
		r = write_all(c, (char *)page_virt(p) + off, n);
	}
	if (p)
		page_put(p);
	return r;
}

/* Some bytes: how many were written, 0 at the end of in. */
static ssize_t copy_some(struct copy *c, char *buf, size_t n)
{
	uint64_t pos = c->in_pos;
	struct uio_vec v;
	struct uio u;
	ssize_t r;

	if (c->in->ops->get_page) {
		r = copy_page(c, n);
	} else {
		uio_kernel(&u, &v, buf, min(n, BOUNCE));
		r = file_read(c->in, &u, &pos);
		if (r > 0)
			r = write_all(c, buf, (size_t)r);
	}
	if (r > 0)
		c->in_pos += (uint64_t)r;
	return r;
}

static ssize_t copy_all(struct copy *c, size_t count)
{
	char *buf = c->in->ops->get_page ? NULL : kmalloc(BOUNCE);
	ssize_t done = 0, r = 0;

	if (!buf && !c->in->ops->get_page)
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
	if (done && c->in->ops->get_page)
		notify_dentry(c->in->path.d, IN_ACCESS);
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

/* ---- splice(2) and its kin ---- */

static bool is_nonblock(const struct file *a, const struct file *b,
			unsigned flags)
{
	return (flags & SPLICE_F_NONBLOCK) ||
	       ((a->flags | b->flags) & O_NONBLOCK);
}

/* The offset at `at` (none: the file's own), which a pipe must not have. */
static int take_offset(uaddr_t at, struct file *f, uint64_t *pos)
{
	int64_t v;

	if (!at.v)
		return 0;
	if (pipe_of_file(f))
		return -ESPIPE;
	if (f->ops->stream)
		return -EINVAL;
	if (copy_from_user(&v, at, sizeof(v)))
		return -EFAULT;
	*pos = (uint64_t)v;
	return v < 0 ? -EINVAL : 0;
}

static long splice_files(struct file *in, uaddr_t off_in, struct file *out,
			 uaddr_t off_out, size_t n, unsigned flags)
{
	bool nonblock = is_nonblock(in, out, flags);
	uint64_t pin = 0, pout = 0;
	long r;

	if (!file_readable(in) || !file_writable(out))
		return -EBADF;
	r = take_offset(off_in, in, &pin);
	if (!r)
		r = take_offset(off_out, out, &pout);
	if (r)
		return r;
	n = min(n, MAX_RW_COUNT);
	if (pipe_of_file(in) && pipe_of_file(out))
		return splice_pipes(in, out, n, false, nonblock);
	if (pipe_of_file(in)) {
		if (out->flags & O_APPEND)
			return -EINVAL;
		r = splice_to_file(in, out, off_out.v ? &pout : NULL, n,
				   nonblock);
	} else if (pipe_of_file(out)) {
		if (S_ISDIR(in->inode->mode))
			return -EINVAL;
		r = splice_from_file(in, off_in.v ? &pin : NULL, out, n,
				     nonblock);
	} else {
		return -EINVAL;
	}
	if (r > 0 && off_in.v && copy_to_user(off_in, &pin, sizeof(pin)))
		return -EFAULT;
	if (r > 0 && off_out.v && copy_to_user(off_out, &pout, sizeof(pout)))
		return -EFAULT;
	return r;
}

long sys_splice(int fd_in, uaddr_t off_in, int fd_out, uaddr_t off_out,
		size_t len, unsigned int flags)
{
	struct file *in, *out;
	long r = -EBADF;

	if (!len)
		return 0;
	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	in = fd_get_io(fd_in);
	out = fd_get_io(fd_out);
	if (in && out)
		r = splice_files(in, off_in, out, off_out, len, flags);
	file_put(in);
	file_put(out);
	return r;
}

long sys_tee(int fd_in, int fd_out, size_t len, unsigned int flags)
{
	struct file *in, *out;
	long r = -EBADF;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	if (!len)
		return 0;
	in = fd_get_io(fd_in);
	out = fd_get_io(fd_out);
	if (in && out && file_readable(in) && file_writable(out)) {
		r = -EINVAL;
		if (pipe_of_file(in) && pipe_of_file(out))
			r = splice_pipes(in, out, min(len, MAX_RW_COUNT), true,
					 is_nonblock(in, out, flags));
	}
	file_put(in);
	file_put(out);
	return r;
}

static long vmsplice_file(struct file *f, uaddr_t vec, int vlen, unsigned flags)
{
	bool write = file_writable(f);
	struct uio_vec *v = NULL;
	struct uio u;
	long r;

	if (!pipe_of_file(f))
		return -EBADF;
	r = uio_from_user(&u, &v, vec, (unsigned)vlen);
	if (!r) {
		u.nowait = flags & SPLICE_F_NONBLOCK;
		r = (write ? file_write : file_read)(f, &u, NULL);
	}
	kfree(v);
	return r;
}

long sys_vmsplice(int fd, uaddr_t vec, size_t nr_segs, unsigned int flags)
{
	struct file *f;
	long r;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	f = fd_get_io(fd);
	if (!f)
		return -EBADF;
	r = nr_segs > UIO_MAXIOV ? -EINVAL
				 : vmsplice_file(f, vec, (int)nr_segs, flags);
	file_put(f);
	return r;
}
