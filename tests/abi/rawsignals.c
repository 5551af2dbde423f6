/* SPDX-License-Identifier: Apache-2.0 */
/* rawsignals.c: the signal calls without the C library: structures, set sizes,
 * bad pointers, who may queue what, how calls begin again */
#include "abi.h"

#include <sys/signalfd.h>

#define BAD ((void *)8)

struct ksigaction {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

#define RESTORER 0x04000000UL
#define BIT(sig) (1UL << ((sig)-1))

extern void restorer(void);
__asm__(".globl restorer\nrestorer:\n\tmov $15, %eax\n\tsyscall\n\thlt\n");

static volatile int got, code, value, ran;
static uint64_t set, old;
static siginfo_t info;
static struct timespec zero, tenth = { 0, 100000000 };
static int me;

static void on(int s)
{
	got = s;
	ran++;
}

static void on_info(int s, siginfo_t *si, void *u)
{
	got = s;
	code = si->si_code;
	value = si->si_value.sival_int;
}

static void actions(void)
{
	struct ksigaction a = { on, RESTORER, restorer, ~0UL }, o;

	SAY(syscall(SYS_rt_sigaction, SIGUSR1, &a, NULL, 8));
	SAY(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &o, 8));
	printf("%d %lx %d %lx\n", o.handler == on, o.flags,
	       o.restorer == restorer, o.mask);
	SAY(syscall(SYS_tkill, me, SIGUSR1));
	printf("got %d\n", got);
	SAY(syscall(SYS_rt_sigaction, SIGUSR1, &a, &o, 7));
	SAY(syscall(SYS_rt_sigaction, SIGUSR1, &a, &o, 16));
	SAY(syscall(SYS_rt_sigaction, SIGUSR1, &a, &o, 0));
	SAY(syscall(SYS_rt_sigaction, 0, &a, &o, 8));
	SAY(syscall(SYS_rt_sigaction, -1, &a, &o, 8));
	SAY(syscall(SYS_rt_sigaction, 65, &a, &o, 8));
	SAY(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8));
	SAY(syscall(SYS_rt_sigaction, 64, &a, NULL, 8));
	SAY(syscall(SYS_rt_sigaction, SIGKILL, &a, NULL, 8));
	SAY(syscall(SYS_rt_sigaction, SIGSTOP, &a, NULL, 8));
	SAY(syscall(SYS_rt_sigaction, SIGKILL, NULL, &o, 8));
	printf("%d\n", o.handler == SIG_DFL);
	SAY(syscall(SYS_rt_sigaction, SIGUSR1, BAD, NULL, 8));
	SAY(syscall(SYS_rt_sigaction, 99, BAD, NULL, 8));
	a.flags = ~0UL;
	a.mask = BIT(SIGKILL) | BIT(SIGSTOP) | BIT(SIGUSR2);
	SAY(syscall(SYS_rt_sigaction, SIGUSR2, &a, BAD, 8));
	SAY(syscall(SYS_rt_sigaction, SIGUSR2, NULL, &o, 8));
	printf("set all the same: %d %lx %lx\n", o.handler == on, o.flags,
	       o.mask);
	a.flags = RESTORER;
	a.handler = SIG_DFL;
	SAY(syscall(SYS_rt_sigaction, SIGUSR2, &a, &o, 8));
	SAY(syscall(SYS_rt_sigaction, 64, &a, &o, 8));
	printf("%d %lx %lx\n", o.handler == on, o.flags, o.mask);
	SAY(syscall(SYS_rt_sigaction, SIGUSR2, NULL, NULL, 8));
}

