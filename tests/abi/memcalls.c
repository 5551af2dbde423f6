/* SPDX-License-Identifier: Apache-2.0 */
/* memcalls.c: mincore, munlock, mlock2, process_madvise */
#include "abi.h"

#ifndef SYS_mlock2
#define SYS_mlock2 325
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#define PAGE      4096L
#define WILL_NEED 3
#define NO_NEED   4
#define GO_COLD   20
#define PAGE_OUT  21
#define ON_FAULT  1
#define KERNEL    (-PAGE) /* no address of a user's */

static char *anon(int pages)
{
	return mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void incore(const char *what, char *m, int pages)
{
	unsigned char v[16];

	memset(v, 0xee, sizeof(v));
	if (syscall(SYS_mincore, m, pages * PAGE, v))
		printf("%s: %s\n", what, strerrorname(errno));
	else {
		printf("%s:", what);
		for (int i = 0; i < pages; i++)
			printf(" %d", v[i] & 1);
		printf(" then %x\n", v[pages]);
	}
}

static void resident(void)
{
	char *m = anon(8), *f;
	unsigned char v[16];
	int fd = open("mapped", O_CREAT | O_RDWR, 0600);

	incore("untouched", m, 8);
	m[0] = m[3 * PAGE] = 1;
	(void)*(volatile char *)(m + 5 * PAGE);
	incore("touched", m, 8);
	SAY(madvise(m + 3 * PAGE, PAGE, MADV_DONTNEED));
	incore("given up", m, 8);
	SAY(mprotect(m, PAGE, PROT_NONE));
	incore("untouchable", m, 8);
	SAY(syscall(SYS_mincore, m + 1, PAGE, v));
	SAY(syscall(SYS_mincore, m, 0, v));
	SAY(syscall(SYS_mincore, m, 0, 8));
	memset(v, 0xee, sizeof(v));
	SAY(syscall(SYS_mincore, m + 5 * PAGE, 1, v));
	printf("%x %x\n", v[0] & 1, v[1]);
	SAY(syscall(SYS_mincore, m + 5 * PAGE, PAGE + 1, v));
	printf("%x %x %x\n", v[0] & 1, v[1] & 1, v[2]);
	SAY(syscall(SYS_mincore, m, PAGE, 8));
	SAY(syscall(SYS_mincore, m, PAGE, NULL));
	SAY(munmap(m + 6 * PAGE, PAGE));
	incore("a hole", m, 8);
	incore("before it", m, 6);
	SAY(syscall(SYS_mincore, m + 6 * PAGE, PAGE, v));
	SAY(syscall(SYS_mincore, m + 6 * PAGE, PAGE, 8));
	SAY(syscall(SYS_mincore, KERNEL, PAGE, v));
	SAY(syscall(SYS_mincore, m, -1L, v));
	write(fd, "a page of the cache", 19);
	f = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	incore("a file", f, 1);
	munmap(f, PAGE);
	munmap(m, 8 * PAGE);
	close(fd);
	unlink("mapped");
}

static void locked(const char *what)
{
	char line[128];
	FILE *f = fopen("/proc/self/status", "r");
	long kib = -1;

	while (fgets(line, sizeof(line), f))
		sscanf(line, "VmLck: %ld", &kib);
	fclose(f);
	printf("%s: %ld KiB locked\n", what, kib);
}

static void locks(void)
{
	char *m = anon(8);

	SAY(syscall(SYS_mlock2, m, 2 * PAGE, 0));
	incore("locked", m, 4);
	SAY(syscall(SYS_mlock2, m + 2 * PAGE, PAGE, ON_FAULT));
	incore("on fault", m, 4);
	locked("three");
	SAY(syscall(SYS_mlock2, m, PAGE, 0));
	locked("twice");
	m[2 * PAGE] = 1;
	incore("faulted", m, 4);
	SAY(syscall(SYS_mlock2, m + 3 * PAGE + 4000, 200, 0));
	locked("across pages");
	incore("across pages", m, 6);
	SAY(syscall(SYS_munlock, m + PAGE + 1, 1));
	locked("one less");
	incore("still there", m, 4);
	SAY(syscall(SYS_munlock, m + PAGE, PAGE));
	SAY(syscall(SYS_mlock2, m, PAGE, 2));
	SAY(syscall(SYS_mlock2, m, PAGE, -1));
	SAY(syscall(SYS_mlock2, m, 0, 0));
	SAY(syscall(SYS_munlock, m, 0));
	SAY(syscall(SYS_mlock2, m, -2 * PAGE, 0));
	SAY(syscall(SYS_munlock, m, -2 * PAGE));
	SAY(syscall(SYS_mlock2, KERNEL - PAGE, PAGE, 0));
	SAY(syscall(SYS_munlock, KERNEL - PAGE, PAGE));
	munmap(m + 6 * PAGE, PAGE);
	SAY(syscall(SYS_mlock2, m + 5 * PAGE, 3 * PAGE, 0));
	locked("up to the hole");
	SAY(syscall(SYS_munlock, m, 8 * PAGE));
	locked("up to the hole again");
	SAY(mprotect(m, PAGE, PROT_NONE));
	SAY(syscall(SYS_mlock2, m, PAGE, 0));
	munmap(m, 8 * PAGE);
	locked("unmapped");
}

/* As a user the limit holds; with none at all it is EPERM. */
static void lock_limits(void)
{
	struct rlimit r = { 4 * PAGE, 4 * PAGE };
	char *m = anon(8);

	setrlimit(RLIMIT_MEMLOCK, &r);
	syscall(SYS_setresuid, 8, 8, 8);
	SAY(syscall(SYS_mlock2, m, 5 * PAGE, 0));
	SAY(syscall(SYS_mlock2, m, 4 * PAGE, 0));
	SAY(syscall(SYS_mlock2, m, 4 * PAGE, ON_FAULT));
	SAY(syscall(SYS_mlock2, m + 4 * PAGE, PAGE, 0));
	SAY(syscall(SYS_mlock2, m + PAGE, 4 * PAGE, 0));
	SAY(syscall(SYS_munlock, m, PAGE));
	SAY(syscall(SYS_mlock2, m + 4 * PAGE, PAGE, 0));
	r.rlim_cur = 0;
	setrlimit(RLIMIT_MEMLOCK, &r);
	SAY(syscall(SYS_mlock2, m, PAGE, 0));
	SAY(syscall(SYS_mlock2, m, PAGE, 2));
	SAY(syscall(SYS_munlock, m, 8 * PAGE));
}

static long advise(int fd, struct iovec *v, long n, int advice, int flags)
{
	return syscall(SYS_process_madvise, fd, v, n, advice, flags);
}

static void advices(void)
{
	char *m = anon(8);
	struct iovec v[3] = { { m, PAGE }, { m + 2 * PAGE, 2 * PAGE } }, bad;
	struct iovec *many = calloc(1025, sizeof(*many));
	int p, fd, st;

	memset(m, 1, 8 * PAGE);
	fflush(stdout);
	p = fork();
	if (!p) {
		for (;;)
			pause();
	}
	fd = syscall(SYS_pidfd_open, p, 0);
	SAY(advise(fd, v, 2, GO_COLD, 0));
	SAY(advise(fd, v, 2, PAGE_OUT, 0));
	SAY(advise(fd, v, 2, NO_NEED, 0));
	SAY(advise(fd, v, 2, 999, 0));
	SAY(advise(fd, v, 2, GO_COLD, 1));
	SAY(advise(fd, v, 0, GO_COLD, 0));
	SAY(advise(fd, NULL, 0, GO_COLD, 0));
	SAY(advise(fd, (void *)8, 1, GO_COLD, 0));
	SAY(advise(fd, many, 1024, GO_COLD, 0));
	SAY(advise(fd, many, 1025, GO_COLD, 0));
	SAY(advise(fd, v, -1, GO_COLD, 0));
	bad = (struct iovec){ m + 1, PAGE };
	SAY(advise(fd, &bad, 1, GO_COLD, 0));
	bad = (struct iovec){ m, -1 };
	SAY(advise(fd, &bad, 1, GO_COLD, 0));
	v[2] = (struct iovec){ m + 1, PAGE };
	SAY(advise(fd, v, 3, GO_COLD, 0));
	bad = (struct iovec){ (void *)PAGE, PAGE };
	SAY(advise(fd, &bad, 1, GO_COLD, 0));
	v[2] = bad;
	SAY(advise(fd, v, 3, GO_COLD, 0));
	SAY(advise(-1, v, 2, GO_COLD, 0));
	SAY(advise(0, v, 2, GO_COLD, 0));
	kill(p, SIGKILL);
	wait(&st);
	SAY(advise(fd, v, 2, GO_COLD, 0));
	close(fd);
	free(many);
	munmap(m, 8 * PAGE);
}

int main(void)
{
	resident();
	apart(locks);
	apart(lock_limits);
	advices();
	return 0;
}
