/* SPDX-License-Identifier: Apache-2.0 */
/* inet_wait.c: who waits in poll, select, epoll or recv is woken */
#include "inet.h"
#include <sys/select.h>

static char buf[100];

/* How one waits: 0 poll, 1 select, 2 epoll; the events, or the sets. */
struct waiter {
	int fd, how, events, got;
};

static void *wait_in(void *arg)
{
	struct waiter *w = arg;
	struct pollfd p = { w->fd, w->events };
	struct epoll_event ev = { 0 };
	struct timeval tv = { 5, 0 };
	fd_set in, out;
	int e;

	if (w->how == 0) {
		poll(&p, 1, 5000);
		w->got = p.revents;
	} else if (w->how == 1) {
		FD_ZERO(&in);
		FD_ZERO(&out);
		FD_SET(w->fd, w->events & POLLIN ? &in : &out);
		select(w->fd + 1, &in, &out, NULL, &tv);
		w->got = FD_ISSET(w->fd, &in) | FD_ISSET(w->fd, &out) << 1;
	} else {
		e = epoll_of(w->fd, w->events);
		epoll_wait(e, &ev, 1, 5000);
		w->got = ev.events;
		close(e);
	}
	return NULL;
}

static void waits(const char *what, int fd, int events,
		  void (*then)(int *, long), int *s, long arg)
{
	struct waiter w[3];
	pthread_t t[3];

	for (int n = 0; n < 3; n++) {
		w[n] = (struct waiter){ fd, n, events, 0 };
		pthread_create(&t[n], NULL, wait_in, &w[n]);
	}
	usleep(30000);
	then(s, arg);
	for (int n = 0; n < 3; n++)
		pthread_join(t[n], NULL);
	printf("%s: poll %x, select %x, epoll %x\n", what, w[0].got, w[1].got,
	       w[2].got);
	fflush(stdout);
}

static void then_connect(int *s, long port)
{
	s[0] = tcp_client(port);
}
static void then_send(int *s, long n)
{
	send(s[0], buf, n, 0);
}
static void then_drain(int *s, long n)
{
	drain(s[0], n);
}
static void then_shut(int *s, long how)
{
	shutdown(s[0], how);
}

static void waiting(void)
{
	int l = tcp_listener("127.0.0.1", 1), s[2], back[2];
	long sent;

	printf("-- waiting\n");
	waits("connected to", l, POLLIN, then_connect, s, port_of(l));
	s[1] = accept(l, NULL, NULL);
	close(l);
	waits("sent to", s[1], POLLIN, then_send, s, 5);
	SAY(recv(s[1], buf, 10, 0));
	sent = fill(s[1]);
	waits("drained", s[1], POLLOUT, then_drain, s, sent);
	waits("shut", s[1], POLLIN | POLLRDHUP, then_shut, s, SHUT_WR);
	back[0] = s[1];
	SAY(recv(s[1], buf, 10, 0));
	waits("shut here", s[0], POLLIN | POLLRDHUP, then_shut, back, SHUT_WR);
	close(s[0]);
	close(s[1]);
	tcp_pair("127.0.0.1", s);
	waits("shut by itself", s[0], POLLIN, then_shut, s, SHUT_RD);
	close(s[0]);
	close(s[1]);
}

/* A call that waits by itself, in a thread. */
static void *receives(void *arg)
{
	long r = recv(*(int *)arg, buf, sizeof(buf), 0);

	return (void *)(r < 0 ? -(long)errno : r);
}

static void receiver(const char *what, int fd, void (*then)(int *, long),
		     int *s, long arg)
{
	pthread_t t;
	void *r;

	pthread_create(&t, NULL, receives, &fd);
	usleep(30000);
	then(s, arg);
	pthread_join(t, &r);
	if ((long)r < 0)
		printf("%s: recv: %s\n", what, strerrorname(-(long)r));
	else
		printf("%s: recv %ld\n", what, (long)r);
	fflush(stdout);
}

static void then_reset(int *s, long how)
{
	struct linger hard = { 1, 0 };

	setsockopt(s[0], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(s[0]);
}

static void then_disconnect(int *s, long how)
{
	struct sockaddr none = { AF_UNSPEC };

	connect(s[0], &none, sizeof(none));
}

static void receiving(void)
{
	int s[2], back[2];

	printf("-- waiting in recv\n");
	tcp_pair("127.0.0.1", s);
	receiver("sent to", s[1], then_send, s, 5);
	receiver("shut by the peer", s[1], then_shut, s, SHUT_WR);
	close(s[0]);
	close(s[1]);
	tcp_pair("127.0.0.1", s);
	back[0] = s[1];
	receiver("shut here", s[1], then_shut, back, SHUT_RD);
	close(s[0]);
	close(s[1]);
	tcp_pair("127.0.0.1", s);
	receiver("reset", s[1], then_reset, s, 0);
	close(s[1]);
	tcp_pair("::1", s);
	receiver("disconnected by the peer", s[1], then_disconnect, s, 0);
	close(s[0]);
	close(s[1]);
}

static void udp(void)
{
	int r = socket(AF_INET, SOCK_DGRAM, 0), s;

	printf("-- UDP\n");
	bind(r, IN("127.0.0.1", 0));
	s = socket(AF_INET, SOCK_DGRAM, 0);
	connect(s, IN("127.0.0.1", port_of(r)));
	waits("sent to", r, POLLIN, then_send, &s, 5);
	SAY(recv(r, buf, 10, 0));
	receiver("sent to", r, then_send, &s, 6);
	receiver("nothing sent to", r, then_send, &s, 0);
	waits("shut", s, POLLIN, then_shut, &s, SHUT_RD);
	receiver("shut, not connected", r, then_shut, &r, SHUT_RDWR);
	close(r);
	close(s);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	waiting();
	receiving();
	udp();
	return 0;
}
