/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_cpu.c: what programs ask of this kind of CPU and get no for, as on a
 * Linux whose CPU or configuration has none: protection keys, I/O ports, local
 * descriptor tables.
 */
#include "guest/kernel/task/internal.h"
#include "syscall_proto.h"

#define PKEY_ACCESS_MASK 3U
#define IO_PORTS         65536UL

long sys_pkey_alloc(unsigned int flags, unsigned int rights)
{
	if (flags || rights & ~PKEY_ACCESS_MASK)
		return -EINVAL;
	return -ENOSPC; /* every key is taken: there are none */
}

long sys_pkey_free(int pkey)
{
	(void)pkey; /* nobody has one */
	return -EINVAL;
}

/* Key -1 is mprotect(2). */
long sys_pkey_mprotect(long addr, size_t len, int prot, int pkey)
{
	return pkey == -1 ? sys_mprotect(addr, len, prot) : -EINVAL;
}

/* No task has I/O ports, so that giving up what one has not is fine. */
long sys_iopl(unsigned int level)
{
	if (level > 3)
		return -EINVAL;
	return level ? -EPERM : 0;
}

long sys_ioperm(size_t from, size_t num, int turn_on)
{
	if (from + num <= from || from + num > IO_PORTS)
		return -EINVAL;
	return turn_on ? -EPERM : 0;
}

/* 0 reads the table, which is empty, as is the default one (2). */
long sys_modify_ldt(int func, uaddr_t ptr, size_t count)
{
	(void)ptr;
	(void)count;
	return func == 0 ? 0 : (uint32_t)-ENOSYS; /* an int in RAX, as ever */
}
