/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpu.c: what a CPU needs before it can take a trap: descriptor tables, the
 * per-CPU area behind GS, system call registers, protection bits.
 *
 * cpu_load() runs once on every CPU, with interrupts off.  CPUID and writes
 * of control registers leave the VM, so features are read once, on CPU 0, and
 * registers are only written where they change.
 */
#include <string.h>

#include "bootinfo.h"
#include "kuni/klog.h"
#include "kuni/mm.h"
#include "kuni/task.h"
#include "x86.h"
#undef current /* the field is meant here */

_Static_assert(offsetof(struct cpu, self) == CPU_SELF, "asm.h");
_Static_assert(offsetof(struct cpu, current) == CPU_CURRENT, "asm.h");
_Static_assert(offsetof(struct cpu, kernel_stack) == CPU_KSTACK, "asm.h");
_Static_assert(offsetof(struct cpu, user_sp) == CPU_USER_SP, "asm.h");
_Static_assert(offsetof(struct arch_cpu, enter_sp) == CPU_ENTER_SP, "asm.h");
_Static_assert(offsetof(struct arch_regs, r11) == REGS_R11, "asm.h");
_Static_assert(offsetof(struct arch_regs, rcx) == REGS_RCX, "asm.h");
_Static_assert(offsetof(struct arch_regs, rdi) == REGS_RDI, "asm.h");
_Static_assert(offsetof(struct arch_regs, orig_rax) == REGS_ORIG, "asm.h");
_Static_assert(offsetof(struct arch_regs, rip) == REGS_RIP, "asm.h");
_Static_assert(offsetof(struct arch_regs, cs) == REGS_CS, "asm.h");
_Static_assert(offsetof(struct arch_regs, rsp) == REGS_RSP, "asm.h");
_Static_assert(sizeof(struct arch_regs) == REGS_SIZE, "asm.h");

#define CPU_BLOCK_ORDER 3 /* the area, then the IST stacks at IST_OFFSET */
#define IST_OFFSET      8192
_Static_assert(sizeof(struct arch_cpu) <= IST_OFFSET &&
		       IST_OFFSET + 3 * IST_SIZE <= PAGE_SIZE
							    << CPU_BLOCK_ORDER,
	       "a CPU's block");

#define CR0_SET      0x50033UL /* PE MP ET NE WP AM */
#define CR0_CLEAR    0xcUL     /* EM TS */
#define CR4_SET      0x6a0UL   /* PAE PGE OSFXSR OSXMMEXCPT */
#define CR4_UMIP     (1UL << 11)
#define CR4_FSGSBASE (1UL << 16)
#define CR4_OSXSAVE  (1UL << 18)
#define CR4_SMEP     (1UL << 20)
#define CR4_SMAP     (1UL << 21)

/* Cleared by SYSCALL: all flags that the kernel's code could feel. */
#define FMASK_VALUE 0x257fd5UL

struct cpu_features cpu_has;
uint8_t cpu_smap;
unsigned arch_ncpu = 1;

static struct arch_cpu cpu0 __attribute__((aligned(256)));
_Static_assert(LOW_STACKS_GPA + 3 * IST_SIZE <= LOW_LOG_GPA, "apart");

static void features_init(void)
{
	struct cpuid r = cpuid(1, 0);

	cpu_has.x2apic = r.c >> 21 & 1;
	cpu_has.tsc_deadline = r.c >> 24 & 1;
	cpu_has.xsave = r.c >> 26 & 1;
	cpu_has.avx = r.c >> 28 & 1;
	cpu_has.rdrand = r.c >> 30 & 1;
	cpu_has.leaf1_edx = r.d;
	if (!cpu_has.xsave)
		return; /* nor can it have leaves 7 and 13 */
	r = cpuid(7, 0);
	cpu_has.fsgsbase = r.b & 1;
	cpu_has.smep = r.b >> 7 & 1;
	cpu_has.avx512 = r.b >> 16 & 1;
	cpu_has.smap = r.b >> 20 & 1;
	cpu_has.umip = r.c >> 2 & 1;
	cpu_smap = cpu_has.smap;
	cpu_has.xsaveopt = cpuid(13, 1).a & 1;
}

static void cpu_fill(struct arch_cpu *c, unsigned id, uint8_t *ist)
{
	uint64_t tss = (uint64_t)&c->tss;

	c->cpu.self = &c->cpu;
	c->cpu.id = id;
	c->ist = ist;
	c->gdt[SEL_KCODE / 8] = 0x00af9b000000ffffULL;
	c->gdt[SEL_KDATA / 8] = 0x00cf93000000ffffULL;
	c->gdt[SEL_UDATA / 8] = 0x00cff3000000ffffULL;
	c->gdt[SEL_UCODE / 8] = 0x00affb000000ffffULL;
	c->gdt[SEL_CPUNR / 8] = 0x0000f10000000000ULL | id;
	c->gdt[SEL_TSS / 8] = (sizeof(c->tss) - 1) | (tss & 0xffffff) << 16 |
			      0x89ULL << 40 | (tss >> 24 & 0xff) << 56;
	c->gdt[SEL_TSS / 8 + 1] = tss >> 32;
	c->tss.iomap = sizeof(c->tss); /* no I/O ports for user mode */
	for (unsigned i = 0; i < 3; i++) {
		uint64_t *top =
			(uint64_t *)(void *)(ist + (i + 1) * IST_SIZE - 16);

		*top = (uint64_t)c; /* entry.S: trap_paranoid_entry */
		c->tss.ist[i] = (uint64_t)top;
	}
}

