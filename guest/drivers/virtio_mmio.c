/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio_mmio.c: virtio over MMIO (virtio 1.2, 4.2), driver side.
 *
 * Every register access is a VM exit, so set-up makes as few as it can: what
 * bootinfo says is not read again, registers that are zero after reset are not
 * written, and features are not read: we ask for those that we need and the
 * device accepts or refuses.
 */
#include "virtio_mmio.h"

#include "kuni/klog.h"
#include "kuni/mm.h"

static uint32_t reg_read(const struct vdev *v, unsigned off)
{
	return v->regs[off / 4];
}

static void reg_write(struct vdev *v, unsigned off, uint32_t value)
{
	v->regs[off / 4] = value;
}

/* A 64-bit register, zero before. */
static void reg_write64(struct vdev *v, unsigned off, uint64_t value)
{
	reg_write(v, off, (uint32_t)value);
	if (value >> 32)
		reg_write(v, off + 4, (uint32_t)(value >> 32));
}

/* Remembers where the device is; touches nothing. */
void vdev_bind(struct vdev *v, const struct boot_device *b)
{
	v->boot = *b;
	mutex_init(&v->setup, RANK_DEVICE);
	spin_init(&v->lock, RANK_VQ);
}

/* Maps the registers; several devices may share a page. */
static int map_regs(struct vdev *v)
{
	static struct mutex lock; /* guards mapped[]; inside dev.setup */
	static paddr_t mapped[BOOT_MAX_DEVICES];
	paddr_t page = page_down(v->boot.base);
	unsigned i;
	int ret = 0;

	v->regs = (void *)(MMIO_VIRT + v->boot.base);
	mutex_lock(&lock);
	for (i = 0; i < BOOT_MAX_DEVICES && mapped[i]; i++)
		if (mapped[i] == page)
			goto out;
	ret = arch_kmap(MMIO_VIRT + page, page, PROT_R | PROT_W | PROT_DEVICE);
	if (ret == 0 && i < BOOT_MAX_DEVICES)
		mapped[i] = page;
out:
	mutex_unlock(&lock);
	return ret;
}

static int queue_setup(struct vdev *v, unsigned n, const struct vdev_queue *c)
{
	struct page *ring;
	unsigned order = 0;
	struct vq *q;

	while ((PAGE_SIZE << order) < vq_bytes(c->size))
		order++;
	q = kmalloc(sizeof(*q));
	if (!q)
		return -ENOMEM;
	ring = page_alloc(order, PAGE_ZERO);
	if (!ring) {
		kfree(q);
		return -ENOMEM;
	}
	vq_init(q, c->size, true, page_virt(ring), page_paddr(ring));
	v->vq[n] = q;
	if (c->index)
		reg_write(v, VIRTIO_MMIO_QUEUE_SEL, c->index);
	reg_write(v, VIRTIO_MMIO_QUEUE_NUM, c->size);
	reg_write64(v, VIRTIO_MMIO_QUEUE_DESC, q->desc_pa);
	reg_write64(v, VIRTIO_MMIO_QUEUE_DRIVER, q->avail_pa);
	reg_write64(v, VIRTIO_MMIO_QUEUE_DEVICE, q->used_pa);
	reg_write(v, VIRTIO_MMIO_QUEUE_READY, 1);
	return 0;
}

/* 3.1.1, from a device that was never used since reset. */
static int negotiate(struct vdev *v, uint32_t own)
{
	uint64_t f =
		1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_F_EVENT_IDX | own;
	uint32_t s = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;

	reg_write(v, VIRTIO_MMIO_STATUS, s);
	reg_write(v, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)f);
	reg_write(v, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	reg_write(v, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(f >> 32));
	s |= VIRTIO_STATUS_FEATURES_OK;
	reg_write(v, VIRTIO_MMIO_STATUS, s);
	if (!(reg_read(v, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK))
		return -ENODEV;
	return 0;
}

static int bring_up(struct vdev *v, const struct vdev_config *c)
{
	uint32_t s = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
		     VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK;
	unsigned i;
	int ret = map_regs(v);

	if (ret == 0)
		ret = negotiate(v, c->features);
	for (i = 0; ret == 0 && i < c->nqueues; i++)
		ret = queue_setup(v, i, &c->queue[i]);
	if (ret == 0)
		ret = arch_irq_attach(v->boot.vector, v->boot.gsi, c->irq,
				      c->arg);
	if (ret < 0) {
		klog(KLOG_ERROR, "%s: set-up failed, error %d", c->name, -ret);
		return ret;
	}
	reg_write(v, VIRTIO_MMIO_STATUS, s);
	return 0;
}

/* Whether the device offers feature (0..31), for a driver whose queues depend
 * on it: 1, 0 or errno. */
int vdev_offers(struct vdev *v, unsigned feature)
{
	int ret = 0;

	if (!v->boot.len)
		return -ENODEV;
	mutex_lock(&v->setup);
	if (!v->regs)
		ret = map_regs(v);
	if (ret == 0)
		ret = (int)(reg_read(v, VIRTIO_MMIO_DEVICE_FEATURES) >>
				    feature &
			    1);
	mutex_unlock(&v->setup);
	return ret;
}

/* Sets the device up unless it is up: 0, -ENODEV or another errno.  A set-up
 * that failed is not undone, and not tried again. */
int vdev_up(struct vdev *v, const struct vdev_config *c)
{
	int ret = 0;

	if (likely(__atomic_load_n(&v->up, __ATOMIC_ACQUIRE)))
		return 0;
	if (!v->boot.len)
		return -ENODEV;
	mutex_lock(&v->setup);
	if (v->failed)
		ret = -ENODEV;
	else if (!v->up)
		ret = bring_up(v, c);
	if (ret == 0)
		__atomic_store_n(&v->up, true, __ATOMIC_RELEASE);
	else
		v->failed = true;
	mutex_unlock(&v->setup);
	return ret;
}

/* queue: the device's own number. */
void vdev_notify(struct vdev *v, unsigned queue)
{
	reg_write(v, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

/* First thing in an interrupt handler.  A vector of its own needs no
 * acknowledgement (boot/abi/bootinfo.h). */
void vdev_irq_ack(struct vdev *v)
{
	uint32_t s;

	if (v->boot.vector)
		return;
	s = reg_read(v, VIRTIO_MMIO_INTERRUPT_STATUS);
	if (s)
		reg_write(v, VIRTIO_MMIO_INTERRUPT_ACK, s);
}

/* Whether the device has given up on us: for a handler that found nothing. */
bool vdev_needs_reset(struct vdev *v)
{
	return reg_read(v, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET;
}
