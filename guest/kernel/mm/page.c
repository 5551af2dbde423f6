/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page.c: physical pages.
 *
 * Four stocks, asked in this order: the CPU's own list of single pages (no
 * lock, interrupts off), the buddy lists of what was used and freed, those of
 * what the host was given back since (report.c), and the virgin extents: RAM that nobody touched since the machine began, known to be
 * zero, from whose low end blocks are cut.  Recycled pages come first, so that
 * the host has to back as little RAM as possible.
 *
 * Start-up costs nothing in proportion to RAM: struct page of untouched memory
 * is all-zero and valid (not PG_FREE, so nothing merges with it), and the array
 * of them is cut from the end of the largest extent without being written.
 *
 * Pages are numbered densely over the regions of RAM; a block never crosses a
 * region and is aligned to its size in physical memory.
 *
 * Locks: zone.lock (RANK_PAGE), under the spinlocks of everybody.
 */
#include "kuni/mm.h"

#include <string.h>

#include "bootinfo.h"
#include "kuni/klog.h"
#include "kuni/task.h"
#include "layout.h"
#include "internal.h"

#define POISON       0x6bUL
#define PCP_BATCH    16
#define PCP_HIGH     64
#define MAX_EXTENTS  32
#define RESERVE_PART 128 /* of RAM, for the kernel alone, in pages */
#define RESERVE_MIN  64UL
#define RESERVE_MAX  2048UL
#define BOOT_LOW_END 0x100000UL /* dirty or the boot's below it */

struct region {
	uint64_t base, end; /* physical, page aligned */
	uint64_t first;     /* number of its first page */
};
struct extent {
	uint64_t base, end;
};

static struct {
	struct spinlock lock;
	struct page *pages; /* [I] */
	uint64_t npages;    /* [I] */
	unsigned nregion, nextent;
	struct region region[BOOT_MAX_REGIONS]; /* [I] ascending */
	struct extent extent[MAX_EXTENTS];      /* [lock] untouched RAM */
	uint32_t head[2][PAGE_MAX_ORDER + 1];   /* [lock] page number + 1 */
	uint64_t nfree;   /* [lock] pages in head[] and extent[] */
	uint64_t reserve; /* [I] what user data leaves of nfree */
} zone = { .lock = { .rank = RANK_PAGE } };

/* [o] with interrupts off; read by mm_stats() from anywhere */
static struct pcp {
	uint32_t used, zero; /* heads, page number + 1 */
	uint32_t nused, nzero;
} pcp[KUNI_MAX_CPUS] __attribute__((aligned(64)));

uint64_t page_nr_kept; /* written under zone.lock, read without */
struct waitq page_kept_wait;
uint64_t mm_nr_cached, mm_nr_slab, mm_nr_shmem, mm_nr_dirty; /* [a] */

/* Dense numbers of pages: what fits a link. */
uint32_t page_number(const struct page *p)
{
	return (uint32_t)(p - zone.pages);
}

struct page *page_by_number(uint32_t n)
{
	return &zone.pages[n];
}

static struct page *page_at(uint32_t link)
{
	return &zone.pages[link - 1];
}

static const struct region *region_of(uint64_t number)
{
	unsigned i = zone.nregion - 1;

	while (i && number < zone.region[i].first)
		i--;
	return &zone.region[i];
}

/* The descriptor of the page that holds pa; NULL: neither RAM nor window. */
struct page *page_of(paddr_t pa)
{
	for (unsigned i = 0; i < zone.nregion; i++) {
		const struct region *r = &zone.region[i];

		if (pa >= r->base && pa < r->end)
			return &zone.pages[r->first +
					   ((pa - r->base) >> PAGE_SHIFT)];
	}
	if (pa - mm_window.base < mm_window.npages << PAGE_SHIFT)
		return &mm_window.pages[(pa - mm_window.base) >> PAGE_SHIFT];
	return NULL;
}

static paddr_t ram_paddr(const struct page *p)
{
	uint64_t n = (uint64_t)(p - zone.pages);
	const struct region *r = region_of(n);

	return r->base + ((n - r->first) << PAGE_SHIFT);
}

paddr_t page_paddr(const struct page *p)
{
	if (unlikely(window_has(p)))
		return mm_window.base +
		       ((uint64_t)(p - mm_window.pages) << PAGE_SHIFT);
	return ram_paddr(p);
}

