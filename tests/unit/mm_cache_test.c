// uses: tests/unit/fakes_mm.c guest/kernel/mm/page.c guest/kernel/mm/window.c guest/kernel/mm/slab.c guest/kernel/mm/vma.c guest/kernel/mm/area.c guest/kernel/mm/mmap.c guest/kernel/mm/protect.c guest/kernel/mm/gather.c guest/kernel/mm/fault.c guest/kernel/mm/fault_file.c guest/kernel/mm/fork.c guest/kernel/mm/oom.c guest/kernel/mm/shm.c guest/kernel/mm/pagecache.c guest/kernel/mm/pagecache_io.c guest/kernel/mm/pagecache_map.c guest/kernel/mm/pagecache_shrink.c guest/kernel/lib/uio.c
/* SPDX-License-Identifier: Apache-2.0 */
/* The page cache of a file: bytes against an array, requests against what
 * read-ahead promises, errors, memory pressure. */
#include "tests/unit/fakes_mm.h"

#include <stdlib.h>
#include <string.h>

#include "guest/kernel/mm/internal.h"
#include "tests/unit/check.h"

#define RAM (32UL << 20)

static struct pagecache *cache(struct fake_file *f)
{
	return &f->inode.cache;
}

static ssize_t rd(struct fake_file *f, void *buf, size_t n, uint64_t pos)
{
	struct uio_vec v;
	struct uio u;

	uio_kernel(&u, &v, buf, n);
	return pagecache_read(cache(f), &u, pos, f->inode.size);
}

/* As a file system does it: the size grows after the bytes. */
static ssize_t wr(struct fake_file *f, void *buf, size_t n, uint64_t pos)
{
	struct uio_vec v;
	struct uio u;
	ssize_t r;

	uio_kernel(&u, &v, buf, n);
	r = pagecache_write(cache(f), &u, pos);
	if (r > 0)
		f->inode.size = max(f->inode.size, pos + (uint64_t)r);
	return r;
}

static void set_size(struct fake_file *f, uint64_t size)
{
	f->inode.size = size;
	if (size < f->disk_size)
		memset(f->disk + size, 0, f->disk_size - size);
	f->disk_size = min(f->disk_size, size);
	pagecache_truncate(cache(f), size);
}

/* Random reads, writes, truncations, holes and syncs, any alignment. */
static void test_random(bool memory)
{
	static uint8_t model[FAKE_DISK], buf[FAKE_DISK];
	struct fake_file *f = fake_file_new(memory ? 0 : 100000, memory);
	uint64_t a, n;

	memset(model, 0, sizeof(model));
	memcpy(model, f->disk, f->disk_size);
	for (int i = 0; i < 6000; i++) {
		a = fake_random() % (FAKE_DISK - 20000);
		n = 1 + fake_random() % (fake_random() % 4 ? 300 : 20000);
		switch (fake_random() % 8) {
		case 0:
		case 1:
		case 2:
			for (uint64_t k = 0; k < n; k++)
				model[a + k] = buf[k] = (uint8_t)fake_random();
			CHECK_EQ(wr(f, buf, n, a), n);
			break;
		case 3:
			if (fake_random() % 8)
				break;
			set_size(f, a);
			memset(model + a, 0, FAKE_DISK - a);
			break;
		case 4:
			if (!memory && a < f->disk_size)
				memset(f->disk + a, 0,
				       min(n, f->disk_size - a));
			pagecache_punch(cache(f), a, a + n);
			memset(model + a, 0, n);
			break;
		case 5:
			CHECK_EQ(pagecache_sync(cache(f), 0, UINT64_MAX), 0);
			CHECK_EQ(cache(f)->ndirty, 0);
			CHECK(memory || !memcmp(f->disk, model, f->inode.size));
			(void)pagecache_shrink(fake_random() % 64);
			break;
		default:
			memset(buf, 0x55, n);
			ssize_t want =
				a < f->inode.size
					? (ssize_t)min(n, f->inode.size - a)
					: 0;
			CHECK_EQ(rd(f, buf, n, a), want);
			CHECK(!memcmp(buf, model + a, (size_t)want));
			CHECK(want == (ssize_t)n || buf[want] == 0x55);
		}
	}
	fake_file_free(f);
}

static void test_readahead(void)
{
	struct fake_file *f = fake_file_new(200 * PAGE_SIZE - 5, false);
	static uint8_t buf[FAKE_DISK];

	for (unsigned i = 0; i < 200; i++)
		CHECK(rd(f, buf, PAGE_SIZE, i * PAGE_SIZE) > 0);
	CHECK(f->reads <= 6); /* 16, 32, 64, 64, the rest */
	CHECK_EQ(cache(f)->npages, 200);
	CHECK_EQ(rd(f, buf, PAGE_SIZE, 200 * PAGE_SIZE - 6), 1);
	pagecache_invalidate(cache(f));
	CHECK_EQ(cache(f)->npages, 0);
	f->reads = 0;
	CHECK_EQ(rd(f, buf, 1, 100 * PAGE_SIZE), 1);
	CHECK(f->last_n <= READ_AHEAD_MIN); /* not sequential */
	CHECK_EQ(rd(f, buf, 1, 150 * PAGE_SIZE), 1);
	CHECK_EQ(f->reads, 2);
	fake_file_free(f);
}

