/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs_pid.c: /proc/PID and /proc/PID/task/TID (proc(5)).
 *
 * Another process's memory, descriptors and places are taken by reference
 * through task_mm_get() and its like, so that it may exit meanwhile; what
 * ptrace(2) would need (PTRACE_MODE_READ) is asked for by may_inspect().
 */
#include <stdio.h>
#include <string.h>

#include "kuni/task.h"
#include "procfs.h"

#define TICK_NS 10000000UL

/* The thread that the key means: a reference, or NULL once it is gone. */
static struct task *key_task(const struct pseudo_key *k)
{
	struct task *t;

	spin_lock(&tasklist_lock);
	t = k->task ? k->task : k->proc->leader;
	if (t)
		task_get(t);
	spin_unlock(&tasklist_lock);
	return t;
}

static bool may_inspect(struct task *t)
{
	const struct cred *me = current->cred, *c = t->cred;

	if (t->proc == current->proc)
		return true;
	if (me->fsuid == c->euid && me->fsuid == c->suid &&
	    me->fsuid == c->uid && me->fsgid == c->egid &&
	    me->fsgid == c->gid && t->proc->dumpable)
		return true;
	return capable(CAP_SYS_PTRACE);
}

/* The memory of the key's thread, with a reference; *out is NULL for one that
 * has none. */
static int key_mm(const struct pseudo_key *k, bool private_, struct mm **out)
{
	struct task *t = key_task(k);
	int r = 0;

	if (!t)
		return -ESRCH;
	if (private_ && !may_inspect(t))
		r = -EACCES;
	else
		*out = task_mm_get(t);
	task_put(t);
	return r;
}

static char state_letter(const struct task *t)
{
	if (t->proc->zombie || t->state == TASK_DEAD)
		return 'Z';
	switch (t->state) {
	case TASK_RUNNING:
		return 'R';
	case TASK_SLEEP:
		return 'S';
	case TASK_SLEEP_HARD:
		return 'D';
	default:
		return 'T';
	}
}

static const char *state_word(char c)
{
	switch (c) {
	case 'R':
		return "running";
	case 'S':
		return "sleeping";
	case 'D':
		return "disk sleep";
	case 'T':
		return "stopped";
	default:
		return "zombie";
	}
}

/* What stat and status say of memory, in pages. */
struct sizes {
	uint64_t total, rss, stack, data, text;
};

static void measure(struct task *t, struct sizes *s)
{
	struct mm *m = task_mm_get(t);

	*s = (struct sizes){ 0 };
	if (!m)
		return;
	mutex_lock(&m->lock);
	for (struct vma *v = mm_find(m, 0); v; v = mm_next(v)) {
		uint64_t n = (v->end - v->start) / PAGE_SIZE;

		s->total += n;
		if (v->flags & VMA_GROWSDOWN)
			s->stack += n;
		else if (v->prot & PROT_X)
			s->text += n;
		else if ((v->prot & PROT_W) && !(v->flags & VMA_SHARED))
			s->data += n;
	}
	s->rss = m->rss;
	mutex_unlock(&m->lock);
	mm_put(m);
}

static int parent_pid(struct process *p)
{
	int pid;

	spin_lock(&tasklist_lock);
	pid = p->parent ? p->parent->pid : 0;
	spin_unlock(&tasklist_lock);
	return pid;
}

/* utime and stime of the key's process or thread, ns. */
static void times_of(const struct pseudo_key *k, uint64_t *ut, uint64_t *st)
{
	struct task *t;

	*ut = k->task ? k->task->utime : k->proc->utime;
	*st = k->task ? k->task->stime : k->proc->stime;
	if (k->task)
		return;
	spin_lock(&tasklist_lock);
	TAILQ_FOREACH(t, &k->proc->threads, thread_link)
	{
		*ut += t->utime;
		*st += t->stime;
	}
	spin_unlock(&tasklist_lock);
}