static void masks(void)
{
	struct ksigaction a = { SIG_IGN, RESTORER, restorer, 0 };

	set = BIT(SIGUSR1) | BIT(SIGKILL) | BIT(SIGSTOP) | BIT(64);
	SAY(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8));
	SAY(syscall(SYS_rt_sigprocmask, 77, NULL, &old, 8));
	printf("%lx\n", old);
	set = BIT(SIGUSR2);
	SAY(syscall(SYS_rt_sigprocmask, 77, &set, &old, 8));
	SAY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 4));
	SAY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &old, 9));
	SAY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, BAD, &old, 8));
	SAY(syscall(SYS_rt_sigprocmask, 77, BAD, &old, 8));
	SAY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, BAD, 8));
	SAY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &old, 8));
	printf("blocked all the same: %lx\n", old);
	SAY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, BAD, 8));
	SAY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, NULL, 8));
	SAY(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, &set, 8));
	printf("%lx\n", set);
	old = ~0UL;
	SAY(syscall(SYS_rt_sigpending, &old, 8));
	printf("%lx\n", old);
	syscall(SYS_tkill, me, SIGUSR1);
	syscall(SYS_tgkill, me, me, 64);
	SAY(syscall(SYS_rt_sigpending, &old, 8));
	printf("%lx\n", old);
	old = ~0UL;
	SAY(syscall(SYS_rt_sigpending, &old, 4));
	printf("half: %lx\n", old);
	old = ~0UL;
	SAY(syscall(SYS_rt_sigpending, &old, 0));
	printf("nothing: %lx\n", old);
	SAY(syscall(SYS_rt_sigpending, &old, 9));
	SAY(syscall(SYS_rt_sigpending, BAD, 8));
	SAY(syscall(SYS_rt_sigpending, BAD, 0));
	syscall(SYS_rt_sigaction, SIGUSR1, &a, NULL, 8);
	SAY(syscall(SYS_rt_sigpending, &old, 8));
	printf("ignored: %lx\n", old);
	syscall(SYS_tkill, me, SIGUSR1);
	SAY(syscall(SYS_rt_sigpending, &old, 8));
	printf("ignored, blocked: %lx\n", old);
	a.handler = on;
	syscall(SYS_rt_sigaction, SIGUSR1, &a, NULL, 8);
	syscall(SYS_rt_sigaction, 64, &a, NULL, 8);
	ran = 0;
	set = 0;
	SAY(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8));
	printf("ran %d\n", ran);
}

/* What is blocked stays so, what is not runs its handler while waiting. */
static void timedwait(void)
{
	struct timespec bad1 = { 0, 1000000000 }, bad2 = { -1, 0 },
			bad3 = { 0, -1 };
	uint64_t none = 0;

	set = BIT(SIGUSR1) | BIT(SIGRTMIN + 3);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
	SAY(syscall(SYS_rt_sigtimedwait, &set, &info, &zero, 8));
	SAY(syscall(SYS_rt_sigtimedwait, &set, NULL, &tenth, 8));
	SAY(syscall(SYS_rt_sigtimedwait, &none, NULL, &tenth, 8));
	SAY(syscall(SYS_rt_sigtimedwait, &set, &info, &bad1, 8));
	SAY(syscall(SYS_rt_sigtimedwait, &set, &info, &bad2, 8));
	SAY(syscall(SYS_rt_sigtimedwait, &set, &info, &bad3, 8));
	SAY(syscall(SYS_rt_sigtimedwait, &set, &info, BAD, 8));
	SAY(syscall(SYS_rt_sigtimedwait, BAD, &info, &zero, 8));
	SAY(syscall(SYS_rt_sigtimedwait, &set, &info, &zero, 4));
	SAY(syscall(SYS_rt_sigtimedwait, &set, BAD, &zero, 8));
	syscall(SYS_tkill, me, SIGUSR1);
	SAY(syscall(SYS_rt_sigtimedwait, &set, BAD, &zero, 8));
	SAY(syscall(SYS_rt_sigtimedwait, &set, &info, &zero, 8));
	syscall(SYS_tkill, me, SIGUSR1);
	SAY(syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 8));
	printf("%d %d %d %d\n", info.si_signo, info.si_code, info.si_errno,
	       info.si_pid == me);
	kill(me, SIGUSR1);
	SAY(syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 8));
	printf("%d %d\n", info.si_signo, info.si_code);
	/* the lowest first, SIGKILL never */
	syscall(SYS_tkill, me, SIGRTMIN + 3);
	syscall(SYS_tkill, me, SIGUSR1);
	SAY(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8));
	none = BIT(SIGKILL);
	SAY(syscall(SYS_rt_sigtimedwait, &none, NULL, &zero, 8));
	SAY(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8) - SIGRTMIN);
}

