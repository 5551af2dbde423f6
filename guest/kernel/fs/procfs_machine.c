/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs_machine.c: /proc, what the machine is and does: cpuinfo, meminfo, stat,
 * uptime, loadavg, vmstat, devices, partitions and the like.
 */
#include <stdio.h>
#include <string.h>

#include "kuni/task.h"
#include "procfs.h"

#define TICK_NS 10000000UL /* USER_HZ is 100 */
#define KIB     (PAGE_SIZE / 1024)

PROC_SHOW(cpuinfo)
{
	struct arch_cpuinfo c;
	const char *flag;

	(void)k;
	arch_cpuinfo(&c);
	for (unsigned cpu = 0; cpu < arch_ncpu; cpu++) {
		pseudo_printf(b, "processor\t: %u\nvendor_id\t: %s\n", cpu,
			      c.vendor);
		pseudo_printf(b, "cpu family\t: %u\nmodel\t\t: %u\n", c.family,
			      c.model);
		pseudo_printf(b, "model name\t: %s\nstepping\t: %u\n",
			      c.model_name, c.stepping);
		pseudo_printf(b, "cpu MHz\t\t: %lu.%03lu\n", c.khz / 1000,
			      c.khz % 1000);
		pseudo_printf(b, "physical id\t: 0\nsiblings\t: %u\n",
			      arch_ncpu);
		pseudo_printf(b, "core id\t\t: %u\ncpu cores\t: %u\n", cpu,
			      arch_ncpu);
		pseudo_printf(b,
			      "apicid\t\t: %u\nfpu\t\t: yes\nflags\t\t:", cpu);
		for (unsigned n = 0; (flag = arch_cpu_flag(n)); n++)
			pseudo_printf(b, " %s", flag);
		pseudo_printf(b, "\nbogomips\t: %lu.%02lu\n", c.khz / 500,
			      c.khz / 5 % 100);
		pseudo_printf(b, "clflush size\t: 64\n\n");
	}
	return 0;
}

static void mem_line(struct pseudo_buf *b, const char *name, uint64_t pages)
{
	pseudo_printf(b, "%-15s %8lu kB\n", name, pages * KIB);
}

/* There is no swap, and nothing is locked in memory or on its way to a disk
 * while nobody waits for it: those are 0.  Nothing of the slab is given back. */
PROC_SHOW(meminfo)
{
	struct mm_stats s;
	uint64_t droppable;

	(void)k;
	mm_stats(&s);
	droppable = s.cached - min(s.cached, s.shmem + s.dirty);
	mem_line(b, "MemTotal:", s.total);
	mem_line(b, "MemFree:", s.free);
	mem_line(b, "MemAvailable:", s.free + droppable);
	mem_line(b, "Buffers:", 0);
	mem_line(b, "Cached:", s.cached);
	mem_line(b, "SwapCached:", 0);
	mem_line(b, "SwapTotal:", 0);
	mem_line(b, "SwapFree:", 0);
	mem_line(b, "Dirty:", s.dirty);
	mem_line(b, "Writeback:", 0);
	mem_line(b, "Shmem:", s.shmem);
	mem_line(b, "KReclaimable:", 0);
	mem_line(b, "Slab:", s.slab);
	mem_line(b, "SReclaimable:", 0);
	mem_line(b, "SUnreclaim:", s.slab);
	mem_line(b, "KernelStack:",
		 __atomic_load_n(&mm_nr_stack, __ATOMIC_RELAXED));
	mem_line(b, "PageTables:", s.tables);
	pseudo_printf(b, "HugePages_Total:       0\nHugePages_Free:        0\n"
			 "Hugepagesize:       2048 kB\n");
	return 0;
}

/* slabinfo(5).  The numbers behind "tunables" and "slabdata" that this kernel
 * has no such thing for are 0. */
PROC_SHOW(slabinfo)
{
	struct slab_view v;
	char name[32];

	(void)k;
	pseudo_printf(b, "slabinfo - version: 2.1\n"
			 "# name            <active_objs> <num_objs> <objsize> "
			 "<objperslab> <pagesperslab> : tunables <limit> ");
	pseudo_printf(b, "<batchcount> <sharedfactor> : slabdata "
			 "<active_slabs> <num_slabs> <sharedavail>\n");
	for (unsigned n = 0; slab_look(n, &v); n++) {
		if (strcmp(v.name, "kmalloc"))
			snprintf(name, sizeof(name), "%s", v.name);
		else
			snprintf(name, sizeof(name), "%s-%u", v.name, v.size);
		pseudo_printf(b, "%-17s %6lu %6lu %6u %4u %4u", name, v.used,
			      v.slabs * v.per_slab, v.size, v.per_slab,
			      v.pages);
		pseudo_printf(b,
			      " : tunables    0    0    0"
			      " : slabdata %6lu %6lu      0\n",
			      v.slabs, v.slabs);
	}
	return 0;
}

