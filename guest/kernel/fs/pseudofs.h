/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pseudofs.h: file systems made of tables: procfs and sysfs.
 *
 * A file system is a tree of struct pseudo_node, constant data.  A directory
 * may have, beside its fixed children, ones that are found at run time (a
 * process, a descriptor, a CPU): find() and each().  What was found on the
 * way down is the struct pseudo_key that every callback gets.  Inodes are made
 * at each lookup and never cached.
 */
#ifndef FS_PSEUDOFS_H
#define FS_PSEUDOFS_H

#include "kuni/fs.h"

struct process;
struct task;

struct pseudo_key {
	struct process *proc; /* reference, or NULL */
	struct task *task;    /* reference, or NULL */
	int n;                /* descriptor, CPU number */
};

/* Text being made; grows; a failed allocation fails the whole read. */
struct pseudo_buf {
	char *s;
	size_t len, cap;
	bool failed;
};

struct pseudo_node {
	const char *name; /* NULL ends an array of children */
	uint32_t mode;    /* type and permissions */
	const struct pseudo_node *children;
	int (*show)(struct pseudo_buf *b, const struct pseudo_key *k);
	/* 0: all of it; how much, where that is less. */
	int (*store)(const struct pseudo_key *k, const char *s, size_t n);
	ssize_t (*link)(const struct pseudo_key *k, char *buf, size_t n);
	int (*follow)(const struct pseudo_key *k, struct mount **m,
		      struct dentry **d);
	/* A child by name: *out with its own references, and its node. */
	int (*find)(const struct pseudo_key *k, const char *name, size_t len,
		    struct pseudo_key *out, const struct pseudo_node **node);
	/* The first child number >= *n into *n; false: no more. Names are the
	 * numbers, after prefix. */
	bool (*each)(const struct pseudo_key *k, unsigned *n);
	const char *prefix; /* of the names that each() makes; NULL: "" */
	uint32_t each_mode; /* their type, for d_type */
	bool own;           /* owned by the process of the key */
	bool whole;         /* read and written from 0 alone */
};

void pseudo_printf(struct pseudo_buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void pseudo_put(struct pseudo_buf *b, const void *s, size_t n);
/* A number without sign, whole: -ENOENT where name is not one. */
int pseudo_number(const char *name, size_t len, int *out);
/* The key of an open file that is `node`, or NULL for any other; good as long
 * as the file is. */
const struct pseudo_key *pseudo_file_key(const struct file *f,
					 const struct pseudo_node *node);
/* Mounts the tree below `root` (a directory node) as a file system. */
int pseudo_mount(const struct fs_type *t, const struct pseudo_node *root,
		 int64_t magic, struct super **out);

#endif
