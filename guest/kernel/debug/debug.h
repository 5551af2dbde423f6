/* SPDX-License-Identifier: Apache-2.0 */
/* debug.h: what klog.c and panic.c share. */
#ifndef DEBUG_DEBUG_H
#define DEBUG_DEBUG_H

#include <stdarg.h>

#include "kuni/klog.h"

void klog_va(enum klog_level l, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
bool panicking(void); /* this CPU has the machine for itself */

#endif
