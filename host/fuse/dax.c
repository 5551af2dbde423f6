/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dax.c: files mapped into the guest's DAX window (SETUPMAPPING and
 * REMOVEMAPPING; virtio 1.2, 5.11.4).
 *
 * The window is address space that the caller reserved without access; a
 * mapping shows a piece of one regular file in it, shared, with no more rights
 * than a descriptor opened for that mode has.  Mappings begin and end at
 * multiples of FUSE_DAX_GRANULE and never overlap: a new one needs free space,
 * or replaces one of the same place and length.  There is no moment at which a
 * place of the window belongs to nobody: what is put there was mapped elsewhere
 * first, so that a mapping that fails leaves the old one.
 *
 * What is behind the end of its file faults.  The guest may not know yet that
 * somebody cut the file off: KVM_RUN fails, or tries without end, and
 * fuse_server_repair() puts zero pages there.  They go when the server sees the file longer again.  And a
 * file of a union mount that is written for the first time becomes another
 * file: its mappings are made again (dax_written()).
 *
 * Nothing here, nor elsewhere in the server, reads or writes the window.
 *
 * Lock: dax.lock, held around opens and maps, outside shard.lock and io_set.lock.
 */
#include "host/fuse/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define GRANULE  FUSE_DAX_GRANULE
#define MAX_MAPS 8192 /* three areas of ours each: far below max_map_count */

struct dax_map {
	struct fuse_inode *i; /* NULL: unused; else a reference */
	uint64_t offset;      /* in the file */
	uint64_t valid;       /* bytes that show the file, zero pages behind */
	uint32_t first, n;    /* granules; unused: first is the next free + 1 */
	bool writable;
};
_Static_assert(MAX_MAPS <= UINT16_MAX, "owner[]");

struct fuse_dax {
	uint8_t *base;       /* [I] */
	uint64_t granules;   /* [I] */
	atomic_uint nmaps;   /* written under lock */
	atomic_uint ncut;    /* maps with valid < n * GRANULE */
	uint64_t repairs;    /* [lock] */
	uint32_t used;       /* [lock] of map[], from the start, ever */
	uint32_t free;       /* [lock] list of unused among these: index + 1 */
	struct dax_map *map; /* [lock] MAX_MAPS; NULL until one is needed */
	uint16_t *owner;     /* [lock] of a granule: index in map[] + 1 */
	pthread_mutex_t lock;
};

static uint64_t map_bytes(const struct dax_map *m)
{
	return (uint64_t)m->n * GRANULE;
}

static uint8_t *map_at(const struct fuse_dax *d, const struct dax_map *m)
{
	return d->base + (uint64_t)m->first * GRANULE;
}

static uint64_t page_align(uint64_t n)
{
	return (n + FUSE_PAGE - 1) & ~(FUSE_PAGE - 1ULL);
}

/* Maps fd (-1: zero pages) over [at, at + len). */
static int place(uint8_t *at, uint64_t len, bool writable, int fd,
		 uint64_t offset)
{
	int prot = PROT_READ | (writable ? PROT_WRITE : 0);
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	void *p =
		mmap(NULL, len, prot, flags | MAP_NORESERVE, fd, (off_t)offset);
	int err;

	if (p == MAP_FAILED)
		return -errno;
	if (mremap(p, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, at) ==
	    MAP_FAILED) {
		err = -errno;
		munmap(p, len);
		return err;
	}
	return 0;
}

/* Makes [at, at + len) inaccessible again.  There is no going on without: the
 * guest would see whatever is mapped there next. */
static void unplace(uint8_t *at, uint64_t len)
{
	void *p = mmap(at, len, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
		       -1, 0);

	ensure(p == at);
}

static void set_valid_locked(struct fuse_dax *d, struct dax_map *m,
			     uint64_t valid)
{
	bool was = m->valid < map_bytes(m), is = valid < map_bytes(m);

	m->valid = valid;
	if (is && !was)
		atomic_fetch_add(&d->ncut, 1);
	else if (was && !is)
		atomic_fetch_sub(&d->ncut, 1);
}

/* Bytes of m that a file of this size has, in whole pages. */
static uint64_t bytes_in(const struct dax_map *m, uint64_t size)
{
	uint64_t end = page_align(size);

	if (end <= m->offset)
		return 0;
	return end - m->offset < map_bytes(m) ? end - m->offset : map_bytes(m);
}

/* Shows the file as it is now; all of it, whatever its length. */
static int show_locked(struct fuse_server *s, struct dax_map *m)
{
	struct fuse_dax *d = s->dax;
	int fd = node_reopen(s, m->i, m->writable ? O_RDWR : O_RDONLY);
	int err;

	if (fd < 0)
		return fd;
	err = place(map_at(d, m), map_bytes(m), m->writable, fd, m->offset);
	close(fd);
	if (!err)
		set_valid_locked(d, m, map_bytes(m));
	return err;
}

/* Zero pages for what the file does not have; true where it lacked more than
 * was known. */
