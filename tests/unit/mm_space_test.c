// uses: tests/unit/fakes_mm.c guest/kernel/mm/page.c guest/kernel/mm/window.c guest/kernel/mm/slab.c guest/kernel/mm/vma.c guest/kernel/mm/area.c guest/kernel/mm/mmap.c guest/kernel/mm/protect.c guest/kernel/mm/remap.c guest/kernel/mm/advise.c guest/kernel/mm/access.c guest/kernel/mm/gather.c guest/kernel/mm/fault.c guest/kernel/mm/fault_file.c guest/kernel/mm/fork.c guest/kernel/mm/oom.c guest/kernel/mm/shm.c guest/kernel/mm/pagecache.c guest/kernel/mm/pagecache_io.c guest/kernel/mm/pagecache_map.c guest/kernel/mm/pagecache_shrink.c guest/kernel/lib/uio.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole address spaces against a model: a word a page.  Several processes map,
 * store, load, protect, move, fork and exit at random; files are truncated,
 * written back and shrunk behind their backs.  The fake TLB keeps what is not
 * flushed, so a missing flush shows as a wrong value.
 */
#include "tests/unit/fakes_mm.h"

#include <stdlib.h>
#include <string.h>

#include "guest/kernel/mm/internal.h"
#include "layout.h"
#include "tests/unit/check.h"

#define RAM    (64UL << 20)
#define SPACES 4
#define PAGES  96
#define BASE   0x10000000UL
#define FILES  2
#define FPAGES 64

/* What backs a page: shared memory and files hold the word themselves. */
struct object {
	uint64_t word[FPAGES];
	uint64_t pages; /* the end of file */
	unsigned ref;
	struct fake_file *file;
};

struct slot {
	bool mapped, shared;
	int prot;
	struct object *o; /* file, or shared memory; NULL: anonymous */
	uint64_t index;   /* in o */
	bool own;         /* private: word is its own */
	uint64_t word;
};

struct space {
	struct mm *m;
	struct slot s[PAGES];
};

static struct space sp[SPACES];
static struct object files[FILES];

static uint64_t va(unsigned i)
{
	return BASE + i * PAGE_SIZE;
}

static void slot_clear(struct slot *s)
{
	if (s->o && !s->o->file && --s->o->ref == 0)
		free(s->o);
	memset(s, 0, sizeof(*s));
}

static void slot_copy(struct slot *to, const struct slot *from)
{
	*to = *from;
	if (to->o && !to->o->file)
		to->o->ref++;
}

static unsigned rnd(unsigned n)
{
	return fake_random() % n;
}

static int random_prot(void)
{
	static const int prots[] = { 3, 3, 3, 1, 0, 5, 7 };

	return prots[rnd(ARRAY_SIZE(prots))];
}

static void do_map(struct space *p, unsigned a, unsigned n)
{
	int prot = random_prot(), kind = (int)rnd(4);
	int flags = LX_MAP_FIXED | (kind & 1 ? LX_MAP_SHARED : LX_MAP_PRIVATE);
	struct object *o = kind & 2 ? &files[rnd(FILES)] : NULL;
	uint64_t first = o ? rnd(FPAGES - n) : 0;
	long r;

	if (!o)
		flags |= LX_MAP_ANONYMOUS;
	r = mm_map(p->m, va(a), n * PAGE_SIZE, prot, flags,
		   o ? &o->file->file : NULL, first * PAGE_SIZE);
	CHECK_EQ(r, va(a));
	if (!o && (kind & 1))
		o = calloc(1, sizeof(*o)), o->pages = FPAGES;
	for (unsigned i = 0; i < n; i++) {
		struct slot *s = &p->s[a + i];

		slot_clear(s);
		*s = (struct slot){ .mapped = true,
				    .shared = kind & 1,
				    .prot = prot,
				    .o = o,
				    .index = first + i };
		if (o && !o->file)
			o->ref++;
	}
}

static void do_unmap(struct space *p, unsigned a, unsigned n)
{
	CHECK_EQ(mm_unmap(p->m, va(a), n * PAGE_SIZE), 0);
	for (unsigned i = 0; i < n; i++)
		slot_clear(&p->s[a + i]);
}

