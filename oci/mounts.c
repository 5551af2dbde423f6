/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts.c: one table of mount options.
 *
 * Propagation: nothing propagates into or out of a VM, so "private" is what
 * is there and the others are not honoured.  The recursive attributes ("rro")
 * are not: "ro" goes in, but for the top mount only.  Options of a file system
 * (sync and the like) mean nothing to a bind mount, in Linux too.
 */
#include "oci/mounts.h"

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

enum opt_kind {
	OPT_SET,
	OPT_CLEAR,
	OPT_BIND,
	OPT_RBIND,
	OPT_NONE,   /* is so anyway */
	OPT_MISSED, /* not honoured */
};

static const struct option {
	const char *name;
	enum opt_kind kind;
	uint64_t flags;
} options[] = {
	{ "ro", OPT_SET, MS_RDONLY },
	{ "rw", OPT_CLEAR, MS_RDONLY },
	{ "nosuid", OPT_SET, MS_NOSUID },
	{ "suid", OPT_CLEAR, MS_NOSUID },
	{ "nodev", OPT_SET, MS_NODEV },
	{ "dev", OPT_CLEAR, MS_NODEV },
	{ "noexec", OPT_SET, MS_NOEXEC },
	{ "exec", OPT_CLEAR, MS_NOEXEC },
	{ "nosymfollow", OPT_MISSED, MS_NOSYMFOLLOW },
	{ "symfollow", OPT_CLEAR, MS_NOSYMFOLLOW },
	{ "sync", OPT_SET, MS_SYNCHRONOUS },
	{ "async", OPT_CLEAR, MS_SYNCHRONOUS },
	{ "dirsync", OPT_SET, MS_DIRSYNC },
	{ "noatime", OPT_SET, MS_NOATIME },
	{ "atime", OPT_CLEAR, MS_NOATIME },
	{ "nodiratime", OPT_SET, MS_NODIRATIME },
	{ "diratime", OPT_CLEAR, MS_NODIRATIME },
	{ "relatime", OPT_SET, MS_RELATIME },
	{ "norelatime", OPT_CLEAR, MS_RELATIME },
	{ "strictatime", OPT_SET, MS_STRICTATIME },
	{ "nostrictatime", OPT_CLEAR, MS_STRICTATIME },
	{ "lazytime", OPT_SET, MS_LAZYTIME },
	{ "nolazytime", OPT_CLEAR, MS_LAZYTIME },
	{ "silent", OPT_SET, MS_SILENT },
	{ "loud", OPT_CLEAR, MS_SILENT },
	{ "bind", OPT_BIND, 0 },
	{ "rbind", OPT_RBIND, 0 },
	{ "defaults", OPT_NONE, 0 },
	{ "private", OPT_NONE, 0 },
	{ "rprivate", OPT_NONE, 0 },
	{ "nomand", OPT_NONE, 0 },
	{ "noiversion", OPT_NONE, 0 },
	/* flags beside MISSED go in all the same: the part of it that can */
	{ "rro", OPT_MISSED, MS_RDONLY },
	{ "rnosuid", OPT_MISSED, MS_NOSUID },
	{ "rnodev", OPT_MISSED, MS_NODEV },
	{ "rnoexec", OPT_MISSED, MS_NOEXEC },
	{ "rnosymfollow", OPT_MISSED, MS_NOSYMFOLLOW },
	{ "rnoatime", OPT_MISSED, MS_NOATIME },
	{ "rnodiratime", OPT_MISSED, MS_NODIRATIME },
	{ "rrelatime", OPT_MISSED, MS_RELATIME },
	{ "rstrictatime", OPT_MISSED, MS_STRICTATIME },
	{ "rrw", OPT_MISSED, 0 },
	{ "rsuid", OPT_MISSED, 0 },
	{ "rdev", OPT_MISSED, 0 },
	{ "rexec", OPT_MISSED, 0 },
	{ "rsymfollow", OPT_MISSED, 0 },
	{ "ratime", OPT_MISSED, 0 },
	{ "rdiratime", OPT_MISSED, 0 },
	{ "rnorelatime", OPT_MISSED, 0 },
	{ "rnostrictatime", OPT_MISSED, 0 },
	{ "shared", OPT_MISSED, 0 },
	{ "rshared", OPT_MISSED, 0 },
	{ "slave", OPT_MISSED, 0 },
	{ "rslave", OPT_MISSED, 0 },
	{ "unbindable", OPT_MISSED, 0 },
	{ "runbindable", OPT_MISSED, 0 },
	{ "idmap", OPT_MISSED, 0 },
	{ "ridmap", OPT_MISSED, 0 },
	{ "tmpcopyup", OPT_MISSED, 0 },
	{ "remount", OPT_MISSED, 0 },
	{ "mand", OPT_MISSED, 0 },
	{ "iversion", OPT_MISSED, 0 },
	{ "acl", OPT_MISSED, 0 },
	{ "noacl", OPT_MISSED, 0 },
};

#define NOPTIONS (sizeof(options) / sizeof(options[0]))

static const struct option *find(const char *name)
{
	for (size_t i = 0; i < NOPTIONS; i++) {
		if (!strcmp(options[i].name, name))
			return &options[i];
	}
	return NULL;
}

/* Appends word to the list in buf, which has room for it. */
static void join(char *buf, size_t room, const char *word)
{
	size_t n = strlen(buf);

	(void)snprintf(buf + n, room - n, "%s%s", n ? "," : "", word);
}

static void apply(const struct option *o, struct mount_options *out)
{
	switch (o->kind) {
	case OPT_SET:
	case OPT_MISSED:
		out->flags |= o->flags;
		break;
	case OPT_CLEAR:
		out->flags &= ~o->flags;
		break;
	case OPT_RBIND:
		out->recursive = true;
		out->bind = true;
		break;
	case OPT_BIND:
		out->bind = true;
		break;
	case OPT_NONE:
		break;
	}
}

static bool is_bind(const struct oci_strv *v)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct option *o = find(v->v[i]);

		if (o && (o->kind == OPT_BIND || o->kind == OPT_RBIND))
			return true;
	}
	return false;
}

void mount_options_parse(const struct oci_strv *v, size_t mount, bool bind,
			 struct mount_options *out, struct oci_notes *notes)
{
	size_t room = 1;

	*out = (struct mount_options){ .bind = bind || is_bind(v) };
	for (size_t i = 0; i < v->n; i++)
		room += strlen(v->v[i]) + 1;
	out->data = oci_alloc(room, 1);
	for (size_t i = 0; i < v->n; i++) {
		const struct option *o = find(v->v[i]);

		if (o)
			apply(o, out);
		if (o ? o->kind == OPT_MISSED : out->bind) {
			notes_add(notes, "mounts[%zu].options[%zu] value=%.64s",
				  mount, i, v->v[i]);
		}
		if (o || out->bind || !v->v[i][0])
			continue;
		join(out->data, room, v->v[i]);
	}
}

const char *mount_flags_show(uint64_t flags, char buf[MOUNT_FLAGS_MAX])
{
	buf[0] = '\0';
	for (size_t i = 0; i < NOPTIONS; i++) {
		const struct option *o = &options[i];

		if (o->kind != OPT_SET || !(flags & o->flags))
			continue;
		join(buf, MOUNT_FLAGS_MAX, o->name);
	}
	return buf;
}

const char *mount_option_name(size_t nth)
{
	for (size_t i = 0; i < NOPTIONS; i++) {
		if (options[i].kind != OPT_MISSED && !nth--)
			return options[i].name;
	}
	return NULL;
}
