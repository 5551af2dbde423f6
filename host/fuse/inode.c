/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inode.c: the table of what the guest knows by number.
 *
 * An inode is an O_PATH descriptor, which pins the file wherever it is moved,
 * and a number.  It is found by number (a request) and by identity (device,
 * inode and mount of the host: a lookup), both in the same shard, so that one
 * leaf lock covers both.  A number is generation:32 slot:26 shard:6 and is
 * never given twice, but that generations wrap.  The root is number 1 and
 * stands outside the shards: no lookup can lead to it again, for a bind mount
 * of it further down is another mount.
 *
 * Every inode costs one descriptor; past max_inodes a lookup fails with
 * ENFILE until the guest forgets some.
 */
#include "host/fuse/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SHARD_BITS 6
#define SLOT_BITS  26

_Static_assert(FUSE_SHARDS == 1 << SHARD_BITS, "numbers hold the shard");

static uint64_t identity_hash(uint64_t dev, uint64_t ino, uint64_t mnt)
{
	uint64_t h = (ino ^ dev << 40 ^ mnt << 52) * 0x9e3779b97f4a7c15ULL;

	return h ^ h >> 32;
}

static struct fuse_shard *shard_of(struct fuse_server *s, uint64_t nodeid)
{
	return &s->shard[nodeid & (FUSE_SHARDS - 1)];
}

static struct fuse_slot *slot_of_locked(struct fuse_shard *sh, uint64_t nodeid)
{
	uint64_t k = nodeid >> SHARD_BITS & ((1U << SLOT_BITS) - 1);

	if (k >= sh->used || !sh->slot[k].inode ||
	    sh->slot[k].inode->nodeid != nodeid)
		return NULL;
	return &sh->slot[k];
}

static void node_free(struct fuse_server *s, struct fuse_inode *i)
{
	io_forget(s, i->nodeid);
	close(i->fd);
	free(i);
	atomic_fetch_sub(&s->ninodes, 1);
}

/* ---- the table ---- */

/* A slot number for a new inode, or -ENOMEM. */
static long slot_take_locked(struct fuse_shard *sh)
{
	struct fuse_slot *more;
	size_t n;

	if (sh->free) {
		long k = (long)sh->free - 1;

		sh->free = sh->slot[k].next_free;
		return k;
	}
	if (sh->used == sh->nslot) {
		n = sh->nslot ? sh->nslot * 2 : 16;
		if (n > 1U << SLOT_BITS)
			return -ENFILE;
		more = realloc(sh->slot, n * sizeof(*more));
		if (!more)
			return -ENOMEM;
		memset(more + sh->nslot, 0, (n - sh->nslot) * sizeof(*more));
		sh->slot = more;
		sh->nslot = n;
	}
	return (long)sh->used++;
}

/* Twice the buckets where the chains become long; none for want of memory is
 * an error only while there are no buckets at all. */
static int buckets_grow_locked(struct fuse_shard *sh)
{
	size_t n = sh->nbucket ? sh->nbucket * 2 : 16;
	struct fuse_inode **more, *i;

	if (sh->count < sh->nbucket)
		return 0;
	more = calloc(n, sizeof(struct fuse_inode *));
	if (!more)
		return sh->nbucket ? 0 : -ENOMEM;
	for (size_t k = 0; k < sh->nbucket; k++) {
		while ((i = sh->bucket[k])) {
			uint64_t h = identity_hash(i->dev, i->ino, i->mnt);

			sh->bucket[k] = i->next;
			i->next = more[(h >> SHARD_BITS) & (n - 1)];
			more[(h >> SHARD_BITS) & (n - 1)] = i;
		}
	}
	free(sh->bucket);
	sh->bucket = more;
	sh->nbucket = n;
	return 0;
}

static int node_insert_locked(struct fuse_shard *sh, struct fuse_inode *i,
			      uint64_t hash)
{
	struct fuse_inode **head;
	long k;
	int err;

	err = buckets_grow_locked(sh);
	if (err)
		return err;
	k = slot_take_locked(sh);
	if (k < 0)
		return (int)k;
	i->nodeid = (uint64_t)++sh->slot[k].gen << 32 |
		    (uint64_t)k << SHARD_BITS | (hash & (FUSE_SHARDS - 1));
	sh->slot[k].inode = i;
	head = &sh->bucket[(hash >> SHARD_BITS) & (sh->nbucket - 1)];
	i->next = *head;
	*head = i;
	sh->count++;
	return 0;
}

static void node_remove_locked(struct fuse_shard *sh, struct fuse_inode *i)
{
	uint64_t h = identity_hash(i->dev, i->ino, i->mnt);
	struct fuse_inode **at;
	struct fuse_slot *slot = slot_of_locked(sh, i->nodeid);

	at = &sh->bucket[(h >> SHARD_BITS) & (sh->nbucket - 1)];
	while (*at != i)
		at = &(*at)->next;
	*at = i->next;
	sh->count--;
	slot->inode = NULL;
	slot->next_free = sh->free;
	sh->free = (uint32_t)(slot - sh->slot) + 1;
}

