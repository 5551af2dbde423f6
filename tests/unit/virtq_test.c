// uses: host/virtio/queue.c guest/drivers/virtqueue.c host/memory.c host/err.c host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtq_test.c: both halves of a virtqueue over a fake guest RAM: the guest's
 * driver and the host's device against each other, then rings that a hostile
 * driver or device would write.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "guest/drivers/virtqueue.h"
#include "host/virtio/queue.h"
#include "tests/unit/check.h"

#define RAM_BASE 0x100000ULL
#define RAM_SIZE (1UL << 20)
#define DATA     0x10000ULL /* offset of buffers; the ring is at 0 */

struct pair {
	struct guest_mem mem;
	uint8_t *ram;
	struct vq drv;
	struct virtq dev;
};

static void pair_open(struct pair *p, unsigned size, bool event_idx)
{
	memset(p, 0, sizeof(*p));
	p->ram = aligned_alloc(4096, RAM_SIZE);
	memset(p->ram, 0, RAM_SIZE);
	p->mem.fd = -1;
	p->mem.nregion = 1;
	p->mem.region[0] = (struct mem_region){ RAM_BASE, RAM_SIZE, p->ram, 0 };
	vq_init(&p->drv, size, event_idx, p->ram, RAM_BASE);
	virtq_init(&p->dev, &p->mem);
	p->dev.size = (uint16_t)size;
	p->dev.desc = p->drv.desc_pa;
	p->dev.avail = p->drv.avail_pa;
	p->dev.used = p->drv.used_pa;
	CHECK_EQ(virtq_enable(&p->dev, event_idx), 0);
}

static void pair_close(struct pair *p)
{
	virtq_fini(&p->dev);
	free(p->ram);
}

static struct vq_seg seg(unsigned n, uint32_t len)
{
	return (struct vq_seg){ RAM_BASE + DATA + n * 8192ULL, len };
}

static void test_round_trip(bool event_idx)
{
	struct vq_seg out[2] = { seg(0, 40), seg(1, 8) }, in = seg(2, 100);
	struct virtq_chain c;
	struct pair p;
	uint32_t len;
	int token;

	pair_open(&p, 8, event_idx);
	CHECK_EQ(virtq_pop(&p.dev, &c), 0);
	CHECK(!vq_reap(&p.drv, &len));
	CHECK_EQ(vq_add(&p.drv, out, 2, &in, 1, &token), 0);
	CHECK(vq_kick(&p.drv));
	CHECK(!vq_kick(&p.drv));
	CHECK_EQ(virtq_pop(&p.dev, &c), 1);
	CHECK_EQ(c.nread, 2);
	CHECK_EQ(c.nwrite, 1);
	CHECK_EQ(c.read_len, 48);
	CHECK_EQ(c.write_len, 100);
	CHECK(c.iov[0].iov_base == p.ram + DATA);
	CHECK(c.iov[2].iov_base == p.ram + DATA + 16384);
	CHECK_EQ(virtq_pop(&p.dev, &c), 0);
	virtq_push(&p.dev, c.head, 77);
	CHECK(!virtq_should_notify(&p.dev)); /* the driver polls */
	CHECK(vq_reap(&p.drv, &len) == &token);
	CHECK_EQ(len, 77);
	CHECK(!vq_reap(&p.drv, &len));
	CHECK_EQ(p.drv.nfree, 8);
	pair_close(&p);
}

static void test_merge(void)
{
	struct vq_seg in[3] = { { RAM_BASE + DATA, 4096 },
				{ RAM_BASE + DATA + 4096, 4096 },
				{ RAM_BASE + DATA + 12288, 0 } };
	struct vq_seg out = { RAM_BASE + DATA - 16, 16 };
	struct virtq_chain c;
	struct pair p;

	pair_open(&p, 8, true);
	CHECK_EQ(vq_add(&p.drv, &out, 1, in, 3, &p), 0);
	CHECK_EQ(p.drv.nfree, 6);
	CHECK_EQ(virtq_pop(&p.dev, &c), 1);
	CHECK_EQ(c.nread, 1); /* never merged over the direction */
	CHECK_EQ(c.nwrite, 1);
	CHECK_EQ(c.write_len, 8192);
	CHECK_EQ(vq_add(&p.drv, NULL, 0, &in[2], 1, &p), -EINVAL);
	CHECK_EQ(p.drv.nfree, 6);
	pair_close(&p);
}