static void *sender(void *arg)
{
	usleep(50000);
	syscall(SYS_tgkill, me, me, (int)(long)arg);
	return NULL;
}

static void suspended(void)
{
	struct ksigaction a = { on, RESTORER | SA_RESTART, restorer, 0 };
	pthread_t t;

	syscall(SYS_rt_sigaction, SIGUSR1, &a, NULL, 8);
	syscall(SYS_rt_sigaction, SIGUSR2, &a, NULL, 8);
	set = BIT(SIGUSR1) | BIT(SIGUSR2);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
	syscall(SYS_tkill, me, SIGUSR1);
	syscall(SYS_tkill, me, SIGUSR2);
	got = 0;
	set = BIT(SIGUSR1) | BIT(SIGKILL);
	SAY(syscall(SYS_rt_sigsuspend, &set, 8));
	printf("got %d\n", got);
	syscall(SYS_rt_sigprocmask, 0, NULL, &old, 8);
	printf("mask %lx\n", old);
	SAY(syscall(SYS_rt_sigsuspend, &set, 7));
	SAY(syscall(SYS_rt_sigsuspend, BAD, 8));
	got = 0;
	set = 0;
	SAY(syscall(SYS_rt_sigsuspend, &set, 8));
	printf("got %d\n", got);
	/* while it waits; and while another call waits, which fails without
	 * SA_RESTART's help */
	pthread_create(&t, NULL, sender, (void *)(long)SIGUSR2);
	SAY(syscall(SYS_rt_sigsuspend, &set, 8));
	pthread_join(t, NULL);
	printf("got %d\n", got);
	pthread_create(&t, NULL, sender, (void *)(long)SIGUSR2);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
	set = BIT(SIGUSR1);
	SAY(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8));
	pthread_join(t, NULL);
}

static void targets(void)
{
	SAY(syscall(SYS_tkill, 0, 0));
	SAY(syscall(SYS_tkill, -1, 0));
	SAY(syscall(SYS_tkill, me, 0));
	SAY(syscall(SYS_tkill, me, 65));
	SAY(syscall(SYS_tkill, me, -1));
	SAY(syscall(SYS_tkill, 999999999, 0));
	SAY(syscall(SYS_tkill, 999999999, 65));
	SAY(syscall(SYS_tgkill, me, me, 0));
	SAY(syscall(SYS_tgkill, 1, me, 0));
	SAY(syscall(SYS_tgkill, me, 999999999, 0));
	SAY(syscall(SYS_tgkill, 0, me, 0));
	SAY(syscall(SYS_tgkill, -1, me, 0));
	SAY(syscall(SYS_tgkill, me, 0, 0));
	SAY(syscall(SYS_tgkill, me, me, 65));
	SAY(syscall(SYS_tgkill, me, me, -1));
	fflush(stdout);
	if (!fork()) {
		setuid(1000);
		SAY(syscall(SYS_tkill, me, 0));
		SAY(syscall(SYS_tgkill, me, me, SIGUSR1));
		SAY(syscall(SYS_rt_sigqueueinfo, me, 0, &info));
		info.si_code = SI_QUEUE;
		SAY(syscall(SYS_rt_sigqueueinfo, me, SIGUSR1, &info));
		SAY(syscall(SYS_rt_tgsigqueueinfo, me, me, SIGUSR1, &info));
		SAY(syscall(SYS_tkill, getpid(), SIGKILL));
	}
	wait(NULL);
}

