/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mm.h: physical pages, objects, address spaces, the page cache.
 *
 * struct page is valid when all-zero, so that the array needs no set-up: the
 * allocator carves pages from the untouched end of RAM, which the host gives
 * zeroed, before it needs to look at any.
 */
#ifndef KUNI_MM_H
#define KUNI_MM_H

#include <sys/queue.h>
#include <sys/tree.h>

#include "kuni/arch.h"
#include "kuni/lock.h"
#include "kuni/sched.h"

/* ---- pages (mm/page.c): buddy ---- */

#define PAGE_MAX_ORDER 10
struct pagecache;
struct page {
	uint32_t ref;  /* [a] */
	uint8_t order; /* of a free block */
	uint8_t flags; /* PG_* */
	uint16_t mapcount_hint : 15;
	uint16_t code : 1; /* of a cache: its code may run (code_mapped()) */
	union {
		struct { /* free: buddy links, page numbers + 1 */
			uint32_t next, prev;
		};
		struct { /* page cache */
			struct pagecache *cache;
			uint64_t index;
		};
		struct { /* slab */
			void *slab;
			void *freelist;
		};
	};
	uint64_t private_;
};
#define PG_FREE     1
#define PG_SLAB     2
#define PG_CACHE    4
#define PG_DIRTY    8
#define PG_UPTODATE 16
#define PG_WINDOW   32 /* not RAM: a page of the DAX window (mm/window.c) */
#define PG_WSTORE   64 /* user space may store to a PG_WINDOW page */
#define PG_RESERVED 128
#define PG_GIVEN    PG_DIRTY /* of a PG_FREE block: the host has it back */

/* PAGE_USER: a program's data, which leaves the last pages to the kernel; the
 * caller answers NULL with mm_make_room(). */
enum page_flags { PAGE_ANY = 0, PAGE_ZERO = 1, PAGE_ATOMIC = 2, PAGE_USER = 4 };
/* 2^order pages with ref 1, NULL: none left (the caller returns -ENOMEM).
 * PAGE_ZERO: zero-filled (free for untouched RAM). */
struct page *page_alloc(unsigned order, unsigned flags) MUST_CHECK;
void page_get(struct page *p);
void page_get_mapped(struct page *p); /* what a page table shows */
void page_put(struct page *p);        /* frees at 0 (order 0 pages) */
void page_free(struct page *p, unsigned order);
struct page *page_of(paddr_t pa); /* NULL: neither RAM nor window */
paddr_t page_paddr(const struct page *p);
static inline void *page_virt(const struct page *p)
{
	return phys_to_virt(page_paddr(p));
}
struct mm_stats {
	uint64_t total, free, cached, slab, tables; /* pages */
	uint64_t shmem, dirty; /* of cached: memory itself, to be written */
};
void mm_stats(struct mm_stats *out);
void page_report_run(void); /* report.c */
void page_init(const struct bootinfo *bi);

/* ---- the DAX window (mm/window.c) ---- */

uint64_t window_pages(void); /* 0: there is none */
struct page *window_page(uint64_t n);
/* Pages of a file that stand in the window. */
struct window_run {
	struct page *page; /* the first */
	uint64_t index;    /* of it in the file */
	unsigned n;
	uint32_t *live; /* [a] how many of them somebody has */
	bool store;     /* user space may store to them */
};

/* ---- objects (mm/slab.c) ---- */

/* Zero-filled; NULL where memory ran out.  Any size up to 4 MiB. */
void *kmalloc(size_t n) MUST_CHECK;
void kfree(void *obj); /* NULL is fine */
struct slab_cache;
struct slab_cache *slab_create(const char *name, size_t size);
struct slab_view { /* of a cache: pages of a slab, slabs, objects in use */
	const char *name;
	unsigned size, per_slab, pages;
	uint64_t slabs, used;
};
bool slab_look(unsigned n, struct slab_view *v);
void slab_owners(void (*fn)(unsigned size, uint64_t caller));
void *slab_alloc(struct slab_cache *c) MUST_CHECK; /* zero-filled */
void slab_free(struct slab_cache *c, void *obj);
/* A kernel stack with a guard page below; top address, or 0. */
#define KSTACK_SIZE 16384UL
extern uint64_t mm_nr_stack; /* [a] pages of stacks, kept ones as well */
uint64_t kstack_alloc(void) MUST_CHECK;
void kstack_free(uint64_t top);

