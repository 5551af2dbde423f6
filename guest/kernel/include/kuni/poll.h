/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poll.h: sleeping on any number of wait queues (syscall/sys_poll.c).
 *
 * A poller registers on the first look only; a wake between a look and the
 * sleep sets `woken`, so it is never missed, even where looking itself slept.
 */
#ifndef KUNI_POLL_H
#define KUNI_POLL_H

#include "kuni/fs.h"

#define POLL_INLINE 12

struct poll_entry {
	struct waiter w;
	struct poller *poller;
};
struct poll_chunk {
	struct poll_chunk *next;
	unsigned n;
	struct poll_entry e[24];
};
struct poller {
	struct poll_table pt;
	struct poll_entry e[POLL_INLINE];
	unsigned n;
	struct poll_chunk *more;
	struct task *task;
	bool woken; /* [a] */
	int err;    /* -ENOMEM: a queue could not be joined */
};
void poller_init(struct poller *p);
void poller_fini(struct poller *p);
/* Until woken, or the deadline: 0, -ETIMEDOUT, -EINTR. */
int poller_sleep(struct poller *p, uint64_t deadline) MUST_CHECK;

/* struct timespec (or NULL: never) to a deadline of the monotonic clock. */
int deadline_from_user(uaddr_t at, uint64_t *deadline) MUST_CHECK;
/* The same of an absolute time; real: of the wall clock. */
int deadline_absolute(uaddr_t at, bool real, uint64_t *deadline) MUST_CHECK;
/* The mask of ppoll and the like, until the call ends. set 0: nothing. */
int sigmask_begin(uaddr_t set, size_t size) MUST_CHECK;
/* Where a signal broke the call, its delivery restores the mask. */
void sigmask_end(uaddr_t set, bool interrupted);

#endif
