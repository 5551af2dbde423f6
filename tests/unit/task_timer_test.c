// uses: guest/kernel/task/timer.c
/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel timers on two CPUs, each a thread: after ktimer_cancel() the function
 * of a timer that arms itself neither runs nor will. */
#include "guest/kernel/task/internal.h"

#define sched_yield libc_sched_yield
#include <pthread.h>
#undef sched_yield
#include <stdlib.h>

#include "kuni/klog.h"
#include "tests/unit/check.h"
#include "tests/unit/fake_panic.h"

#define ARCH_SET_GS_CALL 0x1001
#define SYS_ARCH_PRCTL   158
#define ROUNDS           20000
extern long syscall(long nr, ...);

static struct cpu cpus[2];
static uint64_t now;
static struct ktimer timer;
static bool runs, go, stop;

struct task *unit_current(void)
{
	return NULL;
}
uint64_t arch_clock_ns(void)
{
	return __atomic_add_fetch(&now, 1, __ATOMIC_RELAXED);
}
void arch_timer_set(uint64_t deadline)
{
	(void)deadline;
}
void arch_relax(void)
{
	__builtin_ia32_pause();
}
void irq_push_off(void)
{
}
void irq_pop_off(void)
{
}
void spin_init(struct spinlock *l, enum lockrank rank)
{
	*l = SPINLOCK_INIT(rank);
}
void spin_lock(struct spinlock *l)
{
	while (__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE))
		arch_relax();
}
void spin_unlock(struct spinlock *l)
{
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}

static void be_cpu(unsigned n)
{
	cpus[n] = (struct cpu){ .self = &cpus[n], .id = n };
	if (syscall(SYS_ARCH_PRCTL, ARCH_SET_GS_CALL, &cpus[n]))
		abort();
	timer_init_cpu();
}

static void fire(struct ktimer *t)
{
	__atomic_store_n(&runs, true, __ATOMIC_SEQ_CST);
	ktimer_arm(t, 0); /* due at once */
	__atomic_store_n(&runs, false, __ATOMIC_SEQ_CST);
}

static void *cpu_one(void *arg)
{
	be_cpu(1);
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		if (__atomic_exchange_n(&go, false, __ATOMIC_SEQ_CST))
			ktimer_arm(&timer, 0);
		timer_tick(); /* until it is cancelled */
	}
	return arg;
}

static void cancels_what_arms_itself(void)
{
	unsigned bad = 0, armed = 0;

	for (unsigned n = 0; n < ROUNDS; n++) {
		__atomic_store_n(&go, true, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&timer.cpu, __ATOMIC_ACQUIRE) == -1)
			arch_relax();
		armed += ktimer_cancel(&timer);
		bad += __atomic_load_n(&runs, __ATOMIC_SEQ_CST);
	}
	CHECK_EQ(bad, 0);
	CHECK(armed);
}

int main(void)
{
	pthread_t t;

	be_cpu(0);
	ktimer_init(&timer, fire, NULL);
	pthread_create(&t, NULL, cpu_one, NULL);
	cancels_what_arms_itself();
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	pthread_join(t, NULL);
	return check_done("task_timer");
}
