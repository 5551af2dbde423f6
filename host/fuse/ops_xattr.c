/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ops_xattr.c: extended attributes of regular files and directories.
 *
 * A guest sees and sets user.* and security.capability.  The other namespaces
 * steer the host (overlayfs and LSMs read trusted.* and security.*) or promise
 * what the guest does not enforce (POSIX ACLs): EOPNOTSUPP, and they are not
 * listed.  The host's calls need a real descriptor, so that inodes of other
 * types, which we never open, have no attributes here.
 */
#include "host/fuse/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

static bool name_allowed(const char *name)
{
	return !strncmp(name, "user.", 5) ||
	       !strcmp(name, "security.capability");
}

/* The attribute's name from the body, and a descriptor of the file. */
static int prepare(struct fuse_server *s, struct fuse_req *r,
		   struct fuse_inode *i, char *name, struct fuse_iofd *io)
{
	int err = 0;

	if (name)
		err = req_string(r, name, FUSE_NAME_MAX + 1);
	if (err)
		return err;
	if (name && !name_allowed(name))
		return -EOPNOTSUPP;
	if (i->type != S_IFREG && i->type != S_IFDIR)
		return -EOPNOTSUPP;
	return io_get(s, i, false, io);
}

int op_setxattr(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	char name[FUSE_NAME_MAX + 1];
	struct fuse_setxattr_in in;
	struct fuse_iofd io;
	void *value = NULL;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (err)
		return err;
	if (in.size > FUSE_XATTR_SIZE_MAX)
		return -E2BIG;
	if (in.flags & ~(uint32_t)(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	err = prepare(s, r, i, name, &io);
	if (err)
		return err;
	value = malloc(in.size ? in.size : 1);
	err = value ? req_get(r, value, in.size) : -ENOMEM;
	if (!err && fsetxattr(io.fd, name, value, in.size, (int)in.flags))
		err = -errno;
	free(value);
	io_put(&io);
	return err;
}

/* Answers with n bytes, or with their number where the client asked that. */
static int reply_value(struct fuse_req *r, uint32_t room, const void *value,
		       size_t n)
{
	struct fuse_getxattr_out out = { .size = (uint32_t)n };

	if (!room)
		return req_put(r, &out, sizeof(out));
	return n > room ? -ERANGE : req_put(r, value, n);
}

int op_getxattr(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	char name[FUSE_NAME_MAX + 1];
	struct fuse_getxattr_in in;
	struct fuse_iofd io;
	char *value;
	ssize_t n;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (!err)
		err = prepare(s, r, i, name, &io);
	if (err)
		return err;
	value = malloc(FUSE_XATTR_SIZE_MAX);
	if (!value) {
		err = -ENOMEM;
		goto put;
	}
	n = fgetxattr(io.fd, name, value, FUSE_XATTR_SIZE_MAX);
	err = n < 0 ? -errno : reply_value(r, in.size, value, (size_t)n);
put:
	free(value);
	io_put(&io);
	return err;
}

/* Keeps the names that the guest may see; the bytes left. */
static size_t filter_names(char *list, size_t n)
{
	size_t to = 0;

	for (size_t at = 0; at < n;) {
		size_t len = strnlen(list + at, n - at) + 1;

		if (at + len > n)
			break;
		if (name_allowed(list + at)) {
			memmove(list + to, list + at, len);
			to += len;
		}
		at += len;
	}
	return to;
}

int op_listxattr(struct fuse_server *s, struct fuse_req *r,
		 struct fuse_inode *i)
{
	struct fuse_getxattr_in in;
	struct fuse_iofd io;
	char *list;
	ssize_t n;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (!err)
		err = prepare(s, r, i, NULL, &io);
	if (err)
		return err;
	list = malloc(FUSE_XATTR_SIZE_MAX);
	if (!list) {
		err = -ENOMEM;
		goto put;
	}
	n = flistxattr(io.fd, list, FUSE_XATTR_SIZE_MAX);
	err = n < 0 ? -errno
		    : reply_value(r, in.size, list,
				  filter_names(list, (size_t)n));
put:
	free(list);
	io_put(&io);
	return err;
}

int op_removexattr(struct fuse_server *s, struct fuse_req *r,
		   struct fuse_inode *i)
{
	char name[FUSE_NAME_MAX + 1];
	struct fuse_iofd io;
	int err;

	err = prepare(s, r, i, name, &io);
	if (err)
		return err;
	if (fremovexattr(io.fd, name))
		err = -errno;
	io_put(&io);
	return err;
}
