/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.h: guest RAM as the host sees it, and the one checked way into it.
 *
 * A gpa_t cannot be dereferenced.  gpa_slice() turns (address, length) into a
 * host pointer only where the whole range lies in one region of RAM; it is
 * the only function that does so.  The mapping never moves while the VM lives.
 */
#ifndef HOST_MEMORY_H
#define HOST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/err.h"

typedef struct {
	uint64_t v;
} gpa_t;
#define GPA(x) ((gpa_t){ (x) })

#define MEM_MAX_REGIONS 4

struct mem_region {
	uint64_t gpa, len;
	uint8_t *hva;
	uint64_t fd_offset; /* in struct guest_mem.fd */
};

struct guest_mem {
	struct mem_region region[MEM_MAX_REGIONS];
	unsigned nregion;
	/* The DAX window: not RAM, no device reaches it (gpa_slice).  DAX_SPAN
	 * from its gpa on are mapped at hva; len 0: there is none. */
	struct mem_region window;
	int fd;    /* memfd behind the RAM, -1: anonymous */
	bool huge; /* BOOT_AREA becomes a large page when it is touched */
};

/* bytes of RAM, split around the hole below 4 GiB (boot/abi/layout.h), mapped
 * NORESERVE; shared: from a memfd that can be given to other processes. */
int mem_create(struct guest_mem *m, uint64_t bytes, int shared,
	       struct err *e) MUST_CHECK;
/* Reserves the DAX window; the metadata behind it is memory. */
int mem_window(struct guest_mem *m, struct err *e) MUST_CHECK;
void mem_destroy(struct guest_mem *m);

/* [at, at + len) of RAM, whole pages, is the host's until it is touched again,
 * and zero then.  Negative errno. */
int mem_give_back(const struct guest_mem *m, void *at, uint64_t len) MUST_CHECK;

/* NULL where [at, at + len) is not wholly inside one region, or len is 0. */
void *gpa_slice(const struct guest_mem *m, gpa_t at, uint64_t len) MUST_CHECK;

#endif
