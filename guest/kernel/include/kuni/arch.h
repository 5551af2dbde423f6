/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch.h: the CPU, as the rest of the kernel sees it.
 *
 * Nothing outside arch/ and boot/ knows more than this header says.  The
 * kernel of a task is a loop of its own (task/user_loop.c): enter user mode,
 * come back with a reason, serve it.  Interrupts that arrive in user mode are
 * served in arch/ first and reported as ARCH_INTERRUPT, so that the loop can
 * reschedule.  Interrupts in the kernel return to where they were: the kernel
 * is not preempted.  The kernel runs with interrupts on, but under spinlocks.
 */
#ifndef KUNI_ARCH_H
#define KUNI_ARCH_H

#include "kuni/types.h"

struct bootinfo;
struct task;

/* ---- CPUs ---- */

/* First member of arch/'s per-CPU area, reached through GS. */
struct cpu {
	struct cpu *self;
	struct task *current;       /* [o] */
	uint64_t kernel_stack;      /* [o] top of the current task's stack */
	uint64_t user_sp;           /* [o] scratch of the system call entry */
	uint32_t id;                /* [I] */
	int32_t irq_depth;          /* [o] irq_push_off() nesting */
	bool irq_was_on;            /* [o] state before the first push_off */
	bool in_irq;                /* [o] inside an interrupt handler */
	bool online;                /* [a] */
	volatile bool need_resched; /* [a] */
	uint64_t tlb_gen;
	uint64_t kernel_ticks; /* [o] of the TSC, in the kernel for tasks */
	void *runq;            /* [I] struct runq of task/sched.c */
	void *timers;          /* [I] struct of task/timer.c */
	void *flight;          /* [I] ring of debug/flight.c */
	uint64_t rank_mask;    /* [o] ranks held, debug builds */
};

static inline struct cpu *this_cpu(void)
{
	struct cpu *c;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(c));
	return c;
}
/* `current` is a macro below, so the field is set by this. */
static inline void cpu_set_current(struct cpu *c, struct task *t)
{
	c->current = t;
}
static inline struct task *cpu_current(const struct cpu *c)
{
	return c->current;
}
#ifdef KUNI_UNIT
struct task *unit_current(void);
#define current unit_current()
#else
static inline struct task *arch_current(void)
{
	struct task *t;

	__asm__ volatile("mov %%gs:8, %0" : "=r"(t));
	return t;
}
#define current arch_current()
#endif

extern unsigned arch_ncpu;         /* [I] CPUs that the machine has */
struct cpu *arch_cpu(unsigned id); /* NULL: not started yet */
/* Brings CPU id up; it enters sched_cpu_main().  Asynchronous; 0 or errno. */
int arch_cpu_start(unsigned id) MUST_CHECK;

#ifdef KUNI_UNIT
bool arch_irq_save_off(void); /* interrupts off; whether they were on */
void arch_irq_on(void);
void arch_irq_off(void);
bool arch_irq_is_on(void);
#else
static inline bool arch_irq_is_on(void)
{
	uint64_t flags;

	__asm__ volatile("pushf; pop %0" : "=r"(flags) : : "memory");
	return flags >> 9 & 1;
}
static inline void arch_irq_on(void)
{
	__asm__ volatile("sti" : : : "memory");
}
static inline void arch_irq_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}
static inline bool arch_irq_save_off(void)
{
	bool on = arch_irq_is_on();

	arch_irq_off();
	return on;
}
#endif
/* Called with interrupts off: waits for one with interrupts on, returns with
 * them on. */
void arch_idle(void);
void arch_relax(void); /* pause */
_Noreturn void arch_halt(void);

enum arch_ipi { IPI_RESCHED, IPI_CALL, IPI_STOP };
void arch_send_ipi(unsigned cpu, enum arch_ipi what);
/* Runs fn(arg) on every other online CPU, with interrupts off there, and
 * waits; the caller's interrupts must be on or the CPUs must not wait on it. */
void arch_call_others(void (*fn)(void *), void *arg);

/* ---- interrupts of devices ---- */

