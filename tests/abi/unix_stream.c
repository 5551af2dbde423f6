/* SPDX-License-Identifier: Apache-2.0 */
/* unix_stream.c: connections: names, backlog, halves, ends, options, waiting */
#include "sockets.h"
#include <sys/epoll.h>
#include <sys/sendfile.h>

static char buf[300000];

static void pairs(void)
{
	int s[2], n;
	struct stat st;

	printf("-- pairs\n");
	SAY(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	show_poll("fresh", s[0]);
	SAY(write(s[0], "hello world", 11));
	show_poll("with data", s[1]);
	SAY(ioctl(s[1], FIONREAD, &n));
	printf("%d\n", n);
	SAY(ioctl(s[1], TIOCOUTQ, &n));
	printf("%d\n", n);
	SAY(recv(s[1], buf, 5, MSG_PEEK));
	SAY(read(s[1], buf, 5));
	SAY(write(s[0], "more", 4));
	SAY(recv(s[1], buf, 100, MSG_PEEK));
	SAY(read(s[1], buf, 100));
	SAY(recv(s[1], buf, 100, MSG_DONTWAIT));
	SAY(read(s[1], buf, 0));
	SAY(write(s[1], buf, 0));
	SAY(send(s[1], buf, 1, MSG_OOB) < 2);
	recv(s[0], buf, 1, MSG_DONTWAIT);
	SAY(pread(s[0], buf, 1, 0));
	SAY(lseek(s[0], 0, SEEK_SET));
	SAY(fcntl(s[0], F_GETFL));
	SAY(fstat(s[0], &st));
	printf("mode %o\n", st.st_mode);
	SAY(fsync(s[0]));
	SAY(ftruncate(s[0], 0));
	show_name("sock", s[0], getsockname);
	show_name("peer", s[0], getpeername);
	n = 8;
	SAY(syscall(SYS_getpeername, s[0], 8, &n));
	SAY(syscall(SYS_getpeername, s[0], buf, 8));
	SAY(syscall(SYS_getpeername, 0, buf, &n));
	SAY(syscall(SYS_getpeername, 999, buf, &n));
	n = -1;
	SAY(syscall(SYS_getpeername, s[0], buf, &n));
	SAY(sendto(s[0], "x", 1, 0, UN("nowhere")));
	OPT(s[0], SO_TYPE);
	OPT(s[0], SO_DOMAIN);
	OPT(s[0], SO_PROTOCOL);
	OPT(s[0], SO_ACCEPTCONN);
	OPT(s[0], SO_ERROR);
	OPT(s[0], SO_SNDBUF);
	OPT(s[0], SO_RCVBUF);
	OPT(s[0], SO_RCVLOWAT);
	OPT(s[0], SO_KEEPALIVE);
	OPT(s[0], SO_REUSEADDR);
	OPT(s[0], 9999);
	n = 1;
	SAY(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, &n, 4));
	OPT(s[0], SO_REUSEADDR);
	SAY(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, &n, 3));
	SAY(setsockopt(s[0], SOL_SOCKET, SO_TYPE, &n, 4));
	SAY(setsockopt(s[0], SOL_SOCKET, 9999, &n, 4));
	SAY(setsockopt(s[0], 6, 1, &n, 4));
	n = 1000;
	SAY(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &n, 4));
	OPT(s[0], SO_SNDBUF);
	n = 50000;
	SAY(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &n, 4));
	OPT(s[0], SO_SNDBUF);
	SAY(setsockopt(s[0], SOL_SOCKET, SO_RCVBUF, &n, 4));
	OPT(s[0], SO_RCVBUF);
	close(s[0]);
	show_poll("peer closed", s[1]);
	SAY(read(s[1], buf, 10));
	signal(SIGPIPE, SIG_IGN);
	SAY(write(s[1], buf, 10));
	show_name("peer after close", s[1], getpeername);
	close(s[1]);
}

static void unread(void)
{
	int s[2];

	printf("-- closed with unread data\n");
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	write(s[0], "abc", 3);
	write(s[1], "defg", 4);
	close(s[1]);
	show_poll("reset", s[0]);
	SAY(read(s[0], buf, 10));
	SAY(read(s[0], buf, 10));
	SAY(read(s[0], buf, 10));
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	close(s[0]);
}

static int caught;
static void on_pipe(int sig)
{
	caught = sig;
}

