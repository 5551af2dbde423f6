/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ops_entry.c: requests about names in a directory.
 *
 * A name is one component (req_name) and is only ever used with the directory's
 * own descriptor and without following a symlink, so it cannot lead anywhere
 * else, whatever is renamed meanwhile.  What is made belongs to the uid and
 * gid of the request; in a set-group-ID directory, to the directory's group.
 */
#include "host/fuse/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int need_dir(const struct fuse_inode *i)
{
	return i->type == S_IFDIR ? 0 : -ENOTDIR;
}

/* Answers with *out, which has counted a lookup. */
static int put_entry(struct fuse_server *s, struct fuse_req *r,
		     const struct fuse_entry_out *out)
{
	int err = req_put(r, out, sizeof(*out));

	if (err)
		node_forget(s, out->nodeid, 1);
	return err;
}

/* Looks a name up, and answers with it. */
static int reply_entry(struct fuse_server *s, struct fuse_req *r,
		       struct fuse_inode *dir, const char *name)
{
	struct fuse_entry_out out;
	int err;

	err = node_lookup(s, dir, name, &out);
	return err ? err : put_entry(s, r, &out);
}

int op_lookup(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	struct fuse_entry_out none = { .entry_valid = s->valid_sec,
				       .entry_valid_nsec = s->valid_ns };
	char name[FUSE_NAME_MAX + 1];
	int err;

	err = req_name(r, name);
	if (err)
		return err;
	err = reply_entry(s, r, i, name);
	if (err != -ENOENT)
		return err;
	return req_put(r, &none, sizeof(none));
}

/* Gives dir/name to who asked. */
static int give(const struct fuse_server *s, struct fuse_req *r,
		const struct fuse_inode *dir, const char *name)
{
	gid_t gid = r->h.gid;
	struct stat st;

	if (fstat(dir->fd, &st))
		return -errno;
	if (st.st_mode & S_ISGID)
		gid = st.st_gid;
	if (r->h.uid == s->euid && gid == s->egid)
		return 0; /* as it was made */
	if (fchownat(dir->fd, name, r->h.uid, gid, AT_SYMLINK_NOFOLLOW))
		return -errno;
	return 0;
}

/* The end of all that make a name: owner, mode bits that a change of owner
 * takes away, reply.  Undone where it fails. */
static int made(struct fuse_server *s, struct fuse_req *r,
		struct fuse_inode *dir, const char *name, uint32_t mode)
{
	bool is_dir = S_ISDIR(mode);
	struct fuse_entry_out out;
	struct fuse_inode *i;
	int err;

	err = give(s, r, dir, name);
	if (err)
		goto undo;
	err = node_lookup(s, dir, name, &out);
	if (err)
		goto undo;
	if ((mode & (S_ISUID | S_ISGID)) && !S_ISLNK(mode)) {
		i = node_get(s, out.nodeid);
		err = i ? attr_chmod(s, i, out.attr.mode | (mode & 06000))
			: -ESTALE;
		if (i && !err)
			err = node_attr(s, i, &out.attr);
		if (i)
			node_put(s, i);
	}
	if (!err)
		err = req_put(r, &out, sizeof(out));
	if (!err)
		return 0;
	node_forget(s, out.nodeid, 1);
undo:
	unlinkat(dir->fd, name, is_dir ? AT_REMOVEDIR : 0);
	return err;
}

int op_symlink(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	char name[FUSE_NAME_MAX + 1], target[FUSE_TARGET_MAX + 1];
	int err;

	err = req_name(r, name);
	if (!err)
		err = req_string(r, target, sizeof(target));
	if (!err)
		err = need_dir(i);
	if (err)
		return err;
	if (symlinkat(target, i->fd, name))
		return -errno;
	return made(s, r, i, name, S_IFLNK);
}

/* Regular files, FIFOs and sockets.  Device nodes are refused: what a guest
 * makes must not become a device of the host. */
int op_mknod(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	char name[FUSE_NAME_MAX + 1];
	struct fuse_mknod_in in;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (!err)
		err = req_name(r, name);
	if (!err)
		err = need_dir(i);
	if (err)
		return err;
	if (!S_ISREG(in.mode) && !S_ISFIFO(in.mode) && !S_ISSOCK(in.mode))
		return -EPERM;
	if (mknodat(i->fd, name, in.mode & (S_IFMT | 07777), 0))
		return -errno;
	return made(s, r, i, name, in.mode);
}

