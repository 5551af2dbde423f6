/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tty.c: the line discipline, termios(3) and tty_ioctl(4).
 *
 * Canonical and raw input, echo, erase/kill/word-erase, the signal characters,
 * VMIN and VTIME, CR/NL translation, tab expansion, ^S/^Q, job control
 * (SIGTTIN, SIGTTOU).  An EOF character is kept in the buffer with its mark
 * bit set, so that a line may end without a newline.
 */
#include "tty.h"

#include <string.h>

#include "kuni/klog.h"
#include "kuni/task.h"

enum {
	ICRNL = 0400,
	INLCR = 0100,
	IGNCR = 0200,
	ISTRIP = 040,
	IXON = 02000,
	IXANY = 04000,
	IUTF8 = 040000
};
enum { OPOST = 1, ONLCR = 4, OCRNL = 010, ONLRET = 040, TABDLY = 014000 };
enum {
	ISIG = 1,
	ICANON = 2,
	ECHO = 010,
	ECHOE = 020,
	ECHOK = 040,
	ECHONL = 0100,
	NOFLSH = 0200,
	TOSTOP = 0400,
	ECHOCTL = 01000,
	ECHOKE = 04000,
	IEXTEN = 0100000
};
enum {
	VINTR,
	VQUIT,
	VERASE,
	VKILL,
	VEOF,
	VTIME,
	VMIN,
	VSWTC,
	VSTART,
	VSTOP,
	VSUSP,
	VEOL,
	VREPRINT,
	VDISCARD,
	VWERASE,
	VLNEXT,
	VEOL2
};
enum {
	TCGETS = 0x5401,
	TCSETS,
	TCSETSW,
	TCSETSF,
	TCSBRK = 0x5409,
	TCXONC,
	TCFLSH,
	TIOCSCTTY = 0x540e,
	TIOCGPGRP,
	TIOCSPGRP,
	TIOCOUTQ,
	TIOCGWINSZ = 0x5413,
	TIOCSWINSZ,
	FIONREAD_ = 0x541b,
	TIOCNOTTY = 0x5422,
	TIOCGSID = 0x5429
};

static const struct termios_k default_termios = {
	.iflag = ICRNL | IXON,
	.oflag = OPOST | ONLCR,
	.cflag = 0277, /* B38400 CS8 CREAD */
	.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE |
		 IEXTEN,
	.cc = { 3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0 },
};

/* ---- rings ---- */

uint32_t ring_used(const struct ring *r)
{
	return r->tail - r->head;
}

uint32_t ring_space(const struct ring *r)
{
	return r->size - ring_used(r);
}

void ring_put(struct ring *r, uint8_t c)
{
	r->buf[r->tail++ & (r->size - 1)] = c;
}

uint8_t ring_at(const struct ring *r, uint32_t at)
{
	return r->buf[at & (r->size - 1)];
}

/* ---- life ---- */

