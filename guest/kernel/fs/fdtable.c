/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fdtable.c: descriptors.
 *
 * A table is an array of files and two bitmaps (used, close-on-exec) under a
 * spinlock; it doubles when full, up to RLIMIT_NOFILE.  The three arrays are
 * replaced together, so whoever holds the lock sees them match.  Files are
 * closed with the lock released.
 *
 * A descriptor that open(2) has reserved but not filled does not exist here:
 * the number is given when the file is ready.
 */
#include <string.h>

#include "kuni/vfs.h"

#define FD_MIN 64
#define FD_MAX (1U << 20)

static size_t words(unsigned size)
{
	return size / 64;
}

struct arrays {
	struct file **file;
	uint64_t *cloexec, *used;
};

static void arrays_free(struct arrays *a)
{
	kfree(a->file);
	kfree(a->cloexec);
	kfree(a->used);
}

static int arrays_alloc(struct arrays *a, unsigned size)
{
	a->file = kmalloc(size * sizeof(*a->file));
	a->cloexec = kmalloc(words(size) * 8);
	a->used = kmalloc(words(size) * 8);
	if (a->file && a->cloexec && a->used)
		return 0;
	arrays_free(a);
	return -ENOMEM;
}

static int table_alloc(unsigned size, struct fdtable **out)
{
	struct fdtable *t = kmalloc(sizeof(*t));
	struct arrays a;

	if (!t)
		return -ENOMEM;
	if (arrays_alloc(&a, size)) {
		kfree(t);
		return -ENOMEM;
	}
	t->ref = 1;
	spin_init(&t->lock, RANK_FDTABLE);
	t->file = a.file;
	t->cloexec = a.cloexec;
	t->used = a.used;
	t->size = size;
	*out = t;
	return 0;
}

int fdtable_create(struct fdtable **out)
{
	return table_alloc(FD_MIN, out);
}

static bool test(const uint64_t *map, unsigned n)
{
	return map[n / 64] >> (n % 64) & 1;
}

static void put_bit(uint64_t *map, unsigned n, bool on)
{
	if (on)
		map[n / 64] |= 1ULL << (n % 64);
	else
		map[n / 64] &= ~(1ULL << (n % 64));
}

/* A copy of from, which others may change meanwhile. */
int fdtable_fork(struct fdtable *from, struct fdtable **out)
{
	unsigned size;
	int r;

again:
	size = __atomic_load_n(&from->size, __ATOMIC_RELAXED);
	r = table_alloc(size, out);
	if (r)
		return r;
	spin_lock(&from->lock);
	if (from->size != size) {
		spin_unlock(&from->lock);
		fdtable_put(*out);
		goto again;
	}
	memcpy((*out)->file, from->file, size * sizeof(*from->file));
	memcpy((*out)->cloexec, from->cloexec, words(size) * 8);
	memcpy((*out)->used, from->used, words(size) * 8);
	for (unsigned n = 0; n < size; n++)
		if (from->file[n])
			file_get(from->file[n]);
	spin_unlock(&from->lock);
	return 0;
}

/* What each close(2) does, besides dropping the reference. */
static int close_file(struct fdtable *t, struct file *f)
{
	int r = 0;

	if (!(f->flags & O_PATH)) {
		if (f->ops->flush)
			r = f->ops->flush(f);
		posix_locks_close(f, t);
		if (f->async)
			dnotify_close(f, t);
	}
	file_put(f);
	return r;
}

void fdtable_put(struct fdtable *t)
{
	struct arrays a;

	if (!t || __atomic_sub_fetch(&t->ref, 1, __ATOMIC_ACQ_REL))
		return;
	for (unsigned n = 0; n < t->size; n++)
		if (t->file[n])
			(void)close_file(t, t->file[n]);
	a = (struct arrays){ t->file, t->cloexec, t->used };
	arrays_free(&a);
	kfree(t);
}

/* Takes n out of t, which is locked; NULL where it was free. */
static struct file *take_locked(struct fdtable *t, unsigned n)
{
	struct file *f = n < t->size ? t->file[n] : NULL;

	if (f) {
		t->file[n] = NULL;
		put_bit(t->used, n, false);
		put_bit(t->cloexec, n, false);
	}
	return f;
}

/* *n goes on to the next bit that is set, below end. */
static bool next_set(const uint64_t *map, unsigned *n, unsigned end)
{
	while (*n < end) {
		uint64_t rest = map[*n / 64] >> (*n % 64);

		if (rest) {
			*n += (unsigned)__builtin_ctzll(rest);
			return *n < end;
		}
		*n = (*n / 64 + 1) * 64;
	}
	return false;
}

static void close_some(struct fdtable *t, unsigned first, unsigned last,
		       bool only_cloexec)
{
	for (unsigned n = first;; n++) {
		struct file *f = NULL;
		bool found;

		spin_lock(&t->lock);
		found = next_set(only_cloexec ? t->cloexec : t->used, &n,
				 last < t->size ? last + 1 : t->size);
		if (found)
			f = take_locked(t, n);
		spin_unlock(&t->lock);
		if (!found)
			return;
		if (f)
			(void)close_file(t, f);
	}
}

/* At exec: closes what is marked. */
void fdtable_exec(struct fdtable *t)
{
	close_some(t, 0, UINT32_MAX, true);
}

/* close_range(2) on current's table; or marks the range close-on-exec. */
void fd_close_range(unsigned first, unsigned last, bool only_mark)
{
	struct fdtable *t = current->files;

	if (!only_mark) {
		close_some(t, first, last, false);
		return;
	}
	spin_lock(&t->lock);
	for (unsigned n = first; n <= last && n < t->size; n++)
		if (t->file[n])
			put_bit(t->cloexec, n, true);
	spin_unlock(&t->lock);
}

