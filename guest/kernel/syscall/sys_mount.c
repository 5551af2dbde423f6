/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_mount.c: mount(2) and umount2(2), for CAP_SYS_ADMIN.
 *
 * The kinds, in Linux's order: remount, bind, propagation, move, new.  All
 * mounts are private: MS_PRIVATE and MS_SLAVE say what is so; MS_SHARED and
 * MS_UNBINDABLE cannot be had (EINVAL).
 */
#include <string.h>

#include "kuni/vfs.h"
#include "syscall_proto.h"

#define MS_MGC      0xc0ed0000UL
#define PROPAGATION (MS_PRIVATE | MS_SLAVE | MS_SHARED | MS_UNBINDABLE)
#define KNOWN                                                                  \
	(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_REMOUNT |           \
	 MS_NOATIME | MS_NODIRATIME | MS_BIND | MS_MOVE | MS_REC | MS_SILENT | \
	 PROPAGATION | MS_RELATIME | MS_STRICTATIME)

struct strings {
	char *source, *type, *data; /* NULL where the user gave none */
};

static int take_string(uaddr_t at, char **out)
{
	*out = NULL;
	return at.v ? path_from_user(at, out) : 0;
}

static int set_propagation(uint64_t flags)
{
	uint64_t kind = flags & PROPAGATION;

	if ((flags & ~(PROPAGATION | MS_REC | MS_SILENT)) ||
	    (kind & (kind - 1)))
		return -EINVAL;
	return kind & (MS_PRIVATE | MS_SLAVE) ? 0 : -EINVAL;
}

static int with_source(const struct strings *s, const struct path *at,
		       uint64_t flags)
{
	struct path from;
	int r;

	if (!s->source || !*s->source)
		return s->source ? -ENOENT : -EINVAL;
	r = path_lookup(AT_FDCWD, s->source, LOOKUP_FOLLOW, &from, NULL);
	if (r)
		return r;
	if (flags & MS_BIND)
		r = mount_bind_path(&from, at, flags & MS_REC);
	else
		r = mount_move(&from, at);
	path_put(&from);
	return r;
}

static int do_mount(const struct strings *s, const struct path *at,
		    uint64_t flags)
{
	if (flags & ~(uint64_t)KNOWN)
		return -EINVAL;
	if (flags & MS_REMOUNT)
		return mount_remount(at, flags, flags & MS_BIND,
				     s->data ? s->data : "");
	if (flags & MS_BIND)
		return with_source(s, at, flags);
	if (flags & PROPAGATION)
		return set_propagation(flags);
	if (flags & MS_MOVE)
		return with_source(s, at, flags);
	if (!s->type)
		return -EINVAL;
	return mount_new(s->type, s->source, at, flags, s->data);
}

long sys_mount(uaddr_t source, uaddr_t target, uaddr_t fstype, long flags,
	       uaddr_t data)
{
	uint64_t f = (uint64_t)flags;
	struct strings s = { 0 };
	struct path at;
	char *dest = NULL;
	long r;

	if ((f & 0xffff0000UL) == MS_MGC)
		f &= ~0xffff0000UL;
	r = take_string(fstype, &s.type);
	if (!r)
		r = take_string(source, &s.source);
	if (!r)
		r = take_string(data, &s.data);
	if (!r)
		r = path_from_user(target, &dest);
	if (!r)
		r = path_lookup(AT_FDCWD, dest, LOOKUP_FOLLOW, &at, NULL);
	if (!r) {
		r = fs_capable(CAP_SYS_ADMIN) ? do_mount(&s, &at, f) : -EPERM;
		path_put(&at);
	}
	path_free(dest);
	path_free(s.data);
	path_free(s.source);
	path_free(s.type);
	return r;
}

long sys_umount2(uaddr_t name, int flags)
{
	struct path p;
	char *s;
	long r;

	if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	r = path_from_user(name, &s);
	if (r)
		return r;
	r = path_lookup(AT_FDCWD, s,
			(flags & UMOUNT_NOFOLLOW) ? 0 : LOOKUP_FOLLOW, &p,
			NULL);
	path_free(s);
	if (r)
		return r;
	r = fs_capable(CAP_SYS_ADMIN) ? mount_umount(&p, flags) : -EPERM;
	path_put(&p);
	return r;
}