static void test_full(void)
{
	struct virtq_chain c;
	struct pair p;
	struct vq_seg s[9];
	uint32_t len;
	unsigned i;

	pair_open(&p, 8, true);
	for (i = 0; i < 9; i++)
		s[i] = seg(i, 16);
	CHECK_EQ(vq_add(&p.drv, s, 9, NULL, 0, &p), -EINVAL);
	CHECK_EQ(vq_add(&p.drv, s, 5, NULL, 0, &s[0]), 0);
	CHECK_EQ(vq_add(&p.drv, s, 4, NULL, 0, &s[1]), -EAGAIN);
	CHECK_EQ(vq_add(&p.drv, s, 3, NULL, 0, &s[1]), 0);
	CHECK_EQ(p.drv.nfree, 0);
	CHECK_EQ(virtq_pop(&p.dev, &c), 1);
	CHECK_EQ(c.nread, 5);
	CHECK_EQ(virtq_pop(&p.dev, &c), 1);
	CHECK_EQ(c.nread, 3);
	virtq_push(&p.dev, c.head, 0); /* out of order */
	CHECK(vq_reap(&p.drv, &len) == &s[1]);
	CHECK_EQ(p.drv.nfree, 3);
	pair_close(&p);
}

/* Random traffic, indexes beyond 65536, everything comes back once. */
static void test_long_run(bool event_idx)
{
	static uint8_t flight[256];
	uint16_t heads[256];
	struct virtq_chain c;
	struct pair p;
	unsigned i, r, n = 0, added = 0, done = 0, kicks = 0;
	uint32_t len;
	uint8_t *token;

	srand(7);
	pair_open(&p, 16, event_idx);
	memset(flight, 0, sizeof(flight));
	for (i = 0; i < 400000; i++) {
		struct vq_seg s[3] = { seg(0, 8), seg(1, 8), seg(2, 8) };

		r = (unsigned)rand();
		if (r % 3 == 0 && !flight[added % 256] &&
		    vq_add(&p.drv, s, 1 + r / 3 % 2, s + 2, r / 7 % 2,
			   &flight[added % 256]) == 0) {
			flight[added % 256] = 1;
			added++;
			kicks += vq_kick(&p.drv);
		} else if (r % 3 == 1 && virtq_pop(&p.dev, &c) == 1) {
			heads[n++] = c.head;
		} else if (r % 3 == 2 && n) {
			unsigned k = r / 3 % n;

			virtq_push(&p.dev, heads[k], 0);
			heads[k] = heads[--n];
		}
		token = vq_reap(&p.drv, &len);
		if (!token)
			continue;
		CHECK(*token == 1);
		*token = 0;
		done++;
	}
	CHECK(added > 66000);
	CHECK(kicks > 1000 && kicks <= added);
	CHECK(added - done <= 16);
	CHECK(!p.drv.broken);
	pair_close(&p);
}

/* ---- notifications ---- */

static void test_kicks(bool event_idx)
{
	struct vq_seg s = seg(0, 8);
	struct virtq_chain c;
	struct pair p;

	pair_open(&p, 8, event_idx);
	CHECK(!virtq_want_kick(&p.dev, false));
	CHECK_EQ(vq_add(&p.drv, &s, 1, NULL, 0, &p), 0);
	CHECK_EQ(vq_kick(&p.drv), event_idx); /* avail_event still asks */
	CHECK_EQ(virtq_pop(&p.dev, &c), 1);
	CHECK_EQ(vq_add(&p.drv, &s, 1, NULL, 0, &p), 0);
	CHECK(!vq_kick(&p.drv));
	CHECK(virtq_want_kick(&p.dev, true)); /* one is there already */
	CHECK_EQ(virtq_pop(&p.dev, &c), 1);
	CHECK(!virtq_want_kick(&p.dev, true));
	CHECK_EQ(vq_add(&p.drv, &s, 1, NULL, 0, &p), 0);
	CHECK(vq_kick(&p.drv));
	/* wanted all the time: each buffer is a kick of its own */
	CHECK_EQ(virtq_pop(&p.dev, &c), 1);
	CHECK_EQ(vq_add(&p.drv, &s, 1, NULL, 0, &p), 0);
	CHECK(vq_kick(&p.drv));
	pair_close(&p);
}