/* The list of free blocks like p, and what they count as. */
static uint32_t *list_of(const struct page *p, unsigned order)
{
	return &zone.head[!!(p->flags & PG_GIVEN)][order];
}

static void count_kept(const struct page *p, unsigned order, int sign)
{
	if (order >= REPORT_ORDER && !(p->flags & PG_GIVEN))
		__atomic_store_n(&page_nr_kept,
				 page_nr_kept + (uint64_t)(sign * (1 << order)),
				 __ATOMIC_RELAXED);
}

static void list_push(struct page *p, unsigned order, bool given)
{
	uint32_t me = page_number(p) + 1, *head, old;

	p->flags = given ? PG_FREE | PG_GIVEN : PG_FREE;
	head = list_of(p, order);
	old = *head;
	p->order = (uint8_t)order;
	p->next = old;
	p->prev = 0;
	if (old)
		page_at(old)->prev = me;
	*head = me;
	count_kept(p, order, 1);
}

static void list_remove(struct page *p)
{
	count_kept(p, p->order, -1);
	if (p->prev)
		page_at(p->prev)->next = p->next;
	else
		*list_of(p, p->order) = p->next;
	if (p->next)
		page_at(p->next)->prev = p->prev;
	p->flags = 0;
	p->next = p->prev = 0;
}

/* The block beside p of the same order, where all of it is RAM. */
static struct page *buddy_of(struct page *p, unsigned order)
{
	const struct region *r = region_of(page_number(p));
	uint64_t pa = ram_paddr(p) ^ (PAGE_SIZE << order);

	if (pa < r->base || pa + (PAGE_SIZE << order) > r->end)
		return NULL;
	return &zone.pages[r->first + ((pa - r->base) >> PAGE_SHIFT)];
}

/* A block stays given where both halves are. */
static void buddy_free(struct page *p, unsigned order, bool given)
{
	zone.nfree += 1UL << order;
	while (order < PAGE_MAX_ORDER) {
		struct page *b = buddy_of(p, order);

		if (!b || !(b->flags & PG_FREE) || b->order != order)
			break;
		given = given && b->flags & PG_GIVEN;
		list_remove(b);
		if (b < p)
			p = b;
		order++;
	}
	list_push(p, order, given);
}

/* Of the blocks that the host still backs, or of those that it has back. */
static struct page *buddy_alloc(unsigned order, bool given)
{
	unsigned k = order;
	struct page *p;

	while (k <= PAGE_MAX_ORDER && !zone.head[given][k])
		k++;
	if (k > PAGE_MAX_ORDER)
		return NULL;
	p = page_at(zone.head[given][k]);
	list_remove(p);
	while (k > order) {
		k--;
		list_push(p + (1UL << k), k, given);
	}
	zone.nfree -= 1UL << order;
	return p;
}

/* Debug builds: what is free, but for what nobody has touched, holds POISON. */
static void poison(const struct page *p, unsigned order)
{
	if (KUNI_DEBUG)
		memset(page_virt(p), POISON, PAGE_SIZE << order);
}

/* A page that the host has had meanwhile reads as zero, all of it. */
static void check_poison(const struct page *p, unsigned order)
{
	const uint64_t *w = page_virt(p),
		       poisoned = POISON * 0x0101010101010101;
	const uint64_t words = PAGE_SIZE / sizeof(*w);

	for (uint64_t i = 0; i < words << order; i++) {
		uint64_t want = w[i / words * words] ? poisoned : 0;

		if (w[i] != want)
			panic("page %#lx written after free at +%lu: %#lx",
			      page_paddr(p), i * sizeof(*w), w[i]);
	}
}

/* Cuts an aligned block from the low end of an untouched extent; what the
 * alignment leaves over goes to the buddy lists. */
static struct page *virgin_alloc(unsigned order)
{
	uint64_t size = PAGE_SIZE << order;

	for (unsigned i = 0; i < zone.nextent; i++) {
		struct extent *e = &zone.extent[i];
		uint64_t at = (e->base + size - 1) & ~(size - 1);

		if (e->end < size || at > e->end - size)
			continue;
		while (e->base < at) {
			zone.nfree--; /* buddy_free() counts it again */
			poison(page_of(e->base), 0);
			buddy_free(page_of(e->base), 0, false);
			e->base += PAGE_SIZE;
		}
		e->base += size;
		zone.nfree -= 1UL << order;
		return page_of(at);
	}
	return NULL;
}

