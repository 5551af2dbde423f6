/* SPDX-License-Identifier: Apache-2.0 */
/* events.c: epoll, signal masks, timers, memory files, and what descriptors of
 * each kind refuse. */
#include "abi.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/timerfd.h>
#include <sys/xattr.h>

static int ep, ef, p[2], f, mf, q[2];
static uint64_t v;
static char b[10];
static struct stat st;
static struct timespec ts = { 2, 0 };
static struct epoll_event ev[8];
static struct pollfd pf;

static void *later(void *a)
{
	uint64_t five = 5;

	(void)a;
	usleep(30000);
	if (write(ef, &five, 8) != 8)
		puts("not written");
	return NULL;
}

static void on(int s)
{
	(void)s;
}

static void epolls(void)
{
	pthread_t t;
	struct epoll_event e = { EPOLLIN, { .u64 = 77 } };
	ep = epoll_create1(EPOLL_CLOEXEC);
	ef = eventfd(0, EFD_NONBLOCK);
	pipe(p);
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, ef, &e));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, ef, &e));
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, 99, &e));
	SAY(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], &e));
	SAY(epoll_wait(ep, ev, 8, 0));
	SAY(epoll_wait(ep, ev, 8, 20));
	SAY(epoll_wait(ep, ev, 0, 20));
	pthread_create(&t, 0, later, 0);
	SAY(epoll_wait(ep, ev, 8, -1));
	printf("%x %d\n", ev[0].events, (int)ev[0].data.u64);
	pthread_join(t, 0);
	SAY(epoll_wait(ep, ev, 8, 0));
	SAY(read(ef, &v, 8));
	printf("%d\n", (int)v);
	SAY(read(ef, &v, 8));
	SAY(epoll_wait(ep, ev, 8, 0));
	e.events = EPOLLIN | EPOLLET;
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e));
	e.events = EPOLLOUT | EPOLLET;
	SAY(epoll_ctl(ep, EPOLL_CTL_ADD, p[1], &e));
	SAY(epoll_wait(ep, ev, 8, 0));
	SAY(epoll_wait(ep, ev, 8, 0));
	SAY(write(p[1], "x", 1));
	SAY(epoll_wait(ep, ev, 8, 0));
	SAY(epoll_wait(ep, ev, 8, 0));
	close(p[1]);
	SAY(epoll_wait(ep, ev, 8, 0));
	printf("%x\n", ev[0].events);
	int pid = fork();
	if (!pid) {
		v = 1;
		write(ef, &v, 8);
		_exit(0);
	}
	waitpid(pid, 0, 0);
	SAY(epoll_wait(ep, ev, 8, 100));
	struct sigaction sa = { .sa_handler = on };
	sigaction(SIGALRM, &sa, 0);
	read(ef, &v, 8);
	alarm(1);
	SAY(epoll_wait(ep, ev, 8, -1));
	alarm(1);
	SAY(poll(0, 0, -1));
	alarm(1);
	SAY(select(0, 0, 0, 0, 0));
	alarm(1);
	SAY(poll(0, 0, 5000));
}

static void masks(void)
{
	sigset_t m, none;
	sigemptyset(&none);
	sigemptyset(&m);
	sigaddset(&m, SIGALRM);
	sigprocmask(SIG_BLOCK, &m, 0);
	raise(SIGALRM);
	SAY(ppoll(0, 0, &ts, &none));
	sigprocmask(SIG_BLOCK, 0, &m);
	SAY(sigismember(&m, SIGALRM));
	sigpending(&m);
	SAY(sigismember(&m, SIGALRM));
}

