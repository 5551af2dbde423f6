/* SPDX-License-Identifier: Apache-2.0 */
/*
 * icmp.c: what ICMP says of datagrams that did not arrive (RFC 792, RFC 4443),
 * for the sockets that sent them.
 *
 * lwIP answers ICMP, but does not tell its pcbs of errors: two raw pcbs of the
 * kernel's own look at them on the way.  A socket with IP_RECVERR has the error,
 * and a connected one where it is hard; others never hear of it, as on Linux.
 */
#include "inet.h"

#include <string.h>

#include "lwip/icmp.h"
#include "lwip/icmp6.h"
#include "lwip/inet_chksum.h"
#include "lwip/prot/icmp.h"
#include "lwip/prot/icmp6.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/ip6.h"
#include "lwip/prot/udp.h"

#define ORIGIN_ICMP  2
#define ORIGIN_ICMP6 3
#define ICMP_HEADER  8U

/* ---- errors that we send (RFC 1812, 4.3.2.3; RFC 4443, 2.4) ---- */

#define MOST4    576U /* of bytes in a packet with an error */
#define MOST6    1280U
#define TOS_ICMP 0xc0 /* internetwork control */

err_t icmp_output4(struct pbuf *p, const ip4_addr_t *src,
		   const ip4_addr_t *dest, u8_t ttl, u8_t tos, u8_t proto,
		   struct netif *netif);
err_t icmp_output6(struct pbuf *p, const ip6_addr_t *src,
		   const ip6_addr_t *dest, u8_t hl, u8_t tc, u8_t nexth,
		   struct netif *netif);

/* Room for headers, then ICMP's, then as much of p as there may be. */
static struct pbuf *error_about(struct pbuf *p, unsigned most, uint8_t type,
				uint8_t code)
{
	uint16_t n = (uint16_t)min((unsigned)p->tot_len, most - ICMP_HEADER);
	struct pbuf *q =
		pbuf_alloc(PBUF_IP, (uint16_t)(n + ICMP_HEADER), PBUF_RAM);
	uint8_t *to;

	if (!q)
		return NULL;
	to = q->payload;
	memset(to, 0, ICMP_HEADER);
	to[0] = type;
	to[1] = code;
	(void)pbuf_copy_partial(p, to + ICMP_HEADER, n, 0);
	return q;
}

void icmp_dest_unreach(struct pbuf *p, enum icmp_dur_type t)
{
	struct pbuf *q = NULL;
	uint16_t sum;

	/* nobody answers who was not asked alone (RFC 1122, 3.2.2) */
	if (!inet_is_broadcast(ip_current_dest_addr()))
		q = error_about(p, MOST4 - IP_HLEN, ICMP_DUR, (uint8_t)t);
	if (!q)
		return;
	sum = inet_chksum(q->payload, q->len);
	memcpy((uint8_t *)q->payload + 2, &sum, sizeof(sum));
	(void)ip4_output_if(q, ip4_current_dest_addr(), ip4_current_src_addr(),
			    IP_DEFAULT_TTL, TOS_ICMP, IP_PROTO_ICMP,
			    ip_current_input_netif());
	pbuf_free(q);
}

void icmp6_dest_unreach(struct pbuf *p, enum icmp6_dur_code c)
{
	struct pbuf *q =
		error_about(p, MOST6 - IP6_HLEN, ICMP6_TYPE_DUR, (uint8_t)c);
	uint16_t sum;

	if (!q)
		return;
	sum = ip6_chksum_pseudo(q, IP6_NEXTH_ICMP6, q->tot_len,
				ip6_current_dest_addr(),
				ip6_current_src_addr());
	memcpy((uint8_t *)q->payload + 2, &sum, sizeof(sum));
	(void)ip6_output_if(q, ip6_current_dest_addr(), ip6_current_src_addr(),
			    IP_DEFAULT_TTL, 0, IP6_NEXTH_ICMP6,
			    ip_current_input_netif());
	pbuf_free(q);
}

/* ---- answers of lwIP's (lwip.mk) ---- */

/* Nor does who is asked by an echo (3.2.2.6). */
err_t icmp_output4(struct pbuf *p, const ip4_addr_t *src,
		   const ip4_addr_t *dest, u8_t ttl, u8_t tos, u8_t proto,
		   struct netif *netif)
{
	if (inet_is_broadcast(ip_current_dest_addr()))
		return ERR_OK;
	return ip4_output_if(p, src, dest, ttl, tos, proto, netif);
}

/* An answer is of the class of what was asked, as with IPv4. */
err_t icmp_output6(struct pbuf *p, const ip6_addr_t *src,
		   const ip6_addr_t *dest, u8_t hl, u8_t tc, u8_t nexth,
		   struct netif *netif)
{
	const struct icmp6_hdr *h = p->payload;

	if (h->type == ICMP6_TYPE_EREP)
		tc = (u8_t)IP6H_TC(ip6_current_header());
	return ip6_output_if(p, src, dest, hl, tc, nexth, netif);
}

