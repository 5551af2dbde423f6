/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inet.h: what the files of AF_INET and AF_INET6 share.
 *
 * lwIP's state, and of a socket what is marked [inet], belongs to who holds
 * inet_lock().  A socket has one reference more while lwIP has a protocol
 * control block that points to it.
 */
#ifndef NET_INET_H
#define NET_INET_H

#include "families.h"
#include "kuni/klog.h"
#include "kuni/task.h"
#include "kuni/vfs.h"
#include "msgbuf.h"

#include "lwip/ip.h"
#include "lwip/prot/icmp.h"
#include "lwip/raw.h"
#include "lwip/tcp.h"
#include "lwip/udp.h"

#define EPOLL_READ  (EPOLLIN | EPOLLRDNORM)
#define EPOLL_WRITE (EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND)
#define EPOLL_ALL   (EPOLL_READ | EPOLL_WRITE | EPOLLRDHUP | EPOLLHUP)

/* Bits of a pcb's so_options that lwIP has no use for. */
#define PCB_INET6     0x10 /* its socket was of AF_INET6 */
#define PCB_REUSEADDR 0x40
#define PCB_REUSEPORT 0x80

struct endpoint {
	ip_addr_t ip;
	uint16_t port; /* of the host's byte order */
};

/* What a message said of itself beside its bytes. */
struct dgram_how {
	ip_addr_t from; /* any: not said */
	int ttl, tos;
};
enum tcp_phase { TCP_IS_CLOSED, TCP_LISTENS, TCP_CONNECTS, TCP_IS_OPEN };

STAILQ_HEAD(dgrams, dgram);
TAILQ_HEAD(inet_list, inet_sock);
struct inet_sock {
	struct socket sk; /* first */
	union {           /* [inet] NULL: none (yet, any more) */
		struct tcp_pcb *tcp;
		struct udp_pcb *udp;
		struct raw_pcb *raw;
		struct ip_pcb *pcb; /* what all of them begin with */
	};
	struct inet_sock *gone_next;   /* [inet] of lwip_port.c */
	unsigned gone_refs;            /* [inet] */
	struct endpoint local, remote; /* [inet] port 0: none */
	struct endpoint bound;         /* [inet] what bind(2) asked for */
	uint32_t opts;                 /* [a] bits 1 << INET_* */
	int32_t ttl, hops;             /* [a] of IPv4, IPv6; -1: the default */
	uint8_t tos, tclass;           /* [a] of IPv4, IPv6 */
	uint8_t minttl;                /* [a] less does not come in */
	uint8_t pmtudisc, pmtudisc6;   /* [a] */
	uint32_t uid;                  /* [I] who made it */

	/* streams */
	enum tcp_phase phase;       /* [inet], read without it */
	bool connecting;            /* [inet] connect(2) is not over */
	bool released;              /* [inet] its file is gone */
	bool quick;                 /* [a] TCP_QUICKACK was asked for */
	bool fin;                   /* [lock] the other end has ended */
	struct pbuf *rx, *rx_tail;  /* [lock] received, chained by next */
	struct pbuf *gather;        /* [lock] the tail, where it has room */
	uint32_t gather_room;       /* [lock] bytes */
	uint32_t unannounced;       /* [read_lock] read, not told to lwIP */
	uint32_t window;            /* [inet] what may be on its way to us */
	struct msgqueue hold;       /* [inet] not yet given to lwIP */
	struct msgqueue tx;         /* [inet] pages not yet acknowledged */
	uint64_t tx_end, tx_acked;  /* [inet] of the stream sent */
	uint32_t hold_bytes;        /* [inet] */
	bool starved;               /* [inet] lwIP had no room for it */
	bool fin_wanted;            /* [inet] when hold is empty */
	uint64_t hold_since;        /* [inet] */
	uint64_t progress;          /* [inet] when tx_acked last moved */
	struct inet_list embryos;   /* [lock] not yet accepted */
	unsigned nembryos, backlog; /* [lock] */
	/* [listener's lock]; of raw.c and ping.c: [inet] */
	TAILQ_ENTRY(inet_sock) embryo_link;
	/* [a] s, s, times; 0: as net_limits has them */
	uint32_t keep_idle, keep_intvl, keep_cnt;
	uint32_t user_timeout;   /* [a] ms, 0: none */
	uint32_t syncnt, maxseg; /* [a] maxseg 0: none */

