/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.h: what the *at calls work on: a name below a descriptor, or with
 * AT_EMPTY_PATH the descriptor itself, which may have no place (a pipe).
 */
#ifndef SYSCALL_TARGET_H
#define SYSCALL_TARGET_H

#include "kuni/vfs.h"

struct target {
	struct inode *i;   /* reference */
	struct mount *mnt; /* NULL without a place */
	struct path path;  /* references, or both NULL */
};

/* flags: AT_EMPTY_PATH and AT_SYMLINK_NOFOLLOW count. */
int target_at(int dfd, uaddr_t name, int flags, struct target *t) MUST_CHECK;
int target_fd(int fd, struct target *t) MUST_CHECK;
void target_put(struct target *t);
/* Parent and last component of a user name. */
int parent_at(int dfd, uaddr_t name, struct path *dir,
	      struct last_name **last) MUST_CHECK;
void parent_put(struct path *dir, struct last_name *last);

#endif
