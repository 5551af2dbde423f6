/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sysfs.c: /sys, the part that programs read: which CPUs there are
 * (devices/system/cpu; nproc, glibc, Go and Java look there), and the mount
 * points that containers expect (fs/cgroup, kernel).
 */
#include <stdio.h>
#include <string.h>

#include "kuni/filesystems.h"
#include "pseudofs.h"

#define SYSFS_MAGIC 0x62656572

static int show_cpu_range(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	if (arch_ncpu > 1)
		pseudo_printf(b, "0-%u\n", arch_ncpu - 1);
	else
		pseudo_printf(b, "0\n");
	return 0;
}

static int show_offline(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	pseudo_printf(b, "\n");
	return 0;
}

static int show_kernel_max(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	pseudo_printf(b, "%u\n", KUNI_MAX_CPUS - 1);
	return 0;
}

static int show_core_id(struct pseudo_buf *b, const struct pseudo_key *k)
{
	pseudo_printf(b, "%d\n", k->n);
	return 0;
}

static int show_package(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	pseudo_printf(b, "0\n");
	return 0;
}

static const struct pseudo_node cpu_topology[] = {
	{ .name = "core_id", .mode = S_IFREG | 0444, .show = show_core_id },
	{ .name = "physical_package_id",
	  .mode = S_IFREG | 0444,
	  .show = show_package },
	{ 0 },
};

static const struct pseudo_node cpu_children[] = {
	{ .name = "topology",
	  .mode = S_IFDIR | 0755,
	  .children = cpu_topology },
	{ 0 },
};

static const struct pseudo_node cpu_dir = {
	.name = "",
	.mode = S_IFDIR | 0755,
	.children = cpu_children,
};

static int find_cpu(const struct pseudo_key *k, const char *name, size_t len,
		    struct pseudo_key *out, const struct pseudo_node **node)
{
	int n;

	(void)k;
	if (len < 4 || memcmp(name, "cpu", 3))
		return -ENOENT;
	if (pseudo_number(name + 3, len - 3, &n) < 0 || n >= (int)arch_ncpu)
		return -ENOENT;
	*out = (struct pseudo_key){ .n = n };
	*node = &cpu_dir;
	return 0;
}

static bool each_cpu(const struct pseudo_key *k, unsigned *n)
{
	(void)k;
	return *n < arch_ncpu;
}

static const struct pseudo_node cpus[] = {
	{ .name = "kernel_max",
	  .mode = S_IFREG | 0444,
	  .show = show_kernel_max },
	{ .name = "offline", .mode = S_IFREG | 0444, .show = show_offline },
	{ .name = "online", .mode = S_IFREG | 0444, .show = show_cpu_range },
	{ .name = "possible", .mode = S_IFREG | 0444, .show = show_cpu_range },
	{ .name = "present", .mode = S_IFREG | 0444, .show = show_cpu_range },
	{ 0 },
};

static const struct pseudo_node system_children[] = {
	{ .name = "cpu",
	  .mode = S_IFDIR | 0755,
	  .children = cpus,
	  .find = find_cpu,
	  .each = each_cpu,
	  .prefix = "cpu",
	  .each_mode = S_IFDIR },
	{ 0 },
};

static const struct pseudo_node devices[] = {
	{ .name = "system",
	  .mode = S_IFDIR | 0755,
	  .children = system_children },
	{ 0 },
};

static const struct pseudo_node empty[] = { { 0 } };

static const struct pseudo_node fs_children[] = {
	{ .name = "cgroup", .mode = S_IFDIR | 0755, .children = empty },
	{ 0 },
};

static const struct pseudo_node root_children[] = {
	{ .name = "devices", .mode = S_IFDIR | 0755, .children = devices },
	{ .name = "fs", .mode = S_IFDIR | 0755, .children = fs_children },
	{ .name = "kernel", .mode = S_IFDIR | 0755, .children = empty },
	{ 0 },
};

static const struct pseudo_node root = {
	.name = "",
	.mode = S_IFDIR | 0555,
	.children = root_children,
};

static int sysfs_mount(const struct fs_type *t, const char *source,
		       uint64_t flags, const char *data, struct super **out)
{
	(void)source;
	(void)flags;
	(void)data;
	return pseudo_mount(t, &root, SYSFS_MAGIC, out);
}

const struct fs_type sysfs_type = {
	.name = "sysfs",
	.nodev = true,
	.mount = sysfs_mount,
};
