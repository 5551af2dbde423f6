/* SPDX-License-Identifier: Apache-2.0 */
/*
 * area.c: areas as objects, with their references, locks and pages.
 *
 * vma.c knows only the map; here is what cutting, joining and removing areas
 * means for files, shared memory and page tables.  Dropping the last reference
 * of a file may sleep and takes locks of smaller rank, so areas that are taken
 * out are chained and freed by area_free_list() after mm.lock is released.
 */
#include "kuni/mm.h"

#include "internal.h"
#include "kuni/klog.h"
#include "kuni/task.h"
#include "layout.h"

static struct slab_cache *area_slab;

void area_setup(void)
{
	area_slab = slab_create("vma", sizeof(struct vma));
	mm_setup();
}

struct vma *area_alloc(struct mm *m)
{
	struct vma *v = slab_alloc(area_slab);

	if (v)
		v->mm = m;
	return v;
}

static void get_refs(const struct vma *v)
{
	if (v->file)
		file_get(v->file);
	if (v->shm)
		shm_get(v->shm);
}

struct vma *area_clone(const struct vma *v, struct mm *m)
{
	struct vma *c = area_alloc(m);

	if (!c)
		return NULL;
	*c = *v;
	c->mm = m;
	c->next_dead = NULL;
	get_refs(c);
	return c;
}

void area_free(struct vma *v)
{
	if (v->file)
		file_put(v->file);
	if (v->shm)
		shm_put(v->shm);
	slab_free(area_slab, v);
}

void area_free_list(struct vma *dead)
{
	while (dead) {
		struct vma *v = dead;

		dead = v->next_dead;
		if (v->file && (v->flags & VMA_SHARED) &&
		    (v->flags & VMA_MAYWRITE) &&
		    pagecache_sync(vma_cache(v), v->pgoff << PAGE_SHIFT,
				   (v->pgoff + vma_pages(v)) << PAGE_SHIFT))
			klog(KLOG_WARN,
			     "mm: writing a mapped file back failed");
		area_free(v);
	}
}

void area_lock(const struct vma *v)
{
	if (v->file)
		mutex_lock(&v->file->inode->cache.lock);
}

void area_unlock(const struct vma *v)
{
	if (v->file)
		mutex_unlock(&v->file->inode->cache.lock);
}

/* Cuts v at address at, inside of it.  -ENOMEM. */
int area_split(struct mm *m, struct vma *v, uint64_t at)
{
	struct vma *upper;

	if (m->nvma >= MAX_MAP_COUNT)
		return -ENOMEM;
	upper = area_clone(v, m);
	if (!upper)
		return -ENOMEM;
	area_lock(v);
	vma_split(m, v, at, upper);
	area_unlock(v);
	return 0;
}

/* Joins v with its neighbours; the area that holds v's range now. */
struct vma *area_merge(struct mm *m, struct vma *v, struct vma **dead)
{
	struct vma *was = *dead, *left;
	struct file *f = v->file;

	if (f)
		mutex_lock(&f->inode->cache.lock);
	v = vma_merge(m, v, dead);
	if (f)
		mutex_unlock(&f->inode->cache.lock);
	for (left = *dead; left != was; left = left->next_dead)
		left->flags = 0; /* its pages are still mapped, by v */
	return v;
}

int area_isolate(struct mm *m, uint64_t start, uint64_t end)
{
	struct vma *v = mm_find(m, start);
	int err = 0;

	if (v && v->start < start)
		err = area_split(m, v, start);
	if (err)
		return err;
	v = mm_find(m, end - 1);
	if (v && v->start < end && v->end > end)
		err = area_split(m, v, end);
	return err;
}

int area_unmap(struct mm *m, uint64_t start, uint64_t end, struct vma **dead)
{
	struct vma *v, *next;
	int err;

	if (!vma_overlaps(m, start, end))
		return 0;
	err = area_isolate(m, start, end);
	if (err)
		return err;
	for (v = mm_find(m, start); v && v->start < end; v = next) {
		next = mm_next(v);
		/* pages first: while some are mapped, v stays on the list by
		 * which write-back makes them read-only */
		pt_zap(m, v, v->start, v->end);
		area_lock(v);
		vma_remove(m, v);
		area_unlock(v);
		v->next_dead = *dead;
		*dead = v;
	}
	return 0;
}

/* Whether areas cover [start, end) without a hole. */
bool area_covered(struct mm *m, uint64_t start, uint64_t end)
{
	struct vma *v = mm_find(m, start);

	while (v && v->start <= start) {
		start = v->end;
		if (start >= end)
			return true;
		v = mm_next(v);
	}
	return false;
}

bool range_ok(uint64_t addr, uint64_t len)
{
	return addr <= USER_END && len <= USER_END - addr;
}

int area_limits(const struct mm *m, uint64_t pages, uint32_t prot,
		uint32_t flags)
{
	struct vma probe = { .prot = prot, .flags = flags };
	uint64_t as = rlimit_get(RLIMIT_AS) >> PAGE_SHIFT;
	uint64_t data = rlimit_get(RLIMIT_DATA) >> PAGE_SHIFT;

	if (m->total_pages + pages > as)
		return -ENOMEM;
	if (rss_private(&probe) && m->data_pages + pages > data)
		return -ENOMEM;
	return 0;
}

/* Room under RLIMIT_MEMLOCK for pages more. */
bool area_may_lock(const struct mm *m, uint64_t pages)
{
	return capable(CAP_IPC_LOCK) || m->locked_pages + pages <=
						rlimit_get(RLIMIT_MEMLOCK) >>
						PAGE_SHIFT;
}