static void do_protect(struct space *p, unsigned a, unsigned n)
{
	int prot = random_prot(), want = 0;
	int r = mm_protect(p->m, va(a), n * PAGE_SIZE, prot);

	for (unsigned i = 0; i < n && !want; i++) {
		if (!p->s[a + i].mapped)
			want = -ENOMEM;
		else
			p->s[a + i].prot = prot;
	}
	CHECK_EQ(r, want);
}

/* What an access is to answer: 0 or a signal. */
static int expect(const struct slot *s, bool store)
{
	if (!s->mapped)
		return SIGSEGV;
	if (store ? !(s->prot & 2) : !s->prot)
		return SIGSEGV;
	if (s->o && !s->own && s->index >= s->o->pages)
		return SIGBUS;
	return 0;
}

static uint64_t value_of(const struct slot *s)
{
	return s->o && !s->own ? s->o->word[s->index] : s->word;
}

static void do_store(struct space *p, unsigned i)
{
	struct slot *s = &p->s[i];
	uint64_t v = (uint64_t)fake_random() << 32 | fake_random();
	int want = expect(s, true);

	CHECK_EQ(fake_store(p->m, va(i), v), want);
	if (want)
		return;
	if (s->shared && s->o) {
		s->o->word[s->index] = v;
	} else {
		s->own = true;
		s->word = v;
	}
}

static void do_load(struct space *p, unsigned i)
{
	uint64_t v = 0;
	int want = expect(&p->s[i], false);

	CHECK_EQ(fake_load(p->m, va(i), &v), want);
	if (!want)
		CHECK_EQ(v, value_of(&p->s[i]));
}

static void do_fork(unsigned from, unsigned to)
{
	if (sp[to].m)
		mm_put(sp[to].m);
	CHECK_EQ(mm_fork(sp[from].m, &sp[to].m), 0);
	for (unsigned i = 0; i < PAGES; i++) {
		slot_clear(&sp[to].s[i]);
		slot_copy(&sp[to].s[i], &sp[from].s[i]);
	}
}

