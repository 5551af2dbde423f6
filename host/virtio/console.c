/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console.c: virtio-console with one port and no features.
 *
 * Bytes to the guest go into the buffers that it has posted, as far as they
 * reach; bytes from the guest go to ops->tx at once.  There is no buffer here:
 * who sends keeps what was not accepted and comes back when rx_ready says so.
 * The driver is asked to notify of receive buffers only while someone waits.
 */
#include "host/virtio/console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/abi/virtio.h"

#define CONSOLE_QUEUE_SIZE 128
#define TX_BATCH           (2 * CONSOLE_QUEUE_SIZE)

struct console {
	struct virtio_device dev;
	const struct virtio_console_ops *ops; /* [I] */
	void *arg;                            /* [I] */
};

static struct console *to_console(struct virtio_device *d)
{
	return (struct console *)(void *)d;
}

/* Copies into one chain; bytes. */
static size_t fill_chain(const struct virtq_chain *c, const uint8_t *buf,
			 size_t len)
{
	const struct iovec *v = &c->iov[c->nread];
	size_t done = 0, n;
	unsigned i;

	for (i = 0; i < c->nwrite && done < len; i++) {
		n = len - done < v[i].iov_len ? len - done : v[i].iov_len;
		memcpy(v[i].iov_base, buf + done, n);
		done += n;
	}
	return done;
}

size_t virtio_console_rx(struct virtio_device *d, const void *buf, size_t len)
{
	struct virtq *q = &d->queue[VIRTIO_CONSOLE_RX];
	struct virtq_chain c;
	size_t done = 0, n;
	int ret;

	while (done < len) {
		ret = virtq_pop(q, &c);
		if (ret == 0 && virtq_want_kick(q, true))
			continue;
		if (ret == 0)
			break;
		if (ret < 0 || !c.nwrite) {
			virtio_broken(d, "console: a wrong receive buffer");
			return done;
		}
		n = fill_chain(&c, (const uint8_t *)buf + done, len - done);
		done += n;
		virtq_push(q, c.head, (uint32_t)n);
	}
	if (done)
		virtio_notify(d, VIRTIO_CONSOLE_RX);
	return done;
}

/* Takes what the guest has queued: false, there is more.  A guest can add as
 * fast as we take, and the loop has others to serve. */
static bool drain_tx(struct console *c)
{
	struct virtq *q = &c->dev.queue[VIRTIO_CONSOLE_TX];
	struct virtq_chain chain;
	unsigned i, n;
	int ret;

	for (n = 0; n < TX_BATCH; n++) {
		ret = virtq_pop(q, &chain);
		if (ret == 0)
			return true;
		if (ret < 0 || chain.nwrite) {
			virtio_broken(&c->dev, "console: a wrong send buffer");
			return true;
		}
		for (i = 0; i < chain.nread; i++)
			c->ops->tx(c->arg, chain.iov[i].iov_base,
				   chain.iov[i].iov_len);
		virtq_push(q, chain.head, 0);
		virtio_notify(&c->dev, VIRTIO_CONSOLE_TX);
	}
	return false;
}

static void console_kick(struct virtio_device *d, unsigned q)
{
	struct console *c = to_console(d);

	if (q == VIRTIO_CONSOLE_RX) {
		(void)virtq_want_kick(&d->queue[q], false);
		c->ops->rx_ready(c->arg);
		return;
	}
	do {
		(void)virtq_want_kick(&d->queue[q], false);
		if (!drain_tx(c)) {
			c->ops->tx_again(c->arg);
			return;
		}
	} while (virtq_want_kick(&d->queue[q], true));
}

static const struct virtio_ops console_ops = {
	.id = VIRTIO_ID_CONSOLE,
	.nqueues = 2,
	.queue_size = CONSOLE_QUEUE_SIZE,
	.kick = console_kick,
};

int virtio_console_create(struct virtio_device **out,
			  const struct guest_mem *mem,
			  const struct virtio_console_ops *ops, void *arg)
{
	struct console *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->dev.ops = &console_ops;
	c->dev.mem = mem;
	virtq_init(&c->dev.queue[VIRTIO_CONSOLE_RX], mem);
	virtq_init(&c->dev.queue[VIRTIO_CONSOLE_TX], mem);
	c->ops = ops;
	c->arg = arg;
	*out = &c->dev;
	return 0;
}

void virtio_console_destroy(struct virtio_device *d)
{
	if (!d)
		return;
	virtq_fini(&d->queue[VIRTIO_CONSOLE_RX]);
	virtq_fini(&d->queue[VIRTIO_CONSOLE_TX]);
	free(to_console(d));
}
