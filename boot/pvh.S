/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pvh.S: the PVH entry: 32-bit protected mode, no paging, EBX = address of
 * struct hvm_start_info.
 *
 * Builds the boot page tables that boot/abi/layout.h describes, as the kvm
 * back end does, goes to long mode and calls pvh_main(), which makes bootinfo
 * from the start info; then start64.  While it changes over, PML4[0] and
 * PDPT_KERNEL[0] map the image one to one as well; the entries are global, so
 * CR4.PGE stays off until arch/cpu.c sets it, which forgets that map.
 */
#include "layout.h"

#define PHYS(sym) (sym - KERNEL_VIRT)
#define TABLE(n)  (BOOT_TABLES_GPA + (n) * 4096)
#define PML4      0	/* the order of the enum in layout.h */
#define PDPT_DIRECT 1
#define PDPT_KERNEL 2
#define PD_LOW    3
#define PD_KERNEL 4
#define PT_KERNEL 5
#define PD_MORE   6
#define RW        3	/* present, writable */
#define NX_HIGH   0x80000000
#define LARGE     0x183	/* present, writable, PS, global */

	.section .note.kuni, "a", @note
	.balign 4
	.long 4, 4, 18		# XEN_ELFNOTE_PHYS32_ENTRY
	.asciz "Xen"
	.long PHYS(pvh_start)

	.section .text.boot, "ax"
	.code32
	.globl pvh_start
	.type pvh_start, @function
pvh_start:
	cli
	cld
	mov %ebx, %ebp
	mov $TABLE(0), %edi	# clear the tables
	xor %eax, %eax
	mov $(16 * 4096 / 4), %ecx
	rep stosl

	movl $(TABLE(PDPT_DIRECT) + RW), TABLE(PML4) + 256 * 8
	movl $(TABLE(PDPT_KERNEL) + RW), TABLE(PML4) + 511 * 8
	movl $(TABLE(PDPT_KERNEL) + RW), TABLE(PML4)
	movl $(TABLE(PD_LOW) + RW), TABLE(PDPT_DIRECT)
	movl $(TABLE(PD_KERNEL) + RW), TABLE(PDPT_KERNEL) + 510 * 8
	movl $(TABLE(PD_KERNEL) + RW), TABLE(PDPT_KERNEL)

	mov $TABLE(PD_LOW), %edi	# the first GiB
	mov $LARGE, %eax
	mov $512, %ecx
1:	mov %eax, (%edi)
	movl $NX_HIGH, 4(%edi)
	add $0x200000, %eax
	add $8, %edi
	loop 1b
	movl $(TABLE(PT_KERNEL) + RW), TABLE(PD_LOW) + 1 * 8
	movl $(TABLE(PT_KERNEL) + RW), TABLE(PD_KERNEL) + 1 * 8

	mov $TABLE(PT_KERNEL), %edi	# the image, page by page
	mov $KERNEL_GPA, %eax
	mov $512, %ecx
2:	mov %eax, %edx
	cmp $PHYS(_etext), %eax
	jb 4f			# text: present, executes
	movl $NX_HIGH, 4(%edi)
	cmp $PHYS(_data), %eax
	jb 4f			# read-only data
	or $2, %edx
4:	or $0x101, %edx		# present, global
	mov %edx, (%edi)
	add $4096, %eax
	add $8, %edi
	loop 2b

	mov $0x80000001, %eax	# the rest of the direct map: 1 GiB pages?
	cpuid
	test $(1 << 26), %edx
	jz 6f
	mov $(0x40000000 + LARGE), %eax
	mov $(TABLE(PDPT_DIRECT) + 8), %edi
	mov $3, %ecx		# up to 4 GiB; pvh_main() adds what is above
5:	mov %eax, (%edi)
	movl $NX_HIGH, 4(%edi)
	add $0x40000000, %eax
	add $8, %edi
	loop 5b
	jmp 8f
6:	mov $(TABLE(PD_MORE) + RW), %eax
	mov $(TABLE(PDPT_DIRECT) + 8), %edi
	mov $3, %ecx
61:	mov %eax, (%edi)
	add $4096, %eax
	add $8, %edi
	loop 61b
	mov $TABLE(PD_MORE), %edi
	mov $(0x40000000 + LARGE), %eax
	mov $(3 * 512), %ecx
7:	mov %eax, (%edi)
	movl $NX_HIGH, 4(%edi)
	add $0x200000, %eax
	add $8, %edi
	loop 7b

8:	lgdt PHYS(pvh_gdtr)
	mov $0x20, %eax		# PAE; PGE waits until the low map is gone
	mov %eax, %cr4
	mov $TABLE(PML4), %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx	# EFER: SCE, LME, NXE
	rdmsr
	or $0x901, %eax
	wrmsr
	mov $0x80010033, %eax	# PG, WP, NE, ET, MP, PE
	mov %eax, %cr0
	ljmp $8, $PHYS(pvh_long)

	.code64
pvh_long:
	mov $0x10, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $pvh_high, %rax
	jmp *%rax
pvh_high:
	movabs $DIRECT_MAP, %rax	# drop the one-to-one map
	movq $0, TABLE(PML4)(%rax)
	movq $0, TABLE(PDPT_KERNEL)(%rax)
	lea pvh_gdtr_high(%rip), %rcx
	lgdt (%rcx)
	mov %cr3, %rcx
	mov %rcx, %cr3
	lea boot_stack_top(%rip), %rsp
	mov %ebp, %edi
	xor %ebp, %ebp
	call pvh_main
	mov $BOOTINFO_GPA, %edi
	xor %esi, %esi
	jmp start64
	.size pvh_start, . - pvh_start

	.section .rodata.pvh, "a"
	.balign 8
pvh_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	# 64-bit code
	.quad 0x00cf93000000ffff	# data
pvh_gdtr:
	.word 23
	.long PHYS(pvh_gdt)
	.balign 8
pvh_gdtr_high:
	.word 23
	.quad pvh_gdt
	.section .note.GNU-stack, "", @progbits
