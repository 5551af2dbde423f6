/* SPDX-License-Identifier: Apache-2.0 */
/* procfs.h: what procfs's files share. */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include "pseudofs.h"

extern const struct pseudo_node procfs_pid_dir; /* /proc/PID */
extern const struct pseudo_node procfs_sys[];   /* /proc/sys */
int procfs_mounts(struct pseudo_buf *b, const struct pseudo_key *k);

#endif
