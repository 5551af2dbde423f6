/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c: inotify, signalfd, SIGIO, EPOLLEXCLUSIVE, timerfd's flags. */
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/xattr.h>
#include <utime.h>

#include "abi.h"

static uint32_t first_cookie;

static void show(int fd)
{
	static const char *const bits[] = {
		"ACCESS",     "MODIFY",  "ATTRIB",      "CLOSE_WRITE",
		"CLOSE_NOWR", "OPEN",    "MOVED_FROM",  "MOVED_TO",
		"CREATE",     "DELETE",  "DELETE_SELF", "MOVE_SELF",
		"?",          "UNMOUNT", "Q_OVERFLOW",  "IGNORED",
	};
	char buf[8192] __attribute__((aligned(8)));
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (char *p = buf; p < buf + n;) {
			struct inotify_event *e = (void *)p;

			printf("  wd %d", e->wd);
			for (int b = 0; b < 16; b++)
				if (e->mask >> b & 1)
					printf(" %s", bits[b]);
			if (e->mask & IN_ISDIR)
				printf(" ISDIR");
			if (e->cookie) {
				if (!first_cookie)
					first_cookie = e->cookie;
				printf(" cookie %u", e->cookie - first_cookie);
			}
			if (e->len)
				printf(" len %u %s", e->len, e->name);
			printf("\n");
			p += sizeof(*e) + e->len;
		}
	}
	if (n < 0 && errno != EAGAIN)
		printf("  read: %s\n", strerrorname(errno));
}

static void touch(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	write(fd, text, strlen(text));
	close(fd);
}

#define DO(call)                                                               \
	do {                                                                   \
		printf("%s\n", #call);                                         \
		if ((long)(call) < 0)                                          \
			printf("  failed %s\n", strerrorname(errno));          \
		show(in);                                                      \
	} while (0)

static void dirs(void)
{
	int in = inotify_init1(IN_NONBLOCK), fd, n;
	char c[16];

	mkdir("d", 0755);
	mkdir("e", 0755);
	SAY(inotify_add_watch(in, "d", IN_ALL_EVENTS));
	SAY(inotify_add_watch(in, "e", IN_ALL_EVENTS));
	DO((touch("d/a", "text"), 0));
	DO((touch("d/a", "more"), 0));
	SAY(inotify_add_watch(in, "d/a", IN_ALL_EVENTS));
	DO(fd = open("d/a", O_RDWR));
	DO(read(fd, c, 3));
	DO(write(fd, "x", 1));
	DO(ftruncate(fd, 1));
	DO(fchmod(fd, 0600));
	DO(close(fd));
	DO(chmod("d/a", 0644));
	DO(chown("d/a", 0, 0));
	DO(utime("d/a", NULL));
	DO(truncate("d/a", 0));
	DO(link("d/a", "e/b"));
	DO(symlink("a", "d/s"));
	DO(mkdir("d/sub", 0755));
	DO(mknod("d/fifo", S_IFIFO | 0644, 0));
	DO(rename("d/a", "d/aa"));
	DO(rename("d/aa", "e/c"));
	DO(rename("e/c", "e/b"));
	DO(unlink("e/b"));
	DO(rename("e/b", "e/bb"));
	DO((touch("e/z", "1"), 0));
	DO(rename("e/z", "e/c"));
	DO(rename("d/sub", "e/sub"));
	DO(system("cat e/c; ls d e >/dev/null"));
	DO(unlink("e/c"));
	DO(unlink("d/s"));
	DO(rmdir("e/sub"));
	SAY(ioctl(in, FIONREAD, &n));
	printf("%d\n", n);
	SAY(inotify_rm_watch(in, 2));
	SAY(inotify_rm_watch(in, 2));
	show(in);
	DO(unlink("d/fifo"));
	DO(rmdir("d"));
	DO(system("rm -rf e d"));
	close(in);
}

static void flags(void)
{
	int in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), fd;
	char small[20];

	SAY(fcntl(in, F_GETFD));
	SAY(inotify_init1(1));
	touch("f", "1");
	SAY(inotify_add_watch(in, "f", IN_ONLYDIR | IN_OPEN));
	SAY(inotify_add_watch(in, "nothing", IN_OPEN));
	SAY(inotify_add_watch(in, "f", 0));
	SAY(inotify_add_watch(99, "f", IN_OPEN));
	SAY(inotify_add_watch(0, "f", IN_OPEN));
	SAY(inotify_add_watch(in, "f", IN_OPEN | IN_ONESHOT));
	DO(fd = open("f", O_RDONLY));
	DO(close(open("f", O_RDONLY)));
	SAY(inotify_add_watch(in, "f", IN_OPEN));
	SAY(inotify_add_watch(in, "f", IN_CLOSE_NOWRITE | IN_MASK_ADD));
	SAY(inotify_add_watch(in, "f", IN_CLOSE_NOWRITE | 0x10000000));
	DO(close(open("f", O_RDONLY)));
	SAY(inotify_add_watch(in, "f", IN_DELETE_SELF | IN_ATTRIB));
	DO(unlink("f"));
	DO(close(fd));
	mkdir("g", 0755);
	SAY(inotify_add_watch(in, "g", IN_ALL_EVENTS));
	touch("g/x", "1");
	SAY(read(in, small, sizeof(small)));
	SAY(read(in, small, 4));
	show(in);
	fd = open("g/x", O_RDWR);
	unlink("g/x");
	show(in);
	DO(write(fd, "q", 1));
	SAY(inotify_add_watch(in, "g", IN_ALL_EVENTS | IN_EXCL_UNLINK));
	DO(write(fd, "q", 1));
	close(fd);
	/* twice the same is once */
	touch("g/y", "1");
	fd = open("g/y", O_RDWR);
	show(in);
	for (int i = 0; i < 5; i++)
		write(fd, "z", 1);
	show(in);
	close(fd);
	/* more than the queue holds; in memory, for it is a lot */
	fd = open("/dev/shm/over", O_RDWR | O_CREAT, 0600);
	inotify_add_watch(in, "/dev/shm/over", IN_ALL_EVENTS);
	for (int i = 0; i < 16384; i++) {
		write(fd, "z", 1);
		pread(fd, small, 1, 0);
	}
	int n = 0, over = 0;
	char buf[32 * 64];
	ssize_t r;
	while ((r = read(in, buf, sizeof(buf))) > 0)
		for (char *p = buf; p < buf + r; n++) {
			struct inotify_event *e = (void *)p;
			over += e->mask == IN_Q_OVERFLOW && e->wd == -1;
			p += sizeof(*e) + e->len;
		}
	printf("%d events, %d overflow\n", n, over);
	close(fd);
	close(in);
	unlink("/dev/shm/over");
}

