/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strace.c: `kuni run --strace`: "[tid] name(arguments) = result" in the log.
 *
 * Argument kinds come from syscalls.tbl.  Calls that do not return (exit,
 * execve of a new program) are shown at entry.  Paths are read when the line
 * is written, which for most calls is at the end.
 */
#include "strace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kuni/arch.h"
#include "kuni/klog.h"
#include "kuni/task.h"

#define LINE_SIZE  256
#define PATH_SHOWN 80

bool strace_on;

static bool shown_at_entry(uint64_t nr)
{
	return nr == 59 || nr == 60 || nr == 231 || nr == 322;
}

struct line {
	char s[LINE_SIZE];
	size_t n;
};

static void put(struct line *l, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void put(struct line *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->s + l->n, LINE_SIZE - l->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->n = min(l->n + (size_t)n, (size_t)LINE_SIZE - 1);
}

static void put_path(struct line *l, uint64_t at)
{
	char s[PATH_SHOWN];
	ssize_t n = strncpy_from_user(s, UADDR(at), sizeof(s));

	if (!at)
		put(l, "NULL");
	else if (n >= 0)
		put(l, "\"%s\"", s);
	else if (n == -ENAMETOOLONG)
		put(l, "\"%.*s\"...", PATH_SHOWN - 1, s);
	else
		put(l, "0x%lx", (unsigned long)at);
}

static void put_arg(struct line *l, unsigned type, uint64_t v)
{
	switch (type) {
	case ST_FD:
		if ((int)v == AT_FDCWD) {
			put(l, "AT_FDCWD");
			break;
		}
		put(l, "%d", (int)v);
		break;
	case ST_INT:
		put(l, "%d", (int)v);
		break;
	case ST_UINT:
		put(l, "%u", (unsigned)v);
		break;
	case ST_FLAGS:
		put(l, "0x%x", (unsigned)v);
		break;
	case ST_SIZE:
	case ST_OFF:
		put(l, "%ld", (long)v);
		break;
	case ST_PATH:
		put_path(l, v);
		break;
	default:
		put(l, "0x%lx", (unsigned long)v);
		break;
	}
}

static void put_call(struct line *l, uint64_t nr, const uint64_t arg[6])
{
	const struct strace_entry *e =
		nr < NR_SYSCALLS ? &strace_table[nr] : NULL;

	put(l, "[%d] ", current->tid);
	if (!e || !e->name) {
		put(l, "syscall_%lu(", (unsigned long)nr);
		return;
	}
	put(l, "%s(", e->name);
	for (unsigned i = 0; i < e->argc; i++) {
		if (i)
			put(l, ", ");
		put_arg(l, e->type[i], arg[i]);
	}
}

void strace_enter(uint64_t nr, const uint64_t arg[6])
{
	struct line l = { .n = 0 };

	if (!shown_at_entry(nr))
		return;
	put_call(&l, nr, arg);
	klog(KLOG_STRACE, "%s) ...", l.s);
}

void strace_exit(uint64_t nr, const uint64_t arg[6], long ret)
{
	struct line l = { .n = 0 };

	if (shown_at_entry(nr))
		put(&l, "[%d] %s(...", current->tid,
		    strace_table[nr].name ? strace_table[nr].name : "?");
	else
		put_call(&l, nr, arg);
	if (ret < 0 && ret > -4096)
		klog(KLOG_STRACE, "%s) = -%ld", l.s, -ret);
	else if ((unsigned long)ret > 0xffffffffUL)
		klog(KLOG_STRACE, "%s) = 0x%lx", l.s, (unsigned long)ret);
	else
		klog(KLOG_STRACE, "%s) = %ld", l.s, ret);
}