int tty_create(struct tty **out)
{
	struct tty *t = kmalloc(sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->in = (struct ring){ kmalloc(TTY_IN_SIZE), TTY_IN_SIZE, 0, 0 };
	t->out = (struct ring){ kmalloc(TTY_OUT_SIZE), TTY_OUT_SIZE, 0, 0 };
	if (!t->in.buf || !t->out.buf) {
		kfree(t->in.buf);
		kfree(t->out.buf);
		kfree(t);
		return -ENOMEM;
	}
	t->ref = 1;
	t->termios = default_termios;
	mutex_init(&t->lock, RANK_TTY);
	waitq_init(&t->read_wait);
	waitq_init(&t->write_wait);
	waitq_init(&t->master_wait);
	*out = t;
	return 0;
}

void tty_get(struct tty *t)
{
	__atomic_add_fetch(&t->ref, 1, __ATOMIC_RELAXED);
}

void tty_put(struct tty *t)
{
	if (__atomic_sub_fetch(&t->ref, 1, __ATOMIC_ACQ_REL))
		return;
	kfree(t->in.buf);
	kfree(t->out.buf);
	kfree(t);
}

uint64_t tty_rdev(const struct tty *t)
{
	return MKDEV(136, t->index);
}

/* ---- output ---- */

static bool is_on(const struct tty *t, uint32_t lflag)
{
	return t->termios.lflag & lflag;
}

static void out_raw(struct tty *t, uint8_t c)
{
	if (ring_space(&t->out))
		ring_put(&t->out, c);
}

/* One byte through output processing; false: no room for what it becomes. */
static bool out_char(struct tty *t, uint8_t c)
{
	const uint32_t o = t->termios.oflag;

	if (ring_space(&t->out) < 8)
		return false;
	if (!(o & OPOST)) {
		out_raw(t, c);
		return true;
	}
	if (c == '\n') {
		if (o & ONLCR)
			out_raw(t, '\r');
		if (o & (ONLCR | ONLRET))
			t->column = 0;
		out_raw(t, '\n');
	} else if (c == '\r') {
		out_raw(t, o & OCRNL ? '\n' : '\r');
		t->column = 0;
	} else if (c == '\t' && (o & TABDLY) == TABDLY) {
		do
			out_raw(t, ' ');
		while (++t->column & 7);
	} else {
		out_raw(t, c);
		if (c == '\b' && t->column)
			t->column--;
		else if (c == '\t')
			t->column = (t->column | 7) + 1;
		else if (c >= ' ' && (c & 0xc0) != 0x80)
			t->column++;
	}
	return true;
}

static void echo(struct tty *t, uint8_t c)
{
	if (!is_on(t, ECHO) && !(c == '\n' && is_on(t, ECHONL)))
		return;
	if (is_on(t, ECHOCTL) && (c < ' ' || c == 127) && c != '\n' &&
	    c != '\t') {
		(void)out_char(t, '^');
		(void)out_char(t, c ^ 0100);
		return;
	}
	(void)out_char(t, c);
}

static void echo_erase(struct tty *t, uint8_t c)
{
	unsigned width = (c < ' ' || c == 127) && is_on(t, ECHOCTL) ? 2 : 1;

	if (!is_on(t, ECHO))
		return;
	if (!is_on(t, ECHOE)) {
		echo(t, t->termios.cc[VERASE]);
		return;
	}
	while (width--) {
		(void)out_char(t, '\b');
		(void)out_char(t, ' ');
		(void)out_char(t, '\b');
	}
}

/* ---- input ---- */

static bool mark_test(const struct tty *t, uint32_t at)
{
	at &= TTY_IN_SIZE - 1;
	return t->eof_mark[at / 8] >> (at % 8) & 1;
}

static void mark_set(struct tty *t, uint32_t at, bool on)
{
	at &= TTY_IN_SIZE - 1;
	if (on)
		t->eof_mark[at / 8] |= (uint8_t)(1U << (at % 8));
	else
		t->eof_mark[at / 8] &= (uint8_t) ~(1U << (at % 8));
}

static void in_put(struct tty *t, uint8_t c, bool eof)
{
	mark_set(t, t->in.tail, eof);
	ring_put(&t->in, c);
}

static void flush_input(struct tty *t)
{
	t->in.head = t->in.tail;
	t->canon_end = t->in.tail;
	t->lines = 0;
}

static void erase_one(struct tty *t)
{
	uint8_t c;

	do {
		c = ring_at(&t->in, --t->in.tail);
	} while ((t->termios.iflag & IUTF8) && (c & 0xc0) == 0x80 &&
		 t->in.tail != t->canon_end);
	echo_erase(t, c);
}

static void erase_word(struct tty *t)
{
	while (t->in.tail != t->canon_end &&
	       ring_at(&t->in, t->in.tail - 1) == ' ')
		erase_one(t);
	while (t->in.tail != t->canon_end &&
	       ring_at(&t->in, t->in.tail - 1) != ' ')
		erase_one(t);
}

void tty_signal(struct tty *t, int signo)
{
	int pgid;

	spin_lock(&tasklist_lock);
	pgid = t->pgid;
	spin_unlock(&tasklist_lock);
	if (pgid > 0)
		(void)signal_send_pgrp(pgid, signo, NULL);
}

/* A signal character: whether c was one. */
static bool input_signal(struct tty *t, uint8_t c)
{
	static const struct {
		uint8_t cc, signo;
	} table[] = { { VINTR, SIGINT },
		      { VQUIT, SIGQUIT },
		      { VSUSP, SIGTSTP } };

	if (!is_on(t, ISIG))
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		if (!c || c != t->termios.cc[table[i].cc])
			continue;
		if (!is_on(t, NOFLSH)) {
			flush_input(t);
			t->out.head = t->out.tail;
		}
		echo(t, c);
		tty_signal(t, table[i].signo);
		return true;
	}
	return false;
}

