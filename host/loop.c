/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.c: the monitor's event loop, one epoll instance on the main thread.
 *
 * A source that is removed while its event waits in the current batch must
 * not be called: it is marked dead and freed when the batch is done.
 * loop_stop() is a write to an eventfd, so it may come from anywhere.
 */
#include "host/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#define BATCH 32

struct loop_source {
	int fd;
	bool dead;
	loop_fn fn;
	void *arg;
	LIST_ENTRY(loop_source) link;
};

struct loop {
	int epoll, stop;
	LIST_HEAD(, loop_source) sources, dead;
};

int loop_create(struct loop **out)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };
	struct loop *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	LIST_INIT(&l->sources);
	LIST_INIT(&l->dead);
	l->stop = -1;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll >= 0)
		l->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->epoll < 0 || l->stop < 0 ||
	    epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->stop, &ev) < 0) {
		r = -errno;
		loop_destroy(l);
		return r;
	}
	*out = l;
	return 0;
}

static void free_dead(struct loop *l)
{
	while (!LIST_EMPTY(&l->dead)) {
		struct loop_source *s = LIST_FIRST(&l->dead);

		LIST_REMOVE(s, link);
		free(s);
	}
}

void loop_destroy(struct loop *l)
{
	if (!l)
		return;
	while (!LIST_EMPTY(&l->sources))
		loop_remove(l, LIST_FIRST(&l->sources));
	free_dead(l);
	if (l->epoll >= 0)
		close(l->epoll);
	if (l->stop >= 0)
		close(l->stop);
	free(l);
}

int loop_add(struct loop *l, int fd, uint32_t events, loop_fn fn, void *arg,
	     struct loop_source **out)
{
	struct loop_source *s = calloc(1, sizeof(*s));
	struct epoll_event ev = { .events = events, .data.ptr = s };

	if (!s)
		return -ENOMEM;
	s->fd = fd;
	s->fn = fn;
	s->arg = arg;
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
		int r = -errno;

		free(s);
		return r;
	}
	LIST_INSERT_HEAD(&l->sources, s, link);
	if (out)
		*out = s;
	return 0;
}

int loop_change(struct loop *l, struct loop_source *s, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };

	return epoll_ctl(l->epoll, EPOLL_CTL_MOD, s->fd, &ev) < 0 ? -errno : 0;
}

void loop_remove(struct loop *l, struct loop_source *s)
{
	if (!s || s->dead)
		return;
	/* Fails only where the owner has closed fd already, which removes. */
	(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, s->fd, NULL);
	s->dead = true;
	LIST_REMOVE(s, link);
	LIST_INSERT_HEAD(&l->dead, s, link);
}

int loop_run(struct loop *l)
{
	struct epoll_event ev[BATCH];
	bool stop = false;

	while (!stop) {
		int n = epoll_wait(l->epoll, ev, BATCH, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++) {
			struct loop_source *s = ev[i].data.ptr;

			if (!s)
				stop = true;
			else if (!s->dead)
				s->fn(s->arg, ev[i].events);
		}
		free_dead(l);
	}
	uint64_t count;

	if (read(l->stop, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return -errno;
	return 0;
}

void loop_stop(struct loop *l)
{
	uint64_t one = 1;
	int saved = errno;

	/* Fails only with EAGAIN, where a stop is pending already. */
	if (write(l->stop, &one, sizeof(one)) < 0)
		errno = saved;
}