static void test_interrupts(bool event_idx)
{
	struct vq_seg s = seg(0, 8);
	struct virtq_chain c[3];
	struct pair p;
	uint32_t len;
	unsigned i;

	pair_open(&p, 8, event_idx);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(vq_add(&p.drv, &s, 1, NULL, 0, &p), 0);
		CHECK_EQ(virtq_pop(&p.dev, &c[i]), 1);
	}
	virtq_push(&p.dev, c[0].head, 0);
	CHECK(!virtq_should_notify(&p.dev));
	CHECK(vq_want_irq(&p.drv, true)); /* look again */
	CHECK(vq_reap(&p.drv, &len));
	CHECK(!vq_want_irq(&p.drv, true));
	virtq_push(&p.dev, c[1].head, 0);
	CHECK(virtq_should_notify(&p.dev));
	CHECK(!vq_want_irq(&p.drv, false));
	virtq_push(&p.dev, c[2].head, 0);
	CHECK(!virtq_should_notify(&p.dev));
	pair_close(&p);
}

/* ---- hostile drivers ---- */

static struct virtq_desc *desc(struct pair *p)
{
	return (void *)p->ram;
}

static void offer(struct pair *p, uint16_t head)
{
	p->drv.avail->ring[p->drv.avail->idx & 7] = head;
	p->drv.avail->idx++;
}

static void set_desc(struct pair *p, unsigned i, uint64_t addr, uint32_t len,
		     unsigned flags, uint16_t next)
{
	desc(p)[i] = (struct virtq_desc){ addr, len, (uint16_t)flags, next };
}

struct bad {
	const char *name;
	uint64_t addr;
	uint32_t len;
	unsigned flags;
	uint16_t head, next;
};

static void test_bad_descriptors(void)
{
	static const struct bad bads[] = {
		{ "head out of range", RAM_BASE, 8, 0, 8, 0 },
		{ "head far out of range", RAM_BASE, 8, 0, 65535, 0 },
		{ "next out of range", RAM_BASE, 8, VIRTQ_DESC_F_NEXT, 0, 8 },
		{ "loop", RAM_BASE, 8, VIRTQ_DESC_F_NEXT, 0, 0 },
		{ "empty", RAM_BASE, 0, 0, 0, 0 },
		{ "below RAM", RAM_BASE - 1, 8, 0, 0, 0 },
		{ "over the end", RAM_BASE + RAM_SIZE - 4, 8, 0, 0, 0 },
		{ "behind RAM", RAM_BASE + RAM_SIZE, 8, 0, 0, 0 },
		{ "wraps", UINT64_MAX - 3, 8, 0, 0, 0 },
		{ "huge", RAM_BASE, UINT32_MAX, 0, 0, 0 },
		{ "table misaligned", RAM_BASE + DATA + 8, 16,
		  VIRTQ_DESC_F_INDIRECT, 0, 0 },
		{ "table of a part", RAM_BASE + DATA, 24, VIRTQ_DESC_F_INDIRECT,
		  0, 0 },
		{ "table empty", RAM_BASE + DATA, 0, VIRTQ_DESC_F_INDIRECT, 0,
		  0 },
		{ "table outside", RAM_BASE + RAM_SIZE, 16,
		  VIRTQ_DESC_F_INDIRECT, 0, 0 },
		{ "table and next", RAM_BASE + DATA, 16,
		  VIRTQ_DESC_F_INDIRECT | VIRTQ_DESC_F_NEXT, 0, 1 },
		{ "table writable", RAM_BASE + DATA, 16,
		  VIRTQ_DESC_F_INDIRECT | VIRTQ_DESC_F_WRITE, 0, 1 },
	};
	struct virtq_chain c;
	struct pair p;
	unsigned i;
	int ret;

	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		pair_open(&p, 8, true);
		set_desc(&p, 0, bads[i].addr, bads[i].len, bads[i].flags,
			 bads[i].next);
		offer(&p, bads[i].head);
		ret = virtq_pop(&p.dev, &c);
		CHECK_EQ(ret, -EPROTO);
		if (ret != -EPROTO)
			fprintf(stderr, "  in: %s\n", bads[i].name);
		pair_close(&p);
	}
}

