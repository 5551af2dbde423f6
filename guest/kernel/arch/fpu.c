/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fpu.c: the state of x87, SSE and AVX, which only user mode uses.
 *
 * Saved when a user task is switched away, restored when one comes, unless
 * the CPU's registers still are its own: arch_cpu.fpu_live names the area
 * that they belong to, and the header before each area the CPU that last held
 * it.  The format is XSAVE's (FXSAVE's where there is none), which is what a
 * signal frame wants as well.
 */
#include <string.h>

#include "kuni/klog.h"
#include "kuni/mm.h"
#include "kuni/task.h"
#include "x86.h"

#define XCR0_SSE      3UL
#define XCR0_AVX      7UL
#define XCR0_AVX512   0xe7UL
#define SIZE_FXSAVE   512U
#define SIZE_SSE      576U
#define SIZE_AVX      832U
#define FPU_ALIGN     64UL
#define FCW_DEFAULT   0x37f
#define MXCSR_DEFAULT 0x1f80
#define MXCSR_AT      24
#define MXCSR_MASK_AT 28

uint32_t fpu_size = SIZE_FXSAVE;
uint64_t fpu_features;
uint32_t fpu_mxcsr_mask = 0xffbf; /* SDM 1, 11.6.6: where FXSAVE says 0 */

/* Before each area; the area is 64-aligned behind it. */
struct fpu_header {
	void *block;  /* of kmalloc */
	uint64_t cpu; /* that held it last, -1: memory is newer */
};
_Static_assert(sizeof(struct fpu_header) <= FPU_ALIGN, "header");

static struct fpu_header *header(void *area)
{
	return (struct fpu_header *)area - 1;
}

static void read_mxcsr_mask(void)
{
	static char image[SIZE_FXSAVE] __attribute__((aligned(16)));
	uint32_t mask;

	__asm__ volatile("fxsave64 (%0)" : : "r"(image) : "memory");
	memcpy(&mask, image + MXCSR_MASK_AT, sizeof(mask));
	if (mask)
		fpu_mxcsr_mask = mask;
}

/* XCR0 of this CPU; on the first one also the size of an area. */
void fpu_init_cpu(void)
{
	uint32_t lo, hi;

	if (!this_cpu()->id)
		read_mxcsr_mask();
	if (!cpu_has.xsave)
		return;
	if (!fpu_features) {
		fpu_features = XCR0_SSE;
		fpu_size = SIZE_SSE;
		if (cpu_has.avx) {
			fpu_features = XCR0_AVX;
			fpu_size = SIZE_AVX;
		}
		if (cpu_has.avx512 &&
		    (cpuid(13, 0).a & XCR0_AVX512) == XCR0_AVX512)
			fpu_features = XCR0_AVX512;
	}
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	if (hi || lo != fpu_features) /* an exit, where the host did not */
		__asm__ volatile("xsetbv"
				 :
				 : "c"(0), "a"((uint32_t)fpu_features), "d"(0));
	if (fpu_features == XCR0_AVX512 && fpu_size == SIZE_AVX)
		fpu_size = cpuid(13, 0).b;
}

static void save(void *area)
{
	uint32_t lo = (uint32_t)fpu_features;

	if (!fpu_features)
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
	else if (cpu_has.xsaveopt)
		__asm__ volatile("xsaveopt64 (%0)"
				 :
				 : "r"(area), "a"(lo), "d"(0)
				 : "memory");
	else
		__asm__ volatile("xsave64 (%0)"
				 :
				 : "r"(area), "a"(lo), "d"(0)
				 : "memory");
}

static void restore(const void *area)
{
	uint32_t lo = (uint32_t)fpu_features;

	if (!fpu_features)
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
	else
		__asm__ volatile("xrstor64 (%0)"
				 :
				 : "r"(area), "a"(lo), "d"(0)
				 : "memory");
}

static void fresh(void *area)
{
	uint16_t fcw = FCW_DEFAULT;
	uint32_t mxcsr = MXCSR_DEFAULT;

	memset(area, 0, fpu_size);
	memcpy(area, &fcw, sizeof(fcw));
	memcpy((char *)area + MXCSR_AT, &mxcsr, sizeof(mxcsr));
}

int arch_fpu_alloc(struct arch_task *a)
{
	char *block = kmalloc(fpu_size + 2 * FPU_ALIGN);
	uint64_t at;

	if (!block)
		return -ENOMEM;
	at = ((uint64_t)block + FPU_ALIGN + FPU_ALIGN - 1) & ~(FPU_ALIGN - 1);
	a->fpu = (void *)at;
	header(a->fpu)->block = block;
	header(a->fpu)->cpu = UINT64_MAX;
	fresh(a->fpu);
	return 0;
}

void arch_fpu_free(struct arch_task *a)
{
	if (!a->fpu)
		return;
	header(a->fpu)->cpu = UINT64_MAX; /* a CPU's fpu_live may dangle */
	kfree(header(a->fpu)->block);
	a->fpu = NULL;
}

/* Interrupts off in the next three. */
void fpu_save_live(struct arch_task *a)
{
	struct arch_cpu *c = arch_this();

	if (c->fpu_live == a->fpu && header(a->fpu)->cpu == c->cpu.id)
		save(a->fpu);
}

void fpu_load(struct arch_task *a)
{
	struct arch_cpu *c = arch_this();

	restore(a->fpu);
	c->fpu_live = a->fpu;
	header(a->fpu)->cpu = c->cpu.id;
}

void fpu_switch(struct arch_task *prev, struct arch_task *next)
{
	struct arch_cpu *c = arch_this();

	if (prev->fpu)
		fpu_save_live(prev);
	if (next->fpu &&
	    (c->fpu_live != next->fpu || header(next->fpu)->cpu != c->cpu.id))
		fpu_load(next);
}

/* For fork: from is current's, or of a task that does not run. */
void arch_fpu_copy(struct arch_task *to, const struct arch_task *from)
{
	bool on = arch_irq_save_off();
	struct arch_task live = *from;

	if (from == &current->arch)
		fpu_save_live(&live);
	memcpy(to->fpu, from->fpu, fpu_size);
	header(to->fpu)->cpu = UINT64_MAX;
	if (on)
		arch_irq_on();
}

/* Of a task that does not run: image is what it finds next. */
void fpu_replace(struct arch_task *a, const void *image)
{
	memcpy(a->fpu, image, fpu_size);
	header(a->fpu)->cpu = UINT64_MAX;
}

/* For exec and signal handlers: as a program finds it first. */
void arch_fpu_reset(struct arch_task *a)
{
	bool on = arch_irq_save_off();

	fresh(a->fpu);
	header(a->fpu)->cpu = UINT64_MAX;
	if (a == &current->arch)
		fpu_load(a);
	if (on)
		arch_irq_on();
}