static void test_errors(void)
{
	struct fake_file *f = fake_file_new(8 * PAGE_SIZE, false);
	uint8_t buf[100] = { 7 };

	f->fail_read = 1;
	CHECK_EQ(rd(f, buf, 100, 0), -EIO);
	CHECK_EQ(wr(f, buf, 100, 50), -EIO); /* needs the rest of the page */
	CHECK_EQ(cache(f)->npages, 0);
	f->fail_read = 0;
	CHECK_EQ(wr(f, buf, 100, 50), 100);
	f->fail_write = 1;
	CHECK_EQ(pagecache_sync(cache(f), 0, UINT64_MAX), -ENOSPC);
	CHECK_EQ(cache(f)->ndirty, 1); /* kept for another try */
	CHECK_EQ(pagecache_sync(cache(f), PAGE_SIZE, 2 * PAGE_SIZE), 0);
	f->fail_write = 0;
	CHECK_EQ(pagecache_sync(cache(f), 0, UINT64_MAX), 0);
	CHECK_EQ(f->disk[50], 7);
	CHECK_EQ(f->writes, 2);
	fake_file_free(f);
}

/* What lies behind the end of file is not written before the end has moved. */
static void test_extend(void)
{
	struct fake_file *f = fake_file_new(10, false);
	static uint8_t buf[3 * PAGE_SIZE];
	struct uio_vec v;
	struct uio u;

	memset(buf, 9, sizeof(buf));
	uio_kernel(&u, &v, buf, sizeof(buf));
	CHECK_EQ(pagecache_write(cache(f), &u, 10), sizeof(buf));
	CHECK_EQ(pagecache_sync(cache(f), 0, UINT64_MAX), 0);
	CHECK_EQ(f->disk_size, 10);
	f->inode.size = 10 + sizeof(buf);
	CHECK_EQ(pagecache_sync(cache(f), 0, UINT64_MAX), 0);
	CHECK_EQ(f->disk_size, 10 + sizeof(buf));
	CHECK(!memcmp(f->disk + 10, buf, sizeof(buf)));
	fake_file_free(f);
}

/* A writer who makes more dirty pages than the limit writes back itself. */
static void test_dirty_limit(void)
{
	struct fake_file *f = fake_file_new(0, false);
	static uint8_t buf[PAGE_SIZE];
	uint64_t most = 0;

	f->inode.size = FAKE_DISK;
	for (unsigned k = 0; k < 40; k++)
		for (unsigned i = 0; i < FAKE_DISK / PAGE_SIZE; i++) {
			CHECK_EQ(wr(f, buf, PAGE_SIZE, i * PAGE_SIZE),
				 PAGE_SIZE);
			most = max(most, cache(f)->ndirty);
		}
	CHECK(most <= FAKE_DISK / PAGE_SIZE);
	CHECK_EQ(pagecache_sync(cache(f), 0, UINT64_MAX), 0);
	fake_file_free(f);
}

/* When RAM is full of cached pages, allocations still succeed; dirty and used
 * pages stay. */
static void test_pressure(void)
{
	static struct page *all[RAM / PAGE_SIZE];
	struct fake_file *f = fake_file_new(FAKE_DISK, false);
	static uint8_t buf[FAKE_DISK];
	struct page *held, *p;
	uint64_t n = 0;

	CHECK_EQ(rd(f, buf, FAKE_DISK, 0), FAKE_DISK);
	CHECK_EQ(cache(f)->npages, FAKE_DISK / PAGE_SIZE);
	CHECK_EQ(wr(f, buf, 1, 3 * PAGE_SIZE), 1);
	CHECK_EQ(pagecache_get(cache(f), 9, false, &held), 0);
	while ((p = page_alloc(0, PAGE_ANY)))
		all[n++] = p;
	CHECK_EQ(cache(f)->npages, 2);
	CHECK(cache_find(cache(f), 3) && cache_find(cache(f), 9) == held);
	page_put(held);
	CHECK(pagecache_reclaim(2) >= 2); /* writes 3 back */
	CHECK_EQ(cache(f)->npages, 0);
	CHECK_EQ(f->writes, 1);
	while (n)
		page_put(all[--n]);
	fake_file_free(f);
}

int main(void)
{
	fake_init(RAM);
	test_random(false);
	test_random(true);
	test_readahead();
	test_errors();
	test_extend();
	test_dirty_limit();
	test_pressure();
	return check_done("mm_cache");
}
