/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fill.c: what pointers point to.
 *
 * A pointer is mostly to memory of ours, filled with what the call reads there
 * as far as fill_for() knows it, and now and then broken: NULL, the kernel's,
 * not mapped, read-only, behind the end of a file, half over an edge.
 */
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "sysfuzz.h"

/* What the threads have unmapped, moved or protected is not written to but by
 * a call, which tells. */
static bool may_write(void *p, size_t n)
{
	static char zero[2];
	struct iovec to[2] = { { p, 1 }, { (char *)p + n - 1, 1 } };
	struct iovec from = { zero, 2 };

	return process_vm_readv(getpid(), to, 2, &from, 1, 0) == 2;
}

void *place(struct fuzzer *f, size_t n)
{
	char *p = arena + below(f, ARENA_LEN - 2 * PAGE);

	switch (below(f, 12)) {
	case 0:
		p = no_access + PAGE - n; /* ends where nobody may look */
		break;
	case 1:
		p = shared + (below(f, 4 * PAGE) & ~7UL);
		break;
	case 2:
		p = (char *)(((uint64_t)p + PAGE) & ~(PAGE - 1)) - n / 2;
		break;
	case 3:
		p = file_page + below(f, PAGE);
		break;
	default:
		if (!one_in(f, 8))
			p = (char *)((uint64_t)p & ~15UL);
	}
	return may_write(p, n ? n : 1) ? p : NULL;
}

static uint64_t broken(struct fuzzer *f)
{
	switch (below(f, 8)) {
	case 0:
		return 0;
	case 1:
		return (uint64_t)read_only + below(f, 4 * PAGE);
	case 2:
		return (uint64_t)no_access + PAGE + below(f, PAGE);
	case 3:
		return (uint64_t)no_access + PAGE - below(f, 64);
	case 4:
		return (uint64_t)file_page + 2 * PAGE + below(f, 2 * PAGE) - 64;
	case 5:
		return 0xffff800000000000 + below(f, 1UL << 30);
	case 6:
		return 0xffffffff80000000 + below(f, 1UL << 22);
	}
	return odd_number(f);
}

/* A pointer for within a structure. */
static void *inner(struct fuzzer *f, size_t n)
{
	void *p = one_in(f, 10) ? NULL : place(f, n);

	return p ? p : (void *)broken(f);
}

static void fill_iovec(struct fuzzer *f, struct iovec *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		v[i].iov_base = inner(f, 16);
		v[i].iov_len = one_in(f, 20) ? odd_number(f) : below(f, 3000);
	}
}

static void fill_sockaddr(struct fuzzer *f, void *p)
{
	struct sockaddr_un *un = p;
	struct sockaddr_in *in = p;

	memset(p, 0, sizeof(*un));
	switch (below(f, 5)) {
	case 0:
		un->sun_family = AF_UNIX;
		snprintf(un->sun_path, 20, "s%d", (int)below(f, 4));
		break;
	case 1:
		un->sun_family = AF_UNIX;
		snprintf(un->sun_path + 1, 20, "a%d", (int)below(f, 4));
		break;
	case 2:
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)(5000 + below(f, 8)));
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		break;
	case 3:
		un->sun_family = AF_NETLINK;
		break;
	default:
		un->sun_family = (sa_family_t)below(f, 20);
		in->sin_port = (in_port_t)rnd(f);
	}
}

static void fill_control(struct fuzzer *f, struct msghdr *m)
{
	struct cmsghdr *c = place(f, 128);

	if (!c)
		return;
	memset(c, 0, 128);
	c->cmsg_level = one_in(f, 8) ? (int)below(f, 8) : SOL_SOCKET;
	c->cmsg_type = one_in(f, 3) ? (int)below(f, 5) : SCM_RIGHTS;
	c->cmsg_len =
		one_in(f, 8) ? odd_number(f) : CMSG_LEN(4 * (1 + below(f, 4)));
	for (int i = 0; i < 4; i++)
		((int *)(void *)CMSG_DATA(c))[i] = (int)(3 + below(f, 40));
	m->msg_control = c;
	m->msg_controllen = one_in(f, 6) ? below(f, 200)
					 : CMSG_SPACE(4 * (1 + below(f, 4)));
}

static void fill_msghdr(struct fuzzer *f, void *p)
{
	struct msghdr *m = p;

	memset(m, 0, sizeof(*m));
	if (one_in(f, 3)) {
		m->msg_name = place(f, 128);
		if (m->msg_name)
			fill_sockaddr(f, m->msg_name);
		m->msg_namelen = (socklen_t)below(f, 130);
	}
	m->msg_iovlen = below(f, 4);
	m->msg_iov = place(f, 4 * sizeof(struct iovec));
	if (m->msg_iov)
		fill_iovec(f, m->msg_iov, 4);
	if (one_in(f, 2))
		fill_control(f, m);
}