/* fn(arg) runs with interrupts off on CPU 0.  vector != 0: that vector, edge;
 * else I/O APIC line gsi, level. */
int arch_irq_attach(unsigned vector, unsigned gsi, void (*fn)(void *),
		    void *arg) MUST_CHECK;

/* ---- user mode ---- */

/* Registers of user mode, at the top of the task's kernel stack. */
struct arch_regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	uint64_t rax, rcx, rdx, rsi, rdi;
	uint64_t orig_rax; /* system call number, or -1 */
	uint64_t rip, cs, rflags, rsp, ss;
};

enum arch_reason {
	ARCH_SYSCALL,   /* arch_sys_nr(), arch_sys_arg() */
	ARCH_INTERRUPT, /* already served */
	ARCH_FAULT,     /* page fault: trap.addr, trap.access */
	ARCH_TRAP, /* an exception that is a signal: trap.signo, .code, .addr */
};

enum arch_access { ACCESS_READ = 1, ACCESS_WRITE = 2, ACCESS_EXEC = 4 };

struct arch_trap {
	uint64_t addr;
	unsigned access;  /* enum arch_access bits */
	int signo, code;  /* ARCH_TRAP */
	unsigned nr, err; /* hardware exception and error code, for siginfo */
};

/* Per-task CPU state, embedded in struct task. */
struct arch_task {
	uint64_t ksp; /* saved kernel stack pointer while not running */
	uint64_t fs_base, gs_base;
	void *fpu; /* XSAVE area, arch_fpu_size bytes, 64-aligned */
	struct arch_regs *regs; /* [I] user registers */
	struct arch_trap trap;  /* [o] of the last exit */
	bool step_forced; /* [o] RFLAGS.TF is the tracer's, not the program's */
	struct arch_pt *pt; /* what CR3 holds while it runs; NULL: kernel's */
};

/* Runs the current task in user mode until something happens.  Called and
 * returns with interrupts on. */
enum arch_reason arch_user_enter(struct arch_regs *regs);

static inline uint64_t arch_sys_nr(const struct arch_regs *r)
{
	return (uint64_t)(int32_t)r->orig_rax; /* of RAX, EAX counts */
}
/* Argument n (0..5) of the system call. */
static inline uint64_t arch_sys_arg(const struct arch_regs *r, unsigned n)
{
	const uint64_t arg[6] = {
		r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9
	};

	return arg[n];
}
static inline void arch_sys_args(const struct arch_regs *r, uint64_t arg[6])
{
	arg[0] = r->rdi;
	arg[1] = r->rsi;
	arg[2] = r->rdx;
	arg[3] = r->r10;
	arg[4] = r->r8;
	arg[5] = r->r9;
}
void arch_sys_return(struct arch_regs *r, long ret);
/* Back to the instruction of the system call, with nr in its register. */
void arch_sys_restart(struct arch_regs *r, uint64_t nr);

/* Prepares t's stack so that arch_switch() to it calls fn(arg) on it. */
void arch_task_init(struct task *t, void (*fn)(void *), void *arg);
/* regs of a fresh program: entry, stack pointer, all else zero. */
void arch_regs_exec(struct arch_regs *r, uint64_t entry, uint64_t sp);
/* clone(2): the child starts on a stack of its own. */
static inline void arch_regs_set_sp(struct arch_regs *r, uint64_t sp)
{
	r->rsp = sp;
}
static inline uint64_t arch_regs_sp(const struct arch_regs *r)
{
	return r->rsp;
}
static inline uint64_t arch_regs_ip(const struct arch_regs *r)
{
	return r->rip;
}
static inline void arch_regs_set_ip(struct arch_regs *r, uint64_t ip)
{
	r->rip = ip;
}
static inline long arch_sys_result(const struct arch_regs *r)
{
	return (long)r->rax;
}
/* One instruction of user mode, then a trap. */
void arch_single_step(struct task *t, bool on);
/* Registers as struct user_regs_struct has them, of a task that does not run;
 * set: -EIO for what user mode cannot have. */
