/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigtake.c: signals for the files: which pend, taking one (signalfd), and
 * sending SIGIO to the owner of a file (fcntl(2), F_SETOWN).
 */
#include "internal.h"

struct waitq signal_wait; /* no rank: an epoll instance is woken inside it */

/* What pends at current, its own and its process's. */
uint64_t signal_pending_set(void)
{
	struct task *t = current;

	return __atomic_load_n(&t->pending.set, __ATOMIC_RELAXED) |
	       __atomic_load_n(&t->proc->pending.set, __ATOMIC_RELAXED);
}

/* Takes one of mask from current: its number or 0. */
int signal_take(uint64_t mask, struct siginfo_k *info)
{
	struct task *t = current;
	int signo;

	spin_lock(&t->proc->siglock);
	signo = signal_dequeue(t, mask & ~SIG_KERNEL_ONLY, info);
	signal_recalc(t);
	spin_unlock(&t->proc->siglock);
	return signo;
}

/* Whether the one who set the owner may signal p. */
static bool may_signal_io(const struct io_owner *o, struct process *p)
{
	uint32_t uid, suid;

	process_uids(p, &uid, &suid);
	return !o->euid || o->euid == suid || o->euid == uid ||
	       o->uid == suid || o->uid == uid;
}

static void send_group(const struct io_owner *o, int signo,
		       const struct siginfo_k *info)
{
	struct process *p;

	spin_lock(&tasklist_lock);
	LIST_FOREACH(p, &all_processes, all_link)
	{
		if (p->pgid == o->id && !p->zombie && may_signal_io(o, p))
			(void)signal_send_process(p, signo, info);
	}
	spin_unlock(&tasklist_lock);
}

void signal_send_io(const struct io_owner *o, int signo,
		    const struct siginfo_k *info)
{
	struct process *p;
	struct task *t;

	switch (o->type) {
	case F_OWNER_PGRP:
		send_group(o, signo, info);
		return;
	case F_OWNER_TID:
		t = task_find(o->id);
		if (t && t->proc && may_signal_io(o, t->proc))
			(void)signal_send_task(t, signo, info);
		if (t)
			task_put(t);
		return;
	default:
		p = process_find(o->id);
		if (p && may_signal_io(o, p))
			(void)signal_send_process(p, signo, info);
		if (p)
			process_put(p);
		return;
	}
}

/* Whether there is a thread, process or group of this number. */
bool signal_owner_exists(int type, int id)
{
	struct process *p;
	bool yes = false;

	spin_lock(&tasklist_lock);
	if (type == F_OWNER_TID)
		yes = pid_hash_find(id);
	else if (type == F_OWNER_PID)
		yes = process_lookup(id);
	else
		LIST_FOREACH(p, &all_processes, all_link)
	yes |= p->pgid == id;
	spin_unlock(&tasklist_lock);
	return yes;
}
