// uses: tests/unit/fakes_mm.c guest/kernel/mm/page.c guest/kernel/mm/window.c guest/kernel/mm/slab.c guest/kernel/mm/kstack.c guest/kernel/mm/vma.c guest/kernel/mm/area.c guest/kernel/mm/mmap.c guest/kernel/mm/protect.c guest/kernel/mm/gather.c guest/kernel/mm/fault.c guest/kernel/mm/fault_file.c guest/kernel/mm/fork.c guest/kernel/mm/oom.c guest/kernel/mm/shm.c guest/kernel/mm/pagecache.c guest/kernel/mm/pagecache_io.c guest/kernel/mm/pagecache_map.c guest/kernel/mm/pagecache_shrink.c guest/kernel/lib/uio.c
/* SPDX-License-Identifier: Apache-2.0 */
/* Pages, objects and stacks: nothing overlaps, zero means zero, everything
 * comes back. */
#include "tests/unit/fakes_mm.h"

#include <stdlib.h>
#include <string.h>

#include "bootinfo.h"
#include "guest/kernel/mm/internal.h"
#include "layout.h"
#include "tests/unit/check.h"

#define MIB(n) ((uint64_t)(n) << 20)
#define RAM    MIB(64)
#define LAUNCH (MIB(9) + 0x1800)
#define BLOCKS 3000

static struct bootinfo bi = {
	.nregion = 3,
	.region = { { MIB(40), MIB(24) - 0x800 }, /* end not aligned */
		    { 0, MIB(12) },
		    { MIB(12) + PAGE_SIZE, MIB(20) } },
	.launch_gpa = LAUNCH,
	.launch_len = 0x3000,
};

static uint8_t *owner; /* a byte a page: handed out */

static bool reserved(paddr_t pa)
{
	return pa < MIB(1) || (pa >= BOOT_TABLES_GPA && pa < BOOT_AREA_END) ||
	       (pa >= KERNEL_GPA && pa < KERNEL_GPA + mm_kernel_size()) ||
	       (pa >= page_down(LAUNCH) && pa < page_up(LAUNCH + 0x3000)) ||
	       (pa >= MIB(12) && pa < MIB(12) + PAGE_SIZE) ||
	       (pa >= MIB(32) + PAGE_SIZE && pa < MIB(40)) ||
	       pa >= RAM - PAGE_SIZE;
}

static void own(struct page *p, unsigned order, bool zero)
{
	paddr_t pa = page_paddr(p);
	const uint8_t *b = page_virt(p);

	CHECK_EQ(pa % (PAGE_SIZE << order), 0);
	CHECK_EQ(p->ref, 1);
	CHECK_EQ(p->flags, 0);
	for (unsigned i = 0; i < 1U << order; i++) {
		CHECK(!reserved(pa + i * PAGE_SIZE));
		CHECK(!owner[pa / PAGE_SIZE + i]);
		owner[pa / PAGE_SIZE + i] = 1;
		CHECK(page_of(pa + i * PAGE_SIZE) == p + i);
	}
	for (uint64_t i = 0; zero && i < PAGE_SIZE << order; i++)
		if (b[i]) {
			CHECK(!"zero-filled");
			break;
		}
	memset(page_virt(p), 0xaa, PAGE_SIZE << order);
}

static void disown(struct page *p, unsigned order)
{
	memset(owner + page_paddr(p) / PAGE_SIZE, 0, 1U << order);
	if (order)
		page_free(p, order);
	else
		page_put(p);
}

static void test_random(void)
{
	static struct {
		struct page *p;
		unsigned order;
	} b[BLOCKS];
	uint64_t before = fake_free_pages();

	for (int i = 0; i < 60000; i++) {
		unsigned k = fake_random() % BLOCKS;
		bool zero = fake_random() & 1;

		if (b[k].p) {
			disown(b[k].p, b[k].order);
			b[k].p = NULL;
			continue;
		}
		b[k].order = fake_random() % 4 ? 0 : fake_random() % 6;
		b[k].p = page_alloc(b[k].order, zero ? PAGE_ZERO : PAGE_ANY);
		if (b[k].p)
			own(b[k].p, b[k].order, zero);
	}
	for (int k = 0; k < BLOCKS; k++)
		if (b[k].p)
			disown(b[k].p, b[k].order);
	CHECK_EQ(fake_free_pages(), before);
}