/* The caller's interrupts may be on: what is read may be a moment old. */
bool page_is_low(unsigned n)
{
	const struct pcp *c = &pcp[this_cpu()->id];

	return __atomic_load_n(&zone.nfree, __ATOMIC_RELAXED) + c->nused +
		       c->nzero <
	       zone.reserve / n;
}

/* zone.lock held, after something was taken: whoever took it from the reserve
 * sees to that before it runs in user mode again. */
static void note_low(void)
{
	if (unlikely(zone.nfree < zone.reserve) && current &&
	    !this_cpu()->in_irq)
		current->mem_low = true;
}

static struct page *zone_alloc(unsigned order, bool *zero)
{
	struct page *p;

	spin_lock(&zone.lock);
	p = buddy_alloc(order, false);
	if (!p)
		p = buddy_alloc(order, true);
	*zero = !p;
	if (!p)
		p = virgin_alloc(order);
	note_low();
	spin_unlock(&zone.lock);
	return p;
}

static void pcp_push(uint32_t *head, uint32_t *n, struct page *p)
{
	p->next = *head;
	*head = page_number(p) + 1;
	++*n;
}

static struct page *pcp_pop(uint32_t *head, uint32_t *n)
{
	struct page *p = page_at(*head);

	*head = p->next;
	p->next = 0;
	--*n;
	return p;
}

/* A batch of single pages from the zone; the caller's interrupts are off. */
static void pcp_refill(struct pcp *c)
{
	spin_lock(&zone.lock);
	for (int i = 0; i < PCP_BATCH; i++) {
		struct page *p = buddy_alloc(0, false);

		if (!p)
			p = buddy_alloc(0, true);
		if (!p)
			break;
		pcp_push(&c->used, &c->nused, p);
	}
	for (int i = 0; !c->nused && i < PCP_BATCH; i++) {
		struct page *p = virgin_alloc(0);

		if (!p)
			break;
		pcp_push(&c->zero, &c->nzero, p);
	}
	note_low();
	spin_unlock(&zone.lock);
}

static void pcp_drain(struct pcp *c, uint32_t keep)
{
	spin_lock(&zone.lock);
	while (c->nused > keep)
		buddy_free(pcp_pop(&c->used, &c->nused), 0, false);
	spin_unlock(&zone.lock);
}

/* All of this CPU's pages, so that they can merge to blocks. */
static void pcp_drain_all(void)
{
	struct pcp *c;

	irq_push_off();
	c = &pcp[this_cpu()->id];
	pcp_drain(c, 0);
	spin_lock(&zone.lock);
	while (c->nzero) {
		struct page *p = pcp_pop(&c->zero, &c->nzero);

		poison(p, 0);
		buddy_free(p, 0, false);
	}
	spin_unlock(&zone.lock);
	irq_pop_off();
}

static struct page *pcp_alloc(bool *zero, bool want_zero)
{
	struct page *p = NULL;
	struct pcp *c;

	irq_push_off();
	c = &pcp[this_cpu()->id];
	if (!c->nused && !c->nzero)
		pcp_refill(c);
	*zero = c->nzero && (want_zero || !c->nused);
	if (*zero)
		p = pcp_pop(&c->zero, &c->nzero);
	else if (c->nused)
		p = pcp_pop(&c->used, &c->nused);
	irq_pop_off();
	return p;
}

static struct page *take(unsigned order, bool *zero, unsigned flags)
{
	struct page *p;

	if (flags & PAGE_USER && page_is_low(1) && !signal_fatal_pending())
		return NULL;
	if (order == 0)
		return pcp_alloc(zero, flags & PAGE_ZERO);
	p = zone_alloc(order, zero);
	if (!p) {
		pcp_drain_all();
		p = zone_alloc(order, zero);
	}
	return p;
}

/* 2^order contiguous pages with reference 1, or NULL.  May be called under
 * spinlocks and in interrupts; where it may, it first takes clean pages back
 * from the page cache. */
struct page *page_alloc(unsigned order, unsigned flags)
{
	bool zero = false;
	struct page *p;

	ensure(order <= PAGE_MAX_ORDER);
	p = take(order, &zero, flags);
	if (!p && !(flags & PAGE_ATOMIC) && arch_irq_is_on() &&
	    pagecache_shrink(PCP_HIGH + (2UL << order)))
		p = take(order, &zero, flags);
	if (!p)
		return NULL;
	if (KUNI_DEBUG && !zero)
		check_poison(p, order);
	if ((flags & PAGE_ZERO) && !zero)
		arch_pages_clear(page_virt(p), order);
	memset(p, 0, sizeof(*p));
	p->ref = 1;
	return p;
}

