/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.h: where things stand in the guest's physical and virtual memory.
 *
 * Host and guest both include this file.  Guest-physical addresses are chosen
 * so that the boot page tables are six pages whatever the size of RAM: the
 * direct map uses 1 GiB entries except for its first GiB (2 MiB entries), and
 * the kernel image [KERNEL_PHYS, KERNEL_PHYS + KERNEL_MAX) is mapped page by
 * page through KERNEL_PTS page tables that the direct map and the -2 GiB map
 * share: so text is read-only through both, and only the -2 GiB map executes.
 */
#ifndef ABI_LAYOUT_H
#define ABI_LAYOUT_H

#define GUEST_PAGE_SIZE 4096UL
#define KUNI_MAX_CPUS   64

/* guest-physical */
#define TRAMPOLINE_GPA     0x8000UL /* real-mode page that starts a CPU by SIPI */
#define BOOT_TABLES_GPA    0x10000UL  /* boot page tables, in the order below */
#define BOOTINFO_GPA       0x20000UL  /* struct bootinfo, one page */
#define PVCLOCK_GPA        0x21000UL  /* pvclock_vcpu_time_info, one page */
#define KERNEL_GPA         0x200000UL /* the kernel image */
#define KERNEL_MAX         0x400000UL /* its largest size, .bss included */
#define LAUNCH_GPA         0x600000UL /* launch description (boot/abi/launch.h) */
#define LAUNCH_MAX         0x800000UL
#define LOWMEM_END         0xc0000000UL /* RAM above it moves to HIGHMEM_GPA */
#define VIRTIO_MMIO_GPA    0xd0000000UL /* the kvm back end's devices */
#define VIRTIO_MMIO_STRIDE 0x1000UL
#define HIGHMEM_GPA        0x100000000UL
#define MEMORY_MIN         (32UL << 20) /* least RAM a guest boots with */
#define MEMORY_MAX         (64UL << 30)

/* boot page tables, page index from BOOT_TABLES_GPA */
#ifndef __ASSEMBLER__
enum {
	BOOT_PML4,        /* [256] direct map, [511] kernel */
	BOOT_PDPT_DIRECT, /* 1 GiB entries; [0] points to BOOT_PD_LOW */
	BOOT_PDPT_KERNEL, /* [510] points to BOOT_PD_KERNEL */
	BOOT_PD_LOW,      /* first GiB, 2 MiB entries, NX */
	BOOT_PD_KERNEL,   /* the image, through the same page tables */
	BOOT_PT_KERNEL0,  /* KERNEL_PTS page tables */
	BOOT_PT_KERNEL1,
	/* PDs for GiB 1.. follow, where the CPU has no 1 GiB pages */
	BOOT_PD_MORE,
};
#endif
#define KERNEL_PTS 2

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
