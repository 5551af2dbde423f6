/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waitpid.c: wait4, waitid: what children have to report, and reaping them.
 */
#include "ptrace.h"

#include <string.h>

struct wait_args {
	int idtype, id, options;
	struct lx_siginfo_wait *out;
	struct lx_rusage *ru;
};

static bool matches(const struct wait_args *w, const struct process *p)
{
	bool clone = p->exit_signal != SIGCHLD;

	if (!(w->options & __WALL) && clone != !!(w->options & (int)__WCLONE))
		return false;
	switch (w->idtype) {
	case P_PID:
		return p->pid == w->id;
	case P_PGID:
		return p->pgid == w->id;
	default:
		return true;
	}
}

static struct lx_timeval timeval_of(uint64_t ns)
{
	return (struct lx_timeval){ (int64_t)(ns / NSEC_PER_SEC),
				    (int64_t)(ns % NSEC_PER_SEC / 1000) };
}

static void fill_rusage(const struct process *p, struct lx_rusage *ru)
{
	memset(ru, 0, sizeof(*ru));
	ru->utime = timeval_of(p->utime + p->cutime);
	ru->stime = timeval_of(p->stime + p->cstime);
	ru->maxrss = (int64_t)max(p->maxrss, p->cmaxrss);
	ru->minflt = (int64_t)(p->minflt + p->cminflt);
	ru->majflt = (int64_t)(p->majflt + p->cmajflt);
	ru->nvcsw = (int64_t)(p->nvcsw + p->cnvcsw);
	ru->nivcsw = (int64_t)(p->nivcsw + p->cnivcsw);
}

static void fill(const struct wait_args *w, struct process *p, int code,
		 int status, uint32_t wstatus)
{
	uint32_t suid;

	process_uids(p, &w->out->uid, &suid);
	w->out->pid = p->pid;
	w->out->code = code;
	w->out->status = status;
	w->out->wstatus = wstatus;
	if (w->ru)
		fill_rusage(p, w->ru);
}

/* What child p has to report to this wait: its pid, or 0. tasklist_lock. */
static int report(const struct wait_args *w, struct process *p)
{
	int pid = p->pid;
	uint32_t st = p->exit_status;

	if (p->zombie && p->leader && ptraced(p->leader))
		return 0; /* its tracer first */
	if (p->zombie) {
		bool sig = st & 0x7f;

		if (!(w->options & WEXITED))
			return 0;
		fill(w, p, sig ? CLD_KILLED : CLD_EXITED,
		     (int)(sig ? st & 0x7f : st >> 8 & 0xff), st);
		if (!(w->options & WNOWAIT))
			process_reap(p);
		return pid;
	}
	if (p->leader && ptraced(p->leader) &&
	    p->leader->pt->tracer->proc == current->proc)
		return 0; /* its stops are told as a tracee's */
	if (p->stopped && !p->stop_reported && w->options & WSTOPPED) {
		fill(w, p, CLD_STOPPED, p->stop_signal,
		     (uint32_t)p->stop_signal << 8 | 0x7f);
		if (!(w->options & WNOWAIT))
			p->stop_reported = true;
		return pid;
	}
	if (p->continued && w->options & WCONTINUED) {
		fill(w, p, CLD_CONTINUED, SIGCONT, 0xffff);
		if (!(w->options & WNOWAIT))
			p->continued = false;
		return pid;
	}
	return 0;
}

static bool matches_tracee(const struct wait_args *w, const struct task *t)
{
	switch (w->idtype) {
	case P_PID:
		return t->tid == w->id;
	case P_PGID:
		return t->proc->pgid == w->id;
	default:
		return true;
	}
}

static int report_end(const struct wait_args *w, struct task *t)
{
	uint32_t st = (uint32_t)t->pt->code;
	int tid = t->tid;
	bool sig = st & 0x7f;

	if (!(w->options & WEXITED))
		return 0;
	fill(w, t->proc, sig ? CLD_KILLED : CLD_EXITED,
	     (int)(sig ? st & 0x7f : st >> 8 & 0xff), st);
	w->out->pid = tid;
	if (!(w->options & WNOWAIT))
		ptrace_release(t);
	return tid;
}

/* What tracee t has to report: its tid, or 0. */
static int report_tracee(const struct wait_args *w, struct task *t)
{
	struct ptrace *pt = t->pt;
	bool yes;
	int code;

	if (pt->dead)
		return report_end(w, t);
	spin_lock(&t->proc->siglock);
	yes = pt->stopped && !pt->reported && !pt->listening;
	code = pt->code;
	if (yes && !(w->options & WNOWAIT))
		pt->reported = true;
	spin_unlock(&t->proc->siglock);
	if (!yes)
		return 0;
	fill(w, t->proc, CLD_TRAPPED, code, (uint32_t)code << 8 | 0x7f);
	w->out->pid = t->tid;
	return t->tid;
}

static int scan_tracees(const struct wait_args *w, int ret)
{
	struct ptrace *pt;

	LIST_FOREACH(pt, &current->proc->traced, link)
	{
		int tid;

		if (!matches_tracee(w, pt->task))
			continue;
		tid = report_tracee(w, pt->task);
		if (tid)
			return tid;
		ret = 0;
	}
	return ret;
}

/* A pid, 0: some match but have nothing to say, -ECHILD. */
static int scan(const struct wait_args *w)
{
	struct process *me = current->proc, *p, *next;
	int ret = -ECHILD;

	spin_lock(&tasklist_lock);
	for (p = LIST_FIRST(&me->children); p; p = next) {
		next = LIST_NEXT(p, sibling);
		if (!matches(w, p))
			continue;
		ret = report(w, p);
		if (ret)
			break;
	}
	if (ret <= 0)
		ret = scan_tracees(w, ret);
	spin_unlock(&tasklist_lock);
	return ret;
}

/* options: W* of waitid(2); wait4 adds WEXITED. */
long task_wait(int idtype, int id, int options, struct lx_siginfo_wait *out,
	       struct lx_rusage *ru)
{
	struct wait_args w = { idtype, id, options, out, ru };
	int pid = 0, ret;

	if (idtype == P_PGID && id == 0)
		w.id = current->proc->pgid;
	ret = wait_event(&current->proc->child_wait,
			 (pid = scan(&w)) != 0 || options & WNOHANG);
	return ret ? ret : pid;
}
