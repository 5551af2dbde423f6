// uses: tests/unit/fuse_both_kernel.c tests/unit/fuse_both_host.c tests/unit/fuse_both_pages.c guest/kernel/mm/pagecache_io.c guest/kernel/fs/dcache.c guest/kernel/fs/inode.c guest/kernel/fs/fuse/call.c guest/kernel/fs/fuse/node.c guest/kernel/fs/fuse/dax.c guest/kernel/fs/fuse/blocks.c guest/kernel/mm/window.c guest/kernel/fs/fuse/attr.c guest/kernel/fs/fuse/dir.c guest/kernel/fs/fuse/file.c guest/kernel/fs/fuse/xattr.c guest/kernel/fs/fuse/super.c host/fuse/server.c host/fuse/wire.c host/fuse/inode.c host/fuse/iofd.c host/fuse/dax.c host/fuse/ops_attr.c host/fuse/ops_dir.c host/fuse/ops_entry.c host/fuse/ops_file.c host/fuse/ops_xattr.c host/folder.c host/err.c
/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_window_test.c: the guest's DAX ranges and the host's mappings, joined: a
 * window of two chunks, whose pages both see. */
#include <malloc.h> /* not stdlib.h: it has words of wait.h */
#include <stdio.h>
#include <string.h>
#undef RENAME_NOREPLACE /* the kernel's headers have their own */
#undef RENAME_EXCHANGE
#undef RENAME_WHITEOUT

#include "boot/abi/bootinfo.h"
#include "guest/kernel/fs/fuse/blocks.h"
#include "guest/kernel/fs/fuse/client.h"
#include "guest/kernel/mm/internal.h"
#include "tests/unit/check.h"
#include "tests/unit/fuse_both.h"
#include "tests/unit/fuse_both_kernel.h"

#define MB     (1UL << 20)
#define WINDOW (4 * MB)

static unsigned ncalls[FUSE_OPCODE_END];

static int xfer_call(struct fuse_transport *t, struct fuse_xfer *x)
{
	struct host_vec in[200], out[200];
	struct fuse_in_header h;
	int n;

	(void)t;
	for (unsigned k = 0; k < x->nout; k++) {
		/* no device may be given the window */
		CHECK(x->out[k].pa - mm_window.base >= WINDOW);
		in[k] = (struct host_vec){ (void *)x->out[k].pa,
					   x->out[k].len };
	}
	for (unsigned k = 0; k < x->nin; k++) {
		CHECK(x->in[k].pa - mm_window.base >= WINDOW);
		out[k] = (struct host_vec){ (void *)x->in[k].pa, x->in[k].len };
	}
	memcpy(&h, in[0].p, sizeof(h));
	ncalls[h.opcode]++;
	n = host_handle(in, x->nout, out, x->nin);
	CHECK(n >= 0);
	x->in_len = (uint32_t)n;
	return 0;
}

static struct fuse_transport transport = { .call = xfer_call };
struct fuse_transport *fuse_transport_find(void)
{
	return &transport;
}

static struct super *sb;
static struct inode *root;
static uint8_t want[3 * MB], got[3 * MB];

static struct inode *look(const char *name)
{
	struct inode *i = NULL;

	CHECK_EQ(root->ops->lookup(root, name, strlen(name), &i), 0);
	return i;
}

static ssize_t file_io(struct inode *i, bool write, void *buf, size_t n,
		       uint64_t pos)
{
	struct file f = { .inode = i, .flags = O_RDWR };
	struct uio_vec v;
	struct uio u;

	uio_kernel(&u, &v, buf, n);
	return write ? i->fops->write(&f, &u, &pos)
		     : i->fops->read(&f, &u, &pos);
}

static struct inode *make(const char *name, size_t n)
{
	for (size_t k = 0; k < sizeof(want); k++)
		want[k] = (uint8_t)(k ^ k >> 8 ^ k >> 16 ^ (size_t)name[0]);
	host_write(name, want, n, 0);
	return look(name);
}

static void same(struct inode *i, size_t n, int line)
{
	CHECK_EQ(file_io(i, false, got, n, 0), n);
	if (memcmp(got, want, n)) {
		fprintf(stderr, "line %d: contents differ\n", line);
		CHECK(false);
	}
}

