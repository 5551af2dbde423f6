/* SPDX-License-Identifier: Apache-2.0 */
/* signals.c: handlers, masks, pending, altstack, siginfo, restart */
#include "abi.h"

static volatile sig_atomic_t got, code, value;

static void on(int s)
{
	got = s;
}

static void on_info(int s, siginfo_t *si, void *u)
{
	(void)u;
	got = s;
	code = si->si_code;
	value = si->si_value.sival_int;
}

static char alt[65536];
static volatile int on_alt;

static void on_segv(int s, siginfo_t *si, void *u)
{
	char here;

	(void)u;
	on_alt = &here >= alt && &here < alt + sizeof(alt);
	printf("segv %d code %d addr %p alt %d\n", s, si->si_code, si->si_addr,
	       on_alt);
	fflush(stdout);
	_exit(0);
}

/* Denormals-are-zero is MXCSR's bit 6: it outlives a handler. */
static void daz(void)
{
	unsigned mxcsr = 0x1fc0, after;

	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	raise(SIGWINCH);
	__asm__ volatile("stmxcsr %0" : "=m"(after));
	printf("mxcsr %x\n", after & 0xffc0);
	mxcsr = 0x1f80;
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

static void nothing(int s)
{
	(void)s;
}

static pthread_barrier_t both;

static void *blocks(void *arg)
{
	sigset_t set;

	(void)arg;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 3);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_barrier_wait(&both);
	pthread_barrier_wait(&both); /* sent, then ignored */
	sigpending(&set);
	printf("of a thread pend %d %d\n", sigismember(&set, SIGUSR1),
	       sigismember(&set, SIGRTMIN + 3));
	return NULL;
}

/* What is ignored pends nowhere, for no thread; of a timer, which may go on. */
static void discarded(void)
{
	pthread_t t;

	signal(SIGUSR1, on);
	signal(SIGRTMIN + 3, on);
	pthread_barrier_init(&both, NULL, 2);
	pthread_create(&t, NULL, blocks, NULL);
	pthread_barrier_wait(&both);
	pthread_kill(t, SIGUSR1);
	pthread_kill(t, SIGRTMIN + 3);
	pthread_kill(t, SIGRTMIN + 3);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGRTMIN + 3, SIG_IGN);
	pthread_barrier_wait(&both);
	pthread_join(t, NULL);
}

/* A siginfo that says it is a timer's, from no timer. */
static void forged(void)
{
	struct sigaction sa = { .sa_sigaction = on_info,
				.sa_flags = SA_SIGINFO };
	siginfo_t si;

	memset(&si, 0, sizeof(si));
	si.si_code = SI_TIMER;
	si.si_value.sival_int = 77;
	sigaction(SIGUSR1, &sa, NULL);
	SAY(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &si));
	printf("code %d value %d\n", code, value);
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on };
	sigset_t set, old;
	int fds[2], st;
	char c;
	struct timespec ts = { 0, 1000000 };

	SAY(sigaction(SIGUSR1, &sa, NULL));
	SAY(sigaction(SIGKILL, &sa, NULL));
	SAY(sigaction(65, &sa, NULL));
	raise(SIGUSR1);
	printf("got %d\n", got);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	SAY(sigprocmask(SIG_BLOCK, &set, &old));
	got = 0;
	raise(SIGUSR1);
	printf("blocked: got %d\n", got);
	sigpending(&set);
	printf("pending %d %d\n", sigismember(&set, SIGUSR1),
	       sigismember(&set, SIGUSR2));
	SAY(sigsuspend(&old));
	printf("got %d\n", got);
	sa.sa_sigaction = on_info;
	sa.sa_flags = SA_SIGINFO;
	sigaction(SIGRTMIN, &sa, NULL);
	SAY(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 42 }));
	printf("rt %d code %d value %d\n", got == SIGRTMIN, code, value);
	SAY(kill(getpid(), 0));
	SAY(kill(999999, 0));
	SAY(kill(getpid(), 100));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	SAY(sigtimedwait(&set, NULL, &ts));
	kill(getpid(), SIGUSR2);
	SAY(sigtimedwait(&set, NULL, &ts));
	pipe(fds);
	sa.sa_handler = on;
	sa.sa_flags = 0;
	sigaction(SIGALRM, &sa, NULL);
	ualarm(20000, 0);
	SAY(read(fds[0], &c, 1));
	sa.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &sa, NULL);
	if (!fork()) {
		usleep(100000);
		write(fds[1], "x", 1);
		_exit(0);
	}
	ualarm(20000, 0);
	SAY(read(fds[0], &c, 1));
	wait(&st);
	signal(SIGPIPE, on);
	close(fds[0]);
	got = 0;
	SAY(write(fds[1], "x", 1));
	printf("got %d\n", got);
	if (!fork()) {
		stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) };

		SAY(sigaltstack(&ss, NULL));
		sa.sa_sigaction = on_segv;
		sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
		sigaction(SIGSEGV, &sa, NULL);
		*(volatile int *)16 = 1;
	}
	wait(&st);
	printf("status %x\n", st);
	signal(SIGWINCH, nothing);
	daz();
	discarded();
	sigprocmask(SIG_SETMASK, &old, NULL);
	forged();
	return 0;
}
