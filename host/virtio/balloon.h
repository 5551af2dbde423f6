/* SPDX-License-Identifier: Apache-2.0 */
/* balloon.h: virtio-balloon (virtio 1.2, 5.5): free memory goes back. */
#ifndef HOST_VIRTIO_BALLOON_H
#define HOST_VIRTIO_BALLOON_H

#include "host/virtio/device.h"

int virtio_balloon_create(struct virtio_device **out,
			  const struct guest_mem *mem) MUST_CHECK;
void virtio_balloon_destroy(struct virtio_device *d);

#endif
