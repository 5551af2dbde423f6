/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.c: from a name to a place.
 *
 * The walk is a loop over components.  A symbolic link that is not at the end
 * of the name pushes what is left on a stack of at most 40 levels, as many as
 * a whole walk may follow links; so depth and memory are bounded.  At each
 * step: the directory must be searchable, ".." stops at the root of the task
 * (or of openat2's scope), mounts are crossed both ways.
 *
 * walk_start(), walk_run() and walk_link() are for open(2), which goes on
 * after it has seen the last component; all others use path_lookup().
 */
#include <string.h>

#include "kuni/vfs.h"

#define MAX_LINKS 40

struct walk_level {
	char *target;     /* buffer that is being walked, owned */
	const char *rest; /* of the level above */
};

void path_get(const struct path *p)
{
	if (p->mnt)
		mount_get(p->mnt);
	if (p->d)
		dentry_get(p->d);
}

void path_put(struct path *p)
{
	struct path old = *p;

	p->mnt = NULL;
	p->d = NULL;
	if (old.d)
		dentry_put(old.d);
	if (old.mnt)
		mount_put(old.mnt);
}

static bool same(const struct path *a, const struct path *b)
{
	return a->mnt == b->mnt && a->d == b->d;
}

static void set_cur(struct walk *w, struct path next)
{
	path_put(&w->cur);
	w->cur = next;
}

static bool scoped(const struct walk *w)
{
	return w->flags & (LOOKUP_BENEATH | LOOKUP_IN_ROOT);
}

static int start_at(struct walk *w, int dirfd)
{
	struct file *f;

	if (dirfd == AT_FDCWD) {
		fs_get_cwd(&w->cur);
		return 0;
	}
	f = fd_get(dirfd);
	if (!f)
		return -EBADF;
	if (!f->path.d) {
		/* a pipe or socket: no place; "" of the *at calls asks the
		 * descriptor itself and does not come here */
		file_put(f);
		return -ENOTDIR;
	}
	w->cur = f->path;
	path_get(&w->cur);
	file_put(f);
	return 0;
}

/* Begins at the root, the working directory or dirfd; walk_end() in any case
 * but an error. */
int walk_start(struct walk *w, int dirfd, const char *name, unsigned flags)
{
	int r;

	memset(w, 0, sizeof(*w));
	w->flags = flags;
	w->p = name;
	if (!*name && !(flags & LOOKUP_EMPTY))
		return -ENOENT;
	fs_get_root(&w->root);
	if (*name == '/' && !scoped(w)) {
		w->cur = w->root;
		path_get(&w->cur);
		return 0;
	}
	if (*name == '/' && (flags & LOOKUP_BENEATH)) {
		path_put(&w->root);
		return -EXDEV;
	}
	r = start_at(w, dirfd);
	if (!r && *name && !S_ISDIR(w->cur.d->inode->mode)) {
		path_put(&w->cur);
		r = -ENOTDIR;
	}
	if (r) {
		path_put(&w->root);
		return r;
	}
	if (scoped(w)) {
		w->scope = w->cur;
		path_get(&w->scope);
	}
	return 0;
}

void walk_end(struct walk *w)
{
	while (w->depth)
		path_free(w->levels[--w->depth].target);
	kfree(w->levels);
	w->levels = NULL;
	path_put(&w->cur);
	path_put(&w->root);
	path_put(&w->scope);
}

static int step_up(struct walk *w)
{
	const struct path *top = scoped(w) ? &w->scope : &w->root;
	struct path at = w->cur;

	if (same(&w->cur, top))
		return (w->flags & LOOKUP_BENEATH) ? -EXDEV : 0;
	path_get(&at);
	while (at.d == at.mnt->root) {
		if (same(&at, top))
			break;
		if (!mount_cross_up(&at))
			break;
	}
	if (!same(&at, top) && at.d != at.mnt->root) {
		struct dentry *parent = dentry_parent(at.d);

		dentry_put(at.d);
		at.d = parent;
		mount_cross_down(&at);
	}
	if ((w->flags & LOOKUP_NO_XDEV) && at.mnt != w->cur.mnt) {
		path_put(&at);
		return -EXDEV;
	}
	set_cur(w, at);
	return 0;
}

static int jump_to_root(struct walk *w)
{
	const struct path *top = &w->root;
	struct path at;

	if (w->flags & LOOKUP_BENEATH)
		return -EXDEV;
	if (w->flags & LOOKUP_IN_ROOT)
		top = &w->scope;
	if ((w->flags & LOOKUP_NO_XDEV) && top->mnt != w->cur.mnt)
		return -EXDEV;
	at = *top;
	path_get(&at);
	set_cur(w, at);
	return 0;
}

/* A link that is a place (/proc/PID/fd/N). */
static int follow_magic(struct walk *w, struct inode *i)
{
	struct path to = { 0 };
	int r;

	if (w->flags & LOOKUP_NO_MAGIC)
		return -ELOOP;
	r = i->ops->follow(i, &to.mnt, &to.d);
	if (r)
		return r;
	if (scoped(w) ||
	    ((w->flags & LOOKUP_NO_XDEV) && to.mnt != w->cur.mnt)) {
		path_put(&to);
		return -EXDEV;
	}
	set_cur(w, to);
	return 0;
}

/* The pending rest of the name is kept, the target comes first. */
static int push_target(struct walk *w, struct inode *i)
{
	char *buf;
	ssize_t n;

	if (!w->levels) {
		w->levels = kmalloc(MAX_LINKS * sizeof(*w->levels));
		if (!w->levels)
			return -ENOMEM;
	}
	buf = kmalloc(PATH_MAX);
	if (!buf)
		return -ENOMEM;
	n = i->ops->readlink ? i->ops->readlink(i, buf, PATH_MAX - 1) : -EINVAL;
	if (n <= 0) {
		kfree(buf);
		return n ? (int)n : -ENOENT;
	}
	buf[n] = 0;
	w->levels[w->depth++] = (struct walk_level){ buf, w->p };
	w->p = buf;
	return *buf == '/' ? jump_to_root(w) : 0;
}

int walk_link(struct walk *w, struct dentry *link)
{
	struct inode *i = link->inode;

	if (w->flags & LOOKUP_NO_SYMLINKS)
		return -ELOOP;
	if (++w->nlinks > MAX_LINKS)
		return -ELOOP;
	if (i->ops->follow)
		return follow_magic(w, i);
	return push_target(w, i);
}

/* Drops levels that are walked to their end; false: nothing is left. */
static bool more(struct walk *w)
{
	for (;;) {
		if (*w->p)
			return true;
		if (!w->depth)
			return false;
		w->depth--;
		w->p = w->levels[w->depth].rest;
		path_free(w->levels[w->depth].target);
	}
}

/* Whether only slashes are left, at this level and all above. */
static bool at_end(const struct walk *w, bool *slash)
{
	const char *p = w->p;

	*slash = false;
	for (unsigned n = w->depth;; p = w->levels[n].rest) {
		for (; *p == '/'; p++)
			*slash = true;
		if (*p)
			return false;
		if (!n--)
			return true;
	}
}

static int step_down(struct walk *w, const char *name, size_t len, bool follow)
{
	struct path next = { w->cur.mnt, NULL };
	int r = 0;

	if (w->flags & LOOKUP_CACHED) {
		next.d = dcache_find(w->cur.d, name, min(len, NAME_MAX + 1UL));
		r = next.d ? 0 : -EAGAIN;
	} else {
		r = dcache_lookup(w->cur.d, name, len, &next.d);
	}
	if (r)
		return r;
	mount_get(next.mnt);
	if (next.d->mounted)
		mount_cross_down(&next);
	if ((w->flags & LOOKUP_NO_XDEV) && next.mnt != w->cur.mnt)
		r = -EXDEV;
	else if (!next.d->inode)
		r = -ENOENT;
	else if (follow && S_ISLNK(next.d->inode->mode)) {
		r = walk_link(w, next.d);
	} else {
		set_cur(w, next);
		return 0;
	}
	path_put(&next);
	return r;
}

static int step(struct walk *w, const char *name, size_t len, bool follow)
{
	if (len == 1 && name[0] == '.')
		return 0;
	if (len == 2 && name[0] == '.' && name[1] == '.')
		return step_up(w);
	return step_down(w, name, len, follow);
}

static void take_last(struct last_name *last, const char *name, size_t len,
		      bool slash)
{
	/* one that is too long is refused when it is looked up, not before */
	last->len = min(len, NAME_MAX + 1UL);
	memcpy(last->name, name, min(len, (size_t)NAME_MAX));
	last->name[min(len, (size_t)NAME_MAX)] = 0;
	last->trailing_slash = slash;
}

/*
 * Walks until w->cur is the place that the name means.  With LOOKUP_PARENT it
 * stops before the last component, which goes to *last ("" where the name was
 * only slashes).  Linux's errors: ENOENT, ENOTDIR, EACCES, ELOOP,
 * ENAMETOOLONG, EXDEV.
 */
int walk_run(struct walk *w, struct last_name *last)
{
	bool must_dir = w->flags & LOOKUP_DIRECTORY;

	if (last)
		take_last(last, "", 0, false);
	while (more(w)) {
		const char *name;
		size_t len;
		bool slash, end;
		int r;

		while (*w->p == '/')
			w->p++;
		if (!*w->p)
			continue;
		name = w->p;
		len = strcspn(name, "/");
		if (!S_ISDIR(w->cur.d->inode->mode))
			return -ENOTDIR;
		r = inode_permission(w->cur.d->inode, MAY_EXEC);
		if (r)
			return r;
		w->p += len;
		end = at_end(w, &slash);
		if (end && last) {
			take_last(last, name, len, slash);
			return 0;
		}
		must_dir |= end && slash;
		r = step(w, name, len,
			 !end || slash || (w->flags & LOOKUP_FOLLOW));
		if (r)
			return r;
	}
	return must_dir && !S_ISDIR(w->cur.d->inode->mode) ? -ENOTDIR : 0;
}

/* The place that name means, with references in *out. */
int path_lookup(int dirfd, const char *name, unsigned flags, struct path *out,
		struct last_name *last)
{
	struct walk w;
	int r = walk_start(&w, dirfd, name, flags);

	if (r)
		return r;
	r = walk_run(&w, (flags & LOOKUP_PARENT) ? last : NULL);
	if (!r) {
		*out = w.cur;
		path_get(out);
	}
	walk_end(&w);
	return r;
}
