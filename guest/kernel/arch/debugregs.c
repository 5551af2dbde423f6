/* SPDX-License-Identifier: Apache-2.0 */
/* debugregs.c: a stopped task's registers, as ptrace(2) shows and sets them. */
#include <string.h>

#include "kuni/task.h"
#include "x86.h"

#define RFLAGS_AT    (offsetof(struct arch_regs, rflags) / 8)
#define FS_BASE      21 /* of struct user_regs_struct, behind arch_regs */
#define GS_BASE      22
#define XFEATURES_AT 464
#define MXCSR_AT     24
#define XSTATE_BV_AT 512
#define LEGACY       3UL

_Static_assert(sizeof(struct arch_regs) == FS_BASE * 8, "user_regs_struct");

/* A program's own TF stays as it is, and is not seen to be a tracer's. */
void arch_single_step(struct task *t, bool on)
{
	struct arch_regs *r = t->arch.regs;

	if (on && !(r->rflags & RFLAGS_TF)) {
		r->rflags |= RFLAGS_TF;
		t->arch.step_forced = true;
	} else if (!on && t->arch.step_forced) {
		r->rflags &= ~RFLAGS_TF;
		t->arch.step_forced = false;
	}
}

void arch_user_regs_get(const struct task *t, uint64_t out[ARCH_USER_REGS])
{
	memset(out, 0, ARCH_USER_REGS * sizeof(out[0]));
	memcpy(out, t->arch.regs, sizeof(struct arch_regs));
	if (t->arch.step_forced)
		out[RFLAGS_AT] &= ~RFLAGS_TF;
	out[FS_BASE] = t->arch.fs_base;
	out[GS_BASE] = t->arch.gs_base;
}

/* Selectors are what they are; RIP is checked when user mode is entered. */
int arch_user_regs_set(struct task *t, const uint64_t in[ARCH_USER_REGS])
{
	struct arch_regs *r = t->arch.regs;

	if (in[FS_BASE] >= USER_END || in[GS_BASE] >= USER_END)
		return -EIO;
	memcpy(r, in, sizeof(*r));
	if (r->rflags & RFLAGS_TF)
		t->arch.step_forced = false;
	else if (t->arch.step_forced)
		r->rflags |= RFLAGS_TF;
	r->cs = SEL_UCODE;
	r->ss = SEL_UDATA;
	r->rflags = (r->rflags & RFLAGS_USER) | RFLAGS_IF | RFLAGS_FIXED;
	t->arch.fs_base = in[FS_BASE];
	t->arch.gs_base = in[GS_BASE];
	return 0;
}

unsigned arch_fpu_image_size(void)
{
	return fpu_size;
}

void arch_fpu_image_get(const struct task *t, void *out)
{
	uint64_t features = fpu_features;

	memcpy(out, t->arch.fpu, fpu_size);
	memcpy((char *)out + XFEATURES_AT, &features, sizeof(features));
}

/* Made harmless first: XRSTOR faults on what is reserved. */
int arch_fpu_image_set(struct task *t, void *image, bool extended)
{
	char *b = image;
	uint64_t header[8] = { 0 };
	uint32_t mxcsr;

	memcpy(&mxcsr, b + MXCSR_AT, sizeof(mxcsr));
	if (mxcsr & ~fpu_mxcsr_mask)
		return -EINVAL;
	if (fpu_features) {
		memcpy(header, b + XSTATE_BV_AT, sizeof(header[0]));
		if (!extended)
			header[0] |= LEGACY;
		header[0] &= fpu_features;
		memcpy(b + XSTATE_BV_AT, header, sizeof(header));
	}
	fpu_replace(&t->arch, image);
	return 0;
}