static void cpu_line(struct pseudo_buf *b, const struct cpu_times *t)
{
	pseudo_printf(b, " %lu 0 %lu %lu 0 0 0 0 0 0\n", t->user / TICK_NS,
		      t->system / TICK_NS, t->idle / TICK_NS);
}

static unsigned blocked_tasks(void)
{
	struct process *p;
	struct task *t;
	unsigned n = 0;

	spin_lock(&tasklist_lock);
	LIST_FOREACH(p, &all_processes, all_link)
	TAILQ_FOREACH(t, &p->threads, thread_link)
	n += t->state == TASK_SLEEP_HARD;
	spin_unlock(&tasklist_lock);
	return n;
}

PROC_SHOW(machine_stat)
{
	struct cpu_times sum = { 0 }, t;
	unsigned running;
	uint64_t switches;

	(void)k;
	for (unsigned n = 0; n < arch_ncpu; n++) {
		cpu_times(n, &t);
		sum.user += t.user;
		sum.system += t.system;
		sum.idle += t.idle;
	}
	pseudo_printf(b, "cpu ");
	cpu_line(b, &sum);
	for (unsigned n = 0; n < arch_ncpu; n++) {
		cpu_times(n, &t);
		pseudo_printf(b, "cpu%u", n);
		cpu_line(b, &t);
	}
	sched_count(&running, &switches);
	pseudo_printf(b, "ctxt %lu\nbtime %lu\nprocesses %lu\n", switches,
		      arch_wall_offset_ns() / NSEC_PER_SEC,
		      __atomic_load_n(&tasks_made, __ATOMIC_RELAXED));
	pseudo_printf(b, "procs_running %u\nprocs_blocked %u\n", running,
		      blocked_tasks());
	return 0;
}

PROC_SHOW(uptime)
{
	uint64_t up = arch_clock_ns(), idle = 0;

	(void)k;
	for (unsigned n = 0; n < arch_ncpu; n++) {
		struct cpu_times t;

		cpu_times(n, &t);
		idle += t.idle;
	}
	pseudo_printf(b, "%lu.%02lu %lu.%02lu\n", up / NSEC_PER_SEC,
		      up / TICK_NS % 100, idle / NSEC_PER_SEC,
		      idle / TICK_NS % 100);
	return 0;
}

PROC_SHOW(loadavg)
{
	uint64_t load[3], switches;
	unsigned running;

	(void)k;
	load_average(load);
	for (unsigned n = 0; n < 3; n++)
		pseudo_printf(b, "%lu.%02lu ", load[n] >> 16,
			      (load[n] & 0xffff) * 100 >> 16);
	sched_count(&running, &switches);
	pseudo_printf(b, "%u/%u %d\n", running, task_count, last_pid);
	return 0;
}

PROC_SHOW(vmstat)
{
	struct mm_stats s;

	(void)k;
	mm_stats(&s);
	pseudo_printf(b, "nr_free_pages %lu\nnr_file_pages %lu\n", s.free,
		      s.cached);
	pseudo_printf(b, "nr_shmem %lu\nnr_dirty %lu\nnr_writeback 0\n",
		      s.shmem, s.dirty);
	pseudo_printf(b, "nr_slab_unreclaimable %lu\nnr_page_table_pages %lu\n",
		      s.slab, s.tables);
	pseudo_printf(b, "pswpin 0\npswpout 0\n");
	return 0;
}

PROC_SHOW(devices)
{
	(void)k;
	pseudo_printf(b, "Character devices:\n  1 mem\n  5 /dev/tty\n"
			 "  5 /dev/console\n  5 /dev/ptmx\n136 pts\n"
			 "\nBlock devices:\n");
	return 0;
}

PROC_SHOW(partitions)
{
	(void)k;
	pseudo_printf(b, "major minor  #blocks  name\n\n");
	return 0;
}

/* No block devices, no modules. */
PROC_SHOW(empty)
{
	(void)b;
	(void)k;
	return 0;
}

/* No controllers: there is no cgroup file system in here. */
PROC_SHOW(cgroups)
{
	(void)k;
	pseudo_printf(b, "#subsys_name\thierarchy\tnum_cgroups\tenabled\n");
	return 0;
}
