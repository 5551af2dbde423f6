/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vhost_user.c: one of our devices behind the vhost-user protocol.
 *
 * One thread polls the socket and the kick descriptors, so messages and
 * requests never run at once and need no lock.  What it understands is what
 * QEMU's vhost-user-fs-device sends: features, MQ and REPLY_ACK, the memory
 * table, the rings.  A message that is wrong in any way ends the session: the
 * socket is closed, which QEMU sees.  The RAM must be sealed against
 * shrinking (memory-backend-memfd does that), or touching it could kill us.
 */
#include "host/virtio/vhost_user.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/abi/virtio.h"
#include "host/err.h"
#include "host/log.h"

enum request {
	GET_FEATURES = 1,
	SET_FEATURES = 2,
	SET_OWNER = 3,
	RESET_OWNER = 4,
	SET_MEM_TABLE = 5,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR = 9,
	SET_VRING_BASE = 10,
	GET_VRING_BASE = 11,
	SET_VRING_KICK = 12,
	SET_VRING_CALL = 13,
	SET_VRING_ERR = 14,
	GET_PROTOCOL_FEATURES = 15,
	SET_PROTOCOL_FEATURES = 16,
	GET_QUEUE_NUM = 17,
	SET_VRING_ENABLE = 18,
};

#define MSG_VERSION      1U
#define MSG_VERSION_MASK 3U
#define MSG_REPLY        4U
#define MSG_NEED_REPLY   8U
#define MSG_MAX_FDS      8
#define F_PROTOCOL       (1ULL << 30) /* VHOST_USER_F_PROTOCOL_FEATURES */
#define P_MQ             (1ULL << 0)
#define P_REPLY_ACK      (1ULL << 3)
#define VRING_INDEX      0xffU
#define VRING_NO_FD      0x100U

struct mem_entry {
	uint64_t gpa, size, user, offset;
};

struct message {
	uint32_t request, flags, size;
	union {
		uint64_t u64;
		struct {
			uint32_t index, num;
		} state;
		struct {
			uint32_t index, flags;
			uint64_t desc, used, avail, log;
		} addr;
		struct {
			uint32_t n, pad;
			struct mem_entry entry[MSG_MAX_FDS];
		} mem;
	};
};

/* The payload is 8-aligned in memory, not on the wire. */
struct wire_header {
	uint32_t request, flags, size;
};

struct vhost_user {
	int fd;   /* the socket */
	int stop; /* eventfd of vhost_user_destroy() */
	pthread_t thread;
	struct virtio_device *dev;
	const struct vhost_user_ops *ops; /* [I] */
	void *arg;                        /* [I] */
	struct guest_mem mem;
	uint64_t user[MEM_MAX_REGIONS]; /* the peer's address of each region */
	uint64_t features, protocol;
	int kick[VIRTIO_MAX_QUEUES], call[VIRTIO_MAX_QUEUES];
	bool enabled[VIRTIO_MAX_QUEUES];
	bool started;
	bool joined;          /* the thread is gone */
	bool broken;          /* the device is: the session ends */
	int fds[MSG_MAX_FDS]; /* of the message at hand */
	unsigned nfds;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static uint64_t offered(const struct vhost_user *v)
{
	return v->dev->ops->features | 1ULL << VIRTIO_F_VERSION_1 |
	       1ULL << VIRTIO_F_EVENT_IDX | 1ULL << VIRTIO_F_INDIRECT_DESC |
	       F_PROTOCOL;
}

static void take_fds(struct vhost_user *v, struct msghdr *h)
{
	struct cmsghdr *c;
	size_t n;

	for (c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (n > MSG_MAX_FDS)
			n = MSG_MAX_FDS; /* the buffer holds no more */
		memcpy(v->fds, CMSG_DATA(c), n * sizeof(int));
		v->nfds = (unsigned)n;
	}
}

static void drop_fds(struct vhost_user *v)
{
	unsigned i;

	for (i = 0; i < v->nfds; i++)
		close_fd(&v->fds[i]);
	v->nfds = 0;
}

/* Waits for the socket; -ECANCELED where vhost_user_destroy() wants an end. */
static int wait_readable(struct vhost_user *v)
{
	struct pollfd p[2] = { { .fd = v->fd, .events = POLLIN },
			       { .fd = v->stop, .events = POLLIN } };

	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return -errno;
	return p[1].revents ? -ECANCELED : 0;
}

/* All of n bytes; descriptors may come with the first of them. */
static int read_all(struct vhost_user *v, void *buf, size_t n, bool with_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(MSG_MAX_FDS * sizeof(int))];
	} control;
	size_t done = 0;
	ssize_t r;
	int ret;

	while (done < n) {
		struct iovec iov = { (char *)buf + done, n - done };
		struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

		if (with_fds && !done) {
			h.msg_control = control.bytes;
			h.msg_controllen = sizeof(control.bytes);
		}
		r = recvmsg(v->fd, &h, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		if (r < 0 && (errno == EINTR || errno == EAGAIN)) {
			ret = wait_readable(v);
			if (ret < 0)
				return ret;
			continue;
		}
		if (r < 0)
			return -errno;
		if (!r)
			return -ECONNRESET;
		if (h.msg_controllen)
			take_fds(v, &h);
		if (h.msg_flags & MSG_CTRUNC)
			return -EPROTO;
		done += (size_t)r;
	}
	return 0;
}