/* ^S and ^Q: whether c was one of them. */
static bool input_flow(struct tty *t, uint8_t c)
{
	if (!(t->termios.iflag & IXON))
		return false;
	if (c == t->termios.cc[VSTOP] && c) {
		t->stopped = true;
		return true;
	}
	if (c == t->termios.cc[VSTART] && c) {
		t->stopped = false;
		wake_all(&t->master_wait, EPOLLIN);
		return true;
	}
	if (t->termios.iflag & IXANY)
		t->stopped = false;
	return false;
}

/* Editing in canonical mode: whether c was used up. */
static bool input_edit(struct tty *t, uint8_t c)
{
	const uint8_t *cc = t->termios.cc;

	if (!c)
		return false;
	if (c == cc[VERASE]) {
		if (t->in.tail != t->canon_end)
			erase_one(t);
		return true;
	}
	if (c == cc[VKILL]) {
		while (t->in.tail != t->canon_end)
			erase_one(t);
		return true;
	}
	if (c == cc[VWERASE] && is_on(t, IEXTEN)) {
		erase_word(t);
		return true;
	}
	return false;
}

static void input_canonical(struct tty *t, uint8_t c)
{
	const uint8_t *cc = t->termios.cc;
	bool eof = c && c == cc[VEOF];
	bool end = eof || c == '\n' || (c && (c == cc[VEOL] || c == cc[VEOL2]));

	if (input_edit(t, c))
		return;
	/* One byte is kept for the end of the line. */
	if (ring_space(&t->in) < (end ? 1 : 2))
		return;
	in_put(t, c, eof);
	if (!eof)
		echo(t, c);
	if (end) {
		t->canon_end = t->in.tail;
		t->lines++;
	}
}

static void input_char(struct tty *t, uint8_t c)
{
	const uint32_t i = t->termios.iflag;

	if (i & ISTRIP)
		c &= 0x7f;
	if (input_flow(t, c) || input_signal(t, c))
		return;
	if (c == '\r') {
		if (i & IGNCR)
			return;
		if (i & ICRNL)
			c = '\n';
	} else if (c == '\n' && (i & INLCR)) {
		c = '\r';
	}
	if (is_on(t, ICANON)) {
		input_canonical(t, c);
		return;
	}
	if (ring_space(&t->in)) {
		in_put(t, c, false);
		echo(t, c);
	}
}

