/* SPDX-License-Identifier: Apache-2.0 */
/* bootinfo.h: struct bootinfo and the boot page tables, written into RAM. */
#ifndef HOST_BOOTINFO_H
#define HOST_BOOTINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/abi/bootinfo.h"
#include "host/err.h"
#include "host/loader.h"
#include "host/memory.h"

/* Magic, version, size, seed, wall clock (paired with this CPU's TSC): what
 * every back end needs.  The caller adds the machine.  Negative errno. */
int bootinfo_init(struct bootinfo *bi, uint32_t flags,
		  uint32_t ncpu) MUST_CHECK;
/* The RAM regions of mem. */
void bootinfo_memory(struct bootinfo *bi, const struct guest_mem *mem);
/* Puts bi at BOOTINFO_GPA and the launch description behind the image, which
 * ends at image_end, or at LAUNCH_GPA; fills bi's launch_gpa and launch_len. */
int bootinfo_write(struct bootinfo *bi, const struct guest_mem *mem,
		   uint64_t image_end, const void *launch, size_t len,
		   struct err *e) MUST_CHECK;
/* The page tables of boot/abi/layout.h at BOOT_TABLES_GPA.  gib: the CPU has
 * 1 GiB pages; without them only what fits before BOOTINFO_GPA can be mapped:
 * -E2BIG where RAM is larger. */
int boot_tables_write(const struct guest_mem *mem,
		      const struct guest_image *img, bool gib,
		      struct err *e) MUST_CHECK;

#endif
