/* SPDX-License-Identifier: Apache-2.0 */
/* unix.h: what the files of AF_UNIX share. */
#ifndef NET_UNIX_H
#define NET_UNIX_H

#include "families.h"
#include "kuni/klog.h"
#include "kuni/task.h"
#include "kuni/vfs.h"
#include "msgbuf.h"

#define UNIX_ADDR_MIN 2U /* the family alone */
#define UNIX_QLEN     10 /* Linux's net.unix.max_dgram_qlen */
#define EPOLL_READ    (EPOLLIN | EPOLLRDNORM)
#define EPOLL_WRITE   (EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND)
#define EPOLL_ALL     (EPOLL_READ | EPOLL_WRITE | EPOLLRDHUP | EPOLLHUP)

struct unix_addr {
	uint32_t ref; /* [a] */
	uint32_t len; /* [I] of the sockaddr; UNIX_ADDR_MIN: autobind asked */
	struct lx_sockaddr_un un; /* [I] a path ends with its NUL */
};

enum unix_state { UNIX_CLOSED, UNIX_LISTEN, UNIX_CONNECTED };

TAILQ_HEAD(unix_list, unix_sock);
struct unix_sock {
	struct socket sk;                /* first */
	struct mutex bind_lock;          /* RANK_SOCK_BIND: name, dgram peer */
	LIST_ENTRY(unix_sock) name_link; /* [bucket] */
	unsigned bucket;                 /* [bind_lock] */
	struct unix_addr *addr;          /* [lock] reference; set once */
	bool named;                      /* [bucket] addr stands in the table */
	struct inode *inode;      /* [bucket] reference; bound to a path */
	enum unix_state state;    /* [lock] */
	struct unix_sock *peer;   /* [lock] reference */
	int backlog;              /* [lock] messages or connections waiting */
	struct waitq room_wait;   /* for room in our queue */
	struct unix_list embryos; /* [lock] connected, not yet accepted */
	unsigned nembryos;        /* [lock] */
	TAILQ_ENTRY(unix_sock) embryo_link; /* [listener's lock] */
	struct unix_list senders; /* [lock] datagram sockets connected to us */
	TAILQ_ENTRY(unix_sock) sender_link; /* [peer's lock] */
	bool is_sender;                     /* [peer's lock] */
	/* [gc_lock] */
	TAILQ_ENTRY(unix_sock) gc_link;
	unsigned inflight, gc_refs;
	bool candidate;
};

static inline struct unix_sock *unix_of(struct socket *s)
{
	return container_of(s, struct unix_sock, sk);
}
static inline struct socket *sk_of(struct unix_sock *u)
{
	return u ? &u->sk : NULL;
}

/* ---- unix.c ---- */
extern const struct sock_ops unix_stream_ops, unix_dgram_ops,
	unix_seqpacket_ops;
int unix_new(struct netns *ns, int type, struct unix_sock **out) MUST_CHECK;
/* Takes u out of the world: its file is gone, or nobody accepted it. */
void unix_gone(struct unix_sock *u, bool embryo);
/* The peer, with a reference, or NULL. */
struct unix_sock *unix_peer_get(struct unix_sock *u);
/* Everything in u's queue is lost. */
void unix_purge(struct unix_sock *u);
bool unix_full_locked(const struct unix_sock *u);

/* ---- unix_name.c ---- */
void unix_addr_put(struct unix_addr *a);
struct unix_addr *unix_addr_get(struct unix_sock *u);
void unix_table_add(struct unix_sock *u);
void unix_table_remove(struct unix_sock *u);
int unix_bind(struct socket *s, const struct sock_addr *a);
int unix_autobind(struct unix_sock *u) MUST_CHECK;
/* The socket at a, of type, with a reference. */
int unix_find(struct unix_sock *u, const struct sock_addr *a,
	      struct unix_sock **out) MUST_CHECK;
void unix_copy_name(struct unix_sock *u, struct sock_addr *out);

/* ---- unix_conn.c ---- */
int unix_listen(struct socket *s, int backlog);
int unix_accept(struct socket *s, bool nonblock, struct socket **out);
int unix_stream_connect(struct socket *s, const struct sock_addr *a,
			bool nonblock);
int unix_dgram_connect(struct socket *s, const struct sock_addr *a,
		       bool nonblock);
int unix_pair(struct socket *a, struct socket *b);
void unix_leave_peer(struct unix_sock *u, struct unix_sock *peer);

/* ---- unix_send.c ---- */
/* Sender's side: waits for room, then a message filled from m->u, with its
 * credentials and descriptors. */
int unix_prepare(struct socket *s, struct sock_msg *m, size_t len,
		 uint64_t deadline, struct msgbuf **out) MUST_CHECK;
void unix_add_creds(struct msgbuf *b, struct socket *s, struct socket *to);
/* The lock of to, inside the collector's where b carries descriptors. */
void unix_lock_for(struct unix_sock *to, const struct msgbuf *b);
void unix_unlock_for(struct unix_sock *to, bool files);
void unix_queue_locked(struct unix_sock *to, struct msgbuf *b);
ssize_t unix_stream_send(struct socket *s, struct sock_msg *m);
ssize_t unix_dgram_send(struct socket *s, struct sock_msg *m);
ssize_t unix_seqpacket_send(struct socket *s, struct sock_msg *m);

/* ---- unix_recv.c ---- */
ssize_t unix_stream_recv(struct socket *s, struct sock_msg *m);
ssize_t unix_dgram_recv(struct socket *s, struct sock_msg *m);
ssize_t unix_seqpacket_recv(struct socket *s, struct sock_msg *m);

/* ---- unix_gc.c ---- */
void unix_gc_lock(void);
void unix_gc_unlock(void);
int unix_flight_check(struct scm_files *f) MUST_CHECK; /* ETOOMANYREFS */
void unix_flight_start_locked(struct scm_files *f);
void unix_flight_end(struct scm_files *f);
/* b's descriptors go to *out, or, peek, copies of them. */
int unix_take_files(struct msgbuf *b, struct scm *out, bool peek) MUST_CHECK;
void unix_gc(void);

#endif
