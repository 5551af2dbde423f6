/* SPDX-License-Identifier: Apache-2.0 */
/* hooks.h: where lwIP asks us. */
#ifndef NET_INET_HOOKS_H
#define NET_INET_HOOKS_H

#include "lwip/err.h"

struct tcp_pcb;
struct tcp_hdr;
struct pbuf;

/* tcp_conn.c: ERR_OK, or the segment is dropped. */
err_t inet_hook_tcp(struct tcp_pcb *pcb, struct tcp_hdr *h, u16_t optlen,
		    u16_t opt1len, u8_t *opt2, struct pbuf *p);
/* Every segment as it goes; options are written at *opts. Returns their end. */
u32_t *inet_hook_tcp_out(struct pbuf *p, struct tcp_hdr *h,
			 const struct tcp_pcb *pcb, u32_t *opts);

#endif
