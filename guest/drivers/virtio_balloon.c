/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio_balloon.c: free memory is reported to the host (virtio 1.2, 5.5.6.7).
 *
 * Nothing else of the balloon is used: the host cannot ask for memory, it is
 * told what is free.
 */
#include "drivers.h"

#include "kuni/driver.h"
#include "kuni/klog.h"
#include "vdev_call.h"

/* inflateq and deflateq stand before it, and statsq where it is offered. */
#define REPORTING_QUEUE 2

static bool known; /* [o] of the one caller: which queue it is */
static struct vdev_call call = {
	.config = {
		.name = "virtio-balloon",
		.features = 1U << VIRTIO_BALLOON_F_REPORTING,
		.nqueues = 1,
		.queue = { { REPORTING_QUEUE, RAM_REPORT_MAX } },
		.irq = vdev_call_irq,
	},
};

int ram_report(const struct ram_range *r, unsigned n)
{
	struct vq_seg seg[RAM_REPORT_MAX];
	int ret;

	ensure(n && n <= RAM_REPORT_MAX);
	for (unsigned i = 0; i < n; i++)
		seg[i] = (struct vq_seg){ r[i].pa, r[i].len };
	if (!known) {
		ret = vdev_offers(&call.dev, VIRTIO_BALLOON_F_STATS_VQ);
		if (ret < 0)
			return ret;
		call.config.queue[0].index = (uint16_t)(REPORTING_QUEUE + ret);
		known = true;
	}
	ret = vdev_call(&call, seg, n);
	return ret < 0 ? ret : 0;
}

void virtio_balloon_bind(const struct boot_device *b)
{
	vdev_call_bind(&call, b);
}