size_t tty_input(struct tty *t, const uint8_t *s, size_t n)
{
	size_t done = 0;

	ensure(mutex_is_mine(&t->lock));
	/* In canonical mode a full line still takes (and drops) bytes, so that
	 * an erase or a newline gets through. */
	while (done < n && (is_on(t, ICANON) || ring_space(&t->in)))
		input_char(t, s[done++]);
	if (done) {
		wake_all(&t->read_wait, EPOLLIN);
		wake_all(&t->master_wait, EPOLLIN);
	}
	return done;
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
static int job_control(struct tty *t, int signo)
{
	if (!is_background(t))
		return 0;
	if (signal_blocked_or_ignored(signo))
		return signo == SIGTTIN ? -EIO : 0;
	(void)signal_send_pgrp(current->proc->pgid, signo, NULL);
	return -ERESTARTSYS;
}

/* ---- read and write ---- */

static bool readable(const struct tty *t)
{
	if (is_on(t, ICANON))
		return t->lines > 0;
	return ring_used(&t->in) > 0;
}

/* One line or less into u. */
static ssize_t read_canonical(struct tty *t, struct uio *u)
{
	ssize_t total = 0;

	while (t->in.head != t->canon_end && u->left) {
		bool eof = mark_test(t, t->in.head);
		uint8_t c = ring_at(&t->in, t->in.head);
		ssize_t n;

		if (!eof) {
			n = uio_put(u, &c, 1);
			if (n < 1)
				return total ? total : -EFAULT;
			total++;
		}
		t->in.head++;
		if (eof || c == '\n' ||
		    (c &&
		     (c == t->termios.cc[VEOL] || c == t->termios.cc[VEOL2]))) {
			t->lines--;
			break;
		}
	}
	/* The rest of an EOF-ended line that was read up to its mark. */
	if (total && t->in.head != t->canon_end && mark_test(t, t->in.head) &&
	    !u->left && t->lines) {
		t->in.head++;
		t->lines--;
	}
	return total;
}

static ssize_t read_raw(struct tty *t, struct uio *u)
{
	ssize_t total = 0;

	while (t->in.head != t->in.tail && u->left) {
		uint32_t at = t->in.head & (t->in.size - 1);
		uint32_t run = min(ring_used(&t->in), t->in.size - at);
		ssize_t n =
			uio_put(u, t->in.buf + at, min((size_t)run, u->left));

		if (n <= 0)
			return total ? total : n;
		t->in.head += (uint32_t)n;
		total += n;
	}
	t->canon_end = t->in.head;
	return total;
}

static int wait_readable(struct tty *t, uint64_t deadline)
{
	int r;

	mutex_unlock(&t->lock);
	r = wait_event_until(&t->read_wait, readable(t) || t->hung_up,
			     deadline);
	mutex_lock(&t->lock);
	return r;
}

/* Raw mode with VMIN and VTIME (termios(3), cases A to D). */
static ssize_t read_timed(struct tty *t, struct file *f, struct uio *u)
{
	const uint64_t tenths = t->termios.cc[VTIME];
	size_t want = t->termios.cc[VMIN];
	ssize_t total = 0;

	for (;;) {
		uint64_t deadline = DEADLINE_NEVER;
		ssize_t n = read_raw(t, u);
		int r;

		if (n < 0)
			return total ? total : n;
		total += n;
		if (!u->left || (total && (size_t)total >= want) ||
		    (!want && !tenths) || t->hung_up)
			return total;
		if (f->flags & O_NONBLOCK)
			return total ? total : -EAGAIN;
		if (tenths && (total || !want))
			deadline =
				arch_clock_ns() + tenths * (NSEC_PER_SEC / 10);
		r = wait_readable(t, deadline);
		if (r == -ETIMEDOUT)
			return total;
		if (r < 0)
			return total ? total : r;
		if (!want)
			want = 1;
	}
}

ssize_t tty_read(struct tty *t, struct file *f, struct uio *u)
{
	ssize_t n = job_control(t, SIGTTIN);

	if (n < 0)
		return n;
	mutex_lock(&t->lock);
	if (!is_on(t, ICANON)) {
		n = read_timed(t, f, u);
		goto out;
	}
	while (!readable(t) && !t->hung_up) {
		n = f->flags & O_NONBLOCK ? -EAGAIN
					  : wait_readable(t, DEADLINE_NEVER);
		if (n < 0)
			goto out;
		if (!is_on(t, ICANON)) {
			n = read_timed(t, f, u);
			goto out;
		}
	}
	n = read_canonical(t, u);
out:
	mutex_unlock(&t->lock);
	if (n > 0)
		wake_all(&t->master_wait, EPOLLOUT);
	return n;
}

static int wait_writable(struct tty *t)
{
	int r;

	mutex_unlock(&t->lock);
	r = wait_event(&t->write_wait, ring_space(&t->out) >= 8 || t->hung_up);
	mutex_lock(&t->lock);
	return r;
}

/* Up to one chunk; what was put out, or errno. */
static ssize_t write_chunk(struct tty *t, struct file *f, const uint8_t *s,
			   size_t n)
{
	size_t done = 0;
	int r = 0;

	mutex_lock(&t->lock);
	while (done < n && r == 0) {
		if (t->hung_up)
			r = -EIO;
		else if (out_char(t, s[done]))
			done++;
		else if (f->flags & O_NONBLOCK)
			r = -EAGAIN;
		else {
			wake_all(&t->master_wait, EPOLLIN);
			r = wait_writable(t);
		}
	}
	mutex_unlock(&t->lock);
	if (done)
		wake_all(&t->master_wait, EPOLLIN);
	return done ? (ssize_t)done : r;
}

ssize_t tty_write(struct tty *t, struct file *f, struct uio *u)
{
	uint8_t chunk[256];
	ssize_t total = 0;

	if (is_on(t, TOSTOP)) {
		int r = job_control(t, SIGTTOU);

		if (r < 0)
			return r;
	}
	while (u->left) {
		ssize_t n = uio_get(u, chunk, min(sizeof(chunk), u->left));
		ssize_t w;

		if (n <= 0)
			return total ? total : n;
		w = write_chunk(t, f, chunk, (size_t)n);
		if (w < 0)
			return total ? total : w;
		total += w;
		if (w < n)
			break;
	}
	return total;
}

unsigned tty_poll(struct tty *t, struct poll_table *pt)
{
	unsigned e = 0;

	poll_wait(pt, &t->read_wait);
	poll_wait(pt, &t->write_wait);
	mutex_lock(&t->lock);
	if (readable(t) || t->hung_up)
		e |= EPOLLIN | EPOLLRDNORM;
	if (ring_space(&t->out) >= 8 && !t->hung_up)
		e |= EPOLLOUT | EPOLLWRNORM;
	if (t->hung_up)
		e |= EPOLLHUP | EPOLLERR;
	mutex_unlock(&t->lock);
	return e;
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

static long set_termios(struct tty *t, unsigned cmd, uaddr_t arg)
{
	struct termios_k k;
	long r = job_control(t, SIGTTOU);

	if (r < 0)
		return r;
	if (copy_from_user(&k, arg, sizeof(k)))
		return -EFAULT;
	mutex_lock(&t->lock);
	if (cmd == TCSETSF)
		flush_input(t);
	/* What was typed in raw mode becomes one line, as in Linux. */
	if ((k.lflag & ICANON) && !is_on(t, ICANON)) {
		t->canon_end = t->in.tail;
		t->lines = ring_used(&t->in) > 0;
		if (t->lines)
			mark_set(t, t->in.tail - 1, false);
	}
	t->termios = k;
	mutex_unlock(&t->lock);
	wake_all(&t->read_wait, EPOLLIN);
	return 0;
}

static long set_winsize(struct tty *t, uaddr_t arg)
{
	struct winsize_k w;
	bool changed;

	if (copy_from_user(&w, arg, sizeof(w)))
		return -EFAULT;
	mutex_lock(&t->lock);
	changed = memcmp(&w, &t->winsize, sizeof(w)) != 0;
	t->winsize = w;
	mutex_unlock(&t->lock);
	if (changed)
		tty_signal(t, SIGWINCH);
	return 0;
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

static long set_pgrp(struct tty *t, uaddr_t arg)
{
	long r = job_control(t, SIGTTOU);
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

static long get_ids(struct tty *t, unsigned cmd, uaddr_t arg, bool master)
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

static long flush(struct tty *t, int what)
{
	if (what < 0 || what > 2)
		return -EINVAL;
	mutex_lock(&t->lock);
	if (what != 1)
		flush_input(t);
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

static long session_ioctl(struct tty *t, unsigned cmd, uaddr_t arg)
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

static long queue_size(struct tty *t, unsigned cmd, uaddr_t arg)
{
	int n;

	mutex_lock(&t->lock);
	if (cmd == TIOCOUTQ)
		n = (int)ring_used(&t->out);
	else if (is_on(t, ICANON))
		n = (int)(t->canon_end - t->in.head);
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
		return get_ids(t, cmd, arg, master);
	case TIOCSPGRP:
		return set_pgrp(t, arg);
	case TIOCSCTTY:
	case TIOCNOTTY:
		return session_ioctl(t, cmd, arg);
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
