/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.c: free memory goes back to the host.
 *
 * One thread sleeps until unmapping or truncation has left REPORT_MIN pages in
 * free blocks that the host still backs, waits REPORT_DELAY for what is freed
 * or used again with them, and tells the host of all such blocks.  They stay
 * ours: the host backs them again at the next touch.  Small blocks are not
 * reported, nor what the page cache keeps.
 */
#include "internal.h"

#include "kuni/driver.h"
#include "kuni/klog.h"
#include "kuni/sched.h"

#define REPORT_DELAY (NSEC_PER_SEC / 2)

/* One request's worth: whether there was any, and whether the host took it. */
static int report_some(void)
{
	struct ram_range range[RAM_REPORT_MAX];
	struct page *block[RAM_REPORT_MAX];
	unsigned order[RAM_REPORT_MAX], n = 0;
	int err;

	while (n < RAM_REPORT_MAX) {
		block[n] = page_kept_take(&order[n]);
		if (!block[n])
			break;
		range[n] =
			(struct ram_range){ page_paddr(block[n]),
					    (uint32_t)(PAGE_SIZE << order[n]) };
		n++;
	}
	if (!n)
		return 0;
	err = ram_report(range, n);
	for (unsigned i = 0; i < n; i++)
		page_kept_put(block[i], order[i], !err);
	return err ? err : (int)n;
}

static bool worth_it(void)
{
	return __atomic_load_n(&page_nr_kept, __ATOMIC_RELAXED) >= REPORT_MIN;
}

/* The body of a kernel thread; returns where no host listens. */
void page_report_run(void)
{
	int n;

	do {
		wait_event_hard(&page_kept_wait, worth_it());
		sched_prepare(TASK_SLEEP_HARD);
		(void)sched_sleep(arch_clock_ns() + REPORT_DELAY);
		sched_finish();
		do
			n = report_some();
		while (n > 0);
	} while (!n);
	if (n != -ENODEV)
		klog(KLOG_WARN,
		     "mm: free memory cannot be given back, error %d", -n);
}
