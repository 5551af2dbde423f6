/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec.c: execve: from a file and its arguments to a program that runs.
 *
 * Everything that can fail happens on a new address space beside the old one
 * (exec_load.c); then come the point of no return, the end of the other
 * threads, and the change of address space, credentials and registers.
 */
#include "exec.h"

#include <string.h>

#include "guest/kernel/fs/tty.h"
#include "ptrace.h"
#include "kuni/klog.h"

#define SCRIPT_LINE  256
#define SCRIPT_DEPTH 5

/* ---- scripts ---- */

/* The line after "#!": interpreter and one optional argument, in place. */
static int script_parse(char *line, size_t n, char **interp, char **arg)
{
	char *p = line + 2, *end;

	end = memchr(line, '\n', n);
	if (!end) {
		/* A cut name is refused; a cut argument is as Linux has it. */
		end = line + n;
		if (!memchr(p + strspn(p, " \t"), ' ', (size_t)(end - p)) &&
		    n == SCRIPT_LINE - 1)
			return -ENOEXEC;
	}
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	p += strspn(p, " \t");
	if (!*p)
		return -ENOEXEC;
	*interp = p;
	p += strcspn(p, " \t");
	*arg = NULL;
	if (*p) {
		*p++ = '\0';
		p += strspn(p, " \t");
		*arg = p;
	}
	return 0;
}

static unsigned count(char *const *v)
{
	unsigned n = 0;

	while (v[n])
		n++;
	return n;
}

