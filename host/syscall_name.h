/* SPDX-License-Identifier: Apache-2.0 */
/* syscall_name.h: names of system calls. */
#ifndef HOST_SYSCALL_NAME_H
#define HOST_SYSCALL_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* false: nr has no name, or it does not fit. */
bool syscall_name(unsigned nr, char *buf, size_t size);

#endif