/* One area of private or shared memory moves elsewhere. */
static void do_move(struct space *p, unsigned a, unsigned n, unsigned b)
{
	long r = mm_remap(p->m, va(a), n * PAGE_SIZE, n * PAGE_SIZE, 3, va(b));

	if (!p->s[a].mapped) {
		CHECK_EQ(r, -EFAULT);
		return;
	}
	if ((a <= b && b < a + n) || (b <= a && a < b + n)) {
		CHECK_EQ(r, -EINVAL);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		slot_clear(&p->s[b + i]); /* even where the rest fails */
	if (r < 0) {
		CHECK_EQ(r, -EFAULT);
		return;
	}
	CHECK_EQ(r, va(b));
	for (unsigned i = 0; i < n; i++) {
		CHECK(p->s[a + i].mapped);
		p->s[b + i] = p->s[a + i];
		memset(&p->s[a + i], 0, sizeof(p->s[0]));
	}
}

static void do_discard(struct space *p, unsigned a, unsigned n)
{
	int want = 0;

	for (unsigned i = 0; i < n; i++)
		if (!p->s[a + i].mapped)
			want = -ENOMEM;
	CHECK_EQ(mm_advise(p->m, va(a), n * PAGE_SIZE, 4), want);
	for (unsigned i = 0; i < n; i++) {
		p->s[a + i].own = false;
		p->s[a + i].word = 0;
	}
}

/* Truncation takes private copies behind the end, too. */
static void do_truncate(struct object *o)
{
	uint64_t pages = rnd(FPAGES + 1);
	bool shrink = pages < o->pages;

	o->file->inode.size = pages * PAGE_SIZE;
	pagecache_truncate(&o->file->inode.cache, pages * PAGE_SIZE);
	if (shrink && !o->file->memory) {
		memset(o->file->disk + pages * PAGE_SIZE, 0,
		       FAKE_DISK - pages * PAGE_SIZE);
		o->file->disk_size = min(o->file->disk_size, pages * PAGE_SIZE);
	}
	for (uint64_t i = pages; i < FPAGES; i++)
		o->word[i] = 0;
	o->pages = pages;
	for (unsigned k = 0; k < SPACES; k++)
		for (unsigned i = 0; i < PAGES; i++) {
			struct slot *s = &sp[k].s[i];

			if (s->o == o && s->index >= pages && !s->shared)
				s->own = false;
		}
}

static void check_file(struct object *o)
{
	struct uio_vec vec;
	struct uio u;
	static uint8_t buf[FPAGES * PAGE_SIZE];
	uint64_t size = o->file->inode.size;

	uio_kernel(&u, &vec, buf, sizeof(buf));
	CHECK_EQ(pagecache_read(&o->file->inode.cache, &u, 0, size),
		 o->pages * PAGE_SIZE);
	for (uint64_t i = 0; i < o->pages; i++) {
		uint64_t w;

		memcpy(&w, buf + i * PAGE_SIZE, 8);
		CHECK_EQ(w, o->word[i]);
	}
	if (o->file->memory)
		return;
	CHECK_EQ(pagecache_sync(&o->file->inode.cache, 0, UINT64_MAX), 0);
	CHECK_EQ(o->file->inode.cache.ndirty, 0);
	for (uint64_t i = 0; i < o->pages; i++) {
		uint64_t w;

		memcpy(&w, o->file->disk + i * PAGE_SIZE, 8);
		CHECK_EQ(w, o->word[i]);
	}
}

static void do_write(struct object *o)
{
	uint64_t i, v = fake_random();
	struct uio_vec vec;
	struct uio u;

	if (!o->pages)
		return;
	i = rnd((unsigned)o->pages);
	uio_kernel(&u, &vec, &v, sizeof(v));
	CHECK_EQ(pagecache_write(&o->file->inode.cache, &u, i * PAGE_SIZE), 8);
	o->word[i] = v;
}

static void check_rss(const struct space *p)
{
	uint64_t n = 0;

	for (uint64_t a = 0; a < PAGES; a++)
		n += arch_pt_walk(&p->m->pt, va((unsigned)a), NULL, NULL);
	CHECK_EQ(p->m->rss, n);
}

static void step(void)
{
	struct space *p = &sp[rnd(SPACES)];
	unsigned a = rnd(PAGES - 16), n = 1 + rnd(16);

	if (!p->m) {
		unsigned from = rnd(SPACES);

		if (sp[from].m)
			do_fork(from, (unsigned)(p - sp));
		return;
	}
	switch (rnd(24)) {
	case 0:
	case 1:
		return do_map(p, a, n);
	case 2:
		return do_unmap(p, a, n);
	case 3:
	case 4:
		return do_protect(p, a, n);
	case 5:
		return do_move(p, a, 1 + rnd(3), rnd(PAGES - 16));
	case 6:
		return do_discard(p, a, n);
	case 7:
		if (rnd(4) == 0 && p != &sp[0])
			do_fork(0, (unsigned)(p - sp));
		return;
	case 8:
		if (rnd(8) == 0)
			do_truncate(&files[rnd(FILES)]);
		return;
	case 9:
		return check_file(&files[rnd(FILES)]);
	case 10:
		(void)pagecache_shrink(rnd(20));
		return;
	case 11:
		return do_write(&files[rnd(FILES)]);
	case 12:
		return check_rss(p);
	default:
		for (unsigned i = 0; i < 4; i++) {
			if (rnd(2))
				do_store(p, rnd(PAGES));
			else
				do_load(p, rnd(PAGES));
		}
	}
}

static void files_open(void)
{
	for (unsigned i = 0; i < FILES; i++) {
		struct object *o = &files[i];

		o->file = fake_file_new(i ? 0 : FPAGES * PAGE_SIZE, i);
		o->file->inode.size = FPAGES * PAGE_SIZE;
		o->pages = FPAGES;
		for (unsigned k = 0; k < FPAGES && !i; k++)
			memcpy(&o->word[k], o->file->disk + k * PAGE_SIZE, 8);
	}
}

static void test_random(int steps)
{
	uint64_t before;

	files_open();
	for (unsigned i = 0; i < FILES; i++)
		fake_file_free(files[i].file); /* slabs exist now */
	before = fake_free_pages();
	files_open();
	CHECK_EQ(mm_create(&sp[0].m), 0);
	for (int i = 0; i < steps && check_failures < 10; i++)
		step();
	for (unsigned k = 0; k < SPACES; k++) {
		if (sp[k].m)
			mm_put(sp[k].m);
		sp[k].m = NULL;
		for (unsigned i = 0; i < PAGES; i++)
			slot_clear(&sp[k].s[i]);
	}
	for (unsigned i = 0; i < FILES; i++) {
		check_file(&files[i]);
		fake_file_free(files[i].file);
	}
	/* but for what the object caches keep, all memory is back */
	CHECK(before - fake_free_pages() < 24);
}

static void test_stack(void)
{
	struct mm *m;
	uint64_t top = 0x7f0000000000, low, v;
	long r;

	CHECK_EQ(mm_create(&m), 0);
	r = mm_map(m, top - 4 * PAGE_SIZE, 4 * PAGE_SIZE, 3,
		   LX_MAP_FIXED | LX_MAP_PRIVATE | LX_MAP_ANONYMOUS |
			   LX_MAP_GROWSDOWN | LX_MAP_STACK,
		   NULL, 0);
	CHECK_EQ(r, top - 4 * PAGE_SIZE);
	CHECK_EQ(fake_store(m, top - (7UL << 20), 1), 0);
	CHECK_EQ(fake_store(m, top - (9UL << 20), 1), SIGSEGV);
	low = mm_find(m, 0)->start;
	CHECK_EQ(low, top - (7UL << 20));
	/* an area below keeps its distance */
	r = mm_map(m, low - STACK_GUARD - 2 * PAGE_SIZE, PAGE_SIZE, 3,
		   LX_MAP_FIXED | LX_MAP_PRIVATE | LX_MAP_ANONYMOUS, NULL, 0);
	CHECK(r > 0);
	CHECK_EQ(fake_store(m, low - PAGE_SIZE, 1), 0);
	CHECK_EQ(fake_store(m, low - 2 * PAGE_SIZE, 1), SIGSEGV);
	CHECK_EQ(fake_load(m, low - PAGE_SIZE, &v), 0);
	CHECK_EQ(v, 1);
	CHECK_EQ(m->total_pages, (7UL << 20) / PAGE_SIZE + 2);
	mm_put(m);
}

static void test_brk(void)
{
	struct mm *m;
	uint64_t b = 0x555555554000, v;

	CHECK_EQ(mm_create(&m), 0);
	m->brk_start = m->brk = b + 0x123;
	CHECK_EQ(mm_brk(m, 0), b + 0x123);
	CHECK_EQ(mm_brk(m, b + 0x3001), b + 0x3001);
	CHECK_EQ(fake_store(m, b + 0x1000, 7), 0);
	CHECK_EQ(fake_store(m, b + 0x3ff8, 7), 0);
	CHECK_EQ(fake_store(m, b + 0x4000, 7), SIGSEGV);
	CHECK_EQ(mm_brk(m, b + 0x9000), b + 0x9000);
	CHECK_EQ(m->nvma, 1);
	CHECK_EQ(mm_brk(m, b + 0x800), b + 0x800);
	CHECK_EQ(mm_brk(m, b + 0x9000), b + 0x9000);
	CHECK_EQ(fake_load(m, b + 0x1000, &v), 0);
	CHECK_EQ(v, 0);
	fake_rlimit[RLIMIT_DATA] = 0x10000;
	CHECK_EQ(mm_brk(m, b + 0x20000), b + 0x9000);
	fake_rlimit[RLIMIT_DATA] = RLIM_INFINITY;
	mm_put(m);
}

#define ANON (LX_MAP_PRIVATE | LX_MAP_ANONYMOUS)
static void test_errors(void)
{
	struct fake_file *f = fake_file_new(PAGE_SIZE, false);
	struct mm *m;
	long at;

	CHECK_EQ(mm_create(&m), 0);
	CHECK_EQ(mm_map(m, 0, 0, 3, ANON, NULL, 0), -EINVAL);
	CHECK_EQ(mm_map(m, 0, PAGE_SIZE, 3, LX_MAP_ANONYMOUS, NULL, 0),
		 -EINVAL);
	CHECK_EQ(mm_map(m, 5, PAGE_SIZE, 3, ANON | LX_MAP_FIXED, NULL, 0),
		 -EINVAL);
	CHECK_EQ(mm_map(m, 0x1000, PAGE_SIZE, 3, ANON | LX_MAP_FIXED, NULL, 0),
		 -EPERM);
	CHECK_EQ(mm_map(m, USER_END - PAGE_SIZE, 2 * PAGE_SIZE, 3,
			ANON | LX_MAP_FIXED, NULL, 0),
		 -ENOMEM);
	CHECK_EQ(mm_map(m, 0, ~0UL, 3, ANON, NULL, 0), -ENOMEM);
	CHECK_EQ(mm_map(m, 0, RAM * 2, 3, ANON, NULL, 0), -ENOMEM);
	CHECK(mm_map(m, 0, RAM * 2, 3, ANON | LX_MAP_NORESERVE, NULL, 0) > 0);
	at = mm_map(m, 0, 3 * PAGE_SIZE, 3, ANON, NULL, 0);
	CHECK_EQ(mm_map(m, (uint64_t)at + PAGE_SIZE, PAGE_SIZE, 3,
			ANON | LX_MAP_FIXED_NOREPLACE, NULL, 0),
		 -EEXIST);
	CHECK_EQ(mm_unmap(m, 1, PAGE_SIZE), -EINVAL);
	CHECK_EQ(mm_unmap(m, 0x1000, 0), -EINVAL);
	f->file.flags = O_RDONLY;
	CHECK_EQ(mm_map(m, 0, PAGE_SIZE, 3, LX_MAP_SHARED, &f->file, 0),
		 -EACCES);
	at = mm_map(m, 0, PAGE_SIZE, 1, LX_MAP_SHARED, &f->file, 0);
	CHECK(at > 0);
	CHECK_EQ(mm_protect(m, (uint64_t)at, PAGE_SIZE, 3), -EACCES);
	CHECK(mm_map(m, 0, PAGE_SIZE, 3, LX_MAP_PRIVATE, &f->file, 0) > 0);
	f->file.flags = O_WRONLY;
	CHECK_EQ(mm_map(m, 0, PAGE_SIZE, 1, LX_MAP_PRIVATE, &f->file, 0),
		 -EACCES);
	f->file.flags = O_RDWR;
	f->inode.mode = S_IFDIR;
	CHECK_EQ(mm_map(m, 0, PAGE_SIZE, 1, LX_MAP_PRIVATE, &f->file, 0),
		 -ENODEV);
	fake_rlimit[RLIMIT_AS] = (m->total_pages + 2) * PAGE_SIZE;
	CHECK_EQ(mm_map(m, 0, 3 * PAGE_SIZE, 3, ANON, NULL, 0), -ENOMEM);
	CHECK(mm_map(m, 0, 2 * PAGE_SIZE, 3, ANON, NULL, 0) > 0);
	fake_rlimit[RLIMIT_AS] = RLIM_INFINITY;
	fake_rlimit[RLIMIT_MEMLOCK] = 4 * PAGE_SIZE;
	at = mm_map(m, 0, 8 * PAGE_SIZE, 3, ANON, NULL, 0);
	CHECK_EQ(mm_lock_pages(m, (uint64_t)at, 4 * PAGE_SIZE, MM_LOCK), 0);
	CHECK_EQ(mm_lock_pages(m, (uint64_t)at, 5 * PAGE_SIZE, MM_LOCK),
		 -ENOMEM);
	CHECK_EQ(m->locked_pages, 4);
	CHECK_EQ(mm_unmap(m, (uint64_t)at, PAGE_SIZE), 0);
	CHECK_EQ(m->locked_pages, 3);
	fake_rlimit[RLIMIT_MEMLOCK] = RLIM_INFINITY;
	mm_put(m);
	fake_file_free(f);
}

/* A page cannot be read: SIGBUS, and later it can. */
static void test_read_error(void)
{
	struct fake_file *f = fake_file_new(PAGE_SIZE * 3, false);
	struct mm *m;
	uint64_t v, at;

	CHECK_EQ(mm_create(&m), 0);
	at = (uint64_t)mm_map(m, 0, 4 * PAGE_SIZE, 1, LX_MAP_PRIVATE, &f->file,
			      0);
	f->fail_read = 1;
	CHECK_EQ(fake_load(m, at, &v), SIGBUS);
	f->fail_read = 0;
	CHECK_EQ(fake_load(m, at, &v), 0);
	CHECK(!memcmp(&v, f->disk, 8));
	CHECK_EQ(f->reads, 2);
	CHECK_EQ(fake_load(m, at + 2 * PAGE_SIZE, &v), 0);
	CHECK_EQ(f->reads, 2); /* read around, and mapped around */
	CHECK_EQ(m->rss, 3);
	CHECK_EQ(fake_load(m, at + 3 * PAGE_SIZE, &v), SIGBUS);
	mm_put(m);
	fake_file_free(f);
}

/* A read of a file into a mapping of the same file, and kernel access. */
static void test_access(void)
{
	struct fake_file *f = fake_file_new(PAGE_SIZE * 8, false);
	struct uio_vec vec;
	struct uio u;
	struct mm *m;
	char buf[16] = "across two page", back[16];
	uint64_t at, key[2], key2[2], v;

	CHECK_EQ(mm_create(&m), 0);
	at = (uint64_t)mm_map(m, 0, 8 * PAGE_SIZE, 3, LX_MAP_SHARED, &f->file,
			      0);
	CHECK_EQ(fake_load(m, at, &v), 0); /* makes m the current one */
	uio_user(&u, &vec, UADDR(at + 4 * PAGE_SIZE), PAGE_SIZE);
	CHECK_EQ(pagecache_read(&f->inode.cache, &u, 0, PAGE_SIZE * 8),
		 PAGE_SIZE);
	uio_user(&u, &vec, UADDR(at + PAGE_SIZE), PAGE_SIZE);
	CHECK_EQ(pagecache_write(&f->inode.cache, &u, 6 * PAGE_SIZE),
		 PAGE_SIZE);
	CHECK_EQ(pagecache_sync(&f->inode.cache, 0, UINT64_MAX), 0);
	CHECK(!memcmp(f->disk, f->disk + 4 * PAGE_SIZE, PAGE_SIZE));
	CHECK(!memcmp(f->disk + PAGE_SIZE, f->disk + 6 * PAGE_SIZE, PAGE_SIZE));
	CHECK_EQ(mm_access(m, at + PAGE_SIZE - 7, buf, 16, true), 16);
	CHECK_EQ(mm_access(m, at + PAGE_SIZE - 7, back, 16, false), 16);
	CHECK(!memcmp(buf, back, 16));
	CHECK_EQ(mm_access(m, at + 8 * PAGE_SIZE - 8, back, 16, false), 8);
	CHECK_EQ(mm_access(m, at + 8 * PAGE_SIZE, back, 16, false), -EFAULT);
	uint64_t two = (uint64_t)mm_map(m, 0, PAGE_SIZE, 3, LX_MAP_SHARED,
					&f->file, 2 * PAGE_SIZE);
	CHECK_EQ(mm_futex_key(m, UADDR(at + 2 * PAGE_SIZE + 4), true, key), 0);
	CHECK_EQ(mm_futex_key(m, UADDR(two + 4), true, key2), 0);
	CHECK(key[0] == key2[0] && key[1] == key2[1]);
	CHECK_EQ(mm_futex_key(m, UADDR(two + 4), false, key2), 0);
	CHECK(key[0] != key2[0]);
	mm_put(m);
	fake_file_free(f);
}

/* Memory that runs out: a fork in the middle leaves nothing, a fault kills. */
static void test_exhaust(void)
{
	static struct page *taken[RAM / PAGE_SIZE];
	struct mm *m, *child;
	uint64_t n = 0, at, rss, before;
	int err;

	CHECK_EQ(mm_create(&m), 0);
	for (int i = 0; i < 40; i++) { /* unmergeable areas */
		at = (uint64_t)mm_map(m, BASE + (uint64_t)i * 2 * PAGE_SIZE,
				      PAGE_SIZE, 3, ANON | LX_MAP_FIXED, NULL,
				      0);
		CHECK_EQ(fake_store(m, at, 1), 0);
	}
	while ((taken[n] = page_alloc(0, PAGE_ANY)))
		n++;
	rss = m->rss;
	for (unsigned give = 0; give < 40; give++) {
		err = mm_fork(m, &child);
		CHECK(err == 0 || err == -ENOMEM);
		CHECK_EQ(m->rss, rss);
		if (!err)
			mm_put(child);
		before = fake_free_pages();
		page_put(taken[--n]);
		CHECK_EQ(fake_free_pages(), before + 1);
	}
	CHECK_EQ(err, 0);
	while ((taken[n] = page_alloc(0, PAGE_ANY)))
		n++;
	CHECK_EQ(fake_kills, 0);
	at = (uint64_t)mm_map(m, 0, PAGE_SIZE, 3, ANON, NULL, 0);
	CHECK_EQ(fake_store(m, at, 1), -ENOMEM);
	CHECK_EQ(fake_kills, 1);
	CHECK(oom_killed_init);
	while (n)
		page_put(taken[--n]);
	mm_put(m);
}

int main(void)
{
	fake_init(RAM);
	test_stack();
	test_brk();
	test_errors();
	test_read_error();
	test_access();
	test_random(60000);
	test_exhaust();
	return check_done("mm_space");
}
