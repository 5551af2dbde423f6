/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h: the monitor's event loop, one epoll instance on the main thread.
 *
 * Handlers run one at a time on the loop's thread, and may add, change and
 * remove sources, their own included.
 */
#ifndef HOST_LOOP_H
#define HOST_LOOP_H

#include <stdint.h>

#include "host/err.h"

struct loop;
struct loop_source;

/* events: EPOLL* that are ready. */
typedef void (*loop_fn)(void *arg, uint32_t events);

int loop_create(struct loop **out) MUST_CHECK; /* negative errno */
void loop_destroy(struct loop *l);
/* Watches fd (not owned) for events (EPOLLIN...); 0 events: only added. */
int loop_add(struct loop *l, int fd, uint32_t events, loop_fn fn, void *arg,
	     struct loop_source **out) MUST_CHECK;
int loop_change(struct loop *l, struct loop_source *s,
		uint32_t events) MUST_CHECK;
void loop_remove(struct loop *l, struct loop_source *s);
/* Until loop_stop(), which may be called by any thread or signal handler. */
int loop_run(struct loop *l) MUST_CHECK;
void loop_stop(struct loop *l);

#endif
