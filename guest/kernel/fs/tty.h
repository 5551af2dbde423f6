/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tty.h: terminals: the line discipline (tty_ldisc.c) and pseudo-terminals (pty.c).
 *
 * A struct tty is the terminal that programs see (the slave of a pty); what
 * they write collects in `out`, which the master reads, and what the master
 * writes goes through tty_input().  Lock: tty.lock (RANK_TTY); tasklist_lock
 * and signals are taken inside it, never the other way round.
 */
#ifndef FS_TTY_H
#define FS_TTY_H

#include "kuni/fs.h"

#define TTY_IN_SIZE  4096 /* as Linux: a line has at most 4095 bytes */
#define TTY_OUT_SIZE 16384
#define NCCS         19

struct termios_k { /* struct termios of the kernel ABI (TCGETS) */
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line;
	uint8_t cc[NCCS];
};

struct winsize_k {
	uint16_t rows, cols, xpixel, ypixel;
};

struct ring {
	uint8_t *buf;
	uint32_t size, head, tail; /* free-running; size is a power of two */
};

struct tty {
	uint32_t ref; /* [a] */
	struct mutex lock;
	struct termios_k termios; /* [lock] */
	struct winsize_k winsize; /* [lock] */
	struct ring in, out;      /* [lock] */
	uint32_t canon_end;       /* [lock] in.tail of the last complete line */
	unsigned column;          /* [lock] of output, for tabs */
	uint8_t line_end[TTY_IN_SIZE / 8]; /* [lock] bit: ends a line */
	bool stopped, hung_up,
		locked;      /* [lock] ^S; other side gone; TIOCSPTLCK */
	bool packet;         /* [lock] master's TIOCPKT: refused */
	int sid, pgid;       /* [tasklist] session and foreground group */
	unsigned slaves;     /* [lock] open slave files */
	bool slave_was_open; /* [lock] */
	bool master_open;    /* [lock] */
	struct waitq read_wait, write_wait, master_wait;
	int index;           /* of /dev/pts */
	struct super *super; /* its devpts */
};

int tty_create(struct tty **out) MUST_CHECK;
void tty_get(struct tty *t);
void tty_put(struct tty *t);
/* Bytes from the other side through the line discipline; how many were taken
 * (less than n when the buffer is full). tty.lock held. */
size_t tty_input(struct tty *t, const uint8_t *s, size_t n);
/* Sends a signal to the foreground group. */
void tty_signal(struct tty *t, int signo);
long tty_ioctl(struct tty *t, struct file *f, unsigned cmd, uaddr_t arg,
	       bool master);
ssize_t tty_read(struct tty *t, struct file *f, struct uio *u);
ssize_t tty_write(struct tty *t, struct file *f, struct uio *u);
unsigned tty_poll(struct tty *t, struct poll_table *pt);
/* Controlling terminal of current, a reference or NULL. */
struct tty *tty_current(void);
/* Opening t without O_NOCTTY by a session leader that has none. */
void tty_maybe_control(struct tty *t, const struct file *f);
uint64_t tty_rdev(const struct tty *t);
void tty_set_winsize(struct tty *t, const struct winsize_k *w);

/* ---- pty.c: the master's side, for the kernel ---- */
int pty_console(uint32_t uid, struct tty **out, struct file **slave) MUST_CHECK;
void pty_hang_up(struct tty *t);
ssize_t pty_take(struct tty *t, struct uio *u);
ssize_t pty_type(struct tty *t, struct uio *u, bool nonblock);

uint32_t ring_used(const struct ring *r);
uint32_t ring_space(const struct ring *r);
void ring_put(struct ring *r, uint8_t c); /* there must be space */
uint8_t ring_at(const struct ring *r, uint32_t at);

#endif
