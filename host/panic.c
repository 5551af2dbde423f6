/* SPDX-License-Identifier: Apache-2.0 */
/*
 * panic.c: what the guest kernel says on its debug port.
 *
 * Bytes become lines; a line is "<N>text", N the guest's klog level, and
 * becomes a record of the log.  A text that begins with "panic" begins the
 * guest's last words: from it on, lines are errors.
 * A frame of a backtrace, `  #N 0xffffffff........`, gets its function's name.
 * What the guest prints is not trusted: control bytes are shown as '?', and
 * the log is bounded by LINE_MAX_BYTES a line; its rate is the guest's CPU
 * time, as with any program that writes to a log.
 */
#include "host/panic.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/hypervisor.h"
#include "host/loader.h"
#include "host/log.h"
#include "host/symbol.h"

#define LINE_MAX_BYTES 400

struct panic_sink {
	pthread_mutex_t lock;
	const struct guest_image *image;  /* [I] */
	const char *id;                   /* [I] */
	bool panicking, no_symbols;       /* [m] */
	struct symbol_table *symbols;     /* [m] NULL: not read yet */
	size_t len;                       /* [m] */
	char line[LINE_MAX_BYTES + 1];    /* [m] */
	char message[LINE_MAX_BYTES + 1]; /* [m] first line of the panic */
};

int panic_create(struct panic_sink **out, const struct guest_image *image,
		 const char *id)
{
	struct panic_sink *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	pthread_mutex_init(&p->lock, NULL);
	p->image = image;
	p->id = id;
	*out = p;
	return 0;
}

void panic_destroy(struct panic_sink *p)
{
	if (!p)
		return;
	symbol_free(p->symbols);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* "name+0x12" or "". */
static void name_of(struct panic_sink *p, uint64_t addr, char *buf, size_t size)
{
	buf[0] = 0;
	if (!p->symbols && !p->no_symbols)
		p->no_symbols = symbol_load(&p->symbols, p->image->fd) < 0;
	if (p->symbols && symbol_name(p->symbols, addr, buf, size) < 0)
		buf[0] = 0;
}

/* The address of `  #N 0x...`, or 0.  But for #0 they are where a call returns
 * to, which may be past the end of a function that called one that does not
 * return: the last byte of the call is in the right one. */
static uint64_t frame_address(const char *line)
{
	uint64_t at;
	char *end;
	bool call;

	while (*line == ' ')
		line++;
	if (*line++ != '#' || !isdigit((unsigned char)*line))
		return 0;
	call = strtoul(line, &end, 10) > 0;
	while (*end == ' ')
		end++;
	if (strncmp(end, "0x", 2) != 0)
		return 0;
	at = strtoull(end, NULL, 16);
	return at && call ? at - 1 : at;
}

/* Splits off "<N>".  strace is asked for by the user, so it is shown where
 * warnings are. */
static const char *level_of(const char *line, enum log_level *level)
{
	static const enum log_level map[] = { LOG_ERROR, LOG_WARN, LOG_INFO,
					      LOG_DEBUG, LOG_WARN };

	*level = LOG_WARN;
	if (line[0] != '<' || line[1] < '0' || line[1] > '4' || line[2] != '>')
		return line;
	*level = map[line[1] - '0'];
	return line + 3;
}

static void show_line(struct panic_sink *p)
{
	char name[200] = "";
	enum log_level level;
	const char *text;
	uint64_t at;

	p->line[p->len] = 0;
	p->len = 0;
	if (!p->line[0])
		return;
	text = level_of(p->line, &level);
	if (!p->panicking && strncmp(text, "panic", 5) == 0) {
		p->panicking = true;
		snprintf(p->message, sizeof(p->message), "%s", text);
	}
	at = frame_address(text);
	if (at)
		name_of(p, at, name, sizeof(name));
	log_line(p->panicking ? LOG_ERROR : level, "guest: id=%s %s%s%s", p->id,
		 text, name[0] ? " " : "", name);
}

void panic_feed(struct panic_sink *p, const void *buf, size_t len)
{
	const volatile uint8_t *from = buf; /* may change under us */

	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < len; i++) {
		uint8_t c = from[i];

		if (c == '\n' || p->len == LINE_MAX_BYTES)
			show_line(p);
		if (c == '\t')
			c = ' ';
		if (c != '\n' && c != '\r')
			p->line[p->len++] =
				(char)(c < 0x20 || c == 0x7f ? '?' : c);
	}
	pthread_mutex_unlock(&p->lock);
}

void panic_flush(struct panic_sink *p)
{
	pthread_mutex_lock(&p->lock);
	show_line(p);
	pthread_mutex_unlock(&p->lock);
}

const char *panic_message(const struct panic_sink *p)
{
	return p->message;
}

void panic_dump_pc(struct machine *m, unsigned cpu, unsigned frame, uint64_t pc)
{
	struct panic_sink *p = m->panic;
	char name[200];

	pthread_mutex_lock(&p->lock);
	name_of(p, pc, name, sizeof(name));
	pthread_mutex_unlock(&p->lock);
	log_line(LOG_ERROR, "guest: id=%s cpu %u #%u %#llx %s", p->id, cpu,
		 frame, (unsigned long long)pc, name);
}
