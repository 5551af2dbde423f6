/* SPDX-License-Identifier: Apache-2.0 */
/* otherproc.c: calls on another process by their numbers: advice for its memory,
 * its descriptors, its memory when it is killed */
#include "abi.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif
#define BAD  ((void *)8)
#define PAGE 4096

static int child_fd, pid;

/* A child that has memory and a pipe, and waits. */
static char *child(void)
{
	char *m = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(m, 1, 4 * PAGE);
	pid = fork();
	if (!pid) {
		dup2(0, 20);
		for (;;)
			pause();
	}
	child_fd = syscall(SYS_pidfd_open, pid, 0);
	usleep(50000);
	return m;
}

static void advise(char *m)
{
	struct iovec v[2] = { { m, 2 * PAGE }, { m + 2 * PAGE, PAGE } };
	struct iovec bad = { m + 1, PAGE }, none = { (char *)PAGE, PAGE };

	SAY(syscall(SYS_process_madvise, child_fd, v, 2, MADV_COLD, 0));
	SAY(syscall(SYS_process_madvise, child_fd, v, 2, MADV_PAGEOUT, 0));
	SAY(syscall(SYS_process_madvise, child_fd, v, 2, MADV_WILLNEED, 0));
	SAY(syscall(SYS_process_madvise, child_fd, v, 2, MADV_DONTNEED, 0));
	SAY(syscall(SYS_process_madvise, child_fd, v, 2, MADV_COLD, 1));
	SAY(syscall(SYS_process_madvise, child_fd, v, 1025, MADV_COLD, 0));
	SAY(syscall(SYS_process_madvise, child_fd, BAD, 1, MADV_COLD, 0));
	SAY(syscall(SYS_process_madvise, child_fd, &bad, 1, MADV_COLD, 0));
	SAY(syscall(SYS_process_madvise, child_fd, &none, 1, MADV_COLD, 0));
	SAY(syscall(SYS_process_madvise, child_fd, v, 0, MADV_COLD, 0));
	SAY(syscall(SYS_process_madvise, 0, v, 2, MADV_COLD, 0));
	SAY(syscall(SYS_process_madvise, 99, v, 2, MADV_COLD, 0));
}

static void descriptors(void)
{
	int fd = syscall(SYS_pidfd_getfd, child_fd, 20, 0);

	printf("%d cloexec %d\n", fd > 0, fcntl(fd, F_GETFD));
	close(fd);
	SAY(syscall(SYS_pidfd_getfd, child_fd, 21, 0));
	SAY(syscall(SYS_pidfd_getfd, child_fd, -1, 0));
	SAY(syscall(SYS_pidfd_getfd, child_fd, 20, 1));
	SAY(syscall(SYS_pidfd_getfd, 0, 20, 0));
	SAY(syscall(SYS_pidfd_getfd, 99, 20, 0));
}

static void release(void)
{
	int st;

	SAY(syscall(SYS_process_mrelease, child_fd, 0)); /* it lives */
	SAY(syscall(SYS_process_mrelease, child_fd, 1));
	SAY(syscall(SYS_process_mrelease, 0, 0));
	SAY(syscall(SYS_process_mrelease, 99, 0));
	kill(pid, SIGKILL);
	waitid(P_PID, pid, NULL, WEXITED | WNOWAIT);
	SAY(syscall(SYS_process_mrelease, child_fd, 0)); /* it is a zombie */
	SAY(syscall(SYS_pidfd_getfd, child_fd, 20, 0));
	waitpid(pid, &st, 0);
	printf("status %x\n", st);
	SAY(syscall(SYS_process_mrelease, child_fd, 0));
	SAY(syscall(SYS_pidfd_getfd, child_fd, 20, 0));
	SAY(syscall(SYS_process_madvise, child_fd, NULL, 0, MADV_COLD, 0));
}

int main(void)
{
	char *m;

	m = child();
	advise(m);
	descriptors();
	release();
	return 0;
}
