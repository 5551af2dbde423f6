/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus.c: which device answers an address.  A VM has fewer than ten ranges, so
 * a linear search beats anything else.
 */
#include "host/bus.h"

#include <errno.h>
#include <stddef.h>

int bus_add(struct bus *b, const struct bus_range *r)
{
	if (b->nrange == BUS_MAX_RANGES)
		return -ENOSPC;
	for (unsigned i = 0; i < b->nrange; i++) {
		const struct bus_range *o = &b->range[i];

		if (o->space == r->space && r->base < o->base + o->len &&
		    o->base < r->base + r->len)
			return -EEXIST;
	}
	b->range[b->nrange++] = *r;
	return 0;
}

/* The range that holds all of [at, at + len); of a port its first byte, since
 * our 32-bit ports lie side by side. */
static const struct bus_range *find(const struct bus *b, enum bus_space space,
				    uint64_t at, unsigned len)
{
	for (unsigned i = 0; i < b->nrange; i++) {
		const struct bus_range *r = &b->range[i];

		if (r->space != space || at < r->base || at - r->base >= r->len)
			continue;
		if (space == BUS_PORT || len <= r->len - (at - r->base))
			return r;
	}
	return NULL;
}

uint64_t bus_read(const struct bus *b, enum bus_space space, uint64_t at,
		  unsigned len)
{
	const struct bus_range *r = find(b, space, at, len);

	if (!r || !r->ops->read)
		return UINT64_MAX;
	return r->ops->read(r->arg, at - r->base, len);
}

void bus_write(const struct bus *b, enum bus_space space, uint64_t at,
	       unsigned len, uint64_t value)
{
	const struct bus_range *r = find(b, space, at, len);

	if (r && r->ops->write)
		r->ops->write(r->arg, at - r->base, len, value);
}
