/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init.c: from the launch description to the container's first process.
 *
 * init_start() is a kernel thread that makes itself process 1: root, mounts,
 * masked and read-only paths, names, sysctls, stdio, working directory, limits,
 * credentials, exec.  A failure is told to the host with the stage where it
 * happened.  Order and defaults follow what runc does with the same bundle.
 */
#include "internal.h"

#include <string.h>
#include <stdio.h>
#include <stdlib.h>

#include "boot/abi/bootinfo.h"
#include "boot/abi/control.h"
#include "guest/kernel/task/console.h"
#include "guest/kernel/task/launch.h"
#include "kuni/control.h"
#include "kuni/driver.h"
#include "kuni/filesystems.h"
#include "kuni/klog.h"
#include "kuni/vfs.h"

#define CAPS_ALL ((1UL << (CAP_LAST_CAP + 1)) - 1)

/* ---- process 1 ---- */

static void link_init(struct task *t, struct process *p)
{
	spin_lock(&tasklist_lock);
	t->tid = pid_alloc();
	p->pid = p->pgid = p->sid = t->tid;
	p->leader = t;
	p->nthreads = p->live = 1;
	t->proc = p;
	process_get(p);
	TAILQ_INSERT_TAIL(&p->threads, t, thread_link);
	LIST_INSERT_HEAD(&all_processes, p, all_link);
	process_count++;
	task_get(t); /* of the hash */
	pid_hash_add(t);
	init_process = p;
	spin_unlock(&tasklist_lock);
}

static int become_process(void)
{
	struct task *t = current;
	struct process *p;
	int ret = process_create(&p);

	if (ret)
		return ret;
	ret = sighand_create(&p->hand);
	if (!ret)
		ret = fdtable_create(&t->files);
	if (!ret)
		ret = arch_fpu_alloc(&t->arch);
	if (ret)
		return ret;
	rlimit_defaults(p->rlim);
	link_init(t, p);
	return 0;
}

/* ---- paths ---- */

/* Makes path, and nothing where it is there: a directory or an empty file. */
static int make_one(const char *path, bool file)
{
	struct last_name *last = kmalloc(sizeof(*last));
	struct path dir;
	int ret;

	if (!last)
		return -ENOMEM;
	ret = path_lookup(AT_FDCWD, path, LOOKUP_PARENT, &dir, last);
	if (!ret) {
		ret = file ? vfs_mknod(&dir, last, S_IFREG | 0755, 0)
			   : vfs_mkdir(&dir, last, S_IFDIR | 0755);
		path_put(&dir);
	}
	kfree(last);
	return ret == -EEXIST || ret == -EROFS || ret == -EINVAL ? 0 : ret;
}

/* Makes path, a file or a directory, and the directories missing above it. */
static int make_place(const char *path, bool file)
{
	size_t n = strlen(path) + 1;
	char *copy;
	int ret = 0;

	if (n > PATH_MAX)
		return -ENAMETOOLONG;
	copy = kmalloc(n);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, path, n);
	for (char *p = copy; !ret && *p;) {
		char save;

		p += strspn(p, "/");
		p += strcspn(p, "/");
		save = *p;
		*p = '\0';
		ret = make_one(copy, file && !save);
		*p = save;
	}
	kfree(copy);
	return ret;
}

static int path_mode(const char *name, uint32_t *mode)
{
	struct path p;
	int ret = path_lookup(AT_FDCWD, name, LOOKUP_FOLLOW, &p, NULL);

	if (ret)
		return ret;
	*mode = p.d->inode->mode;
	path_put(&p);
	return 0;
}

/* ---- mounts ---- */

static bool is_bind(const struct launch_mount_k *m)
{
	return !strcmp(m->type, "bind");
}

/*
 * held, one a mount.  Of a bind: its source as it was before all mounts, found
 * below the root, where the host has made all binds.  Of a tmpfs that is to be
 * read-only: itself, for it is so only when all stands that it holds.
 */
static int bind_here(const struct launch_mount_k *m, struct path *held)
{
	struct path at;
	int ret = path_lookup(AT_FDCWD, m->dest, LOOKUP_FOLLOW, &at, NULL);

	if (!ret) {
		ret = mount_bind_path(held, &at, m->flags);
		path_put(&at);
	}
	path_put(held);
	return ret;
}

static int mount_one(const struct launch_mount_k *m, struct path *held)
{
	bool file = is_bind(m) && !S_ISDIR(held->d->inode->mode);
	uint64_t later = strcmp(m->type, "tmpfs") ? 0 : MS_RDONLY;
	uint32_t mode;
	int ret = path_mode(m->dest, &mode);

	if (ret == -ENOENT)
		ret = make_place(m->dest, file);
	if (ret)
		return ret;
	if (is_bind(m))
		return bind_here(m, held);
	ret = mount_at(m->type, m->source, m->dest, m->flags & ~later, m->data);
	if (!ret && m->flags & later)
		ret = path_lookup(AT_FDCWD, m->dest, LOOKUP_FOLLOW, held, NULL);
	if (!ret && !strcmp(m->dest, "/dev"))
		ret = devfs_populate(m->dest); /* as a runtime does */
	return ret;
}

