/* SPDX-License-Identifier: Apache-2.0 */
/* sys_mm.c: the system calls of memory: numbers in, mm/ does the work. */
#include "kuni/fs.h"
#include "kuni/mm.h"
#include "kuni/task.h"
#include "layout.h"
#include "syscall_proto.h"

#define MLOCK_ONFAULT 1
#define MCL_ALL       7
#define MCL_ONFAULT   4

long sys_mmap(long addr, size_t len, int prot, int flags, int fd,
	      int64_t offset)
{
	struct file *f = NULL;
	long r;

	if ((uint64_t)offset % PAGE_SIZE)
		return -EINVAL;
	if (!(flags & LX_MAP_ANONYMOUS)) {
		f = fd_get(fd);
		if (!f)
			return -EBADF;
	}
	r = mm_map(current->mm, (uint64_t)addr, len, prot, flags, f,
		   f ? (uint64_t)offset : 0);
	if (f)
		file_put(f);
	return r;
}

long sys_munmap(long addr, size_t len)
{
	return mm_unmap(current->mm, (uint64_t)addr, len);
}

long sys_mprotect(long addr, size_t len, int prot)
{
	return mm_protect(current->mm, (uint64_t)addr, len, prot);
}

long sys_brk(long addr)
{
	return (long)mm_brk(current->mm, (uint64_t)addr);
}

long sys_mremap(long addr, size_t old_len, size_t new_len, int flags,
		long new_addr)
{
	return mm_remap(current->mm, (uint64_t)addr, old_len, new_len, flags,
			(uint64_t)new_addr);
}

long sys_msync(long addr, size_t len, int flags)
{
	return mm_sync(current->mm, (uint64_t)addr, len, flags);
}

long sys_madvise(long addr, size_t len, int advice)
{
	return mm_advise(current->mm, (uint64_t)addr, len, advice);
}

long sys_mincore(long addr, size_t len, uaddr_t vec)
{
	uint64_t at = (uint64_t)addr, pages = page_up(len) >> PAGE_SHIFT;
	uint8_t buf[256];

	if (at % PAGE_SIZE)
		return -EINVAL;
	if (at > USER_END || len > USER_END - at)
		return -ENOMEM;
	while (pages) {
		unsigned n = (unsigned)min(pages, sizeof(buf));
		int err = mm_incore(current->mm, at, n, buf);

		if (!err)
			err = copy_to_user(vec, buf, n);
		if (err)
			return err;
		vec.v += n;
		at += n * PAGE_SIZE;
		pages -= n;
	}
	return 0;
}

long sys_mlock(long addr, size_t len)
{
	return mm_lock_pages(current->mm, (uint64_t)addr, len, MM_LOCK);
}

long sys_mlock2(long addr, size_t len, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return mm_lock_pages(current->mm, (uint64_t)addr, len,
			     flags ? MM_LOCK_ONFAULT : MM_LOCK);
}

long sys_munlock(long addr, size_t len)
{
	return mm_lock_pages(current->mm, (uint64_t)addr, len, MM_UNLOCK);
}

long sys_mlockall(int flags)
{
	if (!flags || (flags & ~MCL_ALL) || flags == MCL_ONFAULT)
		return -EINVAL;
	return mm_lock_all(current->mm, flags);
}

long sys_munlockall(void)
{
	return mm_lock_all(current->mm, 0);
}
