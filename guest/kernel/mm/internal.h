/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h: what the files of mm/ know of each other.
 *
 * Order of locks: mm.lock, then pagecache.lock, then mm.pt_lock (spin), then
 * the allocators.  Nothing here is held over a call of a file system but
 * pagecache.lock, over pagecache_ops.
 */
#ifndef MM_INTERNAL_H
#define MM_INTERNAL_H

#include "kuni/fs.h"
#include "kuni/mm.h"

#define MMAP_MIN_ADDR  0x10000UL
#define STACK_GUARD    (256 * PAGE_SIZE)
#define MAX_MAP_COUNT  65530
#define FAULT_AROUND   16 /* pages, a power of two */
#define READ_AHEAD_MIN 4
#define READ_AHEAD_MAX 64 /* sequential reads, and write-back in one go */
#define READ_AROUND    16 /* a fault */
/* Areas whose pages are not counted by struct page. */
#define VMA_PFN (VMA_VDSO | VMA_VVAR)

/* ---- page.c ---- */
extern uint64_t mm_nr_cached, mm_nr_slab, mm_nr_shmem, mm_nr_dirty;
uint32_t page_number(const struct page *p);
struct page *page_by_number(uint32_t n);
uint64_t page_total(void);
/* Free memory that the host could have back: blocks of REPORT_ORDER and more;
 * from REPORT_MIN pages on it is worth a report. */
#define REPORT_ORDER 6
#define REPORT_MIN   256
extern uint64_t page_nr_kept;
extern struct waitq page_kept_wait;
struct page *page_kept_take(unsigned *order) MUST_CHECK;
void page_kept_put(struct page *p, unsigned order, bool given);
/* After much may have been freed; no spinlock is held. */
static inline void page_report(void)
{
	if (unlikely(__atomic_load_n(&page_nr_kept, __ATOMIC_RELAXED) >=
		     REPORT_MIN))
		wake_all(&page_kept_wait, 0);
}
uint64_t mm_kernel_size(void); /* image.c */
uint64_t mm_table_pages(void); /* fork.c */
void mm_setup(void);
uint64_t mm_rss_of(const struct mm *m);
void slab_init(void);
void pagecache_setup(void);
void area_setup(void);

/* ---- window.c ---- */
struct bootinfo;
extern struct window {
	paddr_t base;       /* [I] */
	uint64_t npages;    /* [I] 0: none */
	struct page *pages; /* [I] */
} mm_window;
void window_init(const struct bootinfo *bi);
bool window_take(struct page *p, uint32_t *live, bool store);
void window_release(struct page *p);
static inline bool window_has(const struct page *p)
{
	return (uint64_t)p - (uint64_t)mm_window.pages <
	       mm_window.npages * sizeof(*p);
}
/* User space may not store to it before the file system has said so. */
static inline bool page_readonly(const struct page *p)
{
	return (p->flags & (PG_WINDOW | PG_WSTORE)) == PG_WINDOW;
}

/* Page p of a cache, whose lock is held, is about to be mapped by v. */
static inline void code_mapped(const struct vma *v, struct page *p)
{
	if (!arch_translates || !(v->prot & PROT_X) || p->code)
		return;
	if (!(p->flags & PG_WINDOW))
		arch_page_touch(page_virt(p));
	p->code = 1;
}

/* ---- shm.c: shared anonymous memory ---- */
struct shm {
	uint32_t ref;           /* [a] areas */
	struct pagecache cache; /* memory only, without an inode */
};
int shm_create(struct shm **out) MUST_CHECK;
void shm_get(struct shm *s);
void shm_put(struct shm *s);

/* ---- vma.c: the map of areas; the caller holds mm.lock, and for file areas
 * the cache's lock too ---- */
struct vma *vma_prev(struct vma *v);
void vma_insert(struct mm *m, struct vma *v);
void vma_remove(struct mm *m, struct vma *v);
void vma_split(struct mm *m, struct vma *v, uint64_t at, struct vma *upper);
bool vma_can_merge(const struct vma *a, const struct vma *b);
struct vma *vma_merge(struct mm *m, struct vma *v, struct vma **dead);
void vma_resize(struct mm *m, struct vma *v, uint64_t start, uint64_t end);
void vma_change(struct mm *m, struct vma *v, uint32_t prot, uint32_t flags);
uint64_t vma_gap(struct mm *m, uint64_t len, uint64_t low, uint64_t high);
bool vma_overlaps(struct mm *m, uint64_t start, uint64_t end);

static inline uint64_t vma_pages(const struct vma *v)
{
	return (v->end - v->start) >> PAGE_SHIFT;
}

/* Page index in its cache of the page at addr. */
static inline uint64_t vma_index(const struct vma *v, uint64_t addr)
{
	return v->pgoff + ((addr - v->start) >> PAGE_SHIFT);
}

/* Where its pages come from; NULL: zero-filled. */
static inline struct pagecache *vma_cache(const struct vma *v)
{
	if (v->shm)
		return &v->shm->cache;
	return v->file ? &v->file->inode->cache : NULL;
}

/* ---- area.c: areas as objects, and ranges of them ---- */
struct vma *area_alloc(struct mm *m);
struct vma *area_clone(const struct vma *v, struct mm *m); /* with references */
void area_free(struct vma *v);         /* drops references; no lock held */
void area_free_list(struct vma *dead); /* the same, writes shared files back */
void area_lock(const struct vma *v);   /* cache.lock of file areas */
void area_unlock(const struct vma *v);
int area_split(struct mm *m, struct vma *v, uint64_t at) MUST_CHECK;
struct vma *area_merge(struct mm *m, struct vma *v, struct vma **dead);
/* Splits so that areas begin and end at start and end. */
int area_isolate(struct mm *m, uint64_t start, uint64_t end) MUST_CHECK;
/* Takes [start, end) out, pages first; areas are chained on *dead. */
int area_unmap(struct mm *m, uint64_t start, uint64_t end,
	       struct vma **dead) MUST_CHECK;
