// uses: host/virtio/queue.c host/virtio/device.c host/virtio/rng.c host/virtio/vhost_user.c guest/drivers/virtqueue.c host/memory.c host/err.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio_vhost_user_test.c: the vhost-user back end against a front end that
 * behaves as QEMU does, then against ones that do not.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "boot/abi/virtio.h"
#include "guest/drivers/virtqueue.h"
#include "host/log.h"
#include "host/virtio/rng.h"
#include "host/virtio/vhost_user.h"
#include "tests/unit/check.h"

#define RAM_SIZE (1UL << 20)
#define RAM_GPA  0x200000ULL
#define RAM_USER 0x7f0000000000ULL /* where the peer says it has it */
#define DATA     0x10000UL
#define F_PROTO  (1ULL << 30)

void log_line(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

struct peer {
	int fd, memfd, kick, call;
	uint8_t *ram;
	struct vhost_user *v;
	struct vq q;
	unsigned broken; /* times that we were told */
};

static int make(struct virtio_device **out, const struct guest_mem *mem,
		void *arg)
{
	(void)arg;
	return virtio_rng_create(out, mem);
}

static void on_broken(void *arg)
{
	__atomic_fetch_add(&((struct peer *)arg)->broken, 1, __ATOMIC_SEQ_CST);
}

static const struct vhost_user_ops ops = {
	.make = make,
	.destroy = virtio_rng_destroy,
	.broken = on_broken,
};

static void peer_open(struct peer *p, bool sealed)
{
	int sv[2];

	memset(p, 0, sizeof(*p));
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	p->fd = sv[0];
	p->memfd = memfd_create("ram", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CHECK_EQ(ftruncate(p->memfd, RAM_SIZE), 0);
	if (sealed)
		CHECK_EQ(fcntl(p->memfd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	p->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      p->memfd, 0);
	p->kick = eventfd(0, EFD_CLOEXEC);
	p->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	CHECK_EQ(vhost_user_create(&p->v, sv[1], &ops, p), 0);
}

static void peer_close(struct peer *p)
{
	vhost_user_destroy(p->v);
	munmap(p->ram, RAM_SIZE);
	close(p->fd);
	close(p->memfd);
	close(p->kick);
	close(p->call);
}

static void send_msg(struct peer *p, uint32_t req, uint32_t flags,
		     const void *body, uint32_t size, int fd)
{
	uint32_t h[3] = { req, flags, size };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} c;
	struct iovec iov[2] = { { h, sizeof(h) },
				{ (void *)(uintptr_t)body, size } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	if (fd >= 0) {
		memset(&c, 0, sizeof(c));
		m.msg_control = c.bytes;
		m.msg_controllen = sizeof(c.bytes);
		CMSG_FIRSTHDR(&m)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&m)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&m)->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &fd, sizeof(int));
	}
	CHECK_EQ(sendmsg(p->fd, &m, MSG_NOSIGNAL), sizeof(h) + size);
}

static void send_u64(struct peer *p, uint32_t req, uint64_t v, int fd)
{
	send_msg(p, req, 1, &v, 8, fd);
}

static void send_state(struct peer *p, uint32_t req, uint32_t i, uint32_t n)
{
	uint32_t s[2] = { i, n };

	send_msg(p, req, 1, s, 8, -1);
}

/* The reply's 64 bits, or all ones where the session has ended. */
static uint64_t reply(struct peer *p, uint32_t req)
{
	uint32_t m[5];

	if (recv(p->fd, m, 20, MSG_WAITALL) != 20)
		return UINT64_MAX;
	CHECK_EQ(m[0], req);
	CHECK_EQ(m[1], 5);
	CHECK_EQ(m[2], 8);
	return m[3] | (uint64_t)m[4] << 32;
}

static uint64_t ask(struct peer *p, uint32_t req)
{
	send_msg(p, req, 1, NULL, 0, -1);
	return reply(p, req);
}

