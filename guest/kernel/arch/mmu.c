/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmu.c: page tables and what CPUs remember of them.
 *
 * The root at BOOT_TABLES_GPA is the kernel's.  Its upper half has four
 * entries, all there from mmu_init() on (direct map, image, devices, stacks),
 * so a new root copies them once and stays right.  User tables are changed
 * under their mm's lock; the kernel's own (arch_kmap) under kmap_lock.
 *
 * arch_pt.active has a bit for each CPU whose CR3 may be that root.  The bit
 * is set before CR3 is loaded and cleared after another one is, so whoever
 * changes an entry and then reads the mask reaches every CPU that may have
 * cached the old one.  A CPU keeps the last root while it idles or runs kernel
 * threads, which look at no user address: it is lazy then, is not asked to
 * flush, and flushes all before it runs a user's task again if somebody would
 * have asked.  Tables are only freed in arch_pt_fini(), which makes it let go.
 */
#include <string.h>

#include "bootinfo.h"
#include "kuni/klog.h"
#include "kuni/mm.h"
#include "kuni/task.h"
#include "x86.h"

#define PTE_P     1UL
#define PTE_W     2UL
#define PTE_U     4UL
#define PTE_PWT   8UL
#define PTE_PCD   16UL
#define PTE_A     32UL
#define PTE_D     64UL
#define PTE_LARGE 128UL
#define PTE_G     256UL
#define PTE_KEPT  512UL /* not present: a page that nobody may touch */
#define PTE_NX    (1UL << 63)
#define PTE_ADDR  0x000ffffffffff000UL

/* arch_cpu.lazy */
#define LAZY       1
#define LAZY_STALE 2

#define INDEX(va, level) ((va) >> (12 + 9 * (level)) & 511)
#define FLUSH_PAGES      32 /* more: the whole TLB */
#define KERNEL_ROOT      BOOT_TABLES_GPA

/* Tables below the device and stack entries. */
typedef uint64_t table_t[512];
static table_t mmio_pdpt __attribute__((aligned(4096), section(".bss.page")));
static table_t stack_pdpt __attribute__((aligned(4096), section(".bss.page")));

static struct spinlock kmap_lock;

static paddr_t image_paddr(const void *p)
{
	return (uint64_t)p - KERNEL_VIRT;
}

static uint64_t *table(paddr_t pa)
{
	return phys_to_virt(pa & PTE_ADDR);
}

static uint64_t load(const uint64_t *pte)
{
	return __atomic_load_n(pte, __ATOMIC_RELAXED);
}

static uint64_t exchange(uint64_t *pte, uint64_t v)
{
	return __atomic_exchange_n(pte, v, __ATOMIC_SEQ_CST);
}

static uint64_t pte_make(paddr_t pa, unsigned prot)
{
	uint64_t e = pa | PTE_P | PTE_A;

	if (prot & PROT_W)
		e |= PTE_W;
	if (!(prot & PROT_X))
		e |= PTE_NX;
	if (prot & PROT_USER)
		e |= PTE_U;
	if (prot & PROT_DEVICE)
		e |= PTE_PCD | PTE_PWT;
	if (prot & PTE_INFO_DIRTY)
		e |= PTE_D;
	return e;
}

/* An entry of user space.  What the user may not touch the kernel's copies may
 * not either: such a page is kept in an entry that is not present, its address
 * inverted so that no CPU speculates with it (L1TF). */
static uint64_t pte_user(paddr_t pa, unsigned prot)
{
	if (prot & PROT_USER)
		return pte_make(pa, prot);
	return ((pa ^ PTE_ADDR) & PTE_ADDR) | PTE_KEPT;
}

static bool pte_there(uint64_t e)
{
	return e & (PTE_P | PTE_KEPT);
}

static paddr_t pte_paddr(uint64_t e)
{
	return (e & PTE_P ? e : ~e) & PTE_ADDR;
}

static unsigned pte_prot(uint64_t e)
{
	unsigned prot = PROT_R;

	if (!(e & PTE_P))
		return prot;

	if (e & PTE_W)
		prot |= PROT_W;
	if (!(e & PTE_NX))
		prot |= PROT_X;
	if (e & PTE_U)
		prot |= PROT_USER;
	if (e & PTE_PCD)
		prot |= PROT_DEVICE;
	if (e & PTE_D)
		prot |= PTE_INFO_DIRTY;
	return prot;
}

