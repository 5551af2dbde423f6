/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_both_pages.c: the real page cache for fuse_both_test, whose tree macros
 * want a word that the build machine's headers lack. */
#ifndef __unused
#define __unused __attribute__((unused))
#endif
#include "guest/kernel/mm/pagecache.c"

/* Nobody reports free memory here. */
uint64_t page_nr_kept;
struct waitq page_kept_wait;

void wake_all(struct waitq *wq, unsigned events)
{
	(void)wq;
	(void)events;
}
