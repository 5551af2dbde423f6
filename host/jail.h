/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jail.h: what the monitor gives up before the guest runs.
 *
 * jail_mounts(), jail_enter(), jail_drop(), then jail_thread() for each thread,
 * in this order.  Nothing of it can be taken back.
 */
#ifndef HOST_JAIL_H
#define HOST_JAIL_H

#include "host/err.h"
#include "host/vm.h"

/* A private mount namespace with the plan's root and, below it, the plan's
 * bind mounts.  *root_fd: O_PATH of the tree, the only one that is left in
 * reach of the FUSE server. */
int jail_mounts(const struct vm_plan *plan, int *root_fd,
		struct err *e) MUST_CHECK;
/* That tree becomes "/", the rest of the host's files is out of reach.  What
 * needs /proc or a path of the host is done before. */
int jail_enter(int root_fd, struct err *e) MUST_CHECK;
/* No new privileges; of the capabilities only those that a file server of
 * many users needs.  For this thread and those that it makes later. */
int jail_drop(struct err *e) MUST_CHECK;

/* Which system calls a thread may still make (host/seccomp.tbl). */
enum jail_role {
	JAIL_LOOP, /* main thread of the kvm back end: event loop, stdio */
	JAIL_VCPU, /* vCPU threads: KVM, the FUSE server */
	JAIL_QEMU, /* main thread of the qemu back end and those that it makes:
		    * event loop, FUSE server, vhost-user */
};
int jail_thread(enum jail_role role, struct err *e) MUST_CHECK;
/* In a helper process: poll() and its end are all that is left to it. */
int jail_holder(void) MUST_CHECK;

#endif
