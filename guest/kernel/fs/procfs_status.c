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

/* User and system time of the key's process or thread, ns. */
static void times_of(const struct pseudo_key *k, uint64_t *ut, uint64_t *st)
{
	if (!k->task) {
		process_times(k->proc, ut, st);
		return;
	}
	task_times(k->task, ut, st);
	*ut -= min(*ut, *st);
}

struct faults {
	uint64_t min, maj;
};

static void faults_of(const struct pseudo_key *k, struct faults *f)
{
	struct task *t;

	*f = (struct faults){ 0 };
	spin_lock(&tasklist_lock);
	if (!k->task)
		*f = (struct faults){ k->proc->minflt, k->proc->majflt };
	TAILQ_FOREACH(t, &k->proc->threads, thread_link)
	{
		if (k->task && t != k->task)
			continue;
		f->min += t->minflt;
		f->maj += t->majflt;
	}
	spin_unlock(&tasklist_lock);
}

static void signal_sets(const struct process *p, uint64_t *ign,
			uint64_t *caught)
{
	*ign = *caught = 0;
	for (int i = 0; p->hand && i < NSIG; i++) {
		*ign |= (uint64_t)(p->hand->action[i].handler == 1) << i;
		*caught |= (uint64_t)(p->hand->action[i].handler > 1) << i;
	}
}

/* The addresses in stat, for who may see them. */
static void stat_layout(struct pseudo_buf *b, struct task *t, bool tail)
{
	struct mm *m = procfs_may_inspect(t) ? task_mm_get(t) : NULL;

	if (!m)
		pseudo_printf(b, tail ? "0 0 0 0 0 0 0 " : "1 1 0 ");
	else if (!tail)
		pseudo_printf(b, "%lu %lu %lu ", m->start_code, m->end_code,
			      m->stack_top);
	else
		pseudo_printf(b, "%lu %lu %lu %lu %lu %lu %lu ", m->start_data,
			      m->end_data, m->brk_start, m->arg_start,
			      m->arg_end, m->env_start, m->env_end);
	if (m)
		mm_put(m);
}

/* proc(5): 52 fields. */
int proc_stat_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct task *t = procfs_task(k);
	struct process *p = k->proc;
	uint64_t ut, st, ign, caught;
	struct faults f;
	struct sizes s;

	if (!t)
		return -ESRCH;
	measure(t, &s);
	times_of(k, &ut, &st);
	faults_of(k, &f);
	pseudo_printf(b, "%d (%s) %c %d %d %d %d %d 0 ",
		      k->task ? t->tid : p->pid, t->comm, state_letter(t),
		      parent_pid(p), p->pgid, p->sid, tty_nr(p),
		      tty_foreground(p));
	pseudo_printf(b, "%lu %lu %lu %lu ", f.min, p->cminflt, f.maj,
		      p->cmajflt);
	pseudo_printf(b, "%lu %lu %lu %lu ", ut / TICK_NS, st / TICK_NS,
		      p->cutime / TICK_NS, p->cstime / TICK_NS);
	pseudo_printf(b, "%d %d %u 0 %lu %lu %lu %lu ",
		      t->rt_prio ? -1 - t->rt_prio : 20 + t->nice, t->nice,
		      p->nthreads, t->start_ns / TICK_NS, s.total * PAGE_SIZE,
		      s.rss, p->rlim[RLIMIT_RSS].cur);
	stat_layout(b, t, false);
	spin_lock(&p->siglock);
	signal_sets(p, &ign, &caught);
	spin_unlock(&p->siglock);
	pseudo_printf(b, "0 0 %lu %lu %lu %lu 0 0 0 %d %u %d %d 0 0 0 ",
		      (t->pending.set | p->pending.set) & 0x7fffffff,
		      t->sig_mask & 0x7fffffff, ign & 0x7fffffff,
		      caught & 0x7fffffff, k->task ? -1 : p->exit_signal,
		      t->cpu, t->rt_prio, t->policy);
	stat_layout(b, t, true);
	pseudo_printf(b, "%d\n", p->zombie ? (int)p->exit_status : 0);
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

static unsigned queued(const struct sigpending *p)
{
	const struct sigqueue *q;
	unsigned n = 0;

	TAILQ_FOREACH(q, &p->list, link)
	n++;
	return n;
}