static void queued(void)
{
	struct ksigaction a = { (void *)on_info, RESTORER | SA_SIGINFO,
				restorer, 0 };
	int pid, st;

	syscall(SYS_rt_sigaction, SIGUSR1, &a, NULL, 8);
	memset(&info, 0, sizeof(info));
	info.si_code = SI_QUEUE;
	info.si_value.sival_int = 42;
	info.si_signo = 5;
	SAY(syscall(SYS_rt_sigqueueinfo, me, SIGUSR1, &info));
	printf("%d %d %d\n", got, code, value);
	info.si_code = -60;
	info.si_value.sival_int = 43;
	SAY(syscall(SYS_rt_tgsigqueueinfo, me, me, SIGUSR1, &info));
	printf("%d %d %d\n", got, code, value);
	info.si_code = 7; /* to oneself anything */
	SAY(syscall(SYS_rt_sigqueueinfo, me, SIGUSR1, &info));
	printf("%d %d\n", got, code);
	info.si_code = SI_TKILL;
	SAY(syscall(SYS_rt_tgsigqueueinfo, me, me, SIGUSR1, &info));
	printf("%d %d\n", got, code);
	SAY(syscall(SYS_rt_sigqueueinfo, me, 65, &info));
	SAY(syscall(SYS_rt_sigqueueinfo, me, -1, &info));
	SAY(syscall(SYS_rt_sigqueueinfo, me, 0, &info));
	SAY(syscall(SYS_rt_sigqueueinfo, me, SIGUSR1, BAD));
	SAY(syscall(SYS_rt_sigqueueinfo, 999999999, SIGUSR1, BAD));
	info.si_code = SI_QUEUE;
	SAY(syscall(SYS_rt_sigqueueinfo, 999999999, SIGUSR1, &info));
	SAY(syscall(SYS_rt_sigqueueinfo, 0, SIGUSR1, &info));
	SAY(syscall(SYS_rt_sigqueueinfo, -me, SIGUSR1, &info));
	SAY(syscall(SYS_rt_tgsigqueueinfo, 0, me, SIGUSR1, &info));
	SAY(syscall(SYS_rt_tgsigqueueinfo, me, 0, SIGUSR1, &info));
	SAY(syscall(SYS_rt_tgsigqueueinfo, me, -1, SIGUSR1, &info));
	SAY(syscall(SYS_rt_tgsigqueueinfo, 1, me, SIGUSR1, &info));
	SAY(syscall(SYS_rt_tgsigqueueinfo, me, me, 65, &info));
	SAY(syscall(SYS_rt_tgsigqueueinfo, me, me, SIGUSR1, BAD));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	info.si_code = SI_USER;
	SAY(syscall(SYS_rt_sigqueueinfo, pid, SIGKILL, &info));
	SAY(syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGKILL, &info));
	info.si_code = SI_KERNEL;
	SAY(syscall(SYS_rt_sigqueueinfo, pid, SIGKILL, &info));
	info.si_code = SI_TKILL;
	SAY(syscall(SYS_rt_sigqueueinfo, pid, SIGKILL, &info));
	SAY(syscall(SYS_rt_sigqueueinfo, 999999999, SIGKILL, &info));
	info.si_code = SI_QUEUE;
	SAY(syscall(SYS_rt_sigqueueinfo, pid, SIGKILL, &info));
	SAY(waitpid(pid, &st, 0) == pid);
	printf("status %x\n", st);
}

