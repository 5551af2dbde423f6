/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtqueue.c: the driver side of a split virtqueue.
 *
 * vq_add() makes a chain available, vq_kick() says whether the device must be
 * told, vq_reap() returns what the device has used.  Descriptors are kept in
 * an array of our own, so that a device that scribbles over the ring can at
 * worst make the queue `broken`.  Set-up touches no descriptor: those never
 * used are counted, not linked.
 */
#include "virtqueue.h"

static size_t avail_offset(unsigned size)
{
	return sizeof(struct virtq_desc) * size;
}

static size_t used_offset(unsigned size)
{
	size_t end = avail_offset(size) + offsetof(struct virtq_avail, ring) +
		     2 * (size_t)size + 2;

	return (end + 3) & ~(size_t)3;
}

/* Bytes of ring memory for a queue of size entries; aligned to 16 or more. */
size_t vq_bytes(unsigned size)
{
	return used_offset(size) + offsetof(struct virtq_used, ring) +
	       sizeof(struct virtq_used_elem) * size + 2;
}

static uint16_t *used_event(const struct vq *q)
{
	return &q->avail->ring[q->size];
}

static uint16_t *avail_event(const struct vq *q)
{
	return (uint16_t *)(void *)&q->used->ring[q->size];
}

/*
 * An empty queue, interrupts not wanted.  size: a power of two, at most
 * VQ_MAX_SIZE; mem: vq_bytes(size) zero bytes, contiguous at pa.  *q is zero.
 */
void vq_init(struct vq *q, unsigned size, bool event_idx, void *mem, paddr_t pa)
{
	char *base = mem;

	q->size = q->nfree = (uint16_t)size;
	q->event_idx = event_idx;
	q->free_head = VQ_END;
	q->desc = (void *)base;
	q->avail = (void *)(base + avail_offset(size));
	q->used = (void *)(base + used_offset(size));
	q->desc_pa = pa;
	q->avail_pa = pa + avail_offset(size);
	q->used_pa = pa + used_offset(size);
	(void)vq_want_irq(q, false);
}

static uint16_t desc_get(struct vq *q)
{
	uint16_t i = q->free_head;

	q->nfree--;
	if (i == VQ_END)
		return q->fresh++;
	q->free_head = q->d[i].next;
	return i;
}

static void desc_put_chain(struct vq *q, uint16_t head)
{
	uint16_t i = head, n = q->d[head].count;

	q->nfree += n;
	while (--n)
		i = q->d[i].next;
	q->d[i].next = q->free_head;
	q->free_head = head;
	q->d[head].token = NULL;
}

/* A chain while it is built: prev is its last descriptor, VQ_END: none yet. */
struct build {
	uint16_t head, prev, count;
};

/* Appends one buffer; grows the last one instead where it continues it. */
static void append(struct vq *q, struct build *b, const struct vq_seg *s,
		   uint16_t flags)
{
	uint16_t i;

	if (!s->len)
		return;
	if (b->prev != VQ_END) {
		volatile struct virtq_desc *p = &q->desc[b->prev];

		if (p->flags == flags && p->addr + p->len == s->pa) {
			p->len += s->len;
			return;
		}
	}
	i = desc_get(q);
	q->desc[i].addr = s->pa;
	q->desc[i].len = s->len;
	q->desc[i].flags = flags;
	if (b->prev == VQ_END) {
		b->head = i;
	} else {
		q->desc[b->prev].next = i;
		q->desc[b->prev].flags |= VIRTQ_DESC_F_NEXT;
		q->d[b->prev].next = i;
	}
	b->prev = i;
	b->count++;
}

/*
 * Makes a chain available: out[] as the device reads it, in[] where it may
 * write.  token comes back from vq_reap() and is not NULL; the memory stays
 * the device's until then.  -EAGAIN: not enough descriptors are free, -EINVAL:
 * no bytes at all, -EIO: the queue is broken.
 */
int vq_add(struct vq *q, const struct vq_seg *out, unsigned nout,
	   const struct vq_seg *in, unsigned nin, void *token)
{
	struct build b = { VQ_END, VQ_END, 0 };
	uint32_t room = 0;
	unsigned i;

	if (q->broken)
		return -EIO;
	if (nout + nin > q->nfree)
		return nout + nin > q->size ? -EINVAL : -EAGAIN;
	for (i = 0; i < nout; i++)
		append(q, &b, &out[i], 0);
	for (i = 0; i < nin; i++) {
		append(q, &b, &in[i], VIRTQ_DESC_F_WRITE);
		room += in[i].len;
	}
	if (!b.count)
		return -EINVAL;
	q->d[b.head].token = token;
	q->d[b.head].room = room;
	q->d[b.head].count = b.count;
	q->avail->ring[q->avail_idx & (q->size - 1)] = b.head;
	q->avail_idx++;
	/* 2.7.13.3.1: the entry before the index. */
	__atomic_store_n(&q->avail->idx, q->avail_idx, __ATOMIC_RELEASE);
	return 0;
}

/* Whether the device must be notified of what was added since the last call
 * (2.7.13.4); the caller does it. */
bool vq_kick(struct vq *q)
{
	uint16_t old = q->kicked, event;

	if (old == q->avail_idx)
		return false;
	q->kicked = q->avail_idx;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!q->event_idx)
		return !(__atomic_load_n(&q->used->flags, __ATOMIC_RELAXED) &
			 VIRTQ_USED_F_NO_NOTIFY);
	event = __atomic_load_n(avail_event(q), __ATOMIC_RELAXED);
	return (uint16_t)(q->avail_idx - event - 1) <
	       (uint16_t)(q->avail_idx - old);
}

/* The token of the next chain that the device has used, with the bytes that it
 * wrote; NULL: none, or the queue is broken. */
void *vq_reap(struct vq *q, uint32_t *len)
{
	uint16_t idx = __atomic_load_n(&q->used->idx, __ATOMIC_ACQUIRE);
	const volatile struct virtq_used_elem *e;
	uint32_t id;
	void *token;

	if (q->broken || idx == q->used_seen)
		return NULL;
	e = &q->used->ring[q->used_seen & (q->size - 1)];
	id = e->id;
	*len = e->len;
	if ((uint16_t)(idx - q->used_seen) > q->size || id >= q->size ||
	    !q->d[id].token || *len > q->d[id].room) {
		q->broken = true;
		return NULL;
	}
	token = q->d[id].token;
	desc_put_chain(q, (uint16_t)id);
	q->used_seen++;
	return token;
}

/* Interrupts for what is used from now on, or not; with true: whether
 * something was used already, which then gets no interrupt of its own. */
bool vq_want_irq(struct vq *q, bool want)
{
	if (q->event_idx)
		/* One behind is as far in the future as it gets. */
		__atomic_store_n(used_event(q),
				 want ? q->used_seen
				      : (uint16_t)(q->used_seen - 1),
				 __ATOMIC_RELAXED);
	else
		__atomic_store_n(&q->avail->flags,
				 want ? 0 : VIRTQ_AVAIL_F_NO_INTERRUPT,
				 __ATOMIC_RELAXED);
	if (!want)
		return false;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&q->used->idx, __ATOMIC_RELAXED) != q->used_seen;
}
