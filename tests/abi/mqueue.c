/* SPDX-License-Identifier: Apache-2.0 */
/* mqueue.c: POSIX message queues: mq_open, mq_unlink, mq_timedsend,
 * mq_timedreceive, mq_notify, mq_getsetattr, and the file system mqueue. */
#include "abi.h"

#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#define BAD ((void *)8)

static char name[40], slash[41];

/* Nothing here is to depend on CAP_SYS_RESOURCE. */
static void unprivileged(void)
{
	struct {
		unsigned version, pid;
	} h = { 0x20080522, 0 };
	struct {
		unsigned effective, permitted, inheritable;
	} d[2];

	OK(syscall(SYS_capget, &h, d));
	d[0].effective &= ~(1U << 24);
	OK(syscall(SYS_capset, &h, d));
}

static long q_open(const char *n, int flags, mode_t mode, void *attr)
{
	return syscall(SYS_mq_open, n, flags, mode, attr);
}

static long q_send(int fd, const char *s, size_t n, unsigned prio)
{
	return syscall(SYS_mq_timedsend, fd, s, n, prio, NULL);
}

static void take(int fd, size_t n)
{
	char buf[9000] = "";
	unsigned prio = 77;
	long r = syscall(SYS_mq_timedreceive, fd, buf, n, &prio, NULL);

	if (r < 0)
		printf("receive: %s\n", strerrorname(errno));
	else
		printf("receive: %ld '%.*s' prio %u\n", r, (int)r, buf, prio);
}

static void say_attr(int fd)
{
	struct mq_attr a = { .mq_flags = 9 };

	if (syscall(SYS_mq_getsetattr, fd, NULL, &a))
		printf("attr: %s\n", strerrorname(errno));
	else
		printf("attr: flags %lo maxmsg %ld msgsize %ld curmsgs %ld\n",
		       a.mq_flags, a.mq_maxmsg, a.mq_msgsize, a.mq_curmsgs);
}

static void say_text(int fd)
{
	char buf[100];
	ssize_t n = pread(fd, buf, sizeof(buf), 0);

	printf("text: %zd %.*s", n, n > 0 ? (int)n - 8 : 0, buf);
	puts(n > 0 && atoi(buf + n - 7) == getpid() ? "me" : "other");
}

static void names(void)
{
	char longest[300];

	memset(longest, 'a', sizeof(longest));
	longest[256] = 0;
	SAY(q_open("", O_CREAT | O_RDWR, 0600, NULL));
	SAY(q_open(".", O_CREAT | O_RDWR, 0600, NULL));
	SAY(q_open("..", O_RDWR, 0600, NULL));
	SAY(q_open("/a", O_CREAT | O_RDWR, 0600, NULL));
	SAY(q_open("a/b", O_CREAT | O_RDWR, 0600, NULL));
	SAY(q_open(longest, O_CREAT | O_RDWR, 0600, NULL));
	SAY(q_open(BAD, O_CREAT | O_RDWR, 0600, NULL));
	SAY(q_open("nothing-of-ours", O_RDWR, 0600, BAD));
	SAY(q_open("nothing-of-ours", O_RDWR, 0600, NULL));
	SAY(syscall(SYS_mq_unlink, "nothing-of-ours"));
	SAY(syscall(SYS_mq_unlink, ""));
	SAY(syscall(SYS_mq_unlink, "a/b"));
	SAY(syscall(SYS_mq_unlink, BAD));
}

