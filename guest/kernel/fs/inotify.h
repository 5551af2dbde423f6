/* SPDX-License-Identifier: Apache-2.0 */
/* inotify.h: between notify.c (what happens) and inotify.c (who is told). */
#ifndef FS_INOTIFY_H
#define FS_INOTIFY_H

#include "kuni/vfs.h"

struct lx_inotify_event {
	int32_t wd;
	uint32_t mask, cookie, len;
};

void inotify_event(struct inode *i, uint32_t mask, uint32_t cookie,
		   const char *name, size_t len, bool gone);
bool inotify_wants(struct inode *i, uint32_t mask, bool unlinked);

/* dnotify.c; beside IN_*: a name changed within the directory */
#define DNOTIFY_RENAMED 0x10000000U
void dnotify_event(const struct inode *dir, uint32_t mask);

#endif
