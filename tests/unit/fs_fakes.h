/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_fakes.h: what the VFS stands on, for tests that run it in a process: one
 * task, locks that only count, a heap, user memory that is the process's own,
 * and a page cache that is an array.  Included by one file of each test.
 *
 * fs_fake_start() mounts an empty tmpfs as the root; fs_fake_end() takes it
 * down, after which LeakSanitizer finds what was forgotten.
 */
#ifndef TESTS_UNIT_FS_FAKES_H
#define TESTS_UNIT_FS_FAKES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* the C library's own, which kuni's headers define anew */
#undef RENAME_NOREPLACE
#undef RENAME_EXCHANGE
#undef RENAME_WHITEOUT
#undef __WCLONE
#undef WSTOPPED

#include "kuni/driver.h"
#include "kuni/filesystems.h"
#include "kuni/vfs.h"
#include "tests/unit/fake_panic.h"

static struct cred fake_cred = { .ref = 1,
				 .cap_eff = ~0ULL,
				 .cap_perm = ~0ULL };
static struct process fake_proc = { .pid = 1 };
static struct task fake_task = { .tid = 1,
				 .proc = &fake_proc,
				 .cred = &fake_cred };
static uint64_t fake_clock = 1000;
static bool fake_signal;         /* a signal is pending */
static int fake_last_signal;     /* that was sent */
static void (*fake_sleep)(void); /* what happens while current sleeps */
static int fake_spins;
static long fake_fail_alloc = -1; /* the n-th allocation from now fails */

struct task *unit_current(void)
{
	return &fake_task;
}

/* ---- locks ---- */
void spin_init(struct spinlock *l, enum lockrank rank)
{
	*l = SPINLOCK_INIT(rank);
}
void spin_lock(struct spinlock *l)
{
	ensure(!l->held);
	l->held = 1;
	fake_spins++;
}
void spin_unlock(struct spinlock *l)
{
	ensure(l->held);
	l->held = 0;
	fake_spins--;
}
void mutex_init(struct mutex *m, enum lockrank rank)
{
	memset(m, 0, sizeof(*m));
	m->rank = rank;
}
void mutex_lock(struct mutex *m)
{
	ensure(!m->owner && !fake_spins);
	m->owner = &fake_task;
}
void mutex_unlock(struct mutex *m)
{
	ensure(m->owner);
	m->owner = NULL;
}

/* ---- waiting ---- */
void waitq_init(struct waitq *wq)
{
	memset(wq, 0, sizeof(*wq));
	TAILQ_INIT(&wq->list);
}
void waitq_add(struct waitq *wq, struct waiter *w)
{
	if (!wq->list.tqh_last)
		TAILQ_INIT(&wq->list);
	TAILQ_INSERT_TAIL(&wq->list, w, link);
	w->wq = wq;
}
void waitq_del(struct waiter *w)
{
	if (w->wq)
		TAILQ_REMOVE(&w->wq->list, w, link);
	w->wq = NULL;
}
void wake_all(struct waitq *wq, unsigned events)
{
	struct waiter *w;

	ensure(!fake_spins);
	if (wq->list.tqh_last)
		TAILQ_FOREACH(w, &wq->list, link)
	if (w->fn)
		w->fn(w, events);
}
unsigned wake_n(struct waitq *wq, unsigned n, unsigned events)
{
	(void)n;
	wake_all(wq, events);
	return 1;
}
void sched_prepare(enum task_state st)
{
	(void)st;
}
void sched_finish(void)
{
}
int sched_sleep(uint64_t deadline)
{
	ensure(!fake_spins);
	if (fake_sleep) {
		fake_sleep();
		return 0;
	}
	if (deadline == DEADLINE_NEVER)
		panic("sleeps for ever");
	fake_clock = deadline;
	return -ETIMEDOUT;
}
bool sched_wake(struct task *t)
{
	(void)t;
	return true;
}
bool signal_pending(void)
{
	return fake_signal;
}

/* ---- memory ---- */
void *kmalloc(size_t n)
{
	ensure(!fake_spins);
	if (fake_fail_alloc >= 0 && fake_fail_alloc-- == 0)
		return NULL;
	return calloc(1, n ? n : 1);
}
void kfree(void *p)
{
	free(p);
}
bool user_range(uaddr_t at, size_t n)
{
	return at.v + n >= at.v;
}
int copy_from_user(void *to, uaddr_t from, size_t n)
{
	ensure(!fake_spins);
	if (!from.v)
		return -EFAULT;
	memcpy(to, (void *)from.v, n);
	return 0;
}
int copy_to_user(uaddr_t to, const void *from, size_t n)
{
	ensure(!fake_spins);
	if (!to.v)
		return -EFAULT;
	memcpy((void *)to.v, from, n);
	return 0;
}
int clear_user(uaddr_t to, size_t n)
{
	memset((void *)to.v, 0, n);
	return 0;
}
ssize_t strncpy_from_user(char *to, uaddr_t from, size_t n)
{
	size_t len = strnlen((char *)from.v, n);

	if (len == n)
		return -ENAMETOOLONG;
	memcpy(to, (char *)from.v, len + 1);
	return (ssize_t)len;
}

