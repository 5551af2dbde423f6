/* SPDX-License-Identifier: Apache-2.0 */
/* sockets.h: what the tests of sockets share. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "abi.h"
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The system calls themselves: musl copies headers, and loops by itself. */
#define sendmsg(fd, m, flags)        syscall(SYS_sendmsg, fd, m, flags)
#define recvmsg(fd, m, flags)        syscall(SYS_recvmsg, fd, m, flags)
#define sendmmsg(fd, m, n, flags)    syscall(SYS_sendmmsg, fd, m, n, flags)
#define recvmmsg(fd, m, n, flags, t) syscall(SYS_recvmmsg, fd, m, n, flags, t)

static struct sockaddr_un un_addr;

/* A path, or an abstract name that begins with '@'. */
static inline struct sockaddr *un(const char *name)
{
	memset(&un_addr, 0, sizeof(un_addr));
	un_addr.sun_family = AF_UNIX;
	strcpy(un_addr.sun_path, name);
	if (*name == '@')
		un_addr.sun_path[0] = 0;
	return (struct sockaddr *)&un_addr;
}
/* As two arguments; they may be evaluated in any order. */
#define UN(name)                                                               \
	un(name), (socklen_t)(offsetof(struct sockaddr_un, sun_path) +         \
			      strlen(name) + (*(name) != '@'))

static inline void show_name(const char *what, int fd,
			     int (*get)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_un a;
	socklen_t n = sizeof(a);

	memset(&a, '#', sizeof(a));
	if (get(fd, (struct sockaddr *)&a, &n)) {
		printf("%s: %s\n", what, strerrorname(errno));
		return;
	}
	printf("%s: len %u family %u '", what, n, a.sun_family);
	for (unsigned k = 0; k + 2 < n; k++)
		putchar(a.sun_path[k] ? a.sun_path[k] : '@');
	printf("'\n");
	fflush(stdout);
}

static inline void show_poll(const char *what, int fd)
{
	struct pollfd p = { fd, 0xffff & ~POLLNVAL, 0 };

	poll(&p, 1, 0);
	printf("%s: poll %x\n", what, p.revents);
	fflush(stdout);
}

static inline void show_opt(const char *what, int fd, int opt)
{
	int v = -7;
	socklen_t n = sizeof(v);

	if (getsockopt(fd, SOL_SOCKET, opt, &v, &n))
		printf("%s: %s\n", what, strerrorname(errno));
	else
		printf("%s: %d (%u bytes)\n", what, v, n);
	fflush(stdout);
}
#define OPT(fd, opt) show_opt(#opt, fd, opt)

static inline long send_fds(int s, const char *text, int n, const int *fds,
			    int flags)
{
	static char c[CMSG_SPACE(1024)];
	struct iovec v = { (void *)text, strlen(text) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = c };
	struct cmsghdr *h;

	memset(c, 0, sizeof(c));
	m.msg_controllen = CMSG_SPACE(n * sizeof(int));
	h = CMSG_FIRSTHDR(&m);
	h->cmsg_len = CMSG_LEN(n * sizeof(int));
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(h), fds, n * sizeof(int));
	return sendmsg(s, &m, flags);
}

/* Prints what came; the descriptors go to fds, their number is returned. */
static inline int recv_fds(int s, int room, int *fds, int flags)
{
	static char c[CMSG_SPACE(1024)], buf[100];
	struct iovec v = { buf, sizeof(buf) - 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = c };
	struct cmsghdr *h;
	long r;
	int n = 0;

	memset(buf, 0, sizeof(buf));
	memset(c, 0, sizeof(c));
	m.msg_controllen = room;
	r = recvmsg(s, &m, flags);
	if (r < 0) {
		printf("recvmsg: %s\n", strerrorname(errno));
		fflush(stdout);
		return 0;
	}
	printf("recvmsg: %ld '%s' flags %x control %zu", r, buf, m.msg_flags,
	       (size_t)m.msg_controllen);
	for (h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		printf(" [level %d type %d len %zu]", h->cmsg_level,
		       h->cmsg_type, (size_t)h->cmsg_len);
		if (h->cmsg_type == SCM_RIGHTS) {
			int k = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

			memcpy(fds + n, CMSG_DATA(h), k * sizeof(int));
			n += k;
		} else if (h->cmsg_type == SCM_CREDENTIALS) {
			struct ucred u;

			memcpy(&u, CMSG_DATA(h), sizeof(u));
			printf(" pid %s uid %d gid %d",
			       u.pid == getpid() ? "mine"
			       : u.pid           ? "other"
						 : "none",
			       (int)u.uid, (int)u.gid);
		}
	}
	printf(" fds %d\n", n);
	fflush(stdout);
	return n;
}

#endif
