/* SPDX-License-Identifier: Apache-2.0 */
/* syscall.h: dispatch by the table that syscalls.tbl makes. */
#ifndef KUNI_SYSCALL_H
#define KUNI_SYSCALL_H

#include "kuni/types.h"

#define NR_SYSCALLS 512

struct syscall_entry {
	long (*call)(const uint64_t arg[6]); /* NULL: not there */
	const char *name;                    /* NULL: no such number */
};
extern const struct syscall_entry syscall_table[NR_SYSCALLS];

enum strace_type {
	ST_END,
	ST_FD,
	ST_INT,
	ST_UINT,
	ST_FLAGS,
	ST_LONG,
	ST_SIZE,
	ST_OFF,
	ST_UADDR,
	ST_PATH,
};
struct strace_entry {
	const char *name;
	uint8_t argc;
	uint8_t type[6];
};
extern const struct strace_entry strace_table[NR_SYSCALLS];

struct arch_regs;
/* Serves the system call in r: result stored with arch_sys_return(). */
void syscall_dispatch(struct arch_regs *r);
extern bool strace_on;

#endif