static void timers(void)
{
	int tf = timerfd_create(CLOCK_MONOTONIC, 0);
	struct itimerspec its = { { 0, 10000000 }, { 0, 10000000 } };
	SAY(timerfd_settime(tf, 0, &its, 0));
	SAY(read(tf, &v, 8));
	printf("%d\n", v >= 1);
	usleep(55000);
	SAY(read(tf, &v, 8));
	printf("%d\n", v >= 3);
	clock_gettime(CLOCK_REALTIME, &ts);
	its = (struct itimerspec){ { 0, 0 }, { ts.tv_sec, ts.tv_nsec } };
	close(tf);
	tf = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	SAY(timerfd_settime(tf, TFD_TIMER_ABSTIME, &its, 0));
	usleep(1000);
	SAY(read(tf, &v, 8));
	SAY(read(tf, &v, 8));
}

static void memory(void)
{
	mf = memfd_create("m", MFD_ALLOW_SEALING);
	SAY(ftruncate(mf, 8192));
	char *a = mmap(0, 8192, 3, MAP_SHARED, mf, 0);
	strcpy(a + 5000, "mapped");
	SAY(pread(mf, b, 7, 5000));
	puts(b);
	SAY(pwrite(mf, "W", 1, 5000));
	puts(a + 5000);
	SAY(fcntl(mf, F_ADD_SEALS, F_SEAL_WRITE));
	munmap(a, 8192);
	SAY(fcntl(mf, F_ADD_SEALS, F_SEAL_WRITE));
	SAY(pwrite(mf, "W", 1, 5000));
	SAY(mmap(0, 8192, 3, MAP_SHARED, mf, 0) == MAP_FAILED);
	fstat(mf, &st);
	printf("%d %o\n", (int)st.st_size, st.st_mode);
	SAY(fcntl(mf, F_GET_SEALS));
	f = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
	SAY(sendfile(f, mf, &(off_t){ 4990 }, 30));
	SAY(lseek(f, 0, SEEK_CUR));
	SAY(copy_file_range(mf, &(off_t){ 0 }, f, &(off_t){ 100 }, 10, 0));
	fstat(f, &st);
	printf("%d\n", (int)st.st_size);
}

static void vectors(void)
{
	struct iovec io[3] = { { "ab", 2 }, { 0, 0 }, { "cde", 3 } };
	SAY(pwritev(f, io, 3, 200));
	SAY(writev(f, io, 3));
	SAY(readv(f, io, -1));
	SAY(syscall(SYS_pwritev2, f, io, 3, -1L, -1L, 0));
	SAY(preadv(f, io, 1, -5));
	SAY(write(f, (void *)8, 5));
	SAY(write(f, (void *)-4096L, 5));
	SAY(pread(f, (void *)8, 5, 0));
	SAY(read(f, 0, 0));
	SAY(write(1, "", 0));
	SAY(lseek(f, 0, SEEK_HOLE));
	SAY(lseek(f, 5, SEEK_DATA));
	SAY(lseek(f, 99999, SEEK_DATA));
	SAY(fallocate(f, 0, 1000, 1000));
	fstat(f, &st);
	printf("%d\n", (int)st.st_size);
	SAY(fallocate(f, 0, -1, 5));
	SAY(fallocate(ef, 0, 0, 5));
	SAY(fallocate(p[0], 0, 0, 5));
	SAY(posix_fadvise(f, 0, 0, 77));
	SAY(posix_fadvise(p[0], 0, 0, 0));
	SAY(syncfs(f));
	SAY(fsync(f));
	SAY(fsync(p[0]));
	SAY(fdatasync(ef));
	SAY(sync_file_range(f, 0, 10, 2));
}

static void flags(void)
{
	SAY(fcntl(f, F_GETFL));
	SAY(fcntl(p[0], F_GETFL));
	SAY(fcntl(ef, F_GETFL));
	SAY(fcntl(ep, F_GETFD));
	SAY(fcntl(f, 9999));
	SAY(fcntl(p[0], F_SETPIPE_SZ, 300000));
	SAY(fcntl(f, F_GETPIPE_SZ));
	SAY(flock(f, LOCK_EX));
	int f2 = open("f", O_RDONLY);
	SAY(flock(f2, LOCK_SH | LOCK_NB));
	SAY(lseek(ef, 0, SEEK_SET));
	SAY(ftruncate(f2, 5));
	SAY(ftruncate(p[0], 5));
	SAY(read(ep, &v, 8));
	SAY(pread(ef, &v, 8, 0));
	SAY(poll((struct pollfd[]){ { f, POLLIN | POLLOUT },
				    { -1, 1 },
				    { 444, 1 } },
		 3, -1));
}