static bool cut_locked(struct fuse_server *s, struct dax_map *m)
{
	uint64_t valid;
	struct stat st;

	if (fstat(m->i->fd, &st))
		return false;
	valid = bytes_in(m, (uint64_t)st.st_size);
	if (valid >= m->valid || place(map_at(s->dax, m) + valid,
				       m->valid - valid, m->writable, -1, 0))
		return false;
	set_valid_locked(s->dax, m, valid);
	return true;
}

/* ---- the table ---- */

/* Made with the first mapping: many a VM has none. */
static int tables_locked(struct fuse_dax *d)
{
	if (d->map)
		return 0;
	/* In one piece, so large that calloc() has nothing to clear. */
	d->map = calloc(1, MAX_MAPS * sizeof(d->map[0]) +
				   d->granules * sizeof(d->owner[0]));
	if (!d->map)
		return -ENOMEM;
	d->owner = (uint16_t *)(d->map + MAX_MAPS);
	return 0;
}

/* There is a free one: MAX_MAPS are not in use. */
static struct dax_map *map_new_locked(struct fuse_dax *d)
{
	struct dax_map *m;

	if (!d->free)
		return &d->map[d->used++];
	m = &d->map[d->free - 1];
	d->free = m->first;
	return m;
}

/* The map at [first, first + n): *out, NULL where that is free space.  -EINVAL
 * where it cuts or joins maps. */
static int map_find_locked(struct fuse_dax *d, uint64_t first, uint64_t n,
			   struct dax_map **out)
{
	struct dax_map *m =
		d->owner[first] ? &d->map[d->owner[first] - 1] : NULL;

	*out = m;
	if (m)
		return m->first == first && m->n == n ? 0 : -EINVAL;
	for (uint64_t k = first; k < first + n; k++)
		if (d->owner[k])
			return -EINVAL;
	return 0;
}

static void map_drop_locked(struct fuse_server *s, struct dax_map *m)
{
	struct fuse_dax *d = s->dax;

	set_valid_locked(d, m, map_bytes(m));
	memset(&d->owner[m->first], 0, m->n * sizeof(d->owner[0]));
	node_put(s, m->i);
	m->i = NULL;
	m->first = d->free;
	d->free = (uint32_t)(m - d->map) + 1;
	atomic_fetch_sub(&d->nmaps, 1);
}

/* ---- requests ---- */

/* [at, at + len) of the window in granules; false: not in it, or askew. */
static bool granules_of(const struct fuse_dax *d, uint64_t at, uint64_t len,
			uint64_t *first, uint64_t *n)
{
	*first = at / GRANULE;
	*n = len / GRANULE;
	return at % GRANULE == 0 && len % GRANULE == 0 && *n &&
	       *first < d->granules && *n <= d->granules - *first;
}

static int check_setup(const struct fuse_server *s, const struct fuse_inode *i,
		       const struct fuse_setupmapping_in *in)
{
	if (i->type != S_IFREG)
		return i->type == S_IFDIR ? -EISDIR : -EINVAL;
	if (!in->flags ||
	    (in->flags & ~(FUSE_SETUPMAPPING_READ | FUSE_SETUPMAPPING_WRITE)))
		return -EINVAL;
	if ((in->flags & FUSE_SETUPMAPPING_WRITE) && s->readonly)
		return -EROFS;
	if (in->foffset % GRANULE || in->len > INT64_MAX ||
	    in->foffset > INT64_MAX - in->len)
		return -EINVAL;
	return 0;
}

static int setup_locked(struct fuse_server *s, struct fuse_inode *i,
			struct dax_map next)
{
	struct fuse_dax *d = s->dax;
	struct dax_map *m = NULL;
	bool again;
	int err = tables_locked(d);

	if (!err)
		err = map_find_locked(d, next.first, next.n, &m);
	if (!err && !m && !d->free && d->used == MAX_MAPS)
		err = -ENOSPC;
	next.i = i;
	if (!err)
		err = show_locked(s, &next);
	if (err)
		return err;
	atomic_fetch_add(&i->ref, 1);
	again = m;
	if (again) {
		set_valid_locked(d, m, map_bytes(m));
		node_put(s, m->i);
	} else {
		m = map_new_locked(d);
		atomic_fetch_add(&d->nmaps, 1);
	}
	*m = next;
	for (uint32_t k = 0; !again && k < m->n; k++)
		d->owner[m->first + k] = (uint16_t)(m - d->map + 1);
	return 0;
}

int op_setupmapping(struct fuse_server *s, struct fuse_req *r,
		    struct fuse_inode *i)
{
	struct fuse_setupmapping_in in;
	struct dax_map want;
	uint64_t first, n;
	int err;

	if (!s->dax)
		return -ENOSYS;
	err = req_get(r, &in, sizeof(in));
	if (!err)
		err = check_setup(s, i, &in);
	if (!err && !granules_of(s->dax, in.moffset, in.len, &first, &n))
		err = -EINVAL;
	if (err)
		return err;
	want = (struct dax_map){
		.offset = in.foffset,
		.valid = in.len,
		.first = (uint32_t)first,
		.n = (uint32_t)n,
		.writable = in.flags & FUSE_SETUPMAPPING_WRITE,
	};
	pthread_mutex_lock(&s->dax->lock);
	err = setup_locked(s, i, want);
	pthread_mutex_unlock(&s->dax->lock);
	if (!err && want.writable)
		dax_written(s, i);
	return err;
}

