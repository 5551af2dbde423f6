/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mmio.c: the registers of virtio-mmio (virtio 1.2, 4.2.2) and the status
 * machine behind them (3.1).
 *
 * virtio_mmio_read() and virtio_mmio_write() are called by whoever decodes the
 * bus.  What a driver does out of turn has no effect; what it does wrong with
 * a queue makes the device need a reset.  An access never blocks for longer
 * than the device's start or reset takes, except a kick, which runs the device.
 */
#include "host/virtio/mmio.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "boot/abi/virtio.h"

#define VENDOR_ID 0x494e554bU /* "KUNI" */

#define RING_FEATURES                                                          \
	(1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_F_EVENT_IDX |             \
	 1ULL << VIRTIO_F_INDIRECT_DESC)

static uint64_t offered(const struct virtio_mmio *t)
{
	return t->dev->ops->features | RING_FEATURES;
}

static uint32_t status_of(const struct virtio_mmio *t)
{
	return __atomic_load_n(&t->dev->status, __ATOMIC_SEQ_CST);
}

/* virtio_device.notify: an interrupt for queue q, or for the config space. */
static void mmio_notify(void *transport, unsigned q)
{
	struct virtio_mmio *t = transport;
	uint32_t bit = VIRTIO_MMIO_INT_VRING;

	if (q == UINT_MAX) {
		bit = VIRTIO_MMIO_INT_CONFIG;
		__atomic_fetch_add(&t->generation, 1, __ATOMIC_SEQ_CST);
	}
	__atomic_fetch_or(&t->int_status, bit, __ATOMIC_SEQ_CST);
	t->irq(t->irq_arg, true);
}

int virtio_mmio_init(struct virtio_mmio *t, struct virtio_device *dev,
		     virtio_irq_fn irq, void *irq_arg, bool edge)
{
	if (dev->ops->nqueues > VIRTIO_MAX_QUEUES)
		return -EINVAL;
	*t = (struct virtio_mmio){
		.dev = dev, .irq = irq, .irq_arg = irq_arg, .edge = edge
	};
	pthread_mutex_init(&t->lock, NULL);
	dev->notify = mmio_notify;
	dev->transport = t;
	return 0;
}

void virtio_mmio_fini(struct virtio_mmio *t)
{
	t->dev->notify = NULL;
	t->dev->transport = NULL;
	pthread_mutex_destroy(&t->lock);
}

/* The queue that QueueSel names, NULL: there is none. */
static struct virtq *selected(struct virtio_mmio *t)
{
	if (t->queue_sel >= t->dev->ops->nqueues)
		return NULL;
	return &t->dev->queue[t->queue_sel];
}

static void device_reset(struct virtio_mmio *t)
{
	unsigned i;

	/* Status first: what is kicked from now on is ignored. */
	__atomic_store_n(&t->dev->status, 0, __ATOMIC_SEQ_CST);
	for (i = 0; i < t->dev->ops->nqueues; i++)
		virtq_reset(&t->dev->queue[i]);
	if (t->dev->ops->reset)
		t->dev->ops->reset(t->dev);
	t->dev->driver_features = 0;
	t->device_features_sel = t->driver_features_sel = t->queue_sel = 0;
	__atomic_store_n(&t->int_status, 0, __ATOMIC_SEQ_CST);
	if (!t->edge)
		t->irq(t->irq_arg, false);
}

static void set_status_bit(struct virtio_mmio *t, uint32_t bit)
{
	__atomic_fetch_or(&t->dev->status, bit, __ATOMIC_SEQ_CST);
}

/* 2.2.2: the device accepts a subset of its offer, with VERSION_1 in it. */
static void accept_features(struct virtio_mmio *t)
{
	uint64_t f = t->dev->driver_features;
	uint32_t need = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;

	if ((status_of(t) & need) != need || (f & ~offered(t)) ||
	    !(f & 1ULL << VIRTIO_F_VERSION_1))
		return;
	set_status_bit(t, VIRTIO_STATUS_FEATURES_OK);
}

