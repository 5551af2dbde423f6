/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs.c: /proc, the files that are not about one process (proc(5)).
 *
 * What a file says is computed when it is read; nothing here is made up: a
 * line of Linux's file that this kernel has no truth for is left out.
 */
#include "procfs.h"

#include <stdio.h>
#include <string.h>

#include "kuni/filesystems.h"
#include "kuni/klog.h"
#include "kuni/linux.h"
#include "kuni/task.h"
#include "kuni/uts.h"

#define PROC_MAGIC 0x9fa0
#define TICK_NS    10000000UL /* USER_HZ is 100 */

static int show_cpuinfo(struct pseudo_buf *b, const struct pseudo_key *k)
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
		pseudo_printf(b, "\nclflush size\t: 64\n\n");
	}
	return 0;
}

static int show_meminfo(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct mm_stats s;
	const uint64_t kib = PAGE_SIZE / 1024;

	(void)k;
	mm_stats(&s);
	pseudo_printf(b, "MemTotal:       %8lu kB\n", s.total * kib);
	pseudo_printf(b, "MemFree:        %8lu kB\n", s.free * kib);
	pseudo_printf(b, "MemAvailable:   %8lu kB\n",
		      (s.free + s.cached) * kib);
	pseudo_printf(b, "Buffers:        %8lu kB\n", 0UL);
	pseudo_printf(b, "Cached:         %8lu kB\n", s.cached * kib);
	pseudo_printf(b, "SwapTotal:      %8lu kB\n", 0UL);
	pseudo_printf(b, "SwapFree:       %8lu kB\n", 0UL);
	pseudo_printf(b, "Slab:           %8lu kB\n", s.slab * kib);
	pseudo_printf(b, "PageTables:     %8lu kB\n", s.tables * kib);
	return 0;
}

/* CPU time and states over all processes, in USER_HZ ticks. */
struct totals {
	uint64_t user, system, switches;
	unsigned running, blocked, threads;
};

static void sum_up(struct totals *t)
{
	struct process *p;
	struct task *th;

	spin_lock(&tasklist_lock);
	LIST_FOREACH(p, &all_processes, all_link)
	{
		t->user += p->utime;
		t->system += p->stime;
		TAILQ_FOREACH(th, &p->threads, thread_link)
		{
			t->user += th->utime;
			t->system += th->stime;
			t->switches += th->nvcsw + th->nivcsw;
			t->running += th->state == TASK_RUNNING;
			t->blocked += th->state == TASK_SLEEP_HARD;
			t->threads++;
		}
	}
	spin_unlock(&tasklist_lock);
}

static int show_stat(struct pseudo_buf *b, const struct pseudo_key *k)
{
	uint64_t up = arch_clock_ns(), all = up * arch_ncpu;
	struct totals t = { 0 };

	(void)k;
	sum_up(&t);
	all -= min(all, t.user + t.system);
	pseudo_printf(b, "cpu  %lu 0 %lu %lu 0 0 0 0 0 0\n", t.user / TICK_NS,
		      t.system / TICK_NS, all / TICK_NS);
	pseudo_printf(b, "ctxt %lu\nbtime %lu\n", t.switches,
		      arch_wall_offset_ns() / NSEC_PER_SEC);
	pseudo_printf(b, "procs_running %u\nprocs_blocked %u\n", t.running,
		      t.blocked);
	return 0;
}

static int show_uptime(struct pseudo_buf *b, const struct pseudo_key *k)
{
	uint64_t up = arch_clock_ns(), idle = up * arch_ncpu;
	struct totals t = { 0 };

	(void)k;
	sum_up(&t);
	idle -= min(idle, t.user + t.system);
	pseudo_printf(b, "%lu.%02lu %lu.%02lu\n", up / NSEC_PER_SEC,
		      up / TICK_NS % 100, idle / NSEC_PER_SEC,
		      idle / TICK_NS % 100);
	return 0;
}

static int show_version(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	pseudo_printf(b, "Linux version %s (kuni) %s\n", UTS_RELEASE,
		      UTS_VERSION);
	return 0;
}