/* ---- page cache: PAGES pages of a file, enough for these tests ---- */
#define PAGES 64
struct fake_page {
	struct page page;
	char data[PAGE_SIZE];
};
static struct {
	struct pagecache *c;
	struct fake_page *page[PAGES];
} fake_caches[64];

static struct fake_page **fake_pages(struct pagecache *c, bool make)
{
	int free_slot = -1;

	for (int n = 0; n < 64; n++) {
		if (fake_caches[n].c == c)
			return fake_caches[n].page;
		if (!fake_caches[n].c)
			free_slot = n;
	}
	if (!make)
		return NULL;
	ensure(free_slot >= 0);
	fake_caches[free_slot].c = c;
	return fake_caches[free_slot].page;
}
struct page *page_alloc(unsigned order, unsigned flags)
{
	struct fake_page *p = kmalloc(sizeof(*p));

	(void)flags;
	ensure(!order);
	if (!p)
		return NULL;
	p->page.ref = 1;
	return &p->page;
}
void page_get(struct page *p)
{
	p->ref++;
}
void page_put(struct page *p)
{
	ensure(p->ref);
	if (!--p->ref)
		kfree(p);
}
void pagecache_init(struct pagecache *c, struct inode *i,
		    const struct pagecache_ops *ops)
{
	(void)ops;
	memset(c, 0, sizeof(*c));
	c->inode = i;
}
void pagecache_truncate(struct pagecache *c, uint64_t size)
{
	struct fake_page **p = fake_pages(c, false);

	for (uint64_t n = 0; p && n < PAGES; n++) {
		if (!p[n])
			continue;
		if (n * PAGE_SIZE >= size) {
			page_put(&p[n]->page);
			p[n] = NULL;
			c->npages--;
		} else if ((n + 1) * PAGE_SIZE > size) {
			memset(p[n]->data + size % PAGE_SIZE, 0,
			       PAGE_SIZE - size % PAGE_SIZE);
		}
	}
}
void pagecache_fini(struct pagecache *c)
{
	pagecache_truncate(c, 0);
	for (int n = 0; n < 64; n++)
		if (fake_caches[n].c == c)
			fake_caches[n].c = NULL;
}
int pagecache_get(struct pagecache *c, uint64_t index, bool create,
		  struct page **out)
{
	struct fake_page **p = fake_pages(c, create);

	*out = NULL;
	if (index >= PAGES)
		return create ? -ENOMEM : 0;
	if (p && !p[index] && create) {
		p[index] = (struct fake_page *)page_alloc(0, PAGE_ZERO);
		if (!p[index])
			return -ENOMEM;
		c->npages++;
	}
	if (p && p[index]) {
		*out = &p[index]->page;
		page_get(*out);
	}
	return 0;
}
void pagecache_punch(struct pagecache *c, uint64_t start, uint64_t end)
{
	struct fake_page **p = fake_pages(c, false);

	for (uint64_t n = 0; p && n < PAGES; n++) {
		uint64_t a = max(start, n * PAGE_SIZE);
		uint64_t b = min(end, (n + 1) * PAGE_SIZE);

		if (!p[n] || a >= b)
			continue;
		memset(p[n]->data + a % PAGE_SIZE, 0, b - a);
		if (b - a < PAGE_SIZE)
			continue;
		page_put(&p[n]->page);
		p[n] = NULL;
		c->npages--;
	}
}
uint64_t pagecache_seek(struct pagecache *c, uint64_t pos, uint64_t end,
			bool data)
{
	struct fake_page **p = fake_pages(c, false);
	uint64_t n;

	for (n = pos / PAGE_SIZE; pos < end; pos = ++n * PAGE_SIZE)
		if ((n < PAGES && p && p[n]) == data)
			break;
	return min(pos, end);
}
void *phys_to_virt(paddr_t pa)
{
	return (void *)pa;
}
paddr_t page_paddr(const struct page *p)
{
	return (paddr_t)((const struct fake_page *)(const void *)p)->data;
}
ssize_t pagecache_read(struct pagecache *c, struct uio *u, uint64_t pos,
		       uint64_t size)
{
	ssize_t done = 0;

	while (u->left && pos < size) {
		size_t n = min(min(PAGE_SIZE - pos % PAGE_SIZE, size - pos),
			       u->left);
		struct page *p;

		if (pagecache_get(c, pos / PAGE_SIZE, false, &p))
			break;
		if (p) {
			uio_put(u, (char *)page_virt(p) + pos % PAGE_SIZE, n);
			page_put(p);
		} else {
			uio_zero(u, n);
		}
		pos += n;
		done += (ssize_t)n;
	}
	return done;
}
ssize_t pagecache_write(struct pagecache *c, struct uio *u, uint64_t pos)
{
	ssize_t done = 0;

	while (u->left) {
		size_t n = min(PAGE_SIZE - pos % PAGE_SIZE, u->left);
		struct page *p;
		int r = pagecache_get(c, pos / PAGE_SIZE, true, &p);

		if (r)
			return done ? done : r;
		uio_get(u, (char *)page_virt(p) + pos % PAGE_SIZE, n);
		page_put(p);
		pos += n;
		done += (ssize_t)n;
	}
	return done;
}
void mm_stats(struct mm_stats *out)
{
	*out = (struct mm_stats){ .total = 4096 };
}

