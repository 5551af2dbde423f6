/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.c: page faults.
 *
 * fault_in() makes one page accessible: demand-zero, copy-on-write, or from
 * the page cache (fault_file.c).  It holds mm.lock while it decides and maps,
 * but not while a page is read: then it drops the lock, reads, and begins
 * again, holding the page so that it is not evicted meanwhile.
 *
 * A page found in the tables may be write-protected by write-back or removed
 * by truncation, neither of which takes mm.lock: what was seen is checked again
 * under pt_lock before an entry is replaced, and where it changed, the access
 * just faults again.
 */
#include "kuni/mm.h"

#include <string.h>

#include "internal.h"
#include "kuni/klog.h"
#include "kuni/task.h"
#include "layout.h"

/* Whether area v below addr may grow down to it. */
static bool grow_stack(struct mm *m, struct vma *v, uint64_t addr)
{
	const struct vma *prev = vma_prev(v);
	uint64_t pages = (v->start - addr) >> PAGE_SHIFT;

	if (!(v->flags & VMA_GROWSDOWN) || addr < MMAP_MIN_ADDR ||
	    v->end - addr > rlimit_get(RLIMIT_STACK))
		return false;
	if (prev && !(prev->flags & VMA_GROWSDOWN) && prev->prot &&
	    prev->end + STACK_GUARD > addr)
		return false;
	if (prev && prev->end > addr)
		return false;
	if (area_limits(m, pages, v->prot, v->flags) ||
	    ((v->flags & VMA_LOCKED) && !area_may_lock(m, pages)))
		return false;
	vma_resize(m, v, addr, v->end);
	return true;
}

/* The area at f->addr, where it allows the access. */
static enum fault_result check_access(struct fault *f)
{
	struct vma *v = mm_find(f->mm, f->addr);

	if (!v || (v->start > f->addr && !grow_stack(f->mm, v, f->addr)))
		return FAULT_MAPERR;
	f->v = v;
	if (!f->access) /* whatever the area is for */
		f->access = (v->prot & PROT_W) && !(v->flags & VMA_SHARED)
				    ? ACCESS_WRITE
				    : ACCESS_READ;
	if (f->access & ACCESS_READ ? !v->prot : f->access & ~v->prot)
		return FAULT_ACCERR;
	return FAULT_OK;
}

/* What is mapped at f->addr, with a reference; NULL: nothing. */
static struct page *mapped_page(struct fault *f, unsigned *prot)
{
	struct page *p = NULL;
	paddr_t pa;

	spin_lock(&f->mm->pt_lock);
	if (arch_pt_walk(&f->mm->pt, f->addr, &pa, prot)) {
		p = page_of(pa);
		page_get_mapped(p);
	}
	spin_unlock(&f->mm->pt_lock);
	return p;
}

/* Replaces the entry of p by one of to, where p is still there.  No CPU may see
 * the new page while another still sees the old one, so that goes first: CPUs
 * that wait for pt_lock meanwhile answer the flush. */
static bool replace(struct fault *f, struct page *p, struct page *to,
		    bool write)
{
	bool same;
	paddr_t pa;
	unsigned prot;

	spin_lock(&f->mm->pt_lock);
	same = arch_pt_walk(&f->mm->pt, f->addr, &pa, &prot) &&
	       pa == page_paddr(p);
	if (same && p != to) {
		(void)arch_pt_unmap(&f->mm->pt, f->addr, NULL, NULL);
		arch_tlb_flush(&f->mm->pt, f->addr, f->addr + PAGE_SIZE);
	}
	if (same) /* the tables exist: cannot fail */
		ensure(arch_pt_map(&f->mm->pt, f->addr, page_paddr(to),
				   pt_prot(f->v, write)) == 0);
	spin_unlock(&f->mm->pt_lock);
	return same;
}

/* Maps p where nothing is; takes over the reference. */
enum fault_result fault_map(struct fault *f, struct page *p, bool write)
{
	int err;

	spin_lock(&f->mm->pt_lock);
	err = arch_pt_map(&f->mm->pt, f->addr, page_paddr(p),
			  pt_prot(f->v, write));
	spin_unlock(&f->mm->pt_lock);
	if (err) {
		page_put(p);
		return FAULT_NOMEM;
	}
	rss_add(f->mm, 1);
	return FAULT_OK;
}

static enum fault_result fault_zero(struct fault *f)
{
	struct page *p = page_alloc(0, PAGE_ZERO | PAGE_USER);

	return p ? fault_map(f, p, true) : FAULT_NOMEM;
}

/* A store to a private page p that is not writable: its own, or a copy. */
static enum fault_result fault_copy(struct fault *f, struct page *p)
{
	struct page *copy;

	/* the table's reference and ours: nobody else has it */
	if (!(p->flags & (PG_CACHE | PG_WINDOW)) &&
	    __atomic_load_n(&p->ref, __ATOMIC_ACQUIRE) == 2) {
		(void)replace(f, p, p, true);
		return FAULT_OK;
	}
	copy = page_alloc(0, PAGE_USER);
	if (!copy)
		return FAULT_NOMEM;
	arch_page_copy(page_virt(copy), page_virt(p));
	if (!replace(f, p, copy, true)) {
		page_put(copy);
		return FAULT_OK;
	}
	page_put(p); /* the table's */
	return FAULT_OK;
}

static enum fault_result fault_present(struct fault *f, struct page *p,
				       unsigned prot)
{
	unsigned want = pt_prot(f->v, prot & PROT_W);

	if ((f->access & ACCESS_WRITE) && !(want & PROT_W))
		return f->v->flags & VMA_SHARED ? fault_write_shared(f, p)
						: fault_copy(f, p);
	/* protection was lowered once, or another CPU was faster */
	if (want != (prot & (PROT_R | PROT_W | PROT_X | PROT_USER)))
		(void)replace(f, p, p, want & PROT_W);
	return FAULT_OK;
}

