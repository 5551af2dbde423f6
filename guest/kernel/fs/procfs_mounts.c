/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs_mounts.c: /proc/PID/mounts and mountinfo.
 */
#include <string.h>

#include "kuni/task.h"
#include "procfs.h"

static const struct {
	uint64_t flag;
	const char *name;
} mount_flags[] = {
	{ MS_NOSUID, ",nosuid" },     { MS_NODEV, ",nodev" },
	{ MS_NOEXEC, ",noexec" },     { MS_NOATIME, ",noatime" },
	{ MS_RELATIME, ",relatime" },
};

static void mount_options(struct pseudo_buf *b, const struct mount *m)
{
	pseudo_printf(b, m->flags & MS_RDONLY ? "ro" : "rw");
	for (unsigned i = 0; i < ARRAY_SIZE(mount_flags); i++) {
		if (m->flags & mount_flags[i].flag)
			pseudo_put(b, mount_flags[i].name,
				   strlen(mount_flags[i].name));
	}
}

struct mounts_walk {
	struct pseudo_buf *b;
	char *name;
	bool info; /* mountinfo's form */
};

static const char *mount_point(const struct mount *m, char *name)
{
	struct path at = { .mnt = m->parent, .d = m->at };
	char *s;

	if (!m->parent)
		return "/";
	return procfs_name(&at, name, &s) == 0 ? s : NULL;
}

static bool mounts_one(struct mount *m, void *arg)
{
	struct mounts_walk *w = arg;
	const char *point = mount_point(m, w->name);
	const char *type = m->super->type->name;
	const char *source = m->source ? m->source : "none";

	if (!point)
		return true;
	if (w->info) {
		pseudo_printf(w->b, "%u %u %u:%u / ", m->id,
			      m->parent ? m->parent->id : 0,
			      DEV_MAJOR(m->super->dev),
			      DEV_MINOR(m->super->dev));
		pseudo_put(w->b, point, strlen(point));
		pseudo_put(w->b, " ", 1);
		mount_options(w->b, m);
		pseudo_printf(w->b, " - %s ", type);
		pseudo_put(w->b, source, strlen(source));
		pseudo_printf(w->b, m->flags & MS_RDONLY ? " ro\n" : " rw\n");
		return true;
	}
	pseudo_put(w->b, source, strlen(source));
	pseudo_put(w->b, " ", 1);
	pseudo_put(w->b, point, strlen(point));
	pseudo_printf(w->b, " %s ", type);
	mount_options(w->b, m);
	pseudo_printf(w->b, " 0 0\n");
	return true;
}

static int mounts_show(struct pseudo_buf *b, bool info)
{
	struct mounts_walk w = { .b = b, .info = info };

	w.name = kmalloc(PATH_MAX);
	if (!w.name)
		return -ENOMEM;
	mount_each(mounts_one, &w);
	kfree(w.name);
	return 0;
}

int procfs_mounts(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	return mounts_show(b, false);
}

int proc_mountinfo_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	return mounts_show(b, true);
}