static void attributes(void)
{
	struct mq_attr a = { .mq_maxmsg = 3, .mq_msgsize = 20 };
	const long wrong[][2] = { { 0, 8 },         { 8, 0 },
				  { -1, 8 },        { 8, -1 },
				  { 65537, 8 },     { 8, (16 << 20) + 1 },
				  { 65536, 16384 }, { 11, 8 },
				  { 8, 8193 } };
	struct stat st;
	int fd;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		a.mq_maxmsg = wrong[i][0];
		a.mq_msgsize = wrong[i][1];
		printf("%ld %ld: ", a.mq_maxmsg, a.mq_msgsize);
		SAY(q_open(name, O_CREAT | O_RDWR, 0600, &a) < 0 ? -1 : 0);
		mq_unlink(slash);
	}
	fd = (int)q_open(name, O_CREAT | O_EXCL | O_RDWR, 0640, NULL);
	say_attr(fd);
	OK(fstat(fd, &st));
	printf("mode %o size %ld nlink %ld\n", st.st_mode, (long)st.st_size,
	       (long)st.st_nlink);
	SAY(q_open(name, O_CREAT | O_EXCL | O_RDWR, 0640, NULL));
	SAY(q_open(name, O_ACCMODE, 0, NULL));
	SAY(fcntl(fd, F_GETFD));
	printf("flags %o\n", fcntl(fd, F_GETFL) & ~0100000);
	a = (struct mq_attr){ .mq_flags = O_NONBLOCK, .mq_maxmsg = 5 };
	SAY(syscall(SYS_mq_getsetattr, fd, &a, NULL));
	say_attr(fd);
	a.mq_flags = O_NONBLOCK | O_APPEND;
	SAY(syscall(SYS_mq_getsetattr, fd, &a, NULL));
	SAY(syscall(SYS_mq_getsetattr, fd, BAD, NULL));
	SAY(syscall(SYS_mq_getsetattr, fd, NULL, BAD));
	SAY(syscall(SYS_mq_getsetattr, 0, NULL, &a));
	SAY(syscall(SYS_mq_getsetattr, -1, NULL, &a));
	SAY(mq_unlink(slash));
	say_attr(fd);
	close(fd);
}

/* As somebody without CAP_SYS_RESOURCE. */
static void limits(void)
{
	struct rlimit none = { 0, 0 }, some = { 90000, 90000 };
	struct mq_attr a = { .mq_maxmsg = 10, .mq_msgsize = 8192 };
	int fd, other;

	OK(setgid(12345));
	OK(setuid(12345));
	a.mq_maxmsg = 11;
	SAY(q_open(name, O_CREAT | O_RDWR, 0600, &a));
	a = (struct mq_attr){ .mq_maxmsg = 10, .mq_msgsize = 8193 };
	SAY(q_open(name, O_CREAT | O_RDWR, 0600, &a));
	OK(setrlimit(RLIMIT_MSGQUEUE, &some));
	a = (struct mq_attr){ .mq_maxmsg = 10, .mq_msgsize = 8192 };
	OK(fd = (int)q_open(name, O_CREAT | O_RDWR, 0, &a));
	SAY(q_open(name, O_RDONLY, 0, NULL));
	SAY(q_open("one-more-of-ours", O_CREAT | O_RDWR, 0600, &a));
	a = (struct mq_attr){ .mq_maxmsg = 10, .mq_msgsize = 600 };
	OK(other = (int)q_open("one-more-of-ours", O_CREAT | O_WRONLY, 0600,
			       &a));
	SAY(q_send(other, "x", 1, 0));
	take(other, 600);
	SAY(mq_unlink("/one-more-of-ours"));
	SAY(mq_unlink(slash));
	close(other);
	close(fd);
	OK(setrlimit(RLIMIT_MSGQUEUE, &none));
	SAY(q_open(name, O_CREAT | O_RDWR, 0600, NULL));
}

