/* SPDX-License-Identifier: Apache-2.0 */
/* sys_seccomp.h: PR_SET_SECCOMP. */
#ifndef SYSCALL_SYS_SECCOMP_H
#define SYSCALL_SYS_SECCOMP_H

#include "kuni/types.h"

long seccomp_prctl(unsigned long mode, uaddr_t prog);

#endif
