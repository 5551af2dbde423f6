// uses: host/virtio/queue.c host/virtio/device.c host/virtio/mmio.c host/virtio/console.c host/virtio/rng.c host/memory.c host/err.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtq_fuzz.c: a hostile driver: arbitrary rings, descriptors and register
 * accesses against the devices.
 *
 * The input is a program: each step of four bytes writes guest RAM, or reads
 * or writes a register, or sends bytes to the guest.  What must hold: no
 * access outside the fake RAM (ASan), no undefined behaviour, an end.
 */
#include <stdlib.h>
#include <string.h>

#include "boot/abi/virtio.h"
#include "host/log.h"
#include "host/virtio/console.h"
#include "host/virtio/mmio.h"
#include "host/virtio/rng.h"

#define RAM_BASE 0x10000ULL
#define RAM_SIZE 0x8000U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void log_line(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

extern uint64_t sum;
uint64_t sum; /* so that bytes from the guest are really read */

static void on_tx(void *arg, const void *buf, size_t len)
{
	const uint8_t *p = buf;

	(void)arg;
	for (size_t i = 0; i < len; i++)
		sum += p[i];
}

static void on_ready(void *arg)
{
	struct virtio_device **d = arg;

	sum += virtio_console_rx(*d, "some bytes for the guest", 24);
}

static void on_irq(void *arg, bool up)
{
	(void)arg;
	sum += up;
}

/* The next kick of the input is its turn. */
static void on_again(void *arg)
{
	(void)arg;
}

static const struct virtio_console_ops port = { on_tx, on_ready, on_again };

struct box {
	struct guest_mem mem;
	uint8_t *ram;
	struct virtio_device *dev[2];
	struct virtio_mmio t[2];
};

/* A device as a good driver leaves it: the rings at fixed places, so that the
 * rest of the input reaches the queues and not only the registers. */
static void set_up(struct virtio_mmio *t, unsigned nqueues, uint64_t base)
{
	static const uint32_t steps[][2] = {
		{ VIRTIO_MMIO_STATUS, 3 },
		{ VIRTIO_MMIO_DRIVER_FEATURES,
		  1U << VIRTIO_F_EVENT_IDX | 1U << VIRTIO_F_INDIRECT_DESC },
		{ VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1 },
		{ VIRTIO_MMIO_DRIVER_FEATURES, 1 },
		{ VIRTIO_MMIO_STATUS, 11 },
	};
	uint32_t at = (uint32_t)base;

	for (unsigned i = 0; i < 5; i++)
		virtio_mmio_write(t, steps[i][0], 4, steps[i][1]);
	for (unsigned q = 0; q < nqueues; q++, at += 0x400) {
		virtio_mmio_write(t, VIRTIO_MMIO_QUEUE_SEL, 4, q);
		virtio_mmio_write(t, VIRTIO_MMIO_QUEUE_NUM, 4, 8);
		virtio_mmio_write(t, VIRTIO_MMIO_QUEUE_DESC, 4, at);
		virtio_mmio_write(t, VIRTIO_MMIO_QUEUE_DRIVER, 4, at + 0x100);
		virtio_mmio_write(t, VIRTIO_MMIO_QUEUE_DEVICE, 4, at + 0x200);
		virtio_mmio_write(t, VIRTIO_MMIO_QUEUE_READY, 4, 1);
	}
	virtio_mmio_write(t, VIRTIO_MMIO_STATUS, 4, 15);
}

/* A descriptor that is likely to be nearly right. */
static void put_desc(struct box *b, const uint8_t *s)
{
	struct virtq_desc d = {
		.addr = RAM_BASE + (uint64_t)s[2] * 0x80,
		.len = s[3] < 250 ? s[3] * 4U : UINT32_MAX >> (s[3] & 3),
		.flags = s[1] >> 5,
		.next = s[1] & 15,
	};

	memcpy(b->ram + (s[0] & 3) * 0x400 + (s[1] >> 1 & 15) * 16, &d,
	       sizeof(d));
}

/* Makes a head available: the ring's index goes one further. */
static void put_avail(struct box *b, const uint8_t *s)
{
	uint16_t *ring = (void *)(b->ram + (s[1] & 3) * 0x400 + 0x100);

	ring[2 + (ring[1] & 7)] = s[2] & 15;
	ring[1] = (uint16_t)(ring[1] + (s[3] > 250 ? s[3] : 1));
}

static void step(struct box *b, const uint8_t *s)
{
	struct virtio_mmio *t = &b->t[s[0] >> 3 & 1];

	switch (s[0] & 7) {
	case 0: /* a byte anywhere */
		b->ram[(s[1] << 8 | s[2]) % RAM_SIZE] = s[3];
		break;
	case 1:
		virtio_mmio_write(t, s[1] * 2U, 4, s[2] | s[3] << 16);
		break;
	case 2:
		sum += virtio_mmio_read(t, s[1] * 2U, s[2] & 15);
		break;
	case 3:
		on_ready(&b->dev[0]);
		break;
	case 4:
		virtio_mmio_kick(t, s[1]);
		break;
	case 5:
	case 6:
		put_desc(b, s);
		break;
	default:
		put_avail(b, s);
		virtio_mmio_kick(&b->t[(s[1] & 3) == 2], s[1] & 1);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct box b = { 0 };

	b.ram = aligned_alloc(64, RAM_SIZE);
	memset(b.ram, 0, RAM_SIZE);
	b.mem.fd = -1;
	b.mem.nregion = 1;
	b.mem.region[0] = (struct mem_region){ RAM_BASE, RAM_SIZE, b.ram, 0 };
	if (virtio_console_create(&b.dev[0], &b.mem, &port, &b.dev[0]) < 0 ||
	    virtio_rng_create(&b.dev[1], &b.mem) < 0)
		abort();
	for (unsigned i = 0; i < 2; i++) {
		if (virtio_mmio_init(&b.t[i], b.dev[i], on_irq, NULL, i) < 0)
			abort();
		set_up(&b.t[i], i ? 1 : 2, RAM_BASE + i * 0x800);
	}
	for (; size >= 4; data += 4, size -= 4)
		step(&b, data);
	for (unsigned i = 0; i < 2; i++)
		virtio_mmio_fini(&b.t[i]);
	virtio_console_destroy(b.dev[0]);
	virtio_rng_destroy(b.dev[1]);
	free(b.ram);
	return 0;
}
