/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h: the FUSE server, which shows one directory tree of the host.
 *
 * A transport (virtio-fs in the monitor, vhost-user-fs for QEMU) takes a
 * request from its queue and calls fuse_server_handle(); nothing else is
 * needed.  All calls of fuse_server_handle() may run at once, on any threads.
 * The iovecs lie in guest memory, which may change at any time: everything
 * that is looked at is copied once and then checked; file data goes straight
 * between the iovecs and the file.
 */
#ifndef HOST_FUSE_SERVER_H
#define HOST_FUSE_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "host/err.h"

/* The most that one READ or WRITE carries, in pages of 4 KiB; with the headers
 * it fits into VIRTQ_MAX_IOV buffers of a page each. */
#define FUSE_SERVER_MAX_PAGES 128

/* The most iovecs of one direction that a request may have. */
#define FUSE_SERVER_MAX_IOV 260

struct fuse_server;

/* Serves the tree below root_fd, an O_PATH descriptor of a directory, with all
 * that is mounted in it.  root_fd is the server's from here on, also where it
 * fails.  readonly: whatever changes something is answered with EROFS.  Needs
 * /proc now, but not later; raises RLIMIT_NOFILE as far as it may, and sets
 * the process's umask to 0 (modes from the guest are final). */
int fuse_server_create(struct fuse_server **out, int root_fd, bool readonly,
		       struct err *e) MUST_CHECK;

/* For how long the guest may trust names and attributes; 1000 ms unless set.
 * Call it before the first request. */
void fuse_server_set_valid(struct fuse_server *s, uint32_t ms);

/* Files may be mapped into [base, base + len), which nothing else uses: memory
 * without access (PROT_NONE) in multiples of FUSE_DAX_GRANULE, that the guest
 * sees.  Before the first request; without it there is no window. */
int fuse_server_set_window(struct fuse_server *s, void *base,
			   uint64_t len) MUST_CHECK;

/* A CPU met memory that it cannot have: true where that was behind the end of a
 * file in the window, which has pages of zeroes there now, so that the access
 * may be tried again.  *seen, 0 at first, is the caller's: what was repaired for
 * another CPU meanwhile counts, too.  hard: maps all files again, for those that
 * changed in ways that cannot be seen. */
bool fuse_server_repair(struct fuse_server *s, uint64_t *seen, bool hard);

/* Handles one request: in[0..nin) is what the guest wrote, out[0..nout) the
 * room for the reply.  Returns the bytes written into out (0: the request has
 * no reply, FORGET), or negative errno where the request is so malformed that
 * it cannot be answered (no whole header, a length that lies, no room for the
 * reply's header).  Blocks for as long as the host's file system does. */
int fuse_server_handle(struct fuse_server *s, const struct iovec *in,
		       unsigned nin, const struct iovec *out,
		       unsigned nout) MUST_CHECK;

/* Drops all that the guest holds, as DESTROY does: after a device reset. */
void fuse_server_reset(struct fuse_server *s);

/* No call of fuse_server_handle() may be running.  NULL is ignored. */
void fuse_server_destroy(struct fuse_server *s);

#endif
