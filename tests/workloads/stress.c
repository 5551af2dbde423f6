/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress.c: many CPUs at once at what they share.  usage: stress SCALE [NAME]
 *
 * Each part checks what it has done and prints "NAME ok"; SCALE multiplies the
 * rounds.  A part that hangs is killed by its alarm, and says so by the status.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define N     4 /* workers */
#define PAGE  4096
#define LIMIT 240 /* seconds that a part may take */

static int scale = 1;

static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(" (errno %d)\n", errno);
	fflush(stdout);
	_exit(1);
}

#define must(cond) ((cond) ? (void)0 : die("line %d: %s", __LINE__, #cond))

static void reap(pid_t pid, int want)
{
	int st;

	must(waitpid(pid, &st, 0) == pid);
	if (st != want)
		die("child %d: status %#x, not %#x", pid, st, want);
}

/* N processes that run fn(0..N-1). */
static void processes(void (*fn)(int))
{
	pid_t pid[N];

	for (int i = 0; i < N; i++) {
		pid[i] = fork();
		must(pid[i] >= 0);
		if (!pid[i]) {
			fn(i);
			_exit(0);
		}
	}
	for (int i = 0; i < N; i++)
		reap(pid[i], 0);
}

static void threads(void *(*fn)(void *))
{
	pthread_t t[N];

	for (long i = 0; i < N; i++)
		must(!pthread_create(&t[i], NULL, fn, (void *)i));
	for (int i = 0; i < N; i++)
		must(!pthread_join(t[i], NULL));
}

/* ---- fork, exit, wait ---- */

static void forker(int id)
{
	pid_t pid[8];
	int st, left;

	for (int r = 0; r < 12 * scale; r++) {
		for (int i = 0; i < 8; i++) {
			pid[i] = fork();
			must(pid[i] >= 0);
			if (!pid[i])
				_exit((id * 8 + i + r) & 127);
		}
		for (left = 8; left; left--) {
			pid_t got = wait(&st);
			int i = 0;

			while (i < 8 && pid[i] != got)
				i++;
			must(i < 8 && WIFEXITED(st));
			must(WEXITSTATUS(st) == ((id * 8 + i + r) & 127));
		}
	}
}

static void part_fork(void)
{
	processes(forker);
}

/* ---- one CPU for many that never sleep ---- */

static void part_slices(void)
{
	volatile long *count = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cpu_set_t one;
	pid_t pid[N];
	clock_t until;

	must(count != MAP_FAILED);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	must(!sched_setaffinity(0, sizeof(one), &one));
	for (int r = 0; r < 3 * scale; r++) {
		memset((void *)count, 0, PAGE);
		for (int i = 0; i < N; i++) {
			/* who forks has run for a while, and must run again */
			until = clock() + CLOCKS_PER_SEC / 100;
			while (clock() < until)
				;
			pid[i] = fork();
			must(pid[i] >= 0);
			if (pid[i])
				continue;
			for (;;)
				count[i]++;
		}
		for (int i = 0; i < N; i++)
			while (count[i] < 1000)
				;
		for (int i = 0; i < N; i++) {
			must(!kill(pid[i], SIGKILL));
			reap(pid[i], SIGKILL);
		}
	}
}

/* ---- pipes: both ends close at about the same time ---- */

static void piper(int id)
{
	char out[300], in[300];
	int p[2];

	for (int r = 0; r < 40 * scale; r++) {
		pid_t pid;
		size_t sum = 0;
		ssize_t n;

		must(!pipe(p));
		pid = fork();
		must(pid >= 0);
		if (!pid) {
			close(p[0]);
			memset(out, 'a' + id, sizeof(out));
			for (int i = 0; i < 100; i++)
				must(write(p[1], out, sizeof(out)) ==
				     (ssize_t)sizeof(out));
			_exit(0);
		}
		close(p[1]);
		while ((n = read(p[0], in, sizeof(in))) > 0) {
			for (ssize_t i = 0; i < n; i++)
				must(in[i] == 'a' + id);
			sum += (size_t)n;
		}
		must(n == 0 && sum == 100 * sizeof(out));
		close(p[0]);
		reap(pid, 0);
	}
}

/* A byte goes round a ring of N processes. */
static int ring[N][2];

static void ringer(int id)
{
	unsigned char c;

	for (int i = 0; i < N; i++) {
		if (i != id)
			close(ring[i][0]);
		if (i != (id + 1) % N)
			close(ring[i][1]);
	}
	for (int r = 0; r < 200 * scale; r++) {
		if (!id) {
			c = (unsigned char)r;
			must(write(ring[1][1], &c, 1) == 1);
		}
		must(read(ring[id][0], &c, 1) == 1 && c == (unsigned char)r);
		if (id)
			must(write(ring[(id + 1) % N][1], &c, 1) == 1);
	}
}

static void part_pipes(void)
{
	processes(piper);
	for (int i = 0; i < N; i++)
		must(!pipe(ring[i]));
	processes(ringer);
	for (int i = 0; i < N; i++) {
		close(ring[i][0]);
		close(ring[i][1]);
	}
}