static int show_filesystems(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	for (unsigned i = 0; filesystems[i]; i++)
		pseudo_printf(b, "%s\t%s\n",
			      filesystems[i]->nodev ? "nodev" : "",
			      filesystems[i]->name);
	return 0;
}

static int show_swaps(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	pseudo_printf(b, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	return 0;
}

static int show_kmsg(struct pseudo_buf *b, const struct pseudo_key *k)
{
	char *text = kmalloc(PAGE_SIZE * 4);

	(void)k;
	if (!text)
		return -ENOMEM;
	pseudo_put(b, text, klog_read(text, PAGE_SIZE * 4));
	kfree(text);
	return 0;
}

static ssize_t link_self(const struct pseudo_key *k, char *buf, size_t n)
{
	(void)k;
	return sniprintf(buf, n, "%d", current->proc->pid);
}

static ssize_t link_thread_self(const struct pseudo_key *k, char *buf, size_t n)
{
	(void)k;
	return sniprintf(buf, n, "%d/task/%d", current->proc->pid,
			 current->tid);
}

static ssize_t link_mounts(const struct pseudo_key *k, char *buf, size_t n)
{
	(void)k;
	return sniprintf(buf, n, "self/mounts");
}

static ssize_t link_net(const struct pseudo_key *k, char *buf, size_t n)
{
	(void)k;
	return sniprintf(buf, n, "self/net");
}

static int find_pid(const struct pseudo_key *k, const char *name, size_t len,
		    struct pseudo_key *out, const struct pseudo_node **node)
{
	int pid;
	int r = pseudo_number(name, len, &pid);

	(void)k;
	if (r < 0)
		return r;
	*out = (struct pseudo_key){ .proc = process_find(pid) };
	if (!out->proc)
		return -ENOENT;
	*node = &procfs_pid_dir;
	return 0;
}

static bool each_pid(const struct pseudo_key *k, unsigned *n)
{
	struct process *p;
	int best = -1;

	(void)k;
	spin_lock(&tasklist_lock);
	LIST_FOREACH(p, &all_processes, all_link)
	{
		if (p->pid >= (int)*n && (best < 0 || p->pid < best))
			best = p->pid;
	}
	spin_unlock(&tasklist_lock);
	if (best < 0)
		return false;
	*n = (unsigned)best;
	return true;
}

static const struct pseudo_node root_children[] = {
	{ .name = "cpuinfo", .mode = S_IFREG | 0444, .show = show_cpuinfo },
	{ .name = "filesystems",
	  .mode = S_IFREG | 0444,
	  .show = show_filesystems },
	{ .name = "kmsg", .mode = S_IFREG | 0400, .show = show_kmsg },
	{ .name = "meminfo", .mode = S_IFREG | 0444, .show = show_meminfo },
	{ .name = "mounts", .mode = S_IFLNK | 0777, .link = link_mounts },
	{ .name = "net", .mode = S_IFLNK | 0777, .link = link_net },
	{ .name = "self", .mode = S_IFLNK | 0777, .link = link_self },
	{ .name = "stat", .mode = S_IFREG | 0444, .show = show_stat },
	{ .name = "swaps", .mode = S_IFREG | 0444, .show = show_swaps },
	{ .name = "sys", .mode = S_IFDIR | 0555, .children = procfs_sys },
	{ .name = "thread-self",
	  .mode = S_IFLNK | 0777,
	  .link = link_thread_self },
	{ .name = "uptime", .mode = S_IFREG | 0444, .show = show_uptime },
	{ .name = "version", .mode = S_IFREG | 0444, .show = show_version },
	{ 0 },
};

static const struct pseudo_node root = {
	.name = "",
	.mode = S_IFDIR | 0555,
	.children = root_children,
	.find = find_pid,
	.each = each_pid,
	.each_mode = S_IFDIR,
};

static int procfs_mount(const struct fs_type *t, const char *source,
			uint64_t flags, const char *data, struct super **out)
{
	(void)source;
	(void)flags;
	(void)data;
	return pseudo_mount(t, &root, PROC_MAGIC, out);
}

const struct fs_type procfs_type = {
	.name = "proc",
	.nodev = true,
	.mount = procfs_mount,
};
