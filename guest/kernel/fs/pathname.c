/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pathname.c: names as strings: from user memory, and from a place back.
 *
 * path_name() walks up the parents and the mounts, so what it says is a
 * snapshot; a rename that runs beside it may mix old and new names, as long
 * as each component was one.
 */
#include <string.h>

#include "kuni/vfs.h"

/* A user path, NUL-terminated, shorter than PATH_MAX; "" is allowed. */
int path_from_user(uaddr_t name, char **out)
{
	char *s = kmalloc(PATH_MAX);
	ssize_t n;

	if (!s)
		return -ENOMEM;
	n = strncpy_from_user(s, name, PATH_MAX);
	if (n < 0 || n >= (ssize_t)PATH_MAX) {
		kfree(s);
		return n < 0 ? (int)n : -ENAMETOOLONG;
	}
	*out = s;
	return 0;
}

void path_free(char *s)
{
	kfree(s);
}

static bool prepend(char *buf, char **at, const char *s, size_t n)
{
	if ((size_t)(*at - buf) < n)
		return false;
	*at -= n;
	memcpy(*at, s, n);
	return true;
}

/* d's name before *at, and its parent in its place. */
static bool prepend_name(char *buf, char **at, struct dentry **d)
{
	struct dentry *parent = dentry_parent(*d);
	bool ok = prepend(buf, at, (*d)->name, (*d)->len) &&
		  prepend(buf, at, "/", 1);

	dentry_put(*d);
	*d = parent;
	return ok;
}

/* Name of d from the root of its file system, to the end of buf, whatever is
 * mounted where; "//deleted" follows one that is gone.  -ENAMETOOLONG. */
int dentry_name(struct dentry *d, const struct dentry *root, char *buf,
		size_t n, char **start)
{
	char *s = buf + n;
	bool ok = prepend(buf, &s, "", 1) &&
		  (!d->dead || prepend(buf, &s, "//deleted", 9));

	dentry_get(d);
	while (ok && d != root)
		ok = prepend_name(buf, &s, &d);
	dentry_put(d);
	if (ok && *s != '/')
		ok = prepend(buf, &s, "/", 1);
	*start = s;
	return ok ? 0 : -ENAMETOOLONG;
}

/*
 * Absolute name of p as seen from root, written to the end of buf; *start is
 * where it begins.  " (deleted)" follows a name that is gone.  1: a place outside
 * root, named from the top of its mounts.  -ENAMETOOLONG.
 */
int path_name(const struct path *p, const struct path *root, char *buf,
	      size_t n, char **start)
{
	struct path at = *p;
	char *s = buf + n;
	bool ok, outside = false;

	path_get(&at);
	ok = prepend(buf, &s, "", 1);
	if (ok && at.d->dead)
		ok = prepend(buf, &s, " (deleted)", 10);
	while (ok && !outside && !(at.mnt == root->mnt && at.d == root->d)) {
		if (at.d != at.mnt->root)
			ok = prepend_name(buf, &s, &at.d);
		else if (!mount_cross_up(&at))
			outside = true;
	}
	if (ok && (!*s || *s == ' '))
		ok = prepend(buf, &s, "/", 1);
	path_put(&at);
	*start = s;
	return ok ? outside : -ENAMETOOLONG;
}
