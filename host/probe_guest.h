/* SPDX-License-Identifier: Apache-2.0 */
/* probe_guest.h: where the probe guest stands (probe.c, probe_guest.S). */
#ifndef HOST_PROBE_GUEST_H
#define HOST_PROBE_GUEST_H

#define PROBE_RAM    0x10000
#define PROBE_TABLES 0x1000 /* PML4, PDPT, PD */
#define PROBE_CODE   0x4000
#define PROBE_DATA   0x5000
#define PROBE_STACK  0x7000
#define PROBE_PORT   0xf4
#define PROBE_GOOD   0x600d
#define PROBE_BAD    0xbad

#ifndef __ASSEMBLER__
extern const unsigned char probe_guest[], probe_guest_end[];
#endif

#endif
