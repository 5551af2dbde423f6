/* SPDX-License-Identifier: Apache-2.0 */
/* unix_rights.c: descriptors and credentials on their way; garbage */
#include "sockets.h"
#include <grp.h>

static int fds[300], s[2];

static void pair(int type)
{
	if (socketpair(AF_UNIX, type, 0, s))
		printf("socketpair: %s\n", strerrorname(errno));
}

static void closes(int n)
{
	while (n-- > 0)
		close(fds[n]);
}

static int count_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void rights(int type)
{
	int p[2], n, before;
	char c;

	printf("-- descriptors, type %d\n", type);
	pair(type);
	before = count_open();
	pipe(p);
	SAY(send_fds(s[0], "two", 2, p, 0));
	SAY(send_fds(s[0], "again", 2, p, 0));
	SAY(write(s[0], "plain", 5));
	close(p[1]);
	n = recv_fds(s[1], 100, fds, 0);
	SAY(write(fds[1], "z", 1));
	SAY(read(p[0], &c, 1));
	SAY(fcntl(fds[0], F_GETFD));
	closes(n);
	n = recv_fds(s[1], 100, fds, MSG_PEEK | MSG_CMSG_CLOEXEC);
	SAY(fcntl(fds[0], F_GETFD));
	closes(n);
	n = recv_fds(s[1], CMSG_LEN(sizeof(int)), fds, 0);
	closes(n);
	n = recv_fds(s[1], 100, fds, 0);
	SAY(read(p[0], &c, 1)); /* no writer is left: the end */
	SAY(send_fds(s[0], "cut", 1, p, 0));
	n = recv_fds(s[1], 10, fds, 0);
	SAY(send_fds(s[0], "none", 1, p, 0));
	n = recv_fds(s[1], 0, fds, 0);
	n = 99;
	SAY(send_fds(s[0], "bad", 1, &n, 0));
	SAY(send_fds(s[0], "nothing", 0, &n, 0));
	n = recv_fds(s[1], 100, fds, 0);
	for (n = 0; n < 254; n++)
		fds[n] = p[0];
	SAY(send_fds(s[0], "254", 254, fds, 0));
	SAY(send_fds(s[0], "253", 253, fds, 0));
	n = recv_fds(s[1], CMSG_SPACE(253 * sizeof(int)), fds, 0);
	closes(n);
	SAY(send_fds(s[0], "lost", 1, p, 0));
	close(p[0]);
	printf("open now %d\n", count_open() - before);
	close(s[0]);
	close(s[1]);
}

static void number_limit(void)
{
	struct rlimit l, old;
	int f[3] = { 0, 0, 0 }, n;

	printf("-- no number left\n");
	pair(SOCK_STREAM);
	SAY(send_fds(s[0], "x", 3, f, 0));
	getrlimit(RLIMIT_NOFILE, &old);
	l = old;
	l.rlim_cur = s[1] + 2;
	setrlimit(RLIMIT_NOFILE, &l);
	n = recv_fds(s[1], 100, fds, 0);
	setrlimit(RLIMIT_NOFILE, &old);
	closes(n);
	close(s[0]);
	close(s[1]);
}

static long send_creds(int fd, int pid, int uid, int gid)
{
	char c[CMSG_SPACE(sizeof(struct ucred))] = { 0 };
	struct ucred u = { pid, uid, gid };
	struct iovec v = { "who", 3 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = c,
			    .msg_controllen = sizeof(c) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_len = CMSG_LEN(sizeof(u));
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_CREDENTIALS;
	memcpy(CMSG_DATA(h), &u, sizeof(u));
	return sendmsg(fd, &m, 0);
}

static void credentials(void)
{
	struct ucred u;
	socklen_t n = sizeof(u);
	int on = 1, st;

	printf("-- credentials\n");
	pair(SOCK_STREAM);
	SAY(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &u, &n));
	printf("%u bytes, pid %d uid %d gid %d\n", n, u.pid == getpid(), u.uid,
	       u.gid);
	n = 0;
	SAY(getsockopt(s[0], SOL_SOCKET, SO_PEERGROUPS, fds, &n));
	st = socket(AF_UNIX, SOCK_STREAM, 0);
	n = sizeof(u);
	SAY(getsockopt(st, SOL_SOCKET, SO_PEERCRED, &u, &n));
	printf("unconnected: pid %d uid %d gid %d\n", u.pid, u.uid, u.gid);
	close(st);
	write(s[0], "before", 6);
	SAY(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, 4));
	show_opt("SO_PASSCRED", s[1], SO_PASSCRED);
	write(s[0], "after", 5);
	recv_fds(s[1], 100, fds, 0);
	recv_fds(s[1], 100, fds, 0);
	SAY(send_creds(s[0], getpid(), 0, 0));
	recv_fds(s[1], 100, fds, 0);
	SAY(send_creds(s[0], getpid(), 1000, 0)); /* root may say so */
	recv_fds(s[1], 100, fds, 0);
	SAY(send_fds(s[0], "both", 1, s, 0));
	closes(recv_fds(s[1], 200, fds, 0));
	write(s[0], "short", 5);
	recv_fds(s[1], 20, fds, 0);
	if (!fork()) {
		write(s[0], "child", 5);
		SAY(setgroups(0, NULL));
		SAY(setgid(1001));
		SAY(setuid(1000));
		SAY(send_creds(s[0], getpid(), 0, 0));
		SAY(send_creds(s[0], getpid(), 1000, 1001));
		SAY(send_creds(s[0], 1, 1000, 1001));
		_exit(0);
	}
	wait(&st);
	write(s[0], "parent", 6);
	/* what different senders wrote does not come in one */
	recv_fds(s[1], 100, fds, 0);
	recv_fds(s[1], 100, fds, 0);
	recv_fds(s[1], 100, fds, 0);
	close(s[0]);
	recv_fds(s[1], 100, fds, 0);
	close(s[1]);
}

