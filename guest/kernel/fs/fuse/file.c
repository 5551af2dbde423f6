/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.c: what files contain: the page cache over READ and WRITE.
 *
 * Nothing is opened on the host: READ and WRITE name the inode.  Reads go
 * through the page cache, which reads ahead; the pages' own memory is what
 * the device fills.  Writes go through it as well, and on to the host before
 * write(2) returns, so that the host (a log on a shared volume) sees them; of
 * a shared mapping the dirty pages follow at close, fsync, sync, or the end.
 * Files in the DAX window (dax.c) have nothing to follow: they are the host's
 * pages, and a write goes past the cache.
 */
#include "guest/kernel/fs/fuse/client.h"

/* Pages through which write(2) goes past the cache. */
#define MAX_DIRECT (FUSE_MAX_SEGS / 2)
#define WRITE_STEP (1UL << 20) /* dirty at once by one write(2) */

static void page_mark(struct page *p)
{
	__atomic_fetch_or(&p->flags, PG_UPTODATE, __ATOMIC_RELEASE);
}

/* Zeroes all but the first `got` bytes of n pages, and marks them. */
static void finish_read(struct page **pages, unsigned n, size_t got)
{
	for (unsigned k = 0; k < n; k++) {
		size_t have = got < PAGE_SIZE ? got : PAGE_SIZE;

		if (have < PAGE_SIZE)
			memset((uint8_t *)page_virt(pages[k]) + have, 0,
			       PAGE_SIZE - have);
		page_mark(pages[k]);
		got -= have;
	}
}

static int read_chunk(struct inode *i, uint64_t index, struct page **pages,
		      unsigned n)
{
	struct fuse_read_in in = {
		.offset = index << PAGE_SHIFT,
		.size = (uint32_t)(n << PAGE_SHIFT),
	};
	struct fuse_call c = {
		.opcode = FUSE_READ,
		.nodeid = fuse_nodeid(i),
		.in = { { &in, sizeof(in) } },
		.pages = pages,
		.page_bytes = in.size,
	};
	ssize_t got = fuse_call(fuse_conn(i), &c);

	if (got < 0)
		return (int)got;
	current->io.read_bytes += (uint64_t)got;
	finish_read(pages, n, (size_t)got);
	return 0;
}

static int fuse_read_pages(struct inode *i, uint64_t index, struct page **pages,
			   unsigned n)
{
	uint64_t size = __atomic_load_n(&i->size, __ATOMIC_ACQUIRE);
	unsigned max = fuse_conn(i)->max_read, now;
	uint64_t have = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
	int r;

	while (n && index < have) {
		now = n < max ? n : max;
		if (now > have - index)
			now = (unsigned)(have - index);
		r = read_chunk(i, index, pages, now);
		if (r)
			return r;
		index += now;
		pages += now;
		n -= now;
	}
	finish_read(pages, n, 0); /* behind the end: no need to ask */
	return 0;
}

/* One WRITE of bytes from off on, which lies in pages[0]: how many the host
 * took. */
static ssize_t write_chunk(struct inode *i, uint64_t off, struct page **pages,
			   uint32_t bytes)
{
	struct fuse_write_in in = { .offset = off, .size = bytes };
	struct fuse_write_out out;
	struct fuse_call c = {
		.opcode = FUSE_WRITE,
		.nodeid = fuse_nodeid(i),
		.in = { { &in, sizeof(in) } },
		.out = &out,
		.out_len = sizeof(out),
		.pages = pages,
		.page_off = (uint32_t)(off % PAGE_SIZE),
		.page_bytes = bytes,
		.data_out = true,
	};
	ssize_t r = fuse_call(fuse_conn(i), &c);

	if (r < 0)
		return r;
	current->io.write_bytes += out.size;
	return out.size > bytes ? -EIO : (ssize_t)out.size;
}

/* Narrows [*off, *end) to what write(2) is writing just now, where only that
 * can have made these pages dirty: what others write to the same page of a
 * shared file is not ours to overwrite. */
static void clip_to_writer(struct inode *i, uint64_t *off, uint64_t *end)
{
	struct fuse_node *n = fuse_node(i);
	uint64_t from = __atomic_load_n(&n->clip_from, __ATOMIC_RELAXED);
	uint64_t to = __atomic_load_n(&n->clip_to, __ATOMIC_RELAXED);

	if (!LIST_EMPTY(&i->cache.mappings) || page_down(from) > *off ||
	    page_up(to) < *end)
		return;
	*off = max(*off, from);
	*end = min(*end, to);
}

static int fuse_write_pages(struct inode *i, uint64_t index,
			    struct page **pages, unsigned n)
{
	uint64_t size = __atomic_load_n(&i->size, __ATOMIC_ACQUIRE);
	uint64_t off = index << PAGE_SHIFT, at;
	uint64_t end = off + ((uint64_t)n << PAGE_SHIFT);
	unsigned max_pages = fuse_conn(i)->max_write;
	ssize_t r;

