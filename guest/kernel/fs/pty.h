/* SPDX-License-Identifier: Apache-2.0 */
/* pty.h: between pty.c (pairs) and devpts.c (their names). */
#ifndef FS_PTY_H
#define FS_PTY_H

#include "tty.h"

#define PTY_MAX 256

struct devpts { /* super.private_ */
	struct spinlock lock;
	struct tty *tty[PTY_MAX];    /* [lock] reference */
	struct inode *node[PTY_MAX]; /* [lock] reference */
	uint32_t uid, gid, mode, ptmx_mode;
	bool set_uid, set_gid;
};

extern const struct inode_ops devpts_node_ops;
/* The instance that /dev/ptmx of the container means, the last one mounted,
 * with a reference; NULL: none is. */
struct super *devpts_current(void);

#endif