/* Every page can be had, and then there are large blocks again. */
static void test_exhaust(void)
{
	static struct page *all[RAM / PAGE_SIZE];
	uint64_t before = fake_free_pages(), n = 0;
	struct page *p;

	while ((p = page_alloc(0, PAGE_ANY)))
		own(all[n++] = p, 0, false);
	CHECK_EQ(n, before);
	CHECK_EQ(fake_free_pages(), 0);
	while (n)
		disown(all[--n], 0);
	CHECK_EQ(fake_free_pages(), before);
	for (n = 0; (p = page_alloc(PAGE_MAX_ORDER, PAGE_ZERO)); n++)
		own(all[n] = p, PAGE_MAX_ORDER, true);
	CHECK(n >= 8);
	while (n)
		disown(all[--n], PAGE_MAX_ORDER);
	CHECK(!page_of(MIB(12)) && !page_of(RAM - 1) && !page_of(MIB(33)));
}

struct object {
	uint8_t *p;
	size_t n;
	uint8_t tag;
};

static void check_object(const struct object *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->p[i] != o->tag) {
			CHECK(!"an object changed");
			return;
		}
}

/* Blocks that the host has back are taken out once, are used again when nothing
 * else is there, and count as free all the time. */
static void test_report(void)
{
	static struct page *all[RAM / PAGE_SIZE];
	uint64_t before = fake_free_pages(), n = 0, given = 0;
	unsigned order;
	struct page *p;

	while ((p = page_alloc(0, PAGE_ANY)))
		all[n++] = p;
	CHECK_EQ(page_nr_kept, 0);
	while (n)
		page_put(all[--n]);
	CHECK(page_nr_kept > before / 2);
	while ((p = page_kept_take(&order))) {
		CHECK(order >= REPORT_ORDER);
		CHECK_EQ(fake_free_pages(), before - (1UL << order));
		page_kept_put(p, order, true);
		given += 1UL << order;
	}
	CHECK(given > before / 2);
	CHECK(page_nr_kept < given);
	CHECK_EQ(fake_free_pages(), before);
	given = page_nr_kept;
	p = page_alloc(0, PAGE_ANY); /* of what is backed still */
	CHECK(p != NULL);
	page_put(p);
	CHECK(page_nr_kept <= given);
	while ((p = page_alloc(0, PAGE_ANY)))
		all[n++] = p;
	CHECK_EQ(n, before);
	while (n)
		page_put(all[--n]);
	CHECK_EQ(fake_free_pages(), before);
}

static void test_kmalloc(void)
{
	static struct object o[500];
	struct mm_stats s;

	CHECK(!kmalloc((PAGE_SIZE << PAGE_MAX_ORDER) + 1));
	for (int i = 0; i < 40000; i++) {
		struct object *x = &o[fake_random() % ARRAY_SIZE(o)];
		size_t most = fake_random() % 16 ? 3000 : 100000;

		if (x->p) {
			check_object(x);
			kfree(x->p);
			x->p = NULL;
			continue;
		}
		x->n = 1 + fake_random() % most;
		x->tag = (uint8_t)fake_random();
		x->p = kmalloc(x->n);
		CHECK(x->p);
		CHECK_EQ((uintptr_t)x->p % 16, 0);
		for (size_t k = 0; k < x->n; k++)
			if (x->p[k]) {
				CHECK(!"kmalloc zeroes");
				break;
			}
		memset(x->p, x->tag, x->n);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(o); i++)
		kfree(o[i].p);
	kfree(NULL);
	mm_stats(&s);
	CHECK(s.slab < 100); /* what the magazines keep alive */
}

static void test_kstack(void)
{
	uint64_t a = kstack_alloc(), b = kstack_alloc(), free;

	CHECK(a && b && a != b && a % 16 == 0);
	CHECK((a > b ? a - b : b - a) > KSTACK_SIZE);
	free = fake_free_pages();
	kstack_free(a);
	CHECK_EQ(kstack_alloc(), a);
	CHECK_EQ(fake_free_pages(), free);
}

int main(void)
{
	uint64_t touched = 0;

	fake_ram_init(RAM);
	page_init(&bi);
	for (uint64_t at = MIB(1); at < RAM; at += sizeof(uint64_t))
		touched += *(uint64_t *)phys_to_virt(at) != 0;
	CHECK_EQ(touched, 0); /* start-up wrote nothing to RAM */
	slab_init();
	owner = calloc(1, RAM / PAGE_SIZE);
	test_random();
	test_exhaust();
	test_report();
	test_kmalloc();
	test_kstack();
	free(owner);
	return check_done("mm_page");
}