int op_mkdir(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	char name[FUSE_NAME_MAX + 1];
	struct fuse_mkdir_in in;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (!err)
		err = req_name(r, name);
	if (!err)
		err = need_dir(i);
	if (err)
		return err;
	if (mkdirat(i->fd, name, in.mode & 07777))
		return -errno;
	return made(s, r, i, name, S_IFDIR | (in.mode & 07777));
}

/* Opens what is there already, for CREATE without O_EXCL. */
static int create_existing(struct fuse_server *s, struct fuse_req *r,
			   struct fuse_inode *dir, const char *name,
			   uint32_t flags)
{
	struct fuse_entry_out out;
	struct fuse_inode *i;
	struct fuse_iofd io;
	int err;

	err = node_lookup(s, dir, name, &out);
	if (err)
		return err;
	if ((flags & O_TRUNC) && S_ISREG(out.attr.mode)) {
		i = node_get(s, out.nodeid);
		err = i ? io_get(s, i, true, &io) : -ESTALE;
		if (!err) {
			err = ftruncate(io.fd, 0) ? -errno : 0;
			io_put(&io);
		}
		if (!err)
			err = node_attr(s, i, &out.attr);
		if (i)
			node_put(s, i);
	}
	if (!err)
		err = req_put(r, &out, sizeof(out));
	if (err)
		node_forget(s, out.nodeid, 1);
	return err;
}

int op_create(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	struct fuse_open_out opened = { .open_flags = FOPEN_KEEP_CACHE };
	char name[FUSE_NAME_MAX + 1];
	struct fuse_create_in in;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (!err)
		err = req_name(r, name);
	if (!err)
		err = need_dir(i);
	if (!err &&
	    r->out.left < sizeof(struct fuse_entry_out) + sizeof(opened))
		err = -EINVAL;
	if (err)
		return err;
	/* mknod, not open: it follows nothing and opens nothing. */
	if (!mknodat(i->fd, name, S_IFREG | (in.mode & 07777), 0))
		err = made(s, r, i, name, S_IFREG | (in.mode & 07777));
	else if (errno == EEXIST && !(in.flags & O_EXCL))
		err = create_existing(s, r, i, name, in.flags);
	else
		err = -errno;
	return err ? err : req_put(r, &opened, sizeof(opened));
}

/* The answer is the inode that was linked, not what the new name is found to
 * be: an overlayfs over two file systems gives a file that it has copied up
 * another number under each of its names. */
int op_link(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	char name[FUSE_NAME_MAX + 1], old[16];
	struct fuse_entry_out out;
	struct fuse_link_in in;
	struct fuse_inode *from;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (!err)
		err = req_name(r, name);
	if (!err)
		err = need_dir(i);
	if (err)
		return err;
	from = node_get(s, in.oldnodeid);
	if (!from)
		return -ESTALE;
	snprintf(old, sizeof(old), "%d", from->fd);
	if (linkat(s->proc_fd, old, i->fd, name, AT_SYMLINK_FOLLOW)) {
		err = -errno;
		goto put;
	}
	err = node_again(s, from, &out);
	if (!err)
		err = put_entry(s, r, &out);
put:
	node_put(s, from);
	return err;
}

static int remove_name(struct fuse_req *r, struct fuse_inode *i, int flags)
{
	char name[FUSE_NAME_MAX + 1];
	int err;

	err = req_name(r, name);
	if (!err)
		err = need_dir(i);
	if (err)
		return err;
	return unlinkat(i->fd, name, flags) ? -errno : 0;
}

int op_unlink(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	(void)s;
	return remove_name(r, i, 0);
}

int op_rmdir(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	(void)s;
	return remove_name(r, i, AT_REMOVEDIR);
}

static int rename_to(struct fuse_server *s, struct fuse_req *r,
		     struct fuse_inode *i, uint64_t newdir, uint32_t flags)
{
	char from[FUSE_NAME_MAX + 1], to[FUSE_NAME_MAX + 1];
	struct fuse_inode *dir;
	int err;

	err = req_name(r, from);
	if (!err)
		err = req_name(r, to);
	if (!err)
		err = need_dir(i);
	if (err)
		return err;
	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	dir = node_get(s, newdir);
	if (!dir)
		return -ESTALE;
	err = need_dir(dir);
	if (!err && renameat2(i->fd, from, dir->fd, to, flags))
		err = -errno;
	node_put(s, dir);
	return err;
}

int op_rename(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	struct fuse_rename_in in;
	int err = req_get(r, &in, sizeof(in));

	return err ? err : rename_to(s, r, i, in.newdir, 0);
}

int op_rename2(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	struct fuse_rename2_in in;
	int err = req_get(r, &in, sizeof(in));

	return err ? err : rename_to(s, r, i, in.newdir, in.flags);
}
