/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flight.c: the flight recorder: the last 64 system calls of each CPU.
 *
 * Written by the CPU that enters the call, and by the one that it ends on,
 * without a lock; what is printed after a crash may be torn, and says so little
 * about one call that it matters not.
 */
#include "kuni/arch.h"
#include "kuni/klog.h"
#include "kuni/mm.h"
#include "kuni/task.h"

#define FLIGHT_SIZE 64U

struct flight {
	uint32_t next; /* entries ever written */
	struct flight_entry entry[FLIGHT_SIZE];
};

static struct flight first; /* CPU 0 starts before there is memory */
static bool first_taken;

/* *slot of a CPU: its ring, or NULL where memory ran out (nothing is recorded
 * there). */
void flight_init_cpu(void **slot)
{
	*slot = first_taken ? kmalloc(sizeof(struct flight)) : &first;
	first_taken = true;
}

struct flight_entry *flight_enter(int tid, uint64_t nr, const uint64_t arg[6])
{
	struct flight *f = this_cpu()->flight;
	struct flight_entry *e;

	if (!f)
		return NULL;
	e = &f->entry[f->next++ % FLIGHT_SIZE];
	e->tid = tid;
	e->nr = (uint32_t)nr;
	e->arg[0] = arg[0];
	e->arg[1] = arg[1];
	e->arg[2] = arg[2];
	e->done = false;
	return e;
}

void flight_exit(struct flight_entry *e, int tid, long ret)
{
	if (!e || e->tid != tid || e->done)
		return; /* pushed out by 64 others meanwhile */
	e->ret = ret;
	e->done = true;
}

static void dump_cpu(enum klog_level level, const struct flight *f,
		     unsigned cpu)
{
	for (uint32_t i = FLIGHT_SIZE; i > 0; i--) {
		const struct flight_entry *e =
			&f->entry[(f->next - i) % FLIGHT_SIZE];

		if (!e->tid)
			continue;
		if (e->done)
			klog(level,
			     "  cpu %u task %d call %u(0x%lx, 0x%lx, 0x%lx) = %ld",
			     cpu, e->tid, e->nr, e->arg[0], e->arg[1],
			     e->arg[2], e->ret);
		else
			klog(level,
			     "  cpu %u task %d call %u(0x%lx, 0x%lx, 0x%lx) ...",
			     cpu, e->tid, e->nr, e->arg[0], e->arg[1],
			     e->arg[2]);
	}
}

void flight_dump(enum klog_level level)
{
	klog(level, "last system calls:");
	for (unsigned i = 0; i < arch_ncpu; i++) {
		struct cpu *c = arch_cpu(i);

		if (c && c->flight)
			dump_cpu(level, c->flight, i);
	}
}
