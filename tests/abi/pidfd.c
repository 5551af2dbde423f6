/* SPDX-License-Identifier: Apache-2.0 */
/* pidfd.c: descriptors of processes; memory and descriptors of others */
#include "abi.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
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
#define CLONE_PIDFD_ 0x1000

static char shared_text[32] = "before";
static int st;

static int child(int how)
{
	pid_t p = fork();

	if (!p) {
		if (how)
			_exit(how);
		for (;;)
			pause();
	}
	return p;
}

static void polls(int fd, int ms)
{
	struct pollfd p = { fd, POLLIN };
	int r = poll(&p, 1, ms);

	printf("poll %d %x\n", r, p.revents);
}

static void opens(void)
{
	int p = child(0), fd;
	siginfo_t si = { 0 };

	SAY(syscall(SYS_pidfd_open, p, 1));
	SAY(syscall(SYS_pidfd_open, 0, 0));
	SAY(syscall(SYS_pidfd_open, -5, 0));
	SAY(syscall(SYS_pidfd_open, 999999, 0));
	fd = syscall(SYS_pidfd_open, p, 0);
	printf("cloexec %d\n", fcntl(fd, F_GETFD));
	polls(fd, 0);
	SAY(syscall(SYS_pidfd_send_signal, fd, 0, 0, 0));
	SAY(syscall(SYS_pidfd_send_signal, fd, 99, 0, 0));
	SAY(syscall(SYS_pidfd_send_signal, fd, 15, 0, 8192));
	SAY(syscall(SYS_pidfd_send_signal, 1, 15, 0, 0));
	si.si_code = SI_USER;
	si.si_signo = 15;
	SAY(syscall(SYS_pidfd_send_signal, fd, 15, &si, 0));
	si.si_signo = 14;
	si.si_code = SI_QUEUE;
	SAY(syscall(SYS_pidfd_send_signal, fd, 15, &si, 0));
	SAY(waitid(P_PIDFD, fd, &si, WEXITED | WNOHANG));
	SAY(waitid(P_PIDFD, 1, &si, WEXITED | WNOHANG));
	SAY(syscall(SYS_pidfd_send_signal, fd, 15, 0, 0));
	polls(fd, 5000);
	SAY(waitid(P_PIDFD, fd, &si, WEXITED));
	printf("%d %d %d\n", si.si_pid == p, si.si_code, si.si_status);
	SAY(syscall(SYS_pidfd_send_signal, fd, 0, 0, 0));
	SAY(waitid(P_PIDFD, fd, &si, WEXITED));
	close(fd);
	p = child(0);
	fd = syscall(SYS_pidfd_open, p, O_NONBLOCK);
	SAY(waitid(P_PIDFD, fd, &si, WEXITED));
	kill(p, SIGKILL);
	polls(fd, 5000);
	SAY(waitid(P_PIDFD, fd, &si, WEXITED));
	close(fd);
}

static void clones(void)
{
	int fd = -1, p;
	siginfo_t si;
	struct {
		uint64_t flags, pidfd, child, parent, sig, stack, size, tls;
	} a = { CLONE_PIDFD_, (uint64_t)&fd, 0, 0, SIGCHLD };

	p = syscall(SYS_clone3, &a, 64);
	if (!p)
		_exit(7);
	printf("clone3 %d cloexec %d\n", p > 0 && fd >= 0, fcntl(fd, F_GETFD));
	SAY(waitid(P_PIDFD, fd, &si, WEXITED));
	printf("%d\n", si.si_status);
	close(fd);
	p = syscall(SYS_clone, CLONE_PIDFD_ | SIGCHLD, 0, &fd, 0, 0);
	if (!p)
		_exit(9);
	polls(fd, 5000);
	SAY(waitid(P_PIDFD, fd, &si, WEXITED));
	printf("%d\n", si.si_status);
	close(fd);
	SAY(syscall(SYS_clone, CLONE_PIDFD_ | 0x100000 | SIGCHLD, 0, &fd, 0,
		    0));
	SAY(syscall(SYS_clone, CLONE_PIDFD_ | 0x400000 | SIGCHLD, 0, &fd, 0,
		    0));
	a.pidfd = 8;
	SAY(syscall(SYS_clone3, &a, 64));
}

static void getfds(void)
{
	int pp[2], p, fd, got;
	char b[8] = "";

	pipe(pp);
	dup2(pp[1], 50);
	p = child(0);
	close(50);
	fd = syscall(SYS_pidfd_open, p, 0);
	got = syscall(SYS_pidfd_getfd, fd, 50, 0);
	printf("getfd %d cloexec %d\n", got > 0, fcntl(got, F_GETFD));
	write(got, "hello", 5);
	SAY(read(pp[0], b, 8));
	SAY(syscall(SYS_pidfd_getfd, fd, 51, 0));
	SAY(syscall(SYS_pidfd_getfd, fd, 50, 1));
	SAY(syscall(SYS_pidfd_getfd, 0, 50, 0));
	SAY(syscall(SYS_kcmp, getpid(), p, 0, got, 50));
	SAY(syscall(SYS_kcmp, getpid(), getpid(), 0, got, pp[1]));
	printf("%d\n", syscall(SYS_kcmp, getpid(), p, 0, got, 0) > 0);
	SAY(syscall(SYS_kcmp, getpid(), p, 0, 99, 50));
	printf("%d\n", syscall(SYS_kcmp, getpid(), p, 1, 0, 0) > 0);
	SAY(syscall(SYS_kcmp, getpid(), getpid(), 1, 0, 0));
	SAY(syscall(SYS_kcmp, getpid(), getpid(), 2, 0, 0));
	SAY(syscall(SYS_kcmp, getpid(), 999999, 2, 0, 0));
	SAY(syscall(SYS_kcmp, getpid(), getpid(), 77, 0, 0));
	kill(p, SIGKILL);
	wait(&st);
	SAY(syscall(SYS_pidfd_getfd, fd, 50, 0));
	close(fd);
}

