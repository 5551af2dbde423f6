/* SPDX-License-Identifier: Apache-2.0 */
/* threads.c: threads: mutexes, condition variables, keys, exit */
#include "abi.h"

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
static int turn, total;
static __thread int mine;

static void *worker(void *arg)
{
	int id = (int)(long)arg;

	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&m);
		while (turn % 4 != id)
			pthread_cond_wait(&c, &m);
		turn++;
		total += id;
		mine++;
		pthread_cond_broadcast(&c);
		pthread_mutex_unlock(&m);
	}
	return (void *)(long)mine;
}

static void *spin(void *arg)
{
	for (int i = 0; i < 100000; i++)
		__atomic_add_fetch((long *)arg, 1, __ATOMIC_RELAXED);
	return NULL;
}

int main(void)
{
	pthread_t t[8];
	void *r;
	long n = 0;

	for (long i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, worker, (void *)i);
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &r);
		printf("joined %ld\n", (long)r);
	}
	printf("turn %d total %d mine %d\n", turn, total, mine);
	for (int i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, spin, &n);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	printf("%ld\n", n);
	return 0;
}
