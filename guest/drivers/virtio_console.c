/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio_console.c: the control port over virtio-console (virtio 1.2, 5.3).
 *
 * Both directions go through pages of the driver's own.  Receive buffers are
 * always with the device; the interrupt handler, which runs on one CPU only,
 * hands them to the receiver in order and returns them.  A writer holds
 * write_lock, copies into free slots and waits, where there is none, for the
 * device; only then does the transmit queue interrupt.
 *
 * Order: write_lock, dev.lock.  The receiver is called with neither held.
 */
#include "drivers.h"

#include <string.h>

#include "kuni/driver.h"
#include "kuni/klog.h"
#include "kuni/sched.h"
#include "virtio_mmio.h"

#define RX       0
#define TX       1
#define RX_SLOTS 4
#define TX_SLOTS 8

struct slot {
	char *page; /* [I] once allocated */
	bool busy;  /* [dev.lock] the device has it */
};

static void console_irq(void *arg);

static struct vdev dev;
static struct slot rx_slot[RX_SLOTS], tx_slot[TX_SLOTS];
static unsigned tx_busy;        /* [a] changed under dev.lock */
static unsigned tx_sleep;       /* [dev.lock] who needs an interrupt */
static struct waitq tx_wq;      /* a slot has come back */
static struct mutex write_lock; /* writers, one at a time */
static const struct ctl_port_ops *port_ops; /* [I] once open */

static const struct vdev_config config = {
	.name = "virtio-console",
	.nqueues = 2,
	.queue = { { RX, 16 }, { TX, 16 } },
	.irq = console_irq,
};

static int slot_page(struct slot *s)
{
	struct page *p;

	if (s->page)
		return 0;
	p = page_alloc(0, PAGE_ANY);
	if (!p)
		return -ENOMEM;
	s->page = page_virt(p);
	return 0;
}

/* Gives a receive buffer to the device. dev.lock is held. */
static void rx_post_locked(struct slot *s)
{
	struct vq_seg seg = { virt_to_phys(s->page), PAGE_SIZE };

	/* There are fewer slots than descriptors. */
	ensure(vq_add(dev.vq[RX], NULL, 0, &seg, 1, s) == 0);
}

/* Takes back what the device has sent. dev.lock is held. */
static void tx_reap_locked(void)
{
	struct slot *s;
	uint32_t len;
	bool any = false;

	do {
		while ((s = vq_reap(dev.vq[TX], &len))) {
			s->busy = false;
			__atomic_store_n(&tx_busy, tx_busy - 1,
					 __ATOMIC_RELEASE);
			any = true;
		}
		if (dev.vq[TX]->broken)
			panic("virtio-console: the device broke the ring");
	} while (tx_sleep && vq_want_irq(dev.vq[TX], true));
	if (any && tx_sleep)
		wake_all(&tx_wq, 0);
}

/* The next received buffer with its length, NULL: none. */
static struct slot *rx_take(uint32_t *len)
{
	struct slot *s;

	spin_lock(&dev.lock);
	s = vq_reap(dev.vq[RX], len);
	if (!s && vq_want_irq(dev.vq[RX], true))
		s = vq_reap(dev.vq[RX], len);
	if (!s && dev.vq[RX]->broken)
		panic("virtio-console: the device broke the ring");
	spin_unlock(&dev.lock);
	return s;
}

static void console_irq(void *arg)
{
	struct slot *s;
	uint32_t len;
	bool kick = false;

	(void)arg;
	vdev_irq_ack(&dev);
	while ((s = rx_take(&len))) {
		port_ops->receive(s->page, len);
		spin_lock(&dev.lock);
		rx_post_locked(s);
		kick = vq_kick(dev.vq[RX]) || kick;
		spin_unlock(&dev.lock);
	}
	if (kick)
		vdev_notify(&dev, RX);
	spin_lock(&dev.lock);
	tx_reap_locked();
	spin_unlock(&dev.lock);
}

int ctl_port_open(const struct ctl_port_ops *ops)
{
	unsigned i;
	int ret;
	bool kick;

	if (port_ops)
		return -EBUSY;
	for (i = 0; i < RX_SLOTS; i++) {
		ret = slot_page(&rx_slot[i]);
		if (ret < 0)
			return ret;
	}
	port_ops = ops;
	ret = vdev_up(&dev, &config);
	if (ret < 0) {
		port_ops = NULL;
		return ret;
	}
	spin_lock(&dev.lock);
	(void)vq_want_irq(dev.vq[RX], true);
	for (i = 0; i < RX_SLOTS; i++)
		rx_post_locked(&rx_slot[i]);
	kick = vq_kick(dev.vq[RX]);
	spin_unlock(&dev.lock);
	if (kick)
		vdev_notify(&dev, RX);
	return 0;
}

/* Until fewer than limit slots are with the device. */
static void tx_wait(unsigned limit)
{
	spin_lock(&dev.lock);
	tx_sleep++;
	tx_reap_locked();
	spin_unlock(&dev.lock);
	wait_event_hard(&tx_wq,
			__atomic_load_n(&tx_busy, __ATOMIC_ACQUIRE) < limit);
	spin_lock(&dev.lock);
	tx_sleep--;
	spin_unlock(&dev.lock);
}

/* A slot with a page that the device does not have. write_lock is held. */
static int tx_slot_get(struct slot **out)
{
	struct slot *s = NULL;
	unsigned i;

	spin_lock(&dev.lock);
	tx_reap_locked();
	spin_unlock(&dev.lock);
	if (__atomic_load_n(&tx_busy, __ATOMIC_ACQUIRE) == TX_SLOTS)
		tx_wait(TX_SLOTS);
	for (i = 0; i < TX_SLOTS && !s; i++)
		if (!__atomic_load_n(&tx_slot[i].busy, __ATOMIC_ACQUIRE))
			s = &tx_slot[i];
	ensure(s);
	*out = s;
	return slot_page(s);
}

static void tx_send(struct slot *s, size_t n)
{
	struct vq_seg seg = { virt_to_phys(s->page), (uint32_t)n };
	bool kick;

	spin_lock(&dev.lock);
	s->busy = true;
	__atomic_store_n(&tx_busy, tx_busy + 1, __ATOMIC_RELEASE);
	/* There are fewer slots than descriptors. */
	ensure(vq_add(dev.vq[TX], &seg, 1, NULL, 0, s) == 0);
	kick = vq_kick(dev.vq[TX]);
	spin_unlock(&dev.lock);
	if (kick)
		vdev_notify(&dev, TX);
}

int ctl_port_write(const void *buf, size_t n)
{
	const char *from = buf;
	struct slot *s;
	size_t part;
	int ret = 0;

	if (!__atomic_load_n(&dev.up, __ATOMIC_ACQUIRE))
		return -ENODEV;
	mutex_lock(&write_lock);
	while (n) {
		ret = tx_slot_get(&s);
		if (ret < 0)
			break;
		part = min(n, (size_t)PAGE_SIZE);
		memcpy(s->page, from, part);
		tx_send(s, part);
		from += part;
		n -= part;
	}
	mutex_unlock(&write_lock);
	return ret;
}

void ctl_port_drain(void)
{
	if (__atomic_load_n(&dev.up, __ATOMIC_ACQUIRE))
		tx_wait(1);
}

void virtio_console_bind(const struct boot_device *b)
{
	vdev_bind(&dev, b);
	waitq_init(&tx_wq);
	mutex_init(&write_lock, RANK_DEVICE);
}
