/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmio.h: the virtio-mmio transport (virtio 1.2, 4.2), registers only.
 *
 * The back end that owns the bus decodes an address to a transport and an
 * offset, and delivers the interrupts.  With `edge` each notification is one
 * message (an MSI vector of the device's own): irq(arg, true) is called every
 * time, and the driver need not acknowledge.  Without it the line follows
 * InterruptStatus: irq(arg, true) raises, irq(arg, false) lowers.
 *
 * Lock: `lock` guards the registers; it is held while ops->start and
 * ops->reset run, never while ops->kick runs.  Order: lock, then the device's
 * own lock, then a queue's lock.
 */
#ifndef HOST_VIRTIO_MMIO_H
#define HOST_VIRTIO_MMIO_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/virtio/device.h"

typedef void (*virtio_irq_fn)(void *arg, bool up);

struct virtio_mmio {
	struct virtio_device *dev; /* [I] */
	virtio_irq_fn irq;         /* [I] called from any thread */
	void *irq_arg;             /* [I] */
	bool edge;                 /* [I] */
	pthread_mutex_t lock;
	uint32_t device_features_sel, driver_features_sel, queue_sel; /* [m] */
	uint32_t int_status;                                          /* [a] */
	uint32_t generation; /* [a] of the config space */
};

/* Joins the transport to dev (which it does not own) and sets dev->notify. */
int virtio_mmio_init(struct virtio_mmio *t, struct virtio_device *dev,
		     virtio_irq_fn irq, void *irq_arg, bool edge) MUST_CHECK;
void virtio_mmio_fini(struct virtio_mmio *t);

/* One access of the driver, any thread.  Registers are 32 bits wide; only the
 * config space takes 1, 2, 4 or 8 bytes.  Anything else reads 0 and writes
 * nothing.  A write to QueueNotify kicks on the calling thread. */
uint64_t virtio_mmio_read(struct virtio_mmio *t, uint32_t off, unsigned len);
void virtio_mmio_write(struct virtio_mmio *t, uint32_t off, unsigned len,
		       uint64_t value);

/* The notification of queue q arrived another way (ioeventfd); ignored unless
 * the device runs and the queue is ready. */
void virtio_mmio_kick(struct virtio_mmio *t, unsigned q);

#endif