/* ---- the page cache of an inode (mm/pagecache.c) ---- */

struct inode;
struct pagecache_ops {
	/* Fills pages[0..n), consecutive from index; zero behind the end of
	 * file.  Marks each PG_UPTODATE.  Negative errno. */
	int (*read)(struct inode *i, uint64_t index, struct page **pages,
		    unsigned n);
	/* The run of the window that shows page index, for user stores where
	 * asked: 1, or 0: use read.  NULL: never. */
	int (*map)(struct inode *i, uint64_t index, bool store,
		   struct window_run *out);
	/* Writes n consecutive dirty pages back; the size rules the last. */
	int (*write)(struct inode *i, uint64_t index, struct page **pages,
		     unsigned n);
};
RB_HEAD(page_tree, cache_node);
struct pagecache {
	struct mutex lock;
	struct page_tree pages;  /* [lock] */
	uint64_t npages, ndirty; /* [lock] */
	const struct pagecache_ops
		*ops;              /* [I] NULL: memory only (tmpfs, shm) */
	struct inode *inode;       /* [I] */
	struct cache_node *hint;   /* [lock] node of the last look-up */
	uint64_t data_end;         /* [lock] end of what was written to it */
	uint64_t ra_next;          /* [lock] read-ahead: next expected index */
	unsigned ra_window;        /* [lock] pages */
	LIST_HEAD(, vma) mappings; /* [lock] shared and private file areas */
	TAILQ_ENTRY(pagecache) all_link; /* of mm/pagecache_shrink.c */
	bool listed, pinned;
};
void pagecache_init(struct pagecache *c, struct inode *i,
		    const struct pagecache_ops *ops);
/* Drops every page (writing none). */
void pagecache_fini(struct pagecache *c);
/* The page at index, filled, with a reference; create: a missing page of a
 * memory-only cache is made, zeroed (else NULL in *out: a hole). */
int pagecache_get(struct pagecache *c, uint64_t index, bool create,
		  struct page **out) MUST_CHECK;
/* Copies; used by file_read/file_write of cached inodes. Bytes or errno.
 * read stops at size; write extends nothing (the caller sets the size). */
struct uio;
ssize_t pagecache_read(struct pagecache *c, struct uio *u, uint64_t pos,
		       uint64_t size);
/* -EAGAIN: the next page is the window's, which is not written to. */
ssize_t pagecache_write(struct pagecache *c, struct uio *u, uint64_t pos);
/* As pagecache_read(), but only what is there; -EAGAIN where nothing is. */
ssize_t pagecache_read_nowait(struct pagecache *c, struct uio *u, uint64_t pos,
			      uint64_t size);
/* The first byte at or after pos, before end, that is in a page (data) or in
 * a hole of a memory-only cache; end: none. */
uint64_t pagecache_seek(struct pagecache *c, uint64_t pos, uint64_t end,
			bool data);
/* Writes dirty pages of bytes [start, end) back. */
int pagecache_sync(struct pagecache *c, uint64_t start, uint64_t end);
/* Removes pages at and after size, zeroes the tail, unmaps user mappings. */
void pagecache_truncate(struct pagecache *c, uint64_t size);
/* Makes a hole of bytes [start, end): they read as zero afterwards. */
void pagecache_punch(struct pagecache *c, uint64_t start, uint64_t end);
/* Bytes that were written to the file past the cache: what it has of them in RAM
 * is updated.  They begin at pos % PAGE_SIZE in pages[0]. */
void pagecache_update(struct pagecache *c, struct page **pages, uint64_t pos,
		      size_t n);
/* Takes the window's pages [first, first + n) out, where nobody uses any of
 * them; the caller holds cache.lock. */
bool pagecache_drop_window(struct pagecache *c, uint64_t first,
			   uint64_t n) MUST_CHECK;
/* Drops clean pages that nobody maps: the file changed behind our back. */
void pagecache_invalidate(struct pagecache *c);
/* Marks p of its cache for write-back; takes cache.lock, p has a reference. */
void pagecache_dirty(struct page *p);
/* Frees clean pages that nobody maps; how many.  Never sleeps. */
uint64_t pagecache_shrink(uint64_t want);
/* The same after writing dirty ones back.  Sleeps; locks as mm_make_room(). */
uint64_t pagecache_reclaim(uint64_t want);