static void halves(void)
{
	int s[2], e;
	struct epoll_event ev = { EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };

	printf("-- halves\n");
	signal(SIGPIPE, on_pipe);
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	e = epoll_create1(0);
	SAY(epoll_ctl(e, EPOLL_CTL_ADD, s[1], &ev));
	SAY(epoll_wait(e, &ev, 1, 0));
	printf("%x\n", ev.events);
	SAY(epoll_wait(e, &ev, 1, 0));
	write(s[0], "1", 1);
	SAY(epoll_wait(e, &ev, 1, 0));
	printf("%x\n", ev.events);
	SAY(epoll_wait(e, &ev, 1, 0));
	write(s[0], "2", 1);
	SAY(epoll_wait(e, &ev, 1, 0));
	printf("%x\n", ev.events);
	SAY(shutdown(s[0], 7));
	SAY(shutdown(s[0], SHUT_WR));
	SAY(epoll_wait(e, &ev, 1, 0));
	printf("%x\n", ev.events);
	show_poll("shut for writing", s[0]);
	show_poll("its peer", s[1]);
	SAY(write(s[0], "x", 1));
	printf("signal %d\n", caught);
	caught = 0;
	SAY(send(s[0], "x", 1, MSG_NOSIGNAL));
	printf("signal %d\n", caught);
	SAY(read(s[1], buf, 10));
	SAY(read(s[1], buf, 10));
	SAY(write(s[1], "back", 4));
	SAY(read(s[0], buf, 10));
	SAY(shutdown(s[0], SHUT_RD));
	SAY(read(s[0], buf, 10));
	SAY(send(s[1], "x", 1, MSG_NOSIGNAL));
	show_poll("shut for all", s[0]);
	show_poll("its peer", s[1]);
	close(s[0]);
	close(s[1]);
	close(e);
}

static void named(void)
{
	int l, c, a, fd;
	struct sockaddr_un sa;
	struct stat st;
	socklen_t n = sizeof(sa);

	printf("-- a path\n");
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	show_poll("unconnected", l);
	show_name("unbound", l, getsockname);
	show_name("unconnected", l, getpeername);
	SAY(read(l, buf, 1));
	SAY(write(l, buf, 1));
	SAY(listen(l, 1));
	SAY(accept(l, NULL, NULL));
	SAY(shutdown(l, SHUT_WR));
	close(l);
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(bind(l, UN("s1")));
	SAY(bind(l, UN("s2")));
	show_name("bound", l, getsockname);
	SAY(stat("s1", &st));
	printf("mode %o\n", st.st_mode);
	SAY(open("s1", O_RDWR));
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(bind(c, UN("s1")));
	SAY(bind(c, UN("no/such")));
	SAY(connect(c, UN("s1")));
	SAY(connect(c, UN("none")));
	SAY(listen(l, 1));
	OPT(l, SO_ACCEPTCONN);
	show_poll("listening", l);
	SAY(ioctl(l, FIONREAD, &fd));
	SAY(connect(c, UN("./s1")));
	SAY(connect(c, UN("./s1")));
	show_poll("connected, not accepted", c);
	show_poll("with a connection", l);
	SAY(write(c, "early", 5));
	show_name("client", c, getsockname);
	show_name("client's peer", c, getpeername);
	a = accept4(l, (struct sockaddr *)&sa, &n,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
	printf("accepted: addr len %u\n", n);
	SAY(fcntl(a, F_GETFD));
	SAY(fcntl(a, F_GETFL));
	show_name("accepted", a, getsockname);
	show_name("accepted's peer", a, getpeername);
	SAY(read(a, buf, 100));
	SAY(read(a, buf, 100));
	SAY(listen(a, 1));
	SAY(connect(l, UN("s1")));
	SAY(rename("s1", "s3"));
	close(c);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(connect(c, UN("s1")));
	SAY(link("s3", "s4"));
	SAY(connect(c, UN("s4")));
	fd = open("plain", O_CREAT | O_RDWR, 0600);
	SAY(connect(socket(AF_UNIX, SOCK_STREAM, 0), UN("plain")));
	SAY(connect(socket(AF_UNIX, SOCK_DGRAM, 0), UN("s3")));
	SAY(connect(socket(AF_UNIX, SOCK_SEQPACKET, 0), UN("s3")));
	close(l);
	show_poll("listener closed", c);
	SAY(read(c, buf, 1));
	SAY(connect(socket(AF_UNIX, SOCK_STREAM, 0), UN("s3")));
	SAY(unlink("s3"));
	SAY(unlink("s4"));
	SAY(mknod("s5", S_IFSOCK | 0600, 0));
	SAY(connect(socket(AF_UNIX, SOCK_STREAM, 0), UN("s5")));
	SAY(unlink("s5"));
	SAY(bind(socket(AF_UNIX, SOCK_STREAM, 0), UN("/dev/shm/abi-sock")));
	SAY(unlink("/dev/shm/abi-sock"));
	unlink("plain");
	for (fd = 3; fd < 40; fd++)
		close(fd);
}

static void abstract(void)
{
	int l, c;
	struct sockaddr_un sa = { AF_UNIX };

	printf("-- abstract and automatic names\n");
	l = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(bind(l, UN("@abi-name")));
	show_name("bound", l, getsockname);
	SAY(bind(socket(AF_UNIX, SOCK_STREAM, 0), UN("@abi-name")));
	SAY(bind(socket(AF_UNIX, SOCK_DGRAM, 0), UN("@abi-name")));
	SAY(listen(l, 0));
	c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SAY(connect(c, UN("@abi-name")));
	SAY(connect(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0),
		    UN("@abi-name")));
	SAY(connect(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0),
		    UN("@abi-nam")));
	SAY(connect(c, un("@abi-name"), 1));
	SAY(connect(c, un("@abi-name"), 200));
	SAY(connect(c, NULL, 20));
	un_addr.sun_family = AF_INET;
	SAY(connect(c, (void *)&un_addr, 20));
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	SAY(bind(c, (void *)&sa, 2));
	{
		socklen_t n = sizeof(sa);

		getsockname(c, (void *)&sa, &n);
		printf("automatic: len %u first %d\n", n, sa.sun_path[0]);
	}
	memset(sa.sun_path, 'p', sizeof(sa.sun_path));
	SAY(bind(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&sa, sizeof(sa)));
	memset(buf, 0, 200);
	memset(buf, 'p', sizeof(sa.sun_path));
	SAY(unlink(buf));
	for (c = 3; c < 40; c++)
		close(c);
	SAY(socket(AF_UNIX, 77, 0));
	SAY(socket(AF_UNIX, 4, 0));
	SAY(socket(AF_UNIX, SOCK_STREAM, 5));
	SAY(socket(77, SOCK_STREAM, 0));
	SAY(socket(AF_UNIX, SOCK_STREAM | 0x100000, 0));
	SAY(bind(0, UN("@a")));
	SAY(bind(77, UN("@a")));
	c = socket(AF_UNIX, SOCK_RAW, 0);
	OPT(c, SO_TYPE);
	close(c);
}

