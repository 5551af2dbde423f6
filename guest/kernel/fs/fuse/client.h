/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h: what the files of fs/fuse share: the client of the host's files.
 *
 * One connection serves one super.  A node is the guest's half of what the
 * host knows by number: it hangs on the inode (inode.private_), counts the
 * lookups that are to be given back by FORGET, and stands in a hash by number
 * so that a file with two names, or one found again, is one inode.
 *
 * The host is trusted to hold the files, not to be right: replies are checked
 * for length, type, and what is in them before any of it is used.
 *
 * Order: inode.lock, cache.lock, fuse_conn.lock, the transport's.
 */
#ifndef FS_FUSE_CLIENT_H
#define FS_FUSE_CLIENT_H

#include <string.h>

#include "boot/abi/fuse.h"
#include "kuni/driver.h"
#include "kuni/filesystems.h"
#include "kuni/vfs.h"

#define FUSE_HASH    256
#define FUSE_FORGETS 16
/* Files from this size on are mapped, not read: of a smaller one READ brings all
 * that a SETUPMAPPING would, and no page table of the host has to change. */
#define FUSE_WINDOW_MIN (64UL << 10)

struct fuse_range; /* dax.c */
RB_HEAD(fuse_ranges, fuse_range);

struct fuse_node {
	LIST_ENTRY(fuse_node) link;
	struct inode *inode; /* [I] no reference: the inode owns the node */
	uint64_t nodeid;     /* [I] */
	uint64_t nlookup;    /* [conn] */
	uint64_t attr_until; /* [conn] attributes are good until then */
	uint64_t data_until; /* [conn] the size is, but for changes of ours */
	uint64_t version;    /* [conn] of the last change that we made */
	unsigned writers;    /* [conn] our size is newer than the host's */
	uint64_t clip_from, clip_to; /* [a] what write(2) writes now */
	struct fuse_ranges ranges;   /* [cache.lock] in the window */
	bool no_window;              /* [a] the host cannot map it */
	bool stores;     /* [cache.lock] user space stores past us */
	bool own_change; /* [conn] the next new mtime is our doing */
	char *target;    /* [a] of a symlink, once it was read */
};

struct fuse_conn {
	struct fuse_transport *t;     /* [I] */
	struct super *super;          /* [I] */
	unsigned max_read, max_write; /* [I] pages */
	bool window;                  /* [I] the host maps files */
	uint64_t unique;              /* [a] */
	uint64_t version;             /* [a] */
	uint64_t entry_valid;         /* [a] ns */
	struct mutex lock;
	LIST_HEAD(, fuse_node) hash[FUSE_HASH];      /* [lock] */
	unsigned nforget;                            /* [lock] */
	struct fuse_forget_one forget[FUSE_FORGETS]; /* [lock] */
};

static inline struct fuse_conn *fuse_conn(const struct inode *i)
{
	return i->super->private_;
}
static inline struct fuse_node *fuse_node(const struct inode *i)
{
	return i->private_;
}
static inline uint64_t fuse_nodeid(const struct inode *i)
{
	return fuse_node(i)->nodeid;
}

/* ---- call.c ---- */

struct fuse_arg {
	const void *p;
	size_t n;
};
struct fuse_call {
	uint32_t opcode;
	uint64_t nodeid;
	struct fuse_arg in[3]; /* the body of the request, copied */
	void *out;             /* the body of the reply, copied */
	size_t out_len;
	bool out_var; /* out_len is the most, not the exact length */
	bool no_reply;
	/* File data: behind in[] where data_out, else the body of the reply. */
	struct page **pages;
	uint32_t page_off, page_bytes; /* from there in pages[0] on */
	bool data_out;
};
/* Sends c and waits.  Bytes of the reply's body, or negative errno; -EIO
 * where the reply is not one. */
ssize_t fuse_call(struct fuse_conn *fc, const struct fuse_call *c) MUST_CHECK;

/* ---- node.c ---- */

uint64_t fuse_version(struct fuse_conn *fc);
/* The inode of e, whose lookup was counted since `version`, in *out. */
int fuse_node_get(struct fuse_conn *fc, const struct fuse_entry_out *e,
		  uint64_t version, struct inode **out) MUST_CHECK;
/* Takes what the host says of i, unless we changed i after `version`. */
int fuse_attr_apply(struct inode *i, const struct fuse_attr *a, uint64_t valid,
		    uint64_t version) MUST_CHECK;
/* We changed i on the host: its attributes are to be asked for again. */
void fuse_changed(struct inode *i);
/* The size is ours alone between begin and end; inode.lock is held. */
void fuse_write_begin(struct inode *i, uint64_t from, uint64_t to);
void fuse_write_end(struct inode *i);
void fuse_forget(struct fuse_conn *fc, uint64_t nodeid, uint64_t n, bool now);
void fuse_forget_flush(struct fuse_conn *fc);
void fuse_evict(struct inode *i);
/* Writes the dirty pages of all files back. */
int fuse_sync_nodes(struct fuse_conn *fc) MUST_CHECK;
uint64_t fuse_valid_ns(uint64_t sec, uint32_t nsec);

/* ---- dax.c ---- */

void fuse_window_init(void);
/* Whether a file of this size is, or would be, in the window. */
bool fuse_windowed(const struct inode *i, uint64_t size);
int fuse_window_map(struct inode *i, uint64_t index, bool store,
		    struct window_run *out);
void fuse_window_evict(struct inode *i);

/* ---- attr.c, dir.c, file.c, xattr.c ---- */

int fuse_refresh(struct inode *i);
/* Whether another changed the file: asks less often than fuse_refresh(), which
 * asks after each change of ours. */
int fuse_check_data(struct inode *i) MUST_CHECK;
int fuse_getattr(struct inode *i) MUST_CHECK;
int fuse_setattr(struct inode *i, const struct setattr *a);
ssize_t fuse_getxattr(struct inode *i, const char *name, void *buf, size_t n);
int fuse_setxattr(struct inode *i, const char *name, const void *buf, size_t n,
		  int flags);
ssize_t fuse_listxattr(struct inode *i, char *buf, size_t n);
int fuse_removexattr(struct inode *i, const char *name);

/* Another was renamed over i. */
void fuse_replaced(struct inode *i);
extern const struct inode_ops fuse_dir_iops, fuse_file_iops, fuse_link_iops;
extern const struct file_ops fuse_dir_fops, fuse_file_fops;
extern const struct pagecache_ops fuse_page_ops;

#endif
