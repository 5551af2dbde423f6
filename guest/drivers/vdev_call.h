/* SPDX-License-Identifier: Apache-2.0 */
/* vdev_call.h: a device with one queue and one request at a time. */
#ifndef DRIVERS_VDEV_CALL_H
#define DRIVERS_VDEV_CALL_H

#include "kuni/sched.h"
#include "virtio_mmio.h"

struct vdev_call {
	struct vdev dev;
	struct vdev_config config; /* nqueues 1, irq vdev_call_irq */
	bool done;                 /* [a] changed under dev.lock */
	int result;                /* [dev.lock] bytes written, or errno */
	struct waitq wait;
};

void vdev_call_bind(struct vdev_call *c, const struct boot_device *b);
void vdev_call_irq(void *call);
int vdev_call(struct vdev_call *c, const struct vq_seg *in,
	      unsigned n) MUST_CHECK;

#endif