/* argv becomes: interpreter, its argument, the script's name, argv[1...]. */
static int script_args(struct exec *x, char *interp, char *arg)
{
	unsigned n = count(x->argv), i = 0;
	char **v = kmalloc((n + 4) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	v[i++] = interp;
	if (arg)
		v[i++] = arg;
	v[i++] = x->script_name;
	if (n > 1)
		memcpy(&v[i], &x->argv[1], (n - 1) * sizeof(*v));
	if (x->argv_owned)
		kfree(x->argv_owned);
	x->argv = x->argv_owned = v;
	return 0;
}

/* One level of "#!": x->f becomes the interpreter. */
static int script_enter(struct exec *x, size_t n)
{
	char *line, *interp, *arg;
	struct file *f;
	int ret;

	line = kmalloc(SCRIPT_LINE);
	if (!line)
		return -ENOMEM;
	x->lines[x->nlines++] = line;
	memcpy(line, x->head, min(n, (size_t)SCRIPT_LINE - 1));
	ret = script_parse(line, min(n, (size_t)SCRIPT_LINE - 1), &interp,
			   &arg);
	if (!ret)
		ret = script_args(x, interp, arg);
	if (!ret)
		ret = exec_open(AT_FDCWD, interp, 0, &f);
	if (!ret) {
		ret = file_deny_write(f);
		if (ret)
			file_put(f);
	}
	if (ret)
		return ret;
	file_allow_write(x->f);
	file_put(x->f);
	x->f = f;
	x->script_name = interp;
	return 0;
}

/* Until x->f is a binary whose head is in x->head. */
static int resolve_scripts(struct exec *x)
{
	for (;;) {
		ssize_t n =
			file_pread_kernel(x->f, x->head, sizeof(x->head), 0);
		int ret;

		if (n < 0)
			return (int)n;
		if (n < 2 || x->head[0] != '#' || x->head[1] != '!') {
			x->head_len = (size_t)n;
			return 0;
		}
		if (x->name_closes)
			return -ENOENT;
		if (x->nlines == SCRIPT_DEPTH)
			return -ELOOP;
		ret = script_enter(x, (size_t)n);
		if (ret)
			return ret;
	}
}

/* ---- the point of no return ---- */

static bool alone(struct process *p)
{
	return __atomic_load_n(&p->nthreads, __ATOMIC_ACQUIRE) == 1;
}

/* current becomes the leader, with the leader's number. */
static void become_leader(struct task *t)
{
	struct process *p = t->proc;
	struct task *old;

	spin_lock(&tasklist_lock);
	old = p->leader;
	if (old != t) {
		pid_hash_del(old);
		pid_hash_del(t);
		t->tid = p->pid;
		p->leader = t;
		pid_hash_add(t);
	}
	spin_unlock(&tasklist_lock);
	if (old != t)
		task_put(old);
}

/* Ends the other threads; -EAGAIN where somebody else ends us. */
static int dethread(struct task *t)
{
	struct process *p = t->proc;

	spin_lock(&p->siglock);
	if (p->group_exit || p->exec_task) {
		spin_unlock(&p->siglock);
		return -EAGAIN;
	}
	p->exec_task = t;
	signal_kill_threads(p, t);
	spin_unlock(&p->siglock);
	wait_event_hard(&p->thread_wait, alone(p) || p->group_exit);
	spin_lock(&p->siglock);
	p->exec_task = NULL;
	signal_recalc(t);
	spin_unlock(&p->siglock);
	if (!alone(p))
		return -EAGAIN;
	become_leader(t);
	return 0;
}

/* What clone shared with others than threads becomes our own. */
static int unshare(struct task *t)
{
	struct process *p = t->proc;
	struct fdtable *files, *old_files = t->files;
	struct sighand *hand, *old = p->hand;
	int ret;

	if (__atomic_load_n(&old->ref, __ATOMIC_ACQUIRE) > 1) {
		ret = sighand_fork(old, &hand);
		if (ret)
			return ret;
		spin_lock(&p->siglock);
		p->hand = hand;
		spin_unlock(&p->siglock);
		sighand_put(old);
	}
	if (__atomic_load_n(&old_files->ref, __ATOMIC_ACQUIRE) == 1)
		return 0;
	ret = fdtable_fork(old_files, &files);
	if (ret)
		return ret;
	spin_lock(&p->siglock);
	t->files = files;
	spin_unlock(&p->siglock);
	fdtable_put(old_files);
	return 0;
}

static void set_comm(struct task *t, const char *name)
{
	const char *slash = strrchr(name, '/');

	strlcpy(t->comm, slash ? slash + 1 : name, sizeof(t->comm));
}

static void leave_old_mm(struct task *t)
{
	uint32_t zero = 0;

	if (!t->mm)
		return;
	futex_exit(t, false);
	if (t->clear_tid.v && t->mm->users > 1 &&
	    !copy_to_user(t->clear_tid, &zero, sizeof(zero)))
		(void)futex_wake_addr(t->mm, t->clear_tid, true, 1);
}

static void take_cred(struct task *t, struct exec *x)
{
	struct cred *old = t->cred;
	bool changed = old->euid != x->cred->euid ||
		       old->egid != x->cred->egid ||
		       x->cred->cap_perm & ~old->cap_perm;

	t->proc->dumpable = !changed;
	if (changed)
		t->pdeath_signal = 0;
	task_set_cred(x->cred);
	x->cred = NULL;
}

static void commit(struct exec *x)
{
	struct task *t = current;
	struct process *p = t->proc;

	leave_old_mm(t);
	rseq_leave(t);
	t->clear_tid = UADDR(0);
	t->robust_list = UADDR(0);
	task_set_mm(x->mm);
	x->mm = NULL;
	vfork_release(t);
	fdtable_exec(t->files);
	posix_timers_exit(p);
	signal_exec(p);
	take_cred(t, x);
	set_comm(t, x->name);
	p->did_exec = true;
	t->cpu_event = p->cpu_watch |= cputimer_limited(p);
	t->restart_code = 0;
	t->restart_fn = NULL;
	arch_fpu_reset(&t->arch);
	t->arch.fs_base = t->arch.gs_base = 0;
	arch_set_tls(t, 0);
	arch_regs_exec(t->arch.regs, x->start, x->sp);
}

static void cleanup(struct exec *x)
{
	if (x->mm)
		mm_put(x->mm);
	if (x->cred)
		cred_put(x->cred);
	file_allow_write(x->f);
	file_put(x->f);
	kfree(x->argv_owned);
	while (x->nlines)
		kfree(x->lines[--x->nlines]);
	kfree(x);
}

/* A tracer that does not ask for the event gets a SIGTRAP, as ever. */
static void tell_tracer_of_exec(int old_tid)
{
	struct siginfo_k info;

	if (!ptraced(current) ||
	    ptrace_event(PTRACE_EVENT_EXEC, (uint64_t)old_tid) ||
	    current->pt->seized)
		return;
	siginfo_user(&info, SIGTRAP, SI_USER);
	(void)signal_send_task(current, SIGTRAP, &info);
}

/* Runs program f in current's place: see kuni/task.h. */
int task_exec(struct file *f, const struct exec_name *name, char *const *argv,
	      char *const *envp)
{
	struct exec *x = kmalloc(sizeof(*x));
	int ret, old;

	if (!x)
		return -ENOMEM;
	ret = file_deny_write(f);
	if (ret) {
		kfree(x);
		return ret;
	}
	file_get(f);
	x->f = f;
	x->name = name->s;
	x->script_name = (char *)(uintptr_t)name->s;
	x->name_closes = name->closes;
	x->argv = argv;
	x->envp = envp;
	ret = resolve_scripts(x);
	if (!ret)
		ret = cred_exec(x->f->inode, exec_nosuid(x->f), &x->cred);
	if (!ret)
		ret = exec_load(x);
	if (!ret)
		ret = dethread(current);
	if (ret) {
		cleanup(x);
		return ret;
	}
	ret = unshare(current);
	if (ret) {
		cleanup(x);
		task_exit_group(SIGKILL); /* the other threads are gone */
	}
	old = current->tid;
	commit(x);
	cleanup(x);
	tell_tracer_of_exec(old);
	return 0;
}

bool exec_nosuid(const struct file *f)
{
	return f->path.mnt && f->path.mnt->flags & MS_NOSUID;
}

/* Opens a program by name: it must be a regular file that current may
 * execute; reading needs no right of its own.  Where the descriptor itself is
 * meant, one without a place (a pipe) is not. */
int exec_open(int dirfd, const char *name, unsigned lookup, struct file **out)
{
	struct path p;
	struct inode *i;
	int ret = path_lookup(dirfd, name, lookup | LOOKUP_FOLLOW, &p, NULL);

	if (ret)
		return ret == -ENOTDIR && !*name ? -EACCES : ret;
	i = p.d->inode;
	if (!S_ISREG(i->mode) || (p.mnt && p.mnt->flags & MS_NOEXEC))
		ret = -EACCES;
	if (!ret)
		ret = inode_permission(i, MAY_EXEC);
	if (!ret)
		ret = file_open_path(&p, O_RDONLY | O_LARGEFILE, out);
	path_put(&p);
	return ret;
}

/* execve by name, for init. */
int exec_path(const char *name, char *const *argv, char *const *envp)
{
	struct file *f;
	int ret = exec_open(AT_FDCWD, name, 0, &f);

	if (ret)
		return ret;
	ret = task_exec(f, &(struct exec_name){ .s = name }, argv, envp);
	file_put(f);
	return ret;
}