static void messages(void)
{
	struct mq_attr a = { .mq_maxmsg = 4, .mq_msgsize = 8 };
	struct timespec t = { 1, 0 }, wrong = { 1, 1000000000 };
	struct pollfd p = { .events = POLLIN | POLLOUT };
	char buf[16];
	int fd, ro;

	OK(fd = (int)q_open(name, O_CREAT | O_RDWR, 0600, &a));
	OK(ro = (int)q_open(name, O_RDONLY | O_NONBLOCK, 0, NULL));
	p.fd = fd;
	SAY(poll(&p, 1, 0));
	printf("revents %x\n", p.revents);
	take(ro, 8);
	take(ro, 7);
	take(0, 8);
	SAY(q_send(ro, "x", 1, 0));
	SAY(q_send(fd, "low", 3, 1));
	SAY(q_send(fd, "high", 4, 32767));
	SAY(q_send(fd, "low 2", 5, 1));
	SAY(q_send(fd, "", 0, 5));
	SAY(q_send(fd, "x", 1, 32768));
	SAY(q_send(fd, "too long.", 9, 0));
	SAY(q_send(fd, BAD, 4, 0));
	say_attr(fd);
	SAY(poll(&p, 1, 0));
	printf("revents %x\n", p.revents);
	SAY(syscall(SYS_mq_timedsend, fd, "x", 1, 0, &t));
	SAY(syscall(SYS_mq_timedsend, fd, "x", 1, 0, &wrong));
	SAY(syscall(SYS_mq_timedsend, fd, "x", 1, 0, BAD));
	SAY(syscall(SYS_mq_timedsend, -1, "x", 1, 0, &wrong));
	SAY(syscall(SYS_mq_timedreceive, fd, buf, 16, BAD, NULL));
	for (int i = 0; i < 4; i++)
		take(ro, 8);
	SAY(syscall(SYS_mq_timedreceive, fd, buf, 8, NULL, &t));
	SAY(syscall(SYS_mq_timedreceive, fd, buf, 8, NULL, &wrong));
	SAY(write(fd, "x", 1));
	SAY(lseek(fd, 0, SEEK_END));
	SAY(q_send(fd, "again", 5, 3));
	SAY(mq_unlink(slash));
	SAY(q_open(name, O_RDWR, 0, NULL));
	take(fd, 8);
	close(fd);
	close(ro);
}

/* ---- who waits ---- */

static int queue;

static void *receiver(void *arg)
{
	char buf[8];
	long r = syscall(SYS_mq_timedreceive, queue, buf, 8, NULL, NULL);

	*(char *)arg = r == 1 ? buf[0] : '?';
	return NULL;
}

static void *sender(void *arg)
{
	q_send(queue, arg, 1, 1);
	return NULL;
}

static void waiting(void)
{
	struct mq_attr a = { .mq_maxmsg = 2, .mq_msgsize = 8 };
	char got[3] = "", one[] = "1", two[] = "2";
	pthread_t t[2];

	OK(queue = (int)q_open(name, O_CREAT | O_RDWR, 0600, &a));
	for (int i = 0; i < 2; i++) {
		pthread_create(&t[i], NULL, receiver, &got[i]);
		usleep(100000);
	}
	SAY(q_send(queue, "a", 1, 0));
	SAY(q_send(queue, "b", 1, 9));
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	printf("in order: %s\n", got);
	SAY(q_send(queue, "x", 1, 0));
	SAY(q_send(queue, "y", 1, 5));
	pthread_create(&t[0], NULL, sender, one);
	usleep(100000);
	pthread_create(&t[1], NULL, sender, two);
	usleep(100000);
	for (int i = 0; i < 4; i++)
		take(queue, 8);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	SAY(mq_unlink(slash));
}

/* ---- who is told ---- */

static volatile int told;

static void handler(int sig, siginfo_t *si, void *u)
{
	(void)u;
	told++;
	printf("signal %s code %d value %d pid %s uid %d\n",
	       sig == SIGUSR1 ? "USR1" : "?", si->si_code,
	       si->si_value.sival_int, si->si_pid == getpid() ? "mine" : "?",
	       (int)si->si_uid);
}

static void nothing(int sig)
{
	(void)sig;
}

static void in_thread(union sigval v)
{
	told = v.sival_int;
}

