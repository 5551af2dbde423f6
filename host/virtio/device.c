/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device.c: what every device model does the same way: telling the driver,
 * and giving up on a driver that breaks the rules.
 *
 * Both may be called on any thread, with no queue's lock held.
 */
#include "host/virtio/device.h"

#include <limits.h>

#include "boot/abi/virtio.h"
#include "host/log.h"

/* A guest may break a device, reset it, and break it again, as often as it
 * likes; the log is not to grow with that. */
#define BROKEN_LINES_MAX 16

void virtio_notify(struct virtio_device *d, unsigned q)
{
	if (virtq_should_notify(&d->queue[q]))
		d->notify(d->transport, q);
}

void virtio_broken(struct virtio_device *d, const char *why)
{
	static unsigned lines;
	unsigned i;

	for (i = 0; i < d->ops->nqueues; i++) {
		pthread_mutex_lock(&d->queue[i].lock);
		d->queue[i].ready = false;
		pthread_mutex_unlock(&d->queue[i].lock);
	}
	__atomic_fetch_or(&d->status, VIRTIO_STATUS_NEEDS_RESET,
			  __ATOMIC_SEQ_CST);
	if (__atomic_fetch_add(&lines, 1, __ATOMIC_RELAXED) < BROKEN_LINES_MAX)
		log_line(LOG_WARN, "virtio: device id=%u needs reset: %s",
			 d->ops->id, why);
	d->notify(d->transport, UINT_MAX);
}
