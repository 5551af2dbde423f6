/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue.h: the device side of a split virtqueue (virtio 1.2, 2.7).
 *
 * virtq_pop() validates everything it takes from the guest before anyone sees
 * it: ring addresses, the available index, descriptor numbers, loops, lengths,
 * readable-before-writable order, indirect tables.  Its result is host iovecs
 * that lie in guest RAM; the guest may still change their bytes at any time,
 * so a device copies what it will look at twice.
 */
#ifndef HOST_VIRTIO_QUEUE_H
#define HOST_VIRTIO_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "host/memory.h"

/* The most buffers of a chain: what the guest's fs driver may send (64 pages
 * and 2 headers out, 128 pages and 2 headers in), and spare. */
#define VIRTQ_MAX_IOV 200

struct virtq {
	const struct guest_mem *mem;
	pthread_mutex_t lock;
	/* All below: [lock], which pop, push and the others take themselves. */
	uint16_t size; /* entries that the driver chose */
	bool ready, event_idx;
	bool want;                  /* the driver is to notify of each buffer */
	uint64_t desc, avail, used; /* guest-physical, checked at ready */
	uint16_t last_avail;        /* next available entry to take */
	uint16_t used_idx;          /* next used entry to write */
	uint16_t signalled; /* used_idx at the last interrupt (EVENT_IDX) */
};

/* One chain: readable buffers first, then writable ones. */
struct virtq_chain {
	uint16_t head;
	uint16_t nread, nwrite; /* iov[0..nread), iov[nread..nread + nwrite) */
	uint64_t read_len, write_len;
	struct iovec iov[VIRTQ_MAX_IOV];
};

void virtq_init(struct virtq *q, const struct guest_mem *mem);
void virtq_fini(struct virtq *q);
void virtq_reset(struct virtq *q);
/* Checks size and the three ring addresses: 0 or -EINVAL.  From then on the
 * driver is asked to notify. */
int virtq_enable(struct virtq *q, bool event_idx) MUST_CHECK;
/* 1: *c filled; 0: nothing available; -EPROTO: the driver broke the rules. */
int virtq_pop(struct virtq *q, struct virtq_chain *c) MUST_CHECK;
/* Returns the chain with `len` bytes written into its writable part.  Nothing
 * happens where the queue was reset meanwhile. */
void virtq_push(struct virtq *q, uint16_t head, uint32_t len);
/* Whether the driver wants an interrupt for what was pushed since the last
 * call. */
bool virtq_should_notify(struct virtq *q);
/* Tells the driver (not) to notify; enabling returns true where buffers have
 * arrived meanwhile and must be looked at. */
bool virtq_want_kick(struct virtq *q, bool want);

/* Both sides' indices into the log. */
void virtq_log(struct virtq *q, const char *device, unsigned number);

#endif
