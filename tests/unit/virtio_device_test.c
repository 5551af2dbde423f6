// uses: host/virtio/queue.c host/virtio/device.c host/virtio/mmio.c host/virtio/console.c host/virtio/rng.c host/virtio/balloon.c host/virtio/fs.c host/virtio/devices.c guest/drivers/virtqueue.c host/memory.c host/err.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio_device_test.c: the status machine of the MMIO registers, and each
 * device model driven through them as a guest does, with the guest's own
 * virtqueue code.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "boot/abi/virtio.h"
#include "guest/drivers/virtqueue.h"
#include "host/fuse/server.h"
#include "host/log.h"
#include "host/virtio/balloon.h"
#include "host/virtio/console.h"
#include "host/virtio/devices.h"
#include "host/virtio/fs.h"
#include "host/virtio/mmio.h"
#include "host/virtio/rng.h"
#include "tests/unit/check.h"

#define RAM_BASE 0x1000000ULL
#define RAM_SIZE (1UL << 20)
#define DATA     0x40000ULL
#define FEATURES (1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_F_EVENT_IDX)

#define ACK VIRTIO_STATUS_ACKNOWLEDGE
#define DRV VIRTIO_STATUS_DRIVER
#define FOK VIRTIO_STATUS_FEATURES_OK
#define DOK VIRTIO_STATUS_DRIVER_OK

/* ---- fakes ---- */

static unsigned log_lines, irqs;
static bool irq_level;
static int fuse_result;
static unsigned fuse_calls, fuse_resets;

void log_line(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
	log_lines++;
}

/* Answers with the request's bytes, or with fuse_result. */
int fuse_server_handle(struct fuse_server *s, const struct iovec *in,
		       unsigned nin, const struct iovec *out, unsigned nout)
{
	(void)s;
	fuse_calls++;
	if (fuse_result)
		return fuse_result;
	if (!nin || !nout || out[0].iov_len < in[0].iov_len)
		return 0;
	memcpy(out[0].iov_base, in[0].iov_base, in[0].iov_len);
	return (int)in[0].iov_len;
}

void fuse_server_reset(struct fuse_server *s)
{
	(void)s;
	fuse_resets++;
}

static void on_irq(void *arg, bool up)
{
	(void)arg;
	irqs += up;
	irq_level = up;
}

/* ---- a machine of one device ---- */

struct box {
	struct guest_mem mem;
	uint8_t *ram;
	struct virtio_device *dev;
	struct virtio_mmio t;
	struct vq q[2];
};

static void box_ram(struct box *b)
{
	memset(b, 0, sizeof(*b));
	b->ram = aligned_alloc(4096, RAM_SIZE);
	memset(b->ram, 0, RAM_SIZE);
	b->mem.fd = -1;
	b->mem.nregion = 1;
	b->mem.region[0] = (struct mem_region){ RAM_BASE, RAM_SIZE, b->ram, 0 };
	irqs = log_lines = fuse_calls = fuse_resets = 0;
	fuse_result = 0;
	irq_level = false;
}

static void box_join(struct box *b, bool edge)
{
	CHECK_EQ(virtio_mmio_init(&b->t, b->dev, on_irq, NULL, edge), 0);
}

static uint32_t rd(struct box *b, uint32_t off)
{
	return (uint32_t)virtio_mmio_read(&b->t, off, 4);
}

static void wr(struct box *b, uint32_t off, uint32_t v)
{
	virtio_mmio_write(&b->t, off, 4, v);
}

static void features(struct box *b, uint64_t f)
{
	wr(b, VIRTIO_MMIO_STATUS, ACK | DRV);
	wr(b, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)f);
	wr(b, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	wr(b, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(f >> 32));
	wr(b, VIRTIO_MMIO_STATUS, ACK | DRV | FOK);
}

