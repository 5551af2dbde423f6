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

/* Blanks would end the field: \040 and the like. */
static void put_escaped(struct pseudo_buf *b, const char *s)
{
	for (; *s; s++) {
		if (strchr(" \t\n\\", *s))
			pseudo_printf(b, "\\%03o", (unsigned char)*s);
		else
			pseudo_put(b, s, 1);
	}
}

/* Which part of its file system m shows. */
static void put_root(struct pseudo_buf *b, const struct mount *m, char *name)
{
	char *s;

	if (dentry_name(m->root, m->super->root, name, PATH_MAX, &s) < 0)
		s = memcpy(name, "/", sizeof("/"));
	put_escaped(b, s);
}

static void put_super_options(struct pseudo_buf *b, const struct mount *m)
{
	pseudo_printf(b, m->flags & MS_RDONLY ? "ro" : "rw");
	if (m->data && *m->data) {
		pseudo_put(b, ",", 1);
		put_escaped(b, m->data);
	}
}

static void put_info(struct mounts_walk *w, const struct mount *m)
{
	pseudo_printf(w->b, "%u %u %u:%u ", m->id,
		      m->parent ? m->parent->id : 0, DEV_MAJOR(m->super->dev),
		      DEV_MINOR(m->super->dev));
	put_root(w->b, m, w->name);
	pseudo_put(w->b, " ", 1);
}

static bool mounts_one(struct mount *m, void *arg)
{
	struct mounts_walk *w = arg;
	size_t before = w->b->len;
	const char *source = m->source ? m->source : "none", *point;

	if (w->info)
		put_info(w, m);
	else
		put_escaped(w->b, source);
	point = mount_point(m, w->name);
	if (!point) { /* not below the reader's root */
		w->b->len = before;
		return true;
	}
	if (!w->info)
		pseudo_put(w->b, " ", 1);
	put_escaped(w->b, point);
	pseudo_put(w->b, " ", 1);
	if (w->info) {
		mount_options(w->b, m);
		pseudo_printf(w->b, " - %s ", m->super->type->name);
		put_escaped(w->b, source);
		pseudo_put(w->b, " ", 1);
		put_super_options(w->b, m);
		pseudo_put(w->b, "\n", 1);
		return true;
	}
	pseudo_printf(w->b, "%s ", m->super->type->name);
	mount_options(w->b, m);
	if (m->data && *m->data) {
		pseudo_put(w->b, ",", 1);
		put_escaped(w->b, m->data);
	}
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
