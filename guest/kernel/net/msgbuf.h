/* SPDX-License-Identifier: Apache-2.0 */
/* msgbuf.h: a message, or a piece of a stream, on its way between sockets. */
#ifndef NET_MSGBUF_H
#define NET_MSGBUF_H

#include "kuni/net.h"

#define MSGBUF_INLINE 384 /* up to this many bytes stand in the header */

struct msgbuf {
	TAILQ_ENTRY(msgbuf) link; /* [lock of the receiver] */
	struct socket *from;      /* [I] reference; pays; NULL: the kernel */
	uint32_t charge;          /* [I] */
	uint32_t len;             /* [I] */
	uint32_t off;             /* [read_lock of the receiver] read so far */
	uint32_t npages;          /* [I] 0: the bytes are in data */
	uint64_t end;             /* [o] of net/inet/tcp_send.c */
	struct scm scm;           /* [gc_lock where it has files] */
	union {
		char *page[0];
		char data[0];
	};
};

/* For len bytes, paid by from (NULL: nobody). NULL: no memory. */
struct msgbuf *msgbuf_new(struct socket *from, size_t len) MUST_CHECK;
void msgbuf_free(struct msgbuf *m); /* with what it carries */
/* What len bytes cost their sender. */
uint32_t msgbuf_charge(size_t len);
/* All of m->len from u: 0 or -EFAULT. */
int msgbuf_fill(struct msgbuf *m, struct uio *u) MUST_CHECK;
void msgbuf_fill_kernel(struct msgbuf *m, const void *from);
/* n bytes from off on to u: bytes, -EFAULT where none could be moved. */
ssize_t msgbuf_copy(const struct msgbuf *m, size_t off, size_t n,
		    struct uio *u);

/* Queues of s; the lock of s is held. */
void msgqueue_add_locked(struct socket *s, struct msgbuf *m);
void msgqueue_remove_locked(struct socket *s, struct msgbuf *m);
/* Whether there is something; without the lock, for those who wait. */
static inline bool msgqueue_any(const struct socket *s)
{
	return __atomic_load_n(&s->queue.tqh_first, __ATOMIC_ACQUIRE);
}

#endif
