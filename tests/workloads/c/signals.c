/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signals.c: signals between processes: a ping-pong of 500 rounds, queued
 * values in order, a stop and a continue that the parent sees, and an end by
 * SIGKILL.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 500
#define QUEUED 20

static int wait_for(const sigset_t *set)
{
	siginfo_t si;

	return sigwaitinfo(set, &si) < 0 ? -1 : si.si_value.sival_int;
}

static void child(const sigset_t *set)
{
	int order = 0;

	for (int i = 0; i < ROUNDS; i++) {
		wait_for(set);
		kill(getppid(), SIGUSR1);
	}
	pause(); /* SIGUSR2: the queue is full now */
	for (int i = 0; i < QUEUED; i++)
		order += wait_for(set) == i;
	_exit(order);
}

static volatile sig_atomic_t twos;

static void on_two(int signo)
{
	(void)signo;
	twos++;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_two };
	int st, stopped, continued;
	sigset_t set;
	pid_t p;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	p = fork();
	if (!p)
		child(&set);
	for (int i = 0; i < ROUNDS; i++) {
		kill(p, SIGUSR1);
		wait_for(&set);
	}
	for (int i = 0; i < QUEUED; i++)
		if (sigqueue(p, SIGRTMIN, (union sigval){ .sival_int = i }))
			return 1;
	while (waitpid(p, &st, WNOHANG) == 0) {
		kill(p, SIGUSR2);
		usleep(1000);
	}
	printf("rounds %d, in order %d\n", ROUNDS, WEXITSTATUS(st));
	p = fork();
	if (!p)
		for (;;)
			pause();
	kill(p, SIGSTOP);
	stopped = waitpid(p, &st, WUNTRACED) == p && WIFSTOPPED(st);
	kill(p, SIGCONT);
	continued = waitpid(p, &st, WCONTINUED) == p && WIFCONTINUED(st);
	kill(p, SIGKILL);
	waitpid(p, &st, 0);
	printf("stopped %d, continued %d, killed by %d\n", stopped, continued,
	       WTERMSIG(st));
	return 0;
}
