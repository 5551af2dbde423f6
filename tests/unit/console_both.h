/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console_both.h: between the two halves of console_both_test.  The user runs
 * the host's loop on one thread, the guest's task on another.
 */
#ifndef TESTS_UNIT_CONSOLE_BOTH_H
#define TESTS_UNIT_CONSOLE_BOTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- the host (console_both_host.c) ---- */
void host_start(int in, int out); /* its loop, on a thread of its own */
void host_stop(void);             /* all output is with the user */
void host_queue(unsigned n, unsigned size, uint64_t desc, uint64_t avail,
		uint64_t used);
void host_ram(void *base, size_t n); /* where the guest's memory is */
void host_kick(unsigned n);
void host_dump(void);    /* after a hang; exits with 3 */
bool cpu_irq(bool wait); /* takes the interrupt; false with wait: a hang */
void cpu_nap(void);

/* ---- the guest (console_both_kernel.c) ---- */
void guest_init(unsigned seed);
size_t guest_cat(size_t max); /* to the end, in reads of up to max; bytes */

#endif
