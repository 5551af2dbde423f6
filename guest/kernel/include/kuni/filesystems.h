/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filesystems.h: what fs/filesystems.c and fs/devfs.c list by name: each file
 * system's type and the operations of each character device that lives in a
 * file of its own.
 */
#ifndef KUNI_FILESYSTEMS_H
#define KUNI_FILESYSTEMS_H

#include "kuni/fs.h"

extern const struct fs_type tmpfs_type;    /* fs/tmpfs.c */
extern const struct fs_type mqueue_type;   /* fs/mqueuefs.c */
extern const struct fs_type devtmpfs_type; /* fs/tmpfs.c */
extern const struct fs_type procfs_type;   /* fs/procfs.c */
extern const struct fs_type sysfs_type;    /* fs/sysfs.c */
extern const struct fs_type devpts_type;   /* fs/pty.c */
extern const struct fs_type virtiofs_type; /* fs/fuse/ */

/* Character devices; open() finds the device by inode.rdev. */
extern const struct file_ops tty_current_fops; /* 5:0 /dev/tty, fs/tty.c */
extern const struct file_ops console_fops;     /* 5:1 /dev/console, fs/tty.c */
extern const struct file_ops ptmx_fops;        /* 5:2 /dev/ptmx, fs/pty.c */
extern const struct file_ops pts_fops;         /* 136:n /dev/pts/n, fs/pty.c */

/* Writes value to the file `name` ("net/core/somaxconn") of /proc/sys, whether
 * that is mounted or not. ENOENT, ENOTDIR, EISDIR: there is none; EACCES: it
 * cannot be changed; or what the file says of the value. */
int sysctl_set(const char *name,
	       const char *value) MUST_CHECK; /* procfs_sys.c */

/* Makes the standard nodes and links in dir (an absolute path of current),
 * leaving those that are there. 0 or the first error. */
int devfs_populate(const char *dir) MUST_CHECK;

#endif
