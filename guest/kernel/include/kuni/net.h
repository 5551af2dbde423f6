/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.h: sockets: the socket every family builds on, what a family and a
 * protocol provide, and what the system calls ask for.
 *
 * A socket is embedded in its family's own structure.  It has a reference for
 * its file and one for each socket, message or table that points to it; when
 * the file goes, ops->release() takes it out of the world, and ops->destroy()
 * frees it with the last reference.  Lock order: guest/kernel/net/README.md.
 */
#ifndef KUNI_NET_H
#define KUNI_NET_H

#include <sys/queue.h>

#include "kuni/fs.h"
#include "kuni/linux_net.h"

struct cred;
struct msgbuf;
struct netns;
struct socket;

struct sock_addr {
	unsigned len; /* of what follows; 0: none */
	union {
		uint16_t family;
		uint8_t bytes[128];
		struct lx_sockaddr_un un;
		struct lx_sockaddr_nl nl;
		struct lx_sockaddr_in in;
		struct lx_sockaddr_in6 in6;
	};
};

/* What travels beside the bytes of a message. */
struct scm_files {
	unsigned n;
	struct flight_user *user; /* [gc_lock] of net/unix_gc.c: who sends */
	bool flying;              /* [gc_lock] in a queue */
	struct scm_files *next;   /* of scm_free() */
	struct file *file[];
};
struct scm {
	bool has_creds;
	struct lx_ucred creds;
	struct scm_files *files; /* owned, NULL: none */
};

/* A control message of a protocol's own. */
struct sock_cmsg {
	int level, type;
	unsigned len; /* of data */
	uint8_t data[48];
};
#define SOCK_CMSGS 4
/* One call that sends or receives. */
struct sock_msg {
	struct uio *u;
	unsigned flags;         /* MSG_*; MSG_DONTWAIT also for O_NONBLOCK */
	unsigned out_flags;     /* received: MSG_TRUNC, MSG_EOR, ... */
	struct sock_addr *name; /* to; or who sent it, NULL: not asked for */
	struct scm scm;
	unsigned ncmsg; /* received */
	struct sock_cmsg cmsg[SOCK_CMSGS];
};

struct sock_family {
	int family;
	int (*create)(struct netns *ns, int type, int protocol,
		      struct socket **out); /* type without flags */
};
extern const struct sock_family *const sock_families[]; /* NULL-terminated */

/* Which name: one's own; the peer's; the peer's even if it has gone already. */
enum { NAME_OWN, NAME_PEER, NAME_ACCEPTED };

/* NULL: what Linux answers where a protocol has no such call, EOPNOTSUPP. */
struct sock_ops {
	int (*bind)(struct socket *s, const struct sock_addr *a);
	int (*connect)(struct socket *s, const struct sock_addr *a,
		       bool nonblock);
	int (*pair)(struct socket *a, struct socket *b);
	int (*listen)(struct socket *s, int backlog);
	int (*accept)(struct socket *s, bool nonblock, struct socket **out);
	int (*getname)(struct socket *s, int which, struct sock_addr *out);
	int (*shutdown)(struct socket *s, int how);
	ssize_t (*send)(struct socket *s, struct sock_msg *m);
	ssize_t (*recv)(struct socket *s, struct sock_msg *m);
	unsigned (*poll)(struct socket *s, struct poll_table *pt);
	long (*ioctl)(struct socket *s, unsigned cmd, uaddr_t arg);
	/* Levels other than SOL_SOCKET. */
	int (*setopt)(struct socket *s, int level, int name, uaddr_t val,
		      int len);
	int (*getopt)(struct socket *s, int level, int name, uaddr_t val,
		      uaddr_t len);
	/* An option of SOL_SOCKET has another value. */
	void (*changed)(struct socket *s, int name);
	bool (*listening)(struct socket *s);
	void (*release)(struct socket *s);
	void (*destroy)(struct socket *s);
};

#define SHUTDOWN_RCV 1U
#define SHUTDOWN_SND 2U

TAILQ_HEAD(msgqueue, msgbuf);
struct socket {
	uint32_t ref;                  /* [a] */
	const struct sock_ops *ops;    /* [I] */
	int family, type, protocol;    /* [I] */
	struct netns *ns;              /* [I] reference */
	uint64_t cookie;               /* [I] SO_COOKIE */
	struct spinlock lock;          /* RANK_SOCK; two: by address */
	struct mutex read_lock;        /* RANK_SOCK_READ: one reader */
	struct file *file;             /* [lock] NULL: none (yet, any more) */
	struct msgqueue queue;         /* [lock] received */
	unsigned qlen;                 /* [lock] */
	uint64_t qbytes;               /* [lock] in queue, not yet read */
	unsigned shutdown;             /* [lock] SHUTDOWN_* */
	bool dead;                     /* [lock] released */
	int err;                       /* [a] SO_ERROR, positive */
	int32_t wmem;                  /* [a] charged for what it sent */
	int32_t sndbuf, rcvbuf;        /* [a] */
	int32_t rcvlowat, priority;    /* [a] */
	uint64_t rcvtimeo, sndtimeo;   /* [a] ns; DEADLINE_NEVER */
	uint32_t flags;                /* [a] bits 1 << SO_* of plain flags */
	struct lx_linger linger;       /* [lock] */
	struct waitq rd_wait, wr_wait; /* readable; writable, connected */
	struct cred *peer_cred;        /* [lock] reference, or NULL */
	int peer_pid;                  /* [lock] */
};