static void status_signals(struct pseudo_buf *b, struct task *t)
{
	struct process *p = t->proc;
	uint64_t ign, caught;
	unsigned nq;

	spin_lock(&p->siglock);
	signal_sets(p, &ign, &caught);
	nq = queued(&t->pending) + queued(&p->pending);
	spin_unlock(&p->siglock);
	pseudo_printf(b, "SigQ:\t%u/%lu\n", nq, p->rlim[RLIMIT_SIGPENDING].cur);
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

/* VmLib is what is executable and not the program's own text. */
static void status_memory(struct pseudo_buf *b, struct task *t,
			  const struct sizes *s)
{
	const uint64_t kib = PAGE_SIZE / 1024;
	struct mm *m = task_mm_get(t);
	uint64_t exe;

	if (!m)
		return;
	exe = (page_up(m->end_code) - page_down(m->start_code)) / 1024;
	pseudo_printf(b, "VmSize:\t%8lu kB\nVmLck:\t%8lu kB\n", s->total * kib,
		      m->locked_pages * kib);
	pseudo_printf(b, "VmRSS:\t%8lu kB\n", s->rss * kib);
	pseudo_printf(b, "VmData:\t%8lu kB\nVmStk:\t%8lu kB\n", s->data * kib,
		      s->stack * kib);
	pseudo_printf(b, "VmExe:\t%8lu kB\nVmLib:\t%8lu kB\n", exe,
		      s->text * kib - min(s->text * kib, exe));
	pseudo_printf(b, "VmSwap:\t%8lu kB\n", 0UL);
	mm_put(m);
}

static void status_cpus(struct pseudo_buf *b, const struct task *t)
{
	uint64_t mask = t->affinity & (~0UL >> (64 - arch_ncpu));
	const char *sep = "";

	if (arch_ncpu > 32)
		pseudo_printf(b, "Cpus_allowed:\t%0*lx,%08lx\n",
			      (int)(arch_ncpu - 32 + 3) / 4, mask >> 32,
			      mask & 0xffffffff);
	else
		pseudo_printf(b, "Cpus_allowed:\t%0*lx\n",
			      (int)(arch_ncpu + 3) / 4, mask);
	pseudo_printf(b, "Cpus_allowed_list:\t");
	for (unsigned n = 0, end; n < arch_ncpu; n = end + 1) {
		for (end = n; end < arch_ncpu && mask >> end & 1;)
			end++;
		if (end == n)
			continue;
		pseudo_printf(b, end - n > 1 ? "%s%u-%u" : "%s%u", sep, n,
			      end - 1);
		sep = ",";
	}
	pseudo_printf(b, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
}

int proc_status_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct task *t = procfs_task(k);
	struct sizes s;
	char c;

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
	pseudo_printf(b, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n",
		      t->proc->pid, t->tid, t->proc->pgid, t->proc->sid);
	if (s.total)
		status_memory(b, t, &s);
	pseudo_printf(b, "Threads:\t%u\n", t->proc->nthreads);
	status_signals(b, t);
	status_cpus(b, t);
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

/* As mm/oom.c weighs it, of 1000 and 2000 at most. */
int proc_oom_score_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct task *t = procfs_task(k);
	struct mm_stats st;
	struct sizes s;
	int64_t n;

	if (!t)
		return -ESRCH;
	measure(t, &s);
	task_put(t);
	mm_stats(&st);
	n = (int64_t)(s.rss * 1000 / max(st.total, 1UL)) +
	    k->proc->oom_score_adj;
	pseudo_printf(b, "%ld\n", max(n, 0L));
	return 0;
}

/* Where a task sleeps is not said, as Linux without its symbols. */
int proc_wchan_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	pseudo_printf(b, "0");
	return 0;
}

int proc_personality_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct task *t = procfs_task(k);

	if (!t)
		return -ESRCH;
	if (procfs_may_inspect(t))
		pseudo_printf(b, "%08x\n", t->personality);
	task_put(t);
	return 0;
}

static void add_io(struct task_io *sum, const struct task_io *io)
{
	sum->rchar += io->rchar;
	sum->wchar += io->wchar;
	sum->syscr += io->syscr;
	sum->syscw += io->syscw;
	sum->read_bytes += io->read_bytes;
	sum->write_bytes += io->write_bytes;
}

int proc_io_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct task_io sum = { 0 };
	struct task *t = procfs_task(k);
	bool may = t && procfs_may_inspect(t);

	if (t)
		task_put(t);
	if (!may)
		return t ? -EACCES : -ESRCH;
	spin_lock(&tasklist_lock);
	if (!k->task)
		sum = k->proc->io;
	TAILQ_FOREACH(t, &k->proc->threads, thread_link)
	if (!k->task || t == k->task)
		add_io(&sum, &t->io);
	spin_unlock(&tasklist_lock);
	pseudo_printf(b, "rchar: %lu\nwchar: %lu\nsyscr: %lu\nsyscw: %lu\n",
		      sum.rchar, sum.wchar, sum.syscr, sum.syscw);
	pseudo_printf(b,
		      "read_bytes: %lu\nwrite_bytes: %lu\n"
		      "cancelled_write_bytes: 0\n",
		      sum.read_bytes, sum.write_bytes);
	return 0;
}
