/* SPDX-License-Identifier: Apache-2.0 */
/*
 * micro.c: what one thing costs, inside a guest: ours or a Linux one.
 *
 *	micro FILE [PATTERN]	every row whose name holds PATTERN; "name<TAB>ticks" to FILE
 *	micro FILE @ NAME CMD...	CMD from fork to wait: a row NAME
 *
 * Ticks are the TSC's: instructions under QEMU's -icount shift=0, time
 * otherwise.  A row is the least of ROUNDS rounds, divided by what a round does.
 * Root and /tmp are the file system that the host serves, /dev/shm a tmpfs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define ROUNDS     5
#define BIG        (64U << 10)
#define FILE_BYTES (4UL << 20)
#define PAGE       4096UL
#define MUST(x)                                                                \
	do {                                                                   \
		if ((long)(x) < 0)                                             \
			die(#x);                                               \
	} while (0)

static char buf[BIG];
static int in, shm, root_file, pipes[4], pair[2], ep;
static char *area;
extern char **environ;

static void die(const char *what)
{
	fprintf(stderr, "micro: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- calls, descriptors ---- */

static void r_getpid(long n)
{
	while (n--)
		syscall(SYS_getpid);
}
static void r_clock_vdso(long n)
{
	struct timespec t;

	while (n--)
		clock_gettime(CLOCK_MONOTONIC, &t);
}
static void r_clock_call(long n)
{
	struct timespec t;

	while (n--)
		syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
}
static void r_read1(long n)
{
	while (n--)
		MUST(pread(in, buf, 1, 0));
}
static void r_read64k(long n)
{
	while (n--)
		MUST(pread(in, buf, BIG, 0));
}
static void r_write1(long n)
{
	while (n--)
		MUST(pwrite(shm, buf, 1, 0));
}
static void r_write64k(long n)
{
	while (n--)
		MUST(pwrite(shm, buf, BIG, 0));
}
static void r_write1_root(long n)
{
	while (n--)
		MUST(pwrite(root_file, buf, 1, 0));
}
static void r_write64k_root(long n)
{
	while (n--)
		MUST(pwrite(root_file, buf, BIG, 0));
}
static void r_zero64k(long n)
{
	static int zero = -1;

	if (zero < 0)
		MUST(zero = open("/dev/zero", O_RDONLY));
	while (n--)
		MUST(read(zero, buf, BIG));
}
static void r_pipe1(long n)
{
	while (n--) {
		MUST(write(pipes[1], buf, 1));
		MUST(read(pipes[0], buf, 1));
	}
}
static void r_pipe64k(long n)
{
	while (n--) {
		MUST(write(pipes[1], buf, BIG));
		MUST(read(pipes[0], buf, BIG));
	}
}
static void r_socket1(long n)
{
	while (n--) {
		MUST(write(pair[0], buf, 1));
		MUST(read(pair[1], buf, 1));
	}
}
static void r_epoll(long n)
{
	struct epoll_event e;

	while (n--)
		MUST(epoll_wait(ep, &e, 1, -1));
}

/* ---- from one to the other ---- */

static void r_pingpong(long n)
{
	pid_t pid = fork();

	if (!pid) {
		while (read(pipes[0], buf, 1) == 1 &&
		       write(pipes[3], buf, 1) == 1 && buf[0] != 'q')
			;
		_exit(0);
	}
	while (n--) {
		buf[0] = n ? 'x' : 'q';
		MUST(write(pipes[1], buf, 1));
		MUST(read(pipes[2], buf, 1));
	}
	waitpid(pid, NULL, 0);
}
static void r_yield(long n)
{
	pid_t pid = fork();
	long m = n;

	while (m--)
		sched_yield();
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}
static int word;
static void r_futex_wake(long n)
{
	while (n--)
		MUST(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL));
}
static void hand_over(int me, long n)
{
	for (; n--;) {
		while (__atomic_load_n(&word, __ATOMIC_ACQUIRE) != me)
			syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, !me,
				NULL);
		__atomic_store_n(&word, !me, __ATOMIC_RELEASE);
		syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
	}
}
static void *other(void *n)
{
	hand_over(1, (long)n);
	return NULL;
}
static void r_futex_turn(long n)
{
	pthread_t t;

	word = 0;
	if (pthread_create(&t, NULL, other, (void *)n))
		die("pthread_create");
	hand_over(0, n);
	pthread_join(t, NULL);
}
static void *nothing(void *arg)
{
	return arg;
}
static void r_thread(long n)
{
	pthread_t t;

	while (n--) {
		if (pthread_create(&t, NULL, nothing, NULL))
			die("pthread_create");
		pthread_join(t, NULL);
	}
}
static void on_signal(int s)
{
	(void)s;
}
static void r_signal(long n)
{
	signal(SIGUSR1, on_signal);
	while (n--)
		raise(SIGUSR1);
}

