/* SPDX-License-Identifier: Apache-2.0 */
/* tsc.h: the frequency of this host's time stamp counter. */
#ifndef HOST_TSC_H
#define HOST_TSC_H

#include <stdint.h>

/* In kHz; measured against the clock over 10 ms the first time after a boot
 * of the host, later read from /run/kuni.  0: it could not be measured. */
uint64_t tsc_khz(void);

#endif
