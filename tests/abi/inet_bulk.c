/* SPDX-License-Identifier: Apache-2.0 */
/* inet_bulk.c: much data, many connections, and what accepted ones inherit */
#include "inet.h"
#include <sys/sendfile.h>

#define BULK (20 << 20)

static unsigned char buf[1 << 20];

static unsigned int next_random(unsigned int *x)
{
	*x = *x * 1664525 + 1013904223;
	return *x >> 16;
}

static void sum(uint64_t *h, const unsigned char *p, long n)
{
	while (n-- > 0)
		*h = (*h ^ *p++) * 1099511628211u;
}

/* BULK bytes in writes of many sizes, from one process to another. */
static void bulk(const char *host, int small)
{
	uint64_t sent = 0, got = 0;
	long n, total = 0, k;
	unsigned int x = 1;
	int s[2], st, p[2];

	printf("-- bulk %s%s\n", host, small ? ", small buffers" : "");
	fflush(stdout);
	tcp_pair(host, s);
	if (small) {
		set_opt(s[0], SOL_SOCKET, SO_SNDBUF, 50000);
		set_opt(s[1], SOL_SOCKET, SO_RCVBUF, 50000);
	}
	pipe(p);
	if (!fork()) {
		close(s[1]);
		for (total = small ? BULK - (1 << 20) : 0; total < BULK;) {
			n = 1 + next_random(&x) % 65536 * (small ? 1 : 16);
			n = n > BULK - total ? BULK - total : n;
			for (k = 0; k < n; k++)
				buf[k] = next_random(&x);
			sum(&sent, buf, n);
			if (send(s[0], buf, n, 0) != n)
				printf("send: %s\n", strerrorname(errno));
			total += n;
		}
		write(p[1], &sent, sizeof(sent));
		_exit(0);
	}
	close(s[0]);
	while ((n = recv(s[1], buf, sizeof(buf), 0)) > 0) {
		sum(&got, buf, n);
		total += n;
	}
	printf("end %ld, %ld bytes\n", n, total);
	wait(&st);
	read(p[0], &sent, sizeof(sent));
	printf("status %d, the same %d\n", st, sent == got);
	fflush(stdout);
	close(s[1]);
	close(p[0]);
	close(p[1]);
}

/* Both sides send at the same time, from a thread each, and read. */
static void *sender(void *arg)
{
	static char data[4 << 20];

	if (send(*(int *)arg, data, sizeof(data), 0) != sizeof(data))
		printf("send: %s\n", strerrorname(errno));
	shutdown(*(int *)arg, SHUT_WR);
	return NULL;
}

static void *receiver(void *arg)
{
	int fd = *(int *)arg;
	char room[10000];
	long n, total = 0;

	while ((n = recv(fd, room, sizeof(room), 0)) > 0)
		total += n;
	return (void *)(n < 0 ? n : total);
}

static void both_ways(void)
{
	pthread_t t[4];
	void *r;
	int s[2];

	printf("-- both ways\n");
	tcp_pair("127.0.0.1", s);
	for (int n = 0; n < 4; n++)
		pthread_create(&t[n], NULL, n < 2 ? sender : receiver,
			       &s[n % 2]);
	for (int n = 0; n < 4; n++) {
		pthread_join(t[n], &r);
		if (n >= 2)
			printf("received %ld\n", (long)r);
	}
	close(s[0]);
	close(s[1]);
}