#define ARCH_USER_REGS 27
void arch_user_regs_get(const struct task *t, uint64_t out[ARCH_USER_REGS]);
int arch_user_regs_set(struct task *t,
		       const uint64_t in[ARCH_USER_REGS]) MUST_CHECK;
/* The XSAVE image, with Linux's mark of the features at 464. */
unsigned arch_fpu_image_size(void);
void arch_fpu_image_get(const struct task *t, void *out);
int arch_fpu_image_set(struct task *t, void *image, bool extended) MUST_CHECK;
/* Serializes instruction fetch on this CPU. */
void arch_sync_core(void);
/* From prev to next, which becomes current: stack, page tables, FS/GS, FPU.
 * Interrupts are off. */
void arch_switch(struct task *prev, struct task *next);
int arch_fpu_alloc(struct arch_task *a) MUST_CHECK; /* fresh state */
void arch_fpu_copy(struct arch_task *to, const struct arch_task *from);
void arch_fpu_reset(struct arch_task *a);
void arch_fpu_free(struct arch_task *a);
long arch_prctl(int code, uaddr_t addr); /* arch_prctl(2) for current */
void arch_set_tls(struct task *t, uint64_t tls);

/* Signal frames (arch/sigframe.c): pushes a frame for handler, with the mask
 * to restore; 0 or -EFAULT.  arch_sigreturn reads it back. */
struct siginfo_k;
struct ksigaction;
int arch_signal_push(struct arch_regs *r, int signo,
		     const struct ksigaction *sa, const struct siginfo_k *info,
		     uint64_t mask) MUST_CHECK;
unsigned long arch_signal_frame_max(void); /* AT_MINSIGSTKSZ */
long arch_sigreturn(struct arch_regs *r);  /* the value for RAX */

/* ---- page tables; the caller holds the mm's lock ---- */

enum arch_prot {
	PROT_R = 1,
	PROT_W = 2,
	PROT_X = 4,
	PROT_USER = 8,
	PROT_DEVICE = 16, /* uncached */
};
#define PTE_INFO_DIRTY (1U << 16) /* in the prot that arch_pt_walk returns */

struct arch_pt {
	paddr_t root;
	uint64_t active[1]; /* [a] CPUs that may have it in their TLB */
	uint64_t npages;    /* table pages */
};

int arch_pt_init(struct arch_pt *pt) MUST_CHECK;
void arch_pt_fini(struct arch_pt *pt); /* frees tables, not what they map */
/* Makes pt (NULL: the kernel's) current's page tables and loads it: exec, and
 * exit before it drops its mm. */
void arch_pt_switch(struct arch_pt *pt);
/* Maps one page; -ENOMEM.  Replaces a present entry (no flush). */
int arch_pt_map(struct arch_pt *pt, uint64_t va, paddr_t pa,
		unsigned prot) MUST_CHECK;
/* Removes one page: true with *pa and *prot where it was present. No flush. */
bool arch_pt_unmap(struct arch_pt *pt, uint64_t va, paddr_t *pa,
		   unsigned *prot);
bool arch_pt_walk(struct arch_pt *pt, uint64_t va, paddr_t *pa, unsigned *prot);
/* Calls fn for each present page in [start, end), skipping empty tables; fn
 * returns the new prot, 0 to unmap, or UINT_MAX to leave it. No flush. */
void arch_pt_visit(struct arch_pt *pt, uint64_t start, uint64_t end,
		   unsigned (*fn)(void *arg, uint64_t va, paddr_t pa,
				  unsigned prot),
		   void *arg);
/* On every CPU that may have them cached; waits. */
void arch_tlb_flush(struct arch_pt *pt, uint64_t start, uint64_t end);
/* The kernel's own half: device registers and stacks. */
int arch_kmap(uint64_t va, paddr_t pa, unsigned prot) MUST_CHECK;
void arch_kunmap(uint64_t va, unsigned n);
#ifdef KUNI_UNIT
void *phys_to_virt(paddr_t pa);
paddr_t virt_to_phys(const void *p);
#else
#include "layout.h"
static inline void *phys_to_virt(paddr_t pa)
{
	return (void *)(pa + DIRECT_MAP);
}
static inline paddr_t virt_to_phys(const void *p) /* of the direct map */
{
	return (uint64_t)p - DIRECT_MAP;
}
#endif

