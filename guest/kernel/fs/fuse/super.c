/* SPDX-License-Identifier: Apache-2.0 */
/*
 * super.c: the connection's life: mount, INIT, statfs, sync, the end.
 *
 * There is one device and one connection; a second mount while the first one
 * lives is refused, for INIT makes the host forget what was before.  A mount
 * costs two requests, INIT and the root's attributes.
 */
#include "guest/kernel/fs/fuse/client.h"

#define WANT_FLAGS                                                             \
	(FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_NO_OPEN_SUPPORT |            \
	 FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES | FUSE_CACHE_SYMLINKS)
#define MUST_FLAGS      (FUSE_BIG_WRITES | FUSE_NO_OPEN_SUPPORT | FUSE_MAX_PAGES)
#define MAX_WRITE_PAGES (FUSE_MAX_SEGS / 2)

#define VIRTIOFS_MAGIC 0x65735546

static bool mounted; /* [a] */

static int fuse_statfs(struct super *s, struct lx_statfs *out)
{
	struct fuse_statfs_out st;
	struct fuse_call c = {
		.opcode = FUSE_STATFS,
		.nodeid = FUSE_ROOT_ID,
		.out = &st,
		.out_len = sizeof(st),
	};
	ssize_t r = fuse_call(s->private_, &c);

	if (r < 0)
		return (int)r;
	*out = (struct lx_statfs){
		.f_type = VIRTIOFS_MAGIC,
		.f_bsize = st.bsize,
		.f_blocks = st.blocks,
		.f_bfree = st.bfree,
		.f_bavail = st.bavail,
		.f_files = st.files,
		.f_ffree = st.ffree,
		.f_namelen = FUSE_NAME_MAX,
		.f_frsize = st.frsize,
	};
	return 0;
}

static int fuse_write_back(struct super *s)
{
	return fuse_sync_nodes(s->private_);
}

static int fuse_sync(struct super *s)
{
	struct fuse_syncfs_in in = { 0 };
	struct fuse_call c = {
		.opcode = FUSE_SYNCFS,
		.nodeid = FUSE_ROOT_ID,
		.in = { { &in, sizeof(in) } },
	};
	int r = fuse_sync_nodes(s->private_);

	fuse_forget_flush(s->private_);
	return r ? r : (int)fuse_call(s->private_, &c);
}

static void fuse_destroy(struct super *s)
{
	struct fuse_call c = { .opcode = FUSE_DESTROY };

	if (fuse_call(s->private_, &c) < 0)
		klog(KLOG_WARN, "fuse: destroy failed");
	kfree(s->private_);
	__atomic_store_n(&mounted, false, __ATOMIC_RELEASE);
}

static const struct super_ops fuse_super_ops = {
	.statfs = fuse_statfs,
	.evict = fuse_evict,
	.write_back = fuse_write_back,
	.sync = fuse_sync,
	.destroy = fuse_destroy,
};

/* INIT: 0 with the limits in fc, -EPROTO where the host cannot do what this
 * client stands on. */
static int negotiate(struct fuse_conn *fc)
{
	struct fuse_init_in in = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = FUSE_MAX_SEGS * FUSE_PAGE,
		.flags = WANT_FLAGS,
	};
	struct fuse_init_out out;
	struct fuse_call c = {
		.opcode = FUSE_INIT,
		.in = { { &in, sizeof(in) } },
		.out = &out,
		.out_len = sizeof(out),
	};
	unsigned pages;
	ssize_t r;

	if (window_pages())
		in.flags |= FUSE_MAP_ALIGNMENT;
	r = fuse_call(fc, &c);

	if (r < 0)
		return (int)r;
	pages = out.max_write / FUSE_PAGE;
	if (out.max_pages < pages)
		pages = out.max_pages;
	if (out.major != FUSE_KERNEL_VERSION || out.minor < 31 ||
	    (out.flags & MUST_FLAGS) != MUST_FLAGS || !pages)
		return -EPROTO;
	fc->max_read = pages < FUSE_MAX_SEGS ? pages : FUSE_MAX_SEGS;
	fc->max_write = pages < MAX_WRITE_PAGES ? pages : MAX_WRITE_PAGES;
	fc->window = (in.flags & out.flags & FUSE_MAP_ALIGNMENT) &&
		     out.map_alignment <= FUSE_DAX_ALIGN_LOG2;
	if (fc->window)
		fuse_window_init();
	return 0;
}

/* The root's inode: GETATTR first, for its node is made from what it says. */
static int root_inode(struct fuse_conn *fc, struct inode **out)
{
	struct fuse_getattr_in in = { 0 };
	struct fuse_attr_out attr;
	struct fuse_call c = {
		.opcode = FUSE_GETATTR,
		.nodeid = FUSE_ROOT_ID,
		.in = { { &in, sizeof(in) } },
		.out = &attr,
		.out_len = sizeof(attr),
	};
	struct fuse_entry_out e = { .nodeid = FUSE_ROOT_ID };
	ssize_t r = fuse_call(fc, &c);

	if (r < 0)
		return (int)r;
	if (!S_ISDIR(attr.attr.mode))
		return -EIO;
	e.attr = attr.attr;
	e.entry_valid = e.attr_valid = attr.attr_valid;
	e.entry_valid_nsec = e.attr_valid_nsec = attr.attr_valid_nsec;
	return fuse_node_get(fc, &e, fuse_version(fc), out);
}

static int virtiofs_mount(const struct fs_type *t, const char *source,
			  uint64_t flags, const char *data, struct super **out)
{
	struct fuse_transport *tr = fuse_transport_find();
	struct fuse_conn *fc;
	struct super *s;
	struct inode *root;
	int r;

	(void)source;
	(void)flags;
	if (data && *data)
		return -EINVAL; /* it has no options */
	if (!tr)
		return -ENODEV;
	if (__atomic_exchange_n(&mounted, true, __ATOMIC_ACQ_REL))
		return -EBUSY;
	r = -ENOMEM;
	fc = kmalloc(sizeof(*fc));
	if (!fc)
		goto release;
	fc->t = tr;
	mutex_init(&fc->lock, RANK_FUSE);
	r = negotiate(fc);
	if (r)
		goto free_conn;
	r = super_create(t, &fuse_super_ops, &s);
	if (r)
		goto free_conn;
	s->private_ = fc;
	fc->super = s;
	r = root_inode(fc, &root);
	if (!r) {
		s->root = dentry_root(root);
		if (!s->root)
			r = -ENOMEM;
	}
	if (r) {
		super_put(s); /* destroys the connection as well */
		return r;
	}
	*out = s;
	return 0;
free_conn:
	kfree(fc);
release:
	__atomic_store_n(&mounted, false, __ATOMIC_RELEASE);
	return r;
}

const struct fs_type virtiofs_type = {
	.name = "virtiofs",
	.mount = virtiofs_mount,
};