static void queue(struct box *b, unsigned slot, unsigned index, unsigned size)
{
	struct vq *q = &b->q[slot];
	uint64_t at = slot * 0x4000ULL;

	memset(q, 0, sizeof(*q));
	memset(b->ram + at, 0, 0x4000);
	vq_init(q, size, true, b->ram + at, RAM_BASE + at);
	wr(b, VIRTIO_MMIO_QUEUE_SEL, index);
	wr(b, VIRTIO_MMIO_QUEUE_NUM, size);
	wr(b, VIRTIO_MMIO_QUEUE_DESC, (uint32_t)q->desc_pa);
	wr(b, VIRTIO_MMIO_QUEUE_DRIVER, (uint32_t)q->avail_pa);
	wr(b, VIRTIO_MMIO_QUEUE_DEVICE, (uint32_t)q->used_pa);
	wr(b, VIRTIO_MMIO_QUEUE_READY, 1);
}

static void go(struct box *b)
{
	wr(b, VIRTIO_MMIO_STATUS, ACK | DRV | FOK | DOK);
}

static void box_close(struct box *b)
{
	virtio_mmio_fini(&b->t);
	free(b->ram);
}

static struct vq_seg at(unsigned n, uint32_t len)
{
	return (struct vq_seg){ RAM_BASE + DATA + n * 8192ULL, len };
}

/* ---- the registers ---- */

static void test_registers(void)
{
	struct box b;

	box_ram(&b);
	CHECK_EQ(virtio_fs_create(&b.dev, &b.mem, NULL, "root"), 0);
	box_join(&b, true);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_MAGIC), 0x74726976);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_VERSION), 2);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_FS);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_DEVICE_FEATURES),
		 1U << VIRTIO_F_EVENT_IDX | 1U << VIRTIO_F_INDIRECT_DESC);
	wr(&b, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_DEVICE_FEATURES), 1);
	wr(&b, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_DEVICE_FEATURES), 0);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_QUEUE_NUM_MAX), 256);
	wr(&b, VIRTIO_MMIO_QUEUE_SEL, 2);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
	wr(&b, VIRTIO_MMIO_QUEUE_SEL, UINT32_MAX);
	wr(&b, VIRTIO_MMIO_QUEUE_READY, 1);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_QUEUE_READY), 0);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_SHM_LEN), UINT32_MAX);
	/* wrong widths and places */
	CHECK_EQ(virtio_mmio_read(&b.t, VIRTIO_MMIO_MAGIC, 1), 0);
	CHECK_EQ(virtio_mmio_read(&b.t, VIRTIO_MMIO_MAGIC, 8), 0);
	CHECK_EQ(virtio_mmio_read(&b.t, 2, 4), 0);
	CHECK_EQ(virtio_mmio_read(&b.t, UINT32_MAX - 3, 4), 0);
	virtio_mmio_write(&b.t, VIRTIO_MMIO_STATUS, 1, 1);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_STATUS), 0);
	/* config */
	CHECK_EQ(rd(&b, VIRTIO_MMIO_CONFIG), 0x746f6f72); /* "root" */
	CHECK_EQ(virtio_mmio_read(&b.t, VIRTIO_MMIO_CONFIG + 1, 1), 'o');
	CHECK_EQ(rd(&b, VIRTIO_MMIO_CONFIG + 36), 1);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_CONFIG + 44), 0);
	CHECK_EQ(virtio_mmio_read(&b.t, VIRTIO_MMIO_CONFIG + 40, 8), 0);
	CHECK_EQ(virtio_mmio_read(&b.t, VIRTIO_MMIO_CONFIG, 3), 0);
	CHECK_EQ(virtio_mmio_read(&b.t, VIRTIO_MMIO_CONFIG, 16), 0);
	box_close(&b);
	virtio_fs_destroy(b.dev);
}

