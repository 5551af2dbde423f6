/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tty_ldisc.c: the line discipline, termios(3).
 *
 * Canonical and raw input, echo, erase/kill/word-erase, the signal characters,
 * CR/NL translation, tab expansion, ^S/^Q.  What ends a line has its bit of
 * line_end set; an EOF character is kept as a NUL with that bit, which no
 * reader sees, so that a line may end without a newline.
 */
#include "tty_termios.h"

#include "kuni/klog.h"
#include "kuni/task.h"

/* ---- output ---- */

static void out_raw(struct tty *t, uint8_t c)
{
	if (ring_space(&t->out))
		ring_put(&t->out, c);
}

/* One byte through output processing; false: no room for what it becomes. */
bool tty_out_char(struct tty *t, uint8_t c)
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
	if (!tty_is_on(t, ECHO) && !(c == '\n' && tty_is_on(t, ECHONL)))
		return;
	if (tty_is_on(t, ECHOCTL) && (c < ' ' || c == 127) && c != '\n' &&
	    c != '\t') {
		(void)tty_out_char(t, '^');
		(void)tty_out_char(t, c ^ 0100);
		return;
	}
	(void)tty_out_char(t, c);
}

static void echo_erase(struct tty *t, uint8_t c)
{
	unsigned width = (c < ' ' || c == 127) && tty_is_on(t, ECHOCTL) ? 2 : 1;

	if (!tty_is_on(t, ECHO))
		return;
	if (!tty_is_on(t, ECHOE)) {
		echo(t, t->termios.cc[VERASE]);
		return;
	}
	while (width--) {
		(void)tty_out_char(t, '\b');
		(void)tty_out_char(t, ' ');
		(void)tty_out_char(t, '\b');
	}
}

/* ---- input ---- */

bool tty_ends_line(const struct tty *t, uint32_t at)
{
	at &= TTY_IN_SIZE - 1;
	return t->line_end[at / 8] >> (at % 8) & 1;
}

void tty_set_line_end(struct tty *t, uint32_t at, bool on)
{
	at &= TTY_IN_SIZE - 1;
	if (on)
		t->line_end[at / 8] |= (uint8_t)(1U << (at % 8));
	else
		t->line_end[at / 8] &= (uint8_t) ~(1U << (at % 8));
}

static void in_put(struct tty *t, uint8_t c, bool end)
{
	tty_set_line_end(t, t->in.tail, end);
	ring_put(&t->in, c);
}

void tty_flush_input(struct tty *t)
{
	t->in.head = t->in.tail;
	t->canon_end = t->in.tail;
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

/* A signal character: whether c was one. */
static bool input_signal(struct tty *t, uint8_t c)
{
	static const struct {
		uint8_t cc, signo;
	} table[] = { { VINTR, SIGINT },
		      { VQUIT, SIGQUIT },
		      { VSUSP, SIGTSTP } };

	if (!tty_is_on(t, ISIG))
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		if (!c || c != t->termios.cc[table[i].cc])
			continue;
		if (!tty_is_on(t, NOFLSH)) {
			tty_flush_input(t);
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
	if (c == cc[VWERASE] && tty_is_on(t, IEXTEN)) {
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
	in_put(t, eof ? 0 : c, end);
	if (!eof)
		echo(t, c);
	if (end)
		t->canon_end = t->in.tail;
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
	if (tty_is_on(t, ICANON)) {
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
	while (done < n && (tty_is_on(t, ICANON) || ring_space(&t->in)))
		input_char(t, s[done++]);
	if (done) {
		wake_all(&t->read_wait, EPOLLIN);
		wake_all(&t->master_wait, EPOLLIN);
	}
	return done;
}
