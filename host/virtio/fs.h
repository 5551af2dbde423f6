/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs.h: virtio-fs (virtio 1.2, 5.11): FUSE requests from a queue to the
 * server in host/fuse, in place, on the thread that kicks.
 */
#ifndef HOST_VIRTIO_FS_H
#define HOST_VIRTIO_FS_H

#include "host/virtio/device.h"

struct fuse_server;

#define VIRTIO_FS_TAG "root" /* of the container's root */

/* Queues: 0 hiprio (FORGET), 1 requests. */
#define VIRTIO_FS_HIPRIO  0
#define VIRTIO_FS_REQUEST 1

/* server is not owned and outlives the device.  It is called from several
 * threads at once, one a kick. */
int virtio_fs_create(struct virtio_device **out, const struct guest_mem *mem,
		     struct fuse_server *server, const char *tag) MUST_CHECK;
void virtio_fs_destroy(struct virtio_device *d);

#endif