struct file *fd_get(int fd)
{
	struct fdtable *t = current->files;
	struct file *f = NULL;

	if (!t || fd < 0)
		return NULL;
	spin_lock(&t->lock);
	if ((unsigned)fd < t->size)
		f = t->file[fd];
	if (f)
		file_get(f);
	spin_unlock(&t->lock);
	return f;
}

struct file *fd_get_io(int fd)
{
	struct file *f = fd_get(fd);

	if (f && (f->flags & O_PATH)) {
		file_put(f);
		return NULL;
	}
	return f;
}

static unsigned limit(void)
{
	uint64_t n = current->proc ? rlimit_get(RLIMIT_NOFILE) : FD_MAX;

	return n < FD_MAX ? (unsigned)n : FD_MAX;
}

/* Room for number n; the lock is released and taken meanwhile. */
static int grow_locked(struct fdtable *t, unsigned n)
{
	while (n >= t->size) {
		unsigned old = t->size, size = old;
		struct arrays a, drop;

		while (size <= n)
			size *= 2;
		spin_unlock(&t->lock);
		if (arrays_alloc(&a, size)) {
			spin_lock(&t->lock);
			return -ENOMEM;
		}
		spin_lock(&t->lock);
		drop = a;
		if (t->size == old) {
			memcpy(a.file, t->file, old * sizeof(*a.file));
			memcpy(a.cloexec, t->cloexec, words(old) * 8);
			memcpy(a.used, t->used, words(old) * 8);
			drop = (struct arrays){ t->file, t->cloexec, t->used };
			t->file = a.file;
			t->cloexec = a.cloexec;
			t->used = a.used;
			t->size = size;
		}
		arrays_free(&drop);
	}
	return 0;
}

/* The lowest free number from on; may be the table's size. */
static unsigned lowest_free(const struct fdtable *t, unsigned from)
{
	for (unsigned w = from / 64; w < words(t->size); w++) {
		uint64_t full = t->used[w];

		if (w == from / 64)
			full |= (1ULL << (from % 64)) - 1;
		if (~full)
			return w * 64 + (unsigned)__builtin_ctzll(~full);
	}
	return max(t->size, from);
}

static int install_locked(struct fdtable *t, struct file *f, unsigned from,
			  bool cloexec)
{
	unsigned n;

	for (;;) {
		n = lowest_free(t, from);
		if (n >= limit())
			return -EMFILE;
		if (n < t->size)
			break;
		if (grow_locked(t, n))
			return -ENOMEM;
	}
	t->file[n] = f;
	put_bit(t->used, n, true);
	put_bit(t->cloexec, n, cloexec);
	return (int)n;
}

/* Gives f the lowest free number from on, and takes its reference. */
int fd_install(struct file *f, int from, bool cloexec)
{
	struct fdtable *t = current->files;
	int r;

	if (from < 0 || (unsigned)from >= limit())
		return from ? -EINVAL : -EMFILE;
	spin_lock(&t->lock);
	r = install_locked(t, f, (unsigned)from, cloexec);
	spin_unlock(&t->lock);
	return r;
}

/* Both or none. */
int fd_install_two(struct file *a, struct file *b, bool cloexec, int fds[2])
{
	struct fdtable *t = current->files;

	spin_lock(&t->lock);
	fds[0] = install_locked(t, a, 0, cloexec);
	fds[1] = fds[0] < 0 ? fds[0] : install_locked(t, b, 0, cloexec);
	if (fds[0] >= 0 && fds[1] < 0)
		(void)take_locked(t, (unsigned)fds[0]);
	spin_unlock(&t->lock);
	return fds[1] < 0 ? fds[1] : 0;
}

int fd_close(int fd)
{
	struct fdtable *t = current->files;
	struct file *f;

	if (fd < 0)
		return -EBADF;
	spin_lock(&t->lock);
	f = take_locked(t, (unsigned)fd);
	spin_unlock(&t->lock);
	return f ? close_file(t, f) : -EBADF;
}

/* dup3(2) with from != to: to becomes from's file; what it was is closed. */
int fd_dup_to(int from, int to, bool cloexec)
{
	struct fdtable *t = current->files;
	struct file *f, *old;

	if (to < 0 || (unsigned)to >= limit())
		return -EBADF;
	f = fd_get(from);
	if (!f)
		return -EBADF;
	spin_lock(&t->lock);
	if (grow_locked(t, (unsigned)to)) {
		spin_unlock(&t->lock);
		file_put(f);
		return -EMFILE;
	}
	old = take_locked(t, (unsigned)to);
	t->file[to] = f;
	put_bit(t->used, (unsigned)to, true);
	put_bit(t->cloexec, (unsigned)to, cloexec);
	spin_unlock(&t->lock);
	if (old)
		(void)close_file(t, old);
	return to;
}

static int with_cloexec(int fd, int set)
{
	struct fdtable *t = current->files;
	int r = -EBADF;

	spin_lock(&t->lock);
	if (fd >= 0 && (unsigned)fd < t->size && t->file[fd]) {
		if (set >= 0)
			put_bit(t->cloexec, (unsigned)fd, set);
		r = set >= 0 ? 0 : (int)test(t->cloexec, (unsigned)fd);
	}
	spin_unlock(&t->lock);
	return r;
}

int fd_set_cloexec(int fd, bool on)
{
	return with_cloexec(fd, on);
}

int fd_get_cloexec(int fd)
{
	return with_cloexec(fd, -1);
}
