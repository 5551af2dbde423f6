/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.c: filling a struct err, and the end of the process on our own mistakes.
 *
 * A message is one line whatever the bundle puts into it: control characters
 * become '?', so neither a terminal nor a log can be led astray by a file
 * name.  Who prints it is host/main.c, once.
 */
#include "host/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

#define BACKTRACE_MAX 32

static void err_fill(struct err *e, int code, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

static void err_fill(struct err *e, int code, const char *fmt, va_list ap)
{
	size_t n;

	e->code = code;
	if (vsnprintf(e->msg, sizeof(e->msg), fmt, ap) < 0)
		e->msg[0] = '\0';
	n = strlen(e->msg);
	if (code)
		(void)snprintf(e->msg + n, sizeof(e->msg) - n, ": %s",
			       err_text(code));
	for (char *p = e->msg; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_fill(e, code, fmt, ap);
	va_end(ap);
	e->status = 1;
	return code ? -code : -EINVAL;
}

int err_status(struct err *e, int status, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_fill(e, code, fmt, ap);
	va_end(ap);
	e->status = status;
	return code ? -code : -EINVAL;
}

/* the linker's name; NOLINTNEXTLINE(readability-identifier-naming) */
extern const char __executable_start[];

static _Unwind_Reason_Code print_frame(struct _Unwind_Context *c, void *arg)
{
	int *n = arg;
	uintptr_t ip = _Unwind_GetIP(c);

	if (!ip || (*n)++ == BACKTRACE_MAX)
		return _URC_END_OF_STACK;
	(void)dprintf(STDERR_FILENO, "kuni:   #%d +0x%lx\n", *n - 1,
		      (unsigned long)(ip - (uintptr_t)__executable_start));
	return _URC_NO_REASON;
}

/* The addresses are offsets into the binary, for addr2line -e. */
_Noreturn void ensure_failed(const char *cond, const char *file, int line)
{
	int n = 0;

	(void)dprintf(STDERR_FILENO, "kuni: %s:%d: ensure(%s) failed\n", file,
		      line, cond);
	(void)_Unwind_Backtrace(print_frame, &n);
	abort();
}