/* A sender that has no room. */
static void no_room(void)
{
	struct timeval tv = { 0, 100000 };
	struct timespec from;
	long n, total = 0, read_back = 0;
	int s[2];

	printf("-- no room\n");
	tcp_pair("127.0.0.1", s);
	SAY(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	do {
		clock_gettime(CLOCK_MONOTONIC, &from);
		n = send(s[0], buf, sizeof(buf), 0);
		total += n > 0 ? n : 0;
	} while (n > 0);
	printf("then %s, waited %d, some %d\n", strerrorname(errno),
	       elapsed_ms(from) >= 90, total > 0);
	shutdown(s[0], SHUT_WR);
	while ((n = recv(s[1], buf, sizeof(buf), 0)) > 0)
		read_back += n;
	printf("end %ld, all %d\n", n, total == read_back);
	close(s[0]);
	close(s[1]);
}

static void files(void)
{
	uint64_t a = 0, b = 0;
	int fd = open("data", O_CREAT | O_RDWR | O_TRUNC, 0600), s[2], p[2];
	unsigned int x = 7;
	off_t off = 1000;
	long n, total = 0;

	printf("-- files and pipes\n");
	for (n = 0; n < 200000; n++)
		buf[n] = next_random(&x);
	SAY(write(fd, buf, 200000));
	sum(&a, buf, 200000);
	lseek(fd, 0, SEEK_SET);
	tcp_pair("127.0.0.1", s);
	fflush(stdout);
	if (!fork()) {
		while (total < 200000 &&
		       (n = sendfile(s[0], fd, NULL, 1000000)) > 0)
			total += n;
		_exit(total != 200000);
	}
	total = 0;
	while (total < 200000 && (n = recv(s[1], buf, sizeof(buf), 0)) > 0) {
		sum(&b, buf, n);
		total += n;
	}
	printf("%ld bytes, the same %d\n", total, a == b);
	wait(NULL);
	SAY(sendfile(s[0], fd, &off, 10));
	SAY(off);
	pipe(p);
	SAY(arrived(s[1], 10));
	SAY(splice(s[1], NULL, p[1], NULL, 100, 0));
	SAY(read(p[0], buf, 100));
	write(p[1], "through a pipe", 14);
	SAY(splice(p[0], NULL, s[0], NULL, 100, 0));
	SAY(arrived(s[1], 14));
	memset(buf, 0, 100);
	SAY(read(s[1], buf, 100));
	printf("%s\n", buf);
	fcntl(s[1], F_SETFL, O_NONBLOCK);
	SAY(splice(s[1], NULL, p[1], NULL, 100, 0));
	fcntl(s[1], F_SETFL, 0);
	SAY(sendfile(fd, s[1], NULL, 10));
	close(s[0]);
	SAY(splice(s[1], NULL, p[1], NULL, 100, 0));
	close(s[1]);
	close(p[0]);
	close(p[1]);
	close(fd);
	unlink("data");
}

static void inherited(void)
{
	struct linger lg = { 1, 3 };
	struct timeval tv = { 7, 0 };
	socklen_t n = sizeof(lg);
	int l = tcp_listener("127.0.0.1", 5), c, a;

	printf("-- inherited\n");
	set_opt(l, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_opt(l, SOL_SOCKET, SO_REUSEADDR, 1);
	set_opt(l, SOL_SOCKET, SO_RCVBUF, 50000);
	set_opt(l, SOL_SOCKET, SO_SNDBUF, 60000);
	set_opt(l, SOL_SOCKET, SO_RCVLOWAT, 3);
	setsockopt(l, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg));
	setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	set_opt(l, IPPROTO_TCP, TCP_NODELAY, 1);
	set_opt(l, IPPROTO_TCP, TCP_KEEPIDLE, 77);
	set_opt(l, IPPROTO_TCP, TCP_KEEPINTVL, 78);
	set_opt(l, IPPROTO_TCP, TCP_KEEPCNT, 79);
	set_opt(l, IPPROTO_IP, IP_TTL, 33);
	set_opt(l, IPPROTO_IP, IP_TOS, 16);
	fcntl(l, F_SETFL, O_NONBLOCK);
	fcntl(l, F_SETFD, FD_CLOEXEC);
	c = socket(AF_INET, SOCK_STREAM, 0);
	connect(c, IN("127.0.0.1", port_of(l)));
	show_until("waiting", l, POLLIN);
	a = accept(l, NULL, NULL);
	close(l);
	OPT(a, SO_ACCEPTCONN);
	OPT(a, SO_KEEPALIVE);
	OPT(a, SO_REUSEADDR);
	OPT(a, SO_RCVBUF);
	OPT(a, SO_SNDBUF);
	OPT(a, SO_RCVLOWAT);
	memset(&lg, 0, sizeof(lg));
	SAY(getsockopt(a, SOL_SOCKET, SO_LINGER, &lg, &n));
	printf("%d %d\n", lg.l_onoff, lg.l_linger);
	memset(&tv, 0, sizeof(tv));
	n = sizeof(tv);
	SAY(getsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &tv, &n));
	printf("%d\n", (int)tv.tv_sec);
	LOPT(a, IPPROTO_TCP, TCP_NODELAY);
	LOPT(a, IPPROTO_TCP, TCP_KEEPIDLE);
	LOPT(a, IPPROTO_TCP, TCP_KEEPINTVL);
	LOPT(a, IPPROTO_TCP, TCP_KEEPCNT);
	LOPT(a, IPPROTO_IP, IP_TTL);
	LOPT(a, IPPROTO_IP, IP_TOS);
	SAY(fcntl(a, F_GETFL));
	SAY(fcntl(a, F_GETFD));
	close(c);
	close(a);
}