static int show_stat(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct task *t = key_task(k);
	struct process *p = k->proc;
	struct sizes s;
	uint64_t ut, st;

	if (!t)
		return -ESRCH;
	measure(t, &s);
	times_of(k, &ut, &st);
	pseudo_printf(b, "%d (%s) %c %d %d %d %d -1 0 ",
		      k->task ? t->tid : p->pid, t->comm, state_letter(t),
		      parent_pid(p), p->pgid, p->sid, tty_nr(p));
	pseudo_printf(b, "%lu 0 %lu 0 ", t->minflt, t->majflt);
	pseudo_printf(b, "%lu %lu %lu %lu ", ut / TICK_NS, st / TICK_NS,
		      p->cutime / TICK_NS, p->cstime / TICK_NS);
	pseudo_printf(b, "%d %d %u 0 %lu %lu %lu %lu ", 20 + t->nice, t->nice,
		      p->nthreads, t->start_ns / TICK_NS, s.total * PAGE_SIZE,
		      s.rss, rlimit_get(RLIMIT_RSS));
	pseudo_printf(b, "0 0 0 0 0 0 %lu 0 0 0 0 0 %d %u %d %d 0 0 0 ",
		      t->sig_mask & 0x7fffffff, p->exit_signal, t->cpu,
		      t->rt_prio, t->policy);
	pseudo_printf(b, "0 0 0 0 0 0 0 %d\n", t->exit_code);
	task_put(t);
	return 0;
}

static void status_ids(struct pseudo_buf *b, const struct cred *c)
{
	pseudo_printf(b, "Uid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid,
		      c->fsuid);
	pseudo_printf(b, "Gid:\t%u\t%u\t%u\t%u\n", c->gid, c->egid, c->sgid,
		      c->fsgid);
}

static void status_caps(struct pseudo_buf *b, struct task *t)
{
	const struct cred *c = t->cred;

	pseudo_printf(b, "Groups:\t");
	for (uint32_t i = 0; i < c->ngroups; i++)
		pseudo_printf(b, "%u ", c->groups[i]);
	pseudo_printf(b, "\n");
}

static void status_signals(struct pseudo_buf *b, struct task *t)
{
	struct process *p = t->proc;
	uint64_t ign = 0, caught = 0;

	spin_lock(&p->siglock);
	for (int i = 0; p->hand && i < NSIG; i++) {
		ign |= (uint64_t)(p->hand->action[i].handler == 1) << i;
		caught |= (uint64_t)(p->hand->action[i].handler > 1) << i;
	}
	spin_unlock(&p->siglock);
	pseudo_printf(b, "SigPnd:\t%016lx\nShdPnd:\t%016lx\n", t->pending.set,
		      p->pending.set);
	pseudo_printf(b, "SigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
		      t->sig_mask, ign, caught);
	pseudo_printf(b, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\n",
		      t->cred->cap_inh, t->cred->cap_perm, t->cred->cap_eff);
	pseudo_printf(b, "CapBnd:\t%016lx\nCapAmb:\t%016lx\n",
		      t->cred->cap_bset, t->cred->cap_amb);
	pseudo_printf(b, "NoNewPrivs:\t%d\nSeccomp:\t%d\n", t->no_new_privs,
		      t->seccomp ? 2 : 0);
}

static int show_status(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct task *t = key_task(k);
	char c;
	struct sizes s;
	const uint64_t kib = PAGE_SIZE / 1024;

	if (!t)
		return -ESRCH;
	c = state_letter(t);
	measure(t, &s);
	pseudo_printf(b, "Name:\t%s\n", t->comm);
	if (t->fs)
		pseudo_printf(b, "Umask:\t%04o\n", t->fs->umask);
	pseudo_printf(b, "State:\t%c (%s)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\n", c,
		      state_word(c), t->proc->pid, t->tid);
	pseudo_printf(b, "PPid:\t%d\nTracerPid:\t0\n", parent_pid(t->proc));
	status_ids(b, t->cred);
	pseudo_printf(b, "FDSize:\t%u\n", t->files ? t->files->size : 0);
	status_caps(b, t);
	if (s.total) {
		pseudo_printf(b, "VmSize:\t%8lu kB\nVmRSS:\t%8lu kB\n",
			      s.total * kib, s.rss * kib);
		pseudo_printf(b, "VmData:\t%8lu kB\nVmStk:\t%8lu kB\n",
			      s.data * kib, s.stack * kib);
		pseudo_printf(b, "VmExe:\t%8lu kB\n", s.text * kib);
	}
	pseudo_printf(b, "Threads:\t%u\n", t->proc->nthreads);
	status_signals(b, t);
	pseudo_printf(b, "Cpus_allowed:\t%lx\n",
		      t->affinity & (~0UL >> (64 - arch_ncpu)));
	pseudo_printf(b,
		      "voluntary_ctxt_switches:\t%lu\n"
		      "nonvoluntary_ctxt_switches:\t%lu\n",
		      t->nvcsw, t->nivcsw);
	task_put(t);
	return 0;
}

