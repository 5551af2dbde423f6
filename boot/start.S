/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start.S: the 64-bit entry of the kernel, for every CPU.
 *
 * The kvm back end enters here directly, pvh.S and ap_start.S after they have
 * reached long mode: paging on with the tables of boot/abi/layout.h, NXE set,
 * interrupts off, RDI the guest-physical address of struct bootinfo, RSI the
 * index of the CPU.  CPU 0 goes to kernel_main(), the others to smp_cpu_main()
 * on the stack that arch_cpu_start() left for them.
 */
#include "layout.h"

	.section .text.boot, "ax"
	.code64
	.globl start64
	.type start64, @function
start64:
	cld
	xor %ebp, %ebp		# end of the chain of frames
	test %esi, %esi
	jnz 1f
	lea boot_stack_top(%rip), %rsp
	movabs $DIRECT_MAP, %rax
	add %rax, %rdi
	push %rbp		# a return address of 0
	jmp kernel_main
1:	mov %esi, %edi
	lea cpu_boot_stack(%rip), %rax
	mov (%rax, %rdi, 8), %rsp
	push %rbp
	jmp smp_cpu_main
	.size start64, . - start64

	.section .bss.page, "aw", @nobits
	.balign 4096
	.globl boot_stack_guard
boot_stack_guard:		# arch/mmu.c unmaps this page
	.skip 4096
	.skip 16384
	.globl boot_stack_top
boot_stack_top:
	.section .note.GNU-stack, "", @progbits
