/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gdb_socket.c: the name of gdb's socket below /run/kuni, for both back ends.
 *
 * A process that is killed cannot remove it.  So another one waits for our end
 * (a pidfd says so) and removes it then; it holds nothing else of ours.
 */
#include "host/gdb_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/folder.h"

#define DIR_PATH "/run/kuni"

_Noreturn static void wait_and_remove(int pidfd, const struct gdb_socket *s)
{
	struct pollfd p = { .fd = 0, .events = POLLIN };

	setpgid(0, 0);
	if (dup2(pidfd, 0) < 0 || dup2(s->dir, 1) < 0 ||
	    close_range(2, ~0U, 0) < 0)
		_exit(1);
	while (poll(&p, 1, -1) <= 0)
		continue;
	(void)unlinkat(1, s->name, 0);
	_exit(0);
}

static int watch(const struct gdb_socket *s)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	sigset_t all, old;
	pid_t pid;

	if (pidfd < 0)
		return -errno;
	sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &old);
	pid = fork();
	if (!pid)
		wait_and_remove(pidfd, s);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	close(pidfd);
	return pid < 0 ? -errno : 0;
}

int gdb_socket_name(struct gdb_socket *s, const char *id, struct err *e)
{
	int n, r;

	(void)mkdir(DIR_PATH, 0711);
	s->dir = folder_open(DIR_PATH);
	if (s->dir < 0)
		return err_set(e, -s->dir, "gdb: open %s", DIR_PATH);
	n = snprintf(s->name, sizeof(s->name), "gdb-%s.sock", id);
	if (n >= 0 && n < (int)sizeof(s->name))
		n = snprintf(s->path, sizeof(s->path), DIR_PATH "/%s", s->name);
	if (n < 0 || n >= (int)sizeof(s->path))
		return err_set(e, ENAMETOOLONG, "gdb: socket for id=%s", id);
	/* Of one whose watcher was killed too. */
	(void)unlinkat(s->dir, s->name, 0);
	r = watch(s);
	return r < 0 ? err_set(e, -r, "gdb: watch of its socket") : 0;
}

void gdb_socket_remove(struct gdb_socket *s)
{
	if (s->dir < 0)
		return;
	(void)unlinkat(s->dir, s->name, 0);
	close(s->dir);
	s->dir = -1;
}
