/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline.h: what --timeline shows: the phases of a run, host and guest,
 * from exec of kuni to its exit.
 */
#ifndef HOST_TIMELINE_H
#define HOST_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "host/err.h"

struct timeline;

/* The start of everything: the first statement of main(). */
void timeline_epoch(void);
int timeline_create(struct timeline **out) MUST_CHECK;
void timeline_destroy(struct timeline *t); /* NULL is ignored */
/* The phase `name` (a literal) ends now; any thread.  t may be NULL. */
void timeline_mark(struct timeline *t, const char *name);
/* The guest's enum boot_mark. */
void timeline_guest(struct timeline *t, uint32_t mark);
/* Prints it to fd, as a table or one JSON object. */
void timeline_print(struct timeline *t, int fd, bool json);

#endif
