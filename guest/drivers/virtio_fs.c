/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio_fs.c: the FUSE transport over virtio-fs (virtio 1.2, 5.11).
 *
 * call() adds a request, notifies, and looks at the used ring before it
 * sleeps: with the kvm back end the answer is there when the notification
 * returns.  Interrupts are asked for only while someone sleeps.  All requests,
 * FORGET too, go through the first request queue; hiprio stays unused, which
 * costs nothing to set up.
 *
 * Completion happens under dev.lock, by whoever finds it.  A caller that slept
 * takes that lock once before it returns, so that nobody touches its request
 * afterwards.
 */
#include "drivers.h"

#include <string.h>

#include "kuni/driver.h"
#include "kuni/klog.h"
#include "kuni/sched.h"
#include "virtio_mmio.h"

#define REQUEST_QUEUE 1
#define QUEUE_SIZE    256
#define POST_MAX      2048 /* bytes of a request without an answer */
#define TOKEN_POST    1UL  /* bit 0 of a token: a buffer of post() */

_Static_assert(sizeof(struct vq_seg) == sizeof(struct fuse_seg) &&
		       offsetof(struct vq_seg, len) ==
			       offsetof(struct fuse_seg, len),
	       "a fuse_seg is a vq_seg");

static void fs_irq(void *arg);

static struct vdev dev;
static unsigned nsleep;      /* [dev.lock] callers that need an interrupt */
static unsigned nroom;       /* [dev.lock] of them: waiting for descriptors */
static struct waitq room_wq; /* descriptors have come back */

static const struct vdev_config config = {
	.name = "virtio-fs",
	.nqueues = 1,
	.queue = { { REQUEST_QUEUE, QUEUE_SIZE } },
	.irq = fs_irq,
};

/* One used chain; mine: the caller's own request, which needs no wake-up. */
static void complete(void *token, uint32_t len, const struct fuse_xfer *mine)
{
	struct fuse_xfer *x = token;

	if ((uintptr_t)token & TOKEN_POST) {
		kfree((void *)((uintptr_t)token & ~TOKEN_POST));
		return;
	}
	x->in_len = len;
	__atomic_store_n(&x->done, true, __ATOMIC_RELEASE);
	if (x != mine)
		wake_all(&x->wait, 0);
}

/* Completes all that the device has used; how many.  dev.lock is held. */
static unsigned reap_locked(const struct fuse_xfer *mine)
{
	struct vq *q = dev.vq[0];
	unsigned n = 0;
	uint32_t len;
	void *token;

	do {
		while ((token = vq_reap(q, &len))) {
			complete(token, len, mine);
			n++;
		}
		if (q->broken)
			panic("virtio-fs: the device broke the ring");
	} while (nsleep && vq_want_irq(q, true));
	if (n && nroom)
		wake_all(&room_wq, 0);
	return n;
}

static void fs_irq(void *arg)
{
	bool idle;

	(void)arg;
	vdev_irq_ack(&dev);
	spin_lock(&dev.lock);
	idle = !reap_locked(NULL) && nsleep;
	spin_unlock(&dev.lock);
	if (idle && vdev_needs_reset(&dev))
		panic("virtio-fs: the device needs a reset");
}

static bool has_room(void)
{
	bool yes;

	spin_lock(&dev.lock);
	yes = dev.vq[0]->nfree >= QUEUE_SIZE / 2;
	spin_unlock(&dev.lock);
	return yes;
}

/* Sleeps until x is done, or with NULL until descriptors are free.  Interrupts are
 * asked for first, then the ring is looked at once more. */
static void fs_sleep(struct fuse_xfer *x)
{
	spin_lock(&dev.lock);
	nsleep++;
	nroom += !x;
	(void)reap_locked(x);
	spin_unlock(&dev.lock);
	if (x)
		wait_event_hard(&x->wait,
				__atomic_load_n(&x->done, __ATOMIC_ACQUIRE));
	else
		wait_event_hard(&room_wq, has_room());
	spin_lock(&dev.lock);
	nsleep--;
	nroom -= !x;
	spin_unlock(&dev.lock);
}

/*
 * Adds a chain, sleeping while there is no room, and notifies, always: the
 * device may have said that it need not be (avail_event) before it took up the
 * request of another CPU, which then would be done first, however long it takes.
 */
static int submit(const struct fuse_seg *out, unsigned nout,
		  const struct fuse_seg *in, unsigned nin, void *token)
{
	int ret;

	for (;;) {
		spin_lock(&dev.lock);
		ret = vq_add(dev.vq[0], (const void *)out, nout,
			     (const void *)in, nin, token);
		spin_unlock(&dev.lock);
		if (ret != -EAGAIN)
			break;
		fs_sleep(NULL);
	}
	if (ret == 0)
		vdev_notify(&dev, REQUEST_QUEUE);
	return ret;
}

static int fs_call(struct fuse_transport *t, struct fuse_xfer *x)
{
	int ret = vdev_up(&dev, &config);

	(void)t;
	if (ret < 0)
		return ret;
	x->done = false;
	ret = submit(x->out, x->nout, x->in, x->nin, x);
	if (ret < 0)
		return ret;
	spin_lock(&dev.lock);
	if (!x->done)
		(void)reap_locked(x);
	ret = x->done;
	spin_unlock(&dev.lock);
	if (!ret)
		fs_sleep(x);
	return 0;
}

/* The request is copied, so that the caller's memory is free at once. */
static int fs_post(struct fuse_transport *t, struct fuse_xfer *x)
{
	struct fuse_seg seg = { 0, 0 };
	unsigned i;
	char *buf;
	int ret = vdev_up(&dev, &config);

	(void)t;
	if (ret < 0)
		return ret;
	for (i = 0; i < x->nout; i++)
		seg.len += x->out[i].len;
	if (x->nin || seg.len > POST_MAX)
		return -EINVAL;
	buf = kmalloc(seg.len);
	if (!buf)
		return -ENOMEM;
	seg.pa = virt_to_phys(buf);
	for (i = 0, seg.len = 0; i < x->nout; i++) {
		memcpy(buf + seg.len, phys_to_virt(x->out[i].pa),
		       x->out[i].len);
		seg.len += x->out[i].len;
	}
	ret = submit(&seg, 1, NULL, 0, (void *)((uintptr_t)buf | TOKEN_POST));
	if (ret < 0) {
		kfree(buf);
		return ret;
	}
	spin_lock(&dev.lock);
	(void)reap_locked(NULL);
	spin_unlock(&dev.lock);
	return 0;
}

void virtio_fs_bind(const struct boot_device *b)
{
	vdev_bind(&dev, b);
	waitq_init(&room_wq);
}

struct fuse_transport *fuse_transport_find(void)
{
	static struct fuse_transport transport = { fs_call, fs_post };

	return dev.boot.len ? &transport : NULL;
}
