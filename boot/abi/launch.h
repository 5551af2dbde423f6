/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.h: the launch description, what the kernel is to run.
 *
 * A header, then `count` records, each a struct launch_rec and its payload,
 * padded with zeroes to a multiple of eight.  Unknown record types are an
 * error: host and guest are of one build.  Strings are UTF-8 without NUL
 * inside and with one NUL at the end, counted in len.  The same records
 * describe a process that `exec` adds later.
 */
#ifndef ABI_LAUNCH_H
#define ABI_LAUNCH_H

#include <stdint.h>
#include <stddef.h>

#define LAUNCH_MAGIC   0x68636c6bU /* "klch" */
#define LAUNCH_VERSION 1

struct launch_header {
	uint32_t magic, version;
	uint32_t size;  /* bytes in all, this header included */
	uint32_t count; /* records */
};

struct launch_rec {
	uint16_t type;  /* enum launch_type */
	uint16_t flags; /* 0, reserved */
	uint32_t len;   /* payload bytes before padding */
};

enum launch_type {
	LAUNCH_ARG = 1,    /* string; in order */
	LAUNCH_ENV,        /* string; in order */
	LAUNCH_CWD,        /* string, absolute */
	LAUNCH_USER,       /* struct launch_user, then ngroups uint32_t */
	LAUNCH_CAPS,       /* struct launch_caps */
	LAUNCH_RLIMIT,     /* struct launch_rlimit */
	LAUNCH_HOSTNAME,   /* string */
	LAUNCH_DOMAINNAME, /* string */
	LAUNCH_MOUNT,      /* struct launch_mount, then 4 strings: type, source,
	                    * destination, data (the options left after flags) */
	LAUNCH_MASKED,     /* string, absolute path */
	LAUNCH_READONLY,   /* string, absolute path */
	LAUNCH_OPTIONS,    /* struct launch_options */
	LAUNCH_SYSCTL,     /* 2 strings: a name below /proc/sys, its value */
	LAUNCH_TYPE_END,
};

struct launch_user {
	uint32_t uid, gid;
	uint32_t umask;
	uint32_t ngroups;
};

struct launch_caps { /* bit n is capability n of linux/capability.h */
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

struct launch_rlimit {
	uint32_t resource; /* RLIMIT_* of x86-64 Linux */
	uint32_t pad;
	uint64_t soft, hard;
};

struct launch_mount {
	uint64_t flags; /* MS_* of linux/mount.h */
};

/* launch_options.flags */
#define LAUNCH_O_NO_NEW_PRIVS  (1U << 0)
#define LAUNCH_O_ROOT_READONLY (1U << 1)
#define LAUNCH_O_TERMINAL      (1U << 2) /* stdio is one pty */

struct launch_options {
	uint32_t flags;
	uint16_t rows, cols; /* initial terminal size, 0: unknown */
};

#endif
