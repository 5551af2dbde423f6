/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iofd.c: descriptors for reading and writing, kept for a while.
 *
 * The guest opens nothing: READ and WRITE name an inode.  The descriptors
 * behind them are opened at first use and kept in a small set-associative
 * cache, so their number is bounded whatever the guest does.  One that is in
 * use is never closed; where a whole set is in use, the caller gets a
 * descriptor of its own for one request.
 */
#include "host/fuse/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static struct fuse_io_set *set_of(struct fuse_server *s, uint64_t nodeid)
{
	uint64_t h = nodeid * 0x9e3779b97f4a7c15ULL;

	return &s->io[h >> 59 & (FUSE_IO_SETS - 1)];
}

void io_init(struct fuse_server *s)
{
	for (unsigned k = 0; k < FUSE_IO_SETS; k++)
		pthread_mutex_init(&s->io[k].lock, NULL);
}

void io_fini(struct fuse_server *s)
{
	for (unsigned k = 0; k < FUSE_IO_SETS; k++) {
		for (unsigned w = 0; w < FUSE_IO_WAYS; w++) {
			if (s->io[k].way[w].nodeid)
				close(s->io[k].way[w].fd);
		}
		pthread_mutex_destroy(&s->io[k].lock);
	}
}

static struct fuse_io *find_locked(struct fuse_io_set *set, uint64_t nodeid,
				   bool writable)
{
	for (unsigned w = 0; w < FUSE_IO_WAYS; w++) {
		struct fuse_io *io = &set->way[w];

		if (io->nodeid == nodeid && !io->stale &&
		    (io->writable || !writable))
			return io;
	}
	return NULL;
}

/* A free way, or the idle one that was used longest ago: its descriptor goes
 * to *victim for the caller to close.  NULL: all are in use. */
static struct fuse_io *evict_locked(struct fuse_io_set *set, int *victim)
{
	struct fuse_io *best = NULL;

	for (unsigned w = 0; w < FUSE_IO_WAYS; w++) {
		struct fuse_io *io = &set->way[w];

		if (!io->nodeid)
			return io;
		if (!io->users && (!best || set->clock - io->stamp >
						    set->clock - best->stamp))
			best = io;
	}
	if (best)
		*victim = best->fd;
	return best;
}

/* writable: O_RDWR, and the caller has checked that the server may write. */
int io_get(struct fuse_server *s, struct fuse_inode *i, bool writable,
	   struct fuse_iofd *out)
{
	struct fuse_io_set *set = set_of(s, i->nodeid);
	struct fuse_io *io;
	int fd, victim = -1;

	pthread_mutex_lock(&set->lock);
	io = find_locked(set, i->nodeid, writable);
	if (io) {
		io->users++;
		io->stamp = ++set->clock;
		*out = (struct fuse_iofd){ io->fd, io, set };
	}
	pthread_mutex_unlock(&set->lock);
	if (io)
		return 0;
	fd = node_reopen(s, i, writable ? O_RDWR : O_RDONLY);
	if (fd < 0)
		return fd;
	if (writable)
		dax_written(s, i);
	*out = (struct fuse_iofd){ .fd = fd };
	pthread_mutex_lock(&set->lock);
	io = evict_locked(set, &victim);
	if (io) {
		*io = (struct fuse_io){ .nodeid = i->nodeid,
					.fd = fd,
					.users = 1,
					.stamp = ++set->clock,
					.writable = writable };
		out->way = io;
		out->set = set;
	}
	pthread_mutex_unlock(&set->lock);
	if (victim >= 0)
		close(victim);
	return 0;
}

void io_put(struct fuse_iofd *out)
{
	int fd = -1;

	if (!out->way) {
		close(out->fd);
		return;
	}
	pthread_mutex_lock(&out->set->lock);
	if (!--out->way->users && out->way->stale) {
		fd = out->way->fd;
		out->way->nodeid = 0;
	}
	pthread_mutex_unlock(&out->set->lock);
	if (fd >= 0)
		close(fd);
}

/* The number is gone, and so is every request that used it (they hold a
 * reference); stale covers those that are about to give theirs back. */
void io_forget(struct fuse_server *s, uint64_t nodeid)
{
	struct fuse_io_set *set = set_of(s, nodeid);
	int fd[FUSE_IO_WAYS];
	unsigned n = 0;

	pthread_mutex_lock(&set->lock);
	for (unsigned w = 0; w < FUSE_IO_WAYS; w++) {
		struct fuse_io *io = &set->way[w];

		if (io->nodeid != nodeid)
			continue;
		io->stale = true;
		if (!io->users) {
			fd[n++] = io->fd;
			io->nodeid = 0;
		}
	}
	pthread_mutex_unlock(&set->lock);
	while (n)
		close(fd[--n]);
}