static void telling(void)
{
	struct mq_attr a = { .mq_maxmsg = 4, .mq_msgsize = 8 };
	struct sigaction sa = { .sa_sigaction = handler,
				.sa_flags = SA_SIGINFO };
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL,
			      .sigev_signo = SIGUSR1,
			      .sigev_value.sival_int = 42 };
	struct itimerval soon = { { 0, 0 }, { 0, 100000 } };
	char got = 0;
	pthread_t t;
	int fd, pid;

	sigaction(SIGUSR1, &sa, NULL);
	sa.sa_flags = 0;
	sa.sa_handler = nothing;
	sigaction(SIGALRM, &sa, NULL);
	OK(queue = fd = (int)q_open(name, O_CREAT | O_RDWR, 0600, &a));
	SAY(mq_notify(fd, &e));
	say_text(fd);
	SAY(mq_notify(fd, &e));
	SAY(q_send(fd, "1", 1, 0));
	SAY(q_send(fd, "2", 1, 0));
	say_text(fd);
	SAY(mq_notify(fd, &e));
	take(fd, 8);
	SAY(q_send(fd, "3", 1, 0));
	take(fd, 8);
	take(fd, 8);
	pthread_create(&t, NULL, receiver, &got);
	usleep(100000);
	SAY(q_send(fd, "4", 1, 0)); /* a receiver waits: nobody is told */
	pthread_join(t, NULL);
	printf("told %d\n", told);
	SAY(q_send(fd, "5", 1, 0));
	printf("told %d\n", told);
	take(fd, 8);
	SAY(mq_notify(fd, NULL));
	SAY(mq_notify(fd, &e));
	pid = fork();
	if (!pid) {
		SAY(mq_notify(fd, &e));
		SAY(mq_notify(fd, NULL));
		exit(0);
	}
	waitpid(pid, NULL, 0);
	SAY(mq_notify(fd, &e));
	close(dup(fd)); /* any close by the owner ends it */
	SAY(mq_notify(fd, &e));
	SAY(mq_notify(fd, NULL));
	e.sigev_notify = SIGEV_NONE;
	SAY(mq_notify(fd, &e));
	say_text(fd);
	SAY(q_send(fd, "6", 1, 0));
	say_text(fd);
	take(fd, 8);
	e.sigev_notify = 99;
	SAY(syscall(SYS_mq_notify, fd, &e));
	e.sigev_notify = SIGEV_SIGNAL;
	e.sigev_signo = 65;
	SAY(syscall(SYS_mq_notify, fd, &e));
	e.sigev_signo = 0;
	SAY(syscall(SYS_mq_notify, fd, &e));
	SAY(syscall(SYS_mq_notify, fd, NULL));
	SAY(syscall(SYS_mq_notify, fd, BAD));
	SAY(syscall(SYS_mq_notify, 0, NULL));
	e = (struct sigevent){ .sigev_notify = SIGEV_THREAD };
	e.sigev_value.sival_ptr = BAD;
	SAY(syscall(SYS_mq_notify, fd, &e));
	e.sigev_value.sival_ptr = &a;
	e.sigev_signo = fd;
	SAY(syscall(SYS_mq_notify, fd, &e));
	e.sigev_signo = -1;
	SAY(syscall(SYS_mq_notify, fd, &e));
	setitimer(ITIMER_REAL, &soon, NULL);
	take(fd, 8); /* until the signal */
	SAY(mq_unlink(slash));
	close(fd);
}

static int asks(void *fd)
{
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL,
			      .sigev_signo = SIGUSR1 };

	return mq_notify(*(int *)fd, &e) != 0;
}