	clip_to_writer(i, &off, &end);
	end = min(end, size); /* cut off meanwhile, perhaps */
	while (off < end) {
		at = off - (index << PAGE_SHIFT);
		r = write_chunk(
			i, off, pages + (at >> PAGE_SHIFT),
			(uint32_t)min(end - off,
				      ((uint64_t)max_pages << PAGE_SHIFT) -
					      at % PAGE_SIZE));
		if (r < 0)
			return (int)r;
		if (!r)
			return -ENOSPC;
		off += (uint64_t)r;
	}
	fuse_changed(i);
	return 0;
}

const struct pagecache_ops fuse_page_ops = {
	.read = fuse_read_pages,
	.map = fuse_window_map,
	.write = fuse_write_pages,
};

/* ---- read(2), write(2) ---- */

static ssize_t fuse_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct inode *i = f->inode;
	ssize_t n = u->nowait ? 0 : fuse_check_data(i);
	uint64_t size = __atomic_load_n(&i->size, __ATOMIC_ACQUIRE);

	if (n)
		return n;
	n = u->nowait ? pagecache_read_nowait(&i->cache, u, *pos, size)
		      : pagecache_read(&i->cache, u, *pos, size);
	if (n > 0)
		*pos += (uint64_t)n;
	return n;
}

static void size_at_least(struct inode *i, uint64_t size)
{
	if (size > i->size)
		__atomic_store_n(&i->size, size, __ATOMIC_RELEASE);
}

/* Into the cache, then the new size, then to the host: WRITE_STEP at most. */
static ssize_t write_cached(struct inode *i, struct uio *u, uint64_t pos)
{
	size_t later = u->left - min(u->left, WRITE_STEP);
	uint64_t old = i->size;
	ssize_t n;
	int r;

	u->left -= later;
	n = pagecache_write(&i->cache, u, pos);
	u->left += later;
	if (n <= 0)
		return n;
	size_at_least(i, pos + (uint64_t)n);
	r = pagecache_sync(&i->cache, pos, pos + (uint64_t)n);
	if (!r)
		return n;
	pagecache_truncate(&i->cache, old);
	__atomic_store_n(&i->size, old, __ATOMIC_RELEASE);
	return r;
}

/* Copies from u into pages, from off in the first one on. */
static ssize_t fetch(struct uio *u, struct page **pages, size_t off, size_t n)
{
	size_t done = 0;

	while (done < n) {
		size_t at = (off + done) % PAGE_SIZE;
		size_t len = min(PAGE_SIZE - at, n - done);
		struct page *p = pages[(off + done) / PAGE_SIZE];
		ssize_t got = uio_get(u, (char *)page_virt(p) + at, len);

		if (got < 0 && !done)
			return got;
		if (got > 0)
			done += (size_t)got;
		if (got < (ssize_t)len)
			break;
	}
	return (ssize_t)done;
}

/* Through n pages of ours to the host, which shows it in the window. */
static ssize_t write_by(struct inode *i, struct uio *u, uint64_t pos,
			struct page **pages, unsigned n)
{
	ssize_t done = 0, r = 0;

	while (u->left) {
		size_t off = pos % PAGE_SIZE;
		size_t want = min(u->left, n * PAGE_SIZE - off);
		ssize_t got = r = fetch(u, pages, off, want);

		if (r > 0)
			r = write_chunk(i, pos, pages, (uint32_t)r);
		if (r <= 0)
			break;
		pagecache_update(&i->cache, pages, pos, (size_t)r);
		done += r;
		pos += (uint64_t)r;
		size_at_least(i, pos);
		if (r < got) /* the host took less than we did: the end */
			u->left = 0;
		if (got < (ssize_t)want)
			break;
	}
	return done ? done : r;
}

static ssize_t write_direct(struct inode *i, struct uio *u, uint64_t pos)
{
	struct page *pages[MAX_DIRECT];
	size_t span = pos % PAGE_SIZE + u->left;
	unsigned want = min(fuse_conn(i)->max_write, MAX_DIRECT + 0U), n = 0;
	ssize_t r = -ENOMEM;

	while (n < want && n * PAGE_SIZE < span) {
		pages[n] = page_alloc(0, PAGE_ANY);
		if (!pages[n])
			break;
		n++;
	}
	if (n)
		r = write_by(i, u, pos, pages, n);
	while (n)
		page_put(pages[--n]);
	return r;
}

static ssize_t write_through(struct inode *i, struct uio *u, uint64_t pos)
{
	ssize_t n, done = 0;

	fuse_write_begin(i, pos, pos + u->left);
	do {
		uint64_t end = max(i->size, pos + u->left);

		n = fuse_windowed(i, end) ? -EAGAIN : write_cached(i, u, pos);
		if (n == -EAGAIN)
			n = write_direct(i, u, pos);
		if (n > 0) {
			done += n;
			pos += (uint64_t)n;
		}
	} while (n > 0 && u->left);
	fuse_write_end(i);
	if (n < 0)
		fuse_refresh(i); /* how far it came is the host's to say */
	return done ? done : n;
}

