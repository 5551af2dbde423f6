/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fsctx.c: root, working directory and umask of tasks, shared by CLONE_FS.
 *
 * A kernel thread without a context sees the root mount, and its umask is 0.
 */
#include "kuni/vfs.h"

int fs_ctx_fork(struct fs_ctx *from, struct fs_ctx **out)
{
	struct fs_ctx *c = kmalloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->ref = 1;
	spin_init(&c->lock, RANK_FSCTX);
	c->ns = mount_ns_init();
	c->umask = 022;
	if (from) {
		spin_lock(&from->lock);
		c->root = from->root;
		c->cwd = from->cwd;
		c->umask = from->umask;
		c->ns = from->ns;
		path_get(&c->root);
		path_get(&c->cwd);
		spin_unlock(&from->lock);
	} else {
		mount_root_path(&c->root);
		c->cwd = c->root;
		path_get(&c->cwd);
	}
	*out = c;
	return 0;
}

void fs_ctx_put(struct fs_ctx *c)
{
	if (!c || __atomic_sub_fetch(&c->ref, 1, __ATOMIC_ACQ_REL))
		return;
	path_put(&c->root);
	path_put(&c->cwd);
	kfree(c);
}

static void get_place(struct path *out, bool root)
{
	struct fs_ctx *c = current->fs;

	if (!c) {
		mount_root_path(out);
		return;
	}
	spin_lock(&c->lock);
	*out = root ? c->root : c->cwd;
	path_get(out);
	spin_unlock(&c->lock);
}

void fs_get_root(struct path *out)
{
	get_place(out, true);
}

void fs_get_cwd(struct path *out)
{
	get_place(out, false);
}

static void set_place(struct path *p, bool root)
{
	struct fs_ctx *c = current->fs;
	struct path *at = root ? &c->root : &c->cwd, old;

	spin_lock(&c->lock);
	old = *at;
	*at = *p;
	spin_unlock(&c->lock);
	path_put(&old);
}

void fs_set_root(struct path *p)
{
	set_place(p, true);
}

void fs_set_cwd(struct path *p)
{
	set_place(p, false);
}

/* mode without the bits that the umask takes away. */
uint32_t fs_umask(uint32_t mode)
{
	return current->fs ? mode & ~current->fs->umask : mode;
}
