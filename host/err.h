/* SPDX-License-Identifier: Apache-2.0 */
/* err.h: one error, filled where it happened and printed in one place. */
#ifndef HOST_ERR_H
#define HOST_ERR_H

#include <string.h>

#define MUST_CHECK __attribute__((warn_unused_result))

/* code: a positive errno, or 0 where no errno fits; status: what `kuni` exits
 * with (1, 126, 127).  msg is one line: what, where, which value, what to do. */
struct err {
	int code;
	int status;
	char msg[512];
};

/* Fills *e (status 1) and returns -code, or -EINVAL where code is 0; so
 * `return err_set(e, errno, "open %s", path)` appends ": strerror". */
int err_set(struct err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same with an exit status. */
int err_status(struct err *e, int status, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* What errno code says: strerror() is not for threads. */
static inline const char *err_text(int code)
{
	const char *s = strerrordesc_np(code);

	return s ? s : "unknown error";
}

/* Our own mistakes: never compiled out. */
#define ensure(cond)                                                           \
	((cond) ? (void)0 : ensure_failed(#cond, __FILE__, __LINE__))
_Noreturn void ensure_failed(const char *cond, const char *file, int line);

#endif