static void memories(void)
{
	char b[64] = "", *none = mmap(0, 8192, 3, 0x22, -1, 0);
	struct iovec l = { b, 10 }, r = { shared_text, 10 };
	struct iovec two[2] = { { b, 3 }, { b + 10, 20 } };
	struct iovec parts[2] = { { shared_text, 5 }, { shared_text + 8, 6 } };
	int p, fd;

	mprotect(none + 4096, 4096, PROT_NONE);
	p = child(0);
	strcpy(shared_text, "parent's");
	SAY(process_vm_readv(p, &l, 1, &r, 1, 0));
	puts(b);
	strcpy(b, "written");
	SAY(process_vm_writev(p, &l, 1, &r, 1, 0));
	memset(b, 0, sizeof(b));
	SAY(process_vm_readv(p, two, 2, parts, 2, 0));
	printf("%.3s|%s\n", b, b + 10);
	r.iov_base = none + 4090;
	SAY(process_vm_readv(p, &l, 1, &r, 1, 0));
	r.iov_base = none + 4096;
	SAY(process_vm_readv(p, &l, 1, &r, 1, 0));
	SAY(process_vm_readv(p, &l, 1, &r, 1, 1));
	SAY(process_vm_readv(p, &l, -1, &r, 1, 0));
	SAY(process_vm_readv(999999, &l, 1, &r, 1, 0));
	l.iov_base = (void *)8;
	r.iov_base = shared_text;
	SAY(process_vm_readv(p, &l, 1, &r, 1, 0));
	fd = syscall(SYS_pidfd_open, p, 0);
	r.iov_base = none;
	r.iov_len = 4096;
	SAY(syscall(SYS_process_madvise, fd, &r, 1, 20, 0));
	SAY(syscall(SYS_process_madvise, fd, &r, 1, 4, 0));
	SAY(syscall(SYS_process_madvise, fd, &r, 1, 20, 1));
	SAY(syscall(SYS_process_mrelease, fd, 0));
	SAY(syscall(SYS_process_mrelease, fd, 1));
	kill(p, SIGKILL);
	polls(fd, 5000);
	wait(&st);
	SAY(syscall(SYS_process_mrelease, fd, 0));
	polls(fd, 0);
	close(fd);
}

/* As somebody else: nobody may look into a process of root's. */
static void others(void)
{
	int p = child(0), fd = syscall(SYS_pidfd_open, p, 0);
	char b[8];
	struct iovec l = { b, 8 }, r = { shared_text, 8 };

	if (!fork()) {
		setgid(5);
		setuid(5);
		SAY(process_vm_readv(p, &l, 1, &r, 1, 0));
		SAY(syscall(SYS_pidfd_getfd, fd, 0, 0));
		SAY(syscall(SYS_kcmp, getpid(), p, 1, 0, 0));
		SAY(syscall(SYS_pidfd_send_signal, fd, 9, 0, 0));
		SAY(syscall(SYS_process_madvise, fd, &r, 1, 20, 0));
		_exit(0);
	}
	wait(&st);
	kill(p, 9);
	wait(&st);
}

/* A directory of /proc is as good as a pidfd for sending signals. */
static void proc_directories(void)
{
	int p = child(0), fd, none;
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d", p);
	fd = open(name, O_RDONLY | O_DIRECTORY);
	SAY(syscall(SYS_pidfd_send_signal, fd, 0, 0, 0));
	SAY(syscall(SYS_pidfd_send_signal, fd, 99, 0, 0));
	SAY(syscall(SYS_pidfd_getfd, fd, 0, 0));
	SAY(waitid(P_PIDFD, fd, NULL, WEXITED | WNOHANG));
	none = open(name, O_PATH | O_DIRECTORY);
	SAY(syscall(SYS_pidfd_send_signal, none, 0, 0, 0));
	close(none);
	snprintf(name, sizeof(name), "/proc/%d/task/%d", p, p);
	none = open(name, O_RDONLY | O_DIRECTORY);
	SAY(syscall(SYS_pidfd_send_signal, none, 0, 0, 0));
	close(none);
	none = open("/proc", O_RDONLY | O_DIRECTORY);
	SAY(syscall(SYS_pidfd_send_signal, none, 0, 0, 0));
	close(none);
	SAY(syscall(SYS_pidfd_send_signal, fd, SIGKILL, 0, 0));
	waitpid(p, &st, 0);
	printf("signal %d\n", WTERMSIG(st));
	SAY(syscall(SYS_pidfd_send_signal, fd, 0, 0, 0));
	close(fd);
}

int main(void)
{
	opens();
	proc_directories();
	clones();
	getfds();
	memories();
	others();
	return 0;
}
