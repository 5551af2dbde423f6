/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_both_kernel.h: the knobs of the fake kernel around fuse_both_test. */
#ifndef TESTS_UNIT_FUSE_BOTH_KERNEL_H
#define TESTS_UNIT_FUSE_BOTH_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

extern uint64_t now;      /* arch_clock_ns() */
extern long live;         /* allocations and pages that are not freed */
extern long fail_at;      /* allocations until one fails; negative: none */
extern int invalidations; /* calls of pagecache_invalidate() */
extern bool finished;     /* the leak checker may call sched_yield() */

#endif
