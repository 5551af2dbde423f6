// uses: tests/unit/fuse_both_kernel.c tests/unit/fuse_both_pages.c guest/kernel/mm/pagecache_io.c guest/kernel/fs/dcache.c guest/kernel/fs/inode.c guest/kernel/fs/fuse/call.c guest/kernel/fs/fuse/node.c guest/kernel/fs/fuse/dax.c guest/kernel/fs/fuse/blocks.c guest/kernel/mm/window.c guest/kernel/fs/fuse/attr.c guest/kernel/fs/fuse/dir.c guest/kernel/fs/fuse/file.c guest/kernel/fs/fuse/xattr.c guest/kernel/fs/fuse/super.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuse_client_fuzz.c: a host whose every reply is the input's, to the guest's
 * FUSE client.  Most replies are nearly right: the header fits the request and
 * entries and attributes are plausible, so that the rest is reached.  At the
 * end nothing may be left of what was allocated.
 */
#include <malloc.h> /* not stdlib.h: it has words of wait.h */
#include <string.h>
#undef RENAME_NOREPLACE /* the kernel's headers have their own */
#undef RENAME_EXCHANGE
#undef RENAME_WHITEOUT

#include "guest/kernel/fs/fuse/client.h"
#include "guest/kernel/mm/internal.h"
#include "tests/unit/fuse_both_kernel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	const uint8_t *p;
	size_t left;
} input;
static bool honest; /* the mount and the end are not the input's */

static uint8_t byte(void)
{
	if (!input.left)
		return 0;
	input.left--;
	return *input.p++;
}

/* ---- the host ---- */

static struct fuse_attr some_attr(uint8_t how)
{
	static const uint32_t mode[] = { S_IFREG | 0644, S_IFDIR | 0755,
					 S_IFLNK | 0777, S_IFIFO | 0600 };

	return (struct fuse_attr){ .ino = 1U + (how & 7),
				   .mode = mode[how & 3],
				   .size = (uint64_t)(how >> 2) * 700,
				   .mtime = how & 0x80 ? now : 7,
				   .nlink = 1 };
}

static size_t put_dirents(uint8_t *to, size_t room)
{
	size_t n = 0;

	for (unsigned k = 0; k < 4; k++) {
		uint8_t how = byte();
		struct fuse_dirent d = { .ino = 1U + (how & 7),
					 .off = k + 1U,
					 .namelen = how % 9U,
					 .type = how >> 4 };
		size_t len = (sizeof(d) + d.namelen + 7) & ~7UL;

		if (n + len > room)
			break;
		memset(to + n, 'a' + (how & 15), len);
		memcpy(to + n, &d, sizeof(d));
		n += len;
	}
	return n;
}

/* A body that the opcode expects. */
static size_t good_body(uint32_t op, uint8_t *to, size_t room)
{
	uint8_t how = honest ? 1 : byte();
	struct fuse_entry_out e = { .nodeid = 2U + (how & 7),
				    .entry_valid = how & 1,
				    .attr_valid = 1,
				    .attr = some_attr(how) };
	struct fuse_attr_out a = { .attr_valid = how >> 7,
				   .attr = some_attr(how) };
	struct fuse_init_out i = { .major = FUSE_KERNEL_VERSION,
				   .minor = FUSE_KERNEL_MINOR_VERSION,
				   .flags = UINT32_MAX,
				   .max_write = 1 << 20,
				   .max_pages = 256 };
	const void *from = to;
	size_t n;

	switch (op) {
	case FUSE_INIT:
		from = &i;
		n = sizeof(i);
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		from = &a;
		n = sizeof(a);
		break;
	case FUSE_READDIR:
		n = put_dirents(to, room);
		break;
	case FUSE_LOOKUP:
	case FUSE_MKDIR:
	case FUSE_MKNOD:
	case FUSE_CREATE:
	case FUSE_LINK:
	case FUSE_SYMLINK:
		from = &e;
		n = sizeof(e);
		break;
	default:
		n = room < how ? room : how;
		memset(to, how, n);
		return n;
	}
	n = n < room ? n : room;
	memmove(to, from, n);
	return n;
}

static void scatter(struct fuse_xfer *x, const uint8_t *from, size_t n)
{
	for (unsigned k = 0; k < x->nin && n; k++) {
		size_t part = x->in[k].len < n ? x->in[k].len : n;

		memcpy((void *)x->in[k].pa, from, part);
		from += part;
		n -= part;
	}
}