static int show_statm(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct task *t = key_task(k);
	struct sizes s;

	if (!t)
		return -ESRCH;
	measure(t, &s);
	task_put(t);
	pseudo_printf(b, "%lu %lu 0 %lu 0 %lu 0\n", s.total, s.rss, s.text,
		      s.data + s.stack);
	return 0;
}

static int show_comm(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct task *t = key_task(k);

	if (!t)
		return -ESRCH;
	pseudo_printf(b, "%s\n", t->comm);
	task_put(t);
	return 0;
}

static int store_comm(const struct pseudo_key *k, const char *s, size_t n)
{
	struct task *t = key_task(k);

	if (!t)
		return -ESRCH;
	if (t->proc != current->proc) {
		task_put(t);
		return -EINVAL;
	}
	if (n && s[n - 1] == '\n')
		n--;
	n = min(n, sizeof(t->comm) - 1);
	memcpy(t->comm, s, n);
	t->comm[n] = '\0';
	task_put(t);
	return 0;
}

/* The bytes [start, end) of m. */
static int show_range(struct pseudo_buf *b, struct mm *m, uint64_t start,
		      uint64_t end)
{
	char part[128];

	while (start < end) {
		ssize_t n = mm_access(m, start, part,
				      min(sizeof(part), (size_t)(end - start)),
				      false);

		if (n <= 0)
			break;
		pseudo_put(b, part, (size_t)n);
		start += (uint64_t)n;
	}
	return 0;
}

static int show_cmdline(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct mm *m = NULL;
	int r = key_mm(k, false, &m);

	if (r < 0 || !m)
		return r;
	r = show_range(b, m, m->arg_start, m->arg_end);
	mm_put(m);
	return r;
}

static int show_environ(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct mm *m = NULL;
	int r = key_mm(k, true, &m);

	if (r < 0 || !m)
		return r;
	r = show_range(b, m, m->env_start, m->env_end);
	mm_put(m);
	return r;
}

static int show_auxv(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct mm *m = NULL;
	int r = key_mm(k, true, &m);
	unsigned n = 0;

	if (r < 0 || !m)
		return r;
	while (n + 2 < ARRAY_SIZE(m->auxv) && m->auxv[n])
		n += 2;
	pseudo_put(b, m->auxv, (n + 2) * sizeof(m->auxv[0]));
	mm_put(m);
	return 0;
}

/* The name of p below current's root, within buf (PATH_MAX bytes). */
static int name_of(const struct path *p, char *buf, char **start)
{
	struct fs_ctx *fs = current->fs;
	struct path root;
	int r;

	spin_lock(&fs->lock);
	root = fs->root;
	path_get(&root);
	spin_unlock(&fs->lock);
	r = path_name(p, &root, buf, PATH_MAX, start);
	path_put(&root);
	return r;
}

static void maps_line(struct pseudo_buf *b, const struct vma *v,
		      const struct mm *m, char *name)
{
	const struct inode *i = v->file ? v->file->inode : NULL;
	const char *what = "";
	char *path;

	pseudo_printf(
		b, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", v->start,
		v->end, v->prot & PROT_R ? 'r' : '-',
		v->prot & PROT_W ? 'w' : '-', v->prot & PROT_X ? 'x' : '-',
		v->flags & VMA_SHARED ? 's' : 'p', i ? v->pgoff * PAGE_SIZE : 0,
		i ? DEV_MAJOR(i->super->dev) : 0,
		i ? DEV_MINOR(i->super->dev) : 0, i ? i->ino : 0);
	if (v->file && v->file->path.d &&
	    name_of(&v->file->path, name, &path) == 0)
		what = path;
	else if (v->flags & VMA_VDSO)
		what = "[vdso]";
	else if (v->flags & VMA_VVAR)
		what = "[vvar]";
	else if (v->flags & VMA_STACK)
		what = "[stack]";
	else if (v->end > m->brk_start && v->start < m->brk)
		what = "[heap]";
	if (*what)
		pseudo_put(b, "                    ", 20);
	pseudo_put(b, what, strlen(what));
	pseudo_put(b, "\n", 1);
}

static int show_maps(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct mm *m = NULL;
	char *name;
	int r = key_mm(k, true, &m);

	if (r < 0 || !m)
		return r;
	name = kmalloc(PATH_MAX);
	if (!name) {
		mm_put(m);
		return -ENOMEM;
	}
	mutex_lock(&m->lock);
	for (struct vma *v = mm_find(m, 0); v; v = mm_next(v))
		maps_line(b, v, m, name);
	mutex_unlock(&m->lock);
	kfree(name);
	mm_put(m);
	return 0;
}

/* ---- mounts ---- */

