/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uaccess.S: the only instructions that touch user memory.
 *
 * They stand between uaccess_begin and uaccess_end, keep nothing on the
 * stack, and are called by arch/uaccess.c with addresses it has checked.  A
 * page fault in there is resolved by trap.c where it may sleep, else the
 * function goes on at uaccess_fault, which returns -EFAULT.  Between
 * uaccess_nofault and uaccess_end faults are never resolved.
 */
#define EFAULT     14
#define STRING_MIN 1024 /* bytes from which rep movs is faster (bench/copy.c) */

	.macro user_begin
	testb $1, cpu_smap(%rip)
	jz .Lub\@
	stac
.Lub\@:
	.endm
	.macro user_end
	testb $1, cpu_smap(%rip)
	jz .Lue\@
	clac
.Lue\@:
	.endm
	.macro fn name
	.balign 16
	.globl \name
	.type \name, @function
\name:
	.endm

	.text
	.globl uaccess_begin, uaccess_end, uaccess_nofault

	fn uaccess_fault
	user_end
	mov $-EFAULT, %rax
	ret

uaccess_begin:
/* int uaccess_copy(void *to, const void *from, size_t n) */
	fn uaccess_copy
	user_begin
	mov %rdx, %rcx
	cmp $STRING_MIN, %rdx
	jae 7f
	shr $6, %rcx
	jz 2f
1:	mov (%rsi), %rax
	mov 8(%rsi), %r8
	mov 16(%rsi), %r9
	mov 24(%rsi), %r10
	mov %rax, (%rdi)
	mov %r8, 8(%rdi)
	mov %r9, 16(%rdi)
	mov %r10, 24(%rdi)
	mov 32(%rsi), %rax
	mov 40(%rsi), %r8
	mov 48(%rsi), %r9
	mov 56(%rsi), %r10
	mov %rax, 32(%rdi)
	mov %r8, 40(%rdi)
	mov %r9, 48(%rdi)
	mov %r10, 56(%rdi)
	add $64, %rsi
	add $64, %rdi
	dec %rcx
	jnz 1b
2:	mov %edx, %ecx
	and $63, %ecx
	shr $3, %ecx
	jz 4f
3:	mov (%rsi), %rax
	mov %rax, (%rdi)
	add $8, %rsi
	add $8, %rdi
	dec %ecx
	jnz 3b
4:	and $7, %edx
	jz 6f
5:	mov (%rsi), %al
	mov %al, (%rdi)
	inc %rsi
	inc %rdi
	dec %edx
	jnz 5b
6:	user_end
	xor %eax, %eax
	ret
7:	shr $3, %rcx
	rep movsq
	jmp 4b

/* int uaccess_clear(void *to, size_t n) */
	fn uaccess_clear
	user_begin
	xor %eax, %eax
	mov %rsi, %rcx
	shr $3, %rcx
	rep stosq
	mov %esi, %ecx
	and $7, %ecx
	rep stosb
	user_end
	xor %eax, %eax
	ret

/* long uaccess_string(char *to, const char *from, size_t n): bytes before the
 * NUL, n where there is none. */
	fn uaccess_string
	user_begin
	xor %r8d, %r8d
1:	cmp %rdx, %r8
	jae 2f
	mov (%rsi, %r8), %al
	mov %al, (%rdi, %r8)
	test %al, %al
	jz 2f
	inc %r8
	jmp 1b
2:	user_end
	mov %r8, %rax
	ret

uaccess_nofault:
/* int uaccess_load32(const uint32_t *at, uint32_t *out) */
	fn uaccess_load32
	user_begin
	mov (%rdi), %eax
	mov %eax, (%rsi)
	user_end
	xor %eax, %eax
	ret

/* int uaccess_cmpxchg32(uint32_t *at, uint32_t *expected, uint32_t new) */
	fn uaccess_cmpxchg32
	user_begin
	mov (%rsi), %eax
	lock cmpxchg %edx, (%rdi)
	mov %eax, (%rsi)
	user_end
	xor %eax, %eax
	ret
uaccess_end:
	.section .note.GNU-stack, "", @progbits
