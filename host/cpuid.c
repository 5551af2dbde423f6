/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpuid.c: what the guest's CPUs say that they are.
 *
 * The base is KVM_GET_SUPPORTED_CPUID, the host's features as far as KVM can
 * give them.  On top: the hypervisor bit, x2APIC and the TSC deadline timer,
 * which KVM emulates on any host, and a topology of one package with ncpu
 * cores of one thread each, APIC id = index (Intel SDM 2A, CPUID; AMD APM 3,
 * appendix E).  No performance counters: they are not given to a guest.
 */
#include "host/cpuid.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define L1_ECX_X2APIC       (1U << 21)
#define L1_ECX_TSC_DEADLINE (1U << 24)
#define L1_ECX_XSAVE        (1U << 26)
#define L1_ECX_AVX          (1U << 28)
#define L1_ECX_HYPERVISOR   (1U << 31)
#define L7_EBX_AVX512F      (1U << 16)
#define XCR0_X87            1U
#define XCR0_SSE            3U
#define XCR0_AVX            7U
#define XCR0_AVX512         0xe7U
#define L1_EDX_HTT          (1U << 28)
#define LEXT1_EDX_GIB       (1U << 26)

/* ceil(log2(n)) */
static uint32_t bits_for(uint32_t n)
{
	uint32_t b = 0;

	while ((1U << b) < n)
		b++;
	return b;
}

static struct kvm_cpuid_entry2 *find(struct kvm_cpuid2 *c, uint32_t fn,
				     uint32_t index)
{
	for (uint32_t i = 0; i < c->nent; i++)
		if (c->entries[i].function == fn &&
		    c->entries[i].index == index)
			return &c->entries[i];
	return NULL;
}

static void remove_leaf(struct kvm_cpuid2 *c, uint32_t fn)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->nent; i++)
		if (c->entries[i].function != fn)
			c->entries[n++] = c->entries[i];
	c->nent = n;
}

static void add(struct kvm_cpuid2 *c, const struct kvm_cpuid_entry2 *leaf)
{
	if (c->nent < CPUID_MAX)
		c->entries[c->nent++] = *leaf;
}

/* Leaves 0xb and 0x1f: level 0 threads (one), level 1 cores. */
static void set_levels(struct kvm_cpuid2 *c, uint32_t fn, uint32_t ncpu)
{
	struct kvm_cpuid_entry2 t = { .function = fn,
				      .flags =
					      KVM_CPUID_FLAG_SIGNIFCANT_INDEX };

	remove_leaf(c, fn);
	t.ebx = 1;
	t.ecx = 0x100;
	add(c, &t);
	t.index = 1;
	t.eax = bits_for(ncpu);
	t.ebx = ncpu;
	t.ecx = 0x201;
	add(c, &t);
	t.index = 2;
	t.eax = t.ebx = 0;
	t.ecx = 2;
	add(c, &t);
}

static void set_cache_sharing(struct kvm_cpuid2 *c, uint32_t fn, uint32_t ncpu)
{
	for (uint32_t i = 0; i < c->nent; i++) {
		struct kvm_cpuid_entry2 *t = &c->entries[i];
		uint32_t level = (t->eax >> 5) & 7;
		uint32_t sharing = level >= 3 ? (1U << bits_for(ncpu)) - 1 : 0;

		if (t->function != fn || !(t->eax & 0x1f))
			continue;
		t->eax &= ~0xffffc000U;
		t->eax |= sharing << 14;
		if (fn == 4)
			t->eax |= ((1U << bits_for(ncpu)) - 1) << 26;
	}
}

static void shape(struct kvm_cpuid2 *c, uint32_t ncpu, bool deadline)
{
	struct kvm_cpuid_entry2 *t = find(c, 1, 0);

	if (t) {
		t->ecx |= L1_ECX_X2APIC | L1_ECX_HYPERVISOR;
		if (deadline)
			t->ecx |= L1_ECX_TSC_DEADLINE;
		t->ebx = (t->ebx & 0xff00U) | ncpu << 16;
		t->edx &= ~L1_EDX_HTT;
		if (ncpu > 1)
			t->edx |= L1_EDX_HTT;
	}
	set_cache_sharing(c, 4, ncpu);
	set_cache_sharing(c, 0x8000001d, ncpu);
	t = find(c, 0, 0);
	if (t && t->eax >= 0xb)
		set_levels(c, 0xb, ncpu);
	if (t && t->eax >= 0x1f)
		set_levels(c, 0x1f, ncpu);
	t = find(c, 0xa, 0);
	if (t)
		t->eax = t->ebx = t->ecx = t->edx = 0;
	t = find(c, 0x80000008, 0);
	if (t)
		t->ecx = bits_for(ncpu) << 12 | (ncpu - 1);
}

int cpuid_create(struct kvm_cpuid2 **out, int kvm, uint32_t ncpu, struct err *e)
{
	struct kvm_cpuid2 *c;

	c = calloc(1, sizeof(*c) + CPUID_MAX * sizeof(c->entries[0]));
	if (!c)
		return err_set(e, ENOMEM, "kvm: cpuid");
	c->nent = CPUID_MAX;
	if (ioctl(kvm, KVM_GET_SUPPORTED_CPUID, c) < 0) {
		int r = err_set(e, errno, "kvm: KVM_GET_SUPPORTED_CPUID");

		free(c);
		return r;
	}
	shape(c, ncpu,
	      ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0);
	*out = c;
	return 0;
}

void cpuid_set_apic(struct kvm_cpuid2 *c, uint32_t id)
{
	for (uint32_t i = 0; i < c->nent; i++) {
		struct kvm_cpuid_entry2 *t = &c->entries[i];

		switch (t->function) {
		case 1:
			t->ebx = (t->ebx & 0x00ffffffU) | id << 24;
			break;
		case 0xb:
		case 0x1f:
			t->edx = id;
			break;
		case 0x8000001e:
			t->eax = id;
			t->ebx = id; /* core id, one thread a core */
			t->ecx = 0;  /* node 0 of 1 */
			break;
		}
	}
}

unsigned cpuid_phys_bits(const struct kvm_cpuid2 *c)
{
	for (uint32_t i = 0; i < c->nent; i++)
		if (c->entries[i].function == 0x80000008)
			return c->entries[i].eax & 0xff;
	return 36; /* AMD APM 3, SDM 3A 4.1.4 */
}

bool cpuid_has_gib_pages(const struct kvm_cpuid2 *c)
{
	for (uint32_t i = 0; i < c->nent; i++)
		if (c->entries[i].function == 0x80000001)
			return c->entries[i].edx & LEXT1_EDX_GIB;
	return false;
}

uint64_t cpuid_xcr0(struct kvm_cpuid2 *c)
{
	const struct kvm_cpuid_entry2 *one = find(c, 1, 0),
				      *seven = find(c, 7, 0),
				      *d = find(c, 0xd, 0);

	if (!one || !d || !(one->ecx & L1_ECX_XSAVE))
		return XCR0_X87;
	if (!(one->ecx & L1_ECX_AVX) || !(d->eax & 4))
		return XCR0_SSE;
	if (seven && (seven->ebx & L7_EBX_AVX512F) &&
	    (d->eax & XCR0_AVX512) == XCR0_AVX512)
		return XCR0_AVX512;
	return XCR0_AVX;
}
