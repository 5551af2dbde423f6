/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trap.c: exceptions and interrupts, once entry.S has saved the registers.
 *
 * From user mode, trap_user() makes the reason that arch_user_enter() returns.
 * From the kernel, trap_kernel() serves interrupts, resolves page faults of
 * uaccess.S, and panics on all else.  trap_paranoid() runs on an IST stack.
 * All run with interrupts off; only mm_fault() is called with them on.
 */
#include "kuni/klog.h"
#include "kuni/mm.h"
#include "kuni/task.h"
#include "x86.h"

enum {
	EXC_DE,
	EXC_DB,
	EXC_NMI,
	EXC_BP,
	EXC_OF,
	EXC_BR,
	EXC_UD,
	EXC_NM,
	EXC_DF,
	EXC_TS = 10,
	EXC_NP,
	EXC_SS,
	EXC_GP,
	EXC_PF,
	EXC_MF = 16,
	EXC_AC,
	EXC_MC,
	EXC_XM,
	EXC_CP = 21,
};

#define PF_WRITE 2U
#define PF_EXEC  16U

#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define DR6_STEP   (1UL << 14)

struct idt_entry idt[256] __attribute__((aligned(4096)));

extern const char uaccess_begin[], uaccess_end[], uaccess_nofault[],
	uaccess_fault[], idle_hlt[], idle_end[];

/* An interrupt gate of ring 0, without its address. */
#define GATE ((uint64_t)SEL_KCODE << 16 | 0x8eULL << 40)

void idt_init(void)
{
	uint64_t at = (uint64_t)trap_stubs;

	for (unsigned v = 0; v < 256; v++, at += TRAP_STUB_SIZE) {
		idt[v].lo = GATE | (at & 0xffff) | (at & 0xffff0000) << 32;
		idt[v].hi = at >> 32;
	}
	idt[EXC_BP].lo |= 3ULL << 45;
	idt[EXC_OF].lo |= 3ULL << 45;
	idt[EXC_NMI].lo |= (uint64_t)IST_NMI << 32;
	idt[EXC_DF].lo |= (uint64_t)IST_DF << 32;
	idt[EXC_MC].lo |= (uint64_t)IST_MC << 32;
}

static unsigned fault_access(uint64_t err)
{
	if (err & PF_EXEC)
		return ACCESS_EXEC;
	return err & PF_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

static void interrupt(unsigned vec)
{
	struct cpu *c = this_cpu();
	bool was = c->in_irq;

	c->in_irq = true;
	apic_interrupt(vec);
	c->in_irq = was;
}

/* ---- from user mode ---- */

/* si_code of a floating point exception; raised: unmasked exception bits. */
static int fpe_code(unsigned raised)
{
	if (raised & 1)
		return FPE_FLTINV;
	if (raised & 4)
		return FPE_FLTDIV;
	if (raised & 8)
		return FPE_FLTOVF;
	if (raised & 0x12)
		return FPE_FLTUND;
	return raised & 0x20 ? FPE_FLTRES : SI_KERNEL;
}

static unsigned x87_raised(void)
{
	uint16_t cw, sw;

	__asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(cw), "=m"(sw));
	return sw & ~cw & 0x3fU;
}

static unsigned sse_raised(void)
{
	uint32_t mxcsr;

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	return mxcsr & ~(mxcsr >> 7) & 0x3fU;
}

static int debug_code(void)
{
	uint64_t dr6;

	__asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
	__asm__ volatile("mov %0, %%dr6" : : "r"(0xffff0ff0UL));
	return dr6 & DR6_STEP ? TRAP_TRACE : TRAP_BRKPT;
}

static void set_trap(struct arch_trap *t, int signo, int code, uint64_t addr)
{
	t->signo = signo;
	t->code = code;
	t->addr = addr;
}