static enum fault_result fault_locked(struct fault *f)
{
	enum fault_result r = check_access(f);
	unsigned prot;
	struct page *p;

	if (r)
		return r;
	if (f->v->flags & VMA_PFN) /* mapped when the area was made */
		return f->access & ACCESS_WRITE ? FAULT_ACCERR : FAULT_OK;
	p = mapped_page(f, &prot);
	if (p) {
		r = fault_present(f, p, prot);
		page_put(p);
		return r;
	}
	return vma_cache(f->v) ? fault_file(f) : fault_zero(f);
}

/* Reads the page that fault_locked() asked for. */
static enum fault_result read_in(struct fault *f)
{
	struct pagecache *c = &f->io_file->inode->cache;
	struct page *p = NULL;
	int err;

	f->major = true;
	mutex_lock(&c->lock);
	err = cache_get_locked(c, f->io_index,
			       CACHE_AROUND | (f->io_store ? CACHE_STORE : 0),
			       &p);
	mutex_unlock(&c->lock);
	file_put(f->io_file);
	f->io_file = NULL;
	if (f->held)
		page_put(f->held);
	f->held = p;
	if (err == -ENOMEM)
		return FAULT_NOMEM;
	return err ? FAULT_BUS : FAULT_OK;
}

enum fault_result fault_in(struct fault *f)
{
	enum fault_result r;

	for (;;) {
		mutex_lock(&f->mm->lock);
		r = fault_locked(f);
		mutex_unlock(&f->mm->lock);
		if (r != FAULT_IO)
			break;
		r = read_in(f);
		if (r)
			break;
	}
	if (f->held)
		page_put(f->held);
	f->held = NULL;
	return r;
}

/* Copies f->len bytes from or to the page at f->addr as if its area allowed
 * it.  The area does while the map is locked, and the page's entry is put back
 * to what it should be before that ends. */
static enum fault_result force_locked(struct fault *f)
{
	struct vma *v = mm_find(f->mm, f->addr);
	enum fault_result r;
	uint32_t was;
	unsigned prot;
	struct page *p;
	char *k;

	if (!v || v->start > f->addr)
		return fault_locked(f); /* a stack that grows, or nothing */
	if (f->access & ACCESS_WRITE && v->flags & VMA_SHARED &&
	    !(v->prot & PROT_W))
		return FAULT_ACCERR;
	was = v->prot;
	v->prot |= PROT_R | (f->access & ACCESS_WRITE);
	r = fault_locked(f);
	p = r ? NULL : mapped_page(f, &prot);
	if (p) {
		k = (char *)page_virt(p) + f->at;
		if (f->access & ACCESS_WRITE)
			memcpy(k, f->buf, f->len);
		else
			memcpy(f->buf, k, f->len);
		page_put(p);
		f->force = true;
	}
	v->prot = was;
	if (!r && !(v->flags & VMA_PFN))
		pt_protect(f->mm, v, f->addr, f->addr + PAGE_SIZE);
	return r;
}

enum fault_result fault_force(struct fault *f)
{
	enum fault_result r = FAULT_OK;

	while (!f->force && !r) {
		mutex_lock(&f->mm->lock);
		r = force_locked(f);
		mutex_unlock(&f->mm->lock);
		if (r == FAULT_IO)
			r = read_in(f);
	}
	if (f->held)
		page_put(f->held);
	f->held = NULL;
	return r;
}

/* access 0: as each area allows. */
int fault_range_for(struct mm *m, uint64_t start, uint64_t end, unsigned access)
{
	for (; start < end; start += PAGE_SIZE) {
		struct fault f = { .mm = m, .addr = start, .access = access };
		enum fault_result r = fault_in(&f);

		for (unsigned try = 0; r == FAULT_NOMEM && mm_make_room(try);
		     try++)
			r = fault_in(&f);
		if (r == FAULT_BUS)
			return -EFAULT;
		if (r)
			return -ENOMEM;
	}
	return 0;
}

int fault_range(struct mm *m, uint64_t start, uint64_t end)
{
	return fault_range_for(m, start, end, 0);
}

/* A fault at addr in m.  0: the access may be tried again.  -EFAULT: it is a
 * signal, in *signo and *code.  -ENOMEM: no memory; the caller was or will be
 * killed, or may try again.  Called with interrupts on and no lock whose rank
 * is that of an mm or larger. */
int mm_fault(struct mm *m, uint64_t addr, unsigned access, int *signo,
	     int *code)
{
	struct fault f = { .mm = m,
			   .addr = page_down(addr),
			   .access = access & ACCESS_WRITE ? ACCESS_WRITE
							   : access };
	enum fault_result r = FAULT_MAPERR;

	*signo = SIGSEGV;
	*code = SEGV_MAPERR;
	if (addr >= USER_END)
		return -EFAULT;
	for (unsigned try = 0;; try++) {
		r = fault_in(&f);
		if (r != FAULT_NOMEM)
			break;
		if (!mm_make_room(try))
			return -ENOMEM;
	}
	if (f.major)
		current->majflt++;
	else
		current->minflt++;
	if (r == FAULT_OK)
		return 0;
	if (r == FAULT_ACCERR)
		*code = SEGV_ACCERR;
	if (r == FAULT_BUS) {
		*signo = SIGBUS;
		*code = BUS_ADRERR;
	}
	return -EFAULT;
}