static void poll_it(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	printf("poll %d ", poll(&p, 1, 0));
	printf("%d\n", p.revents);
}

static void sigs(void)
{
	struct signalfd_siginfo s[3];
	sigset_t m;
	union sigval v = { .sival_int = 42 };
	int fd, st;
	pid_t pid;

	sigemptyset(&m);
	sigaddset(&m, SIGUSR1);
	sigaddset(&m, SIGRTMIN + 3);
	sigaddset(&m, SIGCHLD);
	sigprocmask(SIG_BLOCK, &m, NULL);
	fd = signalfd(-1, &m, SFD_NONBLOCK | SFD_CLOEXEC);
	SAY(fd >= 0);
	poll_it(fd);
	SAY(read(fd, s, sizeof(s)));
	SAY(read(fd, s, 100));
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1);
	sigqueue(getpid(), SIGRTMIN + 3, v);
	v.sival_int = 43;
	sigqueue(getpid(), SIGRTMIN + 3, v);
	poll_it(fd);
	SAY(read(fd, s, sizeof(s)));
	for (int i = 0; i < 3; i++)
		printf("%d code %d int %d mine %d uid %d\n",
		       (int)s[i].ssi_signo == SIGUSR1, s[i].ssi_code,
		       s[i].ssi_int, (int)s[i].ssi_pid == getpid(),
		       s[i].ssi_uid);
	poll_it(fd);
	pid = fork();
	if (!pid)
		_exit(7);
	waitpid(pid, &st, 0);
	SAY(read(fd, s, sizeof(s)));
	printf("%d code %d status %d pid %d\n", (int)s[0].ssi_signo == SIGCHLD,
	       s[0].ssi_code, s[0].ssi_status, (int)s[0].ssi_pid == pid);
	sigemptyset(&m);
	sigaddset(&m, SIGUSR2);
	sigprocmask(SIG_BLOCK, &m, NULL);
	SAY(signalfd(fd, &m, 0) == fd);
	SAY(signalfd(0, &m, 0));
	raise(SIGUSR2);
	SAY(read(fd, s, sizeof(s)));
	printf("%d code %d\n", (int)s[0].ssi_signo == SIGUSR2, s[0].ssi_code);
	/* who sleeps is woken */
	fcntl(fd, F_SETFL, 0);
	pid = fork();
	if (!pid) {
		usleep(100000);
		kill(getppid(), SIGUSR2);
		_exit(0);
	}
	SAY(read(fd, s, sizeof(s)));
	waitpid(pid, &st, 0);
	close(fd);
}

static volatile int got, got_fd, got_code, got_band;
static void on_io(int sig, siginfo_t *i, void *u)
{
	got = sig;
	got_fd = i->si_fd;
	got_code = i->si_code;
	got_band = i->si_band;
}