	/* datagrams */
	struct dgrams dgrams, errors; /* [lock] */
	uint32_t rx_bytes;            /* [lock] charged, of dgrams and errors */
	uint32_t icmp_filter[8];      /* [lock] bit set: blocked */
	struct pbuf *pending;         /* [inet] corked: what has no end yet */
	uint32_t pending_len;         /* [inet] of it that is used */
	struct endpoint pending_to;   /* [inet] */
	struct dgram_how pending_how; /* [inet] */
};

enum inet_option {
	INET_NODELAY,
	INET_CORK,
	INET_V6ONLY,
	INET_RECVERR,
	INET_RECVERR6,
	INET_PKTINFO,
	INET_PKTINFO6,
	INET_RECVTTL,
	INET_RECVHOPS,
	INET_HOPS2292, /* as RFC 2292 had it */
	INET_RECVTOS,
	INET_RECVTCLASS,
	INET_HDRINCL,
	INET_FREEBIND,
	INET_NOPORT, /* IP_BIND_ADDRESS_NO_PORT */
	INET_QUICKACK,
	INET_UDP_CORK,
	INET_DONTFRAG6,
};

/* A socket of ping.c: a datagram's, with a raw pcb. */
static inline bool inet_is_ping(const struct inet_sock *s)
{
	return s->sk.type == SOCK_DGRAM && (s->sk.protocol == IP_PROTO_ICMP ||
					    s->sk.protocol == IP6_NEXTH_ICMP6);
}
static inline bool inet_is_udp(const struct inet_sock *s)
{
	return s->sk.type == SOCK_DGRAM && !inet_is_ping(s);
}

static inline struct inet_sock *inet_of(struct socket *s)
{
	return container_of(s, struct inet_sock, sk);
}
static inline bool inet_opt(const struct inet_sock *s, enum inet_option o)
{
	return __atomic_load_n(&s->opts, __ATOMIC_RELAXED) >> o & 1;
}
static inline bool inet_is6(const struct inet_sock *s)
{
	return s->sk.family == AF_INET6;
}

/* ---- lwip_port.c ---- */
int inet_ready(void) MUST_CHECK; /* lwIP is there, or -ENOMEM */
bool inet_started(void);
void inet_lock(void);
void inet_unlock(void);   /* packets of the loopback have arrived then */
void inet_tcp_busy(void); /* TCP's timers have something to do */
/* Drops the reference of s's pcb at inet_unlock(). */
void inet_pcb_gone(struct inet_sock *s);
int inet_errno(err_t e); /* 0 or negative */

/* ---- loop.c ---- */
extern struct netif loop_netif;
void loop_init(void);
bool loop_run(void);   /* delivers what was sent; whether TCP was among it */
bool loop_waits(void); /* there is more */
struct pbuf *page_pbuf(void *at, size_t n); /* within one page; reference */
/* Of p, with references to its pages and copies of the rest; NULL: no memory. */
struct pbuf *packet_clone(const struct pbuf *p);
struct loop_counts {
	uint64_t packets, bytes;
};
extern struct loop_counts loop_counts; /* [inet] */

/* ---- addr.c ---- */
/* What the user gave s as an address: 0, EINVAL, EAFNOSUPPORT. */
int endpoint_from_addr(const struct inet_sock *s, const struct sock_addr *a,
		       struct endpoint *out) MUST_CHECK;
