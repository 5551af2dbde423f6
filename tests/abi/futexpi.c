/* SPDX-License-Identifier: Apache-2.0 */
/* futexpi.c: futexes with owners, requeueing to them, futex_waitv, and futexes
 * in memory that processes share */
#include "abi.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

enum {
	WAIT,
	WAKE,
	REQUEUE = 3,
	LOCK_PI = 6,
	UNLOCK_PI,
	TRYLOCK_PI,
	WAIT_REQUEUE_PI = 11,
	CMP_REQUEUE_PI,
	LOCK_PI2,
};
#define WAITERS 0x80000000u
#define DIED    0x40000000u
#define fx(at, op, val, to, at2, val3)                                         \
	syscall(SYS_futex, at, op, val, to, at2, val3)

static unsigned *lock, *cond;
static volatile int step;

static int tid(void)
{
	return syscall(SYS_gettid);
}

/* What the word says, with the owner told as ours or another's. */
static void word(const char *what)
{
	unsigned v = *(volatile unsigned *)lock;

	printf("%s: owner %s%s%s\n", what,
	       !(v & 0x3fffffff)                     ? "none"
	       : (v & 0x3fffffff) == (unsigned)tid() ? "me"
						     : "other",
	       v & WAITERS ? " waiters" : "", v & DIED ? " died" : "");
}

static void until(int s)
{
	while (step < s)
		usleep(1000);
	usleep(20000);
}

static void alone(void)
{
	struct timespec past = { 1, 0 };

	*lock = 0;
	SAY(fx(lock, LOCK_PI, 0, 0, 0, 0));
	word("locked");
	SAY(fx(lock, LOCK_PI, 0, 0, 0, 0));
	SAY(fx(lock, TRYLOCK_PI, 0, 0, 0, 0));
	SAY(fx(lock, UNLOCK_PI, 0, 0, 0, 0));
	word("unlocked");
	SAY(fx(lock, UNLOCK_PI, 0, 0, 0, 0));
	SAY(fx(lock, TRYLOCK_PI, 0, 0, 0, 0));
	SAY(fx(lock, UNLOCK_PI, 0, 0, 0, 0));
	*lock = 0x3ffffff0;
	SAY(fx(lock, LOCK_PI, 0, 0, 0, 0));
	*lock = DIED;
	SAY(fx(lock, LOCK_PI2, 0, &past, 0, 0));
	word("taken from the dead");
	*lock = 0;
	SAY(fx((char *)lock + 1, LOCK_PI, 0, 0, 0, 0));
	SAY(fx(8, LOCK_PI, 0, 0, 0, 0));
	SAY(fx(lock, LOCK_PI | 256, 0, 0, 0, 0));
	SAY(fx(lock, WAIT | 256, 0, &past, 0, 0));
}

static long other[3]; /* what the other thread got, printed by main */

static void *holder(void *arg)
{
	fx(lock, LOCK_PI, 0, 0, 0, 0);
	step = 1;
	until(2);
	word("holder sees");
	other[0] = fx(lock, UNLOCK_PI, 0, 0, 0, 0);
	step = 3;
	return arg;
}

static void hand_over(void)
{
	struct timespec ts;
	pthread_t t;

	*lock = step = 0;
	pthread_create(&t, 0, holder, 0);
	until(1);
	SAY(fx(lock, TRYLOCK_PI, 0, 0, 0, 0));
	word("tried");
	SAY(fx(lock, UNLOCK_PI, 0, 0, 0, 0));
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec = (ts.tv_nsec + 20000000) % 1000000000;
	ts.tv_sec += ts.tv_nsec < 20000000;
	SAY(fx(lock, LOCK_PI, 0, &ts, 0, 0));
	clock_gettime(CLOCK_MONOTONIC, &ts);
	SAY(fx(lock, LOCK_PI2, 0, &ts, 0, 0));
	step = 2;
	SAY(fx(lock, LOCK_PI, 0, 0, 0, 0));
	word("waited");
	until(3);
	pthread_join(t, 0);
	printf("unlock %ld\n", other[0]);
	SAY(fx(lock, UNLOCK_PI, 0, 0, 0, 0));
	word("end");
}

