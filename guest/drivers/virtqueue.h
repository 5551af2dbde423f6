/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtqueue.h: the driver side of a split virtqueue (virtio 1.2, 2.7).
 *
 * Pure: it knows ring memory and nothing else of the kernel.  The caller
 * allocates the ring, tells the device where it is, serialises all calls on
 * one queue, and does the notifications that vq_kick() asks for.
 */
#ifndef DRIVERS_VIRTQUEUE_H
#define DRIVERS_VIRTQUEUE_H

#include "kuni/types.h"
#include "virtio.h"

#define VQ_MAX_SIZE 256
#define VQ_END      0xffff /* no descriptor */

struct vq_seg {
	paddr_t pa;
	uint32_t len;
};

struct vq {
	/* the ring, shared with the device */
	volatile struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	paddr_t desc_pa, avail_pa, used_pa; /* what the device is told */
	/* ours alone: nothing is read back from the ring but the used part */
	uint16_t size;
	uint16_t free_head; /* chain of returned descriptors, by next[] */
	uint16_t fresh;     /* from here on none was ever used */
	uint16_t nfree;
	uint16_t avail_idx; /* next available entry to write */
	uint16_t kicked;    /* avail_idx at the last vq_kick() */
	uint16_t used_seen; /* next used entry to read */
	bool event_idx;
	bool broken; /* the device broke the rules: the queue is dead */
	struct {
		void *token;    /* head of a chain in flight: not NULL */
		uint32_t room;  /* head: bytes that the device may write */
		uint16_t count; /* head: descriptors of the chain */
		uint16_t next;
	} d[VQ_MAX_SIZE];
};

size_t vq_bytes(unsigned size);
void vq_init(struct vq *q, unsigned size, bool event_idx, void *mem,
	     paddr_t pa);
int vq_add(struct vq *q, const struct vq_seg *out, unsigned nout,
	   const struct vq_seg *in, unsigned nin, void *token) MUST_CHECK;
bool vq_kick(struct vq *q) MUST_CHECK;
void *vq_reap(struct vq *q, uint32_t *len) MUST_CHECK;
bool vq_want_irq(struct vq *q, bool want);

#endif
