/* SPDX-License-Identifier: Apache-2.0 */
/* fake_panic.h: the kernel's panic() in a unit test: says why and aborts.  After
 * what declares it. */
#ifndef TESTS_UNIT_FAKE_PANIC_H
#define TESTS_UNIT_FAKE_PANIC_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

#endif