static void full_pipe(void)
{
	char big[70000];
	memset(big, 'a', sizeof big);
	pipe2(q, O_NONBLOCK);
	SAY(write(q[1], big, 70000));
	SAY(write(q[1], big, 1));
	SAY(poll(&(struct pollfd){ q[1], POLLOUT }, 1, 0));
	SAY(read(q[0], big, 4000));
	SAY(poll(&(struct pollfd){ q[1], POLLOUT }, 1, 0));
	SAY(read(q[0], big, 96));
	SAY(poll(&(struct pollfd){ q[1], POLLOUT }, 1, 0));
	SAY(write(q[1], big, 5000));
	signal(SIGPIPE, SIG_IGN);
	close(q[0]);
	SAY(write(q[1], big, 5));
	pf = (struct pollfd){ q[1], POLLOUT };
	SAY(poll(&pf, 1, 0));
	printf("%x\n", pf.revents);
}

static void names(void)
{
	SAY(syscall(436, 3, 2, 0));
	SAY(syscall(436, 1000, ~0U, 0));
	SAY(dup2(f, 1 << 30));
	SAY(dup3(f, f, 0));
	SAY(openat(f, "x", 0));
	SAY(open("f", O_DIRECTORY));
	SAY(open("f/", 0));
	SAY(open("", 0));
	SAY(open(".", O_RDWR));
	SAY(open("f", O_CREAT | O_EXCL, 0));
	int d = open(".", O_RDONLY);
	SAY(read(d, b, 1));
	SAY(unlinkat(d, "nope", 0));
	int o = openat(d, "f", O_PATH);
	SAY(read(o, b, 1));
	SAY(fchmod(o, 0600));
	SAY(fstat(o, &st));
	SAY(fcntl(o, F_GETFL));
	SAY(ioctl(o, 0x541b, &o));
	char l[64];
	sprintf(l, "/proc/self/fd/%d", f);
	int r = open(l, O_RDONLY);
	SAY(pread(r, b, 2, 200));
	SAY(faccessat(AT_FDCWD, l, W_OK, 0));
	struct statfs sf;
	SAY(statfs("/proc", &sf));
	printf("%lx %d\n", (long)sf.f_type, (int)sf.f_bsize);
	SAY(fstatfs(q[1], &sf));
	printf("%lx\n", (long)sf.f_type);
	SAY(statfs("/dev/shm", &sf));
	printf("%lx\n", (long)sf.f_type);
	SAY(getxattr("f", "user.none", b, 5));
	SAY(getxattr("f", "bogus.none", b, 5));
	SAY(setxattr("f", "", "x", 1, 0));
	SAY(mkfifo("ff", 0600));
	SAY(open("ff", O_WRONLY | O_NONBLOCK));
	SAY(rename("ff", "f"));
	SAY(stat("f", &st));
	printf("%o\n", st.st_mode);
	SAY(unlink("f"));
	char cw[100];
	sprintf(l, "/proc/self/fd/%d", f);
	ssize_t n = readlink(l, cw, 99);
	cw[n > 0 ? n : 0] = 0;
	puts(strrchr(cw, '/') ? strrchr(cw, '/') : cw);
	SAY(eventfd(0, 0xffff));
	SAY(timerfd_create(77, 0));
	SAY(epoll_create1(77));
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	epolls();
	masks();
	timers();
	memory();
	vectors();
	flags();
	full_pipe();
	names();
	return 0;
}
