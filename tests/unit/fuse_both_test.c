// uses: tests/unit/fuse_both_kernel.c tests/unit/fuse_both_host.c tests/unit/fuse_both_pages.c guest/kernel/mm/pagecache_io.c guest/kernel/fs/dcache.c guest/kernel/fs/inode.c guest/kernel/fs/fuse/call.c guest/kernel/fs/fuse/node.c guest/kernel/fs/fuse/dax.c guest/kernel/fs/fuse/blocks.c guest/kernel/mm/window.c guest/kernel/fs/fuse/attr.c guest/kernel/fs/fuse/dir.c guest/kernel/fs/fuse/file.c guest/kernel/fs/fuse/xattr.c guest/kernel/fs/fuse/super.c host/fuse/server.c host/fuse/wire.c host/fuse/inode.c host/fuse/iofd.c host/fuse/dax.c host/fuse/ops_attr.c host/fuse/ops_dir.c host/fuse/ops_entry.c host/fuse/ops_file.c host/fuse/ops_xattr.c host/folder.c host/err.c
/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_both_test.c: the guest's file system and the host's server, joined. */
#include <malloc.h> /* not stdlib.h: it has words of wait.h */
#include <stdio.h>
#include <string.h>
#undef RENAME_NOREPLACE /* the kernel's headers have their own */
#undef RENAME_EXCHANGE
#undef RENAME_WHITEOUT

#include "guest/kernel/fs/fuse/client.h"
#include "guest/kernel/mm/internal.h"
#include "tests/unit/check.h"
#include "tests/unit/fuse_both.h"
#include "tests/unit/fuse_both_kernel.h"

/* ---- the transport ---- */

static unsigned ncalls;
static int (*tamper)(struct fuse_xfer *x, uint32_t opcode);

static int xfer_call(struct fuse_transport *t, struct fuse_xfer *x)
{
	struct host_vec in[200], out[200];
	struct fuse_in_header h;
	int n;

	(void)t;
	for (unsigned k = 0; k < x->nout; k++)
		in[k] = (struct host_vec){ (void *)x->out[k].pa,
					   x->out[k].len };
	for (unsigned k = 0; k < x->nin; k++)
		out[k] = (struct host_vec){ (void *)x->in[k].pa, x->in[k].len };
	memcpy(&h, in[0].p, sizeof(h));
	ncalls++;
	n = host_handle(in, x->nout, out, x->nin);
	CHECK(n >= 0);
	x->in_len = (uint32_t)n;
	return tamper ? tamper(x, h.opcode) : 0;
}

static struct fuse_transport transport = { .call = xfer_call };
struct fuse_transport *fuse_transport_find(void)
{
	return &transport;
}

/* ---- helpers ---- */

static struct super *sb;
static struct inode *root;

static struct inode *look(struct inode *dir, const char *name)
{
	struct inode *i = NULL;
	int r = dir->ops->lookup(dir, name, strlen(name), &i);

	return r ? NULL : i;
}

static ssize_t file_io(struct inode *i, bool write, void *buf, size_t n,
		       uint64_t pos, unsigned flags)
{
	struct file f = { .inode = i, .flags = O_RDWR | flags };
	struct uio_vec v;
	struct uio u;

	uio_kernel(&u, &v, buf, n);
	return write ? i->fops->write(&f, &u, &pos)
		     : i->fops->read(&f, &u, &pos);
}

static struct inode *make_file(const char *name)
{
	struct inode *i = NULL;

	CHECK_EQ(root->ops->create(root, name, strlen(name), 0644, &i), 0);
	return i;
}

/* ---- tests ---- */

static void test_mount(void)
{
	ncalls = 0;
	CHECK_EQ(virtiofs_type.mount(&virtiofs_type, "root", 0, "", &sb), 0);
	CHECK_EQ(ncalls, 2);
	root = sb->root->inode;
	CHECK(S_ISDIR(root->mode));
	struct super *again;

	CHECK_EQ(virtiofs_type.mount(&virtiofs_type, "x", 0, "", &again),
		 -EBUSY);
}

