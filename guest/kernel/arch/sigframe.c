/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigframe.c: signal frames, laid out as Linux's struct rt_sigframe.
 *
 * From high to low addresses: the XSAVE area with Linux's magic words, then
 * the frame.  RSP at the handler points to the frame, whose first word is the
 * return address (the restorer, which calls rt_sigreturn).  arch_sigreturn()
 * trusts nothing of what it reads: selectors are ours, flags are masked,
 * addresses are checked when user mode is entered, and the FPU image is made
 * harmless before it is loaded.
 */
#include <string.h>

#include "kuni/klog.h"
#include "kuni/mm.h"
#include "kuni/task.h"
#include "x86.h"

#define UC_FP_XSTATE         1U
#define UC_SIGCONTEXT_SS     2U
#define UC_STRICT_RESTORE_SS 4U
#define XSTATE_MAGIC1        0x46505853U
#define XSTATE_MAGIC2        0x46505845U
#define RED_ZONE             128
#define LEGACY_SIZE          512U
#define XSTATE_BV_AT         512
#define SW_BYTES_AT          464
#define MXCSR_AT             24
#define LEGACY_FEATURES      3UL /* x87, SSE */

struct lx_stack {
	uint64_t sp;
	int32_t flags, pad;
	uint64_t size;
};

struct lx_sigcontext {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2, fpstate;
	uint64_t reserved[8];
};

struct lx_ucontext {
	uint64_t flags, link;
	struct lx_stack stack;
	struct lx_sigcontext mc;
	uint64_t mask;
};

struct rt_sigframe {
	uint64_t restorer;
	struct lx_ucontext uc;
	struct siginfo_k info;
};
_Static_assert(sizeof(struct lx_sigcontext) == 256, "Linux's");
_Static_assert(sizeof(struct lx_ucontext) == 304, "Linux's");
_Static_assert(sizeof(struct rt_sigframe) == 440, "Linux's");

struct sw_bytes {
	uint32_t magic1, extended_size;
	uint64_t xfeatures;
	uint32_t xstate_size;
	uint32_t padding[7];
};
_Static_assert(sizeof(struct sw_bytes) == 48, "Linux's");

/* ---- pushing ---- */

/* The FPU image at `at`, as Linux marks it. */
static int push_fpu(uint64_t at)
{
	struct arch_task *a = &current->arch;
	struct sw_bytes sw = { 0 };
	uint32_t magic2 = XSTATE_MAGIC2;
	int r;

	arch_irq_off();
	fpu_save_live(a);
	arch_irq_on();
	r = copy_to_user(UADDR(at), a->fpu, fpu_size);
	if (r || !fpu_features)
		return r;
	sw.magic1 = XSTATE_MAGIC1;
	sw.extended_size = fpu_size + 4;
	sw.xfeatures = fpu_features;
	sw.xstate_size = fpu_size;
	r = copy_to_user(UADDR(at + SW_BYTES_AT), &sw, sizeof(sw));
	if (r)
		return r;
	return copy_to_user(UADDR(at + fpu_size), &magic2, sizeof(magic2));
}

static void fill_context(struct lx_sigcontext *m, const struct arch_regs *r,
			 uint64_t fpstate, uint64_t mask)
{
	const struct arch_trap *t = &current->arch.trap;

	m->r8 = r->r8;
	m->r9 = r->r9;
	m->r10 = r->r10;
	m->r11 = r->r11;
	m->r12 = r->r12;
	m->r13 = r->r13;
	m->r14 = r->r14;
	m->r15 = r->r15;
	m->rdi = r->rdi;
	m->rsi = r->rsi;
	m->rbp = r->rbp;
	m->rbx = r->rbx;
	m->rdx = r->rdx;
	m->rax = r->rax;
	m->rcx = r->rcx;
	m->rsp = r->rsp;
	m->rip = r->rip;
	m->rflags = r->rflags;
	m->cs = SEL_UCODE;
	m->ss = SEL_UDATA;
	m->err = t->err;
	m->trapno = t->nr;
	m->cr2 = t->addr;
	m->oldmask = mask;
	m->fpstate = fpstate;
}

