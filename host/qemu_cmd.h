/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qemu_cmd.h: the command line of QEMU, and the process made of it.
 */
#ifndef HOST_QEMU_CMD_H
#define HOST_QEMU_CMD_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "boot/abi/bootinfo.h"
#include "host/err.h"

/* Descriptors that QEMU is born with; its 0 and 1 are /dev/null. */
enum qemu_fd {
	QEMU_FD_STDERR = 2, /* its complaints */
	QEMU_FD_VHOST,      /* stream socket: vhost-user */
	QEMU_FD_CONSOLE,    /* stream socket: the console port */
	QEMU_FD_DEBUG,      /* stream socket: the debug port */
	QEMU_FD_KERNEL,
	QEMU_FD_BLOB, /* bootinfo and launch description */
	QEMU_FD_END,
};

struct qemu_cmd {
	const char *binary; /* from qemu_find() */
	uint64_t memory;    /* bytes */
	uint32_t cpus;
	bool kvm;
	const char *gdb;     /* socket path, NULL: no gdb */
	int fd[QEMU_FD_END]; /* ours; the first two are not used */
};

/* The path of qemu-system-x86_64: -ENOENT where $PATH has none. */
int qemu_find(char path[PATH_MAX]) MUST_CHECK;
/* What the QEMU at path says its version is; 0, or negative errno: EPROTO where
 * it says none.  Runs it: some ten milliseconds. */
int qemu_version(const char *path, unsigned *major, unsigned *minor) MUST_CHECK;
/* The devices that the command line makes, as the guest sees them. */
void qemu_devices(struct bootinfo *bi);
/* Starts it, in a session of its own, without capabilities, to be killed when
 * this thread dies.  0 with *pid, or negative errno. */
int qemu_spawn(const struct qemu_cmd *c, pid_t *pid, struct err *e) MUST_CHECK;

#endif