static int remove_locked(struct fuse_server *s, uint64_t first, uint64_t n)
{
	struct fuse_dax *d = s->dax;
	struct dax_map *m = NULL;
	int err = d->map ? map_find_locked(d, first, n, &m) : 0;

	if (err || !m)
		return err ? err : -EINVAL;
	unplace(map_at(d, m), map_bytes(m));
	map_drop_locked(s, m);
	return 0;
}

int op_removemapping(struct fuse_server *s, struct fuse_req *r,
		     struct fuse_inode *i)
{
	struct fuse_removemapping_in in;
	struct fuse_removemapping_one one;
	uint64_t first, n;
	int err;

	(void)i;
	if (!s->dax)
		return -ENOSYS;
	err = req_get(r, &in, sizeof(in));
	for (uint32_t k = 0; !err && k < in.count; k++) {
		err = req_get(r, &one, sizeof(one));
		if (!err &&
		    !granules_of(s->dax, one.moffset, one.len, &first, &n))
			err = -EINVAL;
		if (err)
			break;
		pthread_mutex_lock(&s->dax->lock);
		err = remove_locked(s, first, n);
		pthread_mutex_unlock(&s->dax->lock);
	}
	return err;
}

/* ---- files that change under their mappings ---- */

/* i has been opened for writing.  Where that is the first time, an overlay may
 * have copied it: what is mapped of it, under whatever number, is mapped anew. */
void dax_written(struct fuse_server *s, struct fuse_inode *i)
{
	struct fuse_dax *d = s->dax;

	if (!d || atomic_exchange(&i->written, true) || !atomic_load(&d->nmaps))
		return;
	pthread_mutex_lock(&d->lock);
	for (uint32_t k = 0; k < d->used; k++) {
		struct dax_map *m = &d->map[k];

		if (m->i &&
		    (m->i == i || (m->i->dev == i->dev && m->i->ino == i->ino)))
			(void)show_locked(s, m); /* else it stays as it is */
	}
	pthread_mutex_unlock(&d->lock);
}

/* The file (dev, ino) has this size: mappings whose end had been cut off show
 * it again. */
void dax_grown(struct fuse_server *s, uint64_t dev, uint64_t ino, uint64_t size)
{
	struct fuse_dax *d = s->dax;

	if (!d || !atomic_load(&d->ncut))
		return;
	pthread_mutex_lock(&d->lock);
	for (uint32_t k = 0; k < d->used; k++) {
		struct dax_map *m = &d->map[k];

		if (m->i && m->i->dev == dev && m->i->ino == ino &&
		    bytes_in(m, size) > m->valid)
			(void)show_locked(s, m);
	}
	pthread_mutex_unlock(&d->lock);
}

/* The same after a write to i. */
void dax_grown_by_write(struct fuse_server *s, const struct fuse_inode *i)
{
	struct stat st;

	if (s->dax && atomic_load(&s->dax->ncut) && !fstat(i->fd, &st))
		dax_grown(s, i->dev, i->ino, (uint64_t)st.st_size);
}

bool fuse_server_repair(struct fuse_server *s, uint64_t *seen, bool hard)
{
	struct fuse_dax *d = s->dax;
	bool found = false;

	if (!d || !atomic_load(&d->nmaps))
		return false;
	pthread_mutex_lock(&d->lock);
	for (uint32_t k = 0; k < d->used; k++) {
		struct dax_map *m = &d->map[k];

		if (!m->i)
			continue;
		if (hard && !show_locked(s, m))
			found = true;
		found |= cut_locked(s, m);
	}
	if (found)
		d->repairs++;
	found = d->repairs != *seen;
	*seen = d->repairs;
	pthread_mutex_unlock(&d->lock);
	return found;
}

/* ---- life ---- */

int fuse_server_set_window(struct fuse_server *s, void *base, uint64_t len)
{
	struct fuse_dax *d;

	ensure(len && len % GRANULE == 0 && !s->dax);
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->base = base;
	d->granules = len / GRANULE;
	pthread_mutex_init(&d->lock, NULL);
	s->dax = d;
	return 0;
}

void dax_reset(struct fuse_server *s)
{
	struct fuse_dax *d = s->dax;

	if (!d || !atomic_load(&d->nmaps))
		return;
	pthread_mutex_lock(&d->lock);
	unplace(d->base, d->granules * GRANULE);
	for (uint32_t k = d->used; k-- > 0;)
		if (d->map[k].i)
			map_drop_locked(s, &d->map[k]);
	pthread_mutex_unlock(&d->lock);
}

/* The window itself is the caller's, and may be gone. */
void dax_fini(struct fuse_server *s)
{
	struct fuse_dax *d = s->dax;

	if (!d)
		return;
	for (uint32_t k = d->used; k-- > 0;)
		if (d->map[k].i)
			map_drop_locked(s, &d->map[k]);
	pthread_mutex_destroy(&d->lock);
	free(d->map);
	free(d);
	s->dax = NULL;
}
