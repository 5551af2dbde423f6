/* SPDX-License-Identifier: Apache-2.0 */
/* unix_many.c: many threads at once: connections, datagrams, descriptors in
 * flight, garbage; what all of them did adds up */
#include "sockets.h"

#define THREADS 4
#define ROUNDS  60

static long sum[THREADS];

static void *serve(void *arg)
{
	int l = *(int *)arg, c;
	char buf[5000];
	long n, all = 0;

	while ((c = accept(l, NULL, NULL)) >= 0) {
		while ((n = read(c, buf, sizeof(buf))) > 0) {
			all += n;
			for (long done = 0, k; done < n; done += k)
				if ((k = write(c, buf + done, n - done)) <= 0)
					break;
		}
		close(c);
	}
	return (void *)all;
}

static void *client(void *arg)
{
	long me = (long)arg, got = 0, n;
	static char out[3000];
	char in[5000];

	for (int r = 0; r < ROUNDS; r++) {
		int s = socket(AF_UNIX, SOCK_STREAM, 0);
		struct sockaddr_un a = { AF_UNIX, "\0many" };

		if (connect(s, (void *)&a, 7)) {
			printf("connect: %s\n", strerrorname(errno));
			break;
		}
		for (int k = 0; k < 4; k++)
			write(s, out, sizeof(out));
		shutdown(s, SHUT_WR);
		while ((n = read(s, in, sizeof(in))) > 0)
			got += n;
		close(s);
	}
	sum[me] = got;
	return NULL;
}

static void connections(void)
{
	pthread_t t[THREADS], srv[2];
	int l = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un a = { AF_UNIX, "\0many" };
	void *r;
	long all = 0, served = 0;

	bind(l, (void *)&a, 7);
	listen(l, 2);
	for (long n = 0; n < 2; n++)
		pthread_create(&srv[n], NULL, serve, &l);
	for (long n = 0; n < THREADS; n++)
		pthread_create(&t[n], NULL, client, (void *)n);
	for (int n = 0; n < THREADS; n++) {
		pthread_join(t[n], NULL);
		all += sum[n];
	}
	shutdown(l, SHUT_RD);
	for (int n = 0; n < 2; n++) {
		pthread_join(srv[n], &r);
		served += (long)r;
	}
	printf("clients got %ld, servers %ld\n", all, served);
	close(l);
}

/* send_fds() of sockets.h has one buffer for all. */
static void give(int s, int fd)
{
	char c[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec v = { "x", 1 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = c,
			    .msg_controllen = sizeof(c) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_len = CMSG_LEN(sizeof(int));
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	if (sendmsg(s, &m, 0) != 1)
		printf("give: %s\n", strerrorname(errno));
}

/* Sockets in each other's queues, made and dropped by all. */
static void *garbage(void *arg)
{
	int a[2], b[2], p[2];
	char c;

	for (int r = 0; r < ROUNDS; r++) {
		if (socketpair(AF_UNIX, SOCK_DGRAM, 0, a) ||
		    socketpair(AF_UNIX, SOCK_STREAM, 0, b) || pipe(p)) {
			printf("%s\n", strerrorname(errno));
			break;
		}
		give(a[0], b[1]);
		give(b[0], a[1]);
		give(b[0], p[1]);
		close(p[1]);
		close(a[1]);
		close(b[1]);
		close(a[0]);
		close(b[0]);
		/* others may collect it, too: it ends in any case */
		socketpair(AF_UNIX, SOCK_STREAM, 0, a);
		close(a[0]);
		close(a[1]);
		if (read(p[0], &c, 1) == 0)
			sum[(long)arg]++;
		close(p[0]);
	}
	return NULL;
}

static void *receiver(void *arg)
{
	int s = *(int *)arg;
	long n, got = 0;
	char buf[64];

	while ((n = recv(s, buf, sizeof(buf), 0)) > 1)
		got += n;
	return (void *)got;
}

static void *sender(void *arg)
{
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct sockaddr_un a = { AF_UNIX, "\0many-d" };

	connect(s, (void *)&a, 9);
	for (int r = 0; r < ROUNDS * 5; r++)
		if (send(s, "datagram", 8, 0) != 8)
			printf("send: %s\n", strerrorname(errno));
	close(s);
	return NULL;
}

static void datagrams(void)
{
	pthread_t t[THREADS], rcv[2];
	int s = socket(AF_UNIX, SOCK_DGRAM, 0), c;
	struct sockaddr_un a = { AF_UNIX, "\0many-d" };
	long all = 0;
	void *r;

	bind(s, (void *)&a, 9);
	for (int n = 0; n < 2; n++)
		pthread_create(&rcv[n], NULL, receiver, &s);
	for (int n = 0; n < THREADS; n++)
		pthread_create(&t[n], NULL, sender, NULL);
	for (int n = 0; n < THREADS; n++)
		pthread_join(t[n], NULL);
	c = socket(AF_UNIX, SOCK_DGRAM, 0);
	for (int n = 0; n < 2; n++)
		sendto(c, "e", 1, 0, (void *)&a, 9);
	for (int n = 0; n < 2; n++) {
		pthread_join(rcv[n], &r);
		all += (long)r;
	}
	printf("datagrams: %ld bytes\n", all);
	close(c);
	close(s);
}

int main(void)
{
	pthread_t t[THREADS];
	long all = 0;

	signal(SIGPIPE, SIG_IGN);
	connections();
	datagrams();
	memset(sum, 0, sizeof(sum));
	for (long n = 0; n < THREADS; n++)
		pthread_create(&t[n], NULL, garbage, (void *)n);
	for (int n = 0; n < THREADS; n++) {
		pthread_join(t[n], NULL);
		all += sum[n];
	}
	printf("ends seen %ld\n", all);
	return 0;
}