static void user_exception(struct arch_regs *r, unsigned vec,
			   struct arch_trap *t)
{
	switch (vec) {
	case EXC_DE:
		set_trap(t, SIGFPE, FPE_INTDIV, r->rip);
		break;
	case EXC_DB:
		set_trap(t, SIGTRAP, debug_code(), r->rip);
		arch_single_step(current, false);
		break;
	case EXC_BP:
		set_trap(t, SIGTRAP, SI_KERNEL, 0);
		break;
	case EXC_UD:
		set_trap(t, SIGILL, ILL_ILLOPN, r->rip);
		break;
	case EXC_NP:
	case EXC_SS:
		set_trap(t, SIGBUS, SI_KERNEL, 0);
		break;
	case EXC_MF:
		set_trap(t, SIGFPE, fpe_code(x87_raised()), r->rip);
		break;
	case EXC_AC:
		set_trap(t, SIGBUS, BUS_ADRALN, 0);
		break;
	case EXC_XM:
		set_trap(t, SIGFPE, fpe_code(sse_raised()), r->rip);
		break;
	default: /* #GP, #OF, #BR, #TS, #CP */
		set_trap(t, SIGSEGV, SI_KERNEL, 0);
		break;
	}
}

/* Something but a system call ended user mode: why (kuni/arch.h). */
enum arch_reason trap_user(struct arch_regs *r, unsigned vec)
{
	struct arch_trap *t = &current->arch.trap;
	uint64_t err = r->orig_rax;

	r->orig_rax = (uint64_t)-1; /* no system call to restart */
	if (vec >= 32) {
		interrupt(vec);
		return ARCH_INTERRUPT;
	}
	t->nr = vec;
	t->err = (unsigned)err;
	if (vec == EXC_PF) {
		t->addr = read_cr2();
		t->access = fault_access(err);
		return ARCH_FAULT;
	}
	user_exception(r, vec, t);
	return ARCH_TRAP;
}

/* Runs the current task in user mode until something happens: see
 * kuni/arch.h.  What came up since the caller looked (a reschedule, a signal)
 * is noticed here, with interrupts off, and reported as ARCH_INTERRUPT. */
enum arch_reason arch_user_enter(struct arch_regs *regs)
{
	struct task *t = current;
	struct arch_cpu *c;
	bool sysret;

	if (unlikely(regs->rip >= 1UL << 47)) { /* IRETQ would fault */
		t->arch.trap.nr = EXC_GP;
		t->arch.trap.err = 0;
		set_trap(&t->arch.trap, SIGSEGV, SI_KERNEL, 0);
		return ARCH_TRAP;
	}
	arch_irq_off();
	c = arch_this();
	if (unlikely(c->cpu.need_resched || t->user_work)) {
		arch_irq_on();
		return ARCH_INTERRUPT;
	}
	if (unlikely(c->loaded != t->arch.pt))
		mmu_load(t->arch.pt);
	regs->cs = SEL_UCODE;
	regs->ss = SEL_UDATA;
	regs->rflags = (regs->rflags & RFLAGS_USER) | RFLAGS_IF | RFLAGS_FIXED;
	sysret = regs->rcx == regs->rip && regs->r11 == regs->rflags &&
		 !(regs->rflags & (RFLAGS_TF | 1UL << 16));
	return user_enter(regs, sysret);
}

/* ---- from the kernel ---- */

static bool in_uaccess(uint64_t rip)
{
	return rip >= (uint64_t)uaccess_begin && rip < (uint64_t)uaccess_end;
}

/* A page fault of uaccess.S: true where the instruction may run again. */
static bool resolve(const struct arch_regs *r, uint64_t addr)
{
	struct arch_cpu *c = arch_this();
	struct task *t = current;
	int signo, code, ret;

	if (!t || !t->mm)
		return false;
	if (c->loaded != t->arch.pt) {
		mmu_load(t->arch.pt);
		return true;
	}
	if (r->rip >= (uint64_t)uaccess_nofault || c->cpu.irq_depth ||
	    c->cpu.in_irq || !(r->rflags & RFLAGS_IF))
		return false;
	arch_irq_on();
	ret = mm_fault(t->mm, addr, fault_access(r->orig_rax), &signo, &code);
	arch_irq_off();
	return ret == 0;
}

