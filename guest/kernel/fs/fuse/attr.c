/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attr.c: attributes: what stat(2) sees, and what chmod and the like change.
 *
 * Every reply about an inode carries its attributes and for how long they
 * hold; nothing is asked within that time.  After a change of ours that a
 * reply did not show, the next look asks (fuse_changed).
 */
#include "guest/kernel/fs/fuse/client.h"

int fuse_getattr(struct inode *i)
{
	struct fuse_conn *fc = fuse_conn(i);
	uint64_t version = fuse_version(fc);
	struct fuse_getattr_in in = { 0 };
	struct fuse_attr_out out;
	struct fuse_call c = {
		.opcode = FUSE_GETATTR,
		.nodeid = fuse_nodeid(i),
		.in = { { &in, sizeof(in) } },
		.out = &out,
		.out_len = sizeof(out),
	};
	ssize_t r = fuse_call(fc, &c);

	if (r < 0)
		return (int)r;
	return fuse_attr_apply(
		i, &out.attr,
		fuse_valid_ns(out.attr_valid, out.attr_valid_nsec), version);
}

int fuse_refresh(struct inode *i)
{
	uint64_t until =
		__atomic_load_n(&fuse_node(i)->attr_until, __ATOMIC_RELAXED);

	return arch_clock_ns() < until ? 0 : fuse_getattr(i);
}

int fuse_check_data(struct inode *i)
{
	uint64_t until =
		__atomic_load_n(&fuse_node(i)->data_until, __ATOMIC_RELAXED);

	return arch_clock_ns() < until ? 0 : fuse_getattr(i);
}

static uint32_t wire_valid(unsigned valid)
{
	static const struct {
		unsigned ours;
		uint32_t wire;
	} map[] = {
		{ ATTR_MODE, FATTR_MODE },
		{ ATTR_UID, FATTR_UID },
		{ ATTR_GID, FATTR_GID },
		{ ATTR_SIZE, FATTR_SIZE },
		{ ATTR_ATIME, FATTR_ATIME },
		{ ATTR_MTIME, FATTR_MTIME },
		{ ATTR_ATIME_NOW, FATTR_ATIME | FATTR_ATIME_NOW },
		{ ATTR_MTIME_NOW, FATTR_MTIME | FATTR_MTIME_NOW },
	};
	uint32_t out = 0;

	for (unsigned k = 0; k < ARRAY_SIZE(map); k++)
		if (valid & map[k].ours)
			out |= map[k].wire;
	return out;
}

/* The inode's lock is held, rights are checked (fs/attr.c). */
int fuse_setattr(struct inode *i, const struct setattr *a)
{
	struct fuse_conn *fc = fuse_conn(i);
	struct fuse_setattr_in in = {
		.valid = wire_valid(a->valid),
		.size = a->size,
		.mode = a->mode & 07777,
		.uid = a->uid,
		.gid = a->gid,
		.atime = (uint64_t)a->atime.sec,
		.atimensec = (uint32_t)a->atime.nsec,
		.mtime = (uint64_t)a->mtime.sec,
		.mtimensec = (uint32_t)a->mtime.nsec,
	};
	struct fuse_attr_out out;
	struct fuse_call c = {
		.opcode = FUSE_SETATTR,
		.nodeid = fuse_nodeid(i),
		.in = { { &in, sizeof(in) } },
		.out = &out,
		.out_len = sizeof(out),
	};
	uint64_t version;
	ssize_t r;

	fuse_changed(i); /* what is under way now is old */
	version = fuse_version(fc);
	r = fuse_call(fc, &c);
	if (r < 0)
		return (int)r;
	r = fuse_attr_apply(i, &out.attr,
			    fuse_valid_ns(out.attr_valid, out.attr_valid_nsec),
			    version);
	if (!r && (a->valid & ATTR_SIZE))
		pagecache_truncate(&i->cache, a->size);
	return (int)r;
}