/* Who is to be told has ended, and its descriptors live on. */
static void gone(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct mq_attr a = { .mq_maxmsg = 4, .mq_msgsize = 8 };
	int fd, pid, st = -1;

	OK(fd = (int)q_open(name, O_CREAT | O_RDWR, 0600, &a));
	pid = clone(asks, stack + sizeof(stack), CLONE_FILES | SIGCHLD, &fd);
	waitpid(pid, &st, 0);
	printf("status %d\n", st);
	SAY(mq_notify(fd, NULL));
	SAY(asks(&fd));
	SAY(q_send(fd, "1", 1, 0));
	SAY(asks(&fd));
	SAY(mq_unlink(slash));
	close(fd);
}

static void threads(void)
{
	struct mq_attr a = { .mq_maxmsg = 4, .mq_msgsize = 8 };
	struct sigevent e = { .sigev_notify = SIGEV_THREAD,
			      .sigev_notify_function = in_thread,
			      .sigev_value.sival_int = 7 };
	int fd;

	told = 0;
	OK(fd = (int)q_open(name, O_CREAT | O_RDWR, 0600, &a));
	SAY(mq_notify(fd, &e));
	SAY(q_send(fd, "1", 1, 0));
	for (int i = 0; i < 500 && !told; i++)
		usleep(10000);
	printf("told %d\n", told);
	SAY(mq_unlink(slash));
	close(fd);
}

/* ---- the file system ---- */

static void mounted(void)
{
	char path[100], to[100];
	struct statfs fs;
	struct stat st;
	ssize_t n;
	int fd;

	mkdir("mq", 0755);
	SAY(mount("none", "mq", "mqueue", 0, "size=5"));
	SAY(mount("none", "mq", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  NULL));
	OK(statfs("mq", &fs));
	OK(stat("mq", &st));
	printf("magic %lx bsize %ld mode %o\n", (long)fs.f_type,
	       (long)fs.f_bsize, st.st_mode);
	snprintf(path, sizeof(path), "mq/%s", name);
	SAY(access(path, F_OK));
	OK(fd = (int)q_open(name, O_CREAT | O_RDWR, 0644, NULL));
	SAY(q_send(fd, "abc", 3, 0));
	SAY(access(path, F_OK));
	OK(stat(path, &st));
	printf("mode %o size %ld\n", st.st_mode, (long)st.st_size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, to, sizeof(to) - 1);
	printf("link %s\n",
	       n > 0 && (to[n] = 0, !strcmp(to, slash)) ? "name" : to);
	close(fd);
	snprintf(path, sizeof(path), "mq/%s", name);
	OK(fd = open(path, O_RDWR));
	say_text(fd);
	take(fd, 8192);
	close(fd);
	SAY(mkdir("mq/d", 0755));
	SAY(symlink("x", "mq/l"));
	SAY(link(path, "mq/h"));
	SAY(rename(path, "mq/r"));
	SAY(mkfifo("mq/f", 0600));
	SAY(chmod(path, 0600));
	SAY(unlink(path));
	SAY(q_open(name, O_RDWR, 0, NULL));
	OK(fd = open(path, O_CREAT | O_RDWR, 0600));
	SAY(umount("mq"));
	close(fd);
	OK(fd = (int)q_open(name, O_RDONLY, 0, NULL));
	SAY(mount("none", "mq", "mqueue", 0, NULL));
	SAY(umount("mq"));
	close(fd);
	SAY(mq_unlink(slash));
	SAY(mount("none", "mq", "mqueue", 0, NULL));
	SAY(access(path, F_OK));
	SAY(umount("mq"));
	rmdir("mq");
}

int main(void)
{
	int pid;

	setvbuf(stdout, NULL, _IOLBF, 0);
	umask(022);
	unprivileged();
	snprintf(name, sizeof(name), "kuni-%d", getpid());
	snprintf(slash, sizeof(slash), "/%s", name);
	names();
	attributes();
	fflush(stdout);
	pid = fork();
	if (!pid) {
		limits();
		exit(0);
	}
	waitpid(pid, NULL, 0);
	messages();
	waiting();
	telling();
	gone();
	threads();
	mounted();
	return 0;
}
