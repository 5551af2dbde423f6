/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86.h: what the files of arch/ share among themselves.
 *
 * The per-CPU area behind struct cpu, CPU features, registers and
 * instructions.  Nothing outside arch/ and boot/ includes it.
 */
#ifndef ARCH_X86_H
#define ARCH_X86_H

#include "kuni/arch.h"
#include "asm.h"

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, iomap;
} __attribute__((packed));

/* The per-CPU area: GS points to it while the kernel runs. */
struct arch_cpu {
	struct cpu cpu; /* first: kuni/arch.h knows it */
	/* [o] where arch_user_enter() left off; at CPU_ENTER_SP */
	uint64_t enter_sp __attribute__((aligned(256)));
	struct arch_pt *loaded;  /* [o] in CR3; NULL: the kernel's root */
	uint8_t lazy;            /* [a] no user address is looked at: mmu.c */
	void *fpu_live;          /* [o] area whose state the registers hold */
	bool apic_on;            /* [o] LAPIC enabled */
	bool timer_on;           /* [o] LVT of the timer programmed */
	uint64_t timer_armed;    /* [o] ns that the hardware has, 0: none */
	uint64_t timer_want;     /* [o] ns that arch_timer_set() asked for */
	uint64_t gdt[GDT_SLOTS]; /* [I] */
	struct tss tss;          /* rsp[0] [o], else [I] */
	uint8_t *ist;            /* [I] three stacks of IST_SIZE */
	uint64_t boot_stack;     /* [I] top of the stack it starts on */
};

static inline struct arch_cpu *arch_this(void)
{
	return (struct arch_cpu *)(void *)this_cpu();
}

/* ---- features (cpu.c) ---- */

struct cpu_features {
	bool smap, smep, umip, fsgsbase, xsave, xsaveopt, avx, avx512;
	bool x2apic, tsc_deadline, rdrand;
	uint32_t leaf1_edx; /* AT_HWCAP */
};
extern struct cpu_features cpu_has; /* [I] after arch_init_early */
extern uint8_t cpu_smap;            /* the same bit for assembly */

struct cpuid {
	uint32_t a, b, c, d;
};
static inline struct cpuid cpuid(uint32_t leaf, uint32_t sub)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
			 : "a"(leaf), "c"(sub));
	return r;
}

struct arch_cpu *cpu_alloc(unsigned id); /* NULL: out of memory */
void cpu_load(struct arch_cpu *c);       /* GDT, IDT, TSS, GS, MSRs, CRs */

/* ---- registers ---- */

#define MSR_APIC_BASE      0x1b
#define MSR_TSC_DEADLINE   0x6e0
#define MSR_X2APIC         0x800
#define MSR_EFER           0xc0000080U
#define MSR_STAR           0xc0000081U
#define MSR_LSTAR          0xc0000082U
#define MSR_FMASK          0xc0000084U
#define MSR_FS_BASE        0xc0000100U
#define MSR_GS_BASE        0xc0000101U
#define MSR_KERNEL_GS_BASE 0xc0000102U

#define EFER_SCE 1U
#define EFER_NXE (1U << 11)

#define RFLAGS_CF    1UL
#define RFLAGS_TF    (1UL << 8)
#define RFLAGS_IF    (1UL << 9)
#define RFLAGS_FIXED 2UL
/* what a program may set: CF PF AF ZF SF TF DF OF NT RF AC */
#define RFLAGS_USER 0x54dd5UL
#define RFLAGS_NT   0x4000UL

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}
static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32))
			 : "memory");
}
/* In order with what stands before it, which arch_tsc() is not. */
static inline uint64_t rdtsc(void)
{
	__asm__ volatile("lfence" : : : "memory");
	return arch_tsc();
}
static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port) : "memory");
}
static inline void outl(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port) : "memory");
}
static inline uint64_t read_cr2(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr2, %0" : "=r"(v));
	return v;
}
static inline void write_cr3(uint64_t v)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(v) : "memory");
}
static inline void invlpg(uint64_t va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

/* ---- trap.c, entry.S ---- */

struct idt_entry {
	uint64_t lo, hi;
};
extern struct idt_entry idt[256];
void idt_init(void);
void trap_kernel(struct arch_regs *r, unsigned vec);
void trap_paranoid(struct arch_regs *r, unsigned vec);
enum arch_reason trap_user(struct arch_regs *r, unsigned vec);
enum arch_reason user_enter(struct arch_regs *r, bool sysret);
void syscall_entry(void);
extern const char trap_stubs[]; /* TRAP_STUB_SIZE bytes a vector */
#define TRAP_STUB_SIZE 16

/* ---- mmu.c ---- */

void mmu_init(void);
void mmu_load(struct arch_pt *pt); /* this CPU's CR3; interrupts off */
void mmu_lazy(void);               /* until the next one with tables */
paddr_t mmu_kernel_root(void);
paddr_t mmu_trampoline_root(void);

/* ---- apic.c ---- */

void apic_init(const struct bootinfo *bi);
void apic_enable(void); /* this CPU's LAPIC, if it is not yet */

void apic_ipi(unsigned cpu, unsigned vec); /* VEC_NMI: as an NMI */
void apic_start_cpu(unsigned cpu);         /* INIT, SIPI, SIPI */
/* Calls the handler of a device, timer or IPI vector; acknowledges it. */
void apic_interrupt(unsigned vec);
uint32_t apic_timer_read(void); /* calibration: counts down at 1 GHz */
void apic_timer_free_run(bool on);

/* ---- smp.c ---- */

void smp_init(const struct bootinfo *bi);
/* Runs fn(arg) on the CPUs of mask, this one left out, and waits. */
void smp_call(uint64_t mask, void (*fn)(void *), void *arg);
void smp_call_poll(void);    /* serves a request that waits for this CPU */
extern uint64_t cpus_online; /* [a] */
extern bool smp_stopping;    /* [a] NMIs halt */

/* ---- clock.c, fpu.c ---- */

void clock_init(const struct bootinfo *bi);      /* pvclock, or a guess */
void clock_calibrate(const struct bootinfo *bi); /* the LAPIC works */
void clock_init_cpu(unsigned id);                /* on CPU id, not the first */
uint64_t clock_to_tsc(uint64_t ns);              /* of arch_clock_ns() */
extern uint64_t clock_tsc_khz;
void fpu_init_cpu(void);
void fpu_switch(struct arch_task *prev, struct arch_task *next);
/* The user part of the area: size, and whether it is XSAVE's format. */
extern uint32_t fpu_size;
extern uint64_t fpu_features;            /* XCR0; 0: FXSAVE */
extern uint32_t fpu_mxcsr_mask;          /* bits that may be set */
void fpu_save_live(struct arch_task *a); /* current's registers to memory */
void fpu_load(struct arch_task *a);
void fpu_replace(struct arch_task *a, const void *image); /* and back */

#endif
