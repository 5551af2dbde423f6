// uses: guest/kernel/mm/vma.c
/* SPDX-License-Identifier: Apache-2.0 */
/* The map of areas against an array of pages that says which kind each is. */
#include "guest/kernel/mm/internal.h"

#include <stdlib.h>
#include <string.h>

#include "kuni/klog.h"
#include "tests/unit/check.h"
#include "tests/unit/fake_panic.h"

#define PAGES 300
#define BASE  0x100000UL

struct task *unit_current(void)
{
	return NULL;
}

static struct mm m;
static int kind[PAGES];     /* 0: free */
static uint64_t off[PAGES]; /* file page */
static struct inode inode;
static struct file file = { .inode = &inode };
static uint32_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static uint64_t va(unsigned page)
{
	return BASE + page * PAGE_SIZE;
}

static void free_dead(struct vma *dead)
{
	while (dead) {
		struct vma *v = dead;

		dead = v->next_dead;
		free(v);
	}
}

static void cut(uint64_t at)
{
	struct vma *v = mm_find(&m, at);

	if (v && v->start < at)
		vma_split(&m, v, at, calloc(1, sizeof(*v)));
}

static void clear(unsigned a, unsigned b)
{
	struct vma *v, *next;

	cut(va(a));
	cut(va(b));
	for (v = mm_find(&m, va(a)); v && v->start < va(b); v = next) {
		next = mm_next(v);
		vma_remove(&m, v);
		free(v);
	}
	for (; a < b; a++)
		kind[a] = 0;
}

static void add(unsigned a, unsigned b, int k)
{
	struct vma *v = calloc(1, sizeof(*v)), *dead = NULL;
	uint64_t first = rnd(3) ? a : rnd(1000);

	v->start = va(a);
	v->end = va(b);
	v->prot = (uint32_t)k & 3 ? PROT_R | PROT_W : PROT_R;
	v->flags = k & 4 ? VMA_SHARED : 0;
	v->file = k & 2 ? &file : NULL;
	v->pgoff = first;
	vma_insert(&m, v);
	v = vma_merge(&m, v, &dead);
	CHECK(v->start <= va(a) && v->end >= va(b));
	free_dead(dead);
	for (unsigned i = a; i < b; i++) {
		kind[i] = k;
		off[i] = first + (i - a);
	}
}

static unsigned naive_gap(unsigned n)
{
	for (unsigned a = PAGES - n; a > 0; a--) {
		unsigned i = 0;

		while (i < n && !kind[a + i])
			i++;
		if (i == n)
			return a;
	}
	return 0;
}

/* The map says what the array says, and neighbours that could be one are. */
static void compare(void)
{
	uint64_t areas = 0, pages = 0, data = 0;
	struct vma *v;

	for (unsigned i = 0; i < PAGES; i++) {
		v = mm_find(&m, va(i));
		bool in = v && v->start <= va(i);

		CHECK_EQ(in, kind[i] != 0);
		if (!in)
			continue;
		CHECK_EQ(v->file != NULL, (kind[i] & 2) != 0);
		CHECK_EQ((v->flags & VMA_SHARED) != 0, (kind[i] & 4) != 0);
		if (v->file)
			CHECK_EQ(vma_index(v, va(i)), off[i]);
		pages++;
		data += rss_private(v);
	}
	for (v = mm_find(&m, 0); v; v = mm_next(v)) {
		struct vma *next = mm_next(v);

		areas++;
		CHECK(v->start < v->end);
		CHECK(!next || v->end <= next->start);
		CHECK(!next || vma_prev(next) == v);
	}
	CHECK_EQ(areas, m.nvma);
	CHECK_EQ(pages, m.total_pages);
	CHECK_EQ(data, m.data_pages);
}

static void test_random(void)
{
	for (int round = 0; round < 20000; round++) {
		unsigned a = 1 + rnd(PAGES - 20), b = a + 1 + rnd(19), n, want;

		switch (rnd(4)) {
		case 0:
			clear(a, b);
			break;
		case 1:
			clear(a, b);
			add(a, b, 1 + (int)rnd(7));
			break;
		default:
			n = 1 + rnd(12);
			want = naive_gap(n);
			uint64_t got = vma_gap(&m, n * PAGE_SIZE, MMAP_MIN_ADDR,
					       m.mmap_top);
			if (want)
				CHECK_EQ(got, va(want));
			else
				CHECK(got < va(1));
			if (want && rnd(2))
				add(want, want + n, 1 + (int)rnd(7));
		}
		if (round % 16 == 0)
			compare();
	}
	clear(0, PAGES);
	CHECK_EQ(m.nvma, 0);
	CHECK_EQ(m.total_pages, 0);
	CHECK(LIST_EMPTY(&inode.cache.mappings));
}

/* A stack keeps a guard gap from what is found for others. */
static void test_guard(void)
{
	struct vma *v = calloc(1, sizeof(*v));
	uint64_t at;

	m.mmap_top = 0x7f0000000000;
	m.gap_top = m.gap_max = 0;
	v->start = m.mmap_top - 0x10000;
	v->end = m.mmap_top;
	v->flags = VMA_GROWSDOWN;
	v->prot = PROT_R | PROT_W;
	vma_insert(&m, v);
	at = vma_gap(&m, PAGE_SIZE, MMAP_MIN_ADDR, m.mmap_top);
	CHECK_EQ(at, v->start - STACK_GUARD - PAGE_SIZE);
	vma_resize(&m, v, v->start - PAGE_SIZE, v->end);
	CHECK_EQ(m.total_pages, 17);
	vma_remove(&m, v);
	free(v);
}

int main(void)
{
	m.mmap_top = va(PAGES);
	kind[0] = 0;
	test_random();
	test_guard();
	return check_done("mm_vma");
}
