/* SPDX-License-Identifier: Apache-2.0 */
/* opt_tcp.c: options of the level IPPROTO_TCP (tcp(7)). */
#include "inet.h"

#include <string.h>

#include "lwip/priv/tcp_priv.h"

#define KEEPIDLE_MAX 32767
#define KEEPCNT_MAX  127
#define MAXSEG_MIN   88
#define MAXSEG_MAX   32767
#define CONGESTION   "reno" /* what lwIP has */

static int set_keep(uint32_t *to, int32_t v, int32_t most)
{
	if (v < 1 || v > most)
		return -EINVAL;
	__atomic_store_n(to, (uint32_t)v, __ATOMIC_RELAXED);
	return 0;
}

static void set_quickack(struct inet_sock *s, bool on)
{
	inet_set_opt(s, INET_QUICKACK, on);
	s->quick = on;
	inet_lock();
	if (on && s->tcp && s->phase == TCP_IS_OPEN &&
	    s->tcp->flags & TF_ACK_DELAY) {
		tcp_ack_now(s->tcp);
		(void)tcp_output(s->tcp);
	}
	inet_unlock();
}

static int set_maxseg(struct inet_sock *s, int32_t v)
{
	if (v && (v < MAXSEG_MIN || v > MAXSEG_MAX))
		return -EINVAL;
	s->maxseg = (uint32_t)v;
	return 0;
}

static int set_int(struct inet_sock *s, int name, int32_t v)
{
	int r = 0;

	switch (name) {
	case TCP_NODELAY:
		inet_set_opt(s, INET_NODELAY, v);
		break;
	case TCP_CORK:
		inet_set_opt(s, INET_CORK, v);
		break;
	case TCP_KEEPIDLE:
		r = set_keep(&s->keep_idle, v, KEEPIDLE_MAX);
		break;
	case TCP_KEEPINTVL:
		r = set_keep(&s->keep_intvl, v, KEEPIDLE_MAX);
		break;
	case TCP_KEEPCNT:
		r = set_keep(&s->keep_cnt, v, KEEPCNT_MAX);
		break;
	case TCP_SYNCNT:
		return set_keep(&s->syncnt, v, KEEPCNT_MAX);
	case TCP_MAXSEG: /* of connections that come */
		return set_maxseg(s, v);
	case TCP_USER_TIMEOUT:
		if (v < 0)
			return -EINVAL;
		s->user_timeout = (uint32_t)v;
		break;
	case TCP_QUICKACK:
		set_quickack(s, v);
		return 0;
	default:
		return -ENOPROTOOPT;
	}
	if (r)
		return r;
	inet_lock();
	stream_apply(s);
	if ((name == TCP_CORK && !v) || (name == TCP_NODELAY && v))
		stream_drain(s, false);
	inet_unlock();
	return 0;
}

static int set_congestion(uaddr_t val, int len)
{
	char name[16] = "";

	if (len < 1)
		return -EINVAL;
	if (copy_from_user(name, val, (size_t)min(len, (int)sizeof(name) - 1)))
		return -EFAULT;
	return strcmp(name, CONGESTION) ? -ENOENT : 0;
}

int tcp_setopt(struct socket *sk, int level, int name, uaddr_t val, int len)
{
	int32_t v;

	if (level != SOL_TCP)
		return ip_setopt(sk, level, name, val, len);
	if (name == TCP_CONGESTION)
		return set_congestion(val, len);
	if (len < (int)sizeof(v))
		return -EINVAL;
	if (copy_from_user(&v, val, sizeof(v)))
		return -EFAULT;
	return set_int(inet_of(sk), name, v);
}

/* ---- get ---- */

/* The beginning of struct tcp_info (linux/tcp.h), as long as Linux's of old; what
 * lwIP does not know is 0. */
struct lx_tcp_info {
	uint8_t state, ca_state, retransmits, probes, backoff, options, wscale,
		limited;
	uint32_t rto, ato, snd_mss, rcv_mss;
	uint32_t unacked, sacked, lost, retrans, fackets;
	uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
	uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd;
	uint32_t advmss, reordering, rcv_rtt, rcv_space, total_retrans;
};

