/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tty_ioctl.c: tty_ioctl(4).
 */
#include <string.h>

#include "kuni/task.h"
#include "tty_termios.h"

static long put_int(uaddr_t arg, int v)
{
	return copy_to_user(arg, &v, sizeof(v));
}

static long set_termios(struct tty *t, unsigned cmd, uaddr_t arg)
{
	struct termios_k k;
	long r = tty_job_control(t, SIGTTOU);

	if (r < 0)
		return r;
	if (copy_from_user(&k, arg, sizeof(k)))
		return -EFAULT;
	mutex_lock(&t->lock);
	if (cmd == TCSETSF)
		tty_flush_input(t);
	/* What was typed in the other mode becomes one line, as in Linux. */
	if ((k.lflag & ICANON) != (t->termios.lflag & ICANON)) {
		memset(t->line_end, 0, sizeof(t->line_end));
		t->canon_end = k.lflag & ICANON ? t->in.tail : t->in.head;
		if (t->canon_end != t->in.head)
			tty_set_line_end(t, t->canon_end - 1, true);
	}
	t->termios = k;
	mutex_unlock(&t->lock);
	wake_all(&t->read_wait, EPOLLIN);
	return 0;
}

/* A change is told to the foreground group. */
void tty_set_winsize(struct tty *t, const struct winsize_k *w)
{
	bool changed;

	mutex_lock(&t->lock);
	changed = memcmp(w, &t->winsize, sizeof(*w)) != 0;
	t->winsize = *w;
	mutex_unlock(&t->lock);
	if (changed)
		tty_signal(t, SIGWINCH);
}

static long set_winsize(struct tty *t, uaddr_t arg)
{
	struct winsize_k w;

	if (copy_from_user(&w, arg, sizeof(w)))
		return -EFAULT;
	tty_set_winsize(t, &w);
	return 0;
}

static long flush(struct tty *t, int what)
{
	if (what < 0 || what > 2)
		return -EINVAL;
	mutex_lock(&t->lock);
	if (what != 1)
		tty_flush_input(t);
	if (what != 0)
		t->out.head = t->out.tail;
	mutex_unlock(&t->lock);
	wake_all(&t->write_wait, EPOLLOUT);
	return 0;
}

static long flow(struct tty *t, int what)
{
	if (what != 0 && what != 1)
		return -EINVAL; /* TCIOFF, TCION: sending ^S is not there */
	mutex_lock(&t->lock);
	t->stopped = what == 0;
	mutex_unlock(&t->lock);
	wake_all(&t->master_wait, EPOLLIN);
	return 0;
}

/* Of whole lines, without the NULs that stand for an EOF. */
static int canonical_size(const struct tty *t)
{
	int n = 0;

	for (uint32_t i = t->in.head; i != t->canon_end; i++)
		n += ring_at(&t->in, i) || !tty_ends_line(t, i);
	return n;
}

static long queue_size(struct tty *t, unsigned cmd, uaddr_t arg)
{
	int n;

	mutex_lock(&t->lock);
	if (cmd == TIOCOUTQ)
		n = (int)ring_used(&t->out);
	else if (tty_is_on(t, ICANON))
		n = canonical_size(t);
	else
		n = (int)ring_used(&t->in);
	mutex_unlock(&t->lock);
	return put_int(arg, n);
}

long tty_ioctl(struct tty *t, struct file *f, unsigned cmd, uaddr_t arg,
	       bool master)
{
	(void)f;
	switch (cmd) {
	case TCGETS:
		return copy_to_user(arg, &t->termios, sizeof(t->termios));
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return set_termios(t, cmd, arg);
	case TIOCGWINSZ:
		return copy_to_user(arg, &t->winsize, sizeof(t->winsize));
	case TIOCSWINSZ:
		return set_winsize(t, arg);
	case TIOCGPGRP:
	case TIOCGSID:
		return tty_get_ids(t, cmd, arg, master);
	case TIOCSPGRP:
		return tty_set_pgrp(t, arg);
	case TIOCSCTTY:
	case TIOCNOTTY:
		return tty_session_ioctl(t, cmd, arg);
	case TCFLSH:
		return flush(t, (int)arg.v);
	case TCXONC:
		return flow(t, (int)arg.v);
	case TCSBRK:
		return arg.v ? 0
			     : -EINVAL; /* tcdrain: output is at the master */
	case TIOCOUTQ:
	case FIONREAD_:
		return queue_size(t, cmd, arg);
	default:
		return -ENOTTY;
	}
}
