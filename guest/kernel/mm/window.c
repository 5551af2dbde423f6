/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.c: pages of the DAX window: the host's page cache as memory of ours.
 *
 * A struct page of the window stands in memory that the host gives for that
 * alone, and is valid when all-zero: nobody has the page.  Who takes one
 * (window_take) lends it a counter of the range that the page belongs to; when
 * the last reference goes, wherever that is, the page is as before and the
 * counter one less.  Such a page is no RAM: it is in no list of the allocator,
 * not counted as cached, never dirty, and no device may be given its address.
 *
 * Whether the kernel may store to one by the direct map: never.  User space
 * may, with PG_WSTORE.
 */
#include "kuni/mm.h"

#include <string.h>

#include "bootinfo.h"
#include "kuni/klog.h"
#include "internal.h"

struct window mm_window;

void window_init(const struct bootinfo *bi)
{
	uint64_t n = bi->window.len >> PAGE_SHIFT;

	if (!n || n > bi->window_meta.len / sizeof(struct page))
		return;
	mm_window = (struct window){
		.base = bi->window.base,
		.npages = n,
		.pages = phys_to_virt(bi->window_meta.base),
	};
}

uint64_t window_pages(void)
{
	return mm_window.npages;
}

struct page *window_page(uint64_t n)
{
	ensure(n < mm_window.npages);
	return &mm_window.pages[n];
}

/* Makes p, which nobody has, a page with one reference; false where somebody
 * still has it.  One taker at a time: who guards the range. */
bool window_take(struct page *p, uint32_t *live, bool store)
{
	if (__atomic_load_n(&p->flags, __ATOMIC_ACQUIRE))
		return false;
	p->ref = 1;
	p->private_ = (uint64_t)live;
	__atomic_fetch_add(live, 1, __ATOMIC_RELAXED);
	p->flags = PG_UPTODATE | PG_WINDOW | (store ? PG_WSTORE : 0);
	return true;
}

/* The last reference went.  The flags are what window_take() looks at. */
void window_release(struct page *p)
{
	uint32_t *live = (uint32_t *)p->private_;

	p->mapcount_hint = 0;
	p->cache = NULL;
	p->index = 0;
	p->private_ = 0;
	__atomic_store_n(&p->flags, 0, __ATOMIC_RELEASE);
	__atomic_fetch_sub(live, 1, __ATOMIC_RELEASE);
}