static const struct {
	uint64_t flag;
	const char *name;
} mount_flags[] = {
	{ MS_NOSUID, ",nosuid" },     { MS_NODEV, ",nodev" },
	{ MS_NOEXEC, ",noexec" },     { MS_NOATIME, ",noatime" },
	{ MS_RELATIME, ",relatime" },
};

static void mount_options(struct pseudo_buf *b, const struct mount *m)
{
	pseudo_printf(b, m->flags & MS_RDONLY ? "ro" : "rw");
	for (unsigned i = 0; i < ARRAY_SIZE(mount_flags); i++) {
		if (m->flags & mount_flags[i].flag)
			pseudo_put(b, mount_flags[i].name,
				   strlen(mount_flags[i].name));
	}
}

struct mounts_walk {
	struct pseudo_buf *b;
	char *name;
	bool info; /* mountinfo's form */
};

static const char *mount_point(const struct mount *m, char *name)
{
	struct path at = { .mnt = m->parent, .d = m->at };
	char *s;

	if (!m->parent)
		return "/";
	return name_of(&at, name, &s) == 0 ? s : NULL;
}

static bool mounts_one(struct mount *m, void *arg)
{
	struct mounts_walk *w = arg;
	const char *point = mount_point(m, w->name);
	const char *type = m->super->type->name;
	const char *source = m->source ? m->source : "none";

	if (!point)
		return true;
	if (w->info) {
		pseudo_printf(w->b, "%u %u %u:%u / ", m->id,
			      m->parent ? m->parent->id : 0,
			      DEV_MAJOR(m->super->dev),
			      DEV_MINOR(m->super->dev));
		pseudo_put(w->b, point, strlen(point));
		pseudo_put(w->b, " ", 1);
		mount_options(w->b, m);
		pseudo_printf(w->b, " - %s ", type);
		pseudo_put(w->b, source, strlen(source));
		pseudo_printf(w->b, m->flags & MS_RDONLY ? " ro\n" : " rw\n");
		return true;
	}
	pseudo_put(w->b, source, strlen(source));
	pseudo_put(w->b, " ", 1);
	pseudo_put(w->b, point, strlen(point));
	pseudo_printf(w->b, " %s ", type);
	mount_options(w->b, m);
	pseudo_printf(w->b, " 0 0\n");
	return true;
}

static int mounts_show(struct pseudo_buf *b, bool info)
{
	struct mounts_walk w = { .b = b, .info = info };

	w.name = kmalloc(PATH_MAX);
	if (!w.name)
		return -ENOMEM;
	mount_each(mounts_one, &w);
	kfree(w.name);
	return 0;
}

int procfs_mounts(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	return mounts_show(b, false);
}

static int show_mountinfo(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	return mounts_show(b, true);
}

/* ---- limits, cgroup, oom ---- */

static const struct {
	const char *name, *unit;
} limits[16] = {
	{ "Max cpu time", "seconds" },     { "Max file size", "bytes" },
	{ "Max data size", "bytes" },      { "Max stack size", "bytes" },
	{ "Max core file size", "bytes" }, { "Max resident set", "bytes" },
	{ "Max processes", "processes" },  { "Max open files", "files" },
	{ "Max locked memory", "bytes" },  { "Max address space", "bytes" },
	{ "Max file locks", "locks" },     { "Max pending signals", "signals" },
	{ "Max msgqueue size", "bytes" },  { "Max nice priority", "" },
	{ "Max realtime priority", "" },   { "Max realtime timeout", "us" },
};

static void limit_value(struct pseudo_buf *b, uint64_t v)
{
	if (v == RLIM_INFINITY)
		pseudo_printf(b, "%-20s ", "unlimited");
	else
		pseudo_printf(b, "%-20lu ", v);
}

static int show_limits(struct pseudo_buf *b, const struct pseudo_key *k)
{
	pseudo_printf(b, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
		      "Hard Limit", "Units");
	for (unsigned i = 0; i < ARRAY_SIZE(limits); i++) {
		pseudo_printf(b, "%-25s ", limits[i].name);
		limit_value(b, k->proc->rlim[i].cur);
		limit_value(b, k->proc->rlim[i].max);
		pseudo_printf(b, "%-10s\n", limits[i].unit);
	}
	return 0;
}

static int show_cgroup(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	pseudo_printf(b, "0::/\n");
	return 0;
}

static int show_oom_adj(struct pseudo_buf *b, const struct pseudo_key *k)
{
	pseudo_printf(b, "%d\n", k->proc->oom_score_adj);
	return 0;
}