static void test_lookup(void)
{
	struct inode *i, *j;

	host_write("hello", "hello, world", 12, 0);
	ncalls = 0;
	i = look(root, "hello");
	CHECK(i);
	CHECK_EQ(ncalls, 1);
	CHECK_EQ(i->size, 12);
	CHECK_EQ(i->ops->refresh(i), 0);
	CHECK_EQ(ncalls, 1); /* LOOKUP brought the attributes */
	j = look(root, "hello");
	CHECK_EQ((long)j, (long)i);
	CHECK(!look(root, "missing"));
	inode_put(j);
	inode_put(i);
	/* forgotten when the batch goes: known again under a new number */
	fuse_forget_flush(sb->private_);
	i = look(root, "hello");
	CHECK(i);
	inode_put(i);
}

static void test_read(void)
{
	uint8_t *big = malloc(1000000), *got = malloc(1000000);
	struct inode *i;

	for (int k = 0; k < 1000000; k++)
		big[k] = (uint8_t)(k ^ k >> 8 ^ k >> 16);
	host_write("big", big, 1000000, 0);
	i = look(root, "big");
	ncalls = 0;
	CHECK_EQ(file_io(i, false, got, 1000000, 0, 0), 1000000);
	CHECK_EQ(memcmp(big, got, 1000000), 0);
	CHECK(ncalls < 20);
	ncalls = 0;
	CHECK_EQ(file_io(i, false, got, 5000, 999000, 0), 1000);
	CHECK_EQ(memcmp(big + 999000, got, 1000), 0);
	CHECK_EQ(file_io(i, false, got, 10, 1000000, 0), 0);
	CHECK_EQ(ncalls, 0); /* cached */
	inode_put(i);
	free(big);
	free(got);
}

static void test_write(void)
{
	static uint8_t buf[700000], got[700000];
	struct inode *i = make_file("w");
	uint64_t x = 88172645463325252ULL;

	ncalls = 0;
	CHECK_EQ(file_io(i, true, buf, 1, 0, 0), 1);
	CHECK_EQ(ncalls, 1);         /* one WRITE and nothing else */
	CHECK_EQ(host_size("w"), 1); /* not a whole page */
	for (int k = 0; k < 300; k++) {
		static uint8_t part[40000];
		uint64_t off, n;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		off = x % 600000;
		n = 1 + (x >> 32) % (k % 3 ? 300 : 40000);
		memset(part, (int)(x >> 56), n);
		memcpy(buf + off, part, n);
		CHECK_EQ(file_io(i, true, part, n, off, 0), (long)n);
		CHECK(i->size >= off + n);
		CHECK_EQ(i->size, host_size("w"));
	}
	CHECK_EQ(host_read("w", got, sizeof(got), 0), (long)i->size);
	CHECK_EQ(memcmp(buf, got, i->size), 0);
	memset(got, 0, sizeof(got));
	CHECK_EQ(file_io(i, false, got, sizeof(got), 0, 0), (long)i->size);
	CHECK_EQ(memcmp(buf, got, i->size), 0);
	CHECK_EQ(i->cache.ndirty, 0);
	memcpy(got, "tail", 4);
	CHECK_EQ(file_io(i, true, got, 4, 0, O_APPEND), 4);
	CHECK_EQ(host_read("w", got, 4, (size_t)i->size - 4), 4);
	CHECK_EQ(memcmp(got, "tail", 4), 0);
	CHECK_EQ(file_io(i, true, got, 4, INT64_MAX - 1, 0), -EFBIG);
	inode_put(i);
}

/* What another writes into the same page stays. */
static void test_shared_page(void)
{
	struct inode *i = make_file("log");
	char got[8] = { 0 };

	CHECK_EQ(file_io(i, true, (void *)(uintptr_t) "aaaa", 4, 0, 0), 4);
	host_write("log", "BB", 2, 0);
	CHECK_EQ(file_io(i, true, (void *)(uintptr_t) "cc", 2, 4, 0), 2);
	CHECK_EQ(host_read("log", got, 8, 0), 6);
	CHECK_EQ(memcmp(got, "BBaacc", 6), 0);
	inode_put(i);
}

