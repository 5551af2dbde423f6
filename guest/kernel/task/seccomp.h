/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp.h: filters of system calls (seccomp.c). */
#ifndef TASK_SECCOMP_H
#define TASK_SECCOMP_H

#include "internal.h"

#define SECCOMP_MODE_STRICT 1
#define SECCOMP_MODE_FILTER 2

#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#define SECCOMP_RET_KILL_THREAD  0x00000000U
#define SECCOMP_RET_TRAP         0x00030000U
#define SECCOMP_RET_ERRNO        0x00050000U
#define SECCOMP_RET_TRACE        0x7ff00000U
#define SECCOMP_RET_LOG          0x7ffc0000U
#define SECCOMP_RET_ALLOW        0x7fff0000U

int seccomp_filter_new(uaddr_t insns, unsigned n, bool log,
		       struct seccomp_filter **out) MUST_CHECK;
int seccomp_install(struct seccomp_filter *f, bool sync) MUST_CHECK;
int seccomp_strict(void) MUST_CHECK;

#endif
