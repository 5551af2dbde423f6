/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp.c: filters and strict mode, what they refuse and what they do */
#include "abi.h"

#include <sys/prctl.h>
#include <stddef.h>

struct insn {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};
struct prog {
	uint16_t len;
	struct insn *insn;
};
#define LD(o)                                                                  \
	{                                                                      \
		0x20, 0, 0, o                                                  \
	}
#define JEQ(v, t, f)                                                           \
	{                                                                      \
		0x15, t, f, v                                                  \
	}
#define RET(v)                                                                 \
	{                                                                      \
		0x06, 0, 0, v                                                  \
	}
#define ERRNO(e) (0x50000 | (e))
#define ALLOW    0x7fff0000
#define N(a)     (sizeof(a) / sizeof((a)[0]))
static int st;

static int filter(unsigned flags, struct insn *i, unsigned n)
{
	struct prog p = { n, i };

	return syscall(SYS_seccomp, 1, flags, &p);
}

/* Answers `with` for system call nr, else allows. */
static int on_call(unsigned flags, int nr, unsigned with)
{
	struct insn i[] = { LD(0), JEQ(nr, 0, 1), RET(with), RET(ALLOW) };

	return filter(flags, i, N(i));
}

static void in_child(const char *what, void (*fn)(void))
{
	fflush(stdout);
	if (!fork()) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		fn();
		fflush(stdout);
		_exit(3);
	}
	wait(&st);
	if (WIFSIGNALED(st))
		printf("%s: signal %d\n", what, WTERMSIG(st));
	else
		printf("%s: status %d\n", what, WEXITSTATUS(st));
}

static void refusals(void)
{
	struct insn none[] = { RET(ALLOW) };
	struct insn no_ret[] = { LD(0) };
	struct insn far[] = { JEQ(1, 5, 0), RET(0) };
	struct insn odd[] = { LD(2), RET(0) };
	struct insn out[] = { LD(64), RET(0) };
	struct insn div[] = { { 0x34, 0, 0, 0 }, RET(0) };
	struct insn mod[] = { { 0x94, 0, 0, 3 }, RET(0) };
	struct insn mem[] = { { 0x02, 0, 0, 16 }, RET(0) };
	unsigned a = ALLOW;

	SAY(filter(0, none, 0));
	SAY(filter(0, none, 5000));
	SAY(filter(1 << 20, none, 1));
	SAY(filter(0, no_ret, 1));
	SAY(filter(0, far, 2));
	SAY(filter(0, odd, 2));
	SAY(filter(0, out, 2));
	SAY(filter(0, div, 2));
	SAY(filter(0, mod, 2));
	SAY(filter(0, mem, 2));
	SAY(filter(0, (void *)8, 2));
	SAY(syscall(SYS_seccomp, 0, 1, 0));
	SAY(syscall(SYS_seccomp, 99, 0, 0));
	SAY(syscall(SYS_seccomp, 2, 0, &a));
	a = 0x12340000;
	SAY(syscall(SYS_seccomp, 2, 0, &a));
	SAY(prctl(PR_GET_SECCOMP));
	SAY(prctl(PR_SET_SECCOMP, 7, 0));
}

static void unprivileged(void)
{
	struct insn none[] = { RET(ALLOW) };

	if (!fork()) {
		setuid(12);
		SAY(filter(0, none, 1));
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		SAY(filter(0, none, 1));
		_exit(0);
	}
	wait(&st);
}

static void errnos(void)
{
	SAY(on_call(0, SYS_getppid, ERRNO(ENOTTY)));
	SAY(syscall(SYS_getppid));
	SAY(on_call(0, SYS_getppid, ERRNO(EBUSY)));
	SAY(syscall(SYS_getppid));
	SAY(on_call(0, SYS_getuid, ERRNO(0)));
	SAY(syscall(SYS_getuid));
	SAY(on_call(0, SYS_getuid, ERRNO(5000)));
	printf("%d\n", syscall(SYS_getuid) == -1 ? errno : 0);
	SAY(on_call(2, SYS_getgid, 0x7ffc0000));
	SAY(syscall(SYS_getgid));
	SAY(prctl(PR_GET_SECCOMP));
	SAY(on_call(0, SYS_getegid, 0x7ff00000));
	SAY(syscall(SYS_getegid));
	if (!fork()) {
		SAY(syscall(SYS_getppid));
		execl("/bin/sh", "sh", "-c",
		      "grep -i ^Seccomp: /proc/self/status", NULL);
		_exit(1);
	}
	wait(&st);
}