static void test_status(void)
{
	struct box b;

	box_ram(&b);
	CHECK_EQ(virtio_fs_create(&b.dev, &b.mem, NULL, "root"), 0);
	box_join(&b, true);
	wr(&b, VIRTIO_MMIO_STATUS, FOK | DOK); /* out of turn */
	CHECK_EQ(rd(&b, VIRTIO_MMIO_STATUS), 0);
	features(&b, 0); /* no VERSION_1 */
	CHECK_EQ(rd(&b, VIRTIO_MMIO_STATUS), ACK | DRV);
	go(&b);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_STATUS), ACK | DRV);
	wr(&b, VIRTIO_MMIO_STATUS, 0);
	features(&b, FEATURES | 1ULL << 33); /* not offered */
	CHECK_EQ(rd(&b, VIRTIO_MMIO_STATUS), ACK | DRV);
	queue(&b, 0, 1, 256); /* before FEATURES_OK */
	CHECK_EQ(rd(&b, VIRTIO_MMIO_QUEUE_READY), 0);
	wr(&b, VIRTIO_MMIO_STATUS, 0);
	features(&b, FEATURES);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_STATUS), ACK | DRV | FOK);
	wr(&b, VIRTIO_MMIO_DRIVER_FEATURES, 0xffff); /* too late */
	CHECK_EQ(b.dev->driver_features, FEATURES);
	wr(&b, VIRTIO_MMIO_STATUS, ACK); /* bits do not go away */
	CHECK_EQ(rd(&b, VIRTIO_MMIO_STATUS), ACK | DRV | FOK);
	queue(&b, 0, 1, 256);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_QUEUE_READY), 1);
	wr(&b, VIRTIO_MMIO_QUEUE_NUM, 8); /* rings stand still */
	wr(&b, VIRTIO_MMIO_QUEUE_DESC, 0);
	CHECK_EQ(b.dev->queue[1].size, 256);
	CHECK_EQ(b.dev->queue[1].desc, RAM_BASE);
	wr(&b, VIRTIO_MMIO_QUEUE_NOTIFY, 1); /* before DRIVER_OK */
	CHECK_EQ(fuse_calls, 0);
	go(&b);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_STATUS), ACK | DRV | FOK | DOK);
	wr(&b, VIRTIO_MMIO_QUEUE_NOTIFY, 0); /* not ready */
	wr(&b, VIRTIO_MMIO_QUEUE_NOTIFY, 7); /* no such queue */
	wr(&b, VIRTIO_MMIO_QUEUE_NOTIFY, UINT32_MAX);
	CHECK_EQ(log_lines, 0);
	wr(&b, VIRTIO_MMIO_STATUS, 0);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_STATUS), 0);
	CHECK_EQ(b.dev->queue[1].ready, 0);
	CHECK(fuse_resets > 0);
	/* it can be used again */
	features(&b, FEATURES);
	queue(&b, 0, 1, 128);
	go(&b);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_STATUS), ACK | DRV | FOK | DOK);
	box_close(&b);
	virtio_fs_destroy(b.dev);
}

