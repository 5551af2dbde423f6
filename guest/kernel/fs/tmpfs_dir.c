/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpfs_dir.c: directories of tmpfs.
 *
 * An entry is in two trees of its directory: by name, for lookup, and by
 * cookie, for readdir: a number that never repeats, so that a reader who comes
 * back finds its place however the directory has changed.  Directory ops run
 * with the directory's lock.
 */
#include <string.h>

#include "tmpfs.h"

static int name_cmp(const struct tmpfs_entry *a, const struct tmpfs_entry *b)
{
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->name, b->name, a->len);
}

static int cookie_cmp(const struct tmpfs_entry *a, const struct tmpfs_entry *b)
{
	return a->cookie < b->cookie ? -1 : a->cookie > b->cookie;
}

#define TREE_FN __attribute__((unused)) static
RB_GENERATE_INTERNAL(tmpfs_names, tmpfs_entry, by_name, name_cmp, TREE_FN)
RB_GENERATE_INTERNAL(tmpfs_cookies, tmpfs_entry, by_cookie, cookie_cmp, TREE_FN)

static struct tmpfs_entry *entry_new(const char *name, size_t len)
{
	struct tmpfs_entry *e = kmalloc(sizeof(*e) + len + 1);

	if (!e)
		return NULL;
	memcpy(e->name, name, len);
	e->len = (uint16_t)len;
	e->hash = name_hash(name, len);
	return e;
}

static struct tmpfs_entry *entry_find(struct inode *dir, const char *name,
				      size_t len)
{
	struct tmpfs_entry *e = RB_ROOT(&tmpfs_node(dir)->names);
	uint32_t hash = name_hash(name, len);

	while (e) {
		int c = hash != e->hash ? (hash < e->hash ? -1 : 1)
			: len != e->len ? (len < e->len ? -1 : 1)
					: memcmp(name, e->name, len);

		if (!c)
			return e;
		e = c < 0 ? RB_LEFT(e, by_name) : RB_RIGHT(e, by_name);
	}
	return NULL;
}

/* e names i in dir from now on; takes i's reference. */
static void entry_add(struct inode *dir, struct tmpfs_entry *e, struct inode *i)
{
	struct tmpfs_node *n = tmpfs_node(dir);

	e->inode = i;
	e->cookie = n->next_cookie++;
	RB_INSERT(tmpfs_names, &n->names, e);
	RB_INSERT(tmpfs_cookies, &n->cookies, e);
	dir->size += TMPFS_DIRENT;
	inode_touch(dir, false, true, true);
}

static void entry_del(struct inode *dir, struct tmpfs_entry *e)
{
	struct tmpfs_node *n = tmpfs_node(dir);

	RB_REMOVE(tmpfs_names, &n->names, e);
	RB_REMOVE(tmpfs_cookies, &n->cookies, e);
	dir->size -= TMPFS_DIRENT;
	inode_touch(dir, false, true, true);
}

static int dir_lookup(struct inode *dir, const char *name, size_t len,
		      struct inode **out)
{
	struct tmpfs_entry *e = entry_find(dir, name, len);

	if (!e)
		return -ENOENT;
	inode_get(e->inode);
	*out = e->inode;
	return 0;
}

/* A new inode and its entry; *out with a reference of its own. */
static int make(struct inode *dir, const char *name, size_t len, uint32_t mode,
		struct inode **out)
{
	struct tmpfs_entry *e = entry_new(name, len);
	int r;

	if (!e)
		return -ENOMEM;
	r = tmpfs_inode(dir->super, dir, mode, out);
	if (r) {
		kfree(e);
		return r;
	}
	entry_add(dir, e, *out);
	inode_get(*out);
	return 0;
}

static int dir_create(struct inode *dir, const char *name, size_t len,
		      uint32_t mode, struct inode **out)
{
	return make(dir, name, len, mode, out);
}

static int dir_mkdir(struct inode *dir, const char *name, size_t len,
		     uint32_t mode, struct inode **out)
{
	int r = make(dir, name, len, S_IFDIR | (mode & 07777), out);

	if (!r)
		dir->nlink++;
	return r;
}

static int dir_mknod(struct inode *dir, const char *name, size_t len,
		     uint32_t mode, uint64_t rdev, struct inode **out)
{
	int r = make(dir, name, len, mode, out);

	if (!r)
		(*out)->rdev = rdev;
	return r;
}

