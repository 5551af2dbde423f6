/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vdso_image.S: the vDSO (vdso/) in the kernel's read-only data, in whole
 * pages, as mm_map_vdso() maps it.
 */
	.section .rodata.vdso, "a"
	.balign 4096
	.globl vdso_start, vdso_end
vdso_start:
	.incbin "vdso.so"
	.balign 4096
vdso_end:
	.section .note.GNU-stack, "", @progbits