/* Sockets that only lie in each other's queues go; others do not. */
static void garbage(void)
{
	int p[2], a[2], b[2], c, before = count_open();

	printf("-- garbage\n");
	pipe(p);
	pair(SOCK_DGRAM);
	SAY(send_fds(s[0], "itself", 1, &s[1], 0));
	SAY(send_fds(s[0], "a witness", 1, &p[1], 0));
	close(s[0]);
	close(s[1]);
	socketpair(AF_UNIX, SOCK_STREAM, 0, a);
	socketpair(AF_UNIX, SOCK_STREAM, 0, b);
	send_fds(a[0], "b1", 1, &b[1], 0);
	send_fds(b[0], "a1", 1, &a[1], 0);
	send_fds(b[0], "witness", 1, &p[1], 0);
	close(a[1]);
	close(b[1]);
	close(p[1]);
	/* still to be had: a0 -> a1 holds b1, b0 -> b1 holds a1 */
	close(a[0]);
	close(b[0]);
	pair(SOCK_STREAM);
	close(s[0]);
	close(s[1]);
	SAY(read(p[0], &c, 1)); /* the witnesses are gone */
	close(p[0]);
	pipe(p);
	socketpair(AF_UNIX, SOCK_STREAM, 0, a);
	socketpair(AF_UNIX, SOCK_STREAM, 0, b);
	send_fds(a[0], "inner", 1, &b[1], 0);
	send_fds(b[0], "deep", 1, &p[1], 0);
	close(b[1]);
	close(b[0]);
	close(p[1]);
	pair(SOCK_STREAM);
	close(s[0]);
	close(s[1]);
	recv_fds(a[1], 100, fds, 0);
	recv_fds(fds[0], 100, fds + 1, 0);
	SAY(write(fds[1], "k", 1));
	SAY(read(p[0], &c, 1));
	closes(2);
	close(p[0]);
	close(a[0]);
	close(a[1]);
	/* a chain, each in the queue of the next: freed without a deep stack */
	socketpair(AF_UNIX, SOCK_DGRAM, 0, a);
	for (int n = 0; n < 900; n++) {
		socketpair(AF_UNIX, SOCK_DGRAM, 0, b);
		if (send_fds(b[0], "x", 1, &a[1], 0) != 1)
			printf("%d: %s\n", n, strerrorname(errno));
		close(a[0]);
		close(a[1]);
		a[0] = b[0];
		a[1] = b[1];
	}
	SAY(close(a[0]));
	SAY(close(a[1]));
	printf("open now %d\n", count_open() - before);
}

/* A descriptor on its way counts for its user. */
static void flight_limit(void)
{
	struct rlimit l = { 64, 64 };
	int n, st;

	printf("-- too many on their way\n");
	if (!fork()) {
		setgroups(0, NULL);
		setgid(1001);
		setuid(1000);
		setrlimit(RLIMIT_NOFILE, &l);
		pair(SOCK_STREAM);
		for (n = 0; n < 100; n++)
			if (send_fds(s[0], "x", 1, s, MSG_DONTWAIT) != 1)
				break;
		printf("%d, then %s\n", n, strerrorname(errno));
		fflush(stdout);
		_exit(0);
	}
	wait(&st);
}

int main(void)
{
	setgroups(0, NULL);
	rights(SOCK_STREAM);
	rights(SOCK_DGRAM);
	rights(SOCK_SEQPACKET);
	number_limit();
	credentials();
	garbage();
	flight_limit();
	return 0;
}