/* The session ends within a second. */
static bool ended(struct peer *p)
{
	struct pollfd f = { .fd = p->fd, .events = POLLIN };
	ssize_t n;
	char c;

	if (poll(&f, 1, 1000) != 1)
		return false;
	n = recv(p->fd, &c, 1, 0);
	/* ECONNRESET: it closed with bytes of ours unread. */
	return n == 0 || (n < 0 && errno == ECONNRESET);
}

struct mem_body {
	uint32_t n, pad;
	uint64_t gpa, size, user, offset;
};

static void send_mem(struct peer *p, struct mem_body b)
{
	send_msg(p, 5, 1, &b, sizeof(b), p->memfd);
}

static const struct mem_body good_mem = {
	1, 0, RAM_GPA, RAM_SIZE, RAM_USER, 0
};

struct addr_body {
	uint32_t index, flags;
	uint64_t desc, used, avail, log;
};

static void handshake(struct peer *p)
{
	uint64_t f = ask(p, 1);

	CHECK(f & F_PROTO);
	CHECK(f & 1ULL << VIRTIO_F_VERSION_1);
	CHECK_EQ(ask(p, 15), 9); /* MQ, REPLY_ACK */
	send_u64(p, 16, 9, -1);
	CHECK_EQ(ask(p, 17), 1);
	send_msg(p, 3, 1, NULL, 0, -1);
	send_u64(p, 2, f, -1);
	send_mem(p, good_mem);
}

static void ring_up(struct peer *p)
{
	struct addr_body a = { 0 };

	memset(&p->q, 0, sizeof(p->q));
	vq_init(&p->q, 8, true, p->ram, RAM_GPA);
	a.desc = p->q.desc_pa - RAM_GPA + RAM_USER;
	a.avail = p->q.avail_pa - RAM_GPA + RAM_USER;
	a.used = p->q.used_pa - RAM_GPA + RAM_USER;
	send_state(p, 8, 0, 8);
	send_state(p, 10, 0, 0);
	send_msg(p, 9, 1, &a, sizeof(a), -1);
	send_u64(p, 12, 0, p->kick);
	send_u64(p, 13, 0, p->call);
	send_state(p, 18, 0, 1);
}

static void test_session(void)
{
	struct vq_seg in = { RAM_GPA + DATA, 64 };
	uint64_t one = 1, n = 0;
	struct peer p;
	struct pollfd f;
	uint32_t len;

	peer_open(&p, true);
	handshake(&p);
	ring_up(&p);
	/* With REPLY_ACK a message can ask for its own acknowledgement. */
	send_msg(&p, 3, 1 | 8, NULL, 0, -1);
	CHECK_EQ(reply(&p, 3), 0);
	(void)!read(p.call, &n, 8); /* the one of SET_VRING_CALL */
	(void)vq_want_irq(&p.q, true);
	CHECK_EQ(vq_add(&p.q, NULL, 0, &in, 1, &p), 0);
	CHECK(vq_kick(&p.q));
	CHECK_EQ(write(p.kick, &one, 8), 8);
	f = (struct pollfd){ .fd = p.call, .events = POLLIN };
	CHECK_EQ(poll(&f, 1, 2000), 1);
	CHECK(vq_reap(&p.q, &len) == &p);
	CHECK_EQ(len, 64);
	send_state(&p, 11, 0, 0);
	CHECK_EQ(reply(&p, 11), 1ULL << 32); /* one request was taken */
	ring_up(&p);                         /* and once more */
	send_msg(&p, 3, 1 | 8, NULL, 0, -1);
	CHECK_EQ(reply(&p, 3), 0);
	peer_close(&p);
}

