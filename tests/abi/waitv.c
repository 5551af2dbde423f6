/* SPDX-License-Identifier: Apache-2.0 */
/* waitv.c: futex_waitv: waiting for one of several words */
#include "abi.h"

#include <linux/futex.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#define BAD     ((void *)8)
#define F32     2
#define PRIVATE 128

struct waiter {
	uint64_t val, uaddr;
	uint32_t flags, reserved;
};

static uint32_t word[128];
static struct waiter w[129];

static void fill(int n, uint32_t flags)
{
	for (int i = 0; i < n; i++)
		w[i] = (struct waiter){ 0, (uintptr_t)&word[i % 128], flags,
					0 };
}

static struct timespec in_ms(long ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += ms * 1000000;
	ts.tv_sec += ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	return ts;
}

static void *waker(void *arg)
{
	int i = (int)(intptr_t)arg;

	usleep(30000);
	word[i] = 1;
	while (syscall(SYS_futex, &word[i], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1,
		       NULL, NULL, 0) == 0)
		usleep(1000);
	return NULL;
}

static long waitv(unsigned n, unsigned flags, struct timespec *ts, int clock)
{
	return syscall(SYS_futex_waitv, w, n, flags, ts, clock);
}

static void wakes(int n, int which)
{
	struct timespec ts = in_ms(20000);
	pthread_t t;
	long r;

	fill(n, F32 | PRIVATE);
	memset(word, 0, sizeof(word));
	pthread_create(&t, NULL, waker, (void *)(intptr_t)which);
	r = waitv(n, 0, &ts, CLOCK_MONOTONIC);
	if (r < 0 && errno == EAGAIN) /* so late that the word has changed */
		r = which;
	printf("of %d, woken by %ld\n", n, r);
	word[which] = 0;
	fflush(stdout);
	while (pthread_tryjoin_np(t, NULL) != 0) {
		/* the waker wants one that waits */
		ts = in_ms(5);
		waitv(n, 0, &ts, CLOCK_MONOTONIC);
	}
}

int main(void)
{
	struct timespec ts = in_ms(5), wrong = { 0, -1 };

	fill(2, F32 | PRIVATE);
	SAY(waitv(2, 0, &ts, CLOCK_MONOTONIC));
	SAY(waitv(2, 0, &ts, CLOCK_REALTIME)); /* long past */
	SAY(waitv(2, 0, &ts, CLOCK_BOOTTIME));
	SAY(waitv(2, 1, &ts, CLOCK_MONOTONIC));
	SAY(waitv(0, 0, &ts, CLOCK_MONOTONIC));
	SAY(waitv(129, 0, &ts, CLOCK_MONOTONIC));
	SAY(waitv(2, 0, &wrong, CLOCK_MONOTONIC));
	SAY(waitv(2, 0, BAD, CLOCK_MONOTONIC));
	SAY(syscall(SYS_futex_waitv, BAD, 2, 0, &ts, CLOCK_MONOTONIC));
	SAY(syscall(SYS_futex_waitv, NULL, 2, 0, &ts, CLOCK_MONOTONIC));
	word[1] = 5;
	SAY(waitv(2, 0, &ts, CLOCK_MONOTONIC));
	word[1] = 0;
	w[1].flags = 1;
	SAY(waitv(2, 0, &ts, CLOCK_MONOTONIC));
	w[1].flags = F32 | PRIVATE;
	w[1].reserved = 1;
	SAY(waitv(2, 0, &ts, CLOCK_MONOTONIC));
	w[1].reserved = 0;
	w[1].uaddr++;
	SAY(waitv(2, 0, &ts, CLOCK_MONOTONIC));
	w[1].uaddr = 8;
	SAY(waitv(2, 0, &ts, CLOCK_MONOTONIC));
	fill(2, F32);
	ts = in_ms(5);
	SAY(waitv(2, 0, &ts, CLOCK_MONOTONIC));
	wakes(1, 0);
	wakes(3, 1);
	wakes(128, 127);
	return 0;
}