/* rt_sigreturn with no frame under it kills; so does one that lies. */
static void bad_returns(void)
{
	int st;

	fflush(stdout);
	if (!fork()) {
		__asm__ volatile("xor %%esp, %%esp\n\tmov %0, %%eax\n\tsyscall"
				 :
				 : "i"(SYS_rt_sigreturn)
				 : "memory");
	}
	wait(&st);
	printf("no frame: %x\n", st);
	if (!fork()) {
		/* zeros: cs 0, ip 0 */
		static char zeros[8192];

		__asm__ volatile("mov %0, %%rsp\n\tmov %1, %%eax\n\tsyscall"
				 :
				 : "r"(zeros + 4096), "i"(SYS_rt_sigreturn)
				 : "memory");
	}
	wait(&st);
	printf("a frame of zeros: %x\n", st & 0x7f);
	if (!fork()) {
		static unsigned char ones[8192];

		memset(ones, 0xff, sizeof(ones));
		__asm__ volatile("mov %0, %%rsp\n\tmov %1, %%eax\n\tsyscall"
				 :
				 : "r"(ones + 4096), "i"(SYS_rt_sigreturn)
				 : "memory");
	}
	wait(&st);
	printf("a frame of ones: %x\n", st & 0x7f);
}

/* The handler's frame is the registers': what it writes there comes true. */
static void edit(int s, siginfo_t *si, void *u)
{
	ucontext_t *c = u;

	(void)si;
	got = s;
	c->uc_mcontext.gregs[REG_RBX] = 0x1234;
	*(uint64_t *)&c->uc_sigmask = BIT(SIGHUP) | BIT(SIGKILL);
}

static void good_return(void)
{
	struct ksigaction a = { (void *)edit, RESTORER | SA_SIGINFO, restorer,
				0 };
	long rbx, r;

	set = BIT(SIGUSR2);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
	syscall(SYS_rt_sigaction, SIGUSR1, &a, NULL, 8);
	__asm__ volatile("xor %%ebx, %%ebx\n\tsyscall\n\tmov %%rbx, %1"
			 : "=a"(r), "=&r"(rbx)
			 : "0"(SYS_tkill), "D"((long)me), "S"((long)SIGUSR1)
			 : "rbx", "rcx", "r11", "memory");
	syscall(SYS_rt_sigprocmask, 0, NULL, &old, 8);
	printf("rax %ld rbx %lx mask %lx\n", r, rbx, old);
	set = 0;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
}

static long ms_since(const struct timespec *t)
{
	struct timespec n;

	clock_gettime(CLOCK_MONOTONIC, &n);
	return (n.tv_sec - t->tv_sec) * 1000 +
	       (n.tv_nsec - t->tv_nsec) / 1000000;
}

/* A sleep that is stopped and continued goes on, by restart_syscall. */
static void restarts(void)
{
	struct timespec t, d = { 0, 400000000 };
	struct pollfd none;
	int pid, st;

	SAY(syscall(SYS_restart_syscall));
	SAY(syscall(SYS_restart_syscall));
	fflush(stdout);
	for (int how = 0; how < 3; how++) {
		pid = fork();
		if (!pid) {
			long r;

			clock_gettime(CLOCK_MONOTONIC, &t);
			if (how == 0)
				r = syscall(SYS_nanosleep, &d, NULL);
			else if (how == 1)
				r = syscall(SYS_clock_nanosleep,
					    CLOCK_MONOTONIC, 0, &d, NULL);
			else
				r = syscall(SYS_poll, &none, 0, 400);
			say("sleep", r);
			printf("long enough %d, not twice %d\n",
			       ms_since(&t) >= 400, ms_since(&t) < 3000);
			fflush(stdout);
			_exit(0);
		}
		usleep(100000);
		kill(pid, SIGSTOP);
		waitpid(pid, &st, WUNTRACED);
		printf("stopped %x\n", st);
		fflush(stdout);
		kill(pid, SIGCONT);
		waitpid(pid, &st, 0);
		printf("status %x\n", st);
		fflush(stdout);
	}
}