/* a waits for b's lock and b for a's. */
static unsigned second;
static void *circle(void *arg)
{
	fx(&second, LOCK_PI, 0, 0, 0, 0);
	step = 1;
	until(2);
	other[0] = fx(lock, LOCK_PI, 0, 0, 0, 0);
	other[1] = fx(&second, UNLOCK_PI, 0, 0, 0, 0);
	other[2] = fx(lock, UNLOCK_PI, 0, 0, 0, 0);
	return arg;
}

static void deadlock(void)
{
	pthread_t t;

	*lock = step = 0;
	fx(lock, LOCK_PI, 0, 0, 0, 0);
	pthread_create(&t, 0, circle, 0);
	until(1);
	step = 2;
	while (!(__atomic_load_n(lock, __ATOMIC_SEQ_CST) & 0x80000000U))
		usleep(1000); /* until it waits */
	SAY(fx(&second, LOCK_PI, 0, 0, 0, 0));
	SAY(fx(lock, UNLOCK_PI, 0, 0, 0, 0));
	pthread_join(t, 0);
	printf("other %ld %ld %ld\n", other[0], other[1], other[2]);
}

/* The owner ends without unlocking: the waiter gets the lock all the same. */
static void *leaves(void *arg)
{
	fx(lock, LOCK_PI, 0, 0, 0, 0);
	step = 1;
	until(2);
	usleep(50000);
	syscall(SYS_exit, 0);
	return arg;
}

static void death(void)
{
	pthread_t t;

	*lock = step = 0;
	pthread_create(&t, 0, leaves, 0);
	until(1);
	step = 2;
	SAY(fx(lock, LOCK_PI, 0, 0, 0, 0));
	word("from the dead");
	SAY(fx(lock, UNLOCK_PI, 0, 0, 0, 0));
}

static void *waits(void *arg)
{
	long r;

	__sync_fetch_and_add(&step, 1);
	r = fx(cond, WAIT_REQUEUE_PI, 5, 0, lock, 0);
	if (r)
		printf("waiter: %ld\n", r);
	if ((*lock & 0x3fffffff) != (unsigned)tid())
		puts("woken without the lock");
	fx(lock, UNLOCK_PI, 0, 0, 0, 0);
	return arg;
}

static void requeue(void)
{
	struct timespec past = { 1, 0 };
	pthread_t t[4];

	*cond = 5;
	*lock = step = 0;
	SAY(fx(cond, WAIT_REQUEUE_PI, 4, 0, lock, 0));
	SAY(fx(cond, WAIT_REQUEUE_PI, 5, &past, lock, 0));
	SAY(fx(cond, WAIT_REQUEUE_PI, 5, 0, cond, 0));
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], 0, waits, 0);
	until(4);
	SAY(fx(cond, WAKE, 1, 0, 0, 0));
	SAY(fx(cond, REQUEUE, 1, 1, lock, 0));
	SAY(fx(cond, CMP_REQUEUE_PI, 2, 10, lock, 5));
	SAY(fx(cond, CMP_REQUEUE_PI, 1, 10, lock, 6));
	SAY(fx(cond, CMP_REQUEUE_PI, 1, 10, cond, 5));
	SAY(fx(cond, CMP_REQUEUE_PI, 1, 10, &second, 5));
	fx(lock, LOCK_PI, 0, 0, 0, 0);
	SAY(fx(cond, CMP_REQUEUE_PI, 1, 1, lock, 5));
	SAY(fx(cond, CMP_REQUEUE_PI, 1, 10, lock, 5));
	word("moved");
	SAY(fx(lock, UNLOCK_PI, 0, 0, 0, 0));
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], 0);
	SAY(fx(lock, TRYLOCK_PI, 0, 0, 0, 0));
	SAY(fx(lock, UNLOCK_PI, 0, 0, 0, 0));
}

/* The same of the C library, robust and in shared memory. */
static void mutexes(void)
{
	struct both {
		pthread_mutex_t m;
		volatile int step;
	} *s = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
	pthread_mutexattr_t a;
	int st;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	printf("protocol %d\n",
	       pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT));
	printf("init %d\n", pthread_mutex_init(&s->m, &a));
	if (!fork()) {
		pthread_mutex_lock(&s->m);
		s->step = 1;
		usleep(50000);
		_exit(0);
	}
	while (!s->step)
		usleep(1000);
	printf("lock %s\n", strerrorname(pthread_mutex_lock(&s->m)));
	printf("consistent %d\n", pthread_mutex_consistent(&s->m));
	printf("unlock %d\n", pthread_mutex_unlock(&s->m));
	wait(&st);
	if (!fork()) {
		pthread_mutex_lock(&s->m);
		_exit(0);
	}
	wait(&st);
	printf("lock %s\n", strerrorname(pthread_mutex_lock(&s->m)));
	printf("unlock %d\n", pthread_mutex_unlock(&s->m));
	printf("lock %s\n", strerrorname(pthread_mutex_lock(&s->m)));
}