static void sigio(void)
{
	struct sigaction sa = { .sa_sigaction = on_io, .sa_flags = SA_SIGINFO };
	struct {
		int type, pid;
	} ex = { 9, 0 };
	int p[2], pid = getpid();
	char c[10];

	setpgid(0, 0);
	sigaction(SIGIO, &sa, NULL);
	sigaction(SIGRTMIN + 5, &sa, NULL);
	pipe(p);
	SAY(fcntl(p[0], F_GETOWN));
	SAY(fcntl(p[0], F_GETSIG));
	SAY(fcntl(p[0], F_SETOWN, getpid()));
	SAY(fcntl(p[0], F_GETOWN) == pid);
	SAY(fcntl(p[0], F_SETFL, O_ASYNC | O_NONBLOCK));
	SAY(fcntl(p[0], F_GETFL) == (O_ASYNC | O_NONBLOCK));
	SAY(write(p[1], "a", 1));
	printf("SIGIO %d code %x\n", got == SIGIO, got_code);
	got = 0;
	SAY(read(p[0], c, 10));
	printf("got %d\n", got);
	SAY(fcntl(p[0], F_SETSIG, SIGRTMIN + 5));
	SAY(fcntl(p[0], F_GETSIG) == SIGRTMIN + 5);
	SAY(fcntl(p[0], F_SETSIG, 65));
	SAY(write(p[1], "a", 1));
	printf("rt %d code %d fd %d band %x\n", got == SIGRTMIN + 5, got_code,
	       got_fd == p[0], got_band);
	got = 0;
	SAY(fcntl(p[0], F_SETFL, O_NONBLOCK));
	SAY(write(p[1], "a", 1));
	printf("got %d\n", got);
	SAY(fcntl(p[0], F_SETOWN, -getpgrp()));
	SAY(fcntl(p[0], 16, &ex));
	printf("%d %d\n", ex.type, ex.pid == getpgrp());
	SAY(fcntl(p[0], F_SETOWN, 999999));
	SAY(fcntl(p[0], F_SETOWN, 0));
	SAY(fcntl(p[0], 16, &ex));
	printf("%d %d\n", ex.type, ex.pid);
	ex.type = 7;
	SAY(fcntl(p[0], 15, &ex));
	ex.type = 0;
	ex.pid = gettid();
	SAY(fcntl(p[0], 15, &ex));
	SAY(fcntl(p[0], F_SETSIG, 0));
	SAY(fcntl(p[0], F_SETFL, O_ASYNC));
	/* by another process, which closes the other end */
	pid = fork();
	if (!pid) {
		close(p[0]);
		usleep(100000);
		close(p[1]);
		_exit(0);
	}
	close(p[1]);
	got = 0;
	while (!got)
		usleep(1000);
	printf("SIGIO %d\n", got == SIGIO);
	waitpid(pid, NULL, 0);
	close(p[0]);
	int r = open("plain", O_RDWR | O_CREAT, 0600);
	SAY(fcntl(r, F_SETFL, O_ASYNC));
	SAY(fcntl(r, F_GETFL) & O_ASYNC ? 1 : 0);
	close(r);
}

static int exfd;
static void *waiter(void *arg)
{
	struct epoll_event e = { .events = EPOLLIN | (1u << 28) };
	int ep = epoll_create1(0);

	epoll_ctl(ep, EPOLL_CTL_ADD, exfd, &e);
	return (void *)(long)epoll_wait(ep, &e, 1, 1500);
}

static void exclusive(void)
{
	struct epoll_event e = { .events = EPOLLIN | (1u << 28) };
	int p[2], ep = epoll_create1(0), n = 0;
	pthread_t t[4];

	pipe(p);
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e));
	SAY(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e));
	SAY(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], &e));
	e.events = EPOLLIN | (1u << 28) | EPOLLONESHOT;
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e));
	e.events = EPOLLIN | EPOLLWAKEUP;
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e));
	exfd = p[0];
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, waiter, NULL);
	usleep(300000);
	write(p[1], "x", 1);
	for (int i = 0; i < 4; i++) {
		void *r;

		pthread_join(t[i], &r);
		n += (long)r;
	}
	printf("woken: %s\n", n == 1 ? "one" : n ? "more" : "none");
	close(ep);
}

static void timers(void)
{
	struct itimerspec v = { .it_value = { 1, 0 } };
	struct timespec now;
	int fd = timerfd_create(CLOCK_REALTIME, 0);

	SAY(timerfd_create(8, 0) >= 0 || errno == EPERM);
	SAY(timerfd_create(6, 0));
	clock_gettime(CLOCK_REALTIME, &now);
	v.it_value = now;
	SAY(timerfd_settime(fd, TFD_TIMER_ABSTIME | 2, &v, NULL));
	uint64_t n;
	SAY(read(fd, &n, 8));
	SAY(timerfd_settime(fd, 4, &v, NULL));
	close(fd);
}

int main(void)
{
	dirs();
	flags();
	sigs();
	sigio();
	exclusive();
	timers();
	return 0;
}
