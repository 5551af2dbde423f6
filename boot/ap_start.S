/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ap_start.S: the way of a CPU from a SIPI to start64.
 *
 * arch/smp.c copies [ap_trampoline, ap_trampoline_end) to TRAMPOLINE_GPA, puts
 * the root of page tables that also map the first 2 MiB one to one into
 * ap_root, and sends the SIPI.  The CPU's index is its APIC id (bootinfo.h).
 */
#include "layout.h"

#define AT(sym) (sym - ap_trampoline + TRAMPOLINE_GPA)

	.section .rodata.trampoline, "a"
	.balign 16
	.globl ap_trampoline, ap_trampoline_end, ap_root
	.code16
ap_trampoline:
	cli
	xor %ax, %ax
	mov %ax, %ds
	lgdtl AT(ap_gdtr)
	mov $0x20, %eax		# PAE
	mov %eax, %cr4
	mov AT(ap_root), %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx	# EFER: SCE, LME, NXE
	rdmsr
	or $0x901, %eax
	wrmsr
	mov $0x80010033, %eax	# PG, WP, NE, ET, MP, PE
	mov %eax, %cr0
	ljmpl $8, $AT(ap_long)

	.code64
ap_long:
	mov $0x10, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $1, %eax
	cpuid
	shr $24, %ebx
	mov %ebx, %esi
	mov $start64, %rax
	jmp *%rax

	.balign 8
ap_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	# 64-bit code
	.quad 0x00cf93000000ffff	# data
ap_gdtr:
	.word . - ap_gdt - 1
	.long AT(ap_gdt)
	.balign 4
ap_root:
	.long 0
ap_trampoline_end:
	.section .note.GNU-stack, "", @progbits
