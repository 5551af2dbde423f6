/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry.S: into user mode and back.
 *
 * user_enter() is called like a function: it keeps the kernel's callee-saved
 * registers on the stack, remembers the stack pointer in the per-CPU area and
 * loads the user's registers.  Whatever brings the CPU back (system call,
 * exception, interrupt) stores the user's registers at the top of the kernel
 * stack, which is where task->arch.regs points, goes back to the remembered
 * stack pointer and returns from user_enter() with a reason.
 *
 * GS: the kernel's while in the kernel, the user's while in user mode; SWAPGS
 * stands at every crossing, and the saved CS tells exceptions whether they
 * crossed.  NMI, #DF and #MC may hit between SYSCALL and SWAPGS: their stacks
 * (IST) hold the CPU's area in the top word, and they set GS from there.
 */
#include "asm.h"

	.macro clear_ac		# CLAC is undefined where the CPU has no SMAP
	testb $1, cpu_smap(%rip)
	jz .Lclac\@
	clac
.Lclac\@:
	.endm

	/* What follows RDI in struct arch_regs. */
	.macro push_rest
	push %rsi
	push %rdx
	push %rcx
	push %rax
	push %r8
	push %r9
	push %r10
	push %r11
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	.endm

	.macro pop_rest
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rax
	pop %rcx
	pop %rdx
	pop %rsi
	pop %rdi
	.endm

	.text

/* enum arch_reason user_enter(struct arch_regs *r, bool sysret);
 * interrupts off; sysret: RCX is RIP and R11 is RFLAGS, and RIP is canonical.
 * Comes back with interrupts on. */
	.balign 64
	.globl user_enter
	.type user_enter, @function
user_enter:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, %gs:CPU_ENTER_SP
	mov %rdi, %rsp
	test %sil, %sil
	pop_rest
	jz 1f
	mov REGS_RSP - REGS_ORIG(%rsp), %rsp
	swapgs
	sysretq
1:	add $8, %rsp		# orig_rax
	swapgs
	iretq
	.size user_enter, . - user_enter

	.balign 64
	.globl syscall_entry
	.type syscall_entry, @function
syscall_entry:
	swapgs
	mov %rsp, %gs:CPU_USER_SP
	mov %gs:CPU_KSTACK, %rsp
	push $SEL_UDATA
	push %gs:CPU_USER_SP
	push %r11
	push $SEL_UCODE
	push %rcx
	push %rax		# orig_rax
	push %rdi
	push_rest
	xor %eax, %eax		# ARCH_SYSCALL
user_leave:			# EAX: the reason
	mov %gs:CPU_ENTER_SP, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	sti
	ret
	.size syscall_entry, . - syscall_entry

/* Stack: vector, error code, RIP, CS, RFLAGS, RSP, SS.  The vector's slot is
 * RDI's in struct arch_regs, the error code's is orig_rax. */
	.type trap_common, @function
trap_common:
	cld
	xchg %rdi, (%rsp)
	push_rest
	clear_ac
	testb $3, REGS_CS(%rsp)
	jz 1f
	swapgs
	mov %edi, %esi
	mov %rsp, %rdi
	mov %gs:CPU_ENTER_SP, %rsp
	xor %ebp, %ebp
	sub $8, %rsp
	call trap_user
	jmp user_leave
1:	mov %edi, %esi
	mov %rsp, %rdi
	sub $8, %rsp
	call trap_kernel
	add $8, %rsp
	pop_rest
	add $8, %rsp
	iretq
	.size trap_common, . - trap_common

/* The same on an IST stack: whatever GS is, the stack's top word is right. */
	.type trap_paranoid_entry, @function
trap_paranoid_entry:
	cld
	xchg %rdi, (%rsp)
	push_rest
	clear_ac
	mov %edi, %esi
	mov $0xc0000101, %ecx	# MSR_GS_BASE
	rdmsr
	mov %eax, %ebx
	mov %edx, %r12d
	mov REGS_SIZE(%rsp), %rax
	mov %rax, %rdx
	shr $32, %rdx
	wrmsr
	mov %rsp, %rdi
	sub $8, %rsp
	call trap_paranoid
	add $8, %rsp
	mov $0xc0000101, %ecx
	mov %ebx, %eax
	mov %r12d, %edx
	wrmsr
	pop_rest
	add $8, %rsp
	iretq
	.size trap_paranoid_entry, . - trap_paranoid_entry

/* One stub a vector, TRAP_STUB_SIZE apart. */
	.balign 16
	.globl trap_stubs
	.type trap_stubs, @function
trap_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	.if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || \
	    vector == 21 || vector == 29 || vector == 30
	.else
	push $0
	.endif
	.if vector < 128
	push $vector
	.else
	.byte 0x68		# push imm32: the short form would sign-extend
	.long vector
	.endif
	.if vector == 2 || vector == 8 || vector == 18
	jmp trap_paranoid_entry
	.else
	jmp trap_common
	.endif
	.set vector, vector + 1
	.endr
	.size trap_stubs, . - trap_stubs
	.section .note.GNU-stack, "", @progbits
