/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pvh.c: from PVH's hvm_start_info to struct bootinfo.
 *
 * Runs once, before kernel_main(), on the boot stack with the boot page
 * tables: the first 4 GiB are in the direct map.  Module 0 is struct bootinfo
 * followed by the launch description; the memory map gives the regions.
 * There is nobody to report an error to yet, and nothing to go back to: what
 * cannot be booted stops with EXIT_PANIC and a line on the debug port.
 */
#include <string.h>

#include "bootinfo.h"
#include "control.h"
#include "kuni/types.h"
#include "layout.h"

#define HVM_START_MAGIC 0x336ec578U
#define HVM_RAM         1U
#define GIB             (1UL << 30)
#define PTE_GIB         (0x183UL | 1UL << 63) /* P, W, PS, G, NX */

struct hvm_start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist, cmdline, rsdp;
	uint64_t memmap; /* version 1 */
	uint32_t memmap_entries, reserved;
};

struct hvm_module {
	uint64_t paddr, size, cmdline, reserved;
};

struct hvm_memmap {
	uint64_t addr, size;
	uint32_t type, reserved;
};

void pvh_main(uint64_t start_gpa);

static void *direct(uint64_t gpa)
{
	return (void *)(gpa + DIRECT_MAP);
}

static _Noreturn void pvh_fail(const char *why)
{
	for (; *why; why++)
		__asm__ volatile("outb %0, %1"
				 :
				 : "a"(*why), "Nd"((uint16_t)PORT_DEBUGCON));
	__asm__ volatile("outl %0, %1"
			 :
			 : "a"((uint32_t)EXIT_PANIC),
			   "Nd"((uint16_t)PORT_EXIT));
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* Adds [base, end) to the direct map with 1 GiB pages, above the 4 GiB that
 * pvh.S mapped.  Returns the end of what is mapped: without 1 GiB pages no
 * more than pvh.S did. */
static uint64_t map_high(uint64_t base, uint64_t end)
{
	uint64_t *pdpt = direct(BOOT_TABLES_GPA + BOOT_PDPT_DIRECT * 4096UL);
	uint64_t low = 4 * GIB;

	if (!(pdpt[1] & 0x80)) /* a table: no 1 GiB pages */
		return min(end, low);
	end = min(end, 512 * GIB);
	for (base = max(base, low) & ~(GIB - 1); base < end; base += GIB)
		pdpt[base / GIB] = base | PTE_GIB;
	return end;
}

static void add_region(struct bootinfo *bi, uint64_t base, uint64_t end)
{
	base = page_up(base);
	end = page_down(end);
	if (base >= end || bi->nregion == BOOT_MAX_REGIONS)
		return;
	end = map_high(base, end);
	if (base >= end)
		return;
	bi->region[bi->nregion].base = base;
	bi->region[bi->nregion].len = end - base;
	bi->nregion++;
}

/* Fills BOOTINFO_GPA from the start info at start_gpa. */
void pvh_main(uint64_t start_gpa)
{
	const struct hvm_start_info *si = direct(start_gpa);
	const struct hvm_module *mod;
	const struct hvm_memmap *map;
	const struct bootinfo *from;
	struct bootinfo *bi = direct(BOOTINFO_GPA);

	if (si->magic != HVM_START_MAGIC || si->version < 1)
		pvh_fail("<0>pvh: no start info with a memory map\n");
	if (si->nr_modules < 1)
		pvh_fail("<0>pvh: no bootinfo module (-initrd)\n");
	mod = direct(si->modlist);
	from = direct(mod->paddr);
	if (mod->size < sizeof(*from) || from->magic != BOOTINFO_MAGIC ||
	    from->version != BOOTINFO_VERSION || from->size > mod->size)
		pvh_fail("<0>pvh: module 0 is not this version's bootinfo\n");
	memcpy(bi, from, sizeof(*bi));
	bi->launch_gpa = mod->paddr + from->size;
	if (!bi->launch_len || bi->launch_len > mod->size - from->size)
		bi->launch_len = mod->size - from->size;
	bi->nregion = 0;
	map = direct(si->memmap);
	for (uint32_t i = 0; i < si->memmap_entries; i++) {
		if (map[i].type == HVM_RAM)
			add_region(bi, map[i].addr, map[i].addr + map[i].size);
	}
}
