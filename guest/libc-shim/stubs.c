/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stubs.c: what newlib and the compiler need from below.
 *
 * newlib's number parsing sets errno, which nothing here reads; abort() and a
 * smashed stack are panics.
 */
#include <stddef.h>
#include <stdint.h>

#include "kuni/klog.h"

int *__errno(void);
_Noreturn void abort(void);
_Noreturn void __stack_chk_fail(void);
extern uintptr_t __stack_chk_guard;

uintptr_t __stack_chk_guard = 0x6b756e69ff0a0d00UL; /* until main.c has random */

/* One for all CPUs: written by strtol() and its like, never read. */
int *__errno(void)
{
	static int ignored;

	return &ignored;
}

_Noreturn void abort(void)
{
	panic("abort() was called");
}

_Noreturn void __stack_chk_fail(void)
{
	panic("stack smashed");
}
