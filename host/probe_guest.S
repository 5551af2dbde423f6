/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe_guest.S: the guest that shows whether /dev/kvm runs a kernel.
 *
 * Copied to PROBE_CODE of a guest of 64 KiB that is mapped one to one, user
 * and supervisor, and entered at its first byte in ring 0 of 64-bit mode.
 * It does what partial implementations get wrong: SYSRET to ring 3, SYSCALL
 * back, and cmpxchg16b in ring 0.  It writes 0x600d to PROBE_PORT, or stops
 * somewhere else.  Position-independent; the stack is set by the host.
 */
#include "host/probe_guest.h"

	.section .rodata.probe, "a"
	.code64
	.globl probe_guest
	.globl probe_guest_end
probe_guest:
	lgdt	gdtr(%rip)
	mov	$0xc0000081, %ecx	/* STAR: 0x08 kernel, 0x13 + 8/16 user */
	xor	%eax, %eax
	mov	$0x00130008, %edx
	wrmsr
	mov	$0xc0000082, %ecx	/* LSTAR */
	lea	back(%rip), %rax
	xor	%edx, %edx
	wrmsr
	mov	$0xc0000084, %ecx	/* FMASK */
	mov	$0x200, %eax
	wrmsr
	lea	user(%rip), %rcx
	mov	$2, %r11d
	sysretq
user:
	mov	$0x1234, %edi
	mov	%cs, %esi
	syscall
	ud2
back:
	cmp	$0x1234, %edi
	jne	bad
	and	$3, %esi		/* it was in ring 3 */
	cmp	$3, %esi
	jne	bad
	mov	%cs, %eax		/* and is in ring 0 */
	test	$3, %al
	jnz	bad
	xor	%eax, %eax
	xor	%edx, %edx
	mov	$7, %ebx
	mov	$9, %ecx
	mov	$PROBE_DATA, %edi
	lock cmpxchg16b (%rdi)
	jne	bad
	cmpq	$7, (%rdi)
	jne	bad
	cmpq	$9, 8(%rdi)
	jne	bad
	mov	$PROBE_GOOD, %eax
	jmp	1f
bad:
	mov	$PROBE_BAD, %eax
1:	mov	$PROBE_PORT, %edx
	outl	%eax, %dx
	hlt
	jmp	1b
	.balign	8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* 0x08 kernel code */
	.quad	0x00cf93000000ffff	/* 0x10 kernel data */
	.quad	0x00cff3000000ffff	/* 0x18 user data */
	.quad	0x00affb000000ffff	/* 0x20 user code */
gdt_end:
	.balign	8
gdtr:
	.word	gdt_end - gdt - 1
	.quad	PROBE_CODE + (gdt - probe_guest)
probe_guest_end:
	.section .note.GNU-stack, "", @progbits