/* The entry for the page at va, with tables made on the way; NULL: no memory.
 * *pages counts them. */
static uint64_t *pte_create(paddr_t root, uint64_t va, uint64_t *pages)
{
	uint64_t *t = table(root);

	for (int level = 3; level > 0; level--) {
		uint64_t *e = &t[INDEX(va, level)];

		if (!(load(e) & PTE_P)) {
			struct page *p = page_alloc(0, PAGE_ZERO);

			if (!p)
				return NULL;
			exchange(e, page_paddr(p) | PTE_P | PTE_W |
					    (va < USER_END ? PTE_U : 0));
			if (pages)
				(*pages)++;
		}
		t = table(load(e));
	}
	return &t[INDEX(va, 0)];
}

/* The entry for the page at *va; where a table on the way is missing, NULL
 * with *va moved to the first address behind it. */
static uint64_t *pte_find(paddr_t root, uint64_t *va)
{
	uint64_t *t = table(root);

	for (int level = 3; level > 0; level--) {
		uint64_t e = load(&t[INDEX(*va, level)]);
		uint64_t span = 1UL << (12 + 9 * level);

		if (!(e & PTE_P)) {
			*va = (*va & ~(span - 1)) + span;
			return NULL;
		}
		t = table(e);
	}
	return &t[INDEX(*va, 0)];
}

/* ---- boot ---- */

paddr_t mmu_kernel_root(void)
{
	return KERNEL_ROOT;
}

/* Unmaps the guard page below the boot stack, and makes the kernel's half
 * what it will be for good. */
void mmu_init(void)
{
	extern char boot_stack_guard[];
	uint64_t *root = table(KERNEL_ROOT);
	uint64_t guard = (uint64_t)boot_stack_guard;
	uint64_t *pte = pte_find(KERNEL_ROOT, &guard);

	root[INDEX(MMIO_VIRT, 3)] = image_paddr(mmio_pdpt) | PTE_P | PTE_W;
	root[INDEX(STACKS_VIRT, 3)] = image_paddr(stack_pdpt) | PTE_P | PTE_W;
	ensure(pte);
	*pte = 0;
	invlpg(guard);
}

/* Root for a CPU in ap_start.S: the kernel's half and the first 2 MiB one to
 * one, read-only and executable; in the first 4 GiB, as CR3 is 32 bits. */
paddr_t mmu_trampoline_root(void)
{
	enum { PML4, PDPT, PD, TABLES };
	const uint64_t *root = table(KERNEL_ROOT);
	table_t *t = phys_to_virt(LOW_TABLES_GPA);

	_Static_assert(LOW_TABLES_GPA + TABLES * sizeof(*t) <= LOW_STACKS_GPA,
		       "apart");
	memset(t, 0, TABLES * sizeof(*t));
	for (unsigned i = 256; i < 512; i++)
		t[PML4][i] = root[i];
	t[PD][0] = PTE_P | PTE_LARGE;
	t[PDPT][0] = (LOW_TABLES_GPA + PD * sizeof(*t)) | PTE_P;
	t[PML4][0] = (LOW_TABLES_GPA + PDPT * sizeof(*t)) | PTE_P;
	return LOW_TABLES_GPA;
}

/* ---- roots and CPUs ---- */

int arch_pt_init(struct arch_pt *pt)
{
	static const uint64_t shared[] = { DIRECT_MAP, MMIO_VIRT, STACKS_VIRT,
					   KERNEL_VIRT };
	struct page *p = page_alloc(0, PAGE_ZERO);
	const uint64_t *from = table(KERNEL_ROOT);
	uint64_t *to;

	if (!p)
		return -ENOMEM;
	pt->root = page_paddr(p);
	pt->active[0] = 0;
	pt->npages = 1;
	to = table(pt->root);
	for (unsigned i = 0; i < ARRAY_SIZE(shared); i++)
		to[INDEX(shared[i], 3)] = from[INDEX(shared[i], 3)];
	return 0;
}

