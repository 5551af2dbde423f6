/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs_pid.c: /proc/PID and /proc/PID/task/TID (proc(5)): the directories, and
 * the thread, memory and names that their files are about.
 *
 * Another process's memory, descriptors and places are taken by reference
 * through task_mm_get() and its like, so that it may exit meanwhile; what
 * ptrace(2) would need (PTRACE_MODE_READ) is asked for by procfs_may_inspect().
 */
#include "kuni/task.h"
#include "procfs.h"

/* The thread that the key means: a reference, or NULL once it is gone. */
struct task *procfs_task(const struct pseudo_key *k)
{
	struct task *t;

	spin_lock(&tasklist_lock);
	t = k->task ? k->task : k->proc->leader;
	if (t)
		task_get(t);
	spin_unlock(&tasklist_lock);
	return t;
}

bool procfs_may_inspect(struct task *t)
{
	return task_inspect(t, INSPECT_FS) == 0;
}

/* The memory of the key's thread, with a reference; *out is NULL for one that
 * has none. */
int procfs_mm(const struct pseudo_key *k, bool private_, struct mm **out)
{
	struct task *t = procfs_task(k);
	int r = 0;

	if (!t)
		return -ESRCH;
	if (private_ && !procfs_may_inspect(t))
		r = -EACCES;
	else
		*out = task_mm_get(t);
	task_put(t);
	return r;
}

/* The name of p below current's root, within buf (PATH_MAX bytes). */
int procfs_name(const struct path *p, char *buf, char **start)
{
	struct fs_ctx *fs = current->fs;
	struct path root;
	int r;

	if (anon_is_place(p)) {
		*start = buf;
		return anon_name(p->d->inode, buf, PATH_MAX) < PATH_MAX
			       ? 0
			       : -ENAMETOOLONG;
	}
	spin_lock(&fs->lock);
	root = fs->root;
	path_get(&root);
	spin_unlock(&fs->lock);
	r = path_name(p, &root, buf, PATH_MAX, start);
	path_put(&root);
	return min(r, 0);
}

/* ---- the directories ---- */

static const struct pseudo_node task_dir;

static int find_task(const struct pseudo_key *k, const char *name, size_t len,
		     struct pseudo_key *out, const struct pseudo_node **node)
{
	struct task *t;
	int tid;
	int r = pseudo_number(name, len, &tid);

	if (r < 0)
		return r;
	t = task_find(tid);
	if (!t)
		return -ENOENT;
	if (t->proc != k->proc) {
		task_put(t);
		return -ENOENT;
	}
	*out = (struct pseudo_key){ .proc = k->proc, .task = t };
	process_get(k->proc);
	*node = &task_dir;
	return 0;
}

static bool each_task(const struct pseudo_key *k, unsigned *n)
{
	struct task *t;
	int best = -1;

	spin_lock(&tasklist_lock);
	TAILQ_FOREACH(t, &k->proc->threads, thread_link)
	{
		if (t->tid >= (int)*n && (best < 0 || t->tid < best))
			best = t->tid;
	}
	spin_unlock(&tasklist_lock);
	if (best < 0)
		return false;
	*n = (unsigned)best;
	return true;
}

#define LINK(name_)                                                            \
	{                                                                      \
		.name = #name_, .mode = S_IFLNK | 0777,                        \
		.link = proc_##name_##_link, .follow = proc_##name_##_follow,  \
		.own = true                                                    \
	}
#define FILE_(name_, mode_)                                                    \
	{                                                                      \
		.name = #name_, .mode = S_IFREG | (mode_),                     \
		.show = proc_##name_##_show, .own = true                       \
	}
#define NODE(name_, mode_, ...)                                                \
	{                                                                      \
		.name = (name_), .mode = (mode_), .own = true, __VA_ARGS__     \
	}
#define THREAD_FILES                                                           \
	FILE_(auxv, 0400), FILE_(cgroup, 0444), FILE_(cmdline, 0444),          \
		NODE("comm", S_IFREG | 0644, .show = proc_comm_show,           \
		     .store = proc_comm_store),                                \
		LINK(cwd), FILE_(environ, 0400), LINK(exe),                    \
		NODE("fd", S_IFDIR | 0500, .find = proc_fd_find,               \
		     .each = proc_fd_each, .each_mode = S_IFLNK),              \
		NODE("fdinfo", S_IFDIR | 0555, .find = proc_fdinfo_find,       \
		     .each = proc_fd_each, .each_mode = S_IFREG),              \
		FILE_(io, 0400), FILE_(limits, 0444), FILE_(maps, 0444),       \
		FILE_(mountinfo, 0444),                                        \
		NODE("mounts", S_IFREG | 0444, .show = procfs_mounts),         \
		{ .name = "net",                                               \
		  .mode = S_IFDIR | 0555,                                      \
		  .children = procfs_net },                                    \
		NODE("ns", S_IFDIR | 0511, .children = proc_ns_children),      \
		FILE_(oom_score, 0444),                                        \
		NODE("oom_score_adj", S_IFREG | 0644,                          \
		     .show = proc_oom_adj_show, .store = proc_oom_adj_store),  \
		FILE_(personality, 0400), LINK(root), FILE_(smaps, 0444),      \
		FILE_(smaps_rollup, 0444), FILE_(stat, 0444),                  \
		FILE_(statm, 0444), FILE_(status, 0444), FILE_(wchan, 0444)

static const struct pseudo_node thread_children[] = { THREAD_FILES, { 0 } };

static const struct pseudo_node task_dir = {
	.name = "",
	.mode = S_IFDIR | 0555,
	.children = thread_children,
	.own = true,
};

static const struct pseudo_node pid_children[] = {
	THREAD_FILES,
	{ .name = "task",
	  .mode = S_IFDIR | 0555,
	  .find = find_task,
	  .each = each_task,
	  .each_mode = S_IFDIR,
	  .own = true },
	{ 0 },
};

const struct pseudo_node procfs_pid_dir = {
	.name = "",
	.mode = S_IFDIR | 0555,
	.children = pid_children,
	.own = true,
};

int procfs_process(int fd, struct process **out)
{
	struct file *f = fd_get(fd);
	const struct pseudo_key *k;

	if (!f)
		return -EBADF;
	k = pseudo_file_key(f, &procfs_pid_dir);
	if (k) {
		*out = k->proc;
		process_get(*out);
	}
	file_put(f);
	return k ? 0 : -EBADF;
}
