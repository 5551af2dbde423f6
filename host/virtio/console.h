/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.h: virtio-console (virtio 1.2, 5.3), one port: a byte stream each
 * way.  What the bytes mean is the business of host/control.c.
 */
#ifndef HOST_VIRTIO_CONSOLE_H
#define HOST_VIRTIO_CONSOLE_H

#include <stddef.h>

#include "host/virtio/device.h"

/* Queues: 0 host to guest, 1 guest to host. */
#define VIRTIO_CONSOLE_RX 0
#define VIRTIO_CONSOLE_TX 1

/* Both run on the thread that kicks (the loop's, by ioeventfd), with no lock
 * held. */
struct virtio_console_ops {
	/* Bytes from the guest; all of them are taken.  buf lies in guest RAM:
	 * the guest may change it meanwhile, so copy, then look. */
	void (*tx)(void *arg, const void *buf, size_t len);
	/* virtio_console_rx() can accept bytes (again). */
	void (*rx_ready)(void *arg);
	/* The guest has more to send: kick VIRTIO_CONSOLE_TX again, once others
	 * had their turn. */
	void (*tx_again)(void *arg);
};

int virtio_console_create(struct virtio_device **out,
			  const struct guest_mem *mem,
			  const struct virtio_console_ops *ops,
			  void *arg) MUST_CHECK;
void virtio_console_destroy(struct virtio_device *d);

/* Sends bytes to the guest: how many were accepted, 0 where it has no buffer
 * posted (rx_ready follows once it has). */
size_t virtio_console_rx(struct virtio_device *d, const void *buf,
			 size_t len) MUST_CHECK;

#endif