/* ---- futexes ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static long turn, total, step;

static void *locker(void *arg)
{
	long id = (long)arg;

	for (int r = 0; r < 500 * scale; r++) {
		pthread_mutex_lock(&lock);
		while (turn % N != id)
			pthread_cond_wait(&cond, &lock);
		turn++;
		total += id;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&lock);
	}
	for (int r = 0; r < 100 * scale; r++) {
		if (pthread_barrier_wait(&barrier) ==
		    PTHREAD_BARRIER_SERIAL_THREAD)
			step++;
		pthread_barrier_wait(&barrier);
		must(__atomic_load_n(&step, __ATOMIC_RELAXED) == r + 1);
	}
	return NULL;
}

static void part_futex(void)
{
	must(!pthread_barrier_init(&barrier, NULL, N));
	threads(locker);
	must(turn == 500L * scale * N && total == 500L * scale * 6);
}

/* ---- files ---- */

static int shared_fd;

static void fill(unsigned char *b, size_t n, int id, int r)
{
	for (size_t i = 0; i < n; i++)
		b[i] = (unsigned char)(id * 61 + r * 7 + (int)i);
}

static void *writer(void *arg)
{
	int id = (int)(long)arg;
	unsigned char b[6000], got[6000];
	char name[64], to[64];

	for (int r = 0; r < 15 * scale; r++) {
		off_t at = ((off_t)r * N + id) * (off_t)sizeof(b);
		int fd;

		fill(b, sizeof(b), id, r);
		must(pwrite(shared_fd, b, sizeof(b), at) == (ssize_t)sizeof(b));
		snprintf(name, sizeof(name), "stress.d/f%d", id);
		snprintf(to, sizeof(to), "stress.d/g%d", (id + r) % N);
		fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
		must(fd >= 0);
		must(write(fd, b, sizeof(b)) == (ssize_t)sizeof(b));
		must(pread(fd, got, sizeof(got), 0) == (ssize_t)sizeof(got));
		must(!memcmp(b, got, sizeof(b)));
		must(!rename(name, to));
		must(pread(fd, got, sizeof(got), 0) == (ssize_t)sizeof(got));
		must(!memcmp(b, got, sizeof(b)));
		must(!close(fd));
		must(!unlink(to) || errno == ENOENT);
	}
	return NULL;
}

static void part_files(void)
{
	unsigned char b[6000], got[6000];

	must(!mkdir("stress.d", 0700));
	shared_fd = open("stress.shared", O_RDWR | O_CREAT | O_TRUNC, 0600);
	must(shared_fd >= 0);
	threads(writer);
	for (int r = 0; r < 15 * scale; r++) {
		for (int id = 0; id < N; id++) {
			fill(b, sizeof(b), id, r);
			must(read(shared_fd, got, sizeof(got)) ==
			     (ssize_t)sizeof(got));
			must(!memcmp(b, got, sizeof(b)));
		}
	}
	must(read(shared_fd, got, 1) == 0);
	close(shared_fd);
	must(!unlink("stress.shared"));
	must(!rmdir("stress.d"));
}

/* ---- memory ---- */

static volatile uint64_t *cow; /* the same number in N words of two pages */
static int cow_stop;

static void *mapper(void *arg)
{
	long id = (long)arg;

	for (int r = 0; r < 60 * scale; r++) {
		size_t n = (size_t)(1 + (r + id) % 16);
		unsigned char *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		must(p != MAP_FAILED);
		for (size_t i = 0; i < n; i++) {
			must(p[i * PAGE] == 0);
			p[i * PAGE] = (unsigned char)(id + 1);
		}
		must(!mprotect(p, n * PAGE, PROT_READ));
		for (size_t i = 0; i < n; i++)
			must(p[i * PAGE] == id + 1);
		must(!mprotect(p, n * PAGE, PROT_READ | PROT_WRITE));
		memset(p, 0x55, n * PAGE);
		must(!munmap(p, n * PAGE));
	}
	return NULL;
}

/* Counts in the first page, then in the second: whoever reads the second
 * first never sees it ahead, whatever is copied meanwhile. */
static void *counter(void *arg)
{
	volatile uint64_t *a = cow + (long)arg, *b = a + PAGE / 8;

	while (!__atomic_load_n(&cow_stop, __ATOMIC_RELAXED)) {
		*a = *a + 1;
		*b = *b + 1;
	}
	return NULL;
}

static void *watcher(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&cow_stop, __ATOMIC_RELAXED)) {
		for (int i = 0; i < N - 1; i++) {
			uint64_t second = cow[PAGE / 8 + i];

			must(cow[i] >= second);
		}
	}
	return NULL;
}

