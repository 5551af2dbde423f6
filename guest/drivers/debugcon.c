/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debugcon.c: bytes to the host's log, by one string instruction: with the
 * kvm back end that is one VM exit a call, not one a byte.
 *
 * Safe anywhere, a panic included; it takes no lock.
 */
#include "kuni/driver.h"
#include "layout.h"

void debugcon_write(const char *s, size_t n)
{
	__asm__ volatile("cld; rep outsb"
			 : "+S"(s), "+c"(n)
			 : "d"(PORT_DEBUGCON)
			 : "memory");
}
