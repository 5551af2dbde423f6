/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random.c: the kernel's random numbers: ChaCha20 (RFC 8439, 2.3) with fast
 * key erasure.
 *
 * Each block made under the lock is two halves: the next key, and 32 bytes to
 * give out, which small requests share and a larger one takes as the key of a
 * stream of its own.  What is given out is erased, so nothing that is in memory
 * tells earlier output, and no output tells other output.  The seed is the
 * host's, with RDRAND and the time mixed in where there are such.
 */
#include <string.h>

#include "kuni/driver.h"
#include "kuni/lock.h"

#define BLOCK 64

static struct spinlock lock;
static uint32_t key[8];   /* [lock] */
static uint8_t batch[32]; /* [lock] the last `left` bytes are unused */
static size_t left;       /* [lock] */

static uint32_t rotl(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static inline __attribute__((always_inline)) void
quarter(uint32_t *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
	x[a] += x[b];
	x[d] = rotl(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotl(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotl(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotl(x[b] ^ x[c], 7);
}

/* Block number n of the stream of k, nonce 0. */
static void chacha_block(const uint32_t k[8], uint64_t n, uint32_t out[16])
{
	uint32_t in[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memcpy(in + 4, k, 32);
	in[12] = (uint32_t)n;
	in[13] = (uint32_t)(n >> 32);
	memcpy(out, in, sizeof(in));
	for (int i = 0; i < 10; i++) {
		quarter(out, 0, 4, 8, 12);
		quarter(out, 1, 5, 9, 13);
		quarter(out, 2, 6, 10, 14);
		quarter(out, 3, 7, 11, 15);
		quarter(out, 0, 5, 10, 15);
		quarter(out, 1, 6, 11, 12);
		quarter(out, 2, 7, 8, 13);
		quarter(out, 3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		out[i] += in[i];
}

/* Overwrites what must not stay on the stack. */
static void wipe(void *p, size_t n)
{
	memset(p, 0, n);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

void random_init(const uint8_t seed[32])
{
	uint64_t mix[4] = { 0 }, part;

	for (unsigned i = 0; i < 4; i++) {
		memcpy(&part, seed + 8 * i, 8);
		if (!arch_random(&mix[i]))
			mix[i] = arch_clock_ns();
		mix[i] ^= part;
	}
	spin_lock(&lock);
	memcpy(key, mix, sizeof(key));
	left = 0;
	spin_unlock(&lock);
	wipe(mix, sizeof(mix));
}

static void refill(void)
{
	uint32_t block[16];

	chacha_block(key, 0, block);
	memcpy(key, block, sizeof(key));
	memcpy(batch, block + 8, sizeof(batch));
	left = sizeof(batch);
	wipe(block, sizeof(block));
}

/* n of the batch's bytes, all of the same block. */
static void take(void *to, size_t n)
{
	uint8_t *from;

	spin_lock(&lock);
	if (left < n)
		refill();
	from = batch + sizeof(batch) - left;
	left -= n;
	memcpy(to, from, n);
	wipe(from, n);
	spin_unlock(&lock);
}

void random_bytes(void *buf, size_t n)
{
	uint32_t block[16], mine[8];
	char *to = buf;

	if (n <= sizeof(batch)) {
		take(buf, n);
		return;
	}
	take(mine, sizeof(mine));
	for (uint64_t i = 1; n; i++) {
		size_t part = min(n, (size_t)BLOCK);

		chacha_block(mine, i, block);
		memcpy(to, block, part);
		to += part;
		n -= part;
	}
	wipe(block, sizeof(block));
	wipe(mine, sizeof(mine));
}

uint64_t random_u64(void)
{
	uint64_t v;

	random_bytes(&v, sizeof(v));
	return v;
}