/* ---- errors that come ---- */

struct report { /* what a packet says */
	uint8_t type, code;
	uint32_t info;      /* the word behind its sum */
	ip_addr_t from, to; /* of the datagram that it is about */
	uint8_t protocol;
	union {
		struct udp_hdr ports;
		struct icmp_echo_hdr echo;
	};
	struct pbuf *packet; /* all of it */
	uint16_t at;         /* where in it the datagram's header is */
	bool v6;
};

/* What it means, and whether who did not ask for errors is told. */
struct verdict {
	int err; /* 0: nothing */
	bool hard;
};
static const struct verdict nothing = { 0, false };

/* RFC 1122, 3.2.2.1; where UDP and pings differ, as on Linux. */
static struct verdict verdict4(const struct report *r)
{
	static const struct verdict unreachable[] = {
		{ ENETUNREACH, false },  { EHOSTUNREACH, false },
		{ ENOPROTOOPT, true },   { ECONNREFUSED, true },
		{ EMSGSIZE, true },      { EOPNOTSUPP, false },
		{ ENETUNREACH, true },   { EHOSTDOWN, true },
		{ ENONET, true },        { ENETUNREACH, true },
		{ EHOSTUNREACH, true },  { ENETUNREACH, false },
		{ EHOSTUNREACH, false }, { EHOSTUNREACH, true },
		{ EHOSTUNREACH, true },  { EHOSTUNREACH, true },
	};
	static const struct verdict quench = { EREMOTEIO, false };
	static const struct verdict parameter = { EPROTO, true };
	static const struct verdict late = { EHOSTUNREACH, false };
	bool ping = r->protocol == IP_PROTO_ICMP;

	switch (r->type) {
	case ICMP_DUR:
		return r->code < ARRAY_SIZE(unreachable) ? unreachable[r->code]
							 : nothing;
	case ICMP_SQ:
	case ICMP_RD:
		return ping ? quench : nothing;
	case ICMP_PP:
		return parameter;
	case ICMP_TE: /* on its way; not of a reassembly */
		return r->code ? nothing : late;
	default:
		return nothing;
	}
}

/* RFC 4443, 3 */
static struct verdict verdict6(const struct report *r)
{
	static const struct verdict unreachable[] = {
		{ ENETUNREACH, false },  { EACCES, true },
		{ EHOSTUNREACH, false }, { EHOSTUNREACH, false },
		{ ECONNREFUSED, true },  { EACCES, true },
		{ EACCES, true },
	};
	static const struct verdict late = { EHOSTUNREACH, false };
	static const struct verdict parameter = { EPROTO, true };

	switch (r->type) {
	case ICMP6_TYPE_DUR:
		return r->code < ARRAY_SIZE(unreachable) ? unreachable[r->code]
							 : parameter;
	case ICMP6_TYPE_PTB:
		return (struct verdict){ EMSGSIZE,
					 r->protocol == IP_PROTO_UDP };
	case ICMP6_TYPE_TE:
		return late;
	case ICMP6_TYPE_PP:
		return parameter;
	default:
		return nothing;
	}
}

/* ip(7), ee_info: the largest packet, the place of the error, the way. */
static uint32_t info_of(const struct report *r)
{
	uint32_t word = lwip_ntohl(r->info);

	if (r->v6)
		return word;
	if (r->type == ICMP_DUR && r->code == ICMP_DUR_FRAG)
		return word & UINT16_MAX;
	if (r->type == ICMP_PP)
		return word >> 24;
	return r->type == ICMP_RD ? word : 0;
}

static bool concerns(const struct udp_pcb *u, const struct report *r)
{
	if (u->local_port != lwip_ntohs(r->ports.src))
		return false;
	if (!ip_addr_isany(&u->local_ip) &&
	    !ip_addr_cmp(&u->local_ip, &r->from))
		return false;
	return !(u->flags & UDP_FLAGS_CONNECTED) ||
	       (u->remote_port == lwip_ntohs(r->ports.dest) &&
		ip_addr_cmp(&u->remote_ip, &r->to));
}

static struct inet_sock *sender(const struct report *r)
{
	struct udp_pcb *u = udp_pcbs;

	if (r->protocol == (r->v6 ? IP6_NEXTH_ICMP6 : IP_PROTO_ICMP))
		return ping_is_request(r->v6, &r->echo)
			       ? ping_find(r->v6 ? AF_INET6 : AF_INET,
					   lwip_ntohs(r->echo.id), &r->from)
			       : NULL;
	if (r->protocol != IP_PROTO_UDP)
		return NULL;
	while (u && !concerns(u, r))
		u = u->next;
	return u ? u->recv_arg : NULL;
}

/* What came back of what was sent, from `at` on; NULL: nothing. */
static struct pbuf *bytes_of(const struct report *r, uint16_t at)
{
	uint16_t n = r->packet->tot_len;
	struct pbuf *q;

