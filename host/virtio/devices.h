/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices.h: the list of device models that a machine is made of.  A back end
 * walks virtio_kinds[] and creates what it does not get elsewhere.
 */
#ifndef HOST_VIRTIO_DEVICES_H
#define HOST_VIRTIO_DEVICES_H

#include "host/virtio/console.h"
#include "host/virtio/device.h"

struct fuse_server;

/* What the models stand on; not owned. */
struct virtio_env {
	const struct guest_mem *mem;
	struct fuse_server *fuse;
	const struct virtio_console_ops *console_ops;
	void *console_arg;
};

struct virtio_kind {
	const char *name;
	uint32_t id; /* VIRTIO_ID_* */
	int (*create)(struct virtio_device **out, const struct virtio_env *env);
	void (*destroy)(struct virtio_device *d);
};

#define VIRTIO_NKINDS 4
extern const struct virtio_kind virtio_kinds[VIRTIO_NKINDS];

#endif
