/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ops_attr.c: requests about attributes.
 *
 * All work on the inode's O_PATH descriptor.  chmod has no form for one on
 * the kernels that we support, so it goes by /proc/self/fd, which leads to the
 * inode itself whatever it is named now; a symlink is refused before that.
 */
#include "host/fuse/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/statfs.h>
#include <unistd.h>

static int reply_attr(struct fuse_server *s, struct fuse_req *r,
		      struct fuse_inode *i)
{
	struct fuse_attr_out out = { .attr_valid = s->valid_sec,
				     .attr_valid_nsec = s->valid_ns };
	int err = node_attr(s, i, &out.attr);

	return err ? err : req_put(r, &out, sizeof(out));
}

int op_getattr(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	return reply_attr(s, r, i);
}

int attr_chmod(struct fuse_server *s, const struct fuse_inode *i, uint32_t mode)
{
	char name[16];

	if (i->type == S_IFLNK)
		return -EOPNOTSUPP;
	snprintf(name, sizeof(name), "%d", i->fd);
	return fchmodat(s->proc_fd, name, mode & 07777, 0) ? -errno : 0;
}

/* The new mode where set-ID bits must go, or UINT32_MAX. */
static uint32_t mode_without_suidgid(uint32_t mode)
{
	uint32_t kill = 0;

	if (mode & S_ISUID)
		kill |= S_ISUID;
	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		kill |= S_ISGID;
	return kill ? mode & ~kill : UINT32_MAX;
}

int attr_kill_suidgid(int fd)
{
	struct stat st;
	uint32_t mode;

	if (fstat(fd, &st))
		return -errno;
	mode = mode_without_suidgid(st.st_mode);
	if (!S_ISREG(st.st_mode) || mode == UINT32_MAX)
		return 0;
	return fchmod(fd, mode & 07777) ? -errno : 0;
}

static int set_owner(struct fuse_inode *i, const struct fuse_setattr_in *in)
{
	uid_t uid = in->valid & FATTR_UID ? in->uid : (uid_t)-1;
	gid_t gid = in->valid & FATTR_GID ? in->gid : (gid_t)-1;

	return fchownat(i->fd, "", uid, gid, AT_EMPTY_PATH) ? -errno : 0;
}

static int set_size(struct fuse_server *s, struct fuse_inode *i,
		    const struct fuse_setattr_in *in)
{
	struct fuse_iofd io;
	int err;

	if (i->type != S_IFREG)
		return i->type == S_IFDIR ? -EISDIR : -EINVAL;
	if (in->size > INT64_MAX)
		return -EFBIG;
	err = io_get(s, i, true, &io);
	if (err)
		return err;
	if (ftruncate(io.fd, (off_t)in->size))
		err = -errno;
	if (!err && (in->valid & FATTR_KILL_SUIDGID))
		err = attr_kill_suidgid(io.fd);
	io_put(&io);
	return err;
}

static int set_times(struct fuse_inode *i, const struct fuse_setattr_in *in)
{
	struct timespec ts[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };

	if (in->valid & FATTR_ATIME_NOW)
		ts[0].tv_nsec = UTIME_NOW;
	else if (in->valid & FATTR_ATIME)
		ts[0] = (struct timespec){ (time_t)in->atime,
					   (long)in->atimensec };
	if (in->valid & FATTR_MTIME_NOW)
		ts[1].tv_nsec = UTIME_NOW;
	else if (in->valid & FATTR_MTIME)
		ts[1] = (struct timespec){ (time_t)in->mtime,
					   (long)in->mtimensec };
	return utimensat(i->fd, "", ts, AT_EMPTY_PATH) ? -errno : 0;
}

/* Owner before mode, for a change of owner takes set-ID bits away. */
int op_setattr(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	const uint32_t times =
		FATTR_ATIME | FATTR_MTIME | FATTR_ATIME_NOW | FATTR_MTIME_NOW;
	struct fuse_setattr_in in;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (!err && (in.valid & (FATTR_UID | FATTR_GID)))
		err = set_owner(i, &in);
	if (!err && (in.valid & FATTR_MODE))
		err = attr_chmod(s, i, in.mode);
	if (!err && (in.valid & FATTR_SIZE))
		err = set_size(s, i, &in);
	if (!err && (in.valid & times))
		err = set_times(i, &in);
	return err ? err : reply_attr(s, r, i);
}

int op_readlink(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	char target[FUSE_TARGET_MAX + 1];
	ssize_t n;

	(void)s;
	if (i->type != S_IFLNK)
		return -EINVAL;
	n = readlinkat(i->fd, "", target, sizeof(target));
	if (n < 0)
		return -errno;
	return req_put(r, target, (size_t)n);
}

int op_statfs(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	struct fuse_statfs_out out;
	struct statfs st;

	(void)s;
	if (fstatfs(i->fd, &st))
		return -errno;
	out = (struct fuse_statfs_out){
		.blocks = st.f_blocks,
		.bfree = st.f_bfree,
		.bavail = st.f_bavail,
		.files = st.f_files,
		.ffree = st.f_ffree,
		.bsize = (uint32_t)st.f_bsize,
		.namelen = FUSE_NAME_MAX,
		.frsize = (uint32_t)st.f_frsize,
	};
	return req_put(r, &out, sizeof(out));
}

/* By mode bits and the ids of the request; a client that knows supplementary
 * groups and capabilities checks by itself and does not ask. */
int op_access(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	struct fuse_access_in in;
	struct fuse_attr a;
	uint32_t bits;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (!err)
		err = node_attr(s, i, &a);
	if (err)
		return err;
	if (in.mask & ~7U)
		return -EINVAL;
	if ((in.mask & W_OK) && s->readonly && i->type != S_IFIFO &&
	    i->type != S_IFSOCK)
		return -EROFS;
	if (!r->h.uid)
		bits = S_ISDIR(a.mode) || (a.mode & 0111) ? 7 : 6;
	else if (r->h.uid == a.uid)
		bits = a.mode >> 6;
	else if (r->h.gid == a.gid)
		bits = a.mode >> 3;
	else
		bits = a.mode;
	return in.mask & ~bits ? -EACCES : 0;
}