bool area_covered(struct mm *m, uint64_t start, uint64_t end);
/* Less is free than the n-th part of what user data leaves to the kernel. */
bool page_is_low(unsigned n);
/* Room under RLIMIT_AS and RLIMIT_DATA for pages more. */
int area_limits(const struct mm *m, uint64_t pages, uint32_t prot,
		uint32_t flags) MUST_CHECK;
bool area_may_lock(const struct mm *m, uint64_t pages); /* RLIMIT_MEMLOCK */
long area_place(struct mm *m, uint64_t len);            /* address or -ENOMEM */
int area_set_flags(struct mm *m, uint64_t start, uint64_t end, uint32_t set,
		   uint32_t clear) MUST_CHECK;
bool range_ok(uint64_t addr, uint64_t len); /* user space, no wrap */
bool rss_private(const struct vma *v);      /* counts against RLIMIT_DATA */

/* ---- gather.c: page table ranges ---- */
/* Unmaps [start, end) of v, flushes, drops the pages' references. */
void pt_zap(struct mm *m, struct vma *v, uint64_t start, uint64_t end);
/* The same for an address space that nobody runs in. */
void pt_zap_dead(struct mm *m, struct vma *v);
/* Applies v's protection to what is mapped, without adding write. */
void pt_protect(struct mm *m, struct vma *v, uint64_t start, uint64_t end);
/* Takes write permission away; true where some page had it. */
bool pt_clean(struct mm *m, uint64_t start, uint64_t end);
int pt_move(struct mm *m, uint64_t from, uint64_t to, uint64_t len) MUST_CHECK;
unsigned pt_prot(const struct vma *v, bool write);
static inline void rss_add(struct mm *m, int64_t n)
{
	if (n < 0)
		m->maxrss = max(m->maxrss, m->rss); /* near, under a race */
	__atomic_fetch_add(&m->rss, (uint64_t)n, __ATOMIC_RELAXED);
}

/* ---- fault.c ---- */
enum fault_result {
	FAULT_OK,
	FAULT_IO, /* io_file's page io_index has to be read, or made ready
		   * for stores; lock dropped */
	FAULT_MAPERR,
	FAULT_ACCERR,
	FAULT_BUS,
	FAULT_NOMEM,
};
struct fault {
	struct mm *mm;
	uint64_t addr; /* page aligned */
	unsigned access;
	struct vma *v;        /* valid under mm.lock */
	struct file *io_file; /* FAULT_IO: reference */
	uint64_t io_index;
	bool io_store;
	struct page *held; /* read for us, kept from eviction */
	bool major;
	bool force; /* fault_force(): the page was reached */
	void *buf;  /* fault_force(): bytes to copy, at addr + at */
	size_t at, len;
};
enum fault_result fault_force(struct fault *f);
/* Makes the page at f->addr accessible; the caller holds no lock. */
enum fault_result fault_in(struct fault *f);
/* Faults all of [start, end) in, as access allows: 0, -ENOMEM, -EFAULT. */
int fault_range(struct mm *m, uint64_t start, uint64_t end) MUST_CHECK;
int fault_range_for(struct mm *m, uint64_t start, uint64_t end,
		    unsigned access) MUST_CHECK;
enum fault_result fault_file(struct fault *f); /* fault_file.c */
enum fault_result fault_write_shared(struct fault *f, struct page *p);
enum fault_result fault_map(struct fault *f, struct page *p, bool write);

/* ---- pagecache.c: the caller holds cache.lock ---- */
#define NODE_PAGES 32
struct cache_node {
	RB_ENTRY(cache_node) node;
	uint64_t base;        /* index of slot[0], a multiple of NODE_PAGES */
	uint32_t used, dirty; /* bit per slot */
	struct page *slot[NODE_PAGES];
};
struct page *cache_find(struct pagecache *c, uint64_t index);
uint64_t cache_shrink_locked(struct pagecache *c, uint64_t want);
int cache_insert(struct pagecache *c, uint64_t index,
		 struct page *p) MUST_CHECK;
struct page *cache_remove(struct pagecache *c, struct cache_node *n,
			  unsigned i);
struct cache_node *cache_node_from(struct pagecache *c, uint64_t index);
struct cache_node *cache_node_next(struct cache_node *n);
void cache_node_trim(struct pagecache *c, struct cache_node *n);
void cache_set_dirty(struct pagecache *c, struct page *p);
void cache_clear_dirty(struct pagecache *c, struct page *p);
enum cache_get {
	CACHE_GET,
	CACHE_CREATE = 1,
	CACHE_AROUND = 2,
	CACHE_STORE = 4
};
/* With a reference; CACHE_CREATE: see pagecache_get(); CACHE_AROUND: a miss
 * reads what surrounds the page, for mappings; CACHE_STORE: a page of the
 * window will be stored to by user space. */
int cache_get_locked(struct pagecache *c, uint64_t index, unsigned how,
		     struct page **out) MUST_CHECK;
uint64_t cache_pages(const struct pagecache *c); /* up to the end of file */
int cache_sync_locked(struct pagecache *c, uint64_t first,
		      uint64_t last) MUST_CHECK;
void cache_list(struct pagecache *c); /* pagecache_shrink.c */
void cache_unlist(struct pagecache *c);
/* pagecache_map.c */
void cache_unmap(struct pagecache *c, uint64_t first, uint64_t last);
void cache_write_protect(struct pagecache *c, uint64_t first, uint64_t last);

#endif
