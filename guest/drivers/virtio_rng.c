/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio_rng.c: entropy from the host (virtio 1.2, 5.4).
 *
 * One request at a time, through a page of the driver's own, wiped after use.
 */
#include "drivers.h"

#include <string.h>

#include "kuni/driver.h"
#include "kuni/klog.h"
#include "kuni/sched.h"
#include "virtio_mmio.h"

#define REQUEST_MAX 512

static void rng_irq(void *arg);

static struct vdev dev;
static struct mutex read_lock; /* one reader at a time */
static char *buffer;           /* [read_lock] */
static bool done;              /* [a] changed under dev.lock */
static uint32_t done_len;      /* [dev.lock] */
static struct waitq done_wq;

static const struct vdev_config config = {
	.name = "virtio-rng",
	.nqueues = 1,
	.queue = { { 0, 8 } },
	.irq = rng_irq,
};

static bool reap(void)
{
	spin_lock(&dev.lock);
	if (vq_reap(dev.vq[0], &done_len) ||
	    (vq_want_irq(dev.vq[0], true) && vq_reap(dev.vq[0], &done_len)))
		__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	if (dev.vq[0]->broken)
		panic("virtio-rng: the device broke the ring");
	spin_unlock(&dev.lock);
	return __atomic_load_n(&done, __ATOMIC_ACQUIRE);
}

static void rng_irq(void *arg)
{
	(void)arg;
	vdev_irq_ack(&dev);
	if (reap())
		wake_all(&done_wq, 0);
}

static int request(size_t n)
{
	struct vq_seg seg = { virt_to_phys(buffer), (uint32_t)n };
	bool kick = false;
	int ret;

	spin_lock(&dev.lock);
	done = false;
	ret = vq_add(dev.vq[0], NULL, 0, &seg, 1, buffer);
	if (ret == 0)
		kick = vq_kick(dev.vq[0]);
	spin_unlock(&dev.lock);
	if (ret < 0)
		return ret;
	if (kick)
		vdev_notify(&dev, 0);
	if (!reap())
		wait_event_hard(&done_wq,
				__atomic_load_n(&done, __ATOMIC_ACQUIRE));
	return (int)done_len;
}

static int buffer_alloc(void)
{
	struct page *p;

	if (buffer)
		return 0;
	p = page_alloc(0, PAGE_ANY);
	if (!p)
		return -ENOMEM;
	buffer = page_virt(p);
	return 0;
}

int hwrng_read(void *buf, size_t n)
{
	int ret;

	ret = vdev_up(&dev, &config);
	if (ret < 0)
		return ret;
	mutex_lock(&read_lock);
	ret = buffer_alloc();
	if (ret == 0)
		ret = request(min(n, (size_t)REQUEST_MAX));
	if (ret > 0) {
		memcpy(buf, buffer, (size_t)ret);
		memset(buffer, 0, (size_t)ret);
	}
	mutex_unlock(&read_lock);
	return ret;
}

void virtio_rng_bind(const struct boot_device *b)
{
	vdev_bind(&dev, b);
	mutex_init(&read_lock, RANK_DEVICE);
	waitq_init(&done_wq);
}