static int store_oom_adj(const struct pseudo_key *k, const char *s, size_t n)
{
	bool negative = n && s[0] == '-';
	int v;

	if (n && s[n - 1] == '\n')
		n--;
	if (pseudo_number(s + negative, n - negative, &v) < 0 || v > 1000)
		return -EINVAL;
	v = negative ? -v : v;
	if (v < k->proc->oom_score_adj && !capable(CAP_SYS_RESOURCE))
		return -EACCES;
	k->proc->oom_score_adj = v;
	return 0;
}

/* ---- places: exe, cwd, root, fd/ ---- */

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

static int place_exe(struct task *t, struct path *out)
{
	struct mm *m = task_mm_get(t);
	int r = -ENOENT;

	if (m && m->exe && m->exe->path.d) {
		*out = m->exe->path;
		path_get(out);
		r = 0;
	}
	if (m)
		mm_put(m);
	return r;
}

static int place_of(const struct pseudo_key *k, enum place which,
		    struct path *out)
{
	struct task *t = key_task(k);
	int r;

	if (!t)
		return -ESRCH;
	if (!may_inspect(t))
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
	r = name_of(p, full, &s);
	len = r < 0 ? r : (ssize_t)min(strlen(s), n);
	if (len > 0)
		memcpy(buf, s, (size_t)len);
	kfree(full);
	return len;
}

#define PLACE(name_, which)                                                    \
	static ssize_t link_##name_(const struct pseudo_key *k, char *buf,     \
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
	static int follow_##name_(const struct pseudo_key *k,                  \
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
	struct task *t = key_task(k);
	struct fdtable *ft = t && may_inspect(t) ? task_files_get(t) : NULL;
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

static ssize_t link_fd(const struct pseudo_key *k, char *buf, size_t n)
{
	struct file *f = key_file(k);
	ssize_t len;

	if (!f)
		return -ENOENT;
	if (f->path.d)
		len = place_name(&f->path, buf, n);
	else
		len = sniprintf(buf, n, "%s:[%lu]",
				f->anon_name ? f->anon_name : "anon_inode",
				f->inode->ino);
	file_put(f);
	return len;
}

static int follow_fd(const struct pseudo_key *k, struct mount **m,
		     struct dentry **d)
{
	struct file *f = key_file(k);
	int r = -ENXIO;

	if (!f)
		return -ENOENT;
	if (f->path.d) {
		path_get(&f->path);
		*m = f->path.mnt;
		*d = f->path.d;
		r = 0;
	}
	file_put(f);
	return r;
}

static const struct pseudo_node fd_node = {
	.name = "",
	.mode = S_IFLNK | 0700,
	.link = link_fd,
	.follow = follow_fd,
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

static bool each_fd(const struct pseudo_key *k, unsigned *n)
{
	struct task *t = key_task(k);
	struct fdtable *ft = t && may_inspect(t) ? task_files_get(t) : NULL;
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
		.name = #name_, .mode = S_IFLNK | 0777, .link = link_##name_,  \
		.follow = follow_##name_, .own = true                          \
	}
#define FILE_(name_, mode_)                                                    \
	{                                                                      \
		.name = #name_, .mode = S_IFREG | (mode_),                     \
		.show = show_##name_, .own = true                              \
	}
#define THREAD_FILES                                                           \
	FILE_(auxv, 0400), FILE_(cgroup, 0444), FILE_(cmdline, 0444),          \
		{ .name = "comm",                                              \
		  .mode = S_IFREG | 0644,                                      \
		  .show = show_comm,                                           \
		  .store = store_comm,                                         \
		  .own = true },                                               \
		LINK(cwd), FILE_(environ, 0400), LINK(exe),                    \
		{ .name = "fd",                                                \
		  .mode = S_IFDIR | 0500,                                      \
		  .find = find_fd,                                             \
		  .each = each_fd,                                             \
		  .each_mode = S_IFLNK,                                        \
		  .own = true },                                               \
		FILE_(limits, 0444), FILE_(maps, 0444),                        \
		FILE_(mountinfo, 0444),                                        \
		{ .name = "mounts",                                            \
		  .mode = S_IFREG | 0444,                                      \
		  .show = procfs_mounts },                                     \
		{ .name = "oom_score_adj",                                     \
		  .mode = S_IFREG | 0644,                                      \
		  .show = show_oom_adj,                                        \
		  .store = store_oom_adj,                                      \
		  .own = true },                                               \
		LINK(root), FILE_(stat, 0444), FILE_(statm, 0444),             \
		FILE_(status, 0444)

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