struct fuse_inode *node_get(struct fuse_server *s, uint64_t nodeid)
{
	struct fuse_shard *sh = shard_of(s, nodeid);
	struct fuse_inode *i = NULL;
	struct fuse_slot *slot;

	if (nodeid == FUSE_ROOT_ID) {
		atomic_fetch_add(&s->root->ref, 1);
		return s->root;
	}
	pthread_mutex_lock(&sh->lock);
	slot = slot_of_locked(sh, nodeid);
	if (slot) {
		i = slot->inode;
		atomic_fetch_add(&i->ref, 1);
	}
	pthread_mutex_unlock(&sh->lock);
	return i;
}

void node_put(struct fuse_server *s, struct fuse_inode *i)
{
	if (atomic_fetch_sub(&i->ref, 1) == 1)
		node_free(s, i);
}

/* The guest gives n lookups of a number back; more than it has is all. */
void node_forget(struct fuse_server *s, uint64_t nodeid, uint64_t n)
{
	struct fuse_shard *sh = shard_of(s, nodeid);
	struct fuse_inode *gone = NULL;
	struct fuse_slot *slot;

	pthread_mutex_lock(&sh->lock);
	slot = slot_of_locked(sh, nodeid);
	if (slot && slot->inode->nlookup > n) {
		slot->inode->nlookup -= n;
	} else if (slot) {
		gone = slot->inode;
		node_remove_locked(sh, gone);
	}
	pthread_mutex_unlock(&sh->lock);
	if (gone)
		node_put(s, gone);
}

/* The inode of this identity with one more lookup; made from *fd, which then
 * is -1, where the guest does not know it yet. */
static int node_intern(struct fuse_server *s, int *fd, const struct statx *st,
		       uint64_t *nodeid)
{
	uint64_t dev = makedev(st->stx_dev_major, st->stx_dev_minor);
	uint64_t mnt = st->stx_mask & STATX_MNT_ID ? st->stx_mnt_id : 0;
	uint64_t h = identity_hash(dev, st->stx_ino, mnt);
	struct fuse_shard *sh = &s->shard[h & (FUSE_SHARDS - 1)];
	struct fuse_inode *i = NULL;
	int err = 0;

	pthread_mutex_lock(&sh->lock);
	if (sh->nbucket)
		i = sh->bucket[(h >> SHARD_BITS) & (sh->nbucket - 1)];
	while (i && (i->ino != st->stx_ino || i->dev != dev || i->mnt != mnt))
		i = i->next;
	if (i) {
		i->nlookup++;
		*nodeid = i->nodeid;
		goto unlock;
	}
	err = -ENFILE;
	if (atomic_load(&s->ninodes) >= s->max_inodes)
		goto unlock;
	err = -ENOMEM;
	i = calloc(1, sizeof(*i));
	if (!i)
		goto unlock;
	*i = (struct fuse_inode){ .dev = dev,
				  .ino = st->stx_ino,
				  .mnt = mnt,
				  .nlookup = 1,
				  .ref = 1,
				  .fd = *fd,
				  .type = st->stx_mode & S_IFMT };
	err = node_insert_locked(sh, i, h);
	if (err) {
		free(i);
		goto unlock;
	}
	*fd = -1;
	*nodeid = i->nodeid;
	atomic_fetch_add(&s->ninodes, 1);
unlock:
	pthread_mutex_unlock(&sh->lock);
	return err;
}

void node_table_reset(struct fuse_server *s)
{
	for (unsigned k = 0; k < FUSE_SHARDS; k++) {
		struct fuse_shard *sh = &s->shard[k];

		for (size_t n = 0;; n++) {
			struct fuse_inode *i = NULL;

			pthread_mutex_lock(&sh->lock);
			if (n == sh->used) {
				pthread_mutex_unlock(&sh->lock);
				break;
			}
			i = sh->slot[n].inode;
			if (i)
				node_remove_locked(sh, i);
			pthread_mutex_unlock(&sh->lock);
			if (i)
				node_put(s, i);
		}
	}
}

int node_table_init(struct fuse_server *s, int root_fd)
{
	struct fuse_inode *i;
	struct statx st;

	if (statx(root_fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st))
		return -errno;
	if (!S_ISDIR(st.stx_mode))
		return -ENOTDIR;
	i = calloc(1, sizeof(*i));
	if (!i)
		return -ENOMEM;
	s->root_dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	*i = (struct fuse_inode){ .nodeid = FUSE_ROOT_ID,
				  .dev = s->root_dev,
				  .ino = st.stx_ino,
				  .ref = 1,
				  .fd = root_fd,
				  .type = S_IFDIR };
	s->root = i;
	atomic_store(&s->ninodes, 1);
	for (unsigned k = 0; k < FUSE_SHARDS; k++)
		pthread_mutex_init(&s->shard[k].lock, NULL);
	pthread_mutex_init(&s->dev_lock, NULL);
	return 0;
}

