/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpfs.h: between tmpfs.c (the super, options, inodes), tmpfs_dir.c (names)
 * and tmpfs_file.c (bytes, memory files).
 */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H

#include <sys/tree.h>

#include "kuni/vfs.h"

#define TMPFS_DIRENT 20 /* what an entry adds to a directory's size */

struct tmpfs_sb {
	uint64_t max_pages, max_inodes; /* [I] 0: no limit */
	uint64_t pages, inodes;         /* [a] */
	uint32_t mode, uid, gid;        /* [I] of the root */
};

struct tmpfs_entry {
	RB_ENTRY(tmpfs_entry) by_name;
	RB_ENTRY(tmpfs_entry) by_cookie;
	TAILQ_ENTRY(tmpfs_entry) pending; /* while the super dies */
	struct inode *inode;              /* reference */
	uint64_t cookie;                  /* position in readdir, from 2 */
	uint32_t hash;
	uint16_t len;
	char name[];
};
RB_HEAD(tmpfs_names, tmpfs_entry);
RB_HEAD(tmpfs_cookies, tmpfs_entry);

struct tmpfs_node { /* inode.private_; [inode.lock] */
	struct xattr_store xattrs;
	struct tmpfs_names names; /* directories */
	struct tmpfs_cookies cookies;
	uint64_t next_cookie;
	char *target;         /* symbolic links; the name of a memory file */
	uint64_t charged;     /* pages that count in the super */
	unsigned seals;       /* F_SEAL_*, memory files */
	struct mqueue *queue; /* [I] files of mqueuefs.c */
};
static inline struct tmpfs_node *tmpfs_node(const struct inode *i)
{
	return i->private_;
}

extern const struct inode_ops tmpfs_dir_ops, tmpfs_file_ops, tmpfs_link_ops,
	tmpfs_special_ops;
extern const struct file_ops tmpfs_dir_fops, tmpfs_file_fops;

/* A new inode in dir (NULL: the root), counted. ENOSPC, ENOMEM. */
int tmpfs_inode(struct super *s, const struct inode *dir, uint32_t mode,
		struct inode **out) MUST_CHECK;
void tmpfs_evict(struct inode *i);
void tmpfs_drop_tree(struct inode *root);
int tmpfs_setattr(struct inode *i, const struct setattr *a);
ssize_t tmpfs_getxattr(struct inode *i, const char *name, void *buf, size_t n);
int tmpfs_setxattr(struct inode *i, const char *name, const void *buf, size_t n,
		   int flags);
ssize_t tmpfs_listxattr(struct inode *i, char *buf, size_t n);
int tmpfs_removexattr(struct inode *i, const char *name);
void tmpfs_recount(struct inode *i); /* pages of i, after a change */

#endif
