/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xattr.c: extended attributes; the host says which it keeps.
 *
 * A size of 0 asks how long the answer is.  The request carries the room that
 * the caller has, so that ERANGE is the host's to say.
 */
#include "guest/kernel/fs/fuse/client.h"

/* GETXATTR (name != NULL) or LISTXATTR: bytes, or the length where n is 0. */
static ssize_t ask(struct inode *i, const char *name, void *buf, size_t n)
{
	struct fuse_getxattr_out len;
	struct fuse_getxattr_in in;
	struct fuse_call c = {
		.opcode = name ? FUSE_GETXATTR : FUSE_LISTXATTR,
		.nodeid = fuse_nodeid(i),
		.in = { { &in, sizeof(in) },
			{ name, name ? strlen(name) + 1 : 0 } },
		.out = buf,
	};
	ssize_t r;

	if (n > FUSE_XATTR_SIZE_MAX)
		n = FUSE_XATTR_SIZE_MAX;
	in = (struct fuse_getxattr_in){ .size = (uint32_t)n };
	c.out_len = n;
	c.out_var = true;
	if (!n) {
		c.out = &len;
		c.out_len = sizeof(len);
		c.out_var = false;
	}
	r = fuse_call(fuse_conn(i), &c);
	if (r < 0 || n)
		return r;
	return len.size > FUSE_XATTR_SIZE_MAX ? -EIO : (ssize_t)len.size;
}

ssize_t fuse_getxattr(struct inode *i, const char *name, void *buf, size_t n)
{
	return ask(i, name, buf, n);
}

ssize_t fuse_listxattr(struct inode *i, char *buf, size_t n)
{
	return ask(i, NULL, buf, n);
}

int fuse_setxattr(struct inode *i, const char *name, const void *buf, size_t n,
		  int flags)
{
	struct fuse_setxattr_in in = { .size = (uint32_t)n,
				       .flags = (uint32_t)flags };
	struct fuse_call c = {
		.opcode = FUSE_SETXATTR,
		.nodeid = fuse_nodeid(i),
		.in = { { &in, sizeof(in) },
			{ name, strlen(name) + 1 },
			{ buf, n } },
	};
	ssize_t r;

	if (n > FUSE_XATTR_SIZE_MAX)
		return -E2BIG;
	r = fuse_call(fuse_conn(i), &c);
	fuse_changed(i);
	return (int)r;
}

int fuse_removexattr(struct inode *i, const char *name)
{
	struct fuse_call c = {
		.opcode = FUSE_REMOVEXATTR,
		.nodeid = fuse_nodeid(i),
		.in = { { name, strlen(name) + 1 } },
	};
	ssize_t r = fuse_call(fuse_conn(i), &c);

	fuse_changed(i);
	return (int)r;
}