void node_table_fini(struct fuse_server *s)
{
	node_table_reset(s);
	for (unsigned k = 0; k < FUSE_SHARDS; k++) {
		free(s->shard[k].bucket);
		free(s->shard[k].slot);
		pthread_mutex_destroy(&s->shard[k].lock);
	}
	node_put(s, s->root);
	pthread_mutex_destroy(&s->dev_lock);
}

/* ---- attributes ---- */

/* Inode numbers of other file systems get the file system's ordinal in the
 * top byte, so that none is equal to another; past FUSE_MAX_DEVS they share
 * one ordinal. */
uint64_t node_number(struct fuse_server *s, uint64_t dev, uint64_t ino)
{
	unsigned k;

	if (dev == s->root_dev)
		return ino;
	pthread_mutex_lock(&s->dev_lock);
	for (k = 0; k < s->ndev && s->dev[k] != dev; k++)
		;
	if (k == s->ndev && s->ndev < FUSE_MAX_DEVS)
		s->dev[s->ndev++] = dev;
	pthread_mutex_unlock(&s->dev_lock);
	return ino ^ (uint64_t)(k + 1) << 56;
}

static uint32_t wire_dev(unsigned maj, unsigned min)
{
	return (min & 0xff) | (maj & 0xfff) << 8 | (min & ~0xffU) << 12;
}

static void attr_fill(struct fuse_server *s, const struct statx *st,
		      struct fuse_attr *a)
{
	uint64_t dev = makedev(st->stx_dev_major, st->stx_dev_minor);

	*a = (struct fuse_attr){
		.ino = node_number(s, dev, st->stx_ino),
		.size = st->stx_size,
		.blocks = st->stx_blocks,
		.atime = (uint64_t)st->stx_atime.tv_sec,
		.mtime = (uint64_t)st->stx_mtime.tv_sec,
		.ctime = (uint64_t)st->stx_ctime.tv_sec,
		.atimensec = st->stx_atime.tv_nsec,
		.mtimensec = st->stx_mtime.tv_nsec,
		.ctimensec = st->stx_ctime.tv_nsec,
		.mode = st->stx_mode,
		.nlink = st->stx_nlink,
		.uid = st->stx_uid,
		.gid = st->stx_gid,
		.rdev = wire_dev(st->stx_rdev_major, st->stx_rdev_minor),
		.blksize = st->stx_blksize,
	};
	dax_grown(s, dev, st->stx_ino, st->stx_size);
}

int node_attr(struct fuse_server *s, const struct fuse_inode *i,
	      struct fuse_attr *out)
{
	struct statx st;

	if (statx(i->fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st))
		return -errno;
	attr_fill(s, &st, out);
	return 0;
}

/* ---- names ---- */

/* openat2() with everything refused that could lead out of the directory. */
static int open_beneath(int dir, const char *name)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_SYMLINKS,
	};
	long fd;

	do {
		fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));
	} while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return fd < 0 ? -errno : (int)fd;
}

static void entry_fill(struct fuse_server *s, uint64_t nodeid,
		       const struct statx *st, struct fuse_entry_out *out)
{
	*out = (struct fuse_entry_out){
		.nodeid = nodeid,
		.generation = nodeid >> 32,
		.entry_valid = s->valid_sec,
		.entry_valid_nsec = s->valid_ns,
		.attr_valid = s->valid_sec,
		.attr_valid_nsec = s->valid_ns,
	};
	attr_fill(s, st, &out->attr);
}

int node_lookup(struct fuse_server *s, struct fuse_inode *dir, const char *name,
		struct fuse_entry_out *out)
{
	struct statx st;
	uint64_t nodeid;
	int fd, err;

	if (dir->type != S_IFDIR)
		return -ENOTDIR;
	fd = open_beneath(dir->fd, name);
	if (fd < 0)
		return fd;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID,
		  &st)) {
		err = -errno;
		goto close_fd;
	}
	err = node_intern(s, &fd, &st, &nodeid);
	if (err)
		goto close_fd;
	entry_fill(s, nodeid, &st, out);
close_fd:
	if (fd >= 0)
		close(fd);
	return err;
}

int node_again(struct fuse_server *s, const struct fuse_inode *i,
	       struct fuse_entry_out *out)
{
	struct fuse_shard *sh = shard_of(s, i->nodeid);
	struct fuse_slot *slot;
	struct statx st;

	if (statx(i->fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st))
		return -errno;
	pthread_mutex_lock(&sh->lock);
	slot = slot_of_locked(sh, i->nodeid);
	if (slot)
		slot->inode->nlookup++;
	pthread_mutex_unlock(&sh->lock);
	if (!slot)
		return -ESTALE;
	entry_fill(s, i->nodeid, &st, out);
	return 0;
}

int node_reopen(struct fuse_server *s, const struct fuse_inode *i, int flags)
{
	char name[16];
	int fd;

	if (i->type != S_IFREG && i->type != S_IFDIR)
		return -EINVAL;
	if (i->type == S_IFDIR && (flags & O_ACCMODE) != O_RDONLY)
		return -EISDIR;
	snprintf(name, sizeof(name), "%d", i->fd);
	do {
		fd = openat(s->proc_fd, name,
			    flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}