/* ---- the rest of the kernel ---- */
uint64_t arch_clock_ns(void)
{
	return fake_clock += 1000;
}
uint64_t arch_wall_offset_ns(void)
{
	return 1700000000ULL * NSEC_PER_SEC;
}
bool capable(int cap)
{
	return fake_task.cred->cap_eff >> cap & 1;
}
bool in_group(uint32_t gid)
{
	return gid == fake_task.cred->fsgid;
}
int cred_copy(const struct cred *from, struct cred **out)
{
	*out = malloc(sizeof(**out));
	**out = *from;
	return 0;
}
void cred_put(struct cred *c)
{
	free(c);
}
uint64_t rlimit_get(unsigned resource)
{
	return fake_proc.rlim[resource].cur;
}
int signal_send_task(struct task *t, int signo, const struct siginfo_k *info)
{
	(void)t;
	(void)info;
	fake_last_signal = signo;
	return 0;
}

struct waitq signal_wait;
uint64_t signal_pending_set(void)
{
	return 0;
}
int signal_take(uint64_t mask, struct siginfo_k *info)
{
	(void)mask;
	(void)info;
	return 0;
}
void signal_send_io(const struct io_owner *o, int signo,
		    const struct siginfo_k *info)
{
	(void)o;
	(void)info;
	fake_last_signal = signo;
}
bool signal_owner_exists(int type, int id)
{
	(void)type;
	return id == 1;
}
int kthread_create(struct task **out, const char *name, void (*fn)(void *),
		   void *arg)
{
	(void)out;
	(void)name;
	(void)fn;
	(void)arg;
	return 0;
}
struct pseudo_buf;
void pseudo_printf(struct pseudo_buf *b, const char *fmt, ...);
void pseudo_printf(struct pseudo_buf *b, const char *fmt, ...)
{
	(void)b;
	(void)fmt;
}

const struct fs_type *const filesystems[] = { &tmpfs_type, NULL };

static inline void fs_fake_start(void)
{
	for (int n = 0; n < 16; n++)
		fake_proc.rlim[n].cur = RLIM_INFINITY;
	fake_proc.rlim[RLIMIT_NOFILE].cur = 256;
	ensure(!mount_root("tmpfs", 0));
	ensure(!fdtable_create(&fake_task.files));
}

static inline bool fs_fake_first(struct mount *m, void *out)
{
	*(struct mount **)out = m;
	return false;
}

static inline bool fs_fake_last(struct mount *m, void *out)
{
	*(struct mount **)out = m;
	return true;
}

/* Everything down: the root's mount goes, too. */
static inline void fs_fake_end(void)
{
	struct mount *root = NULL;
	struct path top;
	int r;

	fdtable_put(fake_task.files);
	fs_get_root(&top);
	fs_set_cwd(&top);
	do {
		top = (struct path){ 0 };
		mount_each(fs_fake_last, &top.mnt);
		top.d = dentry_get(top.mnt->root);
		mount_get(top.mnt);
		r = top.mnt->parent ? mount_umount(&top, 0) : -EBUSY;
		path_put(&top);
	} while (!r);
	mount_each(fs_fake_first, &root);
	fs_ctx_put(fake_task.fs);
	ensure(root->ref == 1);
	mount_put(root);
}

#endif