static void driver_ok(struct virtio_mmio *t)
{
	struct virtio_device *d = t->dev;

	if (!(status_of(t) & VIRTIO_STATUS_FEATURES_OK))
		return;
	set_status_bit(t, VIRTIO_STATUS_DRIVER_OK);
	if (d->ops->start && d->ops->start(d) < 0)
		virtio_broken(d, "the device could not start");
}

/* 3.1.1: status bits are only ever added; 0 resets. */
static void write_status(struct virtio_mmio *t, uint32_t v)
{
	uint32_t added = v & ~status_of(t);

	if (!v) {
		device_reset(t);
		return;
	}
	set_status_bit(t, v & (VIRTIO_STATUS_ACKNOWLEDGE |
			       VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FAILED));
	if (added & VIRTIO_STATUS_FEATURES_OK)
		accept_features(t);
	if (added & VIRTIO_STATUS_DRIVER_OK)
		driver_ok(t);
}

static void write_driver_features(struct virtio_mmio *t, uint32_t v)
{
	uint64_t *f = &t->dev->driver_features;

	if (status_of(t) & VIRTIO_STATUS_FEATURES_OK)
		return;
	if (t->driver_features_sel == 0)
		*f = (*f & ~0xffffffffULL) | v;
	else if (t->driver_features_sel == 1)
		*f = (*f & 0xffffffffULL) | (uint64_t)v << 32;
}

static void write_ready(struct virtio_mmio *t, struct virtq *q, uint32_t v)
{
	struct virtio_device *d = t->dev;

	if (!v) {
		virtq_reset(q);
		return;
	}
	if (!(status_of(t) & VIRTIO_STATUS_FEATURES_OK))
		return;
	if (q->ready)
		return;
	if (q->size > d->ops->queue_size ||
	    virtq_enable(q, d->driver_features >> VIRTIO_F_EVENT_IDX & 1) < 0)
		virtio_broken(d, "a queue with wrong rings");
}

static void set_half(uint64_t *addr, bool high, uint32_t v)
{
	if (high)
		*addr = (*addr & 0xffffffffULL) | (uint64_t)v << 32;
	else
		*addr = (*addr & ~0xffffffffULL) | v;
}

/* The registers of the selected queue.  Its rings stand still while it is
 * ready (4.2.2.2). */
static void write_queue(struct virtio_mmio *t, uint32_t off, uint32_t v)
{
	struct virtq *q = selected(t);

	if (!q)
		return;
	if (off == VIRTIO_MMIO_QUEUE_READY) {
		write_ready(t, q, v);
		return;
	}
	pthread_mutex_lock(&q->lock);
	if (q->ready)
		goto out;
	switch (off) {
	case VIRTIO_MMIO_QUEUE_NUM:
		q->size = v <= VIRTQ_MAX_SIZE ? (uint16_t)v : 0;
		break;
	case VIRTIO_MMIO_QUEUE_DESC:
	case VIRTIO_MMIO_QUEUE_DESC + 4:
		set_half(&q->desc, off & 4, v);
		break;
	case VIRTIO_MMIO_QUEUE_DRIVER:
	case VIRTIO_MMIO_QUEUE_DRIVER + 4:
		set_half(&q->avail, off & 4, v);
		break;
	case VIRTIO_MMIO_QUEUE_DEVICE:
	case VIRTIO_MMIO_QUEUE_DEVICE + 4:
		set_half(&q->used, off & 4, v);
		break;
	default:
		break;
	}
out:
	pthread_mutex_unlock(&q->lock);
}

static void ack_interrupt(struct virtio_mmio *t, uint32_t v)
{
	uint32_t left =
		__atomic_and_fetch(&t->int_status, ~v, __ATOMIC_SEQ_CST);

	if (t->edge || left)
		return;
	t->irq(t->irq_arg, false);
	/* A notification between the two would be lost otherwise. */
	if (__atomic_load_n(&t->int_status, __ATOMIC_SEQ_CST))
		t->irq(t->irq_arg, true);
}

