/* SPDX-License-Identifier: Apache-2.0 */
/* inet_hostile.c: IP sockets used as nobody should; the kernel is there after it */
#include "inet.h"

#include <netinet/ip_icmp.h>
#include <pthread.h>
#include <signal.h>

static char buf[1 << 20];

static void done(const char *what)
{
	printf("%s\n", what);
	fflush(stdout);
}

/* A connection whose ends take size bytes, or what they like for 0. */
static void small_pair(int s[2], int size)
{
	int l = socket(AF_INET, SOCK_STREAM, 0);

	if (size)
		setsockopt(l, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	bind(l, IN("127.0.0.1", 0));
	listen(l, 1);
	s[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (size)
		setsockopt(s[0], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	connect(s[0], IN("127.0.0.1", port_of(l)));
	s[1] = accept(l, NULL, NULL);
	close(l);
}

static void close_both(int s[2])
{
	close(s[0]);
	close(s[1]);
}

/* Neither end reads, and both have sent all that the other takes. */
static void both_full(void)
{
	static const int sizes[] = { 1152, 4608, 20000, 0 };
	int s[2];

	for (int n = 0; n < 4; n++) {
		small_pair(s, sizes[n]);
		for (int end = 0; end < 2; end++)
			while (send(s[end], buf, 576, MSG_DONTWAIT) > 0)
				;
		usleep(300000);
		close_both(s);
	}
	done("both full");
}

/* A few bytes of room, then one byte more. */
static void nearly_full(void)
{
	int s[2], window = 0;

	small_pair(s, 1152);
	while (send(s[0], buf, 1, MSG_DONTWAIT) > 0 && window < 4000)
		window++;
	usleep(700000);
	send(s[0], buf, 1, MSG_DONTWAIT);
	usleep(700000);
	close_both(s);
	small_pair(s, 1152);
	send(s[0], buf, 1144, 0);
	usleep(100000);
	for (int n = 0; n < 12; n++) {
		send(s[0], buf, 1, MSG_DONTWAIT);
		usleep(50000);
	}
	usleep(500000);
	close_both(s);
	done("nearly full");
}

/* The answer to a SYN does not come in; the listener goes meanwhile. */
static void half_open(void)
{
	for (int how = 0; how < 2; how++) {
		int l = tcp_listener("127.0.0.1", 1), n = 255;
		int c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		setsockopt(c, IPPROTO_IP, IP_MINTTL, &n, sizeof(n));
		connect(c, IN("127.0.0.1", port_of(l)));
		if (how)
			shutdown(l, SHUT_RD);
		else
			close(l);
		usleep(200000);
		n = open("/proc/net/tcp", O_RDONLY);
		while (read(n, buf, sizeof(buf)) > 0)
			;
		close(n);
		if (how)
			close(l);
		close(c);
	}
	done("half open");
}

/* The first piece is lost, the end comes before it. */
static void fin_first(void)
{
	int s[2], n = 255;

	small_pair(s, 1152);
	setsockopt(s[1], IPPROTO_IP, IP_MINTTL, &n, sizeof(n));
	send(s[0], buf, 576, 0);
	usleep(20000);
	n = 0;
	setsockopt(s[1], IPPROTO_IP, IP_MINTTL, &n, sizeof(n));
	send(s[0], buf, 576, 0);
	shutdown(s[0], SHUT_WR);
	for (n = 0; n < 1152;) {
		long r = recv(s[1], buf, 2000, 0);

		if (r <= 0)
			break;
		n += r;
	}
	printf("of 1152: %d, then %ld\n", n, (long)recv(s[1], buf, 10, 0));
	close_both(s);
	done("the end first");
}

static void cut_smaller(void)
{
	int s[2], n = 88, on = 1;

	small_pair(s, 0);
	for (int k = 0; k < 900; k++)
		send(s[0], buf, 1000, MSG_DONTWAIT);
	setsockopt(s[0], IPPROTO_TCP, TCP_MAXSEG, &n, sizeof(n));
	setsockopt(s[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (int k = 0; k < 100; k++)
		send(s[0], buf, 1, MSG_DONTWAIT);
	close_both(s);
	done("cut smaller");
}

/* What was to be sent goes with the connection. */
static void given_up(void)
{
	struct sockaddr none = { AF_UNSPEC };
	int s[2], c;

	for (int n = 0; n < 30; n++) {
		int l;

		small_pair(s, 0);
		while (send(s[0], buf, sizeof(buf), MSG_DONTWAIT) > 0)
			;
		connect(s[0], &none, sizeof(none));
		l = tcp_listener("127.0.0.1", 1);
		connect(s[0], IN("127.0.0.1", port_of(l)));
		c = accept(l, NULL, NULL);
		send(s[0], "new", 3, MSG_NOSIGNAL);
		if (n == 29)
			printf("%ld '%.3s'\n", (long)recv(c, buf, 100, 0), buf);
		close(c);
		close(l);
		close_both(s);
		memset(buf, 0, 16);
	}
	done("given up");
}

static void many_parts(void)
{
	int r = udp_bound("127.0.0.1"), s = udp_socket("127.0.0.1"), s2[2];
	int on = 1;

	connect(s, IN("127.0.0.1", port_of(r)));
	for (int n = 0; n < 20000; n++)
		send(s, "", 0, MSG_MORE);
	for (int n = 0; n < 20000; n++)
		send(s, "x", 1, MSG_MORE);
	send(s, "", 0, 0);
	printf("%ld\n", (long)recv(r, buf, sizeof(buf), 0));
	close(r);
	close(s);
	small_pair(s2, 0);
	setsockopt(s2[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (int n = 0; n < 20000; n++)
		send(s2[0], "x", 1, 0);
	for (on = 0; on < 20000;)
		on += recv(s2[1], buf, sizeof(buf), 0);
	printf("%d\n", on);
	close_both(s2);
	done("many parts");
}

static void long_echo(void)
{
	int s = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), sum = 0;
	struct icmphdr *h = (void *)buf;
	unsigned char *reply = (void *)(buf + 4096);

	memset(buf, 0, 8192);
	h->type = ICMP_ECHO;
	h->un.echo.id = htons(77);
	for (int n = 0; n < 3000; n += 2)
		sum += buf[n] & 255 | (buf[n + 1] & 255) << 8;
	h->checksum = ~(sum + (sum >> 16));
	printf("%ld\n", (long)sendto(s, buf, 3000, 0, IN("127.0.0.1", 0)));
	do {
		sum = recv(s, reply, 4096, 0);
	} while (sum > 20 && reply[20] != ICMP_ECHOREPLY);
	printf("%d\n", sum);
	close(s);
	done("long echo");
}

/* ---- two threads on one socket ---- */

static int shared, other;
static volatile int over;

static void *disconnects(void *arg)
{
	struct sockaddr none = { AF_UNSPEC };

	while (!over) {
		connect(shared, &none, sizeof(none));
		listen(shared, 1);
		usleep(100);
	}
	return arg;
}

static void *connects(void *arg)
{
	struct sockaddr_in to = { AF_INET, htons(other) };
	int on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

	while (!over) {
		connect(shared, (void *)&to, sizeof(to));
		setsockopt(shared, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		setsockopt(shared, IPPROTO_TCP, TCP_KEEPIDLE, &on, sizeof(on));
		send(shared, buf, 5000, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	return arg;
}

static void *receives(void *arg)
{
	char here[4000];

	while (!over) {
		recv(shared, here, sizeof(here), MSG_DONTWAIT);
		recv(shared, here, sizeof(here), MSG_DONTWAIT | MSG_PEEK);
	}
	return arg;
}

static void *serves(void *arg)
{
	int l = (long)arg;

	while (!over) {
		int c = accept(l, NULL, NULL);

		if (c < 0) {
			usleep(100);
			continue;
		}
		send(c, buf, 30000, MSG_DONTWAIT | MSG_NOSIGNAL);
		close(c);
	}
	return NULL;
}

static void threads(void)
{
	int l = tcp_listener("127.0.0.1", 1);
	pthread_t t[4];

	fcntl(l, F_SETFL, O_NONBLOCK);
	other = port_of(l);
	shared = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	pthread_create(&t[0], NULL, disconnects, NULL);
	pthread_create(&t[1], NULL, connects, NULL);
	pthread_create(&t[2], NULL, receives, NULL);
	pthread_create(&t[3], NULL, serves, (void *)(long)l);
	usleep(1500000);
	over = 1;
	for (int n = 0; n < 4; n++)
		pthread_join(t[n], NULL);
	close(shared);
	close(l);
	done("two threads");
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	both_full();
	nearly_full();
	half_open();
	fin_first();
	cut_smaller();
	given_up();
	many_parts();
	long_echo();
	threads();
	return 0;
}