/* ---- sock.c ---- */
/* Fills what is common; s is zeroed, and has one reference afterwards. */
void sock_init(struct socket *s, const struct sock_ops *ops, struct netns *ns,
	       int family, int type, int protocol);
void sock_get(struct socket *s);
void sock_put(struct socket *s);
/* The file takes the reference on success. flags: O_NONBLOCK. */
int sock_file(struct socket *s, unsigned flags, struct file **out) MUST_CHECK;
/* The socket of f, or -ENOTSOCK. */
int sock_of(const struct file *f, struct socket **out) MUST_CHECK;
int sock_create(int family, int type, int protocol,
		struct socket **out) MUST_CHECK;
int sock_take_error(struct socket *s); /* 0 or negative; clears it */
void sock_fail(struct socket *s, int err);
static inline bool sock_flag(const struct socket *s, int opt)
{
	return __atomic_load_n(&s->flags, __ATOMIC_RELAXED) >> opt & 1;
}
/* Everybody who waits for s looks again. */
void sock_wake(struct socket *s, unsigned events);
bool sock_writable(const struct socket *s);
void sock_lock_two(struct socket *a, struct socket *b);
void sock_unlock_two(struct socket *a, struct socket *b);
/* current's credentials as those of s's peer. */
void sock_set_peer_cred(struct socket *s);
void sock_copy_peer_cred(struct socket *to, struct socket *from);
ssize_t sock_send(struct socket *s, struct sock_msg *m);
ssize_t sock_recv(struct socket *s, struct sock_msg *m);
int sock_shutdown_bits(int how, unsigned *bits) MUST_CHECK;

static inline uint64_t sock_deadline(uint64_t timeo)
{
	return timeo == DEADLINE_NEVER ? timeo : arch_clock_ns() + timeo;
}
/* Until cond: 0; -EAGAIN at the deadline; a signal: restarts only without. */
#define sock_wait(wq, cond, deadline)                                          \
	({                                                                     \
		uint64_t until_ = (deadline);                                  \
		int rw_ = wait_event_until(wq, cond, until_);                  \
		if (rw_ == -ETIMEDOUT)                                         \
			rw_ = -EAGAIN;                                         \
		else if (rw_ && until_ != DEADLINE_NEVER)                      \
			rw_ = -EINTR;                                          \
		rw_;                                                           \
	})

/* ---- sockopt.c ---- */
int sock_setsockopt(struct socket *s, int level, int name, uaddr_t val,
		    int len) MUST_CHECK;
int sock_getsockopt(struct socket *s, int level, int name, uaddr_t val,
		    uaddr_t len) MUST_CHECK;

/* ---- scm.c: control messages ---- */
int scm_parse(struct socket *s, const void *control, size_t len,
	      struct sock_msg *m) MUST_CHECK;
/* One more for scm_deliver(). */
void scm_add(struct sock_msg *m, int level, int type, const void *data,
	     size_t len);
/* What m brought, as control messages at user address to: bytes written;
 * m->out_flags may get MSG_CTRUNC. Takes m->scm. */
size_t scm_deliver(struct socket *s, struct sock_msg *m, uaddr_t to,
		   size_t room);
void scm_free(struct scm *s);

/* ---- network namespaces and interfaces (netns.c, netdev.c) ---- */
struct netns *netns_current(void); /* reference, of current */
void netns_get(struct netns *ns);
void netns_put(struct netns *ns);
long netdev_ioctl(struct netns *ns, unsigned cmd, uaddr_t arg);

/* ---- for /proc/net ---- */
struct unix_info {
	unsigned ref, flags, type, state;
	uint64_t ino;
	size_t name_len; /* 0: unnamed */
	char name[UNIX_PATH_MAX + 1];
};
/* Calls fn for every unix socket of ns; fn must not sleep. */
void unix_each(struct netns *ns, void (*fn)(const struct unix_info *i, void *),
	       void *arg);

/* One of AF_INET or AF_INET6 (net/inet/info.c). */
struct inet_info {
	uint8_t local[16], remote[16]; /* 4 bytes of it for AF_INET */
	uint16_t lport, rport;
	uint8_t state; /* Linux's TCP_* states; 1 and 7 of others */
	uint32_t tx, rx, uid, ref;
	uint64_t ino; /* 0: no file (any more) */
};
typedef void (*inet_info_fn)(const struct inet_info *i, void *arg);
/* fn makes no use of sockets.  type: as of socket(2), or INET_PING. */
#define INET_PING 0x100
void inet_each(int family, int type, inet_info_fn fn, void *arg);
/* /proc/sys/net: [a] (net/netns.c) */
extern struct net_limits {
	int somaxconn;
	int ip_unprivileged_port_start, tcp_max_tw_buckets;
	int tcp_keepalive_time, tcp_keepalive_intvl, tcp_keepalive_probes;
	/* groups that may have ping sockets, from and to: icmp(7) */
	uint64_t ping_group_range;
} net_limits;
static inline int net_limit(const int *l)
{
	return __atomic_load_n(l, __ATOMIC_RELAXED);
}
/* Connections are as the limits are now; what is too much goes. */
void inet_limits_changed(void);
void inet_loop_stats(uint64_t *packets, uint64_t *bytes); /* either way */

/* ---- netlink.c ---- */
/* n bytes as a message into the queue of s, an AF_NETLINK socket. */
void netlink_tell(struct socket *s, const void *data, size_t n);

#endif
