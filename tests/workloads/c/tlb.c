/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tlb.c: a thread that sleeps while another one changes the mappings sees the
 * new ones when it wakes, on whichever CPU; and so does one that never sleeps.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGES  8
#define ROUNDS 400
#define LEN    (PAGES * 4096)

enum what { READ, WRITE, FAULT, STOP };

static char *mem;
static int to[2], from[2];
static _Atomic int spin_turn, spin_seen;
static sigjmp_buf out;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void on_segv(int sig)
{
	(void)sig;
	siglongjmp(out, 1);
}

/* On the CPU with this number among ours, where there are so many. */
static void pin(int n)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		die("sched_getaffinity");
	n %= CPU_COUNT(&all);
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all) && n-- == 0)
			CPU_SET(i, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		die("sched_setaffinity");
}

static int look(enum what w, int round)
{
	volatile char *p = mem;
	int sum = 0;

	if (sigsetjmp(out, 1))
		return -1;
	for (int i = 0; i < PAGES; i++) {
		if (w == WRITE)
			p[i * 4096] = (char)round;
		sum += (unsigned char)p[i * 4096];
	}
	return sum;
}

/* Sleeps between its looks. */
static void *sleeper(void *arg)
{
	int m[2], sum;

	(void)arg;
	pin(1);
	while (read(to[0], m, sizeof(m)) == sizeof(m) && m[0] != STOP) {
		sum = look((enum what)m[0], m[1]);
		if (write(from[1], &sum, sizeof(sum)) != sizeof(sum))
			die("write");
	}
	return NULL;
}

static int ask(enum what w, int round)
{
	int m[2] = { (int)w, round }, sum;

	if (write(to[1], m, sizeof(m)) != sizeof(m) ||
	    read(from[0], &sum, sizeof(sum)) != sizeof(sum))
		die("ask");
	return sum;
}

static void fill(int round)
{
	for (int i = 0; i < PAGES; i++)
		mem[i * 4096] = (char)round;
}

static int dropped(int round)
{
	int bad;

	if (madvise(mem, LEN, MADV_DONTNEED))
		die("madvise");
	bad = ask(READ, 0) != 0;
	fill(round);
	return bad + (ask(READ, 0) != PAGES * (round & 255));
}

static int replaced(int round)
{
	char *other = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int bad = ask(WRITE, 1) != PAGES;

	if (other == MAP_FAILED)
		die("mmap");
	for (int i = 0; i < PAGES; i++)
		other[i * 4096] = (char)round;
	if (mremap(other, LEN, LEN, MREMAP_MAYMOVE | MREMAP_FIXED, mem) != mem)
		die("mremap");
	return bad + (ask(READ, 0) != PAGES * (round & 255));
}

static int protected(int round)
{
	int bad = ask(WRITE, round) != PAGES * (round & 255);

	if (mprotect(mem, LEN, PROT_NONE))
		die("mprotect");
	bad += ask(FAULT, 0) != -1;
	if (mprotect(mem, LEN, PROT_READ))
		die("mprotect");
	bad += ask(WRITE, 0) != -1;
	bad += ask(READ, 0) != PAGES * (round & 255);
	if (mprotect(mem, LEN, PROT_READ | PROT_WRITE))
		die("mprotect");
	return bad;
}

/* What is written after a fork is not the child's. */
static int forked(int round)
{
	int go[2], st, sum = 0;
	pid_t pid;
	char c;

	fill(round);
	(void)ask(WRITE, round);
	if (pipe(go) || (pid = fork()) < 0)
		die("fork");
	if (!pid) {
		if (read(go[0], &c, 1) != 1)
			_exit(2);
		for (int i = 0; i < PAGES; i++)
			sum += (unsigned char)mem[i * 4096];
		_exit(sum != PAGES * (round & 255));
	}
	(void)ask(WRITE, round + 1);
	if (write(go[1], "x", 1) != 1 || waitpid(pid, &st, 0) != pid)
		die("wait");
	close(go[0]);
	close(go[1]);
	return st != 0;
}

/* Never sleeps: after a turn it has to have seen the page dropped. */
static void *spinner(void *arg)
{
	volatile char *p = mem;
	int turn = 0, t;

	(void)arg;
	pin(2);
	while ((t = spin_turn) >= 0) {
		if (t == turn) {
			(void)p[0];
			sched_yield();
			continue;
		}
		turn = t;
		spin_seen = p[0] ? -t : t;
	}
	return NULL;
}

static int spinning(void)
{
	pthread_t t;
	int bad = 0;

	if (pthread_create(&t, NULL, spinner, NULL))
		die("pthread_create");
	for (int i = 1; i <= ROUNDS; i++) {
		mem[0] = 1;
		if (madvise(mem, 4096, MADV_DONTNEED))
			die("madvise");
		spin_turn = i;
		while (spin_seen != i && spin_seen != -i)
			sched_yield();
		bad += spin_seen < 0;
	}
	spin_turn = -1;
	pthread_join(t, NULL);
	return bad;
}

int main(void)
{
	static const struct {
		const char *name;
		int (*fn)(int round);
		int rounds;
	} tests[] = { { "dropped", dropped, ROUNDS },
		      { "replaced", replaced, ROUNDS },
		      { "protected", protected, ROUNDS },
		      { "forked", forked, ROUNDS / 10 } };
	struct sigaction sa = { .sa_handler = on_segv };
	int m[2] = { STOP };
	pthread_t t;

	mem = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED || pipe(to) || pipe(from) ||
	    sigaction(SIGSEGV, &sa, NULL))
		die("start");
	pthread_create(&t, NULL, sleeper, NULL);
	pin(0);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		int bad = 0;

		for (int r = 0; r < tests[i].rounds; r++)
			bad += tests[i].fn(r);
		printf("%s: %d wrong\n", tests[i].name, bad);
	}
	printf("spinning: %d wrong\n", spinning());
	if (write(to[1], m, sizeof(m)) != sizeof(m))
		die("write");
	pthread_join(t, NULL);
	return 0;
}