/* The same for a datagram: one of AF_INET6 may be sent to AF_INET. */
int endpoint_to_send(const struct inet_sock *s, const struct sock_addr *a,
		     struct endpoint *out) MUST_CHECK;
uint8_t inet_ttl(const struct inet_sock *s, bool v6);
void endpoint_to_addr(const struct inet_sock *s, const struct endpoint *e,
		      struct sock_addr *out);
uint8_t inet_ip_type(const struct inet_sock *s); /* of a pcb of s */
ip_addr_t inet_any(const struct inet_sock *s);   /* what an unbound one has */
bool inet_is_local(const ip_addr_t *ip);
bool inet_is_broadcast(const ip_addr_t *ip);
bool inet_overlap(const ip_addr_t *a, const ip_addr_t *b);
/* Where s is to send: "any" is this machine; and from where: as asked (NULL or
 * any: it is not), from its own address or the way's.  ENETUNREACH; EACCES: to
 * all, without SO_BROADCAST. */
int inet_route(const struct inet_sock *s, struct endpoint *to,
	       const ip_addr_t *asked, ip_addr_t *from) MUST_CHECK;

/* ---- inet.c ---- */
int inet_new(struct netns *ns, int family, int type, int protocol,
	     struct inet_sock **out) MUST_CHECK;
int inet_bind(struct socket *sk, const struct sock_addr *a);
int inet_getname(struct socket *sk, int which, struct sock_addr *out);
/* [inet] May s have port of ip beside the owner of another pcb? */
struct inet_holder {
	const ip_addr_t *ip;
	const struct inet_sock *owner; /* NULL: gone */
	uint8_t so_options;            /* PCB_*, where owner is gone */
	bool listens;
};
bool inet_conflict(const struct inet_sock *s, const ip_addr_t *ip,
		   const struct inet_holder *h);

/* ---- tcp.c ---- */
extern const struct sock_ops inet_stream_ops;
int stream_pcb(struct inet_sock *s, struct tcp_pcb **out) MUST_CHECK; /*[inet]*/
int stream_bind(struct inet_sock *s, const struct endpoint *e); /* [inet] */
/* [inet] s and its pcb have nothing more to do with each other. */
void stream_detach(struct inet_sock *s);
void stream_untie(struct tcp_pcb *pcb); /* it may go without a word */
void stream_attach(struct inet_sock *s, struct tcp_pcb *pcb);
void stream_opened(struct inet_sock *s); /* [inet] */
void stream_apply(struct inet_sock *s);  /* [inet] options to the pcb */
void stream_purge(struct inet_sock *s);  /* what was received */
/* [inet] As it was when new; a port that was asked for is kept. */
void stream_renew(struct inet_sock *s);
void stream_drop_tx(struct inet_sock *s);      /* [inet] what was to be sent */
void stream_drop_embryos(struct inet_sock *s); /* [inet] */
void stream_release(struct socket *sk);
static inline enum tcp_phase stream_phase(const struct inet_sock *s)
{
	return __atomic_load_n(&s->phase, __ATOMIC_ACQUIRE);
}

struct keep {
	uint32_t idle, intvl, cnt; /* s, s, times */
};
struct keep stream_keep(const struct inet_sock *s); /* what is true of s */

/* ---- tcp_conn.c ---- */
int stream_connect(struct socket *sk, const struct sock_addr *a, bool nonblock);
int stream_listen(struct socket *sk, int backlog);
int stream_accept(struct socket *sk, bool nonblock, struct socket **out);
int stream_shutdown(struct socket *sk, int how);