static void kernel_page_fault(struct arch_regs *r)
{
	static const char *const what[] = { [ACCESS_READ] = "read",
					    [ACCESS_WRITE] = "write",
					    [ACCESS_EXEC] = "execute" };
	uint64_t addr = read_cr2();

	if (!in_uaccess(r->rip) || addr >= USER_END)
		panic_regs(
			r,
			"page fault in the kernel: %s at 0x%016lx, error %lx",
			what[fault_access(r->orig_rax)], addr, r->orig_rax);
	if (!resolve(r, addr))
		r->rip = (uint64_t)uaccess_fault;
}

/* An exception or interrupt while the kernel ran. */
void trap_kernel(struct arch_regs *r, unsigned vec)
{
	if (vec >= 32) {
		interrupt(vec);
		if (r->rip == (uint64_t)idle_hlt) /* idle.S */
			r->rip = (uint64_t)idle_end;
	} else if (vec == EXC_PF) {
		kernel_page_fault(r);
	} else {
		panic_regs(r, "exception %u in the kernel, error %lx", vec,
			   r->orig_rax);
	}
}

/* NMI, #DF, #MC, on their own stacks. */
void trap_paranoid(struct arch_regs *r, unsigned vec)
{
	uint64_t addr = read_cr2();

	if (smp_stopping)
		arch_halt();
	if (vec == EXC_NMI) /* nobody's: there is no watchdog */
		return;
	if (vec == EXC_DF && addr - r->rsp + PAGE_SIZE <= 2 * PAGE_SIZE)
		panic_regs(r, "kernel stack overflow at 0x%016lx", addr);
	panic_regs(r, "exception %u, error %lx", vec, r->orig_rax);
}

/* ---- for the debug code ---- */

void arch_dump_regs(const struct arch_regs *r)
{
	klog(KLOG_ERROR, "  rip %016lx  cs %04lx  rflags %08lx", r->rip, r->cs,
	     r->rflags);
	klog(KLOG_ERROR, "  rsp %016lx  ss %04lx  cr2 %016lx", r->rsp, r->ss,
	     read_cr2());
	klog(KLOG_ERROR, "  rax %016lx  rbx %016lx  rcx %016lx", r->rax, r->rbx,
	     r->rcx);
	klog(KLOG_ERROR, "  rdx %016lx  rsi %016lx  rdi %016lx", r->rdx, r->rsi,
	     r->rdi);
	klog(KLOG_ERROR, "  rbp %016lx  r8  %016lx  r9  %016lx", r->rbp, r->r8,
	     r->r9);
	klog(KLOG_ERROR, "  r10 %016lx  r11 %016lx  r12 %016lx", r->r10, r->r11,
	     r->r12);
	klog(KLOG_ERROR, "  r13 %016lx  r14 %016lx  r15 %016lx", r->r13, r->r14,
	     r->r15);
}

static bool stack_word(uint64_t at, uint64_t *out)
{
	paddr_t pa;
	unsigned prot;

	if (at & 7 || at < DIRECT_MAP)
		return false;
	if (!arch_pt_walk(NULL, at, &pa, &prot))
		return false;
	*out = *(const uint64_t *)at;
	return true;
}

/* Return addresses from the frame at bp outwards, 32 at most. */
void arch_backtrace(uint64_t bp, void (*line)(uint64_t pc))
{
	for (int n = 0; n < 32; n++) {
		uint64_t next, pc;

		if (!stack_word(bp, &next) || !stack_word(bp + 8, &pc) || !pc)
			return;
		line(pc);
		if (next <= bp)
			return;
		bp = next;
	}
}
