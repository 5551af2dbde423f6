/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers.c: the list of drivers.
 *
 * drivers_init() gives each device of bootinfo to its driver.  The first
 * device of an id wins; ids without a driver are said in the log.
 */
#include "drivers.h"

#include "kuni/driver.h"
#include "kuni/klog.h"
#include "virtio.h"

static const struct {
	uint32_t virtio_id;
	void (*bind)(const struct boot_device *b);
} drivers[] = {
	{ VIRTIO_ID_FS, virtio_fs_bind },
	{ VIRTIO_ID_CONSOLE, virtio_console_bind },
	{ VIRTIO_ID_RNG, virtio_rng_bind },
	{ VIRTIO_ID_BALLOON, virtio_balloon_bind },
};

static void bind(const struct boot_device *b)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(drivers); i++) {
		if (drivers[i].virtio_id != b->virtio_id)
			continue;
		drivers[i].bind(b);
		return;
	}
	klog(KLOG_WARN, "drivers: no driver for virtio device id=%u",
	     b->virtio_id);
}

void drivers_init(const struct bootinfo *bi)
{
	unsigned i;

	exitport_bind(bi->flags);
	for (i = 0; i < bi->ndevice && i < BOOT_MAX_DEVICES; i++)
		bind(&bi->device[i]);
}
