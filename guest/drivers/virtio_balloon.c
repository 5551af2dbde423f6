/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio_balloon.c: free memory is reported to the host (virtio 1.2, 5.5.6.7).
 *
 * Nothing else of the balloon is used: the host cannot ask for memory, it is
 * told what is free.  One request at a time.
 */
#include "drivers.h"

#include "kuni/driver.h"
#include "kuni/klog.h"
#include "kuni/sched.h"
#include "virtio_mmio.h"

/* inflateq and deflateq stand before it, and statsq where it is offered. */
#define REPORTING_QUEUE 2

static void balloon_irq(void *arg);

static struct vdev dev;
static bool known; /* [o] of the one caller: where the queue is */
static bool done;  /* [a] changed under dev.lock */
static struct waitq done_wq;

static struct vdev_config config = {
	.name = "virtio-balloon",
	.features = 1U << VIRTIO_BALLOON_F_REPORTING,
	.nqueues = 1,
	.queue = { { REPORTING_QUEUE, RAM_REPORT_MAX } },
	.irq = balloon_irq,
};

static bool reap(void)
{
	uint32_t len;

	spin_lock(&dev.lock);
	if (vq_reap(dev.vq[0], &len) ||
	    (vq_want_irq(dev.vq[0], true) && vq_reap(dev.vq[0], &len)))
		__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	if (dev.vq[0]->broken)
		panic("virtio-balloon: the device broke the ring");
	spin_unlock(&dev.lock);
	return __atomic_load_n(&done, __ATOMIC_ACQUIRE);
}

static void balloon_irq(void *arg)
{
	(void)arg;
	vdev_irq_ack(&dev);
	if (reap())
		wake_all(&done_wq, 0);
}

static int request(const struct ram_range *r, unsigned n)
{
	struct vq_seg seg[RAM_REPORT_MAX];
	bool kick = false;
	int ret;

	for (unsigned i = 0; i < n; i++)
		seg[i] = (struct vq_seg){ r[i].pa, r[i].len };
	spin_lock(&dev.lock);
	done = false;
	ret = vq_add(dev.vq[0], NULL, 0, seg, n, &done);
	if (ret == 0)
		kick = vq_kick(dev.vq[0]);
	spin_unlock(&dev.lock);
	if (ret < 0)
		return ret;
	if (kick)
		vdev_notify(&dev, config.queue[0].index);
	if (!reap())
		wait_event_hard(&done_wq,
				__atomic_load_n(&done, __ATOMIC_ACQUIRE));
	return 0;
}

int ram_report(const struct ram_range *r, unsigned n)
{
	int ret;

	ensure(n && n <= RAM_REPORT_MAX);
	if (!known) {
		ret = vdev_offers(&dev, VIRTIO_BALLOON_F_STATS_VQ);
		if (ret < 0)
			return ret;
		config.queue[0].index = (uint16_t)(REPORTING_QUEUE + ret);
		known = true;
	}
	ret = vdev_up(&dev, &config);
	return ret < 0 ? ret : request(r, n);
}

void virtio_balloon_bind(const struct boot_device *b)
{
	vdev_bind(&dev, b);
	waitq_init(&done_wq);
}