static unsigned many[4];
static void *waker(void *arg)
{
	usleep(50000);
	many[2] = 1;
	while (fx(&many[2], WAKE | 128, 1, 0, 0, 0) == 0)
		usleep(1000);
	return arg;
}

static void waitv(void)
{
	struct {
		uint64_t val, at;
		uint32_t flags, pad;
	} v[4];
	struct timespec past = { 1, 0 };
	pthread_t t;

	for (int i = 0; i < 4; i++) {
		v[i].val = v[i].pad = 0;
		v[i].at = (uint64_t)&many[i];
		v[i].flags = 2 | 128;
	}
	SAY(syscall(SYS_futex_waitv, v, 0, 0, 0, 0));
	SAY(syscall(SYS_futex_waitv, v, 200, 0, 0, 0));
	SAY(syscall(SYS_futex_waitv, v, 4, 1, 0, 0));
	SAY(syscall(SYS_futex_waitv, v, 4, 0, &past, 1));
	SAY(syscall(SYS_futex_waitv, v, 4, 0, &past, 5));
	v[1].val = 9;
	SAY(syscall(SYS_futex_waitv, v, 4, 0, 0, 0));
	v[1].val = 0;
	v[1].flags = 128;
	SAY(syscall(SYS_futex_waitv, v, 4, 0, 0, 0));
	v[1].flags = 2 | 128;
	pthread_create(&t, 0, waker, 0);
	SAY(syscall(SYS_futex_waitv, v, 4, 0, 0, 0));
	pthread_join(t, 0);
}

/* One word by two files' mappings at different addresses in two processes. */
static void shared_file(void)
{
	int fd = open("futexfile", O_CREAT | O_RDWR, 0600), st;
	unsigned *a;

	ftruncate(fd, 8192);
	a = mmap(0, 4096, 3, MAP_SHARED, fd, 4096);
	if (!fork()) {
		unsigned *b = mmap(0, 8192, 3, MAP_SHARED, fd, 0);

		b[1024] = 1;
		while (fx(&b[1024], WAKE, 1, 0, 0, 0) == 0)
			usleep(1000);
		_exit(0);
	}
	while (!*(volatile unsigned *)a)
		usleep(100);
	SAY(fx(a, WAIT, 1, 0, 0, 0));
	wait(&st);
}

/* The owner runs on while a waiter of higher priority is kept from it. */
static volatile int turns;
static void *low(void *arg)
{
	fx(lock, LOCK_PI, 0, 0, 0, 0);
	step = 1;
	until(2);
	for (volatile int i = 0; i < 3000000; i++)
		;
	turns = 1;
	fx(lock, UNLOCK_PI, 0, 0, 0, 0);
	return arg;
}
static void rt(int prio)
{
	struct sched_param p = { prio };

	if (syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &p))
		perror("fifo");
}
/* Between the two: would keep the owner off the CPU for ever. */
static void *busy(void *arg)
{
	rt(20);
	while (!turns)
		;
	return arg;
}
static void *high(void *arg)
{
	pthread_t b;

	rt(30);
	pthread_create(&b, 0, busy, 0);
	step = 2;
	fx(lock, LOCK_PI, 0, 0, 0, 0);
	printf("got it after the owner: %d\n", turns);
	fx(lock, UNLOCK_PI, 0, 0, 0, 0);
	pthread_join(b, 0);
	return arg;
}
static void inherits(void)
{
	pthread_t a, c;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	*lock = step = 0;
	pthread_create(&a, 0, low, 0);
	until(1);
	pthread_create(&c, 0, high, 0);
	pthread_join(c, 0);
	pthread_join(a, 0);
}

int main(void)
{
	lock = mmap(0, 8192, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cond = lock + 1024;
	alone();
	hand_over();
	deadlock();
	death();
	requeue();
	mutexes();
	waitv();
	shared_file();
	inherits();
	return 0;
}
