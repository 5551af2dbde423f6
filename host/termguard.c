/* SPDX-License-Identifier: Apache-2.0 */
/*
 * termguard.c: the user's terminal in raw mode while the container has it.
 *
 * A monitor that is killed cannot clean up, and one in its jail may not, so a
 * child does it, when it is told to or sees our end of a socket close.  It holds
 * nothing but the terminal and the socket, so that no reader of our output
 * waits for it.
 */
#include "host/termguard.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define FD_TERMINAL 0
#define FD_SOCKET   1

static struct termios saved;

/* SIGTTOU would stop it: by then the shell is in the foreground. */
static _Noreturn void child(int tty, int sock)
{
	sigset_t all;
	char byte;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, NULL);
	(void)prctl(PR_SET_NAME, "kuni-termguard");
	if (dup2(tty, 3) < 0 || dup2(sock, 4) < 0 || dup2(3, FD_TERMINAL) < 0 ||
	    dup2(4, FD_SOCKET) < 0 || close_range(2, ~0U, 0) < 0)
		_exit(1);
	(void)!read(FD_SOCKET, &byte, 1);
	_exit(tcsetattr(FD_TERMINAL, TCSADRAIN, &saved) < 0);
}

static int spawn(int fd, int *guard)
{
	int sv[2], pid, r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		child(fd, sv[1]);
	r = pid < 0 ? -errno : 0;
	close(sv[1]);
	if (r < 0)
		close(sv[0]);
	else
		*guard = sv[0];
	return r;
}

int termguard_raw(int fd, int *guard)
{
	struct termios t;
	int r;

	*guard = -1;
	if (fd < 0 || tcgetattr(fd, &saved) < 0)
		return 0;
	t = saved;
	cfmakeraw(&t);
	r = spawn(fd, guard);
	if (r < 0)
		return r;
	return tcsetattr(fd, TCSANOW, &t) < 0 ? -errno : 0;
}

/* Waits until it is done, so that whoever comes next finds it so. */
void termguard_restore(int guard)
{
	char byte = 0;

	if (guard < 0)
		return;
	if (write(guard, &byte, 1) == 1)
		(void)!read(guard, &byte, 1);
	close(guard);
}
