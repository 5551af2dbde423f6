/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slab.c: kernel objects.
 *
 * A cache holds objects of one size in slabs of one page (two for 2 KiB
 * objects), described by their struct page alone:
 *
 *	slab      the cache             freelist  first free object
 *	order     objects carved        mapcount_hint  objects handed out
 *	private_  links of the list of slabs with room (numbers of pages + 1)
 *
 * A slab is carved object by object as it is used, so a new one costs nothing.
 * In front of each cache stands a magazine a CPU, used with interrupts off and
 * without a lock.  What is larger than half a slab is whole pages.
 *
 * With KUNI_DEBUG free objects are poisoned, and checked when handed out; and
 * each says who made it.
 *
 * Locks: slab_cache.lock (RANK_SLAB), then the page allocator's.
 */
#include "kuni/mm.h"

#include <string.h>

#include "internal.h"
#include "kuni/klog.h"
#include "layout.h"

#define MAG_SIZE    15
#define MAX_CACHES  62
#define MIN_OBJECT  32
#define MAX_OBJECT  2048
#define MAX_KMALLOC (PAGE_SIZE << PAGE_MAX_ORDER)
#define POISON      0x6b
#define TAIL        PG_RESERVED /* with PG_SLAB: not the first of its slab */

struct slab_cache {
	struct spinlock lock;
	uint16_t size, per_slab;
	uint8_t order, id;
	const char *name;
	struct page *partial; /* [lock] slabs with room */
	uint64_t out;         /* [lock] objects in use or in magazines */
	uint64_t nslab;       /* [lock] */
};

struct magazine {
	uint64_t n;
	void *obj[MAG_SIZE];
};

/* All magazines of a CPU; made when it first allocates. */
struct cpu_mags {
	struct magazine m[MAX_CACHES];
};

static struct slab_cache caches[MAX_CACHES];
static unsigned ncaches;                     /* [a] */
static struct cpu_mags *mags[KUNI_MAX_CPUS]; /* [o] */

static const uint16_t classes[] = { 32,  48,  64,  96,   128,  192, 256,
				    384, 512, 768, 1024, 1344, 2048 };
static uint8_t class_of[MAX_OBJECT / 16 + 1]; /* [I] by (size + 15) / 16 */

static unsigned slab_pages(const struct slab_cache *c)
{
	return 1U << c->order;
}

static struct page *link_page(uint32_t link)
{
	return link ? page_by_number(link - 1) : NULL;
}

static void partial_add(struct slab_cache *c, struct page *p)
{
	struct page *old = c->partial;

	p->private_ = old ? (uint64_t)(page_number(old) + 1) << 32 : 0;
	if (old)
		old->private_ |= page_number(p) + 1;
	c->partial = p;
}

static void partial_remove(struct slab_cache *c, struct page *p)
{
	uint32_t next = (uint32_t)(p->private_ >> 32);
	uint32_t prev = (uint32_t)p->private_;
	struct page *n = link_page(next), *q = link_page(prev);

	if (n)
		n->private_ = (n->private_ & ~0xffffffffULL) | prev;
	if (q)
		q->private_ = (uint64_t)next << 32 | (uint32_t)q->private_;
	else
		c->partial = n;
	p->private_ = 0;
}

static bool slab_grow(struct slab_cache *c)
{
	struct page *p = page_alloc(c->order, PAGE_ATOMIC);

	if (!p)
		return false;
	__atomic_fetch_add(&mm_nr_slab, slab_pages(c), __ATOMIC_RELAXED);
	for (unsigned i = 0; i < slab_pages(c); i++) {
		p[i].flags = PG_SLAB | (i ? TAIL : 0);
		p[i].slab = c;
		p[i].freelist = i ? p : NULL;
	}
	partial_add(c, p);
	c->nslab++;
	return true;
}

static void slab_release(struct slab_cache *c, struct page *p)
{
	c->nslab--;
	__atomic_fetch_sub(&mm_nr_slab, slab_pages(c), __ATOMIC_RELAXED);
	for (unsigned i = 1; i < slab_pages(c); i++)
		memset(&p[i], 0, sizeof(p[i]));
	page_free(p, c->order);
}

/* Up to n objects of one slab; 0: no memory. */
static unsigned take_objects(struct slab_cache *c, void **out, unsigned n)
{
	struct page *p = c->partial;
	unsigned got = 0;
	char *base;

	if (!p && !slab_grow(c))
		return 0;
	p = c->partial;
	base = page_virt(p);
	while (got < n && p->mapcount_hint < c->per_slab) {
		void *obj = p->freelist;

		if (obj) {
			memcpy(&p->freelist, obj, sizeof(void *));
		} else {
			obj = base + (size_t)p->order++ * c->size;
			if (IS_ON(KUNI_DEBUG))
				memset(obj, POISON, c->size);
		}
		p->mapcount_hint++;
		out[got++] = obj;
	}
	if (p->mapcount_hint == c->per_slab)
		partial_remove(c, p);
	c->out += got;
	return got;
}

