/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idle.S: a CPU that waits for an interrupt.
 *
 * STI lets none in before the instruction after it has begun, so HLT cannot
 * sleep over what an interrupt has woken.  QEMU's SVM (7.2) forgets that where
 * a guest's guest is left between the two and entered again: VMRUN does not
 * read VMCB.int_state.  So trap_kernel() returns to idle_end, not to HLT.
 */
	.text

/* void arch_idle(void); interrupts off */
	.balign 16
	.globl arch_idle, idle_hlt, idle_end
	.type arch_idle, @function
arch_idle:
	sti
idle_hlt:
	hlt
idle_end:
	ret
	.size arch_idle, . - arch_idle
	.section .note.GNU-stack, "", @progbits
