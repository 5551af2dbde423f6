/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h: from what the bundle says to what a VM is to run.
 */
#ifndef OCI_PLAN_H
#define OCI_PLAN_H

#include "host/err.h"
#include "host/vm.h"
#include "oci/spec.h"

#define PLAN_MEMORY_DEFAULT (512UL << 20) /* neither limit nor --memory */
#define PLAN_MEMORY_MIN     (64UL << 20)
#define PLAN_MEMORY_STEP    (2UL << 20)
#define PLAN_CPUS_DEFAULT   8 /* at most, of the host's */

/* What the command line and the host add to the bundle. */
struct plan_opts {
	const char *id;
	const char *bundle; /* absolute path of the bundle's directory */
	enum vm_hypervisor hypervisor;
	uint64_t memory;     /* --memory, 0: not said */
	uint32_t cpus;       /* --cpus, 0: not said */
	uint32_t host_cpus;  /* online on this host */
	uint16_t rows, cols; /* of the terminal on standard input, or 0 */
	bool strace, debug, timeline, timeline_json;
};

/* Pure: the same input gives the same plan, and nothing outside is asked.
 * Mounts and options that are not honoured are added to s->notes.  *p owns
 * all it points to; vm_plan_fini() frees it, after an error too. */
int plan_make(struct oci_spec *s, const struct plan_opts *o, struct vm_plan *p,
	      struct err *e) MUST_CHECK;

/* The plan as JSON on stdout, keys in a fixed order. */
int plan_print(const struct vm_plan *p, struct err *e) MUST_CHECK;

/* Guest RAM for a container that may use `limit` bytes: the limit, 1/64 of it
 * for the kernel's page metadata, 16 MiB for kernel, stacks and buffers;
 * rounded up to 2 MiB, and inside [PLAN_MEMORY_MIN, MEMORY_MAX].  A limit
 * <= 0, or so large that it means none, gives PLAN_MEMORY_DEFAULT. */
uint64_t plan_memory(int64_t limit);

/* CPUs for a quota: as many as it can keep busy, rounded up, and not more than
 * the set of host CPUs has (0: no set); without both, those of the host, up to
 * PLAN_CPUS_DEFAULT. */
uint32_t plan_cpus(int64_t quota, uint64_t period, unsigned set,
		   uint32_t host_cpus);

#endif
