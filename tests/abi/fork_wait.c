/* SPDX-License-Identifier: Apache-2.0 */
/* fork_wait.c: fork, wait, exit statuses, orphans */
#include "abi.h"

int main(void)
{
	int st;
	pid_t p, q;
	siginfo_t si;

	SAY(wait(&st));
	for (int i = 0; i < 3; i++) {
		if (!(p = fork()))
			_exit(i * 7);
		printf("%d\n", waitpid(p, &st, 0) == p);
		printf("exited %d code %d\n", WIFEXITED(st), WEXITSTATUS(st));
	}
	if (!(p = fork())) {
		raise(SIGTERM);
		_exit(0);
	}
	waitpid(p, &st, 0);
	printf("signaled %d sig %d\n", WIFSIGNALED(st), WTERMSIG(st));
	if (!(p = fork()))
		abort();
	waitpid(p, &st, 0);
	printf("signaled %d sig %d\n", WIFSIGNALED(st), WTERMSIG(st));
	if (!(p = fork())) {
		pause();
		_exit(0);
	}
	SAY(waitpid(p, &st, WNOHANG));
	kill(p, SIGSTOP);
	printf("%d\n", waitpid(p, &st, WUNTRACED) == p);
	printf("stopped %d sig %d\n", WIFSTOPPED(st), WSTOPSIG(st));
	kill(p, SIGCONT);
	printf("%d\n", waitpid(p, &st, WCONTINUED) == p);
	printf("continued %d\n", WIFCONTINUED(st));
	kill(p, SIGKILL);
	memset(&si, 0, sizeof(si));
	SAY(waitid(P_PID, p, &si, WEXITED | WNOWAIT));
	printf("%d %d %d\n", si.si_pid == p, si.si_code, si.si_status);
	waitpid(p, &st, 0);
	SAY(waitpid(p, &st, 0));
	if (!(p = fork())) {
		if (!(q = fork())) {
			usleep(50000);
			printf("reparented %d\n", getppid() != p);
			fflush(stdout);
			_exit(0);
		}
		_exit(0);
	}
	waitpid(p, &st, 0);
	usleep(200000);
	SAY(waitpid(-1, &st, WNOHANG));
	signal(SIGCHLD, SIG_IGN);
	if (!(p = fork()))
		_exit(1);
	SAY(waitpid(p, &st, 0));
	return 0;
}