/* Many at once, accepted by processes that wait on one listener. */
static void many(void)
{
	int l = tcp_listener("127.0.0.1", 100), port = port_of(l), c[60], a;
	int st, good = 0;

	printf("-- many\n");
	fflush(stdout);
	for (int n = 0; n < 3; n++) {
		if (fork())
			continue;
		for (int k = 0; k < 20; k++) {
			char byte;

			a = accept(l, NULL, NULL);
			if (recv(a, &byte, 1, 0) == 1) {
				byte++;
				send(a, &byte, 1, 0);
			}
			recv(a, &byte, 1, 0); /* the other closes first */
			close(a);
		}
		_exit(0);
	}
	for (int n = 0; n < 60; n++) {
		c[n] = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(c[n], IN("127.0.0.1", port)))
			printf("connect: %s\n", strerrorname(errno));
	}
	for (int n = 0; n < 60; n++) {
		char byte = n;

		send(c[n], &byte, 1, 0);
		good += recv(c[n], &byte, 1, 0) == 1 && byte == n + 1;
		close(c[n]);
	}
	printf("answered %d\n", good);
	for (int n = 0; n < 3; n++) {
		wait(&st);
		printf("status %d\n", st);
	}
	close(l);
}

/* A closed listener: who waits in accept, who is not accepted yet. */
static void *acceptor(void *arg)
{
	long r = accept(*(int *)arg, NULL, NULL);

	return (void *)(r < 0 ? -(long)errno : r);
}

static void listener_ends(void)
{
	int l = tcp_listener("127.0.0.1", 5), c;
	pthread_t t;
	void *r;
	char byte;

	printf("-- a listener's end\n");
	pthread_create(&t, NULL, acceptor, &l);
	usleep(50000);
	SAY(shutdown(l, SHUT_WR));
	SAY(shutdown(l, SHUT_RD));
	pthread_join(t, &r);
	printf("accept: %s\n", strerrorname(-(long)r));
	show_poll("shut", l);
	SAY(listen(l, 5));
	c = socket(AF_INET, SOCK_STREAM, 0);
	SAY(connect(c, IN("127.0.0.1", port_of(l))));
	close(l);
	show_until("not accepted", c, POLLERR | POLLHUP);
	SAY(recv(c, &byte, 1, 0));
	close(c);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	bulk("127.0.0.1", 0);
	bulk("::1", 0);
	bulk("127.0.0.1", 1);
	both_ways();
	no_room();
	files();
	inherited();
	many();
	listener_ends();
	return 0;
}
