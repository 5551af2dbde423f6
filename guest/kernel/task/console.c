/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.c: process.terminal: the container's terminal, whose other side is
 * the user's, over stream CTL_STDIN, which carries both ways.
 *
 * Two kernel threads hold the master's side: one types what the host sends and
 * sets the size that CTL_WINSIZE says, the other sends what programs write.
 * Before init's exit is told, console_drain() waits until all of that is sent.
 */
#include "console.h"

#include "guest/kernel/fs/tty.h"
#include "kuni/klog.h"

#define CHUNK 4096

static struct {
	struct tty *tty; /* [I] NULL: standard streams are pipes */
	bool sending;    /* [tty.lock] bytes are on their way to the host */
	uint64_t size;   /* [a] a struct winsize_k to be set, 0: none */
} con;

_Static_assert(sizeof(struct winsize_k) == sizeof(uint64_t), "one word");

/* From the interrupt that receives. */
static void on_winsize(const struct ctl_winsize *w)
{
	union {
		struct winsize_k w;
		uint64_t word;
	} u = { .w = { w->rows, w->cols, w->xpixel, w->ypixel } };

	__atomic_store_n(&con.size, u.word, __ATOMIC_RELEASE);
	ctl_stream_poke(CTL_STDIN);
}

static bool size_waits(void)
{
	return __atomic_load_n(&con.size, __ATOMIC_ACQUIRE) != 0;
}

static void set_size(void)
{
	union {
		struct winsize_k w;
		uint64_t word;
	} u;

	u.word = __atomic_exchange_n(&con.size, 0, __ATOMIC_ACQ_REL);
	if (u.word)
		tty_set_winsize(con.tty, &u.w);
}

static void input_thread(void *buf)
{
	struct uio_vec v;
	struct uio u;
	ssize_t n;

	for (;;) {
		n = ctl_stream_read(CTL_STDIN, buf, CHUNK, size_waits);
		set_size();
		if (n <= 0 && n != -EINTR)
			break;
		if (n > 0) {
			uio_kernel(&u, &v, buf, (size_t)n);
			(void)pty_type(con.tty, &u, false);
		}
	}
	pty_hang_up(con.tty);
	kfree(buf);
}

/* Takes what waits; 0: nothing does. */
static ssize_t take(void *buf)
{
	struct uio_vec v;
	struct uio u;
	ssize_t n;

	uio_kernel(&u, &v, buf, CHUNK);
	mutex_lock(&con.tty->lock);
	n = pty_take(con.tty, &u);
	con.sending = n > 0;
	mutex_unlock(&con.tty->lock);
	wake_all(&con.tty->write_wait, EPOLLOUT);
	return n;
}

static bool output_waits(void)
{
	return ring_used(&con.tty->out) && !con.tty->stopped;
}

/* A user who reads no more loses what is written, as with a closed terminal. */
static void output_thread(void *buf)
{
	for (;;) {
		ssize_t n = take(buf);

		if (n > 0)
			(void)ctl_stream_write(CTL_STDIN, buf, (size_t)n);
		else
			(void)wait_event(&con.tty->master_wait, output_waits());
	}
}

static bool all_sent(void)
{
	bool yes;

	mutex_lock(&con.tty->lock);
	yes = !con.sending && !ring_used(&con.tty->out);
	mutex_unlock(&con.tty->lock);
	return yes;
}

void console_drain(void)
{
	struct tty *t = con.tty;

	if (!t)
		return;
	mutex_lock(&t->lock);
	t->stopped = false;
	mutex_unlock(&t->lock);
	wake_all(&t->master_wait, EPOLLIN);
	wait_event_hard(&t->write_wait, all_sent());
}

int console_open_stdio(const struct launch *l, struct file **out)
{
	struct winsize_k w = { l->options.rows, l->options.cols, 0, 0 };
	int ret = pty_console(l->user.uid, &con.tty, out);

	if (ret)
		return ret;
	con.tty->winsize = w;
	ctl_winsize_hook = on_winsize;
	return 0;
}

static int start(const char *name, void (*fn)(void *))
{
	void *buf = kmalloc(CHUNK);
	int ret = buf ? kthread_create(NULL, name, fn, buf) : -ENOMEM;

	if (ret)
		kfree(buf);
	return ret;
}

int console_start(void)
{
	int ret;

	if (!con.tty)
		return 0;
	ret = start("console-out", output_thread);
	return ret ? ret : start("console-in", input_thread);
}
