/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tasks.c: what the machine is doing, into the log, when the host asks
 * (CTL_DUMP: SIGRTMAX to the monitor).
 *
 * Made for a machine that hangs: it runs in the console's interrupt, takes
 * tasklist_lock and one run queue's lock at a time, and needs no memory.  A
 * task that sleeps shows its call chain as "  #N 0x<pc>" (the host adds the
 * symbols); of one that runs, the host's own dump of the CPUs tells.
 */
#include <string.h>

#include "kuni/arch.h"
#include "kuni/klog.h"
#include "kuni/mm.h"
#include "kuni/task.h"

static unsigned frame_nr; /* [tasklist] */

static void frame(uint64_t pc)
{
	klog(KLOG_WARN, "  #%u 0x%016lx", frame_nr++, pc);
}

static const char *state_name(const struct task *t)
{
	static const char *const name[] = {
		[TASK_RUNNING] = "runnable", [TASK_SLEEP] = "sleeps",
		[TASK_SLEEP_HARD] = "waits", [TASK_STOPPED] = "stopped",
		[TASK_DEAD] = "dead",
	};
	uint32_t st = __atomic_load_n(&t->state, __ATOMIC_RELAXED);

	if (t->on_cpu)
		return "runs";
	return st < ARRAY_SIZE(name) ? name[st] : "?";
}

static void show_cpu(unsigned cpu)
{
	struct sched_view v;

	sched_look(cpu, &v);
	if (v.online)
		klog(KLOG_WARN,
		     "cpu %u: task %d (%.16s) queued=%u idle=%d resched=%d slice=%d in %ld us",
		     cpu, v.tid, v.comm, v.queued, v.idle, v.need_resched,
		     v.slice_cpu, v.slice_us);
}

static void show_task(const struct process *p, const struct task *t)
{
	klog(KLOG_WARN,
	     "task %d (%.16s) of %d: %s, cpu %u, call %ld, signals %#lx mask %#lx%s",
	     t->tid, t->comm, p->pid, state_name(t), t->cpu,
	     (long)t->syscall_nr, t->pending.set | p->pending.set, t->sig_mask,
	     p->group_exit ? ", exits" : "");
	if (t->on_cpu || t == current)
		return;
	frame_nr = 0;
	arch_task_backtrace(t, frame);
}

/* Debug builds: who has made the objects in use. */
static struct owner {
	uint64_t caller;
	unsigned size, n;
} owners[512];

static void count_owner(unsigned size, uint64_t caller)
{
	for (unsigned i = 0; i < ARRAY_SIZE(owners); i++) {
		struct owner *o = &owners[i];

		if (o->n && (o->caller != caller || o->size != size))
			continue;
		*o = (struct owner){ caller, size, o->n + 1 };
		return;
	}
}

static void show_owners(void)
{
	memset(owners, 0, sizeof(owners));
	slab_owners(count_owner);
	for (unsigned i = 0; i < ARRAY_SIZE(owners) && owners[i].n; i++) {
		klog(KLOG_WARN, "objects: %u of %u bytes of", owners[i].n,
		     owners[i].size);
		frame_nr = 0;
		frame(owners[i].caller);
	}
}

void tasks_dump(void)
{
	struct process *p;
	struct task *t;

	klog(KLOG_WARN, "dump: %lu ms after the start",
	     arch_clock_ns() / 1000000);
	for (unsigned i = 0; i < arch_ncpu; i++)
		show_cpu(i);
	spin_lock(&tasklist_lock);
	LIST_FOREACH(p, &all_processes, all_link)
	{
		if (p->zombie)
			klog(KLOG_WARN, "process %d: zombie of %d", p->pid,
			     p->parent ? p->parent->pid : 0);
		TAILQ_FOREACH(t, &p->threads, thread_link)
		show_task(p, t);
	}
	spin_unlock(&tasklist_lock);
	if (KUNI_DEBUG)
		show_owners();
	flight_dump(KLOG_WARN);
}
