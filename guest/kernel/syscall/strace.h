/* SPDX-License-Identifier: Apache-2.0 */
/* strace.h: a line for each system call (strace.c). */
#ifndef SYSCALL_STRACE_H
#define SYSCALL_STRACE_H

#include "kuni/syscall.h"

void strace_enter(uint64_t nr, const uint64_t arg[6]);
void strace_exit(uint64_t nr, const uint64_t arg[6], long ret);

#endif