static void find_binds(const struct launch *l, struct path *held)
{
	for (unsigned i = 0; i < l->nmounts; i++) {
		const struct launch_mount_k *m = &l->mounts[i];
		int ret = is_bind(m)
				  ? path_lookup(AT_FDCWD, m->source,
						LOOKUP_FOLLOW, &held[i], NULL)
				  : 0;

		if (ret)
			init_failed(CTL_STAGE_MOUNT, ret, m->source);
	}
}

static void close_tmpfs(const struct launch *l, struct path *held)
{
	for (unsigned i = 0; i < l->nmounts; i++) {
		if (is_bind(&l->mounts[i]) || !held[i].mnt)
			continue;
		held[i].mnt->flags |= MS_RDONLY;
		path_put(&held[i]);
	}
}

static int mask_one(const char *path)
{
	uint32_t mode;
	int ret = path_mode(path, &mode);

	if (ret == -ENOENT || ret == -ENOTDIR)
		return 0;
	if (ret)
		return ret;
	if (S_ISDIR(mode))
		return mount_at("tmpfs", "tmpfs", path, MS_RDONLY, "");
	return mount_bind("/dev/null", path, 0);
}

static int readonly_one(const char *path)
{
	uint32_t mode;
	int ret = path_mode(path, &mode);

	if (ret == -ENOENT || ret == -ENOTDIR)
		return 0;
	if (!ret)
		ret = mount_bind(path, path, MS_REC | MS_RDONLY);
	return ret;
}

static void set_up_mounts(const struct launch *l)
{
	struct path *held = kmalloc((l->nmounts + 1) * sizeof(*held));
	int ret = held ? mount_root("virtiofs", 0) : -ENOMEM;

	if (ret)
		init_failed(CTL_STAGE_ROOT, ret, "/");
	boot_mark(MARK_ROOT);
	find_binds(l, held);
	for (unsigned i = 0; i < l->nmounts; i++) {
		ret = mount_one(&l->mounts[i], &held[i]);
		if (ret)
			init_failed(CTL_STAGE_MOUNT, ret, l->mounts[i].dest);
	}
	for (unsigned i = 0; i < l->nreadonly; i++) {
		ret = readonly_one(l->readonly[i]);
		if (ret)
			init_failed(CTL_STAGE_MOUNT, ret, l->readonly[i]);
	}
	for (unsigned i = 0; i < l->nmasked; i++) {
		ret = mask_one(l->masked[i]);
		if (ret)
			init_failed(CTL_STAGE_MOUNT, ret, l->masked[i]);
	}
	close_tmpfs(l, held);
	kfree(held);
}

static void set_root_readonly(void)
{
	struct path root;

	mount_root_path(&root);
	root.mnt->flags |= MS_RDONLY;
	path_put(&root);
}

/* ---- what the process sees of itself ---- */

static void set_names(const struct launch *l)
{
	int ret = 0;

	if (l->hostname)
		ret = uts_set(false, l->hostname, strlen(l->hostname));
	if (!ret && l->domainname)
		ret = uts_set(true, l->domainname, strlen(l->domainname));
	if (ret)
		init_failed(CTL_STAGE_LAUNCH, ret, "hostname");
}

/* As a runtime does, when there are names and before anything runs. */
static void set_sysctls(const struct launch *l)
{
	for (unsigned i = 0; i < l->nsysctls; i++) {
		const struct launch_sysctl_k *v = &l->sysctls[i];
		int ret = sysctl_set(v->name, v->value);

		if (ret)
			init_failed(CTL_STAGE_SYSCTL, ret, v->name);
	}
}

static int stdio_file(const struct launch *l, int i, struct file **f)
{
	static struct file *terminal;
	int ret = 0;

	if (!(l->options.flags & LAUNCH_O_TERMINAL))
		return ctl_stdio_open(CTL_STDIN + i, l->user.uid, l->user.gid,
				      f);
	if (i == 0)
		ret = console_open_stdio(l, &terminal);
	else
		file_get(terminal);
	*f = terminal;
	return ret;
}

static int open_stdio(const struct launch *l)
{
	for (int i = 0; i < 3; i++) {
		struct file *f;
		int ret = stdio_file(l, i, &f);

		if (!ret)
			ret = fd_install(f, i, false);
		if (ret != i)
			return ret < 0 ? ret : -EBADF;
	}
	return 0;
}

