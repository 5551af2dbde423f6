/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy.c: from what size on is `rep movsq` the faster copy?  On this machine's own
 * CPU: nothing of it is a guest's.  Prints the least time of fifteen rounds, by
 * the loop of guest/kernel/arch/uaccess.S and by rep movsq.
 *	gcc -O2 -o copy bench/copy.c && ./copy
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ROUNDS 15
#define BYTES  (64UL << 20) /* a round */
#define MOST   65536

static char from[MOST] __attribute__((aligned(4096)));
static char to[MOST] __attribute__((aligned(4096)));

static void by_loop(void *d, const void *s, size_t n)
{
	n >>= 6;
	__asm__ volatile("1: mov (%1), %%rax; mov 8(%1), %%r8\n"
			 "mov 16(%1), %%r9; mov 24(%1), %%r10\n"
			 "mov %%rax, (%0); mov %%r8, 8(%0)\n"
			 "mov %%r9, 16(%0); mov %%r10, 24(%0)\n"
			 "mov 32(%1), %%rax; mov 40(%1), %%r8\n"
			 "mov 48(%1), %%r9; mov 56(%1), %%r10\n"
			 "mov %%rax, 32(%0); mov %%r8, 40(%0)\n"
			 "mov %%r9, 48(%0); mov %%r10, 56(%0)\n"
			 "add $64, %1; add $64, %0; dec %2; jnz 1b"
			 : "+D"(d), "+S"(s), "+c"(n)
			 :
			 : "rax", "r8", "r9", "r10", "memory");
}

static void by_rep(void *d, const void *s, size_t n)
{
	n >>= 3;
	__asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double least(void (*copy)(void *, const void *, size_t), size_t n)
{
	double best = 1e18;

	for (int r = 0; r < ROUNDS; r++) {
		double start = now(), t;

		for (size_t i = 0; i < BYTES / n; i++)
			copy(to, from, n);
		t = (now() - start) / (double)(BYTES / n);
		best = t < best ? t : best;
	}
	return best;
}

int main(void)
{
	memset(from, 1, MOST);
	memset(to, 1, MOST);
	for (size_t n = 128; n <= MOST; n *= 2)
		printf("%6zu bytes: loop %7.1f ns, rep movsq %7.1f ns\n", n,
		       least(by_loop, n), least(by_rep, n));
	return 0;
}
