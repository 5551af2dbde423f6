// uses:
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random_test.c: ChaCha20 against RFC 8439, and what random_bytes() makes of
 * it: no output twice, no part of it left unwritten.
 */
#include <string.h>

#include "guest/kernel/lib/random.c"
#include "tests/unit/check.h"

bool arch_random(uint64_t *out)
{
	*out = 0;
	return true;
}

uint64_t arch_clock_ns(void)
{
	return 1;
}

void spin_lock(struct spinlock *l)
{
	CHECK(!l->held);
	l->held = 1;
}

void spin_unlock(struct spinlock *l)
{
	CHECK(l->held);
	l->held = 0;
}

/* RFC 8439, A.1, vectors 1 and 2: key and nonce zero, blocks 0 and 1. */
static void vectors(void)
{
	static const uint8_t want0[16] = { 0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1,
					   0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5,
					   0x53, 0x86, 0xbd, 0x28 };
	static const uint8_t want1[16] = { 0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51,
					   0x38, 0x7a, 0x98, 0xba, 0x97, 0x7c,
					   0x73, 0x2d, 0x08, 0x0d };
	static const uint8_t zero[32];
	uint32_t block[16];

	chacha_block((const uint32_t[8]){ 0 }, 0, block);
	CHECK(memcmp(block, want0, 16) == 0);
	chacha_block((const uint32_t[8]){ 0 }, 1, block);
	CHECK(memcmp(block, want1, 16) == 0);
	random_init(zero);
	CHECK(memcmp(key, zero, 32) == 0); /* RDRAND's zeroes on the seed's */
	random_u64();
	CHECK(memcmp(key, want0, 16) == 0); /* the first half is the next key */
}

/* Small requests share a block's second half, in order and once; what went out
 * is gone from memory, and a request that does not fit gets a new block. */
static void batches(void)
{
	static const uint8_t seed[32] = { 7 }, none[32];
	uint32_t first[16], second[16];
	uint8_t a[24], b[32];

	random_init(seed);
	chacha_block(key, 0, first);
	chacha_block(first, 0, second);
	random_bytes(a, 8);
	CHECK(memcmp(a, first + 8, 8) == 0);
	random_bytes(a, 16);
	CHECK(memcmp(a, first + 10, 16) == 0);
	CHECK(memcmp(key, first, sizeof(key)) == 0);
	CHECK(memcmp(batch, none, 24) == 0);
	CHECK(memcmp(batch + 24, first + 14, 8) == 0);
	random_bytes(a, 9);
	CHECK(memcmp(a, second + 8, 9) == 0);
	random_bytes(b, 32);
	CHECK(memcmp(b, second + 8, 32) != 0);
	CHECK(memcmp(batch, none, sizeof(batch)) == 0);
	random_init(seed); /* nothing of before the seed goes out after it */
	random_bytes(a, 8);
	CHECK(memcmp(a, first + 8, 8) == 0);
}

static void streams(void)
{
	static const uint8_t seed[32] = { 1, 2, 3 };
	uint8_t a[200], b[200];
	size_t n, equal = 0;

	random_init(seed);
	for (n = 0; n <= 130; n++) {
		memset(a, 0xa5, sizeof(a));
		random_bytes(a, n);
		for (size_t i = n; i < sizeof(a); i++)
			CHECK_EQ(a[i], 0xa5);
	}
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	for (size_t i = 0; i < sizeof(a); i++)
		equal += a[i] == b[i];
	CHECK(equal < 10); /* 0.8 by chance */
	CHECK(memcmp(a, a + 64, 64) != 0);
	CHECK(random_u64() != random_u64());
}

int main(void)
{
	vectors();
	batches();
	streams();
	return check_done("random");
}