static void fill_time(struct fuzzer *f, uint64_t *t, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		t[i] = one_in(f, 10) ? odd_number(f)
		       : i % 2       ? below(f, 3000000)
				     : 0;
}

static void fill_fds(struct fuzzer *f, void *p)
{
	struct pollfd *v = p;

	for (int i = 0; i < 8; i++)
		v[i] = (struct pollfd){ (int)below(f, 50), (short)rnd(f), 0 };
}

static void fill_action(struct fuzzer *f, uint64_t *p)
{
	p[0] = below(f, 2);
	p[1] = rnd(f) & (0xd8000007 | SA_NODEFER);
	p[2] = 0;
	p[3] = one_in(f, 3) ? rnd(f) & rnd(f) : 0;
}

static void fill_filter(struct fuzzer *f, void *p)
{
	struct sock_fprog *prog = p;
	struct sock_filter *code = place(f, 8 * sizeof(*code));

	prog->len = (unsigned short)(1 + below(f, 8));
	prog->filter = code ? code : (void *)broken(f);
	for (int i = 0; code && i < 8; i++)
		code[i] = (struct sock_filter){
			(uint16_t)(i == prog->len - 1 ? BPF_RET | BPF_K
						      : rnd(f) & 0xff),
			(uint8_t)below(f, 4), (uint8_t)below(f, 4),
			(uint32_t)(i == prog->len - 1 ? 0x7fff0000 : rnd(f))
		};
}

static void fill_words(struct fuzzer *f, uint64_t *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = one_in(f, 3) ? odd_number(f) : below(f, 64);
}

static void fill_how(struct fuzzer *f, uint64_t *p)
{
	p[0] = rnd(f) & 03777703;
	p[1] = one_in(f, 4) ? rnd(f) & 07777 : 0;
	p[2] = rnd(f) & 0x3f;
}

static void fill_strings(struct fuzzer *f, uint64_t *p)
{
	p[0] = (uint64_t)inner(f, 8);
	p[1] = one_in(f, 4) ? (uint64_t)inner(f, 8) : 0;
	p[2] = p[3] = 0;
}

static bool named(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(s, *list))
			return true;
	return false;
}

#define ONE_OF(s, ...) named(s, (const char *const[]){ __VA_ARGS__, NULL })

/* Fills 128 bytes at p. */
static void fill_for(struct fuzzer *f, const struct call *c, const char *arg,
		     void *p)
{
	if (ONE_OF(arg, "vec", "lvec", "rvec", "iov"))
		strstr(c->name, "mmsg") ? fill_msghdr(f, p)
					: fill_iovec(f, p, 8);
	else if (!strcmp(arg, "msg"))
		fill_msghdr(f, p);
	else if (!strcmp(arg, "addr"))
		fill_sockaddr(f, p);
	else if (ONE_OF(arg, "timeout", "rqtp", "ts", "tv", "tp", "times",
			"new_setting", "value", "interval", "ovalue"))
		fill_time(f, p, 4);
	else if (!strcmp(arg, "fds") && strstr(c->name, "poll"))
		fill_fds(f, p);
	else if (!strcmp(arg, "act"))
		fill_action(f, p);
	else if (!strcmp(c->name, "seccomp"))
		fill_filter(f, p);
	else if (!strcmp(arg, "how"))
		fill_how(f, p);
	else if (ONE_OF(arg, "set", "sigmask", "mask"))
		*(uint64_t *)p = rnd(f) & rnd(f) & ~(1UL << (SIGUSR1 - 1));
	else if (!strcmp(arg, "rlim") || !strcmp(arg, "new_rlim"))
		fill_words(f, p, 2);
	else if (!strcmp(arg, "argv") || !strcmp(arg, "envp"))
		fill_strings(f, p);
	else if (strstr(arg, "off") || ONE_OF(arg, "offset", "len", "addr_len"))
		*(uint64_t *)p = one_in(f, 6) ? odd_number(f) : below(f, 200);
	else if (strstr(c->name, "futex"))
		*(uint32_t *)p = (uint32_t)below(f, 3);
	else if (!strcmp(c->name, "ioctl"))
		for (int i = 0; i < 16; i++)
			((uint32_t *)p)[i] = (uint32_t)below(f, 50);
	else if (one_in(f, 3))
		fill_words(f, p, 16);
}

uint64_t pointer(struct fuzzer *f, const struct call *c, const char *arg)
{
	void *p;

	if (one_in(f, 12))
		return broken(f);
	if (strstr(c->name, "futex") && !one_in(f, 6)) {
		p = shared + 4 * PAGE +
		    4 * below(f, 8); /* few words: they meet */
		return may_write(p, 4) ? (uint64_t)p : 0;
	}
	p = place(f, 128);
	if (!p)
		return broken(f);
	fill_for(f, c, arg, p);
	return (uint64_t)p;
}
