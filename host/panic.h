/* SPDX-License-Identifier: Apache-2.0 */
/*
 * panic.h: what the guest kernel says on its debug port: lines for the log,
 * with names for the addresses of a backtrace.
 */
#ifndef HOST_PANIC_H
#define HOST_PANIC_H

#include <stddef.h>
#include <stdint.h>

#include "host/err.h"

struct guest_image;
struct machine;
struct panic_sink;

/* image outlives it; symbols are read when an address is to be named. */
int panic_create(struct panic_sink **out, const struct guest_image *image,
		 const char *id) MUST_CHECK;
void panic_destroy(struct panic_sink *p); /* NULL is ignored */
/* Bytes of the debug port, any thread. */
void panic_feed(struct panic_sink *p, const void *buf, size_t len);
/* Ends a line that was begun. */
void panic_flush(struct panic_sink *p);
/* The first line of the guest's panic, "" where there was none. */
const char *panic_message(const struct panic_sink *p);
/* Logs one frame of where a CPU is; 0: the instruction itself. */
void panic_dump_pc(struct machine *m, unsigned cpu, unsigned frame,
		   uint64_t pc);

#endif
