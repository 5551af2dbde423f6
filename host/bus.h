/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus.h: which device answers an address, for ports and for memory.
 *
 * Filled before the first vCPU runs and not changed after; so no lock.
 */
#ifndef HOST_BUS_H
#define HOST_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/err.h"

#define BUS_MAX_RANGES 16

enum bus_space { BUS_PORT, BUS_MMIO };

/* off is from the start of the range; any thread. */
struct bus_ops {
	uint64_t (*read)(void *arg, uint64_t off, unsigned len);
	void (*write)(void *arg, uint64_t off, unsigned len, uint64_t value);
};

struct bus_range {
	enum bus_space space;
	uint64_t base, len;
	const struct bus_ops *ops; /* read or write may be NULL */
	void *arg;
};

struct bus {
	struct bus_range range[BUS_MAX_RANGES];
	unsigned nrange;
};

/* -EEXIST where it overlaps another one, -ENOSPC. */
int bus_add(struct bus *b, const struct bus_range *r) MUST_CHECK;
/* Nobody there: reads give all ones, writes do nothing, as on a PC. */
uint64_t bus_read(const struct bus *b, enum bus_space space, uint64_t at,
		  unsigned len);
void bus_write(const struct bus *b, enum bus_space space, uint64_t at,
	       unsigned len, uint64_t value);

#endif