void page_get(struct page *p)
{
	uint32_t old = __atomic_fetch_add(&p->ref, 1, __ATOMIC_RELAXED);

	if (KUNI_DEBUG)
		ensure(old != 0);
}

/* A reference of a page that a page table shows, under its pt_lock.  The pages
 * of the kernel's image (the vDSO) are mapped without one: their first is two,
 * of which one stays. */
void page_get_mapped(struct page *p)
{
	uint32_t none = 0;

	if (!__atomic_compare_exchange_n(&p->ref, &none, 2, false,
					 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		page_get(p);
}

/* Drops a reference of a single page and frees it with the last one. */
void page_put(struct page *p)
{
	uint32_t old = __atomic_fetch_sub(&p->ref, 1, __ATOMIC_ACQ_REL);

	ensure(old != 0);
	if (old != 1)
		return;
	if (unlikely(p->flags & PG_WINDOW))
		window_release(p);
	else
		page_free(p, 0);
}

/* Gives a block back whatever its reference count says. */
void page_free(struct page *p, unsigned order)
{
	struct pcp *c;

	ensure(!(p->flags & (PG_FREE | PG_RESERVED | PG_WINDOW)));
	memset(p, 0, sizeof(*p));
	poison(p, order);
	if (order) {
		spin_lock(&zone.lock);
		buddy_free(p, order, false);
		spin_unlock(&zone.lock);
		return;
	}
	irq_push_off();
	c = &pcp[this_cpu()->id];
	pcp_push(&c->used, &c->nused, p);
	if (c->nused > PCP_HIGH)
		pcp_drain(c, PCP_HIGH / 2);
	irq_pop_off();
}

/* Takes a free block of REPORT_ORDER or more out that the host still backs, of
 * at most a quarter of what is free; NULL: there is none. */
struct page *page_kept_take(unsigned *order)
{
	struct page *p = NULL;
	int k = PAGE_MAX_ORDER;

	spin_lock(&zone.lock);
	while (k >= REPORT_ORDER && (!zone.head[0][k] || 4UL << k > zone.nfree))
		k--;
	if (k >= REPORT_ORDER) {
		p = page_at(zone.head[0][k]);
		list_remove(p);
		zone.nfree -= 1UL << k;
		*order = (unsigned)k;
	}
	spin_unlock(&zone.lock);
	return p;
}

/* Puts it back; given: the host has it. */
void page_kept_put(struct page *p, unsigned order, bool given)
{
	spin_lock(&zone.lock);
	buddy_free(p, order, given);
	spin_unlock(&zone.lock);
}

/* Pages of RAM. */
uint64_t page_total(void)
{
	return zone.npages;
}

/* Numbers of pages, for /proc/meminfo and sysinfo(2). */
void mm_stats(struct mm_stats *out)
{
	uint64_t n;

	spin_lock(&zone.lock);
	n = zone.nfree;
	spin_unlock(&zone.lock);
	for (unsigned i = 0; i < KUNI_MAX_CPUS; i++)
		n += pcp[i].nused + pcp[i].nzero;
	*out = (struct mm_stats){
		.total = zone.npages,
		.free = n,
		.cached = __atomic_load_n(&mm_nr_cached, __ATOMIC_RELAXED),
		.slab = __atomic_load_n(&mm_nr_slab, __ATOMIC_RELAXED),
		.tables = mm_table_pages(),
		.shmem = __atomic_load_n(&mm_nr_shmem, __ATOMIC_RELAXED),
		.dirty = __atomic_load_n(&mm_nr_dirty, __ATOMIC_RELAXED),
	};
}

/* Takes [base, end) out of the extents. */
static void extent_reserve(uint64_t base, uint64_t end)
{
	for (unsigned i = 0; i < zone.nextent; i++) {
		struct extent *e = &zone.extent[i];
		struct extent rest = { end, e->end };

		if (base >= e->end || end <= e->base)
			continue;
		if (base > e->base) {
			e->end = base;
			if (rest.base < rest.end && zone.nextent < MAX_EXTENTS)
				zone.extent[zone.nextent++] = rest;
		} else if (rest.base < rest.end) {
			e->base = rest.base;
		} else {
			*e = zone.extent[--zone.nextent];
			i--;
		}
	}
}

/* No extent crosses at. */
static void extent_split(uint64_t at)
{
	for (unsigned i = 0; i < zone.nextent; i++) {
		struct extent *e = &zone.extent[i];

		if (e->base >= at || e->end <= at ||
		    zone.nextent == MAX_EXTENTS)
			continue;
		zone.extent[zone.nextent++] = (struct extent){ at, e->end };
		e->end = at;
	}
}

static void region_add(uint64_t base, uint64_t end)
{
	unsigned i = zone.nregion;

	base = page_up(base);
	end = page_down(end);
	if (base >= end)
		return;
	for (; i && zone.region[i - 1].base > base; i--)
		zone.region[i] = zone.region[i - 1];
	zone.region[i] = (struct region){ .base = base, .end = end };
	zone.nregion++;
	zone.extent[zone.nextent++] = (struct extent){ base, end };
}

/* Cuts the array of struct page from the end of the largest extent. */
static void carve_array(void)
{
	uint64_t bytes = page_up(zone.npages * sizeof(struct page));
	struct extent *best = &zone.extent[0];

	for (unsigned i = 1; i < zone.nextent; i++)
		if (zone.extent[i].end - zone.extent[i].base >
		    best->end - best->base)
			best = &zone.extent[i];
	ensure(zone.nextent && best->end - best->base > bytes);
	best->end -= bytes;
	zone.pages = phys_to_virt(best->end);
}

/* In which order extents are used: what is left of BOOT_AREA, which the host may
 * back with one page; what a small program needs, page by page; RAM that the
 * host may back with large pages, since who needs more will need much; the rest. */
static unsigned extent_rank(const struct extent *e)
{
	if (e->base >= BOOT_AREA_GPA && e->end <= BOOT_AREA_END)
		return 0;
	if (e->base >= BOOT_AREA_END && e->end <= FIRST_RAM_END)
		return 1;
	return e->base >= SMALL_RAM_END ? 2 : 3;
}

/* The larger first: the small ones stay whole until it is used up. */
static bool extent_before(const struct extent *a, const struct extent *b)
{
	unsigned ra = extent_rank(a), rb = extent_rank(b);

	return ra != rb ? ra < rb : a->end - a->base > b->end - b->base;
}

static void order_extents(void)
{
	extent_split(BOOT_AREA_END);
	extent_split(FIRST_RAM_END);
	extent_split(SMALL_RAM_END);
	for (unsigned i = 1; i < zone.nextent; i++) {
		struct extent e = zone.extent[i];
		unsigned k = i;

		for (; k && extent_before(&e, &zone.extent[k - 1]); k--)
			zone.extent[k] = zone.extent[k - 1];
		zone.extent[k] = e;
	}
}

/* Learns RAM from bi.  Touches nothing but its own few words.  Reserved are
 * the first MiB, the kernel image, the boot's tables, bi itself and the launch
 * description. */
void page_init(const struct bootinfo *bi)
{
	uint64_t image_end = KERNEL_GPA + mm_kernel_size();
	uint64_t info = virt_to_phys(bi);

	for (unsigned i = 0; i < bi->nregion && i < BOOT_MAX_REGIONS; i++)
		region_add(bi->region[i].base,
			   bi->region[i].base + bi->region[i].len);
	for (unsigned i = 0; i < zone.nregion; i++) {
		struct region *r = &zone.region[i];

		r->first = zone.npages;
		zone.npages += (r->end - r->base) >> PAGE_SHIFT;
	}
	waitq_init(&page_kept_wait);
	window_init(bi);
	extent_reserve(0, BOOT_LOW_END);
	extent_reserve(KERNEL_GPA, page_up(image_end));
	extent_reserve(BOOT_TABLES_GPA, BOOT_AREA_END);
	extent_reserve(page_down(info), page_up(info + sizeof(*bi)));
	if (bi->launch_len)
		extent_reserve(page_down(bi->launch_gpa),
			       page_up(bi->launch_gpa + bi->launch_len));
	carve_array();
	order_extents();
	for (unsigned i = 0; i < zone.nextent; i++)
		zone.nfree += (zone.extent[i].end - zone.extent[i].base) >>
			      PAGE_SHIFT;
	zone.reserve =
		max(min(zone.npages / RESERVE_PART, RESERVE_MAX), RESERVE_MIN);
}