static void test_bad_chains(void)
{
	struct virtq_chain c;
	struct pair p;
	struct virtq_desc *table;

	pair_open(&p, 8, true); /* writable before readable */
	set_desc(&p, 0, RAM_BASE + DATA, 8,
		 VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE, 1);
	set_desc(&p, 1, RAM_BASE + DATA, 8, 0, 0);
	offer(&p, 0);
	CHECK_EQ(virtq_pop(&p.dev, &c), -EPROTO);
	pair_close(&p);

	pair_open(&p, 8, true); /* a table inside a table */
	table = (void *)(p.ram + DATA);
	table[0] = (struct virtq_desc){ RAM_BASE + DATA, 16,
					VIRTQ_DESC_F_INDIRECT, 0 };
	set_desc(&p, 0, RAM_BASE + DATA, 16, VIRTQ_DESC_F_INDIRECT, 0);
	offer(&p, 0);
	CHECK_EQ(virtq_pop(&p.dev, &c), -EPROTO);
	pair_close(&p);

	pair_open(&p, 8, true); /* a loop inside a table */
	table = (void *)(p.ram + DATA);
	table[0] = (struct virtq_desc){ RAM_BASE + DATA, 16, VIRTQ_DESC_F_NEXT,
					0 };
	set_desc(&p, 0, RAM_BASE + DATA, 16, VIRTQ_DESC_F_INDIRECT, 0);
	offer(&p, 0);
	CHECK_EQ(virtq_pop(&p.dev, &c), -EPROTO);
	pair_close(&p);

	pair_open(&p, 8, true); /* a buffer, then a table */
	set_desc(&p, 0, RAM_BASE + DATA, 8, VIRTQ_DESC_F_NEXT, 1);
	set_desc(&p, 1, RAM_BASE + DATA, 16, VIRTQ_DESC_F_INDIRECT, 0);
	offer(&p, 0);
	CHECK_EQ(virtq_pop(&p.dev, &c), -EPROTO);
	pair_close(&p);

	pair_open(&p, 8, true); /* more chains than the ring has entries */
	p.drv.avail->idx = 9;
	CHECK_EQ(virtq_pop(&p.dev, &c), -EPROTO);
	p.drv.avail->idx = (uint16_t)-1; /* the index went back */
	CHECK_EQ(virtq_pop(&p.dev, &c), -EPROTO);
	pair_close(&p);
}

static void test_indirect(void)
{
	struct virtq_chain c;
	struct virtq_desc *t;
	struct pair p;
	unsigned i;

	pair_open(&p, 8, true);
	t = (void *)(p.ram + DATA);
	for (i = 0; i < VIRTQ_MAX_IOV; i++)
		t[i] = (struct virtq_desc){ RAM_BASE + DATA + i, 1,
					    VIRTQ_DESC_F_NEXT,
					    (uint16_t)(i + 1) };
	t[VIRTQ_MAX_IOV - 1].flags = VIRTQ_DESC_F_WRITE;
	set_desc(&p, 3, RAM_BASE + DATA, VIRTQ_MAX_IOV * 16,
		 VIRTQ_DESC_F_INDIRECT, 0);
	offer(&p, 3);
	CHECK_EQ(virtq_pop(&p.dev, &c), 1);
	CHECK_EQ(c.head, 3);
	CHECK_EQ(c.nread, VIRTQ_MAX_IOV - 1);
	CHECK_EQ(c.nwrite, 1);
	t[VIRTQ_MAX_IOV - 1].flags = VIRTQ_DESC_F_NEXT; /* one too many */
	t[VIRTQ_MAX_IOV] = (struct virtq_desc){ RAM_BASE, 1, 0, 0 };
	set_desc(&p, 3, RAM_BASE + DATA, (VIRTQ_MAX_IOV + 1) * 16,
		 VIRTQ_DESC_F_INDIRECT, 0);
	offer(&p, 3);
	CHECK_EQ(virtq_pop(&p.dev, &c), -EPROTO);
	pair_close(&p);
}

static void test_bad_rings(void)
{
	static const struct {
		uint16_t size;
		uint64_t desc, avail, used;
	} bads[] = {
		{ 0, 0, 4096, 8192 },
		{ 3, 0, 4096, 8192 },
		{ 65535, 0, 4096, 8192 },
		{ 8, 8, 4096, 8192 },
		{ 8, 0, 4097, 8192 },
		{ 8, 0, 4096, 8194 },
		{ 8, RAM_SIZE - 112, 4096, 8192 },
		{ 8, 0, RAM_SIZE - 20, 8192 },
		{ 8, 0, 4096, RAM_SIZE - 68 },
		{ 8, -RAM_BASE, 4096, 8192 },
		{ 32768, RAM_SIZE / 2 + 16, 4096, 8192 },
	};
	struct virtq_chain c;
	struct pair p;
	unsigned i;

	pair_open(&p, 8, true);
	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		virtq_reset(&p.dev);
		p.dev.size = bads[i].size;
		p.dev.desc = RAM_BASE + bads[i].desc;
		p.dev.avail = RAM_BASE + bads[i].avail;
		p.dev.used = RAM_BASE + bads[i].used;
		CHECK_EQ(virtq_enable(&p.dev, true), -EINVAL);
		CHECK_EQ(virtq_pop(&p.dev, &c), 0);
		virtq_push(&p.dev, 0, 0);
		CHECK(!virtq_should_notify(&p.dev));
		CHECK(!virtq_want_kick(&p.dev, true));
	}
	pair_close(&p);
}

