/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tty_session.c: terminals and process groups: the controlling terminal, the
 * foreground group, and what a background process may do.
 */
#include "kuni/task.h"
#include "tty_termios.h"

void tty_signal(struct tty *t, int signo)
{
	int pgid;

	spin_lock(&tasklist_lock);
	pgid = t->pgid;
	spin_unlock(&tasklist_lock);
	if (pgid > 0)
		(void)signal_send_pgrp(pgid, signo, NULL);
}

/* ---- job control ---- */

static bool is_background(const struct tty *t)
{
	const struct process *p = current->proc;
	bool b;

	spin_lock(&tasklist_lock);
	b = p->tty == t && t->pgid && p->pgid != t->pgid;
	spin_unlock(&tasklist_lock);
	return b;
}

static bool signal_blocked_or_ignored(int signo)
{
	struct process *p = current->proc;
	bool r;

	spin_lock(&p->siglock);
	r = (current->sig_mask & SIGMASK(signo)) ||
	    p->hand->action[signo - 1].handler == 1;
	spin_unlock(&p->siglock);
	return r;
}

/* Before touching t: 0, or what the call returns from the background. */
int tty_job_control(struct tty *t, int signo)
{
	if (!is_background(t))
		return 0;
	if (signal_blocked_or_ignored(signo))
		return signo == SIGTTIN ? -EIO : 0;
	(void)signal_send_pgrp(current->proc->pgid, signo, NULL);
	return -ERESTARTSYS;
}

/* ---- sessions ---- */

struct tty *tty_current(void)
{
	struct tty *t;

	spin_lock(&tasklist_lock);
	t = current->proc->tty;
	if (t)
		tty_get(t);
	spin_unlock(&tasklist_lock);
	return t;
}

int tty_nr(const struct process *p)
{
	int nr;

	spin_lock(&tasklist_lock);
	nr = p->tty ? (int)tty_rdev(p->tty) : 0;
	spin_unlock(&tasklist_lock);
	return nr;
}

int tty_foreground(const struct process *p)
{
	int pgid;

	spin_lock(&tasklist_lock);
	pgid = p->tty ? p->tty->pgid : -1;
	spin_unlock(&tasklist_lock);
	return pgid;
}

/* tasklist_lock held. */
static int control_locked(struct tty *t, bool steal)
{
	struct process *p = current->proc;

	if (p->sid != p->pid)
		return -EPERM;
	if (p->tty)
		return p->tty == t ? 0 : -EPERM;
	if (t->sid && !steal)
		return -EPERM;
	if (t->sid) {
		struct process *q;

		LIST_FOREACH(q, &all_processes, all_link)
		{
			if (q->tty == t) {
				q->tty = NULL;
				tty_put(t);
			}
		}
	}
	tty_get(t);
	p->tty = t;
	t->sid = p->sid;
	t->pgid = p->pgid;
	return 0;
}

void tty_maybe_control(struct tty *t, const struct file *f)
{
	if (f->flags & O_NOCTTY)
		return;
	spin_lock(&tasklist_lock);
	if (!t->sid)
		(void)control_locked(t, false);
	spin_unlock(&tasklist_lock);
}

void tty_disassociate(struct process *leader)
{
	struct process *p;
	struct tty *t;
	int pgid = 0;

	spin_lock(&tasklist_lock);
	t = leader->tty;
	if (t && leader->sid == leader->pid && t->sid == leader->sid) {
		pgid = t->pgid;
		LIST_FOREACH(p, &all_processes, all_link)
		{
			if (p->tty == t && p != leader) {
				p->tty = NULL;
				tty_put(t);
			}
		}
		t->sid = t->pgid = 0;
	}
	leader->tty = NULL;
	spin_unlock(&tasklist_lock);
	if (pgid) {
		(void)signal_send_pgrp(pgid, SIGHUP, NULL);
		(void)signal_send_pgrp(pgid, SIGCONT, NULL);
	}
	if (t)
		tty_put(t);
}

/* ---- ioctl ---- */

static long put_int(uaddr_t arg, int v)
{
	return copy_to_user(arg, &v, sizeof(v));
}

/* The session of process group pgid, 0: there is none. */
static int session_of_pgrp(int pgid)
{
	struct process *p;
	int sid = 0;

	LIST_FOREACH(p, &all_processes, all_link)
	{
		if (p->pgid == pgid)
			sid = p->sid;
	}
	return sid;
}

long tty_set_pgrp(struct tty *t, uaddr_t arg)
{
	long r = tty_job_control(t, SIGTTOU);
	int pgid, sid;

	if (r < 0)
		return r;
	if (copy_from_user(&pgid, arg, sizeof(pgid)))
		return -EFAULT;
	if (pgid < 0)
		return -EINVAL;
	spin_lock(&tasklist_lock);
	sid = session_of_pgrp(pgid);
	if (current->proc->tty != t || t->sid != current->proc->sid)
		r = -ENOTTY;
	else if (!sid)
		r = -ESRCH;
	else if (sid != t->sid)
		r = -EPERM;
	else
		t->pgid = pgid;
	spin_unlock(&tasklist_lock);
	return r;
}

long tty_get_ids(struct tty *t, unsigned cmd, uaddr_t arg, bool master)
{
	int v;

	spin_lock(&tasklist_lock);
	v = cmd == TIOCGPGRP ? t->pgid : t->sid;
	if (!master && current->proc->tty != t)
		v = -ENOTTY;
	else if (cmd == TIOCGSID && !v)
		v = -ENOTTY;
	spin_unlock(&tasklist_lock);
	return v < 0 ? v : put_int(arg, v);
}

long tty_session_ioctl(struct tty *t, unsigned cmd, uaddr_t arg)
{
	long r;

	if (cmd == TIOCNOTTY) {
		if (current->proc->tty != t)
			return -ENOTTY;
		tty_disassociate(current->proc);
		return 0;
	}
	spin_lock(&tasklist_lock);
	r = control_locked(t, arg.v == 1 && capable(CAP_SYS_ADMIN));
	spin_unlock(&tasklist_lock);
	return r;
}