static int answer(struct fuse_transport *t, struct fuse_xfer *x)
{
	static uint8_t reply[2 << 20];
	struct fuse_in_header h;
	struct fuse_out_header o = { 0 };
	uint8_t how = honest ? 0 : byte();
	size_t room = 0, n;

	(void)t;
	memcpy(&h, (void *)x->out[0].pa, sizeof(h));
	now += how * 10000000UL;
	x->in_len = 0;
	for (unsigned k = 0; k < x->nin; k++)
		room += x->in[k].len;
	if (room < sizeof(o))
		return 0;
	n = good_body(h.opcode, reply + sizeof(o), room - sizeof(o));
	if ((how & 7) == 1) { /* bytes of it, changed */
		for (unsigned k = byte() & 7; k; k--) {
			uint8_t at = byte();

			if (at < n)
				reply[sizeof(o) + at] = byte();
		}
	} else if ((how & 7) == 2) { /* shorter */
		n -= n < how ? n : how;
	} else if ((how & 7) == 3) { /* longer */
		n += how < room - sizeof(o) - n ? how : 0;
	} else if ((how & 7) == 4) {
		o.error = -(int)byte();
		n = how & 8 ? n : 0;
	}
	o.unique = h.unique;
	o.len = (uint32_t)(sizeof(o) + n);
	x->in_len = o.len;
	if ((how & 0x3f) == 5)
		o.unique ^= byte();
	if ((how & 0x3f) == 6)
		o.len = byte() * 0x01010101U;
	if ((how & 0x3f) == 7)
		x->in_len = byte() * 0x01010101U;
	memcpy(reply, &o, sizeof(o));
	scatter(x, reply, sizeof(o) + n);
	return 0;
}

static int post(struct fuse_transport *t, struct fuse_xfer *x)
{
	(void)t;
	(void)x;
	return 0;
}

static struct fuse_transport transport = { .call = answer, .post = post };
struct fuse_transport *fuse_transport_find(void)
{
	return &transport;
}

/* ---- the guest ---- */

static struct super *sb;
static struct inode *held[4];

static bool emit(struct dir_ctx *c, const char *name, size_t len, uint64_t ino,
		 unsigned type, uint64_t next)
{
	(void)c;
	(void)ino;
	(void)next;
	if (!len || memchr(name, '/', len) || memchr(name, 0, len) || type > 15)
		__builtin_trap();
	return true;
}

static void use_file(struct inode *i, uint8_t how)
{
	static uint8_t buf[9000];
	struct file f = { .inode = i, .flags = O_RDWR };
	uint64_t pos = how * 300U;
	struct uio_vec v;
	struct uio u;

	uio_kernel(&u, &v, buf, how & 1 ? 9000 : 10);
	if (how & 2)
		i->fops->write(&f, &u, &pos);
	else
		i->fops->read(&f, &u, &pos);
}

static void use_dir(struct inode *i, uint8_t how)
{
	struct dir_ctx ctx = { .emit = emit };
	struct file f = { .inode = i };
	struct inode **h = &held[how & 3], *got = NULL;
	struct dentry *d;
	int r = -1;

	switch (how >> 2 & 7) {
	case 0:
		i->fops->readdir(&f, &ctx);
		if (i->fops->release)
			i->fops->release(&f);
		return;
	case 1:
		r = i->ops->mkdir(i, "d", 1, 0755, &got);
		break;
	case 2:
		r = i->ops->create(i, "f", 1, 0644, &got);
		break;
	case 3:
		r = i->ops->symlink(i, "l", 1, "target", &got);
		break;
	case 4:
		if (*h && *h != i)
			(void)i->ops->unlink(i, "f", 1, *h);
		return;
	case 5:
		(void)i->ops->rename(i, "a", 1, sb->root->inode, "b", 1, 0);
		return;
	case 6:
		if (!dcache_lookup(sb->root, "name", 4, &d))
			dentry_put(d);
		return;
	default:
		r = i->ops->lookup(i, "x", 1, &got);
		break;
	}
	if (r || !got)
		return;
	if (*h)
		inode_put(*h);
	*h = got;
}

static void use_any(struct inode *i, uint8_t how)
{
	struct setattr a = { .valid = ATTR_SIZE, .size = how * 100U };
	char buf[300];

	switch (how & 7) {
	case 0:
		(void)fuse_getattr(i);
		break;
	case 1:
		(void)i->ops->refresh(i);
		break;
	case 2:
		if (S_ISREG(i->mode))
			(void)i->ops->setattr(i, &a);
		break;
	case 3:
		if (i->ops->getxattr)
			(void)i->ops->getxattr(i, "user.x", buf, how);
		break;
	case 4:
		if (i->ops->listxattr)
			(void)i->ops->listxattr(i, buf, how);
		break;
	case 5:
		if (S_ISLNK(i->mode))
			(void)i->ops->readlink(i, buf, sizeof(buf));
		break;
	default:
		(void)fuse_check_data(i);
		break;
	}
}

static void step(void)
{
	struct inode *i = sb->root->inode;
	uint8_t what = byte(), how = byte();

	if (what & 1 && held[what >> 1 & 3])
		i = held[what >> 1 & 3];
	if (what & 0x40)
		use_any(i, how);
	else if (S_ISDIR(i->mode))
		use_dir(i, how);
	else if (S_ISREG(i->mode))
		use_file(i, how);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool set_up;

	if (!set_up)
		pagecache_setup();
	set_up = true;
	finished = false;
	input.p = data;
	input.left = size;
	honest = !size || byte() & 15;
	if (virtiofs_type.mount(&virtiofs_type, "root", 0, "", &sb))
		goto out;
	honest = false;
	while (input.left)
		step();
	honest = true;
	for (int k = 0; k < 4; k++) {
		if (held[k])
			inode_put(held[k]);
		held[k] = NULL;
	}
	(void)sb->ops->sync(sb);
	dcache_prune_super(sb);
	dentry_put(sb->root);
	super_put(sb);
out:
	finished = true; /* the leak checker may look now */
	if (live)
		__builtin_trap();
	return 0;
}