/* Arguments are seen, too, and arithmetic is done. */
static void arguments(void)
{
	struct insn i[] = {
		LD(0),
		JEQ(SYS_dup, 0, 9),
		LD(16),            /* low half of the first argument */
		{ 0x07, 0, 0, 0 }, /* X = A */
		{ 0x00, 0, 0, 40 },
		{ 0x0c, 0, 0, 0 }, /* A += X */
		{ 0x02, 0, 0, 3 },
		{ 0x60, 0, 0, 3 },
		{ 0x74, 0, 0, 1 }, /* A >>= 1 */
		JEQ(70, 0, 1),     /* (100 + 40) / 2 */
		RET(ERRNO(EXDEV)),
		RET(ALLOW),
	};

	SAY(filter(0, i, N(i)));
	SAY(dup(100));
	SAY(dup(101));
	SAY(dup(99));
}

static volatile int got, code, nr, arch, err;
static void on_sys(int s, siginfo_t *i, void *u)
{
	got = s;
	code = i->si_code;
	err = i->si_errno;
	nr = i->si_syscall;
	arch = i->si_arch;
	((ucontext_t *)u)->uc_mcontext.gregs[13] = 77; /* rax */
}

static void traps(void)
{
	struct sigaction sa = { .sa_sigaction = on_sys,
				.sa_flags = SA_SIGINFO };
	long r;

	sigaction(SIGSYS, &sa, 0);
	SAY(on_call(0, SYS_getppid, 0x30000 | 55));
	r = syscall(SYS_getppid);
	printf("%ld: %d %d %d %d %x\n", r, got, code, err, nr == SYS_getppid,
	       arch);
	signal(SIGSYS, SIG_IGN);
	syscall(SYS_getppid);
}

static void kills_thread(void)
{
	on_call(0, SYS_getppid, 0);
	syscall(SYS_getppid);
}
static void kills_process(void)
{
	on_call(0, SYS_getppid, 0x80000000);
	syscall(SYS_getppid);
}
static void kills_unknown(void)
{
	on_call(0, SYS_getppid, 0x12340000);
	syscall(SYS_getppid);
}
static void strict(void)
{
	SAY(prctl(PR_SET_SECCOMP, 1));
	write(1, "still\n", 6);
	syscall(SYS_getppid);
}
static void strict_exit(void)
{
	prctl(PR_SET_SECCOMP, 1);
	syscall(SYS_exit, 5);
}

static volatile int step;
static void *other(void *a)
{
	if (a)
		on_call(0, SYS_getgid, ERRNO(EDOM));
	step = 1;
	while (step < 2)
		usleep(1000);
	printf("allowed %d\n", syscall(SYS_getppid) > 0);
	return a;
}
static void tsync(void)
{
	pthread_t t;

	pthread_create(&t, 0, other, 0);
	while (!step)
		usleep(1000);
	SAY(on_call(1, SYS_getppid, ERRNO(ENOMEM)));
	step = 2;
	pthread_join(t, 0);
}
static void tsync_not(void)
{
	pthread_t t;

	pthread_create(&t, 0, other, &t);
	while (!step)
		usleep(1000);
	printf("%d\n", on_call(1, SYS_getppid, ERRNO(ENOMEM)) > 0);
	SAY(on_call(17, SYS_getppid, ERRNO(ENOMEM)));
	step = 2;
	pthread_join(t, 0);
}
static void *alone(void *a)
{
	on_call(0, SYS_getppid, 0);
	syscall(SYS_getppid);
	return a;
}
static void one_thread_dies(void)
{
	pthread_t t;

	pthread_create(&t, 0, alone, 0);
	usleep(50000);
	puts("the other lives");
}

int main(void)
{
	refusals();
	unprivileged();
	in_child("errnos", errnos);
	in_child("arguments", arguments);
	in_child("traps", traps);
	in_child("kill thread", kills_thread);
	in_child("kill process", kills_process);
	in_child("kill unknown", kills_unknown);
	in_child("strict", strict);
	in_child("strict exit", strict_exit);
	in_child("tsync", tsync);
	in_child("tsync not", tsync_not);
	in_child("one thread", one_thread_dies);
	return 0;
}
