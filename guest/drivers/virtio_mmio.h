/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio_mmio.h: the virtio-mmio transport, driver side, with what all our
 * virtio drivers share: a device that sets itself up at its first use.
 */
#ifndef DRIVERS_VIRTIO_MMIO_H
#define DRIVERS_VIRTIO_MMIO_H

#include "kuni/lock.h"
#include "bootinfo.h"
#include "virtqueue.h"

#define VDEV_MAX_QUEUES 2

struct vdev {
	struct boot_device boot; /* [I] len 0: there is no such device */
	volatile uint32_t *regs; /* [I] once up */
	bool up;                 /* [a] */
	bool failed;             /* [setup] */
	struct mutex setup;
	struct spinlock lock;           /* RANK_VQ: guards every queue */
	struct vq *vq[VDEV_MAX_QUEUES]; /* [I] once up */
};

/* What a driver wants; index is the device's number of the queue. */
struct vdev_queue {
	uint16_t index, size;
};
struct vdev_config {
	const char *name;
	uint32_t features; /* needed, of the device's own */
	unsigned nqueues;
	struct vdev_queue queue[VDEV_MAX_QUEUES];
	void (*irq)(void *arg); /* interrupts off, CPU 0 */
	void *arg;
};

void vdev_bind(struct vdev *v, const struct boot_device *b);
int vdev_offers(struct vdev *v, unsigned feature) MUST_CHECK;
int vdev_up(struct vdev *v, const struct vdev_config *c) MUST_CHECK;
void vdev_notify(struct vdev *v, unsigned queue);
void vdev_irq_ack(struct vdev *v);
bool vdev_needs_reset(struct vdev *v);

#endif