static void descriptors(void)
{
	struct signalfd_siginfo s[3];
	int fd, p[2];

	pipe(p);
	set = BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(SIGKILL);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
	fd = syscall(SYS_signalfd4, -1, &set, 8, SFD_NONBLOCK | SFD_CLOEXEC);
	printf("%d %x %x\n", fd >= 0, fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
	SAY(syscall(SYS_signalfd4, -1, &set, 8, 1));
	SAY(syscall(SYS_signalfd4, -1, &set, 4, 0));
	SAY(syscall(SYS_signalfd4, -1, &set, 9, 0));
	SAY(syscall(SYS_signalfd4, -1, BAD, 8, 0));
	SAY(syscall(SYS_signalfd4, -1, BAD, 8, 1));
	SAY(syscall(SYS_signalfd4, 999, &set, 8, 0));
	SAY(syscall(SYS_signalfd4, -2, &set, 8, 0));
	SAY(syscall(SYS_signalfd4, p[0], &set, 8, 0));
	SAY(read(fd, s, sizeof(s)));
	SAY(read(fd, s, 127));
	syscall(SYS_tkill, me, SIGUSR2);
	kill(me, SIGUSR1);
	SAY(read(fd, s, sizeof(s[0]) - 1));
	SAY(read(fd, s, sizeof(s) - 1));
	printf("%d %d, %d %d\n", s[0].ssi_signo, s[0].ssi_code, s[1].ssi_signo,
	       s[1].ssi_code);
	/* the mask is replaced, the flags are not */
	old = BIT(SIGUSR2);
	SAY(syscall(SYS_signalfd4, fd, &old, 8, 0) == fd);
	kill(me, SIGUSR1);
	SAY(read(fd, s, sizeof(s)));
	SAY(write(fd, s, sizeof(s)));
	kill(me, SIGUSR2);
	SAY(read(fd, BAD, sizeof(s)));
	SAY(read(fd, s, sizeof(s)));
	SAY(syscall(SYS_signalfd, fd, &set, 8) == fd);
	SAY(read(fd, s, sizeof(s)));
	SAY(close(fd));
}

static void by_pidfd(void)
{
	int self = syscall(SYS_pidfd_open, me, 0), fd, pid, st;

	set = 0;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
	struct ksigaction a = { (void *)on_info, RESTORER | SA_SIGINFO,
				restorer, 0 };

	syscall(SYS_rt_sigaction, SIGUSR1, &a, NULL, 8);
	SAY(syscall(SYS_pidfd_send_signal, self, SIGUSR1, NULL, 0));
	printf("%d %d\n", got, code);
	memset(&info, 0, sizeof(info));
	info.si_signo = SIGUSR1;
	info.si_code = SI_QUEUE;
	info.si_value.sival_int = 99;
	SAY(syscall(SYS_pidfd_send_signal, self, SIGUSR1, &info, 0));
	printf("%d %d %d\n", got, code, value);
	SAY(syscall(SYS_pidfd_send_signal, self, SIGUSR2, &info, 0));
	SAY(syscall(SYS_pidfd_send_signal, self, SIGUSR1, BAD, 0));
	SAY(syscall(SYS_pidfd_send_signal, self, 0, NULL, 0));
	SAY(syscall(SYS_pidfd_send_signal, self, 65, NULL, 0));
	SAY(syscall(SYS_pidfd_send_signal, self, SIGUSR1, NULL, 0x100));
	SAY(syscall(SYS_pidfd_send_signal, -1, SIGUSR1, NULL, 0));
	SAY(syscall(SYS_pidfd_send_signal, 0, SIGUSR1, NULL, 0));
	fflush(stdout);
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	fd = syscall(SYS_pidfd_open, pid, 0);
	info.si_code = SI_USER;
	SAY(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, &info, 0));
	SAY(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0));
	waitpid(pid, &st, 0);
	printf("status %x\n", st);
	SAY(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	SAY(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0));
	close(fd);
	close(self);
}

int main(void)
{
	me = getpid();
	actions();
	masks();
	timedwait();
	suspended();
	targets();
	queued();
	good_return();
	bad_returns();
	restarts();
	descriptors();
	by_pidfd();
	return 0;
}
