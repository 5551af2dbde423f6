/* SPDX-License-Identifier: Apache-2.0 */
/*
 * switch.c: what of the CPU belongs to a task: stacks, registers, FS and GS
 * bases; and changing from one task to the next.
 *
 * In the kernel the user's GS base waits behind SWAPGS.  With FSGSBASE a
 * program may have changed both bases, so they are read back at each switch;
 * without, only arch_prctl(2) changes them and arch_task has them already.
 */
#include <string.h>

#include "kuni/klog.h"
#include "kuni/task.h"
#include "x86.h"

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

void switch_stacks(uint64_t *save, uint64_t load);
void task_first(void);

/* Interrupts off: between the two SWAPGS GS is the user's. */
static uint64_t read_user_gs(void)
{
	uint64_t v;

	__asm__ volatile("swapgs; rdgsbase %0; swapgs" : "=r"(v) : : "memory");
	return v;
}

static void write_user_gs(uint64_t v)
{
	__asm__ volatile("swapgs; wrgsbase %0; swapgs" : : "r"(v) : "memory");
}

static void save_bases(struct arch_task *a)
{
	if (!cpu_has.fsgsbase)
		return;
	__asm__ volatile("rdfsbase %0" : "=r"(a->fs_base));
	a->gs_base = read_user_gs();
}

static void load_bases(const struct arch_task *a)
{
	if (cpu_has.fsgsbase) {
		__asm__ volatile("wrfsbase %0" : : "r"(a->fs_base));
		write_user_gs(a->gs_base);
	} else {
		wrmsr(MSR_FS_BASE, a->fs_base);
		wrmsr(MSR_KERNEL_GS_BASE, a->gs_base);
	}
}

/* t->stack_top is set.  The first arch_switch() to t calls fn(arg), with
 * interrupts off as after any switch. */
void arch_task_init(struct task *t, void (*fn)(void *), void *arg)
{
	uint64_t *sp;

	t->arch.regs = (struct arch_regs *)(t->stack_top - REGS_SIZE);
	/* a frame of switch_stacks below the registers; after its return the
	 * stack is 16-aligned for task_first's call */
	sp = (uint64_t *)((t->stack_top - REGS_SIZE) & ~15UL);
	*--sp = 0; /* no caller */
	*--sp = 0;
	*--sp = (uint64_t)task_first;
	*--sp = 0;             /* rbp */
	*--sp = (uint64_t)fn;  /* rbx */
	*--sp = (uint64_t)arg; /* r12 */
	*--sp = 0;
	*--sp = 0;
	*--sp = 0;
	t->arch.ksp = (uint64_t)sp;
}

/* The call chain of a task that is switched out, and stays so meanwhile. */
void arch_task_backtrace(const struct task *t, void (*line)(uint64_t pc))
{
	const uint64_t *sp = (const uint64_t *)t->arch.ksp;

	line(sp[6]); /* of switch_stacks; sp[5]: rbp */
	arch_backtrace(sp[5], line);
}

void arch_regs_exec(struct arch_regs *r, uint64_t entry, uint64_t sp)
{
	memset(r, 0, sizeof(*r));
	r->orig_rax = (uint64_t)-1;
	r->rip = entry;
	r->rsp = sp;
	r->cs = SEL_UCODE;
	r->ss = SEL_UDATA;
	r->rflags = RFLAGS_IF | RFLAGS_FIXED;
}

void arch_sys_return(struct arch_regs *r, long ret)
{
	r->rax = (uint64_t)ret;
}

/* SYSCALL is two bytes long. */
void arch_sys_restart(struct arch_regs *r, uint64_t nr)
{
	r->rax = nr;
	r->rip -= 2;
}

/* Writing a control register serializes (SDM 3A, 9.3). */
void arch_sync_core(void)
{
	bool on = arch_irq_save_off();
	uint64_t v;

	__asm__ volatile("mov %%cr2, %0; mov %0, %%cr2" : "=r"(v) : : "memory");
	if (on)
		arch_irq_on();
}

void arch_switch(struct task *prev, struct task *next)
{
	struct arch_cpu *c = arch_this();

	if (prev->arch.fpu)
		save_bases(&prev->arch);
	fpu_switch(&prev->arch, &next->arch);
	if (next->arch.pt)
		mmu_load(next->arch.pt);
	else
		mmu_lazy();
	if (next->arch.fpu)
		load_bases(&next->arch);
	cpu_set_current(&c->cpu, next);
	c->cpu.kernel_stack = next->stack_top;
	c->tss.rsp[0] = next->stack_top;
	switch_stacks(&prev->arch.ksp, next->arch.ksp);
}

/* For clone: the child's FS base; for exec with 0: current's. */
void arch_set_tls(struct task *t, uint64_t tls)
{
	bool on = arch_irq_save_off();

	if (t == current)
		save_bases(&t->arch);
	t->arch.fs_base = tls;
	if (t == current)
		load_bases(&t->arch);
	if (on)
		arch_irq_on();
}

static long set_base(int code, uint64_t v)
{
	struct arch_task *a = &current->arch;

	if (v >= USER_END)
		return -EPERM;
	arch_irq_off();
	save_bases(a);
	if (code == ARCH_SET_FS)
		a->fs_base = v;
	else
		a->gs_base = v;
	load_bases(a);
	arch_irq_on();
	return 0;
}

/* arch_prctl(2): the bases of FS and GS; other codes -EINVAL. */
long arch_prctl(int code, uaddr_t addr)
{
	uint64_t v;

	switch (code) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		return set_base(code, addr.v);
	case ARCH_GET_FS:
	case ARCH_GET_GS:
		arch_irq_off();
		save_bases(&current->arch);
		v = code == ARCH_GET_FS ? current->arch.fs_base
					: current->arch.gs_base;
		arch_irq_on();
		return copy_to_user(addr, &v, sizeof(v));
	default:
		return -EINVAL;
	}
}
