/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pid.c: numbers of tasks, and finding tasks by them.
 *
 * Threads and processes share one number space, as Linux has it; a process
 * has the number of its first thread.  A number is free again when no task,
 * process group or session has it.  All under tasklist_lock.
 */
#include "internal.h"

#define PID_MAX   32768
#define PID_LOW   300 /* after the first round */
#define PID_SLOTS 512

struct spinlock tasklist_lock = SPINLOCK_INIT(RANK_TASKLIST);
struct process_list all_processes;
struct process *init_process;
unsigned process_count, task_count;
uint64_t tasks_made; /* [a] */

LIST_HEAD(tid_slot, task);
static struct tid_slot slots[PID_SLOTS];
int last_pid;
static bool wrapped;

static bool pid_used(int pid)
{
	struct process *p;

	if (pid_hash_find(pid))
		return true;
	LIST_FOREACH(p, &all_processes, all_link)
	if (p->pgid == pid || p->sid == pid || p->pid == pid)
		return true;
	return false;
}

int pid_alloc(void)
{
	for (int n = 0; n < PID_MAX; n++) {
		if (++last_pid >= PID_MAX) {
			last_pid = PID_LOW;
			wrapped = true;
		}
		if (!wrapped || !pid_used(last_pid)) {
			__atomic_fetch_add(&tasks_made, 1, __ATOMIC_RELAXED);
			return last_pid;
		}
	}
	return -EAGAIN;
}

void pid_hash_add(struct task *t)
{
	LIST_INSERT_HEAD(&slots[t->tid % PID_SLOTS], t, tid_link);
	task_count++;
}

void pid_hash_del(struct task *t)
{
	LIST_REMOVE(t, tid_link);
	task_count--;
}

struct task *pid_hash_find(int tid)
{
	struct task *t;

	if (tid <= 0)
		return NULL;
	LIST_FOREACH(t, &slots[tid % PID_SLOTS], tid_link)
	if (t->tid == tid)
		return t;
	return NULL;
}

struct task *task_find(int tid)
{
	struct task *t;

	spin_lock(&tasklist_lock);
	t = pid_hash_find(tid);
	if (t)
		task_get(t);
	spin_unlock(&tasklist_lock);
	return t;
}

struct process *process_lookup(int pid)
{
	struct task *t = pid_hash_find(pid);

	return t && t->proc && t->proc->pid == pid ? t->proc : NULL;
}

struct process *process_find(int pid)
{
	struct process *p;

	spin_lock(&tasklist_lock);
	p = process_lookup(pid);
	if (p)
		process_get(p);
	spin_unlock(&tasklist_lock);
	return p;
}
