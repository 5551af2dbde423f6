/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asm.h: numbers that the assembly of arch/ and boot/ shares with its C.
 *
 * Selectors, offsets and vectors.  Every offset is asserted against its C
 * structure in arch/cpu.c.
 */
#ifndef ARCH_ASM_H
#define ARCH_ASM_H

/* GDT.  SYSCALL loads CS and SS from STAR[47:32], SYSRET from STAR[63:48]
 * + 16 and + 8, which fixes the order of these. */
#define SEL_KCODE 0x08
#define SEL_KDATA 0x10
#define SEL_UDATA 0x2b /* SEL_UBASE + 8, RPL 3 */
#define SEL_UCODE 0x33 /* SEL_UBASE + 16, RPL 3 */
#define SEL_UBASE 0x23
#define SEL_TSS   0x40 /* two slots */
#define SEL_CPUNR 0x53 /* limit is the CPU's number, for LSL in the vDSO */
#define GDT_SLOTS 11

/* struct cpu and struct arch_cpu, from GS */
#define CPU_SELF     0
#define CPU_CURRENT  8
#define CPU_KSTACK   16
#define CPU_USER_SP  24
#define CPU_ENTER_SP 256 /* arch_cpu.enter_sp */

/* struct arch_regs */
#define REGS_R11    48
#define REGS_RCX    88
#define REGS_RDI    112
#define REGS_ORIG   120
#define REGS_RIP    128
#define REGS_CS     136
#define REGS_RFLAGS 144
#define REGS_RSP    152
#define REGS_SIZE   168

/* vectors */
#define VEC_NMI 2
#define VEC_DEVICE                                                             \
	0x30 /* up to VEC_LAST_DEVICE: the host's or the I/O APIC's */
#define VEC_GSI         0x80 /* I/O APIC line n is VEC_GSI + n */
#define VEC_LAST_DEVICE 0xef
#define VEC_TIMER       0xf0
#define VEC_RESCHED     0xf1
#define VEC_CALL        0xf2
#define VEC_SPURIOUS    0xff

#define IST_NMI  1
#define IST_DF   2
#define IST_MC   3
#define IST_SIZE 8192

#endif
