/* SPDX-License-Identifier: Apache-2.0 */
/* queue.c: the set-up of a device that breaks virtio 1.2, 3.1 and 4.2. */
#include "rig.h"

#define VERSION_1 (1ULL << VIRTIO_F_VERSION_1)
#define HOLE      0xc8000000UL
#define FS_QUEUES 2

static uint8_t ring[3][4096] __attribute__((aligned(4096)));
static uint8_t buf[64] __attribute__((aligned(16)));
static struct dev d;

/* Of the device that both back ends serve with the least between: entropy on
 * kvm is ours, on qemu QEMU's. */
static int works(void)
{
	dev_up(&d, VIRTIO_ID_RNG, 0);
	buffer(&d, 0, gpa(buf), sizeof(buf), VIRTQ_DESC_F_WRITE, 0);
	return post(&d, 0);
}

static int set_up(uint32_t size, uint64_t desc, uint64_t avail, uint64_t used)
{
	dev_find(&d, VIRTIO_ID_RNG);
	if (!dev_agree(&d, VERSION_1))
		return REFUSED;
	queue_at(&d, size, desc, avail, used);
	dev_ok(&d);
	return kicked(&d, 0);
}

static int sized(uint32_t size)
{
	return set_up(size, gpa(ring[0]), gpa(ring[1]), gpa(ring[2]));
}

static int size_0(void)
{
	return sized(0);
}

static int size_3(void)
{
	return sized(3);
}

static int size_more(void)
{
	return sized(4096);
}

/* Of 16 bits it would be 8. */
static int size_wraps(void)
{
	return sized(0x10008);
}

static int desc_hole(void)
{
	return set_up(Q_SIZE, HOLE, gpa(ring[1]), gpa(ring[2]));
}

static int avail_hole(void)
{
	return set_up(Q_SIZE, gpa(ring[0]), HOLE, gpa(ring[2]));
}

static int used_hole(void)
{
	return set_up(Q_SIZE, gpa(ring[0]), gpa(ring[1]), HOLE);
}

static int desc_edge(void)
{
	return set_up(Q_SIZE, ram_end() - 16, gpa(ring[1]), gpa(ring[2]));
}

static int used_edge(void)
{
	return set_up(Q_SIZE, gpa(ring[0]), gpa(ring[1]), ram_end() - 4);
}

static int desc_wraps(void)
{
	return set_up(Q_SIZE, UINT64_MAX - 15, gpa(ring[1]), gpa(ring[2]));
}

static int used_wraps(void)
{
	return set_up(Q_SIZE, gpa(ring[0]), gpa(ring[1]), UINT64_MAX - 3);
}

static int misaligned(void)
{
	return set_up(Q_SIZE, gpa(ring[0]) + 1, gpa(ring[1]) + 1,
		      gpa(ring[2]) + 1);
}

/* DRIVER_OK, but no FEATURES_OK. */
static int ok_early(void)
{
	dev_find(&d, VIRTIO_ID_RNG);
	queue_at(&d, Q_SIZE, gpa(ring[0]), gpa(ring[1]), gpa(ring[2]));
	reg_set(&d, VIRTIO_MMIO_STATUS,
		VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
			VIRTIO_STATUS_DRIVER_OK);
	if (reg_get(&d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_DRIVER_OK)
		return WRONG;
	return kicked(&d, 0);
}

static int features(uint64_t f)
{
	dev_find(&d, VIRTIO_ID_RNG);
	return dev_agree(&d, f) ? IGNORED : REFUSED;
}

static int unknown(void)
{
	return features(VERSION_1 | 1ULL << 60 | 1);
}

static int legacy(void)
{
	return features(0);
}

static int no_queue(void)
{
	dev_find(&d, VIRTIO_ID_RNG);
	if (!dev_agree(&d, VERSION_1))
		return REFUSED;
	for (uint32_t q = 1; q; q <<= 1) {
		d.queue = q;
		queue_at(&d, Q_SIZE, gpa(ring[0]), gpa(ring[1]), gpa(ring[2]));
		reg_set(&d, VIRTIO_MMIO_QUEUE_NOTIFY, q);
		reg_set(&d, VIRTIO_MMIO_QUEUE_NOTIFY, ~q);
	}
	return works();
}

/* Rings that move and status that goes back while the queue is in use. */
static int moved(void)
{
	int r = works();

	if (r != ANSWERED)
		return WRONG;
	queue_at(&d, 0, HOLE, HOLE, HOLE);
	reg_set(&d, VIRTIO_MMIO_DRIVER_FEATURES, UINT32_MAX);
	return post(&d, 0);
}

/* Every offset, in every width, with each of two values. */
static int registers(void)
{
	static const uint32_t ids[] = { VIRTIO_ID_FS, VIRTIO_ID_CONSOLE,
					VIRTIO_ID_RNG };
	uint64_t sum = 0;

	for (unsigned i = 0; i < 6; i++) {
		dev_find(&d, ids[i % 3]);
		for (unsigned off = 0; off + 8 <= 512; off++) {
			volatile uint8_t *p = d.base + off;
			uint64_t v = i < 3 ? UINT64_MAX : 1;

			*p = (uint8_t)v;
			*(volatile uint16_t *)(volatile void *)p = (uint16_t)v;
			*(volatile uint32_t *)(volatile void *)p = (uint32_t)v;
			*(volatile uint64_t *)(volatile void *)p = v;
			sum += *p;
			sum += *(volatile uint16_t *)(volatile void *)p;
			sum += *(volatile uint32_t *)(volatile void *)p;
			sum += *(volatile uint64_t *)(volatile void *)p;
		}
		reg_set(&d, VIRTIO_MMIO_STATUS, 0);
	}
	return sum ? works() : WRONG;
}

const struct bare_case cases[] = {
	{ "works", works },           { "size_0", size_0 },
	{ "size_3", size_3 },         { "size_more", size_more },
	{ "size_wraps", size_wraps }, { "desc_hole", desc_hole },
	{ "avail_hole", avail_hole }, { "used_hole", used_hole },
	{ "desc_edge", desc_edge },   { "used_edge", used_edge },
	{ "desc_wraps", desc_wraps }, { "used_wraps", used_wraps },
	{ "misaligned", misaligned }, { "ok_early", ok_early },
	{ "unknown", unknown },       { "legacy", legacy },
	{ "no_queue", no_queue },     { "moved", moved },
	{ "registers", registers },   { NULL, NULL },
};