/* ---- hostile devices ---- */

static void use(struct pair *p, uint32_t id, uint32_t len, uint16_t step)
{
	p->drv.used->ring[p->drv.used->idx & 7] =
		(struct virtq_used_elem){ id, len };
	p->drv.used->idx = (uint16_t)(p->drv.used->idx + step);
}

static void test_bad_device(void)
{
	static const struct {
		uint32_t id, len;
		uint16_t step;
	} bads[] = {
		{ 8, 0, 1 },  { UINT32_MAX, 0, 1 },
		{ 1, 0, 1 },  /* not in use */
		{ 2, 0, 1 },  /* never was */
		{ 0, 17, 1 }, /* more than there was room for */
		{ 0, 0, 9 },  { 0, 0, 65535 },
	};
	struct vq_seg out = seg(0, 8), in = seg(1, 16);
	struct pair p;
	uint32_t len;
	unsigned i;

	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		pair_open(&p, 8, true);
		CHECK_EQ(vq_add(&p.drv, &out, 1, &in, 1, &p), 0);
		use(&p, bads[i].id, bads[i].len, bads[i].step);
		CHECK(!vq_reap(&p.drv, &len));
		CHECK(p.drv.broken);
		CHECK_EQ(vq_add(&p.drv, &out, 1, &in, 1, &p), -EIO);
		pair_close(&p);
	}
	pair_open(&p, 8, true); /* the same chain twice */
	CHECK_EQ(vq_add(&p.drv, &out, 1, &in, 1, &p), 0);
	use(&p, 0, 16, 1);
	use(&p, 0, 16, 1);
	CHECK(vq_reap(&p.drv, &len));
	CHECK(!vq_reap(&p.drv, &len));
	CHECK(p.drv.broken);
	pair_close(&p);
}

/* ---- threads: one driver, two devices' threads, one queue ---- */

#define THREAD_ROUNDS 50000

static void *serve(void *arg)
{
	struct pair *p = arg;
	struct virtq_chain c;
	int ret;

	for (;;) {
		ret = virtq_pop(&p->dev, &c);
		if (ret < 0)
			return p;
		if (!ret)
			continue;
		if (*(uint8_t *)c.iov[0].iov_base == 255) {
			virtq_push(&p->dev, c.head, 0);
			return NULL;
		}
		memcpy(c.iov[1].iov_base, c.iov[0].iov_base, 8);
		virtq_push(&p->dev, c.head, 8);
	}
}

static void test_threads(void)
{
	pthread_t t[2];
	struct pair p;
	struct vq_seg out[8], in[8];
	unsigned i, k, sent = 0, got = 0;
	bool busy[8] = { false };
	uint32_t len;
	void *ret, *token;

	pair_open(&p, 16, true);
	for (i = 0; i < 8; i++) {
		out[i] = seg(2 * i, 8);
		in[i] = seg(2 * i + 1, 8);
	}
	for (i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, serve, &p);
	while (got < THREAD_ROUNDS + 2) {
		for (k = 0; k < 8 && sent < THREAD_ROUNDS + 2; k++) {
			if (busy[k] || (sent >= THREAD_ROUNDS && got < sent))
				continue;
			memset(p.ram + DATA + k * 16384ULL,
			       sent >= THREAD_ROUNDS ? 255 : sent % 200, 8);
			CHECK_EQ(
				vq_add(&p.drv, &out[k], 1, &in[k], 1, &busy[k]),
				0);
			busy[k] = true;
			sent++;
		}
		token = vq_reap(&p.drv, &len);
		if (!token)
			continue;
		k = (unsigned)((bool *)token - busy);
		busy[k] = false;
		got++;
		if (got <= THREAD_ROUNDS)
			CHECK(!memcmp(p.ram + DATA + k * 16384ULL,
				      p.ram + DATA + k * 16384ULL + 8192, 8));
	}
	for (i = 0; i < 2; i++) {
		pthread_join(t[i], &ret);
		CHECK(!ret);
	}
	pair_close(&p);
}

int main(void)
{
	test_round_trip(true);
	test_round_trip(false);
	test_merge();
	test_full();
	test_long_run(true);
	test_long_run(false);
	test_kicks(true);
	test_kicks(false);
	test_interrupts(true);
	test_interrupts(false);
	test_bad_descriptors();
	test_bad_chains();
	test_indirect();
	test_bad_rings();
	test_bad_device();
	test_threads();
	return check_done("virtq");
}
