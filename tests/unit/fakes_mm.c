/* SPDX-License-Identifier: Apache-2.0 */
/* fakes_mm.c: see fakes_mm.h. */
#include "tests/unit/fakes_mm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootinfo.h"
#include "guest/kernel/mm/internal.h"
#include "kuni/klog.h"
#include "tests/unit/fake_panic.h"

#define ARCH_SET_GS_CALL 0x1001
#define SYS_ARCH_PRCTL   158
extern long syscall(long nr, ...);

/* ---- the CPU ---- */

bool arch_translates = true; /* so that the stores are made */
static struct cpu cpu0 = { .self = &cpu0 };
static struct task task0;
static struct process proc0;
static bool irq_on = true;
unsigned fake_kills;
bool fake_locked;

struct task *unit_current(void)
{
	return &task0;
}
bool arch_irq_is_on(void)
{
	return irq_on;
}
void waitq_init(struct waitq *wq)
{
	(void)wq;
}

void wake_all(struct waitq *wq, unsigned events)
{
	(void)wq;
	(void)events;
}

void irq_push_off(void)
{
	cpu0.irq_depth++;
	irq_on = false;
}
void irq_pop_off(void)
{
	ensure(cpu0.irq_depth > 0);
	if (--cpu0.irq_depth == 0)
		irq_on = true;
}
uint64_t arch_clock_ns(void)
{
	static uint64_t now;

	return now += 1000;
}

void klog(enum klog_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

/* ---- locks: order is checked, waiting is a deadlock ---- */

#define MAX_HELD 64
static uint16_t held_rank[MAX_HELD];
static unsigned nheld, nspin;

static void lock_enter(uint16_t rank)
{
	for (unsigned i = 0; i < nheld; i++)
		ensure(rank == RANK_NONE || held_rank[i] <= rank);
	ensure(nheld < MAX_HELD);
	held_rank[nheld++] = rank;
	fake_locked = true;
}
static void lock_leave(uint16_t rank)
{
	unsigned i = nheld;

	while (i && held_rank[i - 1] != rank)
		i--;
	ensure(i);
	memmove(&held_rank[i - 1], &held_rank[i],
		(nheld - i) * sizeof(held_rank[0]));
	fake_locked = --nheld;
}
void spin_init(struct spinlock *l, enum lockrank rank)
{
	*l = SPINLOCK_INIT(rank);
}
void spin_lock(struct spinlock *l)
{
	irq_push_off();
	ensure(!l->held);
	lock_enter(l->rank);
	nspin++;
	l->held = 1;
}
void spin_unlock(struct spinlock *l)
{
	ensure(l->held);
	l->held = 0;
	nspin--;
	lock_leave(l->rank);
	irq_pop_off();
}
void mutex_init(struct mutex *m, enum lockrank rank)
{
	*m = (struct mutex){ .rank = (uint16_t)rank };
}
void mutex_lock(struct mutex *m)
{
	ensure(!m->owner && !nspin && irq_on);
	lock_enter(m->rank);
	m->owner = &task0;
}
bool mutex_trylock(struct mutex *m)
{
	if (m->owner)
		return false;
	held_rank[nheld++] = m->rank;
	m->owner = &task0;
	return true;
}
void mutex_unlock(struct mutex *m)
{
	ensure(m->owner == &task0);
	m->owner = NULL;
	lock_leave(m->rank);
}

/* ---- the scheduler, signals, limits ---- */

void sched_yield(void)
{
	ensure(!nheld);
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
	(void)deadline;
	ensure(!nheld);
	return -ETIMEDOUT;
}
bool signal_fatal_pending(void)
{
	return fake_kills != 0;
}
void signal_kill_process(struct process *p)
{
	ensure(!nheld && p == &proc0);
	fake_kills++;
}
void process_get(struct process *p)
{
	p->ref++;
}
void process_put(struct process *p)
{
	ensure(p->ref-- > 0);
}
struct spinlock tasklist_lock;
struct process_list all_processes;
struct process *init_process = &proc0;
uint64_t fake_rlimit[16];
uint64_t rlimit_get(unsigned resource)
{
	return fake_rlimit[resource];
}
bool capable(int cap)
{
	(void)cap;
	return false;
}
unsigned dcache_shrink(unsigned n)
{
	(void)n;
	ensure(!nheld);
	return 0;
}
uint32_t fake_random(void)
{
	static uint64_t x = 88172645463325252ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 16);
}