enum {
	LX_ESTABLISHED = 1,
	LX_SYN_SENT,
	LX_SYN_RECV,
	LX_FIN_WAIT1,
	LX_FIN_WAIT2,
	LX_TIME_WAIT,
	LX_CLOSE,
	LX_CLOSE_WAIT,
	LX_LAST_ACK,
	LX_LISTEN,
	LX_CLOSING
};

uint8_t inet_tcp_state(int lwip_state)
{
	static const uint8_t of[] = {
		[CLOSED] = LX_CLOSE,
		[LISTEN] = LX_LISTEN,
		[SYN_SENT] = LX_SYN_SENT,
		[SYN_RCVD] = LX_SYN_RECV,
		[ESTABLISHED] = LX_ESTABLISHED,
		[FIN_WAIT_1] = LX_FIN_WAIT1,
		[FIN_WAIT_2] = LX_FIN_WAIT2,
		[CLOSE_WAIT] = LX_CLOSE_WAIT,
		[CLOSING] = LX_CLOSING,
		[LAST_ACK] = LX_LAST_ACK,
		[TIME_WAIT] = LX_TIME_WAIT,
	};

	return of[lwip_state];
}

static uint32_t segments(const struct tcp_seg *g)
{
	uint32_t n = 0;

	for (; g; g = g->next)
		n++;
	return n;
}

static void fill_info(const struct tcp_pcb *p, struct lx_tcp_info *i)
{
	i->state = inet_tcp_state(p->state);
	if (p->state == LISTEN)
		return;
	i->retransmits = p->nrtx;
	i->rto = (uint32_t)p->rto * TCP_SLOW_INTERVAL * 1000;
	i->ato = TCP_FAST_INTERVAL * 1000;
	i->snd_mss = i->rcv_mss = i->advmss = p->mss;
	i->wscale = (uint8_t)((p->snd_scale & 15) | p->rcv_scale << 4);
	i->unacked = segments(p->unacked);
	i->snd_cwnd = p->cwnd / max(p->mss, (u16_t)1);
	i->snd_ssthresh = p->ssthresh / max(p->mss, (u16_t)1);
	i->pmtu = loop_netif.mtu;
}

static int get_info(struct inet_sock *s, uaddr_t val, uaddr_t len)
{
	struct lx_tcp_info i = { .state = LX_CLOSE };

	inet_lock();
	if (s->tcp)
		fill_info(s->tcp, &i);
	inet_unlock();
	return inet_put_opt(&i, sizeof(i), val, len);
}

static int get_mss(struct inet_sock *s)
{
	int mss = s->maxseg ? (int)s->maxseg : 536;

	inet_lock();
	if (s->tcp && s->phase == TCP_IS_OPEN)
		mss = s->tcp->mss;
	inet_unlock();
	return mss;
}

static int get_int(struct inet_sock *s, int name, int32_t *v)
{
	switch (name) {
	case TCP_NODELAY:
		*v = inet_opt(s, INET_NODELAY);
		return 0;
	case TCP_CORK:
		*v = inet_opt(s, INET_CORK);
		return 0;
	case TCP_MAXSEG:
		*v = get_mss(s);
		return 0;
	case TCP_KEEPIDLE:
		*v = (int32_t)stream_keep(s).idle;
		return 0;
	case TCP_KEEPINTVL:
		*v = (int32_t)stream_keep(s).intvl;
		return 0;
	case TCP_KEEPCNT:
		*v = (int32_t)stream_keep(s).cnt;
		return 0;
	case TCP_SYNCNT:
		*v = (int32_t)s->syncnt;
		return 0;
	case TCP_USER_TIMEOUT:
		*v = (int32_t)s->user_timeout;
		return 0;
	case TCP_QUICKACK:
		*v = inet_opt(s, INET_QUICKACK);
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int tcp_getopt(struct socket *sk, int level, int name, uaddr_t val, uaddr_t len)
{
	static const char congestion[16] = CONGESTION;
	struct inet_sock *s = inet_of(sk);
	int32_t v;
	int r;

	if (level != SOL_TCP)
		return ip_getopt(sk, level, name, val, len);
	if (name == TCP_INFO)
		return get_info(s, val, len);
	if (name == TCP_CONGESTION)
		return inet_put_opt(congestion, sizeof(congestion), val, len);
	r = get_int(s, name, &v);
	return r ? r : inet_put_opt(&v, sizeof(v), val, len);
}
