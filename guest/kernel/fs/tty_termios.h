/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tty_termios.h: the bits of termios(3), and what the files of the terminal
 * share beyond tty.h.
 */
#ifndef FS_TTY_TERMIOS_H
#define FS_TTY_TERMIOS_H

#include "tty.h"

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

static inline bool tty_is_on(const struct tty *t, uint32_t lflag)
{
	return t->termios.lflag & lflag;
}

/* ---- tty_ldisc.c; tty.lock held ---- */
/* One byte through output processing; false: no room for what it becomes. */
bool tty_out_char(struct tty *t, uint8_t c);
bool tty_ends_line(const struct tty *t, uint32_t at);
void tty_set_line_end(struct tty *t, uint32_t at, bool on);
void tty_flush_input(struct tty *t);

/* ---- tty_session.c ---- */
/* Before touching t: 0, or what the call returns from the background. */
int tty_job_control(struct tty *t, int signo);
long tty_set_pgrp(struct tty *t, uaddr_t arg);
long tty_get_ids(struct tty *t, unsigned cmd, uaddr_t arg, bool master);
long tty_session_ioctl(struct tty *t, unsigned cmd, uaddr_t arg);

#endif
