/* SPDX-License-Identifier: Apache-2.0 */
/* cc.h: the compiler and the kernel, as lwIP wants to know them. */
#ifndef NET_INET_CC_H
#define NET_INET_CC_H

#include <stddef.h>
#include <stdint.h>

#include "kuni/klog.h"

/* lwIP has a ssize_t of its own where it sees none. */
#ifndef SSIZE_MAX
#define SSIZE_MAX INT64_MAX
#endif

uint32_t inet_random(void); /* lwip_port.c */

#define LWIP_PLATFORM_DIAG(x)
#define LWIP_PLATFORM_ASSERT(x) panic("lwip: %s, %s:%d", x, __FILE__, __LINE__)
#define LWIP_RAND()             inet_random()

#endif