/* A change on the host is seen once the attributes are too old. */
static void test_stale(void)
{
	struct inode *i = make_file("stale");
	char got[8] = { 0 };

	CHECK_EQ(file_io(i, true, (void *)(uintptr_t) "old", 3, 0, 0), 3);
	CHECK_EQ(file_io(i, false, got, 3, 0, 0), 3);
	invalidations = 0;
	now += 2 * NSEC_PER_SEC;
	CHECK_EQ(i->ops->refresh(i), 0);
	CHECK_EQ(invalidations, 0); /* our own write */
	host_write("stale", "newer", 5, 0);
	now += 2 * NSEC_PER_SEC;
	CHECK_EQ(file_io(i, false, got, 8, 0, 0), 5);
	CHECK_EQ(memcmp(got, "newer", 5), 0);
	CHECK_EQ(invalidations, 1);
	inode_put(i);
}

/* Attributes that were asked for before a write and come after it are old. */
static struct inode *raced;

static int write_meanwhile(struct fuse_xfer *x, uint32_t opcode)
{
	(void)x;
	if (opcode == FUSE_GETATTR) {
		tamper = NULL;
		CHECK_EQ(file_io(raced, true, (void *)(uintptr_t) "more", 4, 4,
				 0),
			 4);
	}
	return 0;
}

static void test_late_reply(void)
{
	raced = make_file("late");
	CHECK_EQ(file_io(raced, true, (void *)(uintptr_t) "some", 4, 0, 0), 4);
	tamper = write_meanwhile;
	CHECK_EQ(fuse_getattr(raced), 0);
	CHECK(!tamper);
	CHECK_EQ(raced->size, 8);
	CHECK_EQ(raced->ops->refresh(raced), 0);
	CHECK_EQ(raced->size, 8);
	inode_put(raced);
}

static void test_setattr(void)
{
	struct setattr a = { .valid = ATTR_SIZE | ATTR_MODE,
			     .size = 2,
			     .mode = 0600 };
	struct inode *i = make_file("sa");
	char got[8] = { 0 };

	CHECK_EQ(file_io(i, true, (void *)(uintptr_t) "abcdef", 6, 0, 0), 6);
	CHECK_EQ(i->ops->setattr(i, &a), 0);
	CHECK_EQ(i->size, 2);
	CHECK_EQ(i->mode, S_IFREG | 0600);
	CHECK_EQ(host_size("sa"), 2);
	a.valid = ATTR_SIZE;
	a.size = 5;
	CHECK_EQ(i->ops->setattr(i, &a), 0);
	CHECK_EQ(file_io(i, false, got, 8, 0, 0), 5);
	CHECK_EQ(memcmp(got, "ab\0\0\0", 5), 0);
	a = (struct setattr){ .valid = ATTR_UID | ATTR_MTIME,
			      .uid = 5,
			      .mtime = { 100, 200 } };
	CHECK_EQ(i->ops->setattr(i, &a), 0);
	CHECK_EQ(i->uid, 5);
	CHECK_EQ(i->mtime.sec, 100);
	CHECK_EQ(i->mtime.nsec, 200);
	inode_put(i);
}

struct names {
	struct dir_ctx ctx;
	unsigned n, room;
	bool seen[400];
};

static bool emit(struct dir_ctx *c, const char *name, size_t len, uint64_t ino,
		 unsigned type, uint64_t next)
{
	struct names *n = container_of(c, struct names, ctx);

	(void)next;
	CHECK(ino);
	if (!n->room)
		return false;
	n->room--;
	n->n++;
	if (len > 1 && name[0] == 'e') {
		int k = 0;

		for (size_t at = 1; at < len; at++)
			k = k * 10 + name[at] - '0';
		k %= 400;

		CHECK(!n->seen[k]);
		CHECK_EQ(type, DT_REG);
		n->seen[k] = true;
	}
	return true;
}