static void test_wrong_queue(void)
{
	static const uint32_t sizes[] = { 0, 7, 512, 65536, 65544 };
	struct box b;
	unsigned i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		box_ram(&b);
		CHECK_EQ(virtio_fs_create(&b.dev, &b.mem, NULL, "root"), 0);
		box_join(&b, true);
		features(&b, FEATURES);
		wr(&b, VIRTIO_MMIO_QUEUE_NUM, sizes[i]);
		wr(&b, VIRTIO_MMIO_QUEUE_DESC, RAM_BASE);
		wr(&b, VIRTIO_MMIO_QUEUE_DRIVER, RAM_BASE + 0x8000);
		wr(&b, VIRTIO_MMIO_QUEUE_DEVICE, RAM_BASE + 0x10000);
		wr(&b, VIRTIO_MMIO_QUEUE_READY, 1);
		CHECK_EQ(rd(&b, VIRTIO_MMIO_QUEUE_READY), 0);
		CHECK(rd(&b, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
		CHECK_EQ(irqs, 1);
		CHECK_EQ(rd(&b, VIRTIO_MMIO_CONFIG_GENERATION), 1);
		go(&b);
		wr(&b, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
		CHECK_EQ(fuse_calls, 0);
		box_close(&b);
		virtio_fs_destroy(b.dev);
	}
}

static void test_level(void)
{
	struct vq_seg in = at(0, 64);
	struct box b;

	box_ram(&b);
	CHECK_EQ(virtio_rng_create(&b.dev, &b.mem), 0);
	box_join(&b, false);
	features(&b, FEATURES);
	queue(&b, 0, 0, 8);
	go(&b);
	(void)vq_want_irq(&b.q[0], true);
	CHECK_EQ(vq_add(&b.q[0], NULL, 0, &in, 1, &b), 0);
	CHECK(!irq_level);
	wr(&b, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	CHECK(irq_level);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_INTERRUPT_STATUS), 1);
	wr(&b, VIRTIO_MMIO_INTERRUPT_ACK, 2);
	CHECK(irq_level);
	wr(&b, VIRTIO_MMIO_INTERRUPT_ACK, 1);
	CHECK(!irq_level);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	box_close(&b);
	virtio_rng_destroy(b.dev);
}

/* ---- rng ---- */

static void test_rng(void)
{
	static const uint8_t zero[4096];
	struct vq_seg in = at(0, 8192), out = at(1, 8);
	struct box b;
	uint32_t len;

	box_ram(&b);
	CHECK_EQ(virtio_rng_create(&b.dev, &b.mem), 0);
	box_join(&b, true);
	features(&b, FEATURES);
	queue(&b, 0, 0, 8);
	go(&b);
	CHECK_EQ(vq_add(&b.q[0], NULL, 0, &in, 1, &b), 0);
	wr(&b, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	CHECK(vq_reap(&b.q[0], &len) == &b);
	CHECK(len > 0 && len <= 4096);
	CHECK(memcmp(b.ram + DATA, zero, 64) != 0);
	CHECK(!memcmp(b.ram + DATA + 4096, zero, 4096));
	CHECK_EQ(vq_add(&b.q[0], &out, 1, NULL, 0, &b), 0);
	wr(&b, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	CHECK(rd(&b, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	box_close(&b);
	virtio_rng_destroy(b.dev);
}

/* ---- balloon ---- */

/* One report of seg on queue q: whether the device took it. */
static bool report(unsigned q, const struct vq_seg *seg, bool written,
		   struct box *b)
{
	uint32_t len;
	bool taken;

	box_ram(b);
	CHECK_EQ(virtio_balloon_create(&b->dev, &b->mem), 0);
	box_join(b, true);
	features(b, FEATURES | 1ULL << VIRTIO_BALLOON_F_REPORTING);
	queue(b, 0, q, 8);
	go(b);
	memset(b->ram + DATA, 0x55, 3 * 4096);
	CHECK_EQ(vq_add(&b->q[0], written ? NULL : seg, written ? 0 : 1,
			written ? seg : NULL, written ? 1 : 0, b),
		 0);
	wr(b, VIRTIO_MMIO_QUEUE_NOTIFY, q);
	taken = vq_reap(&b->q[0], &len) == b;
	CHECK_EQ(taken,
		 !(rd(b, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET));
	return taken;
}

static void test_balloon(void)
{
	static const uint8_t zero[4096];
	struct vq_seg page = { RAM_BASE + DATA + 4096, 4096 },
		      part = { RAM_BASE + DATA + 4096, 4000 },
		      odd = { RAM_BASE + DATA + 4100, 4096 };
	struct box b;

	CHECK(report(2, &page, true, &b));
	CHECK(!memcmp(b.ram + DATA + 4096, zero, 4096));
	CHECK_EQ(b.ram[DATA + 4095], 0x55);
	CHECK_EQ(b.ram[DATA + 8192], 0x55);
	CHECK_EQ(rd(&b, VIRTIO_MMIO_CONFIG), 0); /* num_pages */
	box_close(&b);
	virtio_balloon_destroy(b.dev);

	const struct {
		unsigned q;
		const struct vq_seg *seg;
		bool written;
	} bad[] = { { 2, &part, true },
		    { 2, &odd, true },
		    { 2, &page, false },
		    { 0, &page, false },
		    { 1, &page, true } };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(!report(bad[i].q, bad[i].seg, bad[i].written, &b));
		CHECK_EQ(b.ram[DATA + 4096], 0x55);
		box_close(&b);
		virtio_balloon_destroy(b.dev);
	}
}

/* ---- fs ---- */

static void test_fs(void)
{
	struct vq_seg out = at(0, 40), in = at(1, 100);
	struct box b;
	uint32_t len;

	box_ram(&b);
	CHECK_EQ(virtio_fs_create(&b.dev, &b.mem, NULL,
				  "a tag of more than thirty-six characters"),
		 -EINVAL);
	CHECK_EQ(virtio_fs_create(&b.dev, &b.mem, NULL, "root"), 0);
	box_join(&b, true);
	features(&b, FEATURES);
	queue(&b, 0, 1, 256);
	go(&b);
	memset(b.ram + DATA, 'x', 40);
	CHECK_EQ(vq_add(&b.q[0], &out, 1, &in, 1, &out), 0);
	CHECK_EQ(vq_add(&b.q[0], &out, 1, NULL, 0, &in), 0); /* FORGET */
	CHECK(vq_kick(&b.q[0]));
	wr(&b, VIRTIO_MMIO_QUEUE_NOTIFY, 1);
	CHECK_EQ(fuse_calls, 2);
	CHECK(vq_reap(&b.q[0], &len) == &out);
	CHECK_EQ(len, 40);
	CHECK(!memcmp(b.ram + DATA + 8192, b.ram + DATA, 40));
	CHECK(vq_reap(&b.q[0], &len) == &in);
	CHECK_EQ(len, 0);
	CHECK_EQ(irqs, 0); /* it polled */
	fuse_result = -EPROTO;
	CHECK_EQ(vq_add(&b.q[0], &out, 1, &in, 1, &out), 0);
	wr(&b, VIRTIO_MMIO_QUEUE_NOTIFY, 1);
	CHECK(rd(&b, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	CHECK(!vq_reap(&b.q[0], &len));
	wr(&b, VIRTIO_MMIO_QUEUE_NOTIFY, 1);
	CHECK_EQ(fuse_calls, 3);
	box_close(&b);
	virtio_fs_destroy(b.dev);
}

/* ---- console ---- */

static char got[4096];
static size_t ngot;
static unsigned nready, nagain, nfed;
static struct vq *feed; /* gets a buffer more for each that is taken */

static void on_tx(void *arg, const void *buf, size_t len)
{
	(void)arg;
	if (feed) {
		feed->avail->idx++;
		CHECK(++nfed < 100000);
		return;
	}
	memcpy(got + ngot, buf, len);
	ngot += len;
}

static void on_ready(void *arg)
{
	(void)arg;
	nready++;
}

static void on_again(void *arg)
{
	(void)arg;
	nagain++;
}

static const struct virtio_console_ops port = { on_tx, on_ready, on_again };

static void console_box(struct box *b)
{
	box_ram(b);
	ngot = nready = 0;
	CHECK_EQ(virtio_console_create(&b->dev, &b->mem, &port, NULL), 0);
	box_join(b, true);
	CHECK_EQ(virtio_console_rx(b->dev, "early", 5), 0);
	features(b, FEATURES);
	queue(b, 0, 0, 16);
	queue(b, 1, 1, 16);
	go(b);
}

static void test_console_tx(void)
{
	struct vq_seg out[2] = { at(0, 5), at(1, 6) };
	struct box b;
	uint32_t len;

	console_box(&b);
	memcpy(b.ram + DATA, "hello", 5);
	memcpy(b.ram + DATA + 8192, " world", 6);
	CHECK_EQ(vq_add(&b.q[1], out, 2, NULL, 0, &b), 0);
	CHECK_EQ(vq_add(&b.q[1], out, 1, NULL, 0, &got), 0);
	wr(&b, VIRTIO_MMIO_QUEUE_NOTIFY, 1);
	CHECK_EQ(ngot, 16);
	CHECK(!memcmp(got, "hello worldhello", 16));
	CHECK(vq_reap(&b.q[1], &len) == &b);
	CHECK(vq_reap(&b.q[1], &len) == &got);
	CHECK_EQ(vq_add(&b.q[1], NULL, 0, out, 1, &b), 0); /* writable */
	wr(&b, VIRTIO_MMIO_QUEUE_NOTIFY, 1);
	CHECK(rd(&b, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	box_close(&b);
	virtio_console_destroy(b.dev);
}

static void test_console_rx(void)
{
	struct vq_seg in[2] = { at(0, 4), at(1, 4) };
	struct box b;
	uint32_t len;

	console_box(&b);
	CHECK_EQ(virtio_console_rx(b.dev, "abcdefghij", 10), 0);
	(void)vq_want_irq(&b.q[0], true);
	CHECK_EQ(vq_add(&b.q[0], NULL, 0, in, 2, &b), 0);
	CHECK(vq_kick(&b.q[0])); /* someone waits */
	wr(&b, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	CHECK_EQ(nready, 1);
	CHECK_EQ(virtio_console_rx(b.dev, "abcdefghij", 10), 8);
	CHECK_EQ(irqs, 1);
	CHECK(vq_reap(&b.q[0], &len) == &b);
	CHECK_EQ(len, 8);
	CHECK(!memcmp(b.ram + DATA, "abcd", 4));
	CHECK(!memcmp(b.ram + DATA + 8192, "efgh", 4));
	CHECK_EQ(vq_add(&b.q[0], NULL, 0, in, 1, &b), 0);
	CHECK(vq_kick(&b.q[0]));
	wr(&b, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	CHECK_EQ(virtio_console_rx(b.dev, "ij", 2), 2);
	CHECK(vq_reap(&b.q[0], &len) == &b);
	CHECK_EQ(len, 2);
	CHECK_EQ(vq_add(&b.q[0], NULL, 0, in, 1, &b), 0);
	CHECK(!vq_kick(&b.q[0])); /* nobody does */
	box_close(&b);
	virtio_console_destroy(b.dev);
}

/* ---- the list ---- */

/* A guest that sends without an end gets its turns, and no more. */
static void test_console_flood(void)
{
	struct vq_seg out = at(0, 5);
	struct box b;

	console_box(&b);
	CHECK_EQ(vq_add(&b.q[1], &out, 1, NULL, 0, &b), 0);
	feed = &b.q[1];
	nfed = nagain = 0;
	for (unsigned i = 1; i < 4; i++) {
		wr(&b, VIRTIO_MMIO_QUEUE_NOTIFY, 1);
		CHECK_EQ(nagain, i);
		CHECK(nfed >= i * 128 && nfed <= i * 512);
	}
	feed = NULL;
	box_close(&b);
	virtio_console_destroy(b.dev);
}

static void test_list(void)
{
	struct virtio_env env = { .console_ops = &port };
	struct virtio_device *d;
	struct box b;
	unsigned i;

	box_ram(&b);
	env.mem = &b.mem;
	for (i = 0; i < VIRTIO_NKINDS; i++) {
		CHECK_EQ(virtio_kinds[i].create(&d, &env), 0);
		CHECK_EQ(d->ops->id, virtio_kinds[i].id);
		CHECK(d->ops->nqueues <= VIRTIO_MAX_QUEUES);
		virtio_kinds[i].destroy(d);
		virtio_kinds[i].destroy(NULL);
	}
	free(b.ram);
}

int main(void)
{
	test_registers();
	test_status();
	test_wrong_queue();
	test_level();
	test_rng();
	test_balloon();
	test_fs();
	test_console_tx();
	test_console_rx();
	test_console_flood();
	test_list();
	return check_done("virtio_device");
}