static int set_cwd(const char *cwd)
{
	struct path p;
	int ret = path_lookup(AT_FDCWD, cwd, LOOKUP_FOLLOW | LOOKUP_DIRECTORY,
			      &p, NULL);

	if (ret == -ENOENT) {
		ret = make_place(cwd, false);
		if (!ret)
			ret = path_lookup(AT_FDCWD, cwd,
					  LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p,
					  NULL);
	}
	if (!ret)
		fs_set_cwd(&p);
	return ret;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int make_cred(const struct launch *l, struct cred **out)
{
	const struct launch_user *u = &l->user;
	struct cred *c = kmalloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->ref = 1;
	c->uid = c->euid = c->suid = c->fsuid = u->uid;
	c->gid = c->egid = c->sgid = c->fsgid = u->gid;
	if (u->ngroups) {
		c->groups = kmalloc(u->ngroups * sizeof(uint32_t));
		if (!c->groups) {
			kfree(c);
			return -ENOMEM;
		}
		memcpy(c->groups, l->groups, u->ngroups * sizeof(uint32_t));
		qsort(c->groups, u->ngroups, sizeof(uint32_t), by_number);
		c->ngroups = u->ngroups;
	}
	c->cap_bset = l->caps.bounding & CAPS_ALL;
	c->cap_perm = l->caps.permitted & CAPS_ALL;
	c->cap_eff = l->caps.effective & c->cap_perm;
	c->cap_inh = l->caps.inheritable & CAPS_ALL;
	c->cap_amb = l->caps.ambient & c->cap_perm & c->cap_inh;
	*out = c;
	return 0;
}

static void set_limits(const struct launch *l)
{
	struct process *p = current->proc;

	for (unsigned i = 0; i < l->nrlimits; i++) {
		const struct launch_rlimit *r = &l->rlimits[i];

		p->rlim[r->resource] = (struct lx_rlimit){ r->soft, r->hard };
	}
}

/* ---- the program ---- */

static const char *env_of(const struct launch *l, const char *name)
{
	size_t n = strlen(name);

	for (unsigned i = 0; i < l->nenv; i++)
		if (!strncmp(l->env[i], name, n) && l->env[i][n] == '=')
			return l->env[i] + n + 1;
	return NULL;
}

/* The name without '/' along PATH of the process's own environment.  As runc
 * does it: the first file that somebody may execute, or none. */
static int exec_search(const struct launch *l, char *buf)
{
	const char *name = l->args[0], *dir = env_of(l, "PATH");
	uint32_t mode;

	if (!name[0])
		return -ENOENT;
	if (strchr(name, '/'))
		return exec_path(name, l->args, l->env);
	while (dir && *dir) {
		size_t n = strcspn(dir, ":");
		int len = snprintf(buf, PATH_MAX, "%.*s/%s", n ? (int)n : 1,
				   n ? dir : ".", name);

		if (len < (int)PATH_MAX && !path_mode(buf, &mode) &&
		    !S_ISDIR(mode) && mode & 0111)
			return exec_path(buf, l->args, l->env);
		dir += n;
		dir += *dir == ':';
	}
	return -ENOENT;
}

static void run_program(const struct launch *l)
{
	char *buf = kmalloc(PATH_MAX);
	int ret = buf ? exec_search(l, buf) : -ENOMEM;

	if (ret)
		init_failed(CTL_STAGE_EXEC, ret, l->args[0]);
	kfree(buf);
}

/* Signals from the host need the port; nobody waits for it.  Then the thread
 * sees to free memory. */
static void control_thread(void *unused)
{
	int ret;

	(void)unused;
	ctl_started();
	ret = console_start();
	if (ret)
		klog(KLOG_ERROR, "init: no terminal, errno=%d", -ret);
	page_report_run();
}

static void set_up_process(const struct launch *l)
{
	struct task *t = current;
	int ret = open_stdio(l);

	if (ret)
		init_failed(CTL_STAGE_STDIO, ret,
			    ret == -ENODEV ? "no devpts is mounted" : "");
	ret = set_cwd(l->cwd ? l->cwd : "/");
	if (ret)
		init_failed(CTL_STAGE_CWD, ret, l->cwd ? l->cwd : "/");
	if (l->options.flags & LAUNCH_O_ROOT_READONLY)
		set_root_readonly();
	t->fs->umask = l->user.umask & 0777;
	set_limits(l);
	t->no_new_privs = l->options.flags & LAUNCH_O_NO_NEW_PRIVS;
	ret = make_cred(l, &t->cred);
	if (ret)
		init_failed(CTL_STAGE_LAUNCH, ret, "credentials");
}

/* blob: the launch description; its header gives the size. */
void init_start(void *blob)
{
	const struct launch_header *h = blob;
	struct launch *l;
	int ret = launch_parse(blob, min(h->size, (uint32_t)LAUNCH_MAX), &l);

	if (ret)
		init_failed(CTL_STAGE_LAUNCH, ret, "launch description");
	ret = become_process();
	if (ret)
		init_failed(CTL_STAGE_MACHINE, ret, "memory");
	set_up_mounts(l);
	boot_mark(MARK_MOUNTS);
	set_names(l);
	set_sysctls(l);
	set_up_process(l);
	run_program(l);
	launch_free(l);
	boot_mark(MARK_EXEC);
	if (kthread_create(NULL, "control", control_thread, NULL))
		klog(KLOG_WARN, "init: no memory for the control thread");
	boot_mark(MARK_USER);
	task_user_loop(NULL);
}