/* A run of bytes to or from user or kernel memory (lib/uio.c). */
struct uio_vec {
	uint64_t base;
	size_t len;
};
struct uio {
	const struct uio_vec *vec;
	unsigned nvec;
	size_t off;  /* in vec[0] */
	size_t left; /* bytes in all */
	bool user;   /* bases are uaddr_t; else kernel pointers */
	bool nowait; /* -EAGAIN rather than sleep, where file_ops.nowait */
	bool append; /* at the end of the file, as with O_APPEND */
};
void uio_user(struct uio *u, struct uio_vec *v, uaddr_t base, size_t len);
void uio_kernel(struct uio *u, struct uio_vec *v, void *base, size_t len);
/* The user's array of n struct iovec (lib/iovec.c): *v is kfree()d by the
 * caller, also after an error. */
int uio_from_user(struct uio *u, struct uio_vec **v, uaddr_t vec,
		  unsigned n) MUST_CHECK;
/* Bytes moved (less at a fault), -EFAULT where none could be. */
ssize_t uio_put(struct uio *u, const void *from, size_t n); /* to the uio */
ssize_t uio_get(struct uio *u, void *to, size_t n);         /* from it */
ssize_t uio_zero(struct uio *u, size_t n);

/* ---- address spaces ---- */

struct file;
struct vma {
	RB_ENTRY(vma) node;
	LIST_ENTRY(vma) mapping_link; /* pagecache.mappings, of file areas */
	struct vma *next_dead;        /* taken out of the tree, to be freed */
	struct mm *mm;
	/* start, end, pgoff: [mm.lock], and for file areas also [cache.lock] */
	uint64_t start, end; /* page aligned */
	uint32_t prot;       /* PROT_R/W/X now */
	uint32_t flags;      /* VMA_* */
	struct file *file;   /* reference; NULL: anonymous */
	uint64_t pgoff;      /* page index of start in file */
	struct shm *shm;     /* reference; not NULL: shared anonymous memory */
};
#define VMA_SHARED     1
#define VMA_GROWSDOWN  2
#define VMA_STACK      4
#define VMA_HEAP       8
#define VMA_VDSO       16
#define VMA_NORESERVE  32
#define VMA_MAYWRITE   64 /* a shared file opened for writing */
#define VMA_LOCKED     128
#define VMA_DONTFORK   256
#define VMA_VVAR       512
#define VMA_WIPEONFORK 1024
RB_HEAD(vma_tree, vma);

struct mm {
	uint32_t users; /* [a] tasks that run in it */
	struct mutex lock;
	struct arch_pt pt;
	struct spinlock pt_lock; /* page tables, inside lock and cache.lock */
	LIST_ENTRY(mm) all_link; /* of mm/fork.c */
	struct vma_tree vmas;    /* [lock] */
	uint64_t nvma, total_pages; /* [lock] */
	uint64_t data_pages,
		locked_pages;      /* [lock] for RLIMIT_DATA, _MEMLOCK */
	uint64_t gap_top, gap_max; /* [lock] of vma_gap() */
	uint32_t def_flags; /* [lock] VMA_LOCKED after mlockall(MCL_FUTURE) */
	uint64_t rss;       /* [a] pages mapped */
	uint64_t maxrss;    /* most that rss was before it shrank */
	uint64_t cids;      /* [a] concurrency ids in use: task/rseq.c */
	bool thp_disable;   /* prctl's; there are no huge pages */
	uint32_t barriers;  /* [a] what membarrier(2) was registered for */
	uint64_t brk_start, brk, mmap_top, stack_top;
	uint64_t arg_start, arg_end, env_start, env_end;
	uint64_t vdso;     /* base of the vDSO */
	struct file *exe;  /* reference, /proc/self/exe */
	uint64_t auxv[48]; /* as on the stack, for /proc/PID/auxv */
	uint64_t start_code, end_code, start_data, end_data;
};

/* Empty; mmap_top is set to a default that exec may change. */
int mm_create(struct mm **out) MUST_CHECK;
/* Copy-on-write copy of current's address space. */
int mm_fork(struct mm *from, struct mm **out) MUST_CHECK;
void mm_get(struct mm *m);
void mm_put(struct mm *m);
/* Kernel-internal mmap: Linux's PROT_* and MAP_* values; address or errno. */
long mm_map(struct mm *m, uint64_t addr, uint64_t len, int prot, int flags,
	    struct file *f, uint64_t off);
