/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xattr.c: extended attributes in memory, for file systems that keep theirs
 * with the inode.  The caller holds inode.lock and has checked rights; names
 * are of the user., trusted. and security. spaces.
 */
#include <string.h>

#include "kuni/vfs.h"

#define STORE_MAX (256 * 1024) /* bytes of one inode's attributes */

struct xattr {
	SLIST_ENTRY(xattr) link;
	size_t size;
	char *value; /* behind the name */
	char name[];
};

static struct xattr *find(struct xattr_store *s, const char *name)
{
	struct xattr *x;

	SLIST_FOREACH(x, &s->list, link)
	if (!strcmp(x->name, name))
		return x;
	return NULL;
}

/* 0, EOPNOTSUPP, or EINVAL for a space with no name in it. */
static int name_error(const char *name)
{
	static const char *const spaces[] = { "user.", "trusted.",
					      "security." };

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		size_t n = strlen(spaces[i]);

		if (!strncmp(name, spaces[i], n))
			return name[n] ? 0 : -EINVAL;
	}
	return -EOPNOTSUPP;
}

/* The value into buf, or with n 0 only its size.  ENODATA, ERANGE. */
ssize_t xattr_store_get(struct xattr_store *s, const char *name, void *buf,
			size_t n)
{
	struct xattr *x = find(s, name);
	int r = name_error(name);

	if (r)
		return r;
	if (!x)
		return -ENODATA;
	if (n && n < x->size)
		return -ERANGE;
	if (n)
		memcpy(buf, x->value, x->size);
	return (ssize_t)x->size;
}

static size_t cost(const struct xattr *x)
{
	return sizeof(*x) + strlen(x->name) + 1 + x->size;
}

static void drop(struct xattr_store *s, struct xattr *x)
{
	SLIST_REMOVE(&s->list, x, xattr, link);
	s->bytes -= cost(x);
	kfree(x);
}

int xattr_store_set(struct xattr_store *s, const char *name, const void *buf,
		    size_t n, int flags)
{
	struct xattr *old = find(s, name), *x;
	size_t len = strlen(name) + 1;
	int r = name_error(name);

	if (r)
		return r;
	if (old && (flags & XATTR_CREATE))
		return -EEXIST;
	if (!old && (flags & XATTR_REPLACE))
		return -ENODATA;
	if (s->bytes + sizeof(*x) + len + n > STORE_MAX)
		return -ENOSPC;
	x = kmalloc(sizeof(*x) + len + n);
	if (!x)
		return -ENOMEM;
	memcpy(x->name, name, len);
	x->value = x->name + len;
	x->size = n;
	if (n)
		memcpy(x->value, buf, n);
	if (old)
		drop(s, old);
	SLIST_INSERT_HEAD(&s->list, x, link);
	s->bytes += cost(x);
	return 0;
}

/* NUL-separated names; trusted. ones only for CAP_SYS_ADMIN. */
ssize_t xattr_store_list(struct xattr_store *s, char *buf, size_t n)
{
	bool admin = fs_capable(CAP_SYS_ADMIN);
	struct xattr *x;
	size_t at = 0;

	SLIST_FOREACH(x, &s->list, link)
	{
		size_t len = strlen(x->name) + 1;

		if (!admin && !strncmp(x->name, "trusted.", 8))
			continue;
		if (n && at + len > n)
			return -ERANGE;
		if (n)
			memcpy(buf + at, x->name, len);
		at += len;
	}
	return (ssize_t)at;
}

int xattr_store_remove(struct xattr_store *s, const char *name)
{
	struct xattr *x = find(s, name);
	int r = name_error(name);

	if (r)
		return r;
	if (!x)
		return -ENODATA;
	drop(s, x);
	return 0;
}

void xattr_store_free(struct xattr_store *s)
{
	struct xattr *x;

	while ((x = SLIST_FIRST(&s->list)))
		drop(s, x);
}