static int read_message(struct vhost_user *v, struct message *m)
{
	struct wire_header h;
	int ret;

	memset(m, 0, sizeof(*m));
	ret = read_all(v, &h, sizeof(h), true);
	if (ret < 0)
		return ret;
	if ((h.flags & MSG_VERSION_MASK) != MSG_VERSION ||
	    (h.flags & MSG_REPLY) || h.size > sizeof(m->mem))
		return -EPROTO;
	m->request = h.request;
	m->flags = h.flags;
	m->size = h.size;
	return read_all(v, &m->u64, h.size, false);
}

static int send_reply(struct vhost_user *v, struct message *m, uint32_t size)
{
	struct wire_header h = { m->request, MSG_VERSION | MSG_REPLY, size };
	struct iovec iov[2] = { { &h, sizeof(h) }, { &m->u64, size } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t r;

	do
		r = sendmsg(v->fd, &msg, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return (size_t)r == sizeof(h) + size ? 0 : -EIO;
}

static int reply_u64(struct vhost_user *v, struct message *m, uint64_t value)
{
	m->u64 = value;
	m->flags &= ~MSG_NEED_REPLY;
	return send_reply(v, m, sizeof(m->u64));
}

/* ---- memory ---- */

static void unmap_all(struct vhost_user *v)
{
	unsigned i;

	for (i = 0; i < v->mem.nregion; i++)
		munmap(v->mem.region[i].hva, v->mem.region[i].len);
	v->mem.nregion = 0;
}

static bool entry_valid(const struct mem_entry *e, int fd)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (!e->size || e->offset % 4096 || e->gpa + e->size < e->gpa ||
	    e->user + e->size < e->user)
		return false;
	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) < 0)
		return false;
	return e->offset <= (uint64_t)st.st_size &&
	       e->size <= (uint64_t)st.st_size - e->offset;
}

static bool overlaps(const struct vhost_user *v, const struct mem_entry *e)
{
	const struct mem_region *r;
	unsigned i;

	for (i = 0; i < v->mem.nregion; i++) {
		r = &v->mem.region[i];
		if (e->gpa < r->gpa + r->len && r->gpa < e->gpa + e->size)
			return true;
	}
	return false;
}

static int set_mem_table(struct vhost_user *v, const struct message *m)
{
	const struct mem_entry *e = m->mem.entry;
	void *p;
	unsigned i;

	if (!m->mem.n || m->mem.n > MEM_MAX_REGIONS || m->mem.n != v->nfds ||
	    m->size < 8 + m->mem.n * sizeof(*e))
		return -EPROTO;
	unmap_all(v);
	for (i = 0; i < m->mem.n; i++, e++) {
		if (!entry_valid(e, v->fds[i]) || overlaps(v, e))
			return -EPROTO;
		p = mmap(NULL, e->size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_NORESERVE, v->fds[i],
			 (off_t)e->offset);
		if (p == MAP_FAILED)
			return -errno;
		v->mem.region[i] = (struct mem_region){ .gpa = e->gpa,
							.len = e->size,
							.hva = p };
		v->user[i] = e->user;
		v->mem.nregion++;
	}
	return 0;
}

/* The peer's address of a ring, as guest-physical. */
static bool user_to_gpa(const struct vhost_user *v, uint64_t user,
			uint64_t *gpa)
{
	unsigned i;

	for (i = 0; i < v->mem.nregion; i++) {
		if (user - v->user[i] >= v->mem.region[i].len)
			continue;
		*gpa = v->mem.region[i].gpa + (user - v->user[i]);
		return true;
	}
	return false;
}

/* ---- rings ---- */

static void ring_stop(struct vhost_user *v, unsigned i)
{
	virtq_reset(&v->dev->queue[i]);
	close_fd(&v->kick[i]);
	close_fd(&v->call[i]);
	v->enabled[i] = false;
}

