/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dir.c: names: lookup, what makes and removes them, and reading directories.
 *
 * LOOKUP brings attributes, and says also of a missing name for how long it
 * is missing, so a path costs one request for each component that is not
 * cached.  A cached name that is too old is looked up again in place: where it
 * still means the same inode, the dentry stays, and with it all that hangs on
 * it (mounts, working directories).
 */
#include "guest/kernel/fs/fuse/client.h"

static const char nul[1];

/* A name and its NUL as two parts of a body. */
#define NAME_ARGS(name, len)                                                   \
	{ (name), (len) },                                                     \
	{                                                                      \
		nul, 1                                                         \
	}

/* LOOKUP: the entry; -ENOENT for a missing name, however the host says it. */
static int lookup_entry(struct inode *dir, const char *name, size_t len,
			struct fuse_entry_out *e)
{
	struct fuse_conn *fc = fuse_conn(dir);
	struct fuse_call c = {
		.opcode = FUSE_LOOKUP,
		.nodeid = fuse_nodeid(dir),
		.in = { NAME_ARGS(name, len) },
		.out = e,
		.out_len = sizeof(*e),
	};
	ssize_t r = fuse_call(fc, &c);

	if (r == -ENFILE) { /* the host holds too many for us: give some back */
		dcache_shrink(256);
		fuse_forget_flush(fc);
		r = fuse_call(fc, &c);
	}
	if (r < 0)
		return (int)r;
	if (e->nodeid)
		return 0;
	__atomic_store_n(&fc->entry_valid,
			 fuse_valid_ns(e->entry_valid, e->entry_valid_nsec),
			 __ATOMIC_RELAXED);
	return -ENOENT;
}

static int fuse_lookup(struct inode *dir, const char *name, size_t len,
		       struct inode **out)
{
	struct fuse_conn *fc = fuse_conn(dir);
	uint64_t version = fuse_version(fc);
	struct fuse_entry_out e;
	int r;

	if (len > FUSE_NAME_MAX)
		return -ENAMETOOLONG;
	r = lookup_entry(dir, name, len, &e);
	return r ? r : fuse_node_get(fc, &e, version, out);
}

static bool fuse_revalidate(struct inode *dir, struct dentry *d)
{
	struct fuse_conn *fc = fuse_conn(dir);
	uint64_t valid = __atomic_load_n(&fc->entry_valid, __ATOMIC_RELAXED);
	uint64_t stamp = __atomic_load_n(&d->stamp, __ATOMIC_RELAXED);
	struct inode *i = NULL;
	char name[NAME_MAX + 1];
	size_t len = d->len;
	int r;

	if (arch_clock_ns() < stamp + valid)
		return true;
	if (len > NAME_MAX)
		return false;
	memcpy(name, d->name, len);
	r = fuse_lookup(dir, name, len, &i);
	if (r && r != -ENOENT)
		return false;
	if (i)
		inode_put(i); /* the dentry holds its own */
	if (i != __atomic_load_n(&d->inode, __ATOMIC_ACQUIRE))
		return false;
	__atomic_store_n(&d->stamp, arch_clock_ns(), __ATOMIC_RELAXED);
	return true;
}

/* ---- making names; dir's lock is held ---- */

/* A request that is answered with the new name's entry. */
static int make(struct inode *dir, struct fuse_call *c, struct inode **out)
{
	struct fuse_conn *fc = fuse_conn(dir);
	uint64_t version = fuse_version(fc);
	struct fuse_entry_out e;
	ssize_t r;

	c->nodeid = fuse_nodeid(dir);
	c->out = &e;
	c->out_len = sizeof(e);
	r = fuse_call(fc, c);
	c->out = NULL;
	fuse_changed(dir);
	return r < 0 ? (int)r : fuse_node_get(fc, &e, version, out);
}

