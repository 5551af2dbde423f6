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

struct lx_user_desc {
	uint32_t entry, base, limit, flags;
};
#define LDT_ENTRIES     8192U
#define LDT_DEFAULT     128U /* bytes, all zero */
#define LDT_CONTENTS(f) ((f) >> 1 & 3U)
#define LDT_CONFORMING  3U
#define LDT_NOT_PRESENT 32U
#define LDT_EMPTY(f)    (((f)&127U) == (8U | LDT_NOT_PRESENT))

/* An entry can be cleared, which it is already; there is no setting one. */
static int write_ldt(uaddr_t ptr, size_t count, bool old)
{
	struct lx_user_desc d;

	if (count != sizeof(d))
		return -EINVAL;
	if (copy_from_user(&d, ptr, sizeof(d)))
		return -EFAULT;
	if (d.entry >= LDT_ENTRIES)
		return -EINVAL;
	if (LDT_CONTENTS(d.flags) == LDT_CONFORMING &&
	    (old || !(d.flags & LDT_NOT_PRESENT)))
		return -EINVAL;
	if (!d.base && !d.limit && (old || LDT_EMPTY(d.flags)))
		return 0;
	return -ENOSYS;
}

/* The result is an int that nobody extends: an error is not negative. */
long sys_modify_ldt(int func, uaddr_t ptr, size_t count)
{
	static const uint8_t zeros[LDT_DEFAULT];
	int ret = -ENOSYS;

	switch (func) {
	case 0:
		ret = 0;
		break;
	case 1:
	case 0x11:
		ret = write_ldt(ptr, count, func == 1);
		break;
	case 2:
		count = min(count, sizeof(zeros));
		ret = copy_to_user(ptr, zeros, count) ? -EFAULT : (int)count;
		break;
	}
	return (long)(unsigned int)ret;
}
