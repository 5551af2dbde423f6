/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.h: where things stand in the guest's physical and virtual memory.
 *
 * Host and guest both include this file.  Guest-physical addresses are chosen
 * so that the boot page tables are six pages whatever the size of RAM: the
 * direct map uses 1 GiB entries except for its first GiB (2 MiB entries), and
 * the 2 MiB that begin with the kernel image are mapped page by page through
 * one page table that the direct map and the -2 GiB map share: so text is
 * read-only through both, and only the -2 GiB map executes.
 *
 * All that a start touches lies in those 2 MiB (BOOT_AREA): image, launch
 * description, the first pages that are given out, page tables, bootinfo.  A
 * host that backs them with one large page saves an exit for each.
 */
#ifndef ABI_LAYOUT_H
#define ABI_LAYOUT_H

#define GUEST_PAGE_SIZE 4096UL
#define KUNI_MAX_CPUS   64

/* guest-physical */
#define TRAMPOLINE_GPA 0x8000UL /* real-mode page that starts a CPU by SIPI */
/* Of the kernel, what few guests touch: not in BOOT_AREA, whose pages the
 * first program is to have. What firmware left there may be in it. */
#define LOW_TABLES_GPA     0x9000UL  /* three page tables of ap_start.S */
#define LOW_STACKS_GPA     0xc000UL  /* CPU 0's, for NMI and double faults */
#define LOW_LOG_GPA        0x20000UL /* the kernel's log */
#define LOW_LOG_SIZE       0x10000UL
#define BOOT_AREA_GPA      0x200000UL /* 2 MiB of it */
#define BOOT_AREA_END      0x400000UL
#define KERNEL_GPA         BOOT_AREA_GPA /* the kernel image */
#define KERNEL_MAX         0x1c0000UL    /* its largest size, .bss included */
#define BOOT_TABLES_GPA    0x3e0000UL /* boot page tables, in the order below */
#define BOOTINFO_GPA       0x3f0000UL /* struct bootinfo, one page */
#define PVCLOCK_GPA        0x3f1000UL /* pvclock_vcpu_time_info, one page */
#define FIRST_RAM_END      0x440000UL /* what a small program needs (page.c) */
#define SMALL_RAM_END      0x600000UL /* from it on large pages of the host's */
#define LAUNCH_GPA         0x600000UL /* a launch description that is too long */
#define LAUNCH_MAX         0x800000UL   /* to lie behind the image */
#define LOWMEM_END         0xc0000000UL /* RAM above it moves to HIGHMEM_GPA */
#define VIRTIO_MMIO_GPA    0xd0000000UL /* the kvm back end's devices */
#define VIRTIO_MMIO_STRIDE 0x1000UL
#define HIGHMEM_GPA        0x100000000UL
/* The DAX window (kvm): files of the host, then struct page for them.  Behind
 * the most RAM; two entries of the direct map. */
#define DAX_GPA        0x1100000000UL
#define DAX_BYTES      (DAX_SPAN - DAX_META_BYTES)
#define DAX_META_BYTES (16UL << 20)
#define DAX_SPAN       (2UL << 30)
#define MEMORY_MIN     (32UL << 20) /* least RAM a guest boots with */
#define MEMORY_MAX     (64UL << 30)

/* boot page tables, page index from BOOT_TABLES_GPA */
#ifndef __ASSEMBLER__
enum {
	BOOT_PML4,        /* [256] direct map, [511] kernel */
	BOOT_PDPT_DIRECT, /* 1 GiB entries; [0] points to BOOT_PD_LOW */
	BOOT_PDPT_KERNEL, /* [510] points to BOOT_PD_KERNEL */
	BOOT_PD_LOW,      /* first GiB, 2 MiB entries, NX */
	BOOT_PD_KERNEL,   /* the image, through the same page tables */
	BOOT_PT_KERNEL,   /* BOOT_AREA */
	/* PDs for GiB 1.. follow, where the CPU has no 1 GiB pages */
	BOOT_PD_MORE,
};
#endif

/* virtual */
#define USER_END    0x00007ffffffff000UL /* first address no user page has */
#define DIRECT_MAP  0xffff800000000000UL /* all of RAM, at + gpa */
#define KERNEL_VIRT 0xffffffff80000000UL /* the image, at + gpa */
#define MMIO_VIRT   0xffffc00000000000UL /* device registers, at + gpa */
#define STACKS_VIRT                                                            \
	0xffffd00000000000UL /* kernel stacks, guard pages between */

/* I/O ports that every back end has */
#define PORT_DEBUGCON 0xe9 /* bytes of kernel log, see debug.h of the guest */
#define PORT_EXIT     0xf4 /* 32 bit: enum exit_port (boot/abi/control.h) */
/* Without BOOT_F_EXIT_PORT the same value goes to PORT_DEBUGCON: this byte,
 * eight hexadecimal digits, a newline. */
#define EXIT_RECORD '\1'
#define PORT_CPU    0xf5 /* 32 bit, kvm only: start the vCPU of this index */

#endif
