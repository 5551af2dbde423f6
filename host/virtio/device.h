/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device.h: what a virtio device is to its transport, and the other way.
 *
 * A device model is an ops struct and its own state with a struct
 * virtio_device inside.  The transport (mmio.c, or vhost_user.c for the qemu
 * back end) owns status, features and queue set-up, checks them, and calls
 * the ops.  Nothing that the driver wrote is used before it was checked, and
 * a driver that breaks the rules gets DEVICE_NEEDS_RESET (2.1.2), never an
 * assertion.
 *
 * Threads: kick() runs on the thread that saw the notification: a vCPU thread
 * for a synchronous queue, else the loop.  A queue is used by one thread at a
 * time: lock `queue lock`, a leaf.
 */
#ifndef HOST_VIRTIO_DEVICE_H
#define HOST_VIRTIO_DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/memory.h"
#include "host/virtio/queue.h"

#define VIRTIO_MAX_QUEUES 8

struct virtio_device;

struct virtio_ops {
	uint32_t id;       /* VIRTIO_ID_* */
	uint64_t features; /* offered beside VERSION_1 and the ring's own */
	unsigned nqueues;
	uint16_t queue_size;  /* the largest that the driver may choose */
	uint32_t sync_queues; /* bit n: kick queue n on the vCPU's own thread,
	                        * so that the answer is there when it resumes */
	/* Copies [off, off + len) of the config space; out of range reads 0. */
	void (*config_read)(struct virtio_device *d, uint32_t off, void *buf,
			    uint32_t len);
	/* DRIVER_OK: features are agreed, queues ready.  Negative errno. */
	int (*start)(struct virtio_device *d);
	/* The driver has added buffers to queue q. */
	void (*kick)(struct virtio_device *d, unsigned q);
	/* Reset by the driver, or the end. */
	void (*reset)(struct virtio_device *d);
};

struct virtio_device {
	const struct virtio_ops *ops; /* [I] */
	const struct guest_mem *mem;  /* [I] */
	struct virtq queue[VIRTIO_MAX_QUEUES];
	uint64_t driver_features;
	uint32_t status;
	/* Set by the transport: tell the driver that queue q has used buffers
	 * (q < nqueues) or that the config changed (q == UINT_MAX). */
	void (*notify)(void *transport, unsigned q);
	void *transport;
};

/* After virtq_push(): interrupts the driver if it wants that (2.7.7). */
void virtio_notify(struct virtio_device *d, unsigned q);
/* The driver broke the rules: NEEDS_RESET, the reason in the log, and queues
 * stay silent until it resets the device. */
void virtio_broken(struct virtio_device *d, const char *why);

#endif