static struct page *page_at(struct inode *i, uint64_t index, unsigned how)
{
	struct page *p = NULL;

	mutex_lock(&i->cache.lock);
	CHECK_EQ(cache_get_locked(&i->cache, index, how, &p), 0);
	mutex_unlock(&i->cache.lock);
	return p;
}

static void test_read(void)
{
	struct inode *i = make("read", 1000000), *s = make("small", 60000);

	memset(ncalls, 0, sizeof(ncalls));
	same(s, 60000, __LINE__);
	CHECK_EQ(ncalls[FUSE_SETUPMAPPING], 0);
	make("read", 1000000); /* for want[]; a second reference */
	memset(ncalls, 0, sizeof(ncalls));
	CHECK_EQ(mm_nr_cached, 15);
	same(i, 1000000, __LINE__);
	CHECK_EQ(ncalls[FUSE_SETUPMAPPING], 1);
	CHECK_EQ(ncalls[FUSE_READ], 0);
	CHECK_EQ(mm_nr_cached, 15); /* no RAM */
	inode_put(i);
	inode_put(i);
	inode_put(s);
	CHECK_EQ(ncalls[FUSE_REMOVEMAPPING], 1);
}

static void test_write(void)
{
	struct inode *i = make("write", 200000);
	struct page *p;

	same(i, 200000, __LINE__);
	memset(want + 5000, 'w', 9000);
	CHECK_EQ(file_io(i, true, want + 5000, 9000, 5000), 9000);
	CHECK_EQ(host_read("write", got, 200000, 0), 200000);
	CHECK_EQ(memcmp(got, want, 200000), 0);
	same(i, 200000, __LINE__);
	CHECK_EQ(i->cache.ndirty, 0);
	/* longer, past what is mapped */
	CHECK_EQ(file_io(i, true, want + 200000, 2 * MB, 200000), 2 * MB);
	CHECK_EQ(i->size, 200000 + 2 * MB);
	same(i, 200000 + 2 * MB, __LINE__);
	/* stores by user space */
	p = page_at(i, 3, CACHE_AROUND);
	CHECK(page_readonly(p));
	page_put(p);
	p = page_at(i, 3, CACHE_STORE);
	CHECK(!page_readonly(p) && (p->flags & PG_WINDOW));
	want[3 * PAGE_SIZE + 7] = 's';
	((uint8_t *)page_virt(p))[7] = 's';
	page_put(p);
	CHECK_EQ(host_read("write", got, 200000, 0), 200000);
	CHECK_EQ(memcmp(got, want, 200000), 0);
	inode_put(i);
}

/* Grows out of the cache into the window, by writes of odd sizes. */
static void test_grow(void)
{
	struct inode *i = make("grow", 1);
	size_t at = 1;

	for (size_t k = 1; at < 300000; k += 977) {
		CHECK_EQ(file_io(i, true, want + at, k, at), k);
		at += k;
		if (k % 3 == 0)
			same(i, at, __LINE__);
	}
	same(i, at, __LINE__);
	CHECK_EQ(host_read("grow", got, at, 0), at);
	CHECK_EQ(memcmp(got, want, at), 0);
	inode_put(i);
}

static void test_ends(void)
{
	struct setattr a = { .valid = ATTR_SIZE, .size = 70010 };
	struct inode *i = make("ends", 200000);

	same(i, 200000, __LINE__);
	CHECK_EQ(i->ops->setattr(i, &a), 0);
	same(i, 70010, __LINE__);
	a.size = 150000;
	CHECK_EQ(i->ops->setattr(i, &a), 0);
	memset(want + 70010, 0, 150000 - 70010);
	same(i, 150000, __LINE__);
	/* by somebody else: seen when the attributes are asked for */
	host_truncate("ends", 100000);
	now += 2 * NSEC_PER_SEC;
	CHECK_EQ(file_io(i, false, got, 150000, 0), 100000);
	CHECK(!cache_find(&i->cache, 100000 / PAGE_SIZE + 1));
	inode_put(i);
}