/* ---- processes ---- */

static void r_fork(long n)
{
	while (n--) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}
static void exec_of(char **argv, long n)
{
	while (n--) {
		pid_t pid = fork();
		int st;

		if (!pid) {
			execvp(argv[0], argv);
			_exit(127);
		}
		waitpid(pid, &st, 0);
		if (st)
			die(argv[0]);
	}
}
static void r_exec_static(long n)
{
	exec_of((char *[]){ "/bench/true-static", NULL }, n);
}
static void r_exec_dynamic(long n)
{
	exec_of((char *[]){ "/bench/true-dynamic", NULL }, n);
}
static void r_spawn(long n)
{
	char *argv[] = { "true", NULL };

	while (n--) {
		pid_t pid;

		if (posix_spawn(&pid, "/bench/true-static", NULL, NULL, argv,
				environ))
			die("posix_spawn");
		waitpid(pid, NULL, 0);
	}
}

/* ---- memory: n pages or areas ---- */

static void r_fault_anon(long n)
{
	char *p = mmap(NULL, (size_t)n * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	for (long i = 0; i < n; i++)
		p[i * (long)PAGE] = 1;
	munmap(p, (size_t)n * PAGE);
}
static void r_fault_cow(long n)
{
	pid_t pid;

	memset(area, 1, (size_t)n * PAGE);
	pid = fork();
	if (!pid) {
		for (long i = 0; i < n; i++)
			area[i * (long)PAGE] = 2;
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}
static void r_fault_file(long n)
{
	volatile char *p =
		mmap(NULL, (size_t)n * PAGE, PROT_READ, MAP_PRIVATE, in, 0);

	if (p == MAP_FAILED)
		die("mmap");
	for (long i = 0; i < n; i++)
		(void)p[i * (long)PAGE];
	munmap((void *)p, (size_t)n * PAGE);
}
static void r_mmap(long n)
{
	while (n--) {
		char *p = mmap(NULL, BIG, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED || munmap(p, BIG))
			die("mmap");
	}
}
static void r_mprotect(long n)
{
	while (n--) {
		MUST(mprotect(area, PAGE, PROT_READ));
		MUST(mprotect(area, PAGE, PROT_READ | PROT_WRITE));
	}
}

/* ---- names ---- */

static void r_open(long n)
{
	while (n--) {
		int fd = open("/bench/d/file", O_RDONLY);

		MUST(fd);
		close(fd);
	}
}
static void r_stat(long n)
{
	struct stat s;

	while (n--)
		MUST(stat("/bench/d/file", &s));
}
static void r_open_tmpfs(long n)
{
	while (n--) {
		int fd = open("/dev/shm/f", O_RDONLY);

		MUST(fd);
		close(fd);
	}
}
static void r_create(long n)
{
	while (n--) {
		int fd = open("/bench/new", O_RDWR | O_CREAT | O_EXCL, 0600);

		MUST(fd);
		close(fd);
		MUST(unlink("/bench/new"));
	}
}
static void r_create_tmpfs(long n)
{
	while (n--) {
		int fd = open("/dev/shm/new", O_RDWR | O_CREAT | O_EXCL, 0600);

		MUST(fd);
		close(fd);
		MUST(unlink("/dev/shm/new"));
	}
}
static void r_readdir(long n)
{
	while (n--) {
		DIR *d = opendir("/bench/many");

		if (!d)
			die("/bench/many");
		while (readdir(d))
			;
		closedir(d);
	}
}

/* ---- files, cold: n pieces ---- */

static void drop(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	MUST(fd);
	MUST(write(fd, "3", 1));
	close(fd);
}
static void r_seq_cold(long n)
{
	int fd;

	drop();
	MUST(fd = open("/bench/big", O_RDONLY));
	while (n--)
		MUST(read(fd, buf, BIG));
	close(fd);
}
static void r_rand_cold(long n)
{
	uint32_t x = 1;
	int fd;

	drop();
	MUST(fd = open("/bench/big", O_RDONLY));
	while (n--) {
		x = x * 1103515245U + 12345U;
		MUST(pread(fd, buf, PAGE, (x >> 8) % (16UL << 8) * PAGE));
	}
	close(fd);
}
static void r_rand_warm(long n)
{
	uint32_t x = 1;

	while (n--) {
		x = x * 1103515245U + 12345U;
		MUST(pread(in, buf, PAGE,
			   (x >> 8) % (FILE_BYTES / PAGE) * PAGE));
	}
}

static const struct row {
	const char *name;
	void (*fn)(long);
	long n;
} rows[] = {
	{ "null system call (getpid)", r_getpid, 2000 },
	{ "clock_gettime, vDSO", r_clock_vdso, 2000 },
	{ "clock_gettime, system call", r_clock_call, 2000 },
	{ "read 1 B, cached file", r_read1, 1000 },
	{ "read 64 KiB, cached file", r_read64k, 100 },
	{ "read 64 KiB, /dev/zero", r_zero64k, 100 },
	{ "write 1 B, tmpfs", r_write1, 1000 },
	{ "write 64 KiB, tmpfs", r_write64k, 100 },
	{ "write 1 B, root", r_write1_root, 100 },
	{ "write 64 KiB, root", r_write64k_root, 50 },
	{ "pipe, 1 B there and back", r_pipe1, 1000 },
	{ "pipe, 64 KiB there and back", r_pipe64k, 100 },
	{ "unix socket, 1 B", r_socket1, 1000 },
	{ "epoll_wait, one ready", r_epoll, 1000 },
	{ "pipe ping-pong, two processes", r_pingpong, 500 },
	{ "sched_yield, two processes", r_yield, 500 },
	{ "futex wake, nobody waits", r_futex_wake, 2000 },
	{ "futex, turn of two threads", r_futex_turn, 300 },
	{ "signal to itself", r_signal, 500 },
	{ "thread, create and join", r_thread, 50 },
	{ "fork, exit, wait", r_fork, 30 },
	{ "fork, exec static, wait", r_exec_static, 15 },
	{ "fork, exec dynamic, wait", r_exec_dynamic, 10 },
	{ "posix_spawn static, wait", r_spawn, 15 },
	{ "page fault, anonymous", r_fault_anon, 512 },
	{ "page fault, copy on write", r_fault_cow, 512 },
	{ "page fault, cached file", r_fault_file, 512 },
	{ "mmap and munmap", r_mmap, 500 },
	{ "mprotect, twice", r_mprotect, 500 },
	{ "open and close, root", r_open, 100 },
	{ "stat, root", r_stat, 200 },
	{ "create, close, unlink, root", r_create, 30 },
	{ "directory of 100 names, root", r_readdir, 20 },
	{ "open and close, tmpfs", r_open_tmpfs, 500 },
	{ "create, close, unlink, tmpfs", r_create_tmpfs, 200 },
	{ "sequential read, 64 KiB, cold", r_seq_cold, 256 },
	{ "random read, 4 KiB, cold", r_rand_cold, 100 },
	{ "random read, 4 KiB, warm", r_rand_warm, 1000 },
};

static void make_things(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	char name[32];
	int fd;

	mkdir("/bench/d", 0755);
	mkdir("/bench/many", 0755);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "/bench/many/file%d", i);
		MUST(fd = open(name, O_CREAT | O_WRONLY, 0644));
		close(fd);
	}
	MUST(fd = open("/bench/d/file", O_CREAT | O_WRONLY, 0644));
	close(fd);
	MUST(fd = open("/bench/big", O_CREAT | O_WRONLY, 0644));
	memset(buf, 'x', BIG);
	for (int i = 0; i < 256; i++)
		MUST(write(fd, buf, BIG));
	close(fd);
	MUST(in = open("/bench/big", O_RDONLY));
	for (unsigned i = 0; i < FILE_BYTES / BIG; i++)
		MUST(pread(in, buf, BIG, i * (off_t)BIG));
	MUST(shm = open("/dev/shm/f", O_CREAT | O_RDWR, 0600));
	MUST(root_file = open("/bench/w", O_CREAT | O_RDWR, 0600));
	MUST(pipe(pipes));
	MUST(pipe(pipes + 2));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	MUST(ep = epoll_create1(0));
	MUST(fd = eventfd(1, 0));
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	area = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		die("mmap");
}

static uint64_t once(void (*fn)(long), long n)
{
	uint64_t from = __rdtsc();

	fn(n);
	return __rdtsc() - from;
}

static void measure(FILE *out, const struct row *r)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t t = once(r->fn, r->n);

		best = t < best ? t : best;
	}
	fprintf(out, "%s\t%.1f\n", r->name, (double)best / (double)r->n);
	fflush(out);
}

static char **command;
static void r_command(long n)
{
	exec_of(command, n);
}

int main(int argc, char **argv)
{
	FILE *out;

	if (argc < 2 || !(out = fopen(argv[1], "a")))
		return 2;
	fcntl(fileno(out), F_SETFD, FD_CLOEXEC);
	if (argc > 4 && !strcmp(argv[2], "@")) {
		struct row r = { argv[3], r_command, 1 };

		command = argv + 4;
		measure(out, &r);
		return 0;
	}
	make_things();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (argc < 3 || strstr(rows[i].name, argv[2]))
			measure(out, &rows[i]);
	return 0;
}
