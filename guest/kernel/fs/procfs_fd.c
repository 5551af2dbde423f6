/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs_fd.c: the places and open files of a process: exe, cwd, root and fd/ of
 * /proc/PID.
 */
#include <stdio.h>
#include <string.h>

#include "kuni/task.h"
#include "procfs.h"

enum place { PLACE_EXE, PLACE_CWD, PLACE_ROOT };

static int place_fs(struct task *t, enum place which, struct path *out)
{
	struct fs_ctx *fs = task_fs_get(t);

	if (!fs)
		return -ENOENT;
	spin_lock(&fs->lock);
	*out = which == PLACE_CWD ? fs->cwd : fs->root;
	path_get(out);
	spin_unlock(&fs->lock);
	fs_ctx_put(fs);
	return 0;
}

static int file_place(const struct file *f, struct path *out)
{
	if (!f->path.d)
		return anon_place(f->inode, out);
	*out = f->path;
	path_get(out);
	return 0;
}

static int place_exe(struct task *t, struct path *out)
{
	struct mm *m = task_mm_get(t);
	int r = -ENOENT;

	if (m && m->exe)
		r = file_place(m->exe, out);
	if (m)
		mm_put(m);
	return r;
}

static int place_of(const struct pseudo_key *k, enum place which,
		    struct path *out)
{
	struct task *t = procfs_task(k);
	int r;

	if (!t)
		return -ESRCH;
	if (!procfs_may_inspect(t))
		r = -EACCES;
	else
		r = which == PLACE_EXE ? place_exe(t, out)
				       : place_fs(t, which, out);
	task_put(t);
	return r;
}

/* The name of p as current sees it, into buf, as readlink(2) gives it. */
static ssize_t place_name(const struct path *p, char *buf, size_t n)
{
	char *full = kmalloc(PATH_MAX), *s;
	ssize_t len;
	int r;

	if (!full)
		return -ENOMEM;
	r = procfs_name(p, full, &s); /* whole, or not at all */
	len = r < 0 ? r : (ssize_t)min(strlen(s), n);
	if (len > 0)
		memcpy(buf, s, (size_t)len);
	kfree(full);
	return len;
}

#define PLACE(name_, which)                                                    \
	ssize_t proc_##name_##_link(const struct pseudo_key *k, char *buf,     \
				    size_t n)                                  \
	{                                                                      \
		struct path p;                                                 \
		int r = place_of(k, which, &p);                                \
		ssize_t len;                                                   \
                                                                               \
		if (r < 0)                                                     \
			return r;                                              \
		len = place_name(&p, buf, n);                                  \
		path_put(&p);                                                  \
		return len;                                                    \
	}                                                                      \
	int proc_##name_##_follow(const struct pseudo_key *k,                  \
				  struct mount **m, struct dentry **d)         \
	{                                                                      \
		struct path p;                                                 \
		int r = place_of(k, which, &p);                                \
                                                                               \
		if (r < 0)                                                     \
			return r;                                              \
		*m = p.mnt;                                                    \
		*d = p.d;                                                      \
		return 0;                                                      \
	}
PLACE(exe, PLACE_EXE)
PLACE(cwd, PLACE_CWD)
PLACE(root, PLACE_ROOT)

/* The open file n of the key's process, with a reference. */
static struct file *key_file(const struct pseudo_key *k)
{
	struct task *t = procfs_task(k);
	struct fdtable *ft =
		t && procfs_may_inspect(t) ? task_files_get(t) : NULL;
	struct file *f = NULL;

	if (ft) {
		spin_lock(&ft->lock);
		if ((unsigned)k->n < ft->size && ft->file[k->n]) {
			f = ft->file[k->n];
			file_get(f);
		}
		spin_unlock(&ft->lock);
		fdtable_put(ft);
	}
	if (t)
		task_put(t);
	return f;
}

static ssize_t proc_fd_link(const struct pseudo_key *k, char *buf, size_t n)
{
	struct file *f = key_file(k);
	struct path p;
	ssize_t len;

	if (!f)
		return -ENOENT;
	len = file_place(f, &p);
	file_put(f);
	if (len < 0)
		return len;
	len = place_name(&p, buf, n);
	path_put(&p);
	return len;
}

static int proc_fd_follow(const struct pseudo_key *k, struct mount **m,
			  struct dentry **d)
{
	struct file *f = key_file(k);
	struct path p;
	int r;

	if (!f)
		return -ENOENT;
	r = file_place(f, &p);
	file_put(f);
	if (r < 0)
		return r;
	*m = p.mnt;
	*d = p.d;
	return 0;
}

static const struct pseudo_node fd_node = {
	.name = "",
	.mode = S_IFLNK | 0700,
	.link = proc_fd_link,
	.follow = proc_fd_follow,
	.own = true,
};

static void key_same(struct pseudo_key *out, const struct pseudo_key *k)
{
	*out = *k;
	process_get(k->proc);
	if (k->task)
		task_get(k->task);
}

int proc_fd_find(const struct pseudo_key *k, const char *name, size_t len,
		 struct pseudo_key *out, const struct pseudo_node **node)
{
	struct pseudo_key probe = *k;
	struct file *f;
	int r = pseudo_number(name, len, &probe.n);

	if (r < 0)
		return r;
	f = key_file(&probe);
	if (!f)
		return -ENOENT;
	file_put(f);
	key_same(out, &probe);
	*node = &fd_node;
	return 0;
}

bool proc_fd_each(const struct pseudo_key *k, unsigned *n)
{
	struct task *t = procfs_task(k);
	struct fdtable *ft =
		t && procfs_may_inspect(t) ? task_files_get(t) : NULL;
	bool found = false;

	if (ft) {
		spin_lock(&ft->lock);
		while (*n < ft->size && !ft->file[*n])
			(*n)++;
		found = *n < ft->size;
		spin_unlock(&ft->lock);
		fdtable_put(ft);
	}
	if (t)
		task_put(t);
	return found;
}
