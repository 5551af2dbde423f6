/* SPDX-License-Identifier: Apache-2.0 */
/* filesystems.c: the list of file systems that mount(2) knows, and the start
 * of the VFS. */
#include "kuni/filesystems.h"

const struct fs_type *const filesystems[] = {
	&virtiofs_type, &tmpfs_type,  &procfs_type,   &sysfs_type,
	&devpts_type,   &mqueue_type, &devtmpfs_type, NULL,
};

/* All of the VFS is valid when zero: nothing is done at boot. */
void fs_init(void)
{
}