static void part_memory(void)
{
	pthread_t t[N];

	threads(mapper);
	cow = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(cow != MAP_FAILED);
	for (long i = 0; i < N; i++)
		must(!pthread_create(&t[i], NULL, i < N - 1 ? counter : watcher,
				     (void *)i));
	for (int r = 0; r < 40 * scale; r++) {
		pid_t pid = fork();

		must(pid >= 0);
		if (!pid) { /* a copy stands still */
			uint64_t was = cow[0];

			sched_yield();
			_exit(cow[0] == was ? 0 : 1);
		}
		reap(pid, 0);
	}
	__atomic_store_n(&cow_stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < N; i++)
		must(!pthread_join(t[i], NULL));
}

/* ---- time: never before what another CPU has seen ---- */

static uint64_t latest;

static void *clocker(void *arg)
{
	(void)arg;
	for (int r = 0; r < 20000 * scale; r++) {
		uint64_t seen = __atomic_load_n(&latest, __ATOMIC_SEQ_CST);
		struct timespec ts;
		uint64_t now;

		must(!clock_gettime(CLOCK_MONOTONIC, &ts));
		now = (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
		if (now < seen)
			die("time went back by %llu ns",
			    (unsigned long long)(seen - now));
		while (seen < now &&
		       !__atomic_compare_exchange_n(&latest, &seen, now, 0,
						    __ATOMIC_SEQ_CST,
						    __ATOMIC_SEQ_CST))
			;
	}
	return NULL;
}

static void part_clock(void)
{
	threads(clocker);
}

/* ---- signals and events ---- */

static void signaller(int id)
{
	struct timespec none = { 60, 0 };
	sigset_t set;
	pid_t pid, me = getpid();

	(void)id;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(!sigprocmask(SIG_BLOCK, &set, NULL));
	pid = fork();
	must(pid >= 0);
	for (int r = 0; r < 100 * scale; r++) {
		if (pid)
			must(!kill(pid, SIGUSR1));
		must(sigtimedwait(&set, NULL, &none) == SIGUSR1);
		if (!pid)
			must(!kill(me, SIGUSR1));
	}
	if (!pid)
		_exit(0);
	reap(pid, 0);
	/* one that is killed while it runs, one while it sleeps */
	for (int r = 0; r < 10 * scale; r++) {
		pid = fork();
		must(pid >= 0);
		if (!pid) {
			while (r & 1)
				;
			pause();
			_exit(1);
		}
		if (r & 2)
			sched_yield();
		must(!kill(pid, SIGKILL));
		reap(pid, SIGKILL);
	}
}

static int event_fd, epoll_fd;
static long taken, rest;

/* One event a round, N that wait: level triggered, whoever is first. */
static void *waiter(void *arg)
{
	(void)arg;
	for (;;) {
		struct epoll_event ev;
		uint64_t v;

		must(epoll_wait(epoll_fd, &ev, 1, -1) == 1);
		if (__atomic_load_n(&rest, __ATOMIC_SEQ_CST) < 0)
			return NULL;
		if (read(event_fd, &v, sizeof(v)) == (ssize_t)sizeof(v))
			__atomic_add_fetch(&taken, (long)v, __ATOMIC_SEQ_CST);
	}
}

static void part_events(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	pthread_t t[N];
	uint64_t one = 1;
	long rounds = 300L * scale;

	processes(signaller);
	event_fd = eventfd(0, EFD_NONBLOCK);
	epoll_fd = epoll_create1(0);
	must(event_fd >= 0 && epoll_fd >= 0);
	must(!epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &ev));
	for (int i = 0; i < N; i++)
		must(!pthread_create(&t[i], NULL, waiter, NULL));
	for (long r = 0; r < rounds; r++) {
		must(write(event_fd, &one, sizeof(one)) == 8);
		while (r % 4 == 0 &&
		       __atomic_load_n(&taken, __ATOMIC_SEQ_CST) != r + 1)
			sched_yield();
	}
	while (__atomic_load_n(&taken, __ATOMIC_SEQ_CST) != rounds)
		sched_yield();
	__atomic_store_n(&rest, -1, __ATOMIC_SEQ_CST);
	must(write(event_fd, &one, sizeof(one)) == 8);
	for (int i = 0; i < N; i++) /* nobody reads it: all of them wake */
		must(!pthread_join(t[i], NULL));
	close(event_fd);
	close(epoll_fd);
}

static const struct {
	const char *name;
	void (*fn)(void);
} part[] = {
	{ "fork", part_fork },   { "slices", part_slices },
	{ "pipes", part_pipes }, { "futex", part_futex },
	{ "files", part_files }, { "memory", part_memory },
	{ "clock", part_clock }, { "events", part_events },
};

int main(int argc, char **argv)
{
	if (argc > 1)
		scale = atoi(argv[1]);
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		pid_t pid;

		if (argc > 2 && strcmp(argv[2], part[i].name))
			continue;
		pid = fork();
		must(pid >= 0);
		if (!pid) {
			alarm(LIMIT);
			part[i].fn();
			_exit(0);
		}
		reap(pid, 0);
		printf("%s ok\n", part[i].name);
		fflush(stdout);
	}
	return 0;
}