static void test_names(void)
{
	struct names n = { .ctx.emit = emit };
	struct inode *d = NULL, *i = NULL, *j;
	struct file f = { 0 };
	char name[32], target[64];

	CHECK_EQ(root->ops->mkdir(root, "dir", 3, 0755, &d), 0);
	for (int k = 0; k < 400; k++) {
		int len = snprintf(name, sizeof(name), "e%d", k);

		CHECK_EQ(d->ops->create(d, name, (size_t)len, 0644, &i), 0);
		inode_put(i);
	}
	f.inode = d;
	for (unsigned last = 1; last != n.n;) {
		last = n.n;
		n.room = 7;
		CHECK_EQ(d->fops->readdir(&f, &n.ctx), 0);
	}
	CHECK_EQ(n.n, 402);
	d->fops->release(&f);
	CHECK_EQ(d->ops->symlink(d, "sl", 2, "../some/where", &i), 0);
	CHECK_EQ(i->ops->readlink(i, target, sizeof(target)), 13);
	ncalls = 0;
	CHECK_EQ(i->ops->readlink(i, target, 4), 4);
	CHECK_EQ(ncalls, 0);
	inode_put(i);
	i = look(d, "e0");
	CHECK_EQ(root->ops->link(root, "h", 1, i), 0);
	CHECK_EQ(i->ops->refresh(i), 0);
	CHECK_EQ(i->nlink, 2);
	CHECK_EQ(root->ops->rename(root, "h", 1, d, "e1", 2, 0), 0);
	j = look(d, "e1");
	CHECK_EQ((long)i, (long)j);
	CHECK(!look(root, "h"));
	CHECK_EQ(d->ops->unlink(d, "e1", 2, j), 0);
	inode_put(j);
	CHECK_EQ(root->ops->rmdir(root, "dir", 3, d), -ENOTEMPTY);
	inode_put(i);
	inode_put(d);
	CHECK_EQ(root->ops->mknod(root, "fifo", 4, S_IFIFO | 0600, 0, &i), 0);
	CHECK(S_ISFIFO(i->mode));
	inode_put(i);
	CHECK_EQ(root->ops->mknod(root, "dev", 3, S_IFCHR | 0600, 259, &i),
		 -EPERM);
	CHECK_EQ(root->ops->create(root, "fifo", 4, 0600, &i), -EEXIST);
}

static void test_dcache(void)
{
	struct dentry *d, *e;

	host_write("cached", "x", 1, 0);
	CHECK_EQ(dcache_lookup(sb->root, "cached", 6, &d), 0);
	ncalls = 0;
	CHECK_EQ(dcache_lookup(sb->root, "cached", 6, &e), 0);
	CHECK_EQ((long)d, (long)e);
	CHECK_EQ(ncalls, 0);
	dentry_put(e);
	now += 2 * NSEC_PER_SEC;
	CHECK_EQ(dcache_lookup(sb->root, "cached", 6, &e), 0);
	CHECK_EQ((long)d, (long)e); /* looked up again, in place */
	CHECK_EQ(ncalls, 1);
	dentry_put(e);
	dentry_put(d);
	CHECK_EQ(dcache_lookup(sb->root, "absent", 6, &d), 0);
	CHECK(!d->inode);
	dentry_put(d);
	ncalls = 0;
	CHECK_EQ(dcache_lookup(sb->root, "absent", 6, &d), 0);
	CHECK_EQ(ncalls, 0); /* negative, for a while */
	dentry_put(d);
	host_write("absent", "y", 1, 0);
	host_unlink("cached");
	now += 2 * NSEC_PER_SEC;
	CHECK_EQ(dcache_lookup(sb->root, "absent", 6, &d), 0);
	CHECK(d->inode);
	dentry_put(d);
	CHECK_EQ(dcache_lookup(sb->root, "cached", 6, &d), 0);
	CHECK(!d->inode);
	dentry_put(d);
}

static void test_xattr(void)
{
	struct inode *i = make_file("xa");
	char buf[100];
	int r = i->ops->setxattr(i, "user.k", "value", 5, 0);

	if (r != -EOPNOTSUPP) {
		CHECK_EQ(r, 0);
		CHECK_EQ(i->ops->getxattr(i, "user.k", buf, 0), 5);
		CHECK_EQ(i->ops->getxattr(i, "user.k", buf, 100), 5);
		CHECK_EQ(memcmp(buf, "value", 5), 0);
		CHECK_EQ(i->ops->getxattr(i, "user.k", buf, 2), -ERANGE);
		CHECK_EQ(i->ops->listxattr(i, buf, 100), 7);
		CHECK_EQ(i->ops->removexattr(i, "user.k"), 0);
		CHECK_EQ(i->ops->getxattr(i, "user.k", buf, 100), -ENODATA);
	}
	CHECK_EQ(i->ops->setxattr(i, "trusted.k", "v", 1, 0), -EOPNOTSUPP);
	inode_put(i);
}

/* ---- a host that lies ---- */

