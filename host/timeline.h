/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline.h: what --timeline shows: the phases of a run, host and guest,
 * from the start of the process to its end, and the VM exits by kind.
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
/* The guest wrote to its exit port: this moment is its MARK_END.  Any thread,
 * the first call counts. */
void timeline_guest_end(struct timeline *t);
/* The guest's bootinfo.mark[MARK_COUNT], once the VM has ended. */
void timeline_guest(struct timeline *t, const uint64_t *mark);
/* The statistics of one vCPU (KVM_GET_STATS_FD), added to those before; takes
 * fd.  One thread. */
void timeline_exits(struct timeline *t, int fd);
/* Prints it to fd, as a table or one JSON object. */
void timeline_print(struct timeline *t, int fd, bool json);

#endif