static void give_object(struct slab_cache *c, void *obj)
{
	struct page *p = page_of(virt_to_phys(obj));

	if (p->flags & TAIL)
		p = p->freelist;
	c->out--;
	memcpy(obj, &p->freelist, sizeof(void *));
	p->freelist = obj;
	if (p->mapcount_hint == c->per_slab)
		partial_add(c, p);
	p->mapcount_hint--;
	if (p->mapcount_hint == 0 && (p != c->partial || p->private_)) {
		partial_remove(c, p); /* not the only slab with room */
		slab_release(c, p);
	}
}

static struct magazine *magazine(const struct slab_cache *c)
{
	unsigned cpu = this_cpu()->id;

	if (unlikely(!mags[cpu])) {
		_Static_assert(sizeof(struct cpu_mags) <= 2 * PAGE_SIZE, "");
		struct page *p = page_alloc(1, PAGE_ATOMIC | PAGE_ZERO);

		if (!p)
			return NULL;
		mags[cpu] = page_virt(p);
	}
	return &mags[cpu]->m[c->id];
}

static __attribute__((noinline)) void mag_refill(struct slab_cache *c,
						 struct magazine *m)
{
	unsigned got;

	spin_lock(&c->lock);
	do {
		got = take_objects(c, &m->obj[m->n],
				   MAG_SIZE / 2 - (unsigned)m->n);
		m->n += got;
	} while (got && m->n < MAG_SIZE / 2);
	spin_unlock(&c->lock);
}

static void mag_drain(struct slab_cache *c, struct magazine *m)
{
	spin_lock(&c->lock);
	while (m->n > MAG_SIZE / 2)
		give_object(c, m->obj[--m->n]);
	spin_unlock(&c->lock);
}

static void check_poison(const struct slab_cache *c, const void *obj)
{
	const uint8_t *b = obj;

	for (unsigned i = sizeof(void *); i < c->size; i++)
		if (b[i] != POISON)
			panic("slab: %s object %p written after free at +%u",
			      c->name, obj, i);
}

static void check_free(const struct slab_cache *c, const void *obj)
{
	const struct page *p = page_of(virt_to_phys(obj));
	const uint8_t *b = obj;
	size_t n = 0;

	if (p && p->flags & TAIL)
		p = p->freelist;
	ensure(p && (p->flags & PG_SLAB) && p->slab == c);
	ensure(((uint64_t)obj - (uint64_t)page_virt(p)) % c->size == 0);
	while (n < c->size && b[n] == POISON)
		n++;
	if (n == c->size)
		panic("slab: %s object %p freed twice", c->name, obj);
}

/* Debug builds: the one that has been free for longest, so that who still
 * writes to it is seen. */
static void *oldest(struct magazine *m)
{
	void *obj = m->obj[0];

	memmove(m->obj, m->obj + 1, --m->n * sizeof(obj));
	return obj;
}

static void *get_object(struct slab_cache *c)
{
	struct magazine *m;
	void *obj = NULL;

	irq_push_off();
	m = magazine(c);
	if (m) {
		if (!m->n)
			mag_refill(c, m);
		if (m->n)
			obj = KUNI_DEBUG ? oldest(m) : m->obj[--m->n];
	}
	irq_pop_off();
	return obj;
}

/* Debug builds: who made it, in the last word of an object. */
static uint64_t *owner_of(const struct slab_cache *c, void *obj)
{
	return (uint64_t *)(void *)((char *)obj + c->size - sizeof(uint64_t));
}

static void *alloc_for(struct slab_cache *c, void *caller)
{
	void *obj = get_object(c);

	if (!obj && arch_irq_is_on() && pagecache_shrink(MAG_SIZE))
		obj = get_object(c);
	if (!obj)
		return NULL;
	if (IS_ON(KUNI_DEBUG))
		check_poison(c, obj);
	memset(obj, 0, c->size);
	if (IS_ON(KUNI_DEBUG))
		*owner_of(c, obj) = (uint64_t)caller;
	return obj;
}

/* A zero-filled object, or NULL.  Callable under spinlocks; where it is not,
 * the page cache is made to give memory back first. */
void *slab_alloc(struct slab_cache *c)
{
	return alloc_for(c, __builtin_return_address(0));
}

void slab_free(struct slab_cache *c, void *obj)
{
	struct magazine *m;

	if (IS_ON(KUNI_DEBUG)) {
		check_free(c, obj);
		memset(obj, POISON, c->size);
	}
	irq_push_off();
	m = magazine(c);
	if (m) {
		if (m->n == MAG_SIZE)
			mag_drain(c, m);
		m->obj[m->n++] = obj;
	} else {
		spin_lock(&c->lock);
		give_object(c, obj);
		spin_unlock(&c->lock);
	}
	irq_pop_off();
}

