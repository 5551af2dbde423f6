/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vdso.h: the vDSO and the page it reads (libc-shim/vdso/, arch/clock.c).
 *
 * mm_map_vdso() maps the vvar page (user, read-only, not executable) right
 * below the vDSO image, which is [vdso_start, vdso_end) (user, read and
 * execute, whole pages).  AT_SYSINFO_EHDR is the address of the image.
 */
#ifndef KUNI_VDSO_H
#define KUNI_VDSO_H

#include "bootinfo.h"

#ifndef KUNI_VDSO_BUILD
#include "kuni/types.h"

extern const char vdso_start[], vdso_end[]; /* page aligned, in the image */
/* Of one page; below the first MiB, so page_of() may not know it. */
paddr_t vdso_vvar_page(void);
#endif

#define VDSO_CPUNR_SEL 0x53 /* LSL of it is the CPU's number */

struct vdso_vvar {
	struct pvclock_time clock; /* CPU 0's, KVM's layout, at 0 */
	uint64_t wall_offset;      /* CLOCK_REALTIME - CLOCK_MONOTONIC, ns */
	/* from PVCLOCK_STRIDE on: the clocks of the other CPUs */
};
_Static_assert(sizeof(struct vdso_vvar) <= PVCLOCK_STRIDE, "CPU 1's is next");

#endif