static void test_bad_memory(void)
{
	static const struct mem_body bads[] = {
		{ 0, 0, RAM_GPA, RAM_SIZE, RAM_USER, 0 },
		{ 2, 0, RAM_GPA, RAM_SIZE, RAM_USER, 0 },
		{ UINT32_MAX, 0, RAM_GPA, RAM_SIZE, RAM_USER, 0 },
		{ 1, 0, RAM_GPA, 0, RAM_USER, 0 },
		{ 1, 0, RAM_GPA, RAM_SIZE + 1, RAM_USER, 0 },
		{ 1, 0, RAM_GPA, RAM_SIZE, RAM_USER, 4096 },
		{ 1, 0, RAM_GPA, 4096, RAM_USER, 100 },
		{ 1, 0, RAM_GPA, 4096, RAM_USER, -4096ULL },
		{ 1, 0, -4096ULL, 8192, RAM_USER, 0 },
		{ 1, 0, RAM_GPA, 8192, -4096ULL, 0 },
	};
	struct peer p;
	unsigned i;

	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		peer_open(&p, true);
		send_mem(&p, bads[i]);
		CHECK(ended(&p));
		peer_close(&p);
	}
	peer_open(&p, false); /* it could be truncated under us */
	send_mem(&p, good_mem);
	CHECK(ended(&p));
	peer_close(&p);
	peer_open(&p, true); /* no descriptor at all */
	send_msg(&p, 5, 1, &good_mem, sizeof(good_mem), -1);
	CHECK(ended(&p));
	peer_close(&p);
}

static void test_bad_messages(void)
{
	struct addr_body a = {
		0, 0, RAM_USER + RAM_SIZE, RAM_USER, RAM_USER, 0
	};
	static const struct {
		uint32_t req, flags, size;
		uint32_t body[2];
	} bads[] = {
		{ 99, 1, 0, { 0 } },
		{ 1, 2, 0, { 0 } }, /* version */
		{ 1, 5, 0, { 0 } }, /* a reply */
		{ 1, 1, UINT32_MAX, { 0 } },
		{ 2, 1, 8, { 0, 2 } }, /* a feature that is not offered */
		{ 2, 1, 4, { 0 } },
		{ 16, 1, 8, { 2, 0 } },
		{ 8, 1, 8, { 1, 8 } },      /* no such ring */
		{ 8, 1, 8, { 0, 16 } },     /* larger than we said */
		{ 12, 1, 8, { 0, 0 } },     /* no descriptor */
		{ 12, 1, 8, { 0x100, 0 } }, /* polling */
		{ 13, 1, 8, { 5, 0 } },
		{ 18, 1, 8, { 77, 1 } },
		{ 11, 1, 4, { 0 } },
	};
	uint32_t h[5];
	struct peer p;
	unsigned i;

	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		peer_open(&p, true);
		memcpy(h, &bads[i], 20);
		CHECK_EQ(send(p.fd, h,
			      12 + (bads[i].size > 8 ? 8 : bads[i].size),
			      0) > 0,
			 1);
		CHECK(ended(&p));
		peer_close(&p);
	}
	peer_open(&p, true); /* a ring outside the memory */
	handshake(&p);
	send_msg(&p, 9, 1, &a, sizeof(a), -1);
	CHECK(ended(&p));
	peer_close(&p);
	peer_open(&p, true); /* a kick before the ring is known */
	handshake(&p);
	send_u64(&p, 12, 0, p.kick);
	CHECK(ended(&p));
	peer_close(&p);
	peer_open(&p, true); /* half a message, then the end of us */
	CHECK_EQ(send(p.fd, "\1\0\0", 3, 0), 3);
	peer_close(&p);
}

static void test_broken_driver(void)
{
	uint64_t one = 1;
	struct peer p;

	peer_open(&p, true);
	handshake(&p);
	ring_up(&p);
	send_msg(&p, 3, 1 | 8, NULL, 0, -1);
	CHECK_EQ(reply(&p, 3), 0);
	p.q.avail->idx = 100;
	CHECK_EQ(write(p.kick, &one, 8), 8);
	CHECK(ended(&p));
	peer_close(&p);
	CHECK_EQ(p.broken, 1);
}

static int count_fds(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

int main(void)
{
	int before = count_fds();

	test_session();
	test_bad_memory();
	test_bad_messages();
	test_broken_driver();
	CHECK_EQ(count_fds(), before);
	return check_done("virtio_vhost_user");
}