static void cache_init(struct slab_cache *c, const char *name, size_t size)
{
	size = (size + 15) & ~15UL;
	if (size < MIN_OBJECT)
		size = MIN_OBJECT;
	ensure(size <= MAX_OBJECT);
	if (IS_ON(KUNI_DEBUG))
		size += 16; /* owner_of() */
	spin_init(&c->lock, RANK_SLAB);
	c->name = name;
	c->size = (uint16_t)size;
	c->order = size > PAGE_SIZE / 3;
	c->per_slab = (uint16_t)((PAGE_SIZE << c->order) / size);
	c->id = (uint8_t)(c - caches);
}

/* A cache of objects of size bytes (at most 2 KiB) that is never destroyed. */
struct slab_cache *slab_create(const char *name, size_t size)
{
	unsigned id = __atomic_fetch_add(&ncaches, 1, __ATOMIC_RELAXED);

	ensure(id < MAX_CACHES);
	cache_init(&caches[id], name, size);
	return &caches[id];
}

void slab_init(void)
{
	unsigned k = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(class_of); i++) {
		if (i * 16 > classes[k])
			k++;
		class_of[i] = (uint8_t)k;
	}
	for (k = 0; k < ARRAY_SIZE(classes); k++)
		cache_init(&caches[k], "kmalloc", classes[k]);
	ncaches = ARRAY_SIZE(classes);
}

/* What the n-th cache holds; false: there is none.  Objects that other CPUs take
 * or free meanwhile may be counted wrong. */
bool slab_look(unsigned n, struct slab_view *v)
{
	struct slab_cache *c = &caches[n];

	if (n >= __atomic_load_n(&ncaches, __ATOMIC_RELAXED))
		return false;
	spin_lock(&c->lock);
	*v = (struct slab_view){ .name = c->name,
				 .size = c->size,
				 .per_slab = c->per_slab,
				 .pages = slab_pages(c),
				 .slabs = c->nslab,
				 .used = c->out };
	spin_unlock(&c->lock);
	for (unsigned i = 0; i < KUNI_MAX_CPUS; i++)
		if (mags[i])
			v->used -= min(v->used, mags[i]->m[n].n);
	return true;
}

/* Debug builds: fn for each object in use, with its size and who made it. */
void slab_owners(void (*fn)(unsigned size, uint64_t caller))
{
	if (!KUNI_DEBUG)
		return;
	for (uint64_t n = 0; n < page_total(); n++) {
		struct page *p = page_by_number((uint32_t)n);
		const struct slab_cache *c = p->slab;

		if (!(p->flags & PG_SLAB) || p->flags & TAIL || !c)
			continue;
		for (unsigned i = 0; i < p->order; i++) {
			uint64_t at = *owner_of(c, (char *)page_virt(p) +
							   i * c->size);

			if (at != POISON * 0x0101010101010101UL)
				fn(c->size - 16U, at);
		}
	}
}

/* Frees pages [from, to) of the block at p, in the largest aligned pieces. */
static void free_pages(struct page *p, uint64_t from, uint64_t to)
{
	while (from < to) {
		unsigned k =
			from ? (unsigned)__builtin_ctzll(from) : PAGE_MAX_ORDER;

		while (from + (1UL << k) > to)
			k--;
		page_free(p + from, k);
		from += 1UL << k;
	}
}

static void *large_alloc(size_t n)
{
	uint64_t pages = page_up(n) >> PAGE_SHIFT;
	unsigned order = 0;
	struct page *p;

	while ((1UL << order) < pages)
		order++;
	p = page_alloc(order, PAGE_ZERO);
	if (!p)
		return NULL;
	free_pages(p, pages, 1UL << order);
	__atomic_fetch_add(&mm_nr_slab, pages, __ATOMIC_RELAXED);
	p->flags = PG_SLAB;
	p->private_ = pages;
	return page_virt(p);
}

void *kmalloc(size_t n)
{
	if (n <= MAX_OBJECT)
		return alloc_for(&caches[class_of[(n + 15) / 16]],
				 __builtin_return_address(0));
	if (n > MAX_KMALLOC)
		return NULL;
	return large_alloc(n);
}

void kfree(void *obj)
{
	struct page *p;

	if (!obj)
		return;
	p = page_of(virt_to_phys(obj));
	ensure(p && (p->flags & PG_SLAB));
	if (p->slab) {
		slab_free(p->slab, obj);
		return;
	}
	uint64_t pages = p->private_;

	ensure(obj == page_virt(p));
	__atomic_fetch_sub(&mm_nr_slab, pages, __ATOMIC_RELAXED);
	memset(p, 0, sizeof(*p));
	free_pages(p, 0, pages);
}