static int fuse_mknod(struct inode *dir, const char *name, size_t len,
		      uint32_t mode, uint64_t rdev, struct inode **out)
{
	struct fuse_mknod_in in = { .mode = mode };
	struct fuse_call c = {
		.opcode = FUSE_MKNOD,
		.in = { { &in, sizeof(in) }, NAME_ARGS(name, len) },
	};

	(void)rdev; /* the host makes no devices: it answers EPERM */
	return make(dir, &c, out);
}

/* Not CREATE: the VFS has seen that the name is free, and where another made
 * it meanwhile, EEXIST is the truth. */
static int fuse_create(struct inode *dir, const char *name, size_t len,
		       uint32_t mode, struct inode **out)
{
	return fuse_mknod(dir, name, len, S_IFREG | (mode & 07777), 0, out);
}

static int fuse_mkdir(struct inode *dir, const char *name, size_t len,
		      uint32_t mode, struct inode **out)
{
	struct fuse_mkdir_in in = { .mode = mode & 07777 };
	struct fuse_call c = {
		.opcode = FUSE_MKDIR,
		.in = { { &in, sizeof(in) }, NAME_ARGS(name, len) },
	};

	return make(dir, &c, out);
}

static int fuse_symlink(struct inode *dir, const char *name, size_t len,
			const char *target, struct inode **out)
{
	struct fuse_call c = {
		.opcode = FUSE_SYMLINK,
		.in = { NAME_ARGS(name, len), { target, strlen(target) + 1 } },
	};

	return make(dir, &c, out);
}

static int fuse_link(struct inode *dir, const char *name, size_t len,
		     struct inode *target)
{
	struct fuse_link_in in = { .oldnodeid = fuse_nodeid(target) };
	struct fuse_call c = {
		.opcode = FUSE_LINK,
		.in = { { &in, sizeof(in) }, NAME_ARGS(name, len) },
	};
	struct inode *i;
	int r = make(dir, &c, &i);

	if (r)
		return r;
	r = i == target ? 0 : -EIO;
	inode_put(i);
	return r;
}

/* ---- removing and renaming ---- */

static int remove_entry(struct inode *dir, uint32_t opcode, const char *name,
			size_t len)
{
	struct fuse_call c = {
		.opcode = opcode,
		.nodeid = fuse_nodeid(dir),
		.in = { NAME_ARGS(name, len) },
	};
	ssize_t r = fuse_call(fuse_conn(dir), &c);

	fuse_changed(dir);
	return (int)r;
}

/* One name less; the last one makes evict() forget at once. */
static void lose_name(struct inode *i, bool all)
{
	struct fuse_conn *fc = fuse_conn(i);

	fuse_changed(i);
	mutex_lock(&fc->lock);
	i->nlink = all || !i->nlink ? 0 : i->nlink - 1;
	mutex_unlock(&fc->lock);
}

void fuse_replaced(struct inode *i)
{
	lose_name(i, S_ISDIR(i->mode));
}

static int fuse_unlink(struct inode *dir, const char *name, size_t len,
		       struct inode *target)
{
	int r = remove_entry(dir, FUSE_UNLINK, name, len);

	if (!r)
		lose_name(target, false);
	return r;
}

static int fuse_rmdir(struct inode *dir, const char *name, size_t len,
		      struct inode *target)
{
	int r = remove_entry(dir, FUSE_RMDIR, name, len);

	if (!r)
		lose_name(target, true);
	return r;
}

