/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vdev_call.c: a device that is asked one thing at a time, and slept for:
 * virtio-rng, virtio-balloon.
 */
#include "vdev_call.h"

#include "kuni/klog.h"

void vdev_call_bind(struct vdev_call *c, const struct boot_device *b)
{
	vdev_bind(&c->dev, b);
	c->config.arg = c;
	waitq_init(&c->wait);
}

static bool is_done(const struct vdev_call *c)
{
	return __atomic_load_n(&c->done, __ATOMIC_ACQUIRE);
}

static void finish_locked(struct vdev_call *c, int result)
{
	c->result = result;
	__atomic_store_n(&c->done, true, __ATOMIC_RELEASE);
}

/* Whether the answer is there; else an interrupt is asked for. */
static bool reap(struct vdev_call *c)
{
	struct vq *q = c->dev.vq[0];
	uint32_t len;

	spin_lock(&c->dev.lock);
	if (vq_reap(q, &len) || (vq_want_irq(q, true) && vq_reap(q, &len)))
		finish_locked(c, (int)len);
	if (q->broken)
		panic("%s: the device broke the ring", c->config.name);
	spin_unlock(&c->dev.lock);
	return is_done(c);
}

/* What the device refuses for good is answered, too (virtio 1.2, 2.1.2). */
void vdev_call_irq(void *call)
{
	struct vdev_call *c = call;

	vdev_irq_ack(&c->dev);
	if (!reap(c) && vdev_needs_reset(&c->dev)) {
		spin_lock(&c->dev.lock);
		finish_locked(c, -EIO);
		spin_unlock(&c->dev.lock);
	}
	if (is_done(c))
		wake_all(&c->wait, 0);
}

/* Sets the device up where it is not, and gives it n buffers to write to: the
 * bytes written, or errno.  One caller at a time, may sleep. */
int vdev_call(struct vdev_call *c, const struct vq_seg *in, unsigned n)
{
	bool kick = false;
	int ret = vdev_up(&c->dev, &c->config);

	if (ret < 0)
		return ret;
	spin_lock(&c->dev.lock);
	c->done = false;
	ret = vq_add(c->dev.vq[0], NULL, 0, in, n, c);
	if (ret == 0)
		kick = vq_kick(c->dev.vq[0]);
	spin_unlock(&c->dev.lock);
	if (ret < 0)
		return ret;
	if (kick)
		vdev_notify(&c->dev, c->config.queue[0].index);
	if (!reap(c))
		wait_event_hard(&c->wait, is_done(c));
	return c->result;
}
