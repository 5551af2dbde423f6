/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.c: open files: life, reading, writing, seeking, and what is the same
 * for all of them.
 *
 * A file has one reference for each descriptor and each call that works with
 * it; the last file_put() releases it.  A file's own position is under
 * pos_lock, which read(2) and write(2) hold while the file works.
 */
#include <string.h>

#include "kuni/vfs.h"

/* A file of i without a place; takes i's reference on success. */
int file_new(struct inode *i, const struct file_ops *ops, uint32_t flags,
	     struct file **out)
{
	struct file *f = kmalloc(sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->ref = 1;
	f->ops = ops;
	f->inode = i;
	f->flags = flags;
	mutex_init(&f->pos_lock, RANK_FILE_POS);
	*out = f;
	return 0;
}

void file_get(struct file *f)
{
	__atomic_fetch_add(&f->ref, 1, __ATOMIC_RELAXED);
}

void file_put(struct file *f)
{
	if (!f || __atomic_sub_fetch(&f->ref, 1, __ATOMIC_ACQ_REL))
		return;
	if (f->opened)
		notify_dentry(f->path.d, file_writable(f) ? IN_CLOSE_WRITE
							  : IN_CLOSE_NOWRITE);
	if (f->epolls)
		epoll_file_gone(f);
	if (f->async) {
		dnotify_close(f, NULL);
		fasync_file_gone(f);
	}
	flock_release(f);
	if (f->writer)
		inode_write_end(f->inode);
	if (f->ops->release)
		f->ops->release(f);
	path_put(&f->path);
	inode_put(f->inode);
	kfree(f);
}

/* One more writer, or programs that run it: the sign of inode.writers says
 * which, and the other cannot begin. */
static int count_up(struct inode *i, int step)
{
	int32_t n = __atomic_load_n(&i->writers, __ATOMIC_RELAXED);

	do {
		if (step > 0 ? n < 0 : n > 0)
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n(&i->writers, &n, n + step, true,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return 0;
}

int inode_write_begin(struct inode *i)
{
	return count_up(i, 1);
}

void inode_write_end(struct inode *i)
{
	__atomic_fetch_sub(&i->writers, 1, __ATOMIC_ACQ_REL);
}

int file_deny_write(struct file *f)
{
	return count_up(f->inode, -1);
}

void file_allow_write(struct file *f)
{
	__atomic_fetch_add(&f->inode->writers, 1, __ATOMIC_ACQ_REL);
}

bool file_readable(const struct file *f)
{
	unsigned acc = f->flags & O_ACCMODE;

	return !(f->flags & O_PATH) && (acc == O_RDONLY || acc == O_RDWR);
}

bool file_writable(const struct file *f)
{
	unsigned acc = f->flags & O_ACCMODE;

	return !(f->flags & O_PATH) && (acc == O_WRONLY || acc == O_RDWR);
}

typedef ssize_t (*io_fn)(struct file *f, struct uio *u, uint64_t *pos);

static ssize_t do_io(struct file *f, struct uio *u, uint64_t *pos, io_fn fn)
{
	uint64_t none = 0;
	ssize_t r;

	if (pos)
		return fn(f, u, pos);
	if (f->ops->stream)
		return fn(f, u, &none);
	mutex_lock(&f->pos_lock);
	r = fn(f, u, &f->pos);
	mutex_unlock(&f->pos_lock);
	return r;
}

/* A range that ends beyond what an offset can say. */
static bool past_last(const struct file *f, const struct uio *u,
		      const uint64_t *pos)
{
	uint64_t at = pos ? *pos : f->ops->stream ? 0 : f->pos;

	return u->left > INT64_MAX - at;
}

/* Reads into u at *pos (NULL: at the file's position).  Bytes, 0 at the end;
 * EBADF, EISDIR, EINVAL, or what the file says. */
ssize_t file_read(struct file *f, struct uio *u, uint64_t *pos)
{
	ssize_t r;

	if (!file_readable(f))
		return -EBADF;
	if (S_ISDIR(f->inode->mode))
		return -EISDIR;
	if (!f->ops->read || past_last(f, u, pos))
		return -EINVAL;
	r = do_io(f, u, pos, f->ops->read);
	current->io.syscr++;
	current->io.rchar += r > 0 ? (uint64_t)r : 0;
	if (r > 0)
		notify_dentry(f->path.d, IN_ACCESS);
	return r;
}

/* Set-id bits, RLIMIT_FSIZE; an append checks the limit at its real place. */
static int before_write(struct file *f, struct uio *u, const uint64_t *pos)
{
	uint64_t at = pos ? *pos : f->pos;
	int r;

	if (!S_ISREG(f->inode->mode) || !u->left)
		return 0;
	r = file_remove_privs(f->inode);
	if (r)
		return r;
	if ((f->flags & O_APPEND) || u->append)
		at = f->inode->size;
	return file_size_limit(at, &u->left);
}

ssize_t file_write(struct file *f, struct uio *u, uint64_t *pos)
{
	ssize_t r;

	if (!file_writable(f))
		return -EBADF;
	if (!f->ops->write || past_last(f, u, pos))
		return -EINVAL;
	r = before_write(f, u, pos);
	if (r)
		return r;
	r = do_io(f, u, pos, f->ops->write);
	current->io.syscw++;
	current->io.wchar += r > 0 ? (uint64_t)r : 0;
	if (r > 0)
		notify_dentry(f->path.d, IN_MODIFY);
	return r;
}

/* For exec and the like, which have already opened f. */
ssize_t file_pread_kernel(struct file *f, void *buf, size_t n, uint64_t off)
{
	size_t done = 0;

	if (!f->ops->read)
		return -EINVAL;
	while (done < n) {
		struct uio u;
		struct uio_vec v;
		uint64_t pos = off + done;
		ssize_t r;

		uio_kernel(&u, &v, (char *)buf + done, n - done);
		r = f->ops->read(f, &u, &pos);
		if (r < 0)
			return done ? (ssize_t)done : r;
		if (!r)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

/* Data or a hole at or after off; what knows of no holes is data. */
static int64_t seek_hole(struct file *f, int64_t off, int whence)
{
	struct inode *i = f->inode;

	if (off < 0 || (uint64_t)off >= i->size)
		return -ENXIO;
	if (f->ops->seek_hole)
		return f->ops->seek_hole(f, (uint64_t)off, whence == SEEK_DATA);
	return whence == SEEK_DATA ? off : (int64_t)i->size;
}

static int64_t seek_target(struct file *f, int64_t off, int whence)
{
	struct inode *i = f->inode;
	int64_t base = 0, to;

	if ((whence == SEEK_END || whence == SEEK_DATA ||
	     whence == SEEK_HOLE) &&
	    i->ops && i->ops->refresh) {
		int r = i->ops->refresh(i);

		if (r)
			return r;
	}
	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		base = (int64_t)f->pos;
		break;
	case SEEK_END:
		base = (int64_t)i->size;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		return seek_hole(f, off, whence);
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, off, &to))
		return -EOVERFLOW;
	return to < 0 ? -EINVAL : to;
}

/* lseek(2): the new position. */
int64_t file_seek(struct file *f, int64_t off, int whence)
{
	int64_t r;

	if (f->ops->stream && !f->ops->seek)
		return -ESPIPE;
	mutex_lock(&f->pos_lock);
	if (f->ops->seek) {
		r = f->ops->seek(f, off, whence);
	} else {
		r = seek_target(f, off, whence);
		if (r >= 0)
			f->pos = (uint64_t)r;
	}
	mutex_unlock(&f->pos_lock);
	return r;
}

/* For what has no position but, as on Linux, does not refuse to seek. */
int64_t file_seek_nowhere(struct file *f, int64_t off, int whence)
{
	(void)off;
	(void)whence;
	return (int64_t)f->pos;
}

unsigned file_poll(struct file *f, struct poll_table *pt)
{
	if (f->ops->poll)
		return f->ops->poll(f, pt);
	return EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM;
}

static long put_int(uaddr_t arg, int64_t v)
{
	int32_t out = v > INT32_MAX ? INT32_MAX : (int32_t)v;

	return copy_to_user(arg, &out, sizeof(out));
}

/* The requests that mean the same for every file, then the file's own. */
long file_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
	int32_t on;

	switch (cmd) {
	case FIONBIO:
		if (copy_from_user(&on, arg, sizeof(on)))
			return -EFAULT;
		if (on)
			__atomic_fetch_or(&f->flags, O_NONBLOCK,
					  __ATOMIC_RELAXED);
		else
			__atomic_fetch_and(&f->flags, ~(uint32_t)O_NONBLOCK,
					   __ATOMIC_RELAXED);
		return 0;
	case FIONREAD:
		if (S_ISREG(f->inode->mode))
			return put_int(arg, (int64_t)(f->inode->size - f->pos));
		break;
	case FIOQSIZE:
		if (S_ISREG(f->inode->mode) || S_ISDIR(f->inode->mode)) {
			int64_t size = (int64_t)f->inode->size;

			return copy_to_user(arg, &size, sizeof(size));
		}
		break;
	default:
		break;
	}
	return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
}

int file_fsync(struct file *f, bool datasync)
{
	return f->ops->fsync ? f->ops->fsync(f, datasync) : -EINVAL;
}

int file_truncate(struct file *f, uint64_t size)
{
	int r;

	if (!S_ISREG(f->inode->mode) || !file_writable(f))
		return -EINVAL;
	if (size > INT64_MAX)
		return -EINVAL;
	r = vfs_truncate(f->inode, size);
	if (!r)
		notify_setattr(f->path.d, ATTR_SIZE);
	return r;
}