/* ---- RAM ---- */

static char *ram;
static uint64_t ram_size;

void *phys_to_virt(paddr_t pa)
{
	ensure(pa < ram_size);
	return ram + pa;
}
paddr_t virt_to_phys(const void *p)
{
	return (uint64_t)((const char *)p - ram);
}
uint64_t mm_kernel_size(void)
{
	return 0x40000;
}

void fake_ram_init(uint64_t size)
{
	ensure(syscall(SYS_ARCH_PRCTL, ARCH_SET_GS_CALL, &cpu0) == 0);
	ram_size = size;
	ram = aligned_alloc(4UL << 20, size);
	ensure(ram);
	memset(ram, 0, size);
	memset(ram, 0xee, 0x100000); /* low memory is dirty */
	for (unsigned i = 0; i < ARRAY_SIZE(fake_rlimit); i++)
		fake_rlimit[i] = RLIM_INFINITY;
	fake_rlimit[RLIMIT_STACK] = 8UL << 20;
	TAILQ_INIT(&proc0.threads);
	TAILQ_INSERT_TAIL(&proc0.threads, &task0, thread_link);
	LIST_INSERT_HEAD(&all_processes, &proc0, all_link);
	proc0.pid = 1;
	task0.proc = &proc0;
}

void fake_init(uint64_t size)
{
	static struct bootinfo bi;

	fake_ram_init(size);
	bi.nregion = 1;
	bi.region[0] = (struct boot_region){ 0, size };
	page_init(&bi);
	slab_init();
	pagecache_setup();
	area_setup();
}

uint64_t fake_free_pages(void)
{
	struct mm_stats s;

	mm_stats(&s);
	return s.free;
}

/* ---- page tables: a sorted array of entries; the root is its address ---- */

struct entry {
	uint64_t va, pa;
	unsigned prot;
};
struct table {
	uint64_t n, cap;
	struct entry *e;
	struct entry tlb[128]; /* va 0: empty; of two CPUs */
};