static void *reader(void *arg)
{
	long n, sum = 0;

	usleep(20000);
	while ((n = read(*(int *)arg, buf, sizeof(buf))) > 0)
		sum += n;
	printf("reader got %ld\n", sum);
	return NULL;
}

static long elapsed(struct timespec a)
{
	struct timespec b;

	clock_gettime(CLOCK_MONOTONIC, &b);
	return (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
}

static void waiting(void)
{
	static char big[1000000];
	struct timeval tv = { 0, 200000 };
	struct timespec t;
	pthread_t th;
	int s[2];
	long r;

	printf("-- waiting\n");
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	pthread_create(&th, NULL, reader, &s[1]);
	SAY(write(s[0], big, sizeof(big)));
	SAY(write(s[0], big, sizeof(big)));
	shutdown(s[0], SHUT_WR);
	pthread_join(th, NULL);
	close(s[0]);
	close(s[1]);
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	SAY(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	SAY(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	clock_gettime(CLOCK_MONOTONIC, &t);
	SAY(read(s[0], buf, 1));
	printf("waited %d\n", elapsed(t) >= 190);
	clock_gettime(CLOCK_MONOTONIC, &t);
	r = write(s[0], big, sizeof(big));
	printf("some written %d, waited %d\n", r > 0 && r < (long)sizeof(big),
	       elapsed(t) >= 190);
	SAY(write(s[0], big, 1));
	show_poll("full", s[0]);
	SAY(fcntl(s[0], F_SETFL, O_NONBLOCK));
	SAY(write(s[0], big, 1));
	while (recv(s[1], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	show_poll("emptied", s[0]);
	SAY(fcntl(s[0], F_SETFL, 0));
	write(s[1], "abc", 3);
	SAY(recv(s[0], buf, 10, MSG_WAITALL));
	write(s[1], "abcdef", 6);
	SAY(recv(s[0], buf, 6, MSG_WAITALL));
	tv.tv_usec = 1000000;
	SAY(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	tv.tv_usec = 0;
	SAY(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	r = 3;
	SAY(setsockopt(s[1], SOL_SOCKET, SO_RCVLOWAT, &r, 4));
	close(s[0]);
	close(s[1]);
}

/* Exec keeps it, close-on-exec does not; sendfile and splice reach it. */
static void files(void)
{
	int s[2], fd, p[2], st;

	printf("-- as files\n");
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	fd = open("data", O_CREAT | O_RDWR | O_TRUNC, 0600);
	write(fd, "from a file", 11);
	lseek(fd, 0, SEEK_SET);
	SAY(sendfile(s[0], fd, NULL, 100));
	SAY(read(s[1], buf, 100));
	SAY(sendfile(fd, s[0], NULL, 100));
	close(fd);
	unlink("data");
	if (!fork()) {
		dup2(s[1], 1);
		execl("/bin/sh", "sh", "-c", "echo through exec", NULL);
		_exit(1);
	}
	wait(&st);
	printf("status %d\n", st);
	memset(buf, 0, 100);
	SAY(read(s[0], buf, 100));
	printf("%s", buf);
	snprintf(buf, 100, "/proc/self/fd/%d", s[0]);
	memset(buf + 200, 0, 100);
	SAY(readlink(buf, buf + 200, 99) > 9);
	printf("%.8s\n", buf + 200);
	SAY(open(buf, O_RDONLY));
	close(s[0]);
	close(s[1]);
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s);
	SAY(fcntl(s[0], F_GETFD));
	close(s[0]);
	close(s[1]);
}

int main(void)
{
	umask(022);
	pairs();
	unread();
	halves();
	named();
	abstract();
	waiting();
	files();
	return 0;
}