/* The area of CPU id, ready for cpu_load(); NULL: out of memory. */
struct arch_cpu *cpu_alloc(unsigned id)
{
	struct page *p = page_alloc(CPU_BLOCK_ORDER, PAGE_ZERO);
	struct arch_cpu *c;

	if (!p)
		return NULL;
	c = page_virt(p);
	cpu_fill(c, id, (uint8_t *)c + IST_OFFSET);
	flight_init_cpu(&c->cpu.flight);
	return c;
}

static void load_tables(struct arch_cpu *c)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) d = { sizeof(c->gdt) - 1, (uint64_t)c->gdt };

	__asm__ volatile("lgdt %0\n\t"
			 "push %1\n\t"
			 "lea 1f(%%rip), %%rax\n\t"
			 "push %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "mov %2, %%ss\n\t"
			 "xor %%eax, %%eax\n\t"
			 "mov %%eax, %%ds\n\t"
			 "mov %%eax, %%es\n\t"
			 "mov %%eax, %%fs\n\t"
			 "mov %%eax, %%gs\n\t"
			 :
			 : "m"(d), "i"(SEL_KCODE), "r"(SEL_KDATA)
			 : "rax", "memory");
	d.limit = sizeof(struct idt_entry) * 256 - 1;
	d.base = (uint64_t)idt;
	__asm__ volatile("lidt %0; ltr %w1"
			 :
			 : "m"(d), "r"(SEL_TSS)
			 : "memory");
}

static void load_control(void)
{
	uint64_t cr0, cr4, want;

	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	want = (cr0 | CR0_SET) & ~CR0_CLEAR;
	if (want != cr0)
		__asm__ volatile("mov %0, %%cr0" : : "r"(want) : "memory");
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	want = cr4 | CR4_SET;
	if (cpu_has.umip)
		want |= CR4_UMIP;
	if (cpu_has.fsgsbase)
		want |= CR4_FSGSBASE;
	if (cpu_has.xsave)
		want |= CR4_OSXSAVE;
	if (cpu_has.smep)
		want |= CR4_SMEP;
	if (cpu_has.smap)
		want |= CR4_SMAP;
	if (want != cr4)
		__asm__ volatile("mov %0, %%cr4" : : "r"(want) : "memory");
}

/* Makes this CPU the one of area c. */
void cpu_load(struct arch_cpu *c)
{
	uint64_t efer = rdmsr(MSR_EFER);

	load_tables(c);
	wrmsr(MSR_GS_BASE, (uint64_t)c);
	load_control();
	if ((efer & (EFER_SCE | EFER_NXE)) != (EFER_SCE | EFER_NXE))
		wrmsr(MSR_EFER, efer | EFER_SCE | EFER_NXE);
	wrmsr(MSR_STAR, (uint64_t)SEL_UBASE << 48 | (uint64_t)SEL_KCODE << 32);
	wrmsr(MSR_LSTAR, (uint64_t)syscall_entry);
	wrmsr(MSR_FMASK, FMASK_VALUE);
	fpu_init_cpu();
}

/* First of all: traps, per-CPU area, protection, the clock.  Before it there
 * is no this_cpu(), and every fault is fatal without a word. */
void arch_init_early(const struct bootinfo *bi)
{
	extern char boot_stack_top[];

	ensure(bi->magic == BOOTINFO_MAGIC && bi->version == BOOTINFO_VERSION);
	features_init();
	idt_init();
	cpu_fill(&cpu0, 0, phys_to_virt(LOW_STACKS_GPA));
	cpu0.cpu.kernel_stack = (uint64_t)boot_stack_top;
	cpu_load(&cpu0);
	mmu_init();
	flight_init_cpu(&cpu0.cpu.flight);
	clock_init(bi);
	smp_init(bi);
}

/* ---- small things ---- */

/* In loops that wait for another CPU: also serves a call that the other CPU
 * may be waiting for, so that neither waits for ever. */
void arch_relax(void)
{
	smp_call_poll();
	__asm__ volatile("pause" : : : "memory");
}

_Noreturn void arch_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

/* RDRAND, retried as the manual asks; false: none, or it gives none. */
bool arch_random(uint64_t *out)
{
	uint8_t ok;

	if (!cpu_has.rdrand)
		return false;
	for (int i = 0; i < 10; i++) {
		__asm__ volatile("rdrand %0; setc %1"
				 : "=r"(*out), "=q"(ok)
				 :
				 : "cc");
		if (ok)
			return true;
	}
	return false;
}