static int dir_symlink(struct inode *dir, const char *name, size_t len,
		       const char *target, struct inode **out)
{
	size_t n = strlen(target);
	char *copy = kmalloc(n + 1);
	int r;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, target, n + 1);
	r = make(dir, name, len, S_IFLNK | 0777, out);
	if (r) {
		kfree(copy);
		return r;
	}
	tmpfs_node(*out)->target = copy;
	(*out)->size = n;
	return 0;
}

static void change_nlink(struct inode *i, int by)
{
	__atomic_fetch_add(&i->nlink, (uint32_t)by, __ATOMIC_RELAXED);
	inode_touch(i, false, false, true);
}

static int dir_link(struct inode *dir, const char *name, size_t len,
		    struct inode *target)
{
	struct tmpfs_entry *e = entry_new(name, len);

	if (!e)
		return -ENOMEM;
	inode_get(target);
	change_nlink(target, 1);
	entry_add(dir, e, target);
	return 0;
}

static int dir_unlink(struct inode *dir, const char *name, size_t len,
		      struct inode *target)
{
	struct tmpfs_entry *e = entry_find(dir, name, len);

	if (!e || e->inode != target)
		return -ENOENT;
	entry_del(dir, e);
	change_nlink(target, -1);
	inode_put(e->inode);
	kfree(e);
	return 0;
}

static bool is_empty(const struct inode *dir)
{
	return RB_EMPTY(&tmpfs_node(dir)->names);
}

static int dir_rmdir(struct inode *dir, const char *name, size_t len,
		     struct inode *target)
{
	int r;

	if (!is_empty(target))
		return -ENOTEMPTY;
	r = dir_unlink(dir, name, len, target);
	if (r)
		return r;
	target->nlink = 0;
	dir->nlink--;
	return 0;
}

static void exchange(struct inode *od, struct tmpfs_entry *a, struct inode *nd,
		     struct tmpfs_entry *b)
{
	struct inode *i = a->inode;
	bool adir = S_ISDIR(i->mode), bdir = S_ISDIR(b->inode->mode);

	a->inode = b->inode;
	b->inode = i;
	if (od != nd && adir != bdir) {
		od->nlink += bdir ? 1 : -1U;
		nd->nlink += adir ? 1 : -1U;
	}
	inode_touch(od, false, true, true);
	inode_touch(nd, false, true, true);
	inode_touch(a->inode, false, false, true);
	inode_touch(b->inode, false, false, true);
}

/* a's inode is e in nd from now on, and white in its place, if any. */
static void move_entry(struct inode *od, struct tmpfs_entry *a,
		       struct inode *nd, struct tmpfs_entry *e,
		       struct inode *white)
{
	struct inode *i = a->inode;

	entry_del(od, a);
	entry_add(nd, e, i);
	inode_touch(i, false, false, true);
	if (S_ISDIR(i->mode)) {
		od->nlink--;
		nd->nlink++;
	}
	if (white)
		entry_add(od, a, white);
	else
		kfree(a);
}

static int dir_rename(struct inode *od, const char *oname, size_t olen,
		      struct inode *nd, const char *nname, size_t nlen,
		      unsigned flags)
{
	struct tmpfs_entry *a = entry_find(od, oname, olen);
	struct tmpfs_entry *b = entry_find(nd, nname, nlen), *e;
	struct inode *white = NULL;
	int r = 0;

	if (!a)
		return -ENOENT;
	if (flags & RENAME_EXCHANGE) {
		if (!b)
			return -ENOENT;
		exchange(od, a, nd, b);
		return 0;
	}
	e = entry_new(nname, nlen);
	if (!e)
		return -ENOMEM;
	if (flags & RENAME_WHITEOUT) /* device 0:0, which opens nothing */
		r = tmpfs_inode(od->super, od, S_IFCHR, &white);
	if (!r && b)
		r = S_ISDIR(b->inode->mode)
			    ? dir_rmdir(nd, nname, nlen, b->inode)
			    : dir_unlink(nd, nname, nlen, b->inode);
	if (r) {
		if (white)
			inode_put(white);
		kfree(e);
		return r;
	}
	move_entry(od, a, nd, e, white);
	return 0;
}

static int dir_tmpfile(struct inode *dir, uint32_t mode, struct inode **out)
{
	int r = tmpfs_inode(dir->super, dir, mode, out);

	if (!r)
		(*out)->nlink = 0;
	return r;
}

