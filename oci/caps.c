/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caps.c: names of config.json for numbers of the kernel.
 *
 * Capability names come from libcap-ng, which writes them in lower case and
 * without the CAP_ of config.json; it is asked one name at a time and keeps
 * no state of ours.
 */
#include "oci/caps.h"

#include <cap-ng.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

int cap_number(const char *name)
{
	int nr;

	if (strncmp(name, "CAP_", 4) != 0)
		return -1;
	nr = capng_name_to_capability(name + 4);
	return nr >= 0 && nr < 64 ? nr : -1;
}

const char *cap_name(unsigned nr, char buf[CAP_NAME_MAX])
{
	const char *s =
		nr <= CAP_LAST_CAP ? capng_capability_to_name(nr) : NULL;

	if (!s)
		return NULL;
	(void)snprintf(buf, CAP_NAME_MAX, "CAP_%s", s);
	for (char *p = buf; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return buf;
}

static const char *const rlimit_names[] = {
	[RLIMIT_CPU] = "RLIMIT_CPU",
	[RLIMIT_FSIZE] = "RLIMIT_FSIZE",
	[RLIMIT_DATA] = "RLIMIT_DATA",
	[RLIMIT_STACK] = "RLIMIT_STACK",
	[RLIMIT_CORE] = "RLIMIT_CORE",
	[RLIMIT_RSS] = "RLIMIT_RSS",
	[RLIMIT_NPROC] = "RLIMIT_NPROC",
	[RLIMIT_NOFILE] = "RLIMIT_NOFILE",
	[RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",
	[RLIMIT_AS] = "RLIMIT_AS",
	[RLIMIT_LOCKS] = "RLIMIT_LOCKS",
	[RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING",
	[RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE",
	[RLIMIT_NICE] = "RLIMIT_NICE",
	[RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",
	[RLIMIT_RTTIME] = "RLIMIT_RTTIME",
};

#define RLIMIT_COUNT (sizeof(rlimit_names) / sizeof(rlimit_names[0]))

int rlimit_number(const char *name)
{
	for (unsigned i = 0; i < RLIMIT_COUNT; i++) {
		if (!strcmp(rlimit_names[i], name))
			return (int)i;
	}
	return -1;
}

const char *rlimit_name(unsigned nr)
{
	return nr < RLIMIT_COUNT ? rlimit_names[nr] : NULL;
}
