/* SPDX-License-Identifier: Apache-2.0 */
/*
 * balloon.c: virtio-balloon, only so that the driver can report free memory
 * (virtio 1.2, 5.5.6.7), which is given back to the host.
 *
 * The device never asks for memory: num_pages stays 0, so a driver has no
 * reason to use inflateq and deflateq, and one that does is broken.
 */
#include "host/virtio/balloon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/abi/layout.h"
#include "boot/abi/virtio.h"

#define REPORTING_QUEUE      2
#define REPORTING_QUEUE_SIZE 32

static int give_back(const struct guest_mem *mem, const struct virtq_chain *c)
{
	int err;

	for (unsigned i = 0; i < c->nwrite; i++) {
		const struct iovec *v = &c->iov[i];

		if ((uintptr_t)v->iov_base % GUEST_PAGE_SIZE ||
		    v->iov_len % GUEST_PAGE_SIZE)
			return -EPROTO;
		err = mem_give_back(mem, v->iov_base, v->iov_len);
		if (err)
			return err;
	}
	return 0;
}

static void balloon_kick(struct virtio_device *d, unsigned q)
{
	struct virtq_chain c;
	int ret;

	for (;;) {
		ret = virtq_pop(&d->queue[q], &c);
		if (ret == 0)
			return;
		if (ret > 0)
			ret = q != REPORTING_QUEUE || c.nread || !c.nwrite
				      ? -EPROTO
				      : give_back(d->mem, &c);
		if (ret < 0) {
			virtio_broken(d, ret == -EPROTO
						 ? "balloon: a wrong buffer"
						 : "balloon: madvise");
			return;
		}
		virtq_push(&d->queue[q], c.head, 0);
		virtio_notify(d, q);
	}
}

/* num_pages and actual. */
static void balloon_config_read(struct virtio_device *d, uint32_t off,
				void *buf, uint32_t len)
{
	(void)d;
	(void)off;
	memset(buf, 0, len);
}

static const struct virtio_ops balloon_ops = {
	.id = VIRTIO_ID_BALLOON,
	.features = 1ULL << VIRTIO_BALLOON_F_REPORTING,
	.nqueues = REPORTING_QUEUE + 1,
	.queue_size = REPORTING_QUEUE_SIZE,
	.sync_queues = (1U << (REPORTING_QUEUE + 1)) - 1,
	.config_read = balloon_config_read,
	.kick = balloon_kick,
};

int virtio_balloon_create(struct virtio_device **out,
			  const struct guest_mem *mem)
{
	struct virtio_device *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->ops = &balloon_ops;
	d->mem = mem;
	for (unsigned i = 0; i < balloon_ops.nqueues; i++)
		virtq_init(&d->queue[i], mem);
	*out = d;
	return 0;
}

void virtio_balloon_destroy(struct virtio_device *d)
{
	if (!d)
		return;
	for (unsigned i = 0; i < balloon_ops.nqueues; i++)
		virtq_fini(&d->queue[i]);
	free(d);
}
