/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.c: the loopback interface: what is sent to it comes in by it.
 *
 * A packet waits in a list until who sent it gives back the lock, and is
 * received then: no call of lwIP is inside another.  Pages of user data are
 * not copied on the way: the packet that comes in has references to them.
 * Headers, which the receiver changes, are copied.
 */
#include "inet.h"

#include <string.h>

#include "lwip/prot/ip.h"
#include "lwip/prot/ip4.h"

#define AT_ONCE 4096 /* packets */

struct netif loop_netif;
struct loop_counts loop_counts;
static struct pbuf *first, *last; /* packets, one behind the other */

/* ---- pages ---- */

struct page_ref {
	struct pbuf_custom pc; /* first */
	struct page *page;
};

static void free_ref(struct pbuf *p)
{
	struct page_ref *r = (struct page_ref *)(void *)p;

	page_put(r->page);
	kfree(r);
}

struct pbuf *page_pbuf(void *at, size_t n)
{
	struct page_ref *r = kmalloc(sizeof(*r));

	if (!r)
		return NULL;
	r->page = page_of(virt_to_phys(at));
	page_get(r->page);
	r->pc.custom_free_function = free_ref;
	return pbuf_alloced_custom(PBUF_RAW, (uint16_t)n, PBUF_REF, &r->pc, at,
				   (uint16_t)n);
}

/* Of tcp_write() without a copy, or of page_pbuf(). */
static bool in_pages(const struct pbuf *p)
{
	return pbuf_match_type(p, PBUF_ROM) || p->flags & PBUF_FLAG_IS_CUSTOM;
}

static bool append(struct pbuf **head, struct pbuf *p)
{
	if (!p)
		return false;
	if (*head)
		pbuf_cat(*head, p);
	else
		*head = p;
	return true;
}

static bool append_pages(struct pbuf **head, const struct pbuf *p)
{
	char *at = p->payload;
	size_t left = p->len, n;

	for (; left; at += n, left -= n) {
		n = min(left, PAGE_SIZE - (uintptr_t)at % PAGE_SIZE);
		if (!append(head, page_pbuf(at, n)))
			return false;
	}
	return true;
}

static bool append_copy(struct pbuf **head, const struct pbuf *p)
{
	struct pbuf *c = pbuf_alloc(PBUF_RAW, p->len, PBUF_RAM);

	if (c)
		memcpy(c->payload, p->payload, p->len);
	return append(head, c);
}

/* ---- in and out ---- */

struct pbuf *packet_clone(const struct pbuf *p)
{
	struct pbuf *c = NULL;

	for (const struct pbuf *q = p; q; q = q->next) {
		if (c && !q->len) /* next_packet() would take it for the end */
			continue;
		if (in_pages(q) ? append_pages(&c, q) : append_copy(&c, q))
			continue;
		if (c)
			pbuf_free(c);
		return NULL;
	}
	return c;
}

static err_t out(struct pbuf *p)
{
	struct pbuf *c = packet_clone(p);

	if (!c)
		return ERR_MEM;
	if (first)
		last->next = c;
	else
		first = c;
	for (last = c; last->next; last = last->next)
		;
	return ERR_OK;
}

static err_t out4(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
	(void)n;
	(void)to;
	return out(p);
}

static err_t out6(struct netif *n, struct pbuf *p, const ip6_addr_t *to)
{
	(void)n;
	(void)to;
	return out(p);
}

static struct pbuf *next_packet(void)
{
	struct pbuf *p = first, *end;

	if (!p)
		return NULL;
	for (end = p; end->len != end->tot_len; end = end->next)
		;
	first = end->next;
	if (!first)
		last = NULL;
	end->next = NULL;
	return p;
}

/* All of 127.0.0.0/8 is this machine; an interface of lwIP has one address, so
 * it has the one that is asked for. */
static bool deliver(struct pbuf *p)
{
	const struct ip_hdr *h = p->payload;
	bool v4 = p->len >= IP_HLEN && IPH_V(h) == 4, tcp;
	ip4_addr_t own = *netif_ip4_addr(&loop_netif);

	tcp = !v4 || IPH_PROTO(h) == IP_PROTO_TCP;
	loop_counts.packets++;
	loop_counts.bytes += p->tot_len;
	if (v4 && ((const uint8_t *)&h->dest)[0] == 127)
		ip_addr_set_ip4_u32_val(loop_netif.ip_addr, h->dest.addr);
	(void)ip_input(p, &loop_netif);
	ip_addr_copy_from_ip4(loop_netif.ip_addr, own);
	return tcp;
}

/* What packets answer with packets goes on in the timer's thread after a while:
 * whoever sends does not do it for ever. */
bool loop_run(void)
{
	struct pbuf *p;
	bool tcp = false;

	for (unsigned n = 0; n < AT_ONCE && (p = next_packet()); n++)
		tcp |= deliver(p);
	return tcp;
}

bool loop_waits(void)
{
	return first;
}

static err_t init(struct netif *n)
{
	n->name[0] = 'l';
	n->name[1] = 'o';
	n->output = out4;
	n->output_ip6 = out6;
	n->mtu = 65535;
	n->flags = NETIF_FLAG_LINK_UP;
	/* nothing is lost on the way; but raw sockets see the packets */
	NETIF_SET_CHECKSUM_CTRL(n, NETIF_CHECKSUM_GEN_IP |
					   NETIF_CHECKSUM_GEN_ICMP |
					   NETIF_CHECKSUM_GEN_ICMP6 |
					   NETIF_CHECKSUM_CHECK_ICMP |
					   NETIF_CHECKSUM_CHECK_ICMP6);
	return ERR_OK;
}

void loop_init(void)
{
	ip4_addr_t ip, mask;

	IP4_ADDR(&ip, 127, 0, 0, 1);
	IP4_ADDR(&mask, 255, 0, 0, 0);
	ensure(netif_add(&loop_netif, &ip, &mask, NULL, NULL, init, ip_input));
	IP_ADDR6_HOST(&loop_netif.ip6_addr[0], 0, 0, 0, 1);
	netif_ip6_addr_set_state(&loop_netif, 0, IP6_ADDR_PREFERRED);
	netif_set_up(&loop_netif);
}
