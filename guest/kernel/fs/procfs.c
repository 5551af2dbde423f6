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

/* The kernel has no command line: what it is to do stands in its memory. */
static int show_cmdline(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	pseudo_printf(b, "\n");
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

#define INFO(name_, show_)                                                     \
	{                                                                      \
		.name = (name_), .mode = S_IFREG | 0444, .show = (show_)       \
	}
static const struct pseudo_node root_children[] = {
	INFO("cgroups", proc_cgroups_show),
	INFO("cmdline", show_cmdline),
	INFO("cpuinfo", proc_cpuinfo_show),
	INFO("devices", proc_devices_show),
	INFO("diskstats", proc_empty_show),
	INFO("filesystems", show_filesystems),
	{ .name = "kmsg", .mode = S_IFREG | 0400, .show = show_kmsg },
	INFO("loadavg", proc_loadavg_show),
	INFO("meminfo", proc_meminfo_show),
	{ .name = "slabinfo",
	  .mode = S_IFREG | 0400,
	  .show = proc_slabinfo_show },
	INFO("modules", proc_empty_show),
	{ .name = "mounts", .mode = S_IFLNK | 0777, .link = link_mounts },
	{ .name = "net", .mode = S_IFLNK | 0777, .link = link_net },
	INFO("partitions", proc_partitions_show),
	{ .name = "self", .mode = S_IFLNK | 0777, .link = link_self },
	INFO("stat", proc_machine_stat_show),
	INFO("swaps", show_swaps),
	{ .name = "sys", .mode = S_IFDIR | 0555, .children = procfs_sys },
	{ .name = "thread-self",
	  .mode = S_IFLNK | 0777,
	  .link = link_thread_self },
	INFO("uptime", proc_uptime_show),
	INFO("version", show_version),
	INFO("vmstat", proc_vmstat_show),
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