static ssize_t fuse_write(struct file *f, struct uio *u, uint64_t *pos)
{
	struct inode *i = f->inode;
	ssize_t n = 0;

	if (u->nowait) /* the host is always asked */
		return -EOPNOTSUPP;
	if (!u->left)
		return 0;
	mutex_lock(&i->lock);
	if ((f->flags & O_APPEND) || u->append) {
		n = fuse_check_data(i);
		*pos = i->size;
	}
	if (!n && (*pos > INT64_MAX || u->left > INT64_MAX - *pos))
		n = -EFBIG;
	if (!n)
		n = write_through(i, u, *pos);
	mutex_unlock(&i->lock);
	if (n > 0)
		*pos += (uint64_t)n;
	return n;
}

/* At close(2): dirty pages of shared mappings. */
static int fuse_flush(struct file *f)
{
	struct inode *i = f->inode;

	if (!file_writable(f) || !i->cache.ndirty)
		return 0;
	return pagecache_sync(&i->cache, 0, UINT64_MAX);
}

static int fuse_fsync(struct file *f, bool datasync)
{
	struct inode *i = f->inode;
	struct fuse_fsync_in in = {
		.fsync_flags = datasync ? FUSE_FSYNC_FDATASYNC : 0
	};
	struct fuse_call c = {
		.opcode = FUSE_FSYNC,
		.nodeid = fuse_nodeid(i),
		.in = { { &in, sizeof(in) } },
	};
	int r = i->cache.ndirty ? pagecache_sync(&i->cache, 0, UINT64_MAX) : 0;

	if (fuse_node(i)->stores) /* their time is the host's to say */
		fuse_changed(i);
	return r ? r : (int)fuse_call(fuse_conn(i), &c);
}

#define FALLOC_KEEP_SIZE  1
#define FALLOC_PUNCH_HOLE 2
#define FALLOC_ZERO_RANGE 16

static int fuse_fallocate(struct file *f, int mode, uint64_t off, uint64_t len)
{
	struct inode *i = f->inode;
	struct fuse_fallocate_in in = { .offset = off,
					.length = len,
					.mode = (uint32_t)mode };
	struct fuse_call c = {
		.opcode = FUSE_FALLOCATE,
		.nodeid = fuse_nodeid(i),
		.in = { { &in, sizeof(in) } },
	};
	ssize_t r;

	if (mode & ~(FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE))
		return -EOPNOTSUPP; /* the others move pages about */
	mutex_lock(&i->lock);
	r = pagecache_sync(&i->cache, 0, UINT64_MAX);
	if (!r)
		r = fuse_call(fuse_conn(i), &c);
	fuse_changed(i);
	if (!r && (mode & (FALLOC_PUNCH_HOLE | FALLOC_ZERO_RANGE)))
		pagecache_punch(&i->cache, off, off + len);
	if (!r)
		r = fuse_getattr(i);
	mutex_unlock(&i->lock);
	return (int)r;
}

static int fuse_get_page(struct file *f, uint64_t index, struct page **out)
{
	int r = fuse_check_data(f->inode);

	return r ? r : pagecache_get(&f->inode->cache, index, false, out);
}

/* The host knows; what only a mapping has made dirty is told first. */
static int64_t fuse_seek_hole(struct file *f, uint64_t off, bool data)
{
	struct inode *i = f->inode;
	struct fuse_lseek_in in = { .offset = off,
				    .whence = data ? SEEK_DATA : SEEK_HOLE };
	struct fuse_lseek_out out;
	struct fuse_call c = {
		.opcode = FUSE_LSEEK,
		.nodeid = fuse_nodeid(i),
		.in = { { &in, sizeof(in) } },
		.out = &out,
		.out_len = sizeof(out),
	};
	ssize_t r =
		i->cache.ndirty ? pagecache_sync(&i->cache, 0, UINT64_MAX) : 0;

	if (r < 0)
		return r;
	r = fuse_call(fuse_conn(i), &c);
	if (r < 0)
		return r;
	return out.offset < off || out.offset > INT64_MAX ? -EIO
							  : (int64_t)out.offset;
}

const struct inode_ops fuse_file_iops = {
	.replaced = fuse_replaced,
	.refresh = fuse_refresh,
	.setattr = fuse_setattr,
	.getxattr = fuse_getxattr,
	.setxattr = fuse_setxattr,
	.listxattr = fuse_listxattr,
	.removexattr = fuse_removexattr,
};

const struct file_ops fuse_file_fops = {
	.read = fuse_read,
	.write = fuse_write,
	.fsync = fuse_fsync,
	.flush = fuse_flush,
	.fallocate = fuse_fallocate,
	.get_page = fuse_get_page,
	.seek_hole = fuse_seek_hole,
	.nowait = true,
};