static void write_register(struct virtio_mmio *t, uint32_t off, uint32_t v)
{
	switch (off) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		t->device_features_sel = v;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		t->driver_features_sel = v;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		write_driver_features(t, v);
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		t->queue_sel = v;
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		ack_interrupt(t, v);
		break;
	case VIRTIO_MMIO_STATUS:
		write_status(t, v);
		break;
	default:
		write_queue(t, off, v);
		break;
	}
}

void virtio_mmio_write(struct virtio_mmio *t, uint32_t off, unsigned len,
		       uint64_t value)
{
	/* No model of ours has a config space that the driver writes. */
	if (len != 4 || off % 4 || off >= VIRTIO_MMIO_CONFIG)
		return;
	if (off == VIRTIO_MMIO_QUEUE_NOTIFY) {
		if (value < VIRTIO_MAX_QUEUES)
			virtio_mmio_kick(t, (unsigned)value);
		return;
	}
	pthread_mutex_lock(&t->lock);
	write_register(t, off, (uint32_t)value);
	pthread_mutex_unlock(&t->lock);
}

void virtio_mmio_kick(struct virtio_mmio *t, unsigned q)
{
	struct virtio_device *d = t->dev;
	uint32_t s = status_of(t);
	bool ready;

	if (!(s & VIRTIO_STATUS_DRIVER_OK) || (s & VIRTIO_STATUS_NEEDS_RESET) ||
	    q >= d->ops->nqueues)
		return;
	pthread_mutex_lock(&d->queue[q].lock);
	ready = d->queue[q].ready;
	pthread_mutex_unlock(&d->queue[q].lock);
	if (ready)
		d->ops->kick(d, q);
}

static uint64_t read_config(struct virtio_mmio *t, uint32_t off, unsigned len)
{
	uint64_t v = 0;

	if (len > sizeof(v) || (len & (len - 1)))
		return 0;
	if (t->dev->ops->config_read)
		t->dev->ops->config_read(t->dev, off, &v, len);
	return v;
}

static uint32_t read_features(const struct virtio_mmio *t)
{
	if (t->device_features_sel > 1)
		return 0;
	return (uint32_t)(offered(t) >> 32 * t->device_features_sel);
}

static uint32_t read_register(struct virtio_mmio *t, uint32_t off)
{
	struct virtq *q = selected(t);

	switch (off) {
	case VIRTIO_MMIO_MAGIC:
		return VIRTIO_MMIO_MAGIC_VALUE;
	case VIRTIO_MMIO_VERSION:
		return VIRTIO_MMIO_VERSION_MODERN;
	case VIRTIO_MMIO_DEVICE_ID:
		return t->dev->ops->id;
	case VIRTIO_MMIO_VENDOR_ID:
		return VENDOR_ID;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return read_features(t);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return q ? t->dev->ops->queue_size : 0;
	case VIRTIO_MMIO_QUEUE_READY:
		return q && q->ready;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return __atomic_load_n(&t->int_status, __ATOMIC_SEQ_CST);
	case VIRTIO_MMIO_STATUS:
		return status_of(t);
	case VIRTIO_MMIO_SHM_LEN: /* 4.2.2: no such region is all ones */
	case VIRTIO_MMIO_SHM_LEN + 4:
	case VIRTIO_MMIO_SHM_BASE:
	case VIRTIO_MMIO_SHM_BASE + 4:
		return UINT32_MAX;
	case VIRTIO_MMIO_CONFIG_GENERATION:
		return __atomic_load_n(&t->generation, __ATOMIC_SEQ_CST);
	default:
		return 0;
	}
}

uint64_t virtio_mmio_read(struct virtio_mmio *t, uint32_t off, unsigned len)
{
	uint32_t v;

	if (off >= VIRTIO_MMIO_CONFIG)
		return read_config(t, off - VIRTIO_MMIO_CONFIG, len);
	if (len != 4 || off % 4)
		return 0;
	pthread_mutex_lock(&t->lock);
	v = read_register(t, off);
	pthread_mutex_unlock(&t->lock);
	return v;
}