/* Two chunks for three files of one each. */
static void test_full(void)
{
	struct inode *a = make("a", 2 * MB), *b, *c;
	struct page *pa, *pb, *pc;

	same(a, 2 * MB, __LINE__);
	b = make("b", 2 * MB);
	same(b, 2 * MB, __LINE__);
	c = make("c", 2 * MB);
	memset(ncalls, 0, sizeof(ncalls));
	same(c, 2 * MB, __LINE__);
	CHECK_EQ(ncalls[FUSE_READ], 0);
	CHECK_EQ(ncalls[FUSE_REMOVEMAPPING], 1);
	make("a", 2 * MB);
	same(a, 2 * MB, __LINE__);
	/* in use: the third one is read */
	pa = page_at(a, 5, CACHE_GET);
	pb = page_at(b, 5, CACHE_GET);
	CHECK((pa->flags & PG_WINDOW) && (pb->flags & PG_WINDOW));
	make("c", 2 * MB);
	memset(ncalls, 0, sizeof(ncalls));
	same(c, 2 * MB, __LINE__);
	CHECK(ncalls[FUSE_READ] > 0);
	pc = page_at(c, 5, CACHE_GET);
	CHECK(!(pc->flags & PG_WINDOW));
	page_put(pc);
	page_put(pb);
	/* the inode goes while a page of it is held */
	inode_put(a);
	inode_put(a);
	inode_put(c);
	inode_put(c);
	CHECK_EQ(ncalls[FUSE_REMOVEMAPPING], 0);
	CHECK_EQ(*(uint8_t *)page_virt(pa), 'a' ^ 5 * 16);
	page_put(pa);
	c = make("c", 2 * MB);
	same(c, 2 * MB, __LINE__);
	CHECK(ncalls[FUSE_REMOVEMAPPING] > 0);
	pc = page_at(c, 5, CACHE_GET);
	CHECK(pc->flags & PG_WINDOW);
	page_put(pc);
	inode_put(b);
	inode_put(c);
}

static void test_blocks(void)
{
	static struct blocks b;
	static uint8_t owner[4 * 32];
	static struct {
		int64_t at;
		unsigned order;
	} have[128];
	unsigned long x = 1;

	blocks_init(&b, 4 * 32 + 5); /* the odd ones are not used */
	for (int round = 0; round < 20000; round++) {
		x = x * 6364136223846793005UL + 1442695040888963407UL;
		unsigned k = x >> 40 & 127, order = (x >> 50) % 6;
		unsigned n = 1U << order;

		if (have[k].order) {
			memset(owner + have[k].at, 0,
			       1UL << (have[k].order - 1));
			blocks_free(&b, (uint64_t)have[k].at,
				    have[k].order - 1);
			have[k].order = 0;
			continue;
		}
		have[k].at = blocks_alloc(&b, order);
		if (have[k].at < 0) { /* there is really none */
			for (unsigned at = 0; at < 128; at += n)
				CHECK(memchr(owner + at, 1, n));
			continue;
		}
		have[k].order = order + 1;
		CHECK_EQ(have[k].at % n, 0);
		CHECK(have[k].at + n <= 128);
		CHECK(!memchr(owner + have[k].at, 1, n));
		memset(owner + have[k].at, 1, n);
	}
}

int main(void)
{
	static struct page meta[WINDOW / PAGE_SIZE];
	struct bootinfo bi = { 0 };
	int fds = host_fds();
	void *base;

	test_blocks();
	pagecache_setup();
	host_start(1000, WINDOW, &base);
	bi.window = (struct boot_region){ (uint64_t)base, WINDOW };
	bi.window_meta = (struct boot_region){ (uint64_t)meta, 100 };
	window_init(&bi);
	CHECK_EQ(window_pages(), 0); /* too little for its pages */
	bi.window_meta.len = sizeof(meta);
	window_init(&bi);
	CHECK_EQ(window_pages(), WINDOW / PAGE_SIZE);
	CHECK_EQ(virtiofs_type.mount(&virtiofs_type, "root", 0, "", &sb), 0);
	root = sb->root->inode;
	test_read();
	test_write();
	test_grow();
	test_ends();
	test_full();
	CHECK_EQ(sb->ops->sync(sb), 0);
	dcache_prune_super(sb);
	dentry_put(sb->root);
	super_put(sb);
	host_stop();
	CHECK_EQ(live, 0);
	CHECK_EQ(host_fds(), fds);
	CHECK_EQ(mm_nr_cached, 0);
	finished = true;
	return check_done("fuse_window");
}
