/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs_status.c: what a process does and may: stat, status, statm, comm,
 * limits, cgroup, oom_score_adj of /proc/PID.
 */
#include <string.h>

#include "kuni/task.h"
#include "procfs.h"

#define TICK_NS 10000000UL

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

int proc_stat_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct task *t = procfs_task(k);
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
		      t->seccomp_mode);
}

int proc_status_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct task *t = procfs_task(k);
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
	pseudo_printf(b, "PPid:\t%d\nTracerPid:\t%d\n", parent_pid(t->proc),
		      task_tracer(t));
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

int proc_statm_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct task *t = procfs_task(k);
	struct sizes s;

	if (!t)
		return -ESRCH;
	measure(t, &s);
	task_put(t);
	pseudo_printf(b, "%lu %lu 0 %lu 0 %lu 0\n", s.total, s.rss, s.text,
		      s.data + s.stack);
	return 0;
}

int proc_comm_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct task *t = procfs_task(k);

	if (!t)
		return -ESRCH;
	pseudo_printf(b, "%s\n", t->comm);
	task_put(t);
	return 0;
}

int proc_comm_store(const struct pseudo_key *k, const char *s, size_t n)
{
	struct task *t = procfs_task(k);

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

static const struct {
	const char *name, *unit;
} limit_names[16] = {
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

int proc_limits_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	pseudo_printf(b, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
		      "Hard Limit", "Units");
	for (unsigned i = 0; i < ARRAY_SIZE(limit_names); i++) {
		pseudo_printf(b, "%-25s ", limit_names[i].name);
		limit_value(b, k->proc->rlim[i].cur);
		limit_value(b, k->proc->rlim[i].max);
		pseudo_printf(b, "%-10s\n", limit_names[i].unit);
	}
	return 0;
}

int proc_cgroup_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	pseudo_printf(b, "0::/\n");
	return 0;
}

int proc_oom_adj_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	pseudo_printf(b, "%d\n", k->proc->oom_score_adj);
	return 0;
}

int proc_oom_adj_store(const struct pseudo_key *k, const char *s, size_t n)
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