static struct table *table_of(const struct arch_pt *pt)
{
	return (struct table *)pt->root;
}
int arch_pt_init(struct arch_pt *pt)
{
	pt->root = (paddr_t)calloc(1, sizeof(struct table));
	return 0;
}
void arch_pt_fini(struct arch_pt *pt)
{
	ensure(!nspin);
	free(table_of(pt)->e);
	free(table_of(pt));
}
static uint64_t lower(const struct table *t, uint64_t va)
{
	uint64_t lo = 0, hi = t->n;

	while (lo < hi) {
		uint64_t mid = (lo + hi) / 2;

		if (t->e[mid].va < va)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}
int arch_pt_map(struct arch_pt *pt, uint64_t va, paddr_t pa, unsigned prot)
{
	struct table *t = table_of(pt);
	uint64_t i = lower(t, va);

	ensure(va % PAGE_SIZE == 0 && pa % PAGE_SIZE == 0 && prot);
	if (i == t->n || t->e[i].va != va) {
		if (t->n == t->cap) {
			t->cap = t->cap ? t->cap * 2 : 64;
			t->e = realloc(t->e, t->cap * sizeof(*t->e));
		}
		memmove(&t->e[i + 1], &t->e[i], (t->n - i) * sizeof(*t->e));
		t->n++;
	}
	t->e[i] = (struct entry){ va, pa, prot };
	return 0;
}
bool arch_pt_unmap(struct arch_pt *pt, uint64_t va, paddr_t *pa, unsigned *prot)
{
	struct table *t = table_of(pt);
	uint64_t i = lower(t, va);

	if (i == t->n || t->e[i].va != va)
		return false;
	if (pa)
		*pa = t->e[i].pa;
	if (prot)
		*prot = t->e[i].prot;
	t->n--;
	memmove(&t->e[i], &t->e[i + 1], (t->n - i) * sizeof(*t->e));
	return true;
}
bool arch_pt_walk(struct arch_pt *pt, uint64_t va, paddr_t *pa, unsigned *prot)
{
	const struct table *t = pt ? table_of(pt) : NULL;
	uint64_t i = t ? lower(t, va) : 0;

	if (!t || i == t->n || t->e[i].va != va)
		return false;
	if (pa)
		*pa = t->e[i].pa;
	if (prot)
		*prot = t->e[i].prot;
	return true;
}
void arch_pt_visit(struct arch_pt *pt, uint64_t start, uint64_t end,
		   unsigned (*fn)(void *arg, uint64_t va, paddr_t pa,
				  unsigned prot),
		   void *arg)
{
	struct table *t = table_of(pt);

	ensure(nspin);
	for (uint64_t i = lower(t, start); i < t->n && t->e[i].va < end;) {
		unsigned r = fn(arg, t->e[i].va, t->e[i].pa, t->e[i].prot);

		if (r == 0) {
			t->n--;
			memmove(&t->e[i], &t->e[i + 1],
				(t->n - i) * sizeof(*t->e));
			continue;
		}
		if (r != UINT32_MAX)
			t->e[i].prot = r;
		i++;
	}
}
void arch_tlb_flush(struct arch_pt *pt, uint64_t start, uint64_t end)
{
	struct table *t = table_of(pt);

	ensure(nspin <= 1); /* it waits for other CPUs: at most under pt_lock */
	for (unsigned i = 0; i < ARRAY_SIZE(t->tlb); i++)
		if (t->tlb[i].va >= start && t->tlb[i].va < end)
			t->tlb[i].va = 0;
}
int arch_kmap(uint64_t va, paddr_t pa, unsigned prot)
{
	(void)va;
	(void)pa;
	(void)prot;
	return 0;
}
void arch_kunmap(uint64_t va, unsigned n)
{
	(void)va;
	(void)n;
}

static int user_access(struct mm *m, uint64_t addr, unsigned access,
		       uint64_t **at)
{
	struct table *t = table_of(&m->pt);
	/* any of two CPUs, each with what it remembers */
	struct entry *hit =
		&t->tlb[addr / PAGE_SIZE % 64 + (fake_random() & 64)];
	unsigned need = PROT_USER | (access & ACCESS_WRITE ? PROT_W : PROT_R);
	int signo, code;

	ensure(!nheld);
	task0.mm = m;
	for (int tries = 0; tries < 4; tries++) {
		uint64_t va = page_down(addr);
		int err;

		if (hit->va == va && (hit->prot & need) == need) {
			*at = phys_to_virt(hit->pa + addr % PAGE_SIZE);
			return 0;
		}
		hit->va = 0; /* a fault drops the entry */
		if (arch_pt_walk(&m->pt, va, &hit->pa, &hit->prot) &&
		    (hit->prot & need) == need) {
			hit->va = va;
			continue;
		}
		err = mm_fault(m, addr, access, &signo, &code);
		ensure(!nheld);
		if (err)
			return err == -EFAULT ? signo : err;
	}
	panic("access at %lx faults for ever", (unsigned long)addr);
}
int fake_load(struct mm *m, uint64_t addr, uint64_t *value)
{
	uint64_t *at;
	int err = user_access(m, addr, ACCESS_READ, &at);

	if (!err)
		*value = *at;
	return err;
}
int fake_store(struct mm *m, uint64_t addr, uint64_t value)
{
	uint64_t *at;
	int err = user_access(m, addr, ACCESS_WRITE, &at);

	if (!err)
		*at = value;
	return err;
}

/* ---- user copies of uio.c: user memory is task0.mm ---- */

static int copy(uint64_t user, char *k, size_t n, int how)
{
	while (n--) {
		uint64_t *at;

		if (user_access(task0.mm, user & ~7UL,
				how ? ACCESS_READ : ACCESS_WRITE, &at))
			return -EFAULT;
		if (how)
			*k++ = ((char *)at)[user & 7];
		else
			((char *)at)[user & 7] = k ? *k++ : 0;
		user++;
	}
	return 0;
}
int copy_from_user(void *to, uaddr_t from, size_t n)
{
	return copy(from.v, to, n, 1);
}
int copy_to_user(uaddr_t to, const void *from, size_t n)
{
	return copy(to.v, (char *)(uintptr_t)from, n, 0);
}
int clear_user(uaddr_t to, size_t n)
{
	return copy(to.v, NULL, n, 0);
}

/* ---- files ---- */

bool file_readable(const struct file *f)
{
	return (f->flags & O_ACCMODE) != O_WRONLY;
}
bool file_writable(const struct file *f)
{
	return (f->flags & O_ACCMODE) != O_RDONLY;
}
void file_get(struct file *f)
{
	f->ref++;
}
void file_put(struct file *f)
{
	ensure(f->ref > 1); /* the test's own is the last */
	f->ref--;
}
int file_deny_write(struct file *f)
{
	f->inode->writers--;
	return 0;
}
void file_allow_write(struct file *f)
{
	f->inode->writers++;
}
void inode_put(struct inode *i)
{
	ensure(!nheld && i->ref > 1);
	i->ref--;
}

static struct fake_file *fake_of(struct inode *i)
{
	return container_of(i, struct fake_file, inode);
}
static int disk_read(struct inode *i, uint64_t index, struct page **pages,
		     unsigned n)
{
	struct fake_file *f = fake_of(i);

	ensure(!nspin && n > 0 && n <= 64);
	f->reads++;
	f->last_n = n;
	if (f->fail_read)
		return -EIO;
	for (unsigned k = 0; k < n; k++) {
		uint64_t at = (index + k) * PAGE_SIZE;
		uint64_t have = at < f->disk_size ? f->disk_size - at : 0;

		have = min(have, PAGE_SIZE);
		memcpy(page_virt(pages[k]), f->disk + at, have);
		memset((char *)page_virt(pages[k]) + have, 0, PAGE_SIZE - have);
		pages[k]->flags |= PG_UPTODATE;
	}
	return 0;
}
static int disk_write(struct inode *i, uint64_t index, struct page **pages,
		      unsigned n)
{
	struct fake_file *f = fake_of(i);

	ensure(!nspin && n > 0 && n <= 64);
	f->writes++;
	f->last_n = n;
	if (f->fail_write)
		return -ENOSPC;
	for (unsigned k = 0; k < n; k++) {
		uint64_t at = (index + k) * PAGE_SIZE;
		uint64_t len = at < i->size ? min(i->size - at, PAGE_SIZE) : 0;

		memcpy(f->disk + at, page_virt(pages[k]), len);
		f->disk_size = max(f->disk_size, at + len);
	}
	return 0;
}
static const struct pagecache_ops disk_ops = { .read = disk_read,
					       .write = disk_write };
static const struct file_ops no_ops;

struct fake_file *fake_file_new(uint64_t size, bool memory)
{
	struct fake_file *f = calloc(1, sizeof(*f));

	f->disk = calloc(1, FAKE_DISK);
	for (uint64_t i = 0; i < size; i++)
		f->disk[i] = (uint8_t)fake_random();
	f->disk_size = size;
	f->memory = memory;
	f->inode.ref = 1;
	f->inode.mode = S_IFREG | 0644;
	f->inode.size = size;
	mutex_init(&f->inode.lock, RANK_INODE);
	pagecache_init(&f->inode.cache, &f->inode, memory ? NULL : &disk_ops);
	f->file.ref = 1;
	f->file.ops = &no_ops;
	f->file.inode = &f->inode;
	f->file.flags = O_RDWR;
	return f;
}
void fake_file_free(struct fake_file *f)
{
	ensure(f->file.ref == 1 && f->inode.ref == 1);
	pagecache_fini(&f->inode.cache);
	ensure(f->inode.cache.npages == 0 && f->inode.cache.ndirty == 0);
	free(f->disk);
	free(f);
}
