/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue.c: the device side of a split virtqueue.
 *
 * virtq_pop() and virtq_push() are what a device calls; both take the queue's
 * lock, so several threads may serve one queue, each its own chain.  The rings
 * are reached through gpa_slice() alone.  Each word of a ring is read once,
 * and what was read is checked, not what is still there: the guest may write
 * to its rings at any moment.
 */
#include "host/virtio/queue.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "boot/abi/virtio.h"
#include "host/log.h"

/* A chain while it is collected. */
struct walk {
	struct virtq_chain *chain;
	const struct guest_mem *mem;
	const volatile struct virtq_desc *table;
	uint32_t size; /* entries of the table */
	uint64_t total;
};

static uint16_t load16(const uint16_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static uint64_t avail_bytes(uint32_t size)
{
	return offsetof(struct virtq_avail, ring) + 2ULL * size + 2;
}

static uint64_t used_bytes(uint32_t size)
{
	return offsetof(struct virtq_used, ring) +
	       sizeof(struct virtq_used_elem) * (uint64_t)size + 2;
}

static struct virtq_avail *avail_ring(const struct virtq *q)
{
	return gpa_slice(q->mem, GPA(q->avail), avail_bytes(q->size));
}

static struct virtq_used *used_ring(const struct virtq *q)
{
	return gpa_slice(q->mem, GPA(q->used), used_bytes(q->size));
}

/* 2.7.10: used_event stands behind the available ring... */
static uint16_t *used_event(const struct virtq *q, struct virtq_avail *a)
{
	return &a->ring[q->size];
}

/* ...and avail_event behind the used ring. */
static uint16_t *avail_event(const struct virtq *q, struct virtq_used *u)
{
	return (uint16_t *)(void *)&u->ring[q->size];
}

void virtq_init(struct virtq *q, const struct guest_mem *mem)
{
	memset(q, 0, sizeof(*q));
	q->mem = mem;
	pthread_mutex_init(&q->lock, NULL);
}

void virtq_fini(struct virtq *q)
{
	pthread_mutex_destroy(&q->lock);
}

/* Back to what virtq_init() left: not ready, no rings. */
void virtq_reset(struct virtq *q)
{
	pthread_mutex_lock(&q->lock);
	q->ready = q->event_idx = q->want = false;
	q->size = q->last_avail = q->used_idx = q->signalled = 0;
	q->desc = q->avail = q->used = 0;
	pthread_mutex_unlock(&q->lock);
}

/* 2.7: a power of two of entries, rings aligned and wholly in RAM. */
static bool rings_valid(const struct virtq *q)
{
	if (!q->size || q->size > VIRTQ_MAX_SIZE || (q->size & (q->size - 1)))
		return false;
	if (q->desc % 16 || q->avail % 2 || q->used % 4)
		return false;
	return gpa_slice(q->mem, GPA(q->desc),
			 sizeof(struct virtq_desc) * (uint64_t)q->size) &&
	       avail_ring(q) && used_ring(q);
}

static void ask_kicks(struct virtq *q, struct virtq_used *u)
{
	if (q->event_idx)
		__atomic_store_n(avail_event(q, u), q->last_avail,
				 __ATOMIC_RELAXED);
	else
		__atomic_store_n(&u->flags,
				 q->want ? 0 : VIRTQ_USED_F_NO_NOTIFY,
				 __ATOMIC_RELAXED);
}

int virtq_enable(struct virtq *q, bool event_idx)
{
	int ret = -EINVAL;

	pthread_mutex_lock(&q->lock);
	if (!q->ready && rings_valid(q)) {
		q->event_idx = event_idx;
		q->ready = q->want = true;
		ask_kicks(q, used_ring(q));
		ret = 0;
	}
	pthread_mutex_unlock(&q->lock);
	return ret;
}

/* Adds one buffer to the chain. */
static int add_buffer(struct walk *w, const struct virtq_desc *d)
{
	struct virtq_chain *c = w->chain;
	unsigned n = c->nread + c->nwrite;
	bool write = d->flags & VIRTQ_DESC_F_WRITE;
	void *p = gpa_slice(w->mem, GPA(d->addr), d->len);

	if (!p || n == VIRTQ_MAX_IOV)
		return -EPROTO;
	if (!write && c->nwrite) /* 2.7.4.2: readable ones come first */
		return -EPROTO;
	w->total += d->len;
	if (w->total > UINT32_MAX)
		return -EPROTO;
	c->iov[n] = (struct iovec){ .iov_base = p, .iov_len = d->len };
	if (write) {
		c->nwrite++;
		c->write_len += d->len;
	} else {
		c->nread++;
		c->read_len += d->len;
	}
	return 0;
}

/* 2.7.5.3: the rest of the walk goes through the table that d names. */
static int enter_indirect(struct walk *w, const struct virtq_desc *d)
{
	uint32_t n = d->len / sizeof(struct virtq_desc);

	if (d->flags & (VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE))
		return -EPROTO;
	if (d->addr % 16 || d->len % sizeof(struct virtq_desc) || !n ||
	    n > VIRTQ_MAX_SIZE)
		return -EPROTO;
	w->table = gpa_slice(w->mem, GPA(d->addr), d->len);
	w->size = n;
	return w->table ? 0 : -EPROTO;
}

/* Collects the chain that starts at descriptor i.  Its length is bounded by
 * VIRTQ_MAX_IOV, so a loop ends there. */
static int walk_chain(struct walk *w, uint32_t i)
{
	bool indirect = false;
	struct virtq_desc d;
	int ret;

	for (;;) {
		if (i >= w->size)
			return -EPROTO;
		d = (struct virtq_desc){ .addr = w->table[i].addr,
					 .len = w->table[i].len,
					 .flags = w->table[i].flags,
					 .next = w->table[i].next };
		if (d.flags & VIRTQ_DESC_F_INDIRECT) {
			if (indirect || w->total)
				return -EPROTO;
			ret = enter_indirect(w, &d);
			if (ret < 0)
				return ret;
			indirect = true;
			i = 0;
			continue;
		}
		ret = add_buffer(w, &d);
		if (ret < 0)
			return ret;
		if (!(d.flags & VIRTQ_DESC_F_NEXT))
			return 0;
		i = d.next;
	}
}

/* The number of available chains, or -EPROTO. */
static int pending(const struct virtq *q, const struct virtq_avail *a)
{
	uint16_t n = load16(&a->idx) - q->last_avail;

	if (!n && q->want) {
		/* What was published in avail_event before must be seen by the
		 * driver, or its new index by us. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		n = load16(&a->idx) - q->last_avail;
	}
	return n > q->size ? -EPROTO : n;
}

static int pop_locked(struct virtq *q, struct virtq_chain *c)
{
	struct virtq_avail *a = avail_ring(q);
	struct virtq_used *u = used_ring(q);
	struct walk w = { .chain = c, .mem = q->mem, .size = q->size };
	int n;

	w.table = gpa_slice(q->mem, GPA(q->desc),
			    sizeof(struct virtq_desc) * (uint64_t)q->size);
	if (!a || !u || !w.table)
		return -EPROTO;
	n = pending(q, a);
	if (n <= 0)
		return n;
	c->head = __atomic_load_n(&a->ring[q->last_avail & (q->size - 1)],
				  __ATOMIC_RELAXED);
	c->nread = c->nwrite = 0;
	c->read_len = c->write_len = 0;
	n = walk_chain(&w, c->head);
	if (n < 0)
		return n;
	q->last_avail++;
	if (q->want && q->event_idx)
		ask_kicks(q, u);
	return 1;
}

int virtq_pop(struct virtq *q, struct virtq_chain *c)
{
	int ret = 0;

	pthread_mutex_lock(&q->lock);
	if (q->ready)
		ret = pop_locked(q, c);
	pthread_mutex_unlock(&q->lock);
	return ret;
}

void virtq_push(struct virtq *q, uint16_t head, uint32_t len)
{
	struct virtq_used *u;

	pthread_mutex_lock(&q->lock);
	u = q->ready ? used_ring(q) : NULL;
	if (u) {
		u->ring[q->used_idx & (q->size - 1)] =
			(struct virtq_used_elem){ .id = head, .len = len };
		q->used_idx++;
		__atomic_store_n(&u->idx, q->used_idx, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&q->lock);
}

bool virtq_should_notify(struct virtq *q)
{
	struct virtq_avail *a;
	uint16_t old, event;
	bool yes = false;

	pthread_mutex_lock(&q->lock);
	a = q->ready ? avail_ring(q) : NULL;
	if (!a)
		goto out;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	old = q->signalled;
	q->signalled = q->used_idx;
	if (!q->event_idx) {
		yes = !(load16(&a->flags) & VIRTQ_AVAIL_F_NO_INTERRUPT);
		goto out;
	}
	event = load16(used_event(q, a));
	yes = (uint16_t)(q->used_idx - event - 1) <
	      (uint16_t)(q->used_idx - old);
out:
	pthread_mutex_unlock(&q->lock);
	return yes;
}

/* Both sides' indices, for who looks at a machine that hangs. */
void virtq_log(struct virtq *q, const char *device, unsigned number)
{
	struct virtq_avail *a;
	struct virtq_used *u;

	pthread_mutex_lock(&q->lock);
	a = q->ready ? avail_ring(q) : NULL;
	u = q->ready ? used_ring(q) : NULL;
	if (a && u)
		log_line(LOG_WARN,
			 "queue: device=%s queue=%u avail=%u taken=%u used=%u "
			 "signalled=%u used_event=%u avail_event=%u want=%d",
			 device, number, load16(&a->idx), q->last_avail,
			 q->used_idx, q->signalled, load16(used_event(q, a)),
			 load16(avail_event(q, u)), q->want);
	pthread_mutex_unlock(&q->lock);
}

bool virtq_want_kick(struct virtq *q, bool want)
{
	struct virtq_avail *a;
	struct virtq_used *u;
	bool more = false;

	pthread_mutex_lock(&q->lock);
	a = q->ready ? avail_ring(q) : NULL;
	u = q->ready ? used_ring(q) : NULL;
	if (!a || !u)
		goto out;
	q->want = want;
	if (want || !q->event_idx)
		ask_kicks(q, u);
	if (want) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		more = load16(&a->idx) != q->last_avail;
	}
out:
	pthread_mutex_unlock(&q->lock);
	return more;
}
