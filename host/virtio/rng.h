/* SPDX-License-Identifier: Apache-2.0 */
/* rng.h: virtio-rng (virtio 1.2, 5.4): the host's getrandom(2). */
#ifndef HOST_VIRTIO_RNG_H
#define HOST_VIRTIO_RNG_H

#include "host/virtio/device.h"

int virtio_rng_create(struct virtio_device **out,
		      const struct guest_mem *mem) MUST_CHECK;
void virtio_rng_destroy(struct virtio_device *d);

#endif
