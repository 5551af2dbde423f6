/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rng.c: virtio-rng: fills the driver's buffers from getrandom(2).
 *
 * A request gets at most RNG_MAX bytes, so that a guest cannot keep a thread
 * of the monitor busy with one descriptor; the driver asks again.
 */
#include "host/virtio/rng.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "boot/abi/virtio.h"

#define RNG_QUEUE_SIZE 8
#define RNG_MAX        4096

/* Bytes written into the chain, or negative errno. */
static ssize_t fill_chain(const struct virtq_chain *c)
{
	size_t done = 0, n;
	unsigned i;
	ssize_t r;

	for (i = 0; i < c->nwrite && done < RNG_MAX; i++) {
		n = c->iov[c->nread + i].iov_len;
		if (n > RNG_MAX - done)
			n = RNG_MAX - done;
		r = getrandom(c->iov[c->nread + i].iov_base, n, 0);
		if (r < 0 && errno == EINTR)
			break;
		if (r < 0)
			return -errno;
		done += (size_t)r;
		if ((size_t)r < c->iov[c->nread + i].iov_len)
			break; /* the bytes used are those at the front */
	}
	return (ssize_t)done;
}

static void rng_kick(struct virtio_device *d, unsigned q)
{
	struct virtq_chain c;
	ssize_t n;
	int ret;

	for (;;) {
		ret = virtq_pop(&d->queue[q], &c);
		if (ret == 0)
			return;
		n = ret < 0 || c.nread || !c.nwrite ? -EPROTO : fill_chain(&c);
		if (n < 0) {
			virtio_broken(d, n == -EPROTO ? "rng: a wrong buffer"
						      : "rng: no entropy");
			return;
		}
		virtq_push(&d->queue[q], c.head, (uint32_t)n);
		virtio_notify(d, q);
	}
}

static const struct virtio_ops rng_ops = {
	.id = VIRTIO_ID_RNG,
	.nqueues = 1,
	.queue_size = RNG_QUEUE_SIZE,
	.sync_queues = 1,
	.kick = rng_kick,
};

int virtio_rng_create(struct virtio_device **out, const struct guest_mem *mem)
{
	struct virtio_device *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->ops = &rng_ops;
	d->mem = mem;
	virtq_init(&d->queue[0], mem);
	*out = d;
	return 0;
}

void virtio_rng_destroy(struct virtio_device *d)
{
	if (!d)
		return;
	virtq_fini(&d->queue[0]);
	free(d);
}
