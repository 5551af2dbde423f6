/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ops_dir.c: reading directories, the only thing that has handles.
 *
 * A handle keeps its own descriptor and the entries that were read from the
 * host but did not fit into the last reply, so that the host's position moves
 * on and on: overlayfs and tmpfs skip entries where one seeks after a removal.
 * A request for any other place than the next one does seek.
 *
 * fh is generation:32 slot + 1:32, and belongs to the inode that it was opened
 * for.  A handle's lock is held while its entries are looked up.
 */
#include "host/fuse/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIR_BUF 8192

struct fuse_dir {
	pthread_mutex_t lock;
	atomic_uint ref; /* 1 while in the table, 1 for each user */
	uint64_t nodeid; /* [I] */
	uint64_t fh;     /* [I] */
	int fd;          /* [I] */
	uint64_t next;   /* [lock] place of buf[at], or of the next read */
	size_t at, len;  /* [lock] unread part of buf */
	char buf[DIR_BUF] __attribute__((aligned(8)));
};

static void dir_put(struct fuse_dir *d)
{
	if (atomic_fetch_sub(&d->ref, 1) != 1)
		return;
	close(d->fd);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static struct fuse_dir *dir_find(struct fuse_server *s, uint64_t fh,
				 uint64_t nodeid, bool take)
{
	uint64_t k = (fh & UINT32_MAX) - 1;
	struct fuse_dir *d = NULL;

	if (k >= FUSE_MAX_DIRS)
		return NULL;
	pthread_mutex_lock(&s->dir_lock);
	if (s->dir[k] && s->dir[k]->fh == fh && s->dir[k]->nodeid == nodeid) {
		d = s->dir[k];
		if (take)
			s->dir[k] = NULL;
		else
			atomic_fetch_add(&d->ref, 1);
	}
	pthread_mutex_unlock(&s->dir_lock);
	return d;
}

static int dir_insert(struct fuse_server *s, struct fuse_dir *d)
{
	unsigned k;

	pthread_mutex_lock(&s->dir_lock);
	for (k = 0; k < FUSE_MAX_DIRS && s->dir[k]; k++)
		;
	if (k < FUSE_MAX_DIRS) {
		d->fh = (uint64_t)++s->dir_gen[k] << 32 | (k + 1);
		s->dir[k] = d;
	}
	pthread_mutex_unlock(&s->dir_lock);
	return k < FUSE_MAX_DIRS ? 0 : -ENFILE;
}

void dirs_reset(struct fuse_server *s)
{
	for (unsigned k = 0; k < FUSE_MAX_DIRS; k++) {
		struct fuse_dir *d;

		pthread_mutex_lock(&s->dir_lock);
		d = s->dir[k];
		s->dir[k] = NULL;
		pthread_mutex_unlock(&s->dir_lock);
		if (d)
			dir_put(d);
	}
}

int op_opendir(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	struct fuse_open_out out = { 0 };
	struct fuse_open_in in;
	struct fuse_dir *d;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (err)
		return err;
	if (i->type != S_IFDIR)
		return -ENOTDIR;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->fd = node_reopen(s, i, O_RDONLY | O_DIRECTORY);
	if (d->fd < 0) {
		err = d->fd;
		free(d);
		return err;
	}
	pthread_mutex_init(&d->lock, NULL);
	d->ref = 1;
	d->nodeid = i->nodeid;
	err = dir_insert(s, d);
	if (err) {
		dir_put(d);
		return err;
	}
	out.fh = d->fh;
	err = req_put(r, &out, sizeof(out));
	if (err && dir_find(s, out.fh, i->nodeid, true))
		dir_put(d);
	return err;
}

/* The entry at the handle's place, NULL at the end. */
static int dir_peek_locked(struct fuse_dir *d, struct dirent64 **out)
{
	ssize_t n;

	*out = NULL;
	if (d->at == d->len) {
		n = getdents64(d->fd, d->buf, sizeof(d->buf));
		if (n < 0)
			return -errno;
		d->at = 0;
		d->len = (size_t)n;
		if (!n)
			return 0;
	}
	*out = (struct dirent64 *)(void *)(d->buf + d->at);
	return 0;
}

static int dir_seek_locked(struct fuse_dir *d, uint64_t off)
{
	if (off == d->next)
		return 0;
	if (off > INT64_MAX)
		return -EINVAL;
	d->at = d->len = 0;
	if (lseek(d->fd, (off_t)off, SEEK_SET) < 0)
		return -errno;
	d->next = off;
	return 0;
}

/* Writes one record; -ENOSPC where it does not fit into `room` bytes. */
static int put_record(struct fuse_server *s, struct fuse_req *r,
		      struct fuse_inode *i, const struct dirent64 *de,
		      bool plus, size_t room)
{
	static const char zeroes[8];
	size_t len = strlen(de->d_name), head, size;
	bool dots = !strcmp(de->d_name, ".") || !strcmp(de->d_name, "..");
	struct fuse_direntplus rec;
	int err;

	head = plus ? FUSE_DIRENTPLUS_NAME : FUSE_DIRENT_NAME;
	size = FUSE_ALIGN8(head + len);
	if (size > room)
		return -ENOSPC;
	memset(&rec, 0, sizeof(rec));
	rec.dirent.ino = node_number(s, i->dev, de->d_ino);
	rec.dirent.off = (uint64_t)de->d_off;
	rec.dirent.namelen = (uint32_t)len;
	rec.dirent.type = de->d_type;
	if (plus && !dots) {
		/* Gone meanwhile, or no more inodes: the name alone. */
		if (node_lookup(s, i, de->d_name, &rec.entry))
			memset(&rec.entry, 0, sizeof(rec.entry));
		else
			rec.dirent.ino = rec.entry.attr.ino;
	}
	err = plus ? req_put(r, &rec.entry, sizeof(rec.entry)) : 0;
	if (!err)
		err = req_put(r, &rec.dirent, FUSE_DIRENT_NAME);
	if (!err)
		err = req_put(r, de->d_name, len);
	if (!err)
		err = req_put(r, zeroes, size - head - len);
	return err;
}

static int fill_locked(struct fuse_server *s, struct fuse_req *r,
		       struct fuse_inode *i, struct fuse_dir *d, size_t room,
		       bool plus)
{
	struct dirent64 *de;
	int err;

	for (;;) {
		err = dir_peek_locked(d, &de);
		if (err || !de)
			break;
		err = put_record(s, r, i, de, plus, room - r->put);
		if (err)
			break;
		d->at += de->d_reclen;
		d->next = (uint64_t)de->d_off;
	}
	if (err == -ENOSPC)
		err = r->put ? 0 : -EINVAL;
	return r->put ? 0 : err;
}

static int readdir_any(struct fuse_server *s, struct fuse_req *r,
		       struct fuse_inode *i, bool plus)
{
	struct fuse_read_in in;
	struct fuse_dir *d;
	size_t room;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (err)
		return err;
	d = dir_find(s, in.fh, r->h.nodeid, false);
	if (!d)
		return -EBADF;
	room = in.size < r->out.left ? in.size : r->out.left;
	pthread_mutex_lock(&d->lock);
	err = dir_seek_locked(d, in.offset);
	if (!err)
		err = fill_locked(s, r, i, d, room, plus);
	pthread_mutex_unlock(&d->lock);
	dir_put(d);
	return err;
}

int op_readdir(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i)
{
	return readdir_any(s, r, i, false);
}

int op_readdirplus(struct fuse_server *s, struct fuse_req *r,
		   struct fuse_inode *i)
{
	return readdir_any(s, r, i, true);
}

int op_releasedir(struct fuse_server *s, struct fuse_req *r,
		  struct fuse_inode *i)
{
	struct fuse_release_in in;
	struct fuse_dir *d;
	int err;

	err = req_get(r, &in, sizeof(in));
	if (err)
		return err;
	d = dir_find(s, in.fh, i->nodeid, true);
	if (!d)
		return -EBADF;
	dir_put(d);
	return 0;
}
