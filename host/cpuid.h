/* SPDX-License-Identifier: Apache-2.0 */
/* cpuid.h: what the guest's CPUs say that they are. */
#ifndef HOST_CPUID_H
#define HOST_CPUID_H

#include <stdbool.h>
#include <stdint.h>

#include "host/err.h"

#define CPUID_MAX 256

struct kvm_cpuid2;

/* All that KVM can give a guest, shaped for ncpu CPUs; the caller frees. */
int cpuid_create(struct kvm_cpuid2 **out, int kvm, uint32_t ncpu,
		 struct err *e) MUST_CHECK;
/* The entries that differ from CPU to CPU: APIC ids. */
void cpuid_set_apic(struct kvm_cpuid2 *c, uint32_t id);
/* Of a guest-physical address (leaf 0x80000008). */
unsigned cpuid_phys_bits(const struct kvm_cpuid2 *c);
/* XCR0 as the guest kernel will have it: x87, SSE, AVX, AVX-512 as far as they
 * are there. */
uint64_t cpuid_xcr0(struct kvm_cpuid2 *c);
/* 1 GiB pages (leaf 0x80000001). */
bool cpuid_has_gib_pages(const struct kvm_cpuid2 *c);

#endif
