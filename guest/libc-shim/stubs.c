/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stubs.c: what newlib and the compiler need from below.
 *
 * newlib's formatting into a buffer passes a struct _reent around, of which
 * it only sets the errno that nothing here reads; so one serves all CPUs.  It
 * allocates for asprintf() alone, which nobody calls: that fails.  abort()
 * and a smashed stack are panics.
 */
#include <locale.h>
#include <reent.h>
#include <stddef.h>
#include <stdint.h>

#include "kuni/klog.h"

int *__errno(void);
_Noreturn void abort(void);
_Noreturn void __stack_chk_fail(void);
void *_malloc_r(struct _reent *r, size_t n);
void *_realloc_r(struct _reent *r, void *p, size_t n);
void _free_r(struct _reent *r, void *p);
extern uintptr_t __stack_chk_guard;

static struct _reent reent;
struct _reent *_impure_ptr = &reent;
uintptr_t __stack_chk_guard =
	0x6b756e69ff0a0d00UL; /* until main.c has random */

/* Written by strtol() and its like, never read. */
int *__errno(void)
{
	static int ignored;

	return &ignored;
}

void *_malloc_r(struct _reent *r, size_t n)
{
	(void)r;
	(void)n;
	return NULL;
}

void *_realloc_r(struct _reent *r, void *p, size_t n)
{
	(void)r;
	(void)p;
	(void)n;
	return NULL;
}

void _free_r(struct _reent *r, void *p)
{
	(void)r;
	ensure(!p);
}

/* The C locale: no grouping. */
struct lconv *_localeconv_r(struct _reent *r)
{
	static char point[] = ".", none[] = "";
	static struct lconv c_locale;

	(void)r;
	c_locale.decimal_point = point;
	c_locale.thousands_sep = none;
	c_locale.grouping = none;
	return &c_locale;
}

_Noreturn void abort(void)
{
	panic("abort() was called");
}

_Noreturn void __stack_chk_fail(void)
{
	panic("stack smashed");
}
