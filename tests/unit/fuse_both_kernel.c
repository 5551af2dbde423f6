/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_both_kernel.c: the kernel that the guest's half of fuse_both_test stands
 * on: one task, plain memory, locks that only check that they are free. */
#include <malloc.h> /* not stdlib.h: it has words of wait.h */
#include <stdio.h>
#include <string.h>
#undef RENAME_NOREPLACE /* the kernel's headers have their own */
#undef RENAME_EXCHANGE
#undef RENAME_WHITEOUT

#include "guest/kernel/fs/fuse/client.h"
#include "guest/kernel/mm/internal.h"
#include "tests/unit/fuse_both_kernel.h"

/* ---- the kernel around it ---- */

static struct task me;
uint64_t now = 1000000;
long live; /* allocations */
long fail_at = -1;
int invalidations;

struct task *unit_current(void)
{
	return &me;
}
uint64_t arch_clock_ns(void)
{
	return now;
}
uint64_t arch_wall_offset_ns(void)
{
	return 0;
}
void *phys_to_virt(paddr_t pa)
{
	return (void *)pa;
}
paddr_t virt_to_phys(const void *p)
{
	return (paddr_t)p;
}
bool capable(int cap)
{
	(void)cap;
	return true;
}
bool in_group(uint32_t gid)
{
	(void)gid;
	return false;
}
void locks_free(struct inode *i)
{
	(void)i;
}
bool finished; /* the leak checker calls this one, too */
void sched_yield(void)
{
	if (finished)
		return;
	fprintf(stderr, "a lookup waits for an inode that nobody frees\n");
	__builtin_abort();
}
void klog(enum klog_level l, const char *fmt, ...)
{
	(void)l;
	(void)fmt;
}
void panic(const char *fmt, ...)
{
	fprintf(stderr, "panic: %s\n", fmt);
	__builtin_abort();
}
static bool fails(void)
{
	return fail_at >= 0 && fail_at-- == 0;
}
void *kmalloc(size_t n)
{
	if (fails())
		return NULL;
	live++;
	return calloc(1, n);
}
void kfree(void *p)
{
	live -= !!p;
	free(p);
}
struct slab_cache {
	size_t size;
};
struct slab_cache *slab_create(const char *name, size_t size)
{
	static struct slab_cache c;

	(void)name;
	c.size = size;
	return &c;
}
void *slab_alloc(struct slab_cache *c)
{
	return kmalloc(c->size);
}
void slab_free(struct slab_cache *c, void *p)
{
	(void)c;
	kfree(p);
}
void mutex_init(struct mutex *m, enum lockrank rank)
{
	m->rank = (uint16_t)rank;
}
void mutex_lock(struct mutex *m)
{
	ensure(!m->owner);
	m->owner = &me;
}
bool mutex_trylock(struct mutex *m)
{
	if (m->owner)
		return false;
	m->owner = &me;
	return true;
}
void mutex_unlock(struct mutex *m)
{
	ensure(m->owner);
	m->owner = NULL;
}
void spin_lock(struct spinlock *l)
{
	ensure(!l->held);
	l->held = 1;
}
void spin_unlock(struct spinlock *l)
{
	ensure(l->held);
	l->held = 0;
}
bool file_writable(const struct file *f)
{
	return f->flags & 3;
}

/* A page's memory follows its struct. */
struct fat_page {
	struct page p;
	uint8_t *mem;
};
bool mm_make_room(unsigned try)
{
	(void)try;
	return false;
}
struct page *page_alloc(unsigned order, unsigned flags)
{
	struct fat_page *f;

	(void)order;
	if (fails())
		return NULL;
	f = calloc(1, sizeof(*f));
	f->mem = memalign(4096, 4096);
	memset(f->mem, flags & PAGE_ZERO ? 0 : 0xa5, 4096);
	f->p.ref = 1;
	live++;
	return &f->p;
}
void page_get(struct page *p)
{
	p->ref++;
}
void page_put(struct page *p)
{
	struct fat_page *f = (struct fat_page *)(void *)p;

	if (--p->ref)
		return;
	if (p->flags & PG_WINDOW) {
		window_release(p);
		return;
	}
	free(f->mem);
	free(f);
	live--;
}
paddr_t page_paddr(const struct page *p)
{
	if (window_has(p))
		return mm_window.base +
		       ((paddr_t)(p - mm_window.pages) << PAGE_SHIFT);
	return (paddr_t)((const struct fat_page *)(const void *)p)->mem;
}
uint64_t mm_nr_cached, mm_nr_shmem, mm_nr_dirty;
unsigned notify_watches;
void notify_gone_slow(struct inode *i)
{
	(void)i;
}
uint64_t page_total(void)
{
	return 1 << 20;
}
void cache_unmap(struct pagecache *c, uint64_t a, uint64_t b)
{
	(void)c;
	(void)a;
	(void)b;
}
void cache_write_protect(struct pagecache *c, uint64_t a, uint64_t b)
{
	(void)c;
	(void)a;
	(void)b;
}
void cache_list(struct pagecache *c)
{
	c->listed = true;
}
void cache_unlist(struct pagecache *c)
{
	c->listed = false;
}
uint64_t cache_shrink_locked(struct pagecache *c, uint64_t want)
{
	(void)c;
	(void)want;
	return 0;
}
void pagecache_invalidate(struct pagecache *c)
{
	pagecache_truncate(c, 0);
	invalidations++;
}
void uio_kernel(struct uio *u, struct uio_vec *v, void *base, size_t len)
{
	*v = (struct uio_vec){ (uint64_t)base, len };
	*u = (struct uio){ .vec = v, .nvec = 1, .left = len };
}
static ssize_t uio_move(struct uio *u, void *k, size_t n, int how)
{
	uint8_t *p = (uint8_t *)u->vec->base + u->off;

	if (n > u->left)
		n = u->left;
	if (how == 0)
		memcpy(p, k, n);
	else if (how == 1)
		memcpy(k, p, n);
	else
		memset(p, 0, n);
	u->off += n;
	u->left -= n;
	return (ssize_t)n;
}
ssize_t uio_put(struct uio *u, const void *from, size_t n)
{
	return uio_move(u, (void *)(uintptr_t)from, n, 0);
}
ssize_t uio_get(struct uio *u, void *to, size_t n)
{
	return uio_move(u, to, n, 1);
}
ssize_t uio_zero(struct uio *u, size_t n)
{
	return uio_move(u, NULL, n, 2);
}
