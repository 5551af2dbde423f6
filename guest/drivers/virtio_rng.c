/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio_rng.c: entropy from the host (virtio 1.2, 5.4).
 *
 * One request at a time, through a page of the driver's own, wiped after use.
 */
#include "drivers.h"

#include <string.h>

#include "kuni/driver.h"
#include "vdev_call.h"

#define REQUEST_MAX 512

static struct mutex read_lock; /* one reader at a time */
static char *buffer;           /* [read_lock] */
static struct vdev_call call = {
	.config = {
		.name = "virtio-rng",
		.nqueues = 1,
		.queue = { { 0, 8 } },
		.irq = vdev_call_irq,
	},
};

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

static int request(size_t n)
{
	struct vq_seg seg = { virt_to_phys(buffer), (uint32_t)n };

	return vdev_call(&call, &seg, 1);
}

int hwrng_read(void *buf, size_t n)
{
	int ret = vdev_up(&call.dev, &call.config); /* not under read_lock */

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
	vdev_call_bind(&call, b);
	mutex_init(&read_lock, RANK_DEVICE);
}
