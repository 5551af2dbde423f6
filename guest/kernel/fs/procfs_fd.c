/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs_fd.c: the places and open files of a process: exe, cwd, root, fd/,
 * fdinfo/ and ns/ of /proc/PID.
 */
#include <stdio.h>
#include <string.h>

#include "kuni/vfs.h"
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

/* What /proc/PID/fd and maps call it, as snprintf() does. */
size_t anon_name(const struct inode *i, char *buf, size_t n)
{
	const char *name = i->anon_name ? i->anon_name : "";
	int len;

	if (S_ISFIFO(i->mode) || S_ISSOCK(i->mode))
		len = sniprintf(buf, n, "%s:[%lu]",
				S_ISFIFO(i->mode) ? "pipe" : "socket", i->ino);
	else if (S_ISREG(i->mode))
		len = sniprintf(buf, n, "/memfd:%s (deleted)", name);
	else
		len = sniprintf(buf, n, "anon_inode:%s", name);
	return len < 0 ? 0 : (size_t)len;
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

static int find_fd(const struct pseudo_key *k, const char *name, size_t len,
		   struct pseudo_key *out)
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
	return 0;
}

int proc_fd_find(const struct pseudo_key *k, const char *name, size_t len,
		 struct pseudo_key *out, const struct pseudo_node **node)
{
	*node = &fd_node;
	return find_fd(k, name, len, out);
}

int proc_fdinfo_find(const struct pseudo_key *k, const char *name, size_t len,
		     struct pseudo_key *out, const struct pseudo_node **node)
{
	*node = &proc_fdinfo_node;
	return find_fd(k, name, len, out);
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

/* ---- fdinfo/ ---- */

static bool key_cloexec(const struct pseudo_key *k)
{
	struct task *t = procfs_task(k);
	struct fdtable *ft = t ? task_files_get(t) : NULL;
	bool yes = false;

	if (ft) {
		spin_lock(&ft->lock);
		yes = (unsigned)k->n < ft->size &&
		      ft->cloexec[k->n / 64] >> (k->n % 64) & 1;
		spin_unlock(&ft->lock);
		fdtable_put(ft);
	}
	if (t)
		task_put(t);
	return yes;
}

int proc_fdinfo_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct file *f = key_file(k);
	struct inotify_watch_info w;

	if (!f)
		return -ENOENT;
	pseudo_printf(b, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n",
		      f->pos, f->flags | (key_cloexec(k) ? O_CLOEXEC : 0),
		      f->path.mnt ? f->path.mnt->id : 0, f->inode->ino);
	for (unsigned n = 0; inotify_is(f) && inotify_nth(f, n, &w); n++)
		pseudo_printf(b,
			      "inotify wd:%x ino:%lx sdev:%lx mask:%x "
			      "ignored_mask:0\n",
			      (unsigned)w.wd, w.ino, w.dev, w.mask);
	for (unsigned n = 0; f->ops->info && f->ops->info(f, n, b);)
		n++;
	file_put(f);
	return 0;
}

const struct pseudo_node proc_fdinfo_node = {
	.name = "",
	.mode = S_IFREG | 0400,
	.show = proc_fdinfo_show,
	.own = true,
};

/* ---- ns/: there is one namespace of each kind, with Linux's first numbers */

#define NS(name_, text)                                                        \
	static ssize_t link_ns_##name_(const struct pseudo_key *k, char *buf,  \
				       size_t n)                               \
	{                                                                      \
		(void)k;                                                       \
		return sniprintf(buf, n, "%s", text);                          \
	}
NS(cgroup, "cgroup:[4026531835]")
NS(ipc, "ipc:[4026531839]")
NS(mnt, "mnt:[4026531841]")
NS(net, "net:[4026531840]")
NS(pid, "pid:[4026531836]")
NS(user, "user:[4026531837]")
NS(uts, "uts:[4026531838]")
#define NS_LINK(name_)                                                         \
	{                                                                      \
		.name = #name_, .mode = S_IFLNK | 0777,                        \
		.link = link_ns_##name_, .own = true                           \
	}
const struct pseudo_node proc_ns_children[] = {
	NS_LINK(cgroup), NS_LINK(ipc),  NS_LINK(mnt), NS_LINK(net),
	NS_LINK(pid),    NS_LINK(user), NS_LINK(uts), { 0 },
};