/* ---- tcp_send.c, tcp_recv.c ---- */
ssize_t stream_send(struct socket *sk, struct sock_msg *m);
ssize_t stream_recv(struct socket *sk, struct sock_msg *m);
void stream_sent(struct inet_sock *s, uint32_t n); /* [inet] acknowledged */
/* [inet] What is held goes to lwIP; more: more will follow at once. */
void stream_drain(struct inet_sock *s, bool more);
void stream_finish(struct inet_sock *s); /* [inet] a FIN behind all of it */
/* [inet] Timers of ours; when the next is due. */
uint64_t stream_tick(struct inet_sock *s, uint64_t now);
void stream_received(struct inet_sock *s, struct pbuf *p); /* [inet] */
uint32_t stream_window(const struct inet_sock *s);
long stream_readable(struct inet_sock *s); /* bytes */

/* ---- dgram.c: what udp.c, raw.c and ping.c share ---- */
struct dgram {
	STAILQ_ENTRY(dgram) link;
	struct pbuf *p; /* NULL: of no bytes */
	uint32_t charge;
	struct endpoint from;
	ip_addr_t to;
	uint8_t ttl, tos;
	uint8_t err_origin, err_type, err_code; /* of errors */
	uint32_t err_info;
	int err;
	ip_addr_t offender;
};
/* [inet] The packet that is being received, for s, which takes p. */
void dgram_arrived(struct inet_sock *s, struct pbuf *p,
		   const struct endpoint *from);
void dgram_queue_error(struct inet_sock *s, struct dgram *d); /* takes d */
ssize_t dgram_recv(struct socket *sk, struct sock_msg *m);
unsigned dgram_poll(struct socket *sk, struct poll_table *pt);
long dgram_ioctl(struct socket *sk, unsigned cmd, uaddr_t arg);
int dgram_shutdown(struct socket *sk, int how);
void dgram_purge(struct inet_sock *s);
void dgram_destroy(struct socket *sk);
/* n bytes of u, with room for headers before them: ENOBUFS, EFAULT. */
int dgram_pbuf(struct uio *u, size_t n, struct pbuf **out) MUST_CHECK;
/* Whether m may be sent, where to (its name or who s is connected to) and how:
 * EDESTADDRREQ, EPIPE, the socket's error, ... */
int dgram_prepare(struct inet_sock *s, const struct sock_msg *m,
		  struct endpoint *to, struct dgram_how *how) MUST_CHECK;

/* ---- udp.c, raw.c, ping.c, icmp.c ---- */
extern const struct sock_ops inet_dgram_ops, inet_raw_ops, inet_ping_ops;
extern struct inet_list inet_raws, inet_pings; /* [inet] */
bool ping_allowed(void);                       /* to the caller's groups */
/* What may be sent by one. */
bool ping_is_request(bool v6, const struct icmp_echo_hdr *h);
/* [inet] Whose id it is at `own`, an address of ours; NULL: nobody's. */
struct inet_sock *ping_find(int family, uint16_t id, const ip_addr_t *own);
int ping_init(struct inet_sock *s) MUST_CHECK;    /* [inet] */
int udpsock_init(struct inet_sock *s) MUST_CHECK; /* [inet] */
int rawsock_init(struct inet_sock *s) MUST_CHECK; /* [inet] */
int udpsock_uncork(struct inet_sock *s);          /* [inet] sends what waits */
int udpsock_bind(struct inet_sock *s, const struct endpoint *e); /* [inet] */
int icmp_watch(void) MUST_CHECK;                                 /* [inet] */

/* ---- opt_ip.c, opt_tcp.c ---- */
int ip_setopt(struct socket *sk, int level, int name, uaddr_t val, int len);
int ip_getopt(struct socket *sk, int level, int name, uaddr_t val, uaddr_t len);
int tcp_setopt(struct socket *sk, int level, int name, uaddr_t val, int len);
int tcp_getopt(struct socket *sk, int level, int name, uaddr_t val,
	       uaddr_t len);
uint8_t inet_tcp_state(int lwip_state); /* Linux's number of it */
void inet_set_opt(struct inet_sock *s, enum inet_option o, bool on);
int inet_put_opt(const void *v, size_t size, uaddr_t val, uaddr_t len);

#endif
