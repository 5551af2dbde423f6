/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs.c: virtio-fs: one chain is one FUSE request, its readable part what the
 * guest wrote, its writable part the room for the answer.
 *
 * Both queues are synchronous: the thread that saw the notification handles
 * the request, so that the answer is in the ring when the vCPU resumes.
 * Several vCPUs may be in here at once; each takes chains of its own.  A driver
 * whose requests are not to wait behind another CPU's notifies of each: what it
 * reads in avail_event may be from before this thread took its request.
 */
#include "host/virtio/fs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/abi/virtio.h"
#include "host/fuse/server.h"

#define FS_NQUEUES    2
#define FS_QUEUE_SIZE 256

struct fs {
	struct virtio_device dev;
	struct fuse_server *server;     /* [I] */
	struct virtio_fs_config config; /* [I] */
};

static struct fs *to_fs(struct virtio_device *d)
{
	return (struct fs *)(void *)d;
}

static void fs_kick(struct virtio_device *d, unsigned q)
{
	struct virtq_chain c;
	int ret, len;

	for (;;) {
		ret = virtq_pop(&d->queue[q], &c);
		if (ret == 0)
			return;
		if (ret < 0) {
			virtio_broken(d, "fs: a wrong descriptor chain");
			return;
		}
		len = fuse_server_handle(to_fs(d)->server, c.iov, c.nread,
					 c.iov + c.nread, c.nwrite);
		if (len < 0) {
			virtio_broken(d, "fs: a malformed FUSE request");
			return;
		}
		virtq_push(&d->queue[q], c.head, (uint32_t)len);
		virtio_notify(d, q);
	}
}

static void fs_config_read(struct virtio_device *d, uint32_t off, void *buf,
			   uint32_t len)
{
	const struct virtio_fs_config *cfg = &to_fs(d)->config;

	memset(buf, 0, len);
	if (off < sizeof(*cfg) && len <= sizeof(*cfg) - off)
		memcpy(buf, (const uint8_t *)cfg + off, len);
}

/* The driver starts anew: what it held before is forgotten. */
static void fs_reset(struct virtio_device *d)
{
	fuse_server_reset(to_fs(d)->server);
}

static const struct virtio_ops fs_ops = {
	.id = VIRTIO_ID_FS,
	.nqueues = FS_NQUEUES,
	.queue_size = FS_QUEUE_SIZE,
	.sync_queues = 1U << VIRTIO_FS_HIPRIO | 1U << VIRTIO_FS_REQUEST,
	.config_read = fs_config_read,
	.kick = fs_kick,
	.reset = fs_reset,
};

int virtio_fs_create(struct virtio_device **out, const struct guest_mem *mem,
		     struct fuse_server *server, const char *tag)
{
	struct fs *f;
	unsigned i;

	if (strlen(tag) > VIRTIO_FS_TAG_LEN)
		return -EINVAL;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->dev.ops = &fs_ops;
	f->dev.mem = mem;
	f->server = server;
	memcpy(f->config.tag, tag, strlen(tag)); /* NUL only if shorter */
	f->config.num_request_queues = FS_NQUEUES - 1;
	for (i = 0; i < FS_NQUEUES; i++)
		virtq_init(&f->dev.queue[i], mem);
	*out = &f->dev;
	return 0;
}

void virtio_fs_destroy(struct virtio_device *d)
{
	unsigned i;

	if (!d)
		return;
	for (i = 0; i < FS_NQUEUES; i++)
		virtq_fini(&d->queue[i]);
	free(to_fs(d));
}