static bool in_altstack(uint64_t sp)
{
	const struct task *t = current;

	return sp > t->altstack_sp && sp - t->altstack_sp <= t->altstack_size;
}

static bool on_altstack(uint64_t sp)
{
	return !((uint32_t)current->altstack_flags & SS_AUTODISARM) &&
	       in_altstack(sp);
}

/* Where the frame's memory ends: below the red zone, or the alternate stack.
 * *alt: it must lie within that. */
static uint64_t frame_top(const struct arch_regs *r,
			  const struct ksigaction *sa, bool *alt)
{
	const struct task *t = current;

	*alt = on_altstack(r->rsp);
	if (*alt || !(sa->flags & SA_ONSTACK) || !t->altstack_size)
		return r->rsp - RED_ZONE;
	*alt = true;
	return t->altstack_sp + t->altstack_size;
}

static void save_altstack(struct lx_stack *s, uint64_t sp)
{
	struct task *t = current;
	uint32_t flags = (uint32_t)t->altstack_flags & SS_AUTODISARM;

	s->sp = t->altstack_sp;
	s->size = t->altstack_size;
	if (!t->altstack_size)
		flags |= SS_DISABLE;
	else if (on_altstack(sp))
		flags |= SS_ONSTACK;
	s->flags = (int32_t)flags;
}

/* Below the FPU image at fp: where RSP is as behind a call. */
static uint64_t frame_at(uint64_t fp)
{
	return ((fp - sizeof(struct rt_sigframe)) & ~15UL) - 8;
}

static uint64_t frame_fp(uint64_t top)
{
	return (top - fpu_size - (fpu_features ? 4 : 0)) & ~63UL;
}

/* The most that a frame takes: with the least favourable top. */
unsigned long arch_signal_frame_max(void)
{
	const uint64_t top = 1UL << 20;

	return top + 63 - frame_at(frame_fp(top));
}

int arch_signal_push(struct arch_regs *r, int signo,
		     const struct ksigaction *sa, const struct siginfo_k *info,
		     uint64_t mask)
{
	struct rt_sigframe f = { 0 };
	struct task *t = current;
	bool alt;
	uint64_t top = frame_top(r, sa, &alt), fp, at;

	arch_single_step(t, false);
	if (!(sa->flags & SA_RESTORER))
		return -EFAULT; /* x86-64 has no other way back */
	fp = frame_fp(top);
	at = frame_at(fp);
	if (alt && !in_altstack(at))
		return -EFAULT; /* the alternate stack is full */
	if (push_fpu(fp))
		return -EFAULT;
	f.restorer = sa->restorer;
	f.uc.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS |
		     (fpu_features ? UC_FP_XSTATE : 0);
	save_altstack(&f.uc.stack, r->rsp);
	fill_context(&f.uc.mc, r, fp, mask);
	f.uc.mask = mask;
	f.info = *info;
	if (copy_to_user(UADDR(at), &f, sizeof(f)))
		return -EFAULT;
	if ((uint32_t)t->altstack_flags & SS_AUTODISARM) {
		t->altstack_sp = t->altstack_size = 0;
		t->altstack_flags = SS_DISABLE;
	}
	r->rdi = (uint64_t)signo;
	r->rsi = at + offsetof(struct rt_sigframe, info);
	r->rdx = at + offsetof(struct rt_sigframe, uc);
	r->rax = 0;
	r->rip = sa->handler;
	r->rsp = at;
	r->rflags &= ~(RFLAGS_TF | 0x400UL | 0x10000UL); /* TF, DF, RF */
	r->orig_rax = (uint64_t)-1;
	arch_fpu_reset(&t->arch);
	return 0;
}

/* ---- returning ---- */

/* The image at `at` into buf, made such that XRSTOR cannot fault on it:
 * features that we do not have and reserved bits are cleared. */
