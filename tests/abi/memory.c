/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c: mmap, mprotect, munmap, brk, copy on write, shared and file mappings */
#include "abi.h"

#include <setjmp.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

static sigjmp_buf env;

static void on(int s)
{
	siglongjmp(env, s);
}

static int touch(volatile char *p, int write)
{
	int s = sigsetjmp(env, 1);

	if (!s) {
		if (write)
			*p = 1;
		else
			(void)*p;
	}
	return s;
}

int main(void)
{
	const long page = 4096;
	char *p, *q;
	int fd, st;

	signal(SIGSEGV, on);
	signal(SIGBUS, on);
	p = mmap(NULL, 16 * page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	OK(p == MAP_FAILED ? -1 : 0);
	p[0] = 1;
	p[15 * page] = 2;
	SAY(mprotect(p + page, page, PROT_NONE));
	printf("%d %d %d\n", touch(p, 1), touch(p + page, 0),
	       touch(p + 2 * page, 1));
	SAY(mprotect(p + page, page, PROT_READ));
	printf("%d %d\n", touch(p + page, 0), touch(p + page, 1));
	SAY(munmap(p + 4 * page, page));
	printf("%d %d\n", touch(p + 4 * page, 0), touch(p + 5 * page, 0));
	SAY(munmap(p + 1, page));
	SAY(mprotect(p + 4 * page, page, PROT_READ));
	SAY(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			    MAP_FAILED
		    ? -1
		    : 0);
	SAY(mmap(p, page, PROT_READ,
		 MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS, -1,
		 0) == MAP_FAILED
		    ? -1
		    : 0);
	p[0] = 10;
	q = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		 -1, 0);
	if (!fork()) {
		p[0] = 20;
		q[0] = 30;
		_exit(0);
	}
	wait(&st);
	printf("private %d shared %d\n", p[0], q[0]);
	fd = open("m", O_RDWR | O_CREAT, 0600);
	ftruncate(fd, 6000);
	q = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	strcpy(q, "by mapping");
	SAY(pread(fd, p, 10, 0));
	printf("%.10s\n", p);
	pwrite(fd, "BY WRITE ", 9, 5000);
	printf("%.8s\n", q + 5000);
	printf("%d %d %d\n", touch(q + 5999, 0), touch(q + 2 * page - 1, 0),
	       touch(q + 2 * page, 0));
	SAY(msync(q, page, MS_SYNC));
	SAY(munmap(q, 3 * page));
	q = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	q[0] = 'X';
	pread(fd, p, 2, 0);
	printf("%.2s %.2s\n", p, q);
	close(fd);
	fd = open("m", O_RDONLY);
	SAY(mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) ==
			    MAP_FAILED
		    ? -1
		    : 0);
	SAY(mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 100) == MAP_FAILED ? -1
									   : 0);
	unlink("m");
	q = mremap(p + 8 * page, 2 * page, 20 * page, MREMAP_MAYMOVE);
	OK(q == MAP_FAILED ? -1 : 0);
	printf("%d %d\n", touch(p + 8 * page, 0), touch(q + 19 * page, 1));
	p = (char *)syscall(SYS_brk, 0);
	OK(syscall(SYS_brk, p + 100000));
	p[99999] = 1;
	printf("%ld\n", (long)((char *)syscall(SYS_brk, 0) - p));
	OK(syscall(SYS_brk, p));
	printf("%d\n", touch(p + 99999, 0) != 0);
	q = mmap(NULL, page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	q[5] = 5;
	SAY(madvise(q, page, MADV_DONTNEED));
	printf("%d\n", q[5]);
	q = mmap(NULL, 4 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SAY(mprotect(q + 2 * page, page, PROT_WRITE));
	SAY(munmap(q + 3 * page, page));
	SAY(madvise(q, 2 * page, MADV_POPULATE_READ));
	SAY(madvise(q, 2 * page, MADV_POPULATE_WRITE));
	SAY(madvise(q, 3 * page, MADV_POPULATE_READ));
	SAY(madvise(q + 2 * page, page, MADV_POPULATE_WRITE));
	SAY(madvise(q + 2 * page, 2 * page, MADV_POPULATE_WRITE));
	printf("%d\n", q[2 * page]);
	return 0;
}