/* Loads pt (NULL: the kernel's root) on this CPU; interrupts off. */
void mmu_load(struct arch_pt *pt)
{
	struct arch_cpu *c = arch_this();
	struct arch_pt *old = c->loaded;
	uint64_t bit = 1UL << c->cpu.id;
	bool stale = false;

	if (pt && c->lazy)
		stale = __atomic_exchange_n(&c->lazy, 0, __ATOMIC_SEQ_CST) &
			LAZY_STALE;
	if (old == pt) {
		if (stale)
			write_cr3(pt->root);
		return;
	}
	if (pt)
		__atomic_fetch_or(&pt->active[0], bit, __ATOMIC_SEQ_CST);
	c->loaded = pt;
	write_cr3(pt ? pt->root : KERNEL_ROOT);
	if (old)
		__atomic_fetch_and(&old->active[0], ~bit, __ATOMIC_SEQ_CST);
}

/* What runs next on this CPU looks at no user address; interrupts off. */
void mmu_lazy(void)
{
	struct arch_cpu *c = arch_this();

	if (c->loaded && !c->lazy)
		__atomic_store_n(&c->lazy, LAZY, __ATOMIC_SEQ_CST);
}

/* Whether cpu need not flush now: it is lazy, and will before it is not. */
static bool flushes_later(unsigned cpu)
{
	struct arch_cpu *c = (struct arch_cpu *)(void *)arch_cpu(cpu);
	uint8_t was = LAZY;

	return c && (__atomic_compare_exchange_n(
			     &c->lazy, &was, LAZY | LAZY_STALE, false,
			     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ||
		     was & LAZY_STALE);
}

void arch_pt_switch(struct arch_pt *pt)
{
	bool on = arch_irq_save_off();

	current->arch.pt = pt;
	mmu_load(pt);
	if (on)
		arch_irq_on();
}

static void drop_root(void *arg)
{
	if (arch_this()->loaded == arg)
		mmu_load(NULL);
}

static void free_table(struct arch_pt *pt, uint64_t e)
{
	struct page *p = page_of(e & PTE_ADDR);

	ensure(p && pt->npages);
	pt->npages--;
	page_put(p);
}

/* The tables below one entry of the root. */
static void free_below(struct arch_pt *pt, uint64_t pml4e)
{
	const uint64_t *pdpt = table(pml4e);

	for (unsigned j = 0; j < 512; j++) {
		const uint64_t *pd;

		if (!(pdpt[j] & PTE_P))
			continue;
		pd = table(pdpt[j]);
		for (unsigned k = 0; k < 512; k++) {
			if (pd[k] & PTE_P)
				free_table(pt, pd[k]);
		}
		free_table(pt, pdpt[j]);
	}
	free_table(pt, pml4e);
}

void arch_pt_fini(struct arch_pt *pt)
{
	const uint64_t *root = table(pt->root);
	bool on = arch_irq_save_off();

	drop_root(pt);
	if (on)
		arch_irq_on();
	smp_call(__atomic_load_n(&pt->active[0], __ATOMIC_SEQ_CST), drop_root,
		 pt);
	for (unsigned i = 0; i < 256; i++) {
		if (root[i] & PTE_P)
			free_below(pt, root[i]);
	}
	free_table(pt, pt->root);
	ensure(pt->npages == 0);
	pt->root = 0;
}

/* ---- entries ---- */

int arch_pt_map(struct arch_pt *pt, uint64_t va, paddr_t pa, unsigned prot)
{
	uint64_t *pte = pte_create(pt->root, va, &pt->npages);

	if (!pte)
		return -ENOMEM;
	exchange(pte, pte_user(pa & PTE_ADDR, prot));
	return 0;
}

bool arch_pt_unmap(struct arch_pt *pt, uint64_t va, paddr_t *pa, unsigned *prot)
{
	uint64_t *pte = pte_find(pt->root, &va);
	uint64_t old;

	if (!pte || !pte_there(load(pte)))
		return false;
	old = exchange(pte, 0);
	if (pa)
		*pa = pte_paddr(old);
	if (prot)
		*prot = pte_prot(old);
	return true;
}

/* pt NULL: the kernel's own tables, where large pages are looked through. */
bool arch_pt_walk(struct arch_pt *pt, uint64_t va, paddr_t *pa, unsigned *prot)
{
	const uint64_t *t = table(pt ? pt->root : KERNEL_ROOT);
	uint64_t e, span;

	for (int level = 3;; level--) {
		e = load(&t[INDEX(va, level)]);
		span = 1UL << (12 + 9 * level);
		if (!(e & PTE_P) && (level || !pte_there(e)))
			return false;
		if (!level || (level < 3 && e & PTE_LARGE))
			break;
		t = table(e);
	}
	if (pa)
		*pa = (pte_paddr(e) & ~(span - 1)) |
		      (va & (span - 1) & ~(PAGE_SIZE - 1));
	if (prot)
		*prot = pte_prot(e);
	return true;
}

/* Other CPUs may set the dirty bit of an entry while fn thinks about it, so
 * the entry is taken out meanwhile where there are any: they fault, and wait
 * for the mm's lock. */
static void visit_one(uint64_t *pte, uint64_t va, bool others,
		      unsigned (*fn)(void *, uint64_t, paddr_t, unsigned),
		      void *arg)
{
	uint64_t old = load(pte);
	unsigned prot;

	if (!pte_there(old))
		return;
	if (others)
		old = exchange(pte, 0);
	prot = fn(arg, va, pte_paddr(old), pte_prot(old));
	if (prot == UINT32_MAX) {
		if (others)
			exchange(pte, old);
	} else {
		exchange(pte, prot ? pte_user(pte_paddr(old), prot) : 0);
	}
}

void arch_pt_visit(struct arch_pt *pt, uint64_t start, uint64_t end,
		   unsigned (*fn)(void *arg, uint64_t va, paddr_t pa,
				  unsigned prot),
		   void *arg)
{
	uint64_t me = 1UL << this_cpu()->id;
	bool others = __atomic_load_n(&pt->active[0], __ATOMIC_SEQ_CST) & ~me;

	while (start < end) {
		uint64_t *pte = pte_find(pt->root, &start);
		uint64_t stop = min(end, (start | 0x1fffff) + 1);

		for (; pte && start < stop; start += PAGE_SIZE)
			visit_one(pte++, start, others, fn, arg);
	}
}

/* ---- TLBs ---- */

struct flush {
	struct arch_pt *pt;
	uint64_t start, end;
};

static void flush_here(void *arg)
{
	const struct flush *f = arg;

	if (f->pt && arch_this()->loaded != f->pt)
		return;
	if (f->pt && f->end - f->start > FLUSH_PAGES * PAGE_SIZE) {
		write_cr3(f->pt->root); /* global pages are not pt's */
		return;
	}
	for (uint64_t va = f->start; va < f->end; va += PAGE_SIZE)
		invlpg(va);
}

void arch_tlb_flush(struct arch_pt *pt, uint64_t start, uint64_t end)
{
	struct flush f = { pt, page_down(start), page_up(end) };
	bool on = arch_irq_save_off();
	uint64_t mask, others;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	flush_here(&f);
	mask = __atomic_load_n(&pt->active[0], __ATOMIC_SEQ_CST) &
	       ~(1UL << this_cpu()->id);
	for (others = mask; others; others &= others - 1)
		if (flushes_later((unsigned)__builtin_ctzl(others)))
			mask &= ~(others & -others);
	smp_call(mask, flush_here, &f);
	if (on)
		arch_irq_on();
}

/* ---- the kernel's half ---- */

/* Maps one page at va, in the device or stack area. 0 or -ENOMEM. */
int arch_kmap(uint64_t va, paddr_t pa, unsigned prot)
{
	uint64_t *pte;

	ensure(INDEX(va, 3) == INDEX(MMIO_VIRT, 3) ||
	       INDEX(va, 3) == INDEX(STACKS_VIRT, 3));
	spin_lock(&kmap_lock);
	pte = pte_create(KERNEL_ROOT, va, NULL);
	if (pte)
		exchange(pte, pte_make(pa & PTE_ADDR, prot) | PTE_G);
	spin_unlock(&kmap_lock);
	return pte ? 0 : -ENOMEM;
}

/* Unmaps n pages, on every CPU when it returns. */
void arch_kunmap(uint64_t va, unsigned n)
{
	struct flush f = { NULL, page_down(va), page_down(va) + n * PAGE_SIZE };

	spin_lock(&kmap_lock);
	for (unsigned i = 0; i < n; i++) {
		uint64_t at = f.start + i * PAGE_SIZE;
		uint64_t *pte = pte_find(KERNEL_ROOT, &at);

		if (pte)
			exchange(pte, 0);
	}
	spin_unlock(&kmap_lock);
	flush_here(&f);
	smp_call(~0UL, flush_here, &f);
}
