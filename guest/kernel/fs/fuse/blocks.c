/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blocks.c: the DAX window cut into blocks of a power of two.
 *
 * A word of bits a chunk: aligned runs of bits need no merging, and an unused
 * window costs no work.  Small blocks fill chunks that are in use before they
 * begin another, so that whole chunks stay for large files.  The caller locks.
 */
#include "guest/kernel/fs/fuse/blocks.h"

#include "kuni/klog.h"

static uint32_t mask_of(unsigned order)
{
	return order == BLOCKS_MAX_ORDER ? ~0U : (1U << (1U << order)) - 1;
}

void blocks_init(struct blocks *b, uint64_t ngranule)
{
	uint64_t n = ngranule >> BLOCKS_MAX_ORDER;

	b->nchunk = (uint32_t)min(n, BLOCKS_CHUNKS + 0UL);
	b->fresh = 0;
}

/* The first bit of a free run of this order in a word, or -1. */
static int run_in(uint32_t used, unsigned order)
{
	for (unsigned at = 0; at < 32; at += 1U << order)
		if (!(used & mask_of(order) << at))
			return (int)at;
	return -1;
}

int64_t blocks_alloc(struct blocks *b, unsigned order)
{
	uint32_t chunk = b->fresh;
	int at = 0;

	ensure(order <= BLOCKS_MAX_ORDER);
	for (uint32_t k = 0; k < b->fresh; k++) {
		int bit = run_in(b->used[k], order);

		if (bit < 0 || (!b->used[k] && chunk < b->fresh))
			continue;
		chunk = k;
		at = bit;
		if (b->used[k] || order == BLOCKS_MAX_ORDER)
			break;
	}
	if (chunk == b->nchunk)
		return -1;
	if (chunk == b->fresh)
		b->used[b->fresh++] = 0;
	b->used[chunk] |= mask_of(order) << at;
	return (int64_t)chunk * 32 + at;
}

void blocks_free(struct blocks *b, uint64_t first, unsigned order)
{
	uint32_t mask = mask_of(order) << (first % 32);

	ensure(first / 32 < b->fresh && (b->used[first / 32] & mask) == mask);
	b->used[first / 32] &= ~mask;
}