int mm_unmap(struct mm *m, uint64_t addr, uint64_t len) MUST_CHECK;
int mm_protect(struct mm *m, uint64_t addr, uint64_t len, int prot) MUST_CHECK;
/* Linux's brk(2): the break afterwards. */
uint64_t mm_brk(struct mm *m, uint64_t brk);
long mm_remap(struct mm *m, uint64_t addr, uint64_t old_len, uint64_t new_len,
	      int flags, uint64_t new_addr);
int mm_advise(struct mm *m, uint64_t addr, uint64_t len, int advice) MUST_CHECK;
/* Gives back the private memory of m, whose tasks are all to die. */
void mm_release_dying(struct mm *m);
enum mm_lock_how { MM_UNLOCK, MM_LOCK, MM_LOCK_ONFAULT };
int mm_lock_pages(struct mm *m, uint64_t addr, uint64_t len,
		  enum mm_lock_how how) MUST_CHECK;
int mm_lock_all(struct mm *m, int flags) MUST_CHECK; /* MCL_*; 0 unlocks */
int mm_sync(struct mm *m, uint64_t addr, uint64_t len, int flags) MUST_CHECK;
/* One byte a page into vec[]: 1 resident; -ENOMEM at a hole. */
int mm_incore(struct mm *m, uint64_t addr, unsigned n, uint8_t *vec) MUST_CHECK;
/* Memory ran out for user data: clean pages, then write-back, then somebody
 * dies.  True where the caller should try again, false where it is to die or
 * has tried long enough.  Sleeps; the caller may hold locks of files, none of
 * an address space or of a page cache. */
bool mm_make_room(unsigned try);
/* On the way to user mode, after the kernel took from its reserve. */
void mm_balance(void);
extern bool oom_killed_init; /* pid 1 was it: for the launch report */
/* A user fault of the current task: 0, or the signal: *signo, *code set and
 * -EFAULT; -ENOMEM after OOM. */
int mm_fault(struct mm *m, uint64_t addr, unsigned access, int *signo,
	     int *code) MUST_CHECK;
/* Makes [addr, addr+len) of m readable/writable by the kernel through the
 * direct map, page by page (for exec's stack, ptrace, /proc/PID/mem).
 * Copies; bytes done or errno. */
ssize_t mm_access(struct mm *m, uint64_t addr, void *buf, size_t len,
		  bool write);
/* The same, whatever the areas' protection says, for debuggers: a store to a
 * private area makes a copy; to a shared one it needs the right to write. */
ssize_t mm_access_force(struct mm *m, uint64_t addr, void *buf, size_t len,
			bool write);
/* The physical identity of a user word, for shared futexes: page and offset;
 * takes no reference. 0 or -EFAULT. */
int mm_futex_key(struct mm *m, uaddr_t at, bool shared,
		 uint64_t key[2]) MUST_CHECK;
static inline uint64_t mm_maxrss(const struct mm *m)
{
	return max(m->maxrss, m->rss);
}
struct vma *mm_find(struct mm *m, uint64_t addr); /* area with end > addr */
struct vma *mm_next(struct vma *v);
int mm_map_vdso(struct mm *m) MUST_CHECK; /* sets m->vdso */
/* Linux's values, for callers inside the kernel */
#define LX_PROT_READ           1
#define LX_PROT_WRITE          2
#define LX_PROT_EXEC           4
#define LX_MAP_SHARED          1
#define LX_MAP_PRIVATE         2
#define LX_MAP_FIXED           0x10
#define LX_MAP_ANONYMOUS       0x20
#define LX_MAP_GROWSDOWN       0x100
#define LX_MAP_TYPE            0x0f
#define LX_MAP_SHARED_VALIDATE 3
#define LX_MAP_32BIT           0x40
#define LX_MAP_LOCKED          0x2000
#define LX_MAP_NORESERVE       0x4000
#define LX_MAP_POPULATE        0x8000
#define LX_MAP_NONBLOCK        0x10000
#define LX_MAP_STACK           0x20000
#define LX_MAP_HUGETLB         0x40000
#define LX_MAP_FIXED_NOREPLACE 0x100000
void mm_init(void);

#endif