static int fuse_rename(struct inode *odir, const char *oname, size_t olen,
		       struct inode *ndir, const char *nname, size_t nlen,
		       unsigned flags)
{
	struct fuse_conn *fc = fuse_conn(odir);
	char names[2 * (FUSE_NAME_MAX + 1)];
	struct fuse_rename2_in in = { .newdir = fuse_nodeid(ndir),
				      .flags = flags };
	struct fuse_call c = {
		.opcode = FUSE_RENAME2,
		.nodeid = fuse_nodeid(odir),
		.in = { { &in, sizeof(in) }, { names, olen + nlen + 2 } },
	};
	ssize_t r;

	if (olen > FUSE_NAME_MAX || nlen > FUSE_NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(names, oname, olen);
	names[olen] = 0;
	memcpy(names + olen + 1, nname, nlen);
	names[olen + 1 + nlen] = 0;
	r = fuse_call(fc, &c);
	fuse_changed(odir);
	if (ndir != odir)
		fuse_changed(ndir);
	/* What was replaced is forgotten now, so that its blocks are free. */
	fuse_forget_flush(fc);
	return (int)r;
}

/* ---- symlinks ---- */

static ssize_t read_target(struct inode *i, char **out)
{
	struct fuse_conn *fc = fuse_conn(i);
	char *s = kmalloc(FUSE_TARGET_MAX + 1), *none = NULL;
	struct fuse_call c = {
		.opcode = FUSE_READLINK,
		.nodeid = fuse_nodeid(i),
		.out = s,
		.out_len = FUSE_TARGET_MAX,
		.out_var = true,
	};
	ssize_t n;

	if (!s)
		return -ENOMEM;
	n = fuse_call(fc, &c);
	if (n <= 0 || strnlen(s, (size_t)n) != (size_t)n) {
		kfree(s);
		return n < 0 ? n : -EIO;
	}
	s[n] = 0;
	*out = s;
	/* a target never changes: keep it, unless another was first */
	if (!__atomic_compare_exchange_n(&fuse_node(i)->target, &none, s, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		kfree(s);
		*out = none;
	}
	return 0;
}

static ssize_t fuse_readlink(struct inode *i, char *buf, size_t n)
{
	char *s = __atomic_load_n(&fuse_node(i)->target, __ATOMIC_ACQUIRE);
	size_t len;

	if (!s) {
		ssize_t r = read_target(i, &s);

		if (r)
			return r;
	}
	len = strlen(s);
	if (len > n)
		len = n;
	memcpy(buf, s, len);
	return (ssize_t)len;
}

/* ---- reading directories ---- */

#define DIR_BUF 16384

struct dir_file {
	uint64_t fh;
	uint64_t next; /* place of the entry at buf[at] */
	size_t at, len;
	bool ended; /* next time the end is told without asking */
	uint64_t buf[DIR_BUF / 8];
};

static int dir_open(struct file *f)
{
	struct fuse_open_in in = { .flags = O_RDONLY | O_DIRECTORY };
	struct fuse_open_out out;
	struct fuse_call c = {
		.opcode = FUSE_OPENDIR,
		.nodeid = fuse_nodeid(f->inode),
		.in = { { &in, sizeof(in) } },
		.out = &out,
		.out_len = sizeof(out),
	};
	struct dir_file *df = kmalloc(sizeof(*df));
	ssize_t r;

	if (!df)
		return -ENOMEM;
	r = fuse_call(fuse_conn(f->inode), &c);
	if (r < 0) {
		kfree(df);
		return (int)r;
	}
	df->fh = out.fh;
	f->private_ = df;
	return 0;
}

static int dir_fill(struct file *f, struct dir_file *df)
{
	struct fuse_read_in in = { .fh = df->fh,
				   .offset = f->pos,
				   .size = DIR_BUF };
	struct fuse_call c = {
		.opcode = FUSE_READDIR,
		.nodeid = fuse_nodeid(f->inode),
		.in = { { &in, sizeof(in) } },
		.out = df->buf,
		.out_len = DIR_BUF,
		.out_var = true,
	};
	ssize_t n = fuse_call(fuse_conn(f->inode), &c);

	df->at = df->len = 0;
	if (n < 0)
		return (int)n;
	df->len = (size_t)n;
	df->next = f->pos;
	return 0;
}

/* The checked entry at df->at; its size, or -EIO where the host's bytes are
 * not one. */
static ssize_t dir_entry(struct dir_file *df, struct fuse_dirent *de,
			 const char **name)
{
	const char *p = (const char *)df->buf + df->at;
	size_t left = df->len - df->at, size;

	if (left < FUSE_DIRENT_NAME)
		return -EIO;
	memcpy(de, p, FUSE_DIRENT_NAME);
	if (!de->namelen || de->namelen > FUSE_NAME_MAX)
		return -EIO;
	size = FUSE_ALIGN8(FUSE_DIRENT_NAME + de->namelen);
	*name = p + FUSE_DIRENT_NAME;
	if (size > left || memchr(*name, 0, de->namelen) ||
	    memchr(*name, '/', de->namelen))
		return -EIO;
	return (ssize_t)size;
}

static int fuse_readdir(struct file *f, struct dir_ctx *ctx)
{
	struct dir_file *df;
	bool ended;
	int r;

	r = f->private_ ? 0 : dir_open(f);
	if (r)
		return r;
	df = f->private_;
	ended = df->ended && f->pos == df->next;
	df->ended = false;
	if (ended)
		return 0;
	if (f->pos != df->next)
		df->at = df->len = 0;
	for (bool any = false;; any = true) {
		struct fuse_dirent de;
		const char *name;
		ssize_t n;

		if (df->at == df->len) {
			r = dir_fill(f, df);
			df->ended = any && !r && !df->len;
			if (r || !df->len)
				return r;
		}
		n = dir_entry(df, &de, &name);
		if (n < 0)
			return (int)n;
		/* above the root is the root */
		if (de.namelen == 2 && name[0] == '.' && name[1] == '.' &&
		    fuse_nodeid(f->inode) == FUSE_ROOT_ID)
			de.ino = f->inode->ino;
		if (!ctx->emit(ctx, name, de.namelen, de.ino, de.type & 15,
			       de.off))
			return 0;
		df->at += (size_t)n;
		df->next = de.off;
		f->pos = de.off;
	}
}

static void dir_release(struct file *f)
{
	struct dir_file *df = f->private_;
	struct fuse_release_in in = { .fh = df ? df->fh : 0 };
	struct fuse_call c = {
		.opcode = FUSE_RELEASEDIR,
		.nodeid = fuse_nodeid(f->inode),
		.in = { { &in, sizeof(in) } },
	};

	if (!df)
		return;
	if (fuse_call(fuse_conn(f->inode), &c) < 0)
		klog(KLOG_WARN, "fuse: releasedir failed: ino=%lu",
		     (unsigned long)f->inode->ino);
	kfree(df);
}

static int dir_fsync(struct file *f, bool datasync)
{
	struct fuse_fsync_in in = {
		.fsync_flags = datasync ? FUSE_FSYNC_FDATASYNC : 0
	};
	struct fuse_call c = {
		.opcode = FUSE_FSYNCDIR,
		.nodeid = fuse_nodeid(f->inode),
		.in = { { &in, sizeof(in) } },
	};

	return (int)fuse_call(fuse_conn(f->inode), &c);
}

const struct inode_ops fuse_dir_iops = {
	.lookup = fuse_lookup,
	.create = fuse_create,
	.mkdir = fuse_mkdir,
	.mknod = fuse_mknod,
	.symlink = fuse_symlink,
	.link = fuse_link,
	.unlink = fuse_unlink,
	.rmdir = fuse_rmdir,
	.rename = fuse_rename,
	.refresh = fuse_refresh,
	.setattr = fuse_setattr,
	.getxattr = fuse_getxattr,
	.setxattr = fuse_setxattr,
	.listxattr = fuse_listxattr,
	.removexattr = fuse_removexattr,
	.revalidate = fuse_revalidate,
	.replaced = fuse_replaced,
};

const struct inode_ops fuse_link_iops = {
	.readlink = fuse_readlink,
	.replaced = fuse_replaced,
	.refresh = fuse_refresh,
	.setattr = fuse_setattr,
};

const struct file_ops fuse_dir_fops = {
	.release = dir_release,
	.readdir = fuse_readdir,
	.fsync = dir_fsync,
};