	if (n <= at)
		return NULL;
	n = (uint16_t)(n - at);
	q = pbuf_alloc(PBUF_RAW, n, PBUF_RAM);
	if (q)
		(void)pbuf_copy_partial(r->packet, q->payload, n, at);
	return q;
}

static void keep(struct inet_sock *s, const struct report *r, int err)
{
	struct dgram *d = kmalloc(sizeof(*d));
	bool udp = r->protocol == IP_PROTO_UDP;

	if (!d)
		return;
	d->p = bytes_of(r, (uint16_t)(r->at + (udp ? UDP_HLEN : 0)));
	d->from =
		(struct endpoint){ r->to, udp ? lwip_ntohs(r->ports.dest) : 0 };
	d->offender = *ip_current_src_addr();
	d->err = err;
	d->err_origin = r->v6 ? ORIGIN_ICMP6 : ORIGIN_ICMP;
	d->err_type = r->type;
	d->err_code = r->code;
	d->err_info = info_of(r);
	dgram_queue_error(s, d);
}

static void tell(const struct report *r)
{
	struct verdict v = r->v6 ? verdict6(r) : verdict4(r);
	struct inet_sock *s = v.err ? sender(r) : NULL;
	bool wanted;

	if (!s)
		return;
	wanted = inet_opt(s, r->v6 ? INET_RECVERR6 : INET_RECVERR) ||
		 (inet_is6(s) && inet_opt(s, INET_RECVERR6));
	if (!wanted && (!v.hard || ip_addr_isany(&s->remote.ip)))
		return;
	if (wanted)
		keep(s, r, v.err);
	sock_fail(&s->sk, v.err);
	sock_wake(&s->sk, EPOLLERR | EPOLL_READ | EPOLL_WRITE);
}

static u8_t look4(void *arg, struct raw_pcb *pcb, struct pbuf *p,
		  const ip_addr_t *from)
{
	uint16_t at = ip_current_header_tot_len();
	struct report r = { 0 };
	struct icmp_echo_hdr h;
	struct ip_hdr ip;

	(void)arg;
	(void)pcb;
	(void)from;
	if (pbuf_copy_partial(p, &h, sizeof(h), at) != sizeof(h))
		return 0;
	at = (uint16_t)(at + ICMP_HEADER);
	if (pbuf_copy_partial(p, &ip, sizeof(ip), at) != sizeof(ip))
		return 0;
	if (IPH_HL_BYTES(&ip) < IP_HLEN)
		return 0;
	at = (uint16_t)(at + IPH_HL_BYTES(&ip));
	if (pbuf_copy_partial(p, &r.ports, sizeof(r.ports), at) !=
	    sizeof(r.ports))
		return 0;
	r.packet = p;
	r.at = at;
	r.type = h.type;
	r.code = h.code;
	memcpy(&r.info, &h.id, sizeof(r.info));
	r.protocol = IPH_PROTO(&ip);
	ip_addr_set_ip4_u32_val(r.from, ip.src.addr);
	ip_addr_set_ip4_u32_val(r.to, ip.dest.addr);
	tell(&r);
	return 0;
}

static u8_t look6(void *arg, struct raw_pcb *pcb, struct pbuf *p,
		  const ip_addr_t *from)
{
	uint16_t at = ip_current_header_tot_len();
	struct report r = { 0 };
	struct icmp6_hdr h;
	struct ip6_hdr ip;

	(void)arg;
	(void)pcb;
	(void)from;
	if (pbuf_copy_partial(p, &h, sizeof(h), at) != sizeof(h))
		return 0;
	at = (uint16_t)(at + ICMP_HEADER);
	if (pbuf_copy_partial(p, &ip, sizeof(ip), at) != sizeof(ip))
		return 0;
	at = (uint16_t)(at + IP6_HLEN);
	if (pbuf_copy_partial(p, &r.ports, sizeof(r.ports), at) !=
	    sizeof(r.ports))
		return 0;
	r.packet = p;
	r.at = at;
	r.v6 = true;
	r.type = h.type;
	r.code = h.code;
	r.info = h.data;
	r.protocol = IP6H_NEXTH(&ip);
	ip_addr_copy_from_ip6_packed(r.from, ip.src);
	ip_addr_copy_from_ip6_packed(r.to, ip.dest);
	tell(&r);
	return 0;
}

int icmp_watch(void)
{
	struct raw_pcb *v4 = raw_new_ip_type(IPADDR_TYPE_V4, IP_PROTO_ICMP);
	struct raw_pcb *v6 = raw_new_ip_type(IPADDR_TYPE_V6, IP6_NEXTH_ICMP6);

	if (!v4 || !v6) {
		if (v4)
			raw_remove(v4);
		if (v6)
			raw_remove(v6);
		return -ENOMEM;
	}
	raw_recv(v4, look4, NULL);
	raw_recv(v6, look6, NULL);
	return 0;
}
