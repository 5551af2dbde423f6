/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threads.c: four threads over the CPUs: a bounded queue with a mutex and two
 * condition variables, then a barrier made of them, many times.  Prints sums
 * that are wrong if a wake-up or an update is lost.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#define THREADS 4
#define ITEMS   20000
#define ROUNDS  500

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER;
static pthread_cond_t all_here = PTHREAD_COND_INITIALIZER;
static int queue[8], head, tail;
static long sum[THREADS], counter;
static int arrived, turn;

static void put(int v)
{
	pthread_mutex_lock(&lock);
	while (head - tail == 8)
		pthread_cond_wait(&not_full, &lock);
	queue[head++ % 8] = v;
	pthread_cond_signal(&not_empty);
	pthread_mutex_unlock(&lock);
}

static int get(void)
{
	int v;

	pthread_mutex_lock(&lock);
	while (head == tail)
		pthread_cond_wait(&not_empty, &lock);
	v = queue[tail++ % 8];
	pthread_cond_signal(&not_full);
	pthread_mutex_unlock(&lock);
	return v;
}

static void barrier(void)
{
	int my;

	pthread_mutex_lock(&lock);
	my = turn;
	counter++;
	if (++arrived == THREADS) {
		arrived = 0;
		turn++;
		pthread_cond_broadcast(&all_here);
	}
	while (turn == my)
		pthread_cond_wait(&all_here, &lock);
	pthread_mutex_unlock(&lock);
}

/* Threads 0 and 1 make numbers, 2 and 3 add them up. */
static void *work(void *arg)
{
	int me = *(int *)arg;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(me % (int)sysconf(_SC_NPROCESSORS_ONLN), &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		return NULL;
	for (int i = 1; i <= ITEMS; i++) {
		if (me < 2)
			put(i);
		else
			sum[me] += get();
	}
	for (int i = 0; i < ROUNDS; i++)
		barrier();
	return arg;
}

int main(void)
{
	int id[THREADS] = { 0, 1, 2, 3 };
	pthread_t t[THREADS];
	void *ret;

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, work, &id[i]))
			return 1;
	for (int i = 0; i < THREADS; i++)
		if (pthread_join(t[i], &ret) || ret != &id[i])
			return 2;
	printf("sum %ld, rounds %ld, turns %d\n", sum[2] + sum[3], counter,
	       turn);
	return 0;
}
