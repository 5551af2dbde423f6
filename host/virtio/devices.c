/* SPDX-License-Identifier: Apache-2.0 */
/* devices.c: the list of device models. */
#include "host/virtio/devices.h"

#include "boot/abi/virtio.h"
#include "host/virtio/balloon.h"
#include "host/virtio/fs.h"
#include "host/virtio/rng.h"

static int make_fs(struct virtio_device **out, const struct virtio_env *env)
{
	return virtio_fs_create(out, env->mem, env->fuse, VIRTIO_FS_TAG);
}

static int make_console(struct virtio_device **out,
			const struct virtio_env *env)
{
	return virtio_console_create(out, env->mem, env->console_ops,
				     env->console_arg);
}

static int make_rng(struct virtio_device **out, const struct virtio_env *env)
{
	return virtio_rng_create(out, env->mem);
}

static int make_balloon(struct virtio_device **out,
			const struct virtio_env *env)
{
	return virtio_balloon_create(out, env->mem);
}

const struct virtio_kind virtio_kinds[VIRTIO_NKINDS] = {
	{ "fs", VIRTIO_ID_FS, make_fs, virtio_fs_destroy },
	{ "console", VIRTIO_ID_CONSOLE, make_console, virtio_console_destroy },
	{ "rng", VIRTIO_ID_RNG, make_rng, virtio_rng_destroy },
	{ "balloon", VIRTIO_ID_BALLOON, make_balloon, virtio_balloon_destroy },
};
