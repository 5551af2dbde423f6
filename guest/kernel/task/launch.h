/* SPDX-License-Identifier: Apache-2.0 */
/* launch.h: the parsed launch description (launch.c); strings point into the
 * blob it was parsed from. */
#ifndef TASK_LAUNCH_H
#define TASK_LAUNCH_H

#include "boot/abi/launch.h"

#include "kuni/types.h"

#define LAUNCH_MAX_RECORDS 65536U
#define LAUNCH_MAX_GROUPS  65536U

struct launch_mount_k {
	uint64_t flags;
	const char *type, *source, *dest, *data;
};

struct launch_sysctl_k {
	const char *name, *value;
};

struct launch {
	char **args, **env; /* NULL-terminated */
	unsigned nargs, nenv;
	const char *cwd, *hostname, *domainname; /* NULL: not given */
	struct launch_user user;
	const uint32_t *groups; /* user.ngroups */
	struct launch_caps caps;
	bool has_caps;
	struct launch_rlimit *rlimits;
	unsigned nrlimits;
	struct launch_mount_k *mounts;
	unsigned nmounts;
	const char **masked, **readonly;
	unsigned nmasked, nreadonly;
	struct launch_options options;
	struct launch_sysctl_k *sysctls;
	unsigned nsysctls;
};

void launch_free(struct launch *l);

#endif