static int set_ring_addr(struct vhost_user *v, const struct message *m)
{
	struct virtq *q;

	if (m->size < sizeof(m->addr) || m->addr.index >= v->dev->ops->nqueues)
		return -EPROTO;
	q = &v->dev->queue[m->addr.index];
	if (q->ready || !user_to_gpa(v, m->addr.desc, &q->desc) ||
	    !user_to_gpa(v, m->addr.avail, &q->avail) ||
	    !user_to_gpa(v, m->addr.used, &q->used))
		return -EPROTO;
	return 0;
}

/* The peer has handed over what a ring needs: size, addresses, kick. */
static int ring_start(struct vhost_user *v, unsigned i)
{
	struct virtio_device *d = v->dev;

	if (!(v->features & F_PROTOCOL))
		v->enabled[i] = true;
	if (virtq_enable(&d->queue[i], v->features >> VIRTIO_F_EVENT_IDX & 1) <
	    0)
		return -EPROTO;
	if (v->started)
		return 0;
	v->started = true;
	d->driver_features = v->features & ~F_PROTOCOL;
	return d->ops->start ? d->ops->start(d) : 0;
}

/* KICK, CALL and ERR: a descriptor, or the word that there is none. */
static int set_ring_fd(struct vhost_user *v, const struct message *m)
{
	unsigned i = (unsigned)(m->u64 & VRING_INDEX);
	bool none = m->u64 & VRING_NO_FD;
	int *slot;

	if (m->size < 8 || i >= v->dev->ops->nqueues || v->nfds != !none)
		return -EPROTO;
	if (m->request == SET_VRING_ERR)
		return 0;
	if (!none && fcntl(v->fds[0], F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	slot = m->request == SET_VRING_KICK ? &v->kick[i] : &v->call[i];
	close_fd(slot);
	if (!none) {
		*slot = v->fds[0];
		v->nfds = 0;
	}
	if (m->request == SET_VRING_KICK)
		return none ? -EPROTO : ring_start(v, i); /* we do not poll */
	/* What was used before the descriptor came is announced now. */
	v->dev->notify(v, i);
	return 0;
}

static int set_ring_state(struct vhost_user *v, struct message *m)
{
	uint32_t i = m->state.index;
	struct virtq *q;

	if (m->size < 8 || i >= v->dev->ops->nqueues)
		return -EPROTO;
	q = &v->dev->queue[i];
	switch (m->request) {
	case SET_VRING_ENABLE:
		v->enabled[i] = m->state.num == 1;
		if (v->enabled[i] && q->ready)
			v->dev->ops->kick(v->dev, i);
		return 0;
	case GET_VRING_BASE:
		m->state.num = q->last_avail;
		ring_stop(v, i);
		m->flags &= ~MSG_NEED_REPLY;
		return send_reply(v, m, sizeof(m->state));
	default:
		break;
	}
	if (q->ready)
		return -EPROTO;
	if (m->request == SET_VRING_NUM) {
		if (m->state.num > v->dev->ops->queue_size)
			return -EPROTO;
		q->size = (uint16_t)m->state.num;
		return 0;
	}
	/* Every request is finished before the next message is read, so the
	 * used index stands where the available one does. */
	q->last_avail = q->used_idx = q->signalled = (uint16_t)m->state.num;
	return 0;
}

static int set_features(struct vhost_user *v, const struct message *m)
{
	if (m->size < 8 || (m->u64 & ~offered(v)))
		return -EPROTO;
	v->features = m->u64;
	return 0;
}

static int handle(struct vhost_user *v, struct message *m)
{
	switch (m->request) {
	case GET_FEATURES:
		return reply_u64(v, m, offered(v));
	case GET_PROTOCOL_FEATURES:
		return reply_u64(v, m, P_MQ | P_REPLY_ACK);
	case GET_QUEUE_NUM:
		return reply_u64(v, m, v->dev->ops->nqueues);
	case SET_FEATURES:
		return set_features(v, m);
	case SET_PROTOCOL_FEATURES:
		if (m->size < 8 || (m->u64 & ~(P_MQ | P_REPLY_ACK)))
			return -EPROTO;
		v->protocol = m->u64;
		return 0;
	case SET_OWNER:
	case RESET_OWNER: /* deprecated, and to be ignored */
		return 0;
	case SET_MEM_TABLE:
		return set_mem_table(v, m);
	case SET_VRING_ADDR:
		return set_ring_addr(v, m);
	case SET_VRING_KICK:
	case SET_VRING_CALL:
	case SET_VRING_ERR:
		return set_ring_fd(v, m);
	case SET_VRING_NUM:
	case SET_VRING_BASE:
	case GET_VRING_BASE:
	case SET_VRING_ENABLE:
		return set_ring_state(v, m);
	default:
		return -EPROTO;
	}
}

/* One message, and its acknowledgement where that was agreed. */
static int serve_message(struct vhost_user *v)
{
	struct message m;
	int ret = read_message(v, &m);

	if (ret == 0)
		ret = handle(v, &m);
	if (ret == 0 && (m.flags & MSG_NEED_REPLY) &&
	    (v->protocol & P_REPLY_ACK))
		ret = reply_u64(v, &m, 0);
	drop_fds(v);
	if (ret < 0 && ret != -ECONNRESET && ret != -ECANCELED)
		log_line(LOG_ERROR, "vhost-user: request=%u size=%u failed: %s",
			 m.request, m.size, err_text(-ret));
	return ret;
}

static void serve_kick(struct vhost_user *v, unsigned i)
{
	uint64_t n;
	ssize_t r = read(v->kick[i], &n, sizeof(n));

	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (r != (ssize_t)sizeof(n)) {
		close_fd(&v->kick[i]); /* no eventfd: never ready again */
		return;
	}
	if (v->enabled[i] && v->dev->queue[i].ready)
		v->dev->ops->kick(v->dev, i);
}

/* virtio_device.notify.  There is no way to tell of a config change here, and
 * the one reason for it is a broken device: so the session ends. */
static void vhost_notify(void *transport, unsigned q)
{
	struct vhost_user *v = transport;
	uint64_t one = 1;

	if (q == UINT_MAX) {
		v->broken = true;
		return;
	}
	/* EAGAIN: the counter is full, so the peer is told anyway. */
	if (v->call[q] >= 0 && write(v->call[q], &one, sizeof(one)) < 0 &&
	    errno != EAGAIN)
		close_fd(&v->call[q]);
}

static void *vhost_thread(void *arg)
{
	struct vhost_user *v = arg;
	struct pollfd p[2 + VIRTIO_MAX_QUEUES];
	unsigned i, n = v->dev->ops->nqueues;

	while (!v->broken) {
		p[0] = (struct pollfd){ .fd = v->fd, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = v->stop, .events = POLLIN };
		for (i = 0; i < n; i++) /* -1 is skipped by poll */
			p[2 + i] = (struct pollfd){ .fd = v->kick[i],
						    .events = POLLIN };
		if (poll(p, 2 + n, -1) < 0) {
			if (errno == EINTR)
				continue;
			break;
		}
		if (p[1].revents)
			break;
		for (i = 0; i < n; i++)
			if (p[2 + i].revents)
				serve_kick(v, i);
		if (p[0].revents && serve_message(v) < 0)
			break;
	}
	close_fd(&v->fd);
	if (v->broken)
		v->ops->broken(v->arg);
	return NULL;
}

static void vhost_free(struct vhost_user *v)
{
	unsigned i;

	for (i = 0; i < VIRTIO_MAX_QUEUES; i++) {
		close_fd(&v->kick[i]);
		close_fd(&v->call[i]);
	}
	if (v->dev)
		v->ops->destroy(v->dev);
	unmap_all(v);
	close_fd(&v->stop);
	close_fd(&v->fd);
	free(v);
}

int vhost_user_create(struct vhost_user **out, int fd,
		      const struct vhost_user_ops *ops, void *arg)
{
	struct vhost_user *v = calloc(1, sizeof(*v));
	unsigned i;
	int ret;

	if (!v) {
		close(fd);
		return -ENOMEM;
	}
	v->fd = fd;
	v->mem.fd = -1;
	v->ops = ops;
	v->arg = arg;
	for (i = 0; i < VIRTIO_MAX_QUEUES; i++)
		v->kick[i] = v->call[i] = -1;
	v->stop = eventfd(0, EFD_CLOEXEC);
	ret = v->stop < 0 ? -errno : ops->make(&v->dev, &v->mem, arg);
	if (ret < 0)
		goto free_all;
	v->dev->notify = vhost_notify;
	v->dev->transport = v;
	ret = -pthread_create(&v->thread, NULL, vhost_thread, v);
	if (ret < 0)
		goto free_all;
	*out = v;
	return 0;
free_all:
	vhost_free(v);
	return ret;
}

static void vhost_stop(struct vhost_user *v)
{
	uint64_t one = 1;

	if (v->joined)
		return;
	(void)!write(v->stop, &one, sizeof(one));
	pthread_join(v->thread, NULL);
	v->joined = true;
}

int vhost_user_peek(struct vhost_user *v, uint64_t gpa, void *to, size_t len)
{
	const void *p;

	vhost_stop(v);
	p = gpa_slice(&v->mem, GPA(gpa), len);
	if (!p)
		return -EFAULT;
	memcpy(to, p, len);
	return 0;
}

void vhost_user_destroy(struct vhost_user *v)
{
	if (!v)
		return;
	vhost_stop(v);
	vhost_free(v);
}
