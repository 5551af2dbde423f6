/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqueue.h: POSIX message queues (mq_overview(7)).
 *
 * A queue is a file of the file system mqueue, of which there is one, wherever
 * it is mounted: fs/mqueuefs.c has its names, fs/mqueue.c what a queue does.
 */
#ifndef KUNI_MQUEUE_H
#define KUNI_MQUEUE_H

#include "kuni/fs.h"

#define MQ_PRIO_MAX   32768U
#define MQ_MSGS_TOP   65536 /* of the limits that CAP_SYS_RESOURCE lifts */
#define MQ_SIZE_TOP   (16 << 20)
#define MQ_COOKIE_LEN 32

struct lx_mq_attr {
	int64_t flags, maxmsg, msgsize, curmsgs, reserved[4];
};

/* How mq_notify(3) is to tell of a message in an empty queue. */
struct mq_notification {
	int how; /* SIGEV_* */
	int signo;
	uint64_t value;
	/* SIGEV_THREAD: the cookie goes to the socket, by tell() */
	struct file *sock; /* reference, or NULL */
	void (*tell)(struct file *sock, const void *cookie, size_t n);
	uint8_t cookie[MQ_COOKIE_LEN];
};

struct mqueue_limits { /* [a] /proc/sys/fs/mqueue */
	int queues_max, msg_max, msgsize_max, msg_default, msgsize_default;
};
extern struct mqueue_limits mqueue_limits;

/* ---- mqueuefs.c ---- */
/* name: without the slash.  attr NULL: the defaults; it counts for a new queue
 * alone.  -EACCES (no name), -ENOENT, -EEXIST, -EINVAL, -EMFILE (RLIMIT_MSGQUEUE),
 * -ENOSPC. */
int mqueue_open(const char *name, int flags, uint32_t mode,
		const struct lx_mq_attr *attr, struct file **out) MUST_CHECK;
int mqueue_unlink(const char *name) MUST_CHECK;
struct mqueue *mqueue_of(const struct file *f); /* NULL: not a queue */

/* ---- mqueue.c ---- */
/* Checks attr against the limits and charges current's user. */
int mqueue_new(const struct lx_mq_attr *attr, struct mqueue **out) MUST_CHECK;
void mqueue_free(struct mqueue *q);
/* n bytes at user address from; nonblock: -EAGAIN.  -EMSGSIZE, -ETIMEDOUT. */
int mqueue_send(struct mqueue *q, uaddr_t from, size_t n, unsigned prio,
		bool nonblock, uint64_t deadline) MUST_CHECK;
/* The first message of the highest priority; its length. */
ssize_t mqueue_receive(struct mqueue *q, uaddr_t to, size_t n, uint32_t *prio,
		       bool nonblock, uint64_t deadline) MUST_CHECK;
/* n NULL: current's process is told no more.  Takes n->sock on success. */
int mqueue_notify(struct mqueue *q, const struct mq_notification *n) MUST_CHECK;
void mqueue_closed(struct mqueue *q); /* by current's process */
void mqueue_attr(struct mqueue *q, struct lx_mq_attr *out);
int mqueue_text(struct mqueue *q, char *buf, size_t n); /* what read(2) says */
unsigned mqueue_poll(struct mqueue *q, struct poll_table *pt);

#endif