static unsigned lie;

static uint32_t noise(void)
{
	static uint32_t x = 12345;

	x = x * 1664525 + 1013904223;
	return x >> 16;
}

static int liar(struct fuse_xfer *x, uint32_t opcode)
{
	uint8_t *p = (uint8_t *)x->in[0].pa;
	struct fuse_out_header h;

	(void)opcode;
	if (!x->nin)
		return 0;
	memcpy(&h, p, sizeof(h));
	switch (lie) {
	case 0:
		x->in_len = 0;
		break;
	case 1:
		x->in_len = UINT32_MAX;
		break;
	case 2:
		h.len++;
		break;
	case 3:
		h.unique++;
		break;
	case 4:
		h.error = 5;
		break;
	case 5:
		h.error = -600;
		break;
	case 6:
		x->in_len--;
		h.len--;
		break;
	case 7:
		x->in_len = h.len = 16;
		break;
	case 8: /* a number or a type that cannot be */
		if (x->in_len > 24)
			memset(p + 16, 0, x->in_len - 16);
		break;
	default:
		if (x->in_len > 16)
			for (uint32_t k = 16; k < x->in_len && k < x->in[0].len;
			     k++)
				p[k] ^= (uint8_t)noise();
	}
	memcpy(p, &h, sizeof(h));
	return 0;
}

static void test_liar(void)
{
	struct names n = { .ctx.emit = emit };
	struct inode *i, *f = look(root, "big"), *l = look(root, "dir");
	struct file df = { .inode = l };
	/* of names that random bytes make, the check must not judge */
	char buf[300];

	n.room = 3;
	CHECK_EQ(l->fops->readdir(&df, &n.ctx), 0);
	for (lie = 0; lie < 200; lie++) {
		tamper = liar;
		i = look(root, "hello");
		if (lie < 9)
			CHECK(!i);
		if (i) /* random bytes that happen to be an entry */
			inode_put(i);
		now += 2 * NSEC_PER_SEC;
		CHECK(fuse_getattr(f) <= 0);
		f->ops->getxattr(f, "user.x", buf, sizeof(buf));
		df.pos = 1UL << 40;
		n.room = 400;
		memset(n.seen, 0, sizeof(n.seen));
		tamper = lie < 9 ? liar : NULL;
		l->fops->readdir(&df, &n.ctx);
		tamper = NULL;
	}
	df.pos = 0;
	l->fops->release(&df);
	CHECK_EQ(fuse_getattr(f), 0);
	inode_put(f);
	inode_put(l);
}

/* ---- every allocation fails once ---- */

static void some_work(void)
{
	struct inode *i = NULL, *j;
	char buf[9000];
	char name[16];
	static int turn;
	int len = snprintf(name, sizeof(name), "n%d", turn++);

	memset(buf, 'x', sizeof(buf));
	if (!root->ops->create(root, name, (size_t)len, 0644, &i)) {
		file_io(i, true, buf, sizeof(buf), 100, 0);
		file_io(i, false, buf, sizeof(buf), 0, 0);
		root->ops->unlink(root, name, (size_t)len, i);
		inode_put(i);
	}
	j = look(root, "hello");
	if (j)
		inode_put(j);
}

static void test_no_memory(void)
{
	dcache_prune_super(sb);
	fuse_forget_flush(sb->private_);
	for (long k = 0; k < 60; k++) {
		long before = live;

		fail_at = k;
		some_work();
		fail_at = -1;
		fuse_forget_flush(sb->private_);
		CHECK_EQ(live, before);
	}
}

int main(void)
{
	int fds = host_fds();

	pagecache_setup();
	host_start(1000, 0, NULL);
	test_mount();
	test_lookup();
	test_read();
	test_write();
	test_shared_page();
	test_stale();
	test_late_reply();
	test_setattr();
	test_names();
	test_dcache();
	test_xattr();
	test_liar();
	test_no_memory();
	CHECK_EQ(sb->ops->write_back(sb), 0);
	CHECK_EQ(sb->ops->sync(sb), 0);
	dcache_prune_super(sb);
	dentry_put(sb->root);
	super_put(sb);
	host_stop();
	CHECK_EQ(live, 0);
	CHECK_EQ(host_fds(), fds);
	finished = true;
	return check_done("fuse_both");
}
