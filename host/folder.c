/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder.c: a folder of the host that the monitor keeps in its jail.
 *
 * An open folder leads to all others by "..", jail or not.  As a detached mount
 * of its own it leads nowhere but down.
 */
#include "host/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

int folder_open(const char *path)
{
	int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	/* Who may not mount has no jail to keep it in (unit tests). */
	if (fd < 0 && errno == EPERM)
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
