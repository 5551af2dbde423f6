/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stacks.S: from one kernel stack to another.
 */
	.text

/* void switch_stacks(uint64_t *save, uint64_t load); returns on the stack of
 * load, into whoever called it there, or into task_first. */
	.balign 16
	.globl switch_stacks
	.type switch_stacks, @function
switch_stacks:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, (%rdi)
	mov %rsi, %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret
	.size switch_stacks, . - switch_stacks

/* The first time: arch_task_init() left fn in RBX and its argument in R12. */
	.globl task_first
	.type task_first, @function
task_first:
	xor %ebp, %ebp
	mov %r12, %rdi
	call *%rbx
	ud2			# fn of a task does not return
	.size task_first, . - task_first
	.section .note.GNU-stack, "", @progbits