static ssize_t link_readlink(struct inode *i, char *buf, size_t n)
{
	size_t len = min(n, (size_t)i->size);

	memcpy(buf, tmpfs_node(i)->target, len);
	return (ssize_t)len;
}

/* The first entry whose cookie is not below pos. */
static struct tmpfs_entry *entry_from(struct inode *dir, uint64_t pos)
{
	struct tmpfs_entry *e = RB_ROOT(&tmpfs_node(dir)->cookies);
	struct tmpfs_entry *best = NULL;

	while (e) {
		if (e->cookie >= pos) {
			best = e;
			e = RB_LEFT(e, by_cookie);
		} else {
			e = RB_RIGHT(e, by_cookie);
		}
	}
	return best;
}

static bool emit_dots(struct file *f, struct dir_ctx *ctx)
{
	if (f->pos == 0) {
		if (!ctx->emit(ctx, ".", 1, f->inode->ino, DT_DIR, 1))
			return false;
		f->pos = 1;
	}
	if (f->pos == 1) {
		struct dentry *up = dentry_parent(f->path.d);
		bool ok = ctx->emit(ctx, "..", 2, up->inode->ino, DT_DIR, 2);

		dentry_put(up);
		if (!ok)
			return false;
		f->pos = 2;
	}
	return true;
}

static int dir_readdir(struct file *f, struct dir_ctx *ctx)
{
	struct inode *dir = f->inode;
	struct tmpfs_entry *e;

	if (!emit_dots(f, ctx))
		return 0;
	mutex_lock(&dir->lock);
	for (e = entry_from(dir, f->pos); e;
	     e = RB_NEXT(tmpfs_cookies, &tmpfs_node(dir)->cookies, e)) {
		if (!ctx->emit(ctx, e->name, e->len, e->inode->ino,
			       (e->inode->mode & S_IFMT) >> 12, e->cookie + 1))
			break;
		f->pos = e->cookie + 1;
	}
	inode_touch(dir, true, false, false);
	mutex_unlock(&dir->lock);
	return 0;
}

TAILQ_HEAD(tmpfs_pending, tmpfs_entry);

static void take_entries(struct inode *dir, struct tmpfs_pending *out)
{
	struct tmpfs_node *n = tmpfs_node(dir);
	struct tmpfs_entry *e;

	while ((e = RB_MIN(tmpfs_cookies, &n->cookies))) {
		RB_REMOVE(tmpfs_names, &n->names, e);
		RB_REMOVE(tmpfs_cookies, &n->cookies, e);
		TAILQ_INSERT_TAIL(out, e, pending);
	}
}

/* Empties root and all directories below it; nobody uses them any more. */
void tmpfs_drop_tree(struct inode *root)
{
	struct tmpfs_pending todo = TAILQ_HEAD_INITIALIZER(todo);
	struct tmpfs_entry *e;

	take_entries(root, &todo);
	while ((e = TAILQ_FIRST(&todo))) {
		TAILQ_REMOVE(&todo, e, pending);
		if (S_ISDIR(e->inode->mode))
			take_entries(e->inode, &todo);
		inode_put(e->inode);
		kfree(e);
	}
}

#define XATTR_OPS                                                              \
	.getxattr = tmpfs_getxattr, .setxattr = tmpfs_setxattr,                \
	.listxattr = tmpfs_listxattr, .removexattr = tmpfs_removexattr

const struct inode_ops tmpfs_dir_ops = {
	.lookup = dir_lookup,
	.create = dir_create,
	.mkdir = dir_mkdir,
	.mknod = dir_mknod,
	.symlink = dir_symlink,
	.link = dir_link,
	.unlink = dir_unlink,
	.rmdir = dir_rmdir,
	.rename = dir_rename,
	.tmpfile = dir_tmpfile,
	.setattr = tmpfs_setattr,
	XATTR_OPS,
};
const struct inode_ops tmpfs_link_ops = {
	.readlink = link_readlink,
	.setattr = tmpfs_setattr,
	XATTR_OPS,
};
const struct inode_ops tmpfs_special_ops = {
	.setattr = tmpfs_setattr,
	XATTR_OPS,
};
static int dir_fsync(struct file *f, bool datasync)
{
	(void)f; /* memory is where it belongs */
	(void)datasync;
	return 0;
}
const struct file_ops tmpfs_dir_fops = { .readdir = dir_readdir,
					 .fsync = dir_fsync };
