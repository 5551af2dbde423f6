/* SPDX-License-Identifier: Apache-2.0 */
/* target.c: see target.h. */
#include "target.h"

int target_fd(int fd, struct target *t)
{
	struct file *f = fd_get(fd);

	if (!f)
		return -EBADF;
	t->i = f->inode;
	inode_get(t->i);
	t->path = f->path;
	path_get(&t->path);
	t->mnt = t->path.mnt;
	file_put(f);
	return 0;
}

int target_at(int dfd, uaddr_t name, int flags, struct target *t)
{
	unsigned look = (flags & AT_SYMLINK_NOFOLLOW) ? 0 : LOOKUP_FOLLOW;
	char *s;
	int r = path_from_user(name, &s);

	if (r)
		return r;
	if (!*s && (flags & AT_EMPTY_PATH) && dfd != AT_FDCWD) {
		path_free(s);
		return target_fd(dfd, t);
	}
	if (flags & AT_EMPTY_PATH)
		look |= LOOKUP_EMPTY;
	r = path_lookup(dfd, s, look, &t->path, NULL);
	path_free(s);
	if (r)
		return r;
	t->i = t->path.d->inode;
	inode_get(t->i);
	t->mnt = t->path.mnt;
	return 0;
}

void target_put(struct target *t)
{
	inode_put(t->i);
	path_put(&t->path);
}

int parent_at(int dfd, uaddr_t name, struct path *dir, struct last_name **last)
{
	char *s;
	int r;

	*last = kmalloc(sizeof(**last));
	if (!*last)
		return -ENOMEM;
	r = path_from_user(name, &s);
	if (!r) {
		r = path_lookup(dfd, s, LOOKUP_PARENT, dir, *last);
		path_free(s);
	}
	if (!r && !S_ISDIR(dir->d->inode->mode)) {
		path_put(dir);
		r = -ENOTDIR;
	}
	if (r)
		kfree(*last);
	return r;
}

void parent_put(struct path *dir, struct last_name *last)
{
	path_put(dir);
	kfree(last);
}
