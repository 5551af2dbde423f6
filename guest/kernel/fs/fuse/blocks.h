/* SPDX-License-Identifier: Apache-2.0 */
/* blocks.h: who has what of the DAX window, in granules of 64 KiB. */
#ifndef FS_FUSE_BLOCKS_H
#define FS_FUSE_BLOCKS_H

#include "kuni/types.h"

#define BLOCKS_MAX_ORDER 5 /* a chunk: 32 granules, 2 MiB */
#define BLOCKS_CHUNKS    1024

struct blocks {
	uint32_t nchunk;              /* of the window */
	uint32_t fresh;               /* chunks from here on were never used */
	uint32_t used[BLOCKS_CHUNKS]; /* bit per granule */
};

/* ngranule of them, all free. */
void blocks_init(struct blocks *b, uint64_t ngranule);
/* 2^order granules, aligned to their number: the first, or -1. */
int64_t blocks_alloc(struct blocks *b, unsigned order) MUST_CHECK;
void blocks_free(struct blocks *b, uint64_t first, unsigned order);

#endif
