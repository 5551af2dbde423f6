/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stdio.h: between the user's descriptors and the streams of control.h.
 */
#ifndef HOST_STDIO_H
#define HOST_STDIO_H

#include <stdbool.h>
#include <stddef.h>

#include "host/err.h"
#include "host/vm.h"

struct control;
struct loop;
struct stdio;

/* Prepares the three descriptors, which stay the caller's; needs /proc/self/fd
 * (before the jail).  terminal: one stream both ways, and a terminal on io->in
 * becomes raw until stdio_destroy().  The flags of open file descriptions that
 * others share are never changed. */
int stdio_create(struct stdio **out, struct loop *l, const struct vm_io *io,
		 bool terminal, struct err *e) MUST_CHECK;
/* Begins to read the user's input.  c outlives it. */
void stdio_start(struct stdio *s, struct control *c);
/* The terminal's size goes to the guest (SIGWINCH). */
void stdio_winsize(struct stdio *s);

/* SIGCONT: reads on from a terminal that was another job's. */
void stdio_continued(struct stdio *s);

/* What control.c hears, to be called from its control_ops. */
void stdio_data(struct stdio *s, unsigned stream, const void *buf, size_t len);
void stdio_eof(struct stdio *s, unsigned stream);
void stdio_close(struct stdio *s, unsigned stream);
void stdio_ready(struct stdio *s, unsigned stream);

/* Runs the loop until all that the guest wrote is with the user, or the user
 * does not want it, or stdio_give_up(). */
int stdio_drain(struct stdio *s) MUST_CHECK;
void stdio_give_up(struct stdio *s);
/* Restores the terminal. */
void stdio_destroy(struct stdio *s);

/* The state of each stream into the log. */
void stdio_log(struct stdio *s);

#endif