/* Whole pages of the direct map, by the CPU's own way: no detour around its
 * caches, since who asks for a page reads it next. */
static inline void arch_page_copy(void *to, const void *from)
{
	unsigned long n = PAGE_SIZE / sizeof(uint64_t);

	__asm__ volatile("rep movsq"
			 : "+D"(to), "+S"(from), "+c"(n)
			 :
			 : "memory");
}

static inline void arch_pages_clear(void *p, unsigned order)
{
	unsigned long n = (PAGE_SIZE << order) / sizeof(uint64_t);

	__asm__ volatile("rep stosq" : "+D"(p), "+c"(n) : "a"(0UL) : "memory");
}

/*
 * Whether CPUs run a translation of the code, which follows what CPUs store, but
 * not what comes from outside the emulator: QEMU's TCG, whose file system device
 * is another process.  Code that such a device has read into memory then runs as
 * what was there before, until somebody has stored to each word of it.
 */
extern bool arch_translates;
/* Such stores, of what is there: others may store to the page meanwhile. */
static inline void arch_page_touch(void *page)
{
	uint64_t *w = page;

	for (unsigned i = 0; i < PAGE_SIZE / sizeof(*w); i++)
		__asm__ volatile("lock orq $0, %0" : "+m"(w[i]) : : "memory");
}

/* ---- user memory: fault-safe; 0 or -EFAULT ---- */

/* Whether all of it is in the user's half, mapped or not. */
bool user_range(uaddr_t at, size_t n);

int copy_from_user(void *to, uaddr_t from, size_t n) MUST_CHECK;
int copy_to_user(uaddr_t to, const void *from, size_t n) MUST_CHECK;
int clear_user(uaddr_t to, size_t n) MUST_CHECK;
/* Bytes before the NUL, -EFAULT, or -ENAMETOOLONG where none is in n bytes. */
ssize_t strncpy_from_user(char *to, uaddr_t from, size_t n) MUST_CHECK;
/* Atomic on aligned user words; never sleep: -EFAULT where not present. */
int arch_user_load32(uaddr_t at, uint32_t *out) MUST_CHECK;
int arch_user_cmpxchg32(uaddr_t at, uint32_t *expected, uint32_t new_)
	MUST_CHECK; /* *expected becomes what was there */

/* ---- time ---- */

uint64_t arch_ticks_ns(uint64_t ticks); /* a difference of arch_tsc()s */
/* The raw counter: differences on one CPU, give or take what the CPU reorders. */
static inline uint64_t arch_tsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}
uint64_t arch_tsc_khz(void);  /* its frequency; 0 before arch_init_early() */
uint64_t arch_clock_ns(void); /* monotonic since boot, pvclock */
void arch_timer_set(uint64_t deadline_ns); /* this CPU's; calls timer_tick() */
void arch_wall_offset_set(uint64_t ns);
uint64_t arch_wall_offset_ns(void); /* CLOCK_REALTIME - arch_clock_ns at boot */

/* ---- random, debugging ---- */
bool arch_random(uint64_t *out); /* RDRAND, where the CPU has it */
/* Of a task that is switched out. */
void arch_task_backtrace(const struct task *t, void (*line)(uint64_t pc));
void arch_backtrace(uint64_t bp, void (*line)(uint64_t pc));
void arch_dump_regs(const struct arch_regs *r);
/* /proc/cpuinfo's facts */
struct arch_cpuinfo {
	char vendor[13], model_name[49];
	unsigned family, model, stepping;
	uint64_t khz;
};
void arch_cpuinfo(struct arch_cpuinfo *out);
const char *arch_cpu_flag(unsigned n); /* n-th flag name; NULL at the end */
uint32_t arch_hwcap(void), arch_hwcap2(void);

/* boot order, called by kernel_main */
void arch_init_early(const struct bootinfo *bi); /* GDT, IDT, GS, paging bits */
void arch_init_irq(const struct bootinfo *bi);   /* LAPIC, timer */

#endif
