/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ops_file.c: requests about what a file contains.
 *
 * Handles of files do not exist: fh is ignored, and every request works on a
 * cached descriptor of the inode (iofd.c).  OPEN therefore answers ENOSYS to a
 * client that knows what this means (FUSE_NO_OPEN_SUPPORT), and else gives
 * handle 0.  The position of a descriptor is never used, so that requests to
 * one file run side by side.
 */
#include "host/fuse/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int need_file(const struct fuse_inode *i)
{
	if (i->type == S_IFDIR)
		return -EISDIR;
	return i->type == S_IFREG ? 0 : -EINVAL;
}

/* An offset and a length that the host's calls can take. */
static int check_range(uint64_t off, uint64_t len)
{
	return off > INT64_MAX || len > INT64_MAX - off ? -EFBIG : 0;
}

int op_open(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	struct fuse_open_out out = { .open_flags = FOPEN_KEEP_CACHE };
	struct fuse_open_in in;
	struct fuse_iofd io;
	bool writes;
	int err;

	if (atomic_load(&s->flags) & FUSE_NO_OPEN_SUPPORT)
		return -ENOSYS;
	err = req_get(r, &in, sizeof(in));
	if (!err)
		err = need_file(i);
	if (err)
		return err;
	writes = (in.flags & O_ACCMODE) != O_RDONLY || (in.flags & O_TRUNC);
	if (writes && s->readonly)
		return -EROFS;
	err = io_get(s, i, writes, &io);
	if (err)
		return err;
	if ((in.flags & O_TRUNC) && ftruncate(io.fd, 0))
		err = -errno;
	if (!err && (in.open_flags & FUSE_OPEN_KILL_SUIDGID) && writes)
		err = attr_kill_suidgid(io.fd);
	io_put(&io);
	return err ? err : req_put(r, &out, sizeof(out));
}

/* Drops the first n bytes of v[*at..nv). */
static void iovec_advance(struct iovec *v, unsigned nv, unsigned *at, size_t n)
{
	while (*at < nv && n >= v[*at].iov_len)
		n -= v[(*at)++].iov_len;
	if (*at < nv) {
		v[*at].iov_base = (char *)v[*at].iov_base + n;
		v[*at].iov_len -= n;
	}
}

/* Moves bytes until all are moved, end of file, or an error; bytes, or the
 * error where none was moved. */
static ssize_t move(int fd, struct iovec *v, unsigned nv, uint64_t off,
		    bool write)
{
	unsigned at = 0;
	ssize_t n, sum = 0;

	while (at < nv) {
		do {
			n = write ? pwritev2(fd, v + at, (int)(nv - at),
					     (off_t)off + sum, 0)
				  : preadv2(fd, v + at, (int)(nv - at),
					    (off_t)off + sum, 0);
		} while (n < 0 && errno == EINTR);
		if (n < 0)
			return sum ? sum : -errno;
		if (!n)
			break;
		sum += n;
		iovec_advance(v, nv, &at, (size_t)n);
	}
	return sum;
}

int op_read(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	struct iovec v[FUSE_SERVER_MAX_IOV];
	struct fuse_read_in in;
	struct fuse_iofd io;
	unsigned nv;
	ssize_t n;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (!err)
		err = need_file(i);
	if (!err)
		err = check_range(in.offset, in.size);
	if (!err)
		err = cursor_iovec(&r->out, in.size, v, FUSE_SERVER_MAX_IOV,
				   &nv);
	if (!err)
		err = io_get(s, i, false, &io);
	if (err)
		return err;
	n = move(io.fd, v, nv, in.offset, false);
	io_put(&io);
	if (n < 0)
		return (int)n;
	r->put = (size_t)n;
	return 0;
}

int op_write(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	struct iovec v[FUSE_SERVER_MAX_IOV];
	struct fuse_write_out out = { 0 };
	struct fuse_write_in in;
	struct fuse_iofd io;
	unsigned nv;
	ssize_t n;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (!err)
		err = need_file(i);
	if (!err)
		err = check_range(in.offset, in.size);
	if (!err)
		err = cursor_iovec(&r->in, in.size, v, FUSE_SERVER_MAX_IOV,
				   &nv);
	if (!err)
		err = io_get(s, i, true, &io);
	if (err)
		return err;
	if (in.write_flags & FUSE_WRITE_KILL_SUIDGID)
		err = attr_kill_suidgid(io.fd);
	n = err ? err : move(io.fd, v, nv, in.offset, true);
	io_put(&io);
	if (n < 0)
		return (int)n;
	dax_grown_by_write(s, i);
	out.size = (uint32_t)n;
	return req_put(r, &out, sizeof(out));
}

/* There is nothing to release; only clients that know OPEN send it. */
int op_release(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	struct fuse_release_in in;

	(void)s;
	(void)i;
	return req_get(r, &in, sizeof(in));
}

/* What close() of a descriptor would report (write errors of a network file
 * system) is reported here. */
int op_flush(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	struct fuse_flush_in in;
	struct fuse_iofd io;
	int err, fd;

	err = req_get(r, &in, sizeof(in));
	if (!err)
		err = need_file(i);
	if (!err)
		err = io_get(s, i, false, &io);
	if (err)
		return err;
	fd = fcntl(io.fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0 || close(fd))
		err = -errno;
	io_put(&io);
	return err;
}

/* FSYNC and FSYNCDIR. */
int op_fsync(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	struct fuse_fsync_in in;
	struct fuse_iofd io;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (!err)
		err = io_get(s, i, false, &io);
	if (err)
		return err;
	err = in.fsync_flags & FUSE_FSYNC_FDATASYNC ? fdatasync(io.fd)
						    : fsync(io.fd);
	if (err)
		err = -errno;
	io_put(&io);
	return err;
}

int op_syncfs(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	struct fuse_syncfs_in in;
	struct fuse_iofd io;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (!err)
		err = io_get(s, i, false, &io);
	if (err)
		return err;
	if (syncfs(io.fd))
		err = -errno;
	io_put(&io);
	return err;
}

int op_fallocate(struct fuse_server *s, struct fuse_req *r,
		 struct fuse_inode *i)
{
	struct fuse_fallocate_in in;
	struct fuse_iofd io;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (!err)
		err = need_file(i);
	if (!err)
		err = check_range(in.offset, in.length);
	if (!err)
		err = io_get(s, i, true, &io);
	if (err)
		return err;
	if (fallocate(io.fd, (int)in.mode, (off_t)in.offset, (off_t)in.length))
		err = -errno;
	io_put(&io);
	return err;
}

int op_lseek(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	struct fuse_lseek_out out;
	struct fuse_lseek_in in;
	struct fuse_iofd io;
	off_t at;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (!err)
		err = need_file(i);
	if (!err)
		err = check_range(in.offset, 0);
	if (!err && in.whence != SEEK_DATA && in.whence != SEEK_HOLE)
		err = -EINVAL; /* the others are the guest's to work out */
	if (!err)
		err = io_get(s, i, false, &io);
	if (err)
		return err;
	at = lseek(io.fd, (off_t)in.offset, (int)in.whence);
	if (at < 0)
		err = -errno;
	io_put(&io);
	out.offset = (uint64_t)at;
	return err ? err : req_put(r, &out, sizeof(out));
}
