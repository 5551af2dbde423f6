/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink.h: netlink's wire format, and the answers that are made of it.
 *
 * An answer is a growing buffer of messages; the socket cuts it into what one
 * recv(2) returns.  A failed allocation fails the whole answer.
 */
#ifndef NET_NETLINK_H
#define NET_NETLINK_H

#include "netns.h"

#define NETLINK_ROUTE          0
#define NETLINK_KOBJECT_UEVENT 15

#define NLM_F_REQUEST 1U
#define NLM_F_MULTI   2U
#define NLM_F_ACK     4U
#define NLM_F_DUMP    0x300U
#define NLMSG_ERROR   2
#define NLMSG_DONE    3
#define NLMSG_MIN     16 /* types below are netlink's own */

struct lx_nlmsghdr {
	uint32_t len;
	uint16_t type, flags;
	uint32_t seq, pid;
};
struct lx_nlattr {
	uint16_t len, type;
};
#define NL_ALIGN(n) (((n) + 3) & ~(size_t)3)

struct nl_request {
	struct netns *ns;
	struct lx_nlmsghdr hdr;
	const void *body; /* after the header; not aligned */
	size_t len;
	uint32_t port; /* of who asks */
	bool strict;   /* dumps honour the index in the request */
};
struct nl_answer {
	char *buf;
	size_t len, cap;
	size_t open; /* start of the message being made */
	bool failed;
};

/* ---- netlink_msg.c: building ---- */
void nl_begin(struct nl_answer *a, const struct nl_request *q, int type,
	      unsigned flags, const void *body, size_t len);
void nl_append(struct nl_answer *a, const void *data, size_t len);
void nl_attr(struct nl_answer *a, int type, const void *data, size_t len);
void nl_u32(struct nl_answer *a, int type, uint32_t v);
void nl_u8(struct nl_answer *a, int type, uint8_t v);
void nl_string(struct nl_answer *a, int type, const char *s);
void nl_end(struct nl_answer *a);
/* The next message of what a program sent: 1, or 0 at the end. */
int nl_next(const void **at, size_t *left, struct nl_request *q);
/* The attribute `type` behind a body of `skip` bytes: its data, or NULL. */
const void *nl_find(const struct nl_request *q, size_t skip, int type,
		    size_t *len);

/* ---- rtnetlink.c ---- */
/* Answers q into a: 0, 1 for a dump (DONE follows), or an errno. */
int rtnetlink(const struct nl_request *q, struct nl_answer *a);

#endif