static int pull_image(char *buf, uint64_t at)
{
	uint64_t header[8] = { 0 };
	struct sw_bytes sw;
	uint32_t mxcsr, magic2 = 0;
	bool extended;

	if (copy_from_user(buf, UADDR(at), LEGACY_SIZE))
		return -EFAULT;
	memcpy(&sw, buf + SW_BYTES_AT, sizeof(sw));
	memcpy(&mxcsr, buf + MXCSR_AT, sizeof(mxcsr));
	mxcsr &= fpu_mxcsr_mask;
	memcpy(buf + MXCSR_AT, &mxcsr, sizeof(mxcsr));
	if (!fpu_features)
		return 0;
	extended = sw.magic1 == XSTATE_MAGIC1 && sw.xstate_size == fpu_size;
	if (extended && copy_from_user(&magic2, UADDR(at + fpu_size), 4))
		return -EFAULT;
	if (extended && magic2 == XSTATE_MAGIC2) {
		if (copy_from_user(buf + LEGACY_SIZE, UADDR(at + LEGACY_SIZE),
				   fpu_size - LEGACY_SIZE))
			return -EFAULT;
		memcpy(header, buf + XSTATE_BV_AT, sizeof(header[0]));
		header[0] &= fpu_features & sw.xfeatures;
	} else {
		header[0] = LEGACY_FEATURES;
	}
	memcpy(buf + XSTATE_BV_AT, header, sizeof(header));
	return 0;
}

/* Current's FPU state from the frame; 0: as a program finds it first. */
static int pull_fpu(uint64_t at)
{
	struct arch_task *a = &current->arch;
	char *buf;
	int r;

	if (!at) {
		arch_fpu_reset(a);
		return 0;
	}
	buf = kmalloc(fpu_size);
	if (!buf)
		return -ENOMEM;
	r = pull_image(buf, at);
	if (!r) {
		arch_irq_off();
		memcpy(a->fpu, buf, fpu_size);
		fpu_load(a);
		arch_irq_on();
	}
	kfree(buf);
	return r;
}

static void restore_altstack(const struct lx_stack *s, uint64_t sp)
{
	struct task *t = current;
	uint32_t mode = (uint32_t)s->flags & ~SS_AUTODISARM;

	/* Linux as well: what is wrong here is not worth a signal */
	if (on_altstack(sp) || (mode & ~(SS_ONSTACK | SS_DISABLE)))
		return;
	if (mode & SS_DISABLE) {
		t->altstack_sp = t->altstack_size = 0;
		t->altstack_flags = SS_DISABLE;
	} else if (s->size >= MINSIGSTKSZ) {
		t->altstack_sp = s->sp;
		t->altstack_size = s->size;
		t->altstack_flags =
			(int32_t)((uint32_t)s->flags & SS_AUTODISARM);
	}
}

static void restore_context(struct arch_regs *r, const struct lx_sigcontext *m)
{
	r->r8 = m->r8;
	r->r9 = m->r9;
	r->r10 = m->r10;
	r->r11 = m->r11;
	r->r12 = m->r12;
	r->r13 = m->r13;
	r->r14 = m->r14;
	r->r15 = m->r15;
	r->rdi = m->rdi;
	r->rsi = m->rsi;
	r->rbp = m->rbp;
	r->rbx = m->rbx;
	r->rdx = m->rdx;
	r->rax = m->rax;
	r->rcx = m->rcx;
	r->rsp = m->rsp;
	r->rip = m->rip;
	r->rflags = (m->rflags & RFLAGS_USER & ~RFLAGS_NT) |
		    (r->rflags & RFLAGS_NT) | RFLAGS_IF | RFLAGS_FIXED;
	r->orig_rax = (uint64_t)-1;
}

long arch_sigreturn(struct arch_regs *r)
{
	struct lx_ucontext uc;
	uint64_t at = r->rsp - 8; /* the restorer popped the first word */

	if (copy_from_user(&uc, UADDR(at + offsetof(struct rt_sigframe, uc)),
			   sizeof(uc)) ||
	    pull_fpu(uc.mc.fpstate)) {
		signal_force(SIGSEGV, SI_KERNEL, 0);
		return 0;
	}
	signal_set_mask(uc.mask);
	restore_context(r, &uc.mc);
	restore_altstack(&uc.stack, r->rsp);
	return (long)r->rax;
}
