/* SPDX-License-Identifier: Apache-2.0 */
/* netlink_msg.c: netlink messages, made and taken apart (netlink(7)). Pure. */
#include "netlink.h"

#include <string.h>

#define CHUNK 4096UL

static void *reserve(struct nl_answer *a, size_t n)
{
	size_t need = a->len + NL_ALIGN(n);
	char *at;

	if (need > a->cap && !a->failed) {
		size_t cap = (need + CHUNK - 1) / CHUNK * CHUNK;
		char *b = kmalloc(cap); /* zero-filled: the padding */

		if (b) {
			if (a->len)
				memcpy(b, a->buf, a->len);
			kfree(a->buf);
			a->buf = b;
			a->cap = cap;
		} else {
			a->failed = true;
		}
	}
	if (a->failed)
		return NULL;
	at = a->buf + a->len;
	a->len = need;
	return at;
}

/* Padded to 4. */
void nl_append(struct nl_answer *a, const void *data, size_t len)
{
	void *at = reserve(a, len);

	if (at && len)
		memcpy(at, data, len);
}

void nl_begin(struct nl_answer *a, const struct nl_request *q, int type,
	      unsigned flags, const void *body, size_t len)
{
	struct lx_nlmsghdr h = { .type = (uint16_t)type,
				 .flags = (uint16_t)flags,
				 .seq = q->hdr.seq,
				 .pid = q->port };

	a->open = a->len;
	nl_append(a, &h, sizeof(h));
	nl_append(a, body, len);
}

void nl_attr(struct nl_answer *a, int type, const void *data, size_t len)
{
	struct lx_nlattr h = { (uint16_t)(sizeof(h) + len), (uint16_t)type };

	nl_append(a, &h, sizeof(h));
	nl_append(a, data, len);
}

void nl_u32(struct nl_answer *a, int type, uint32_t v)
{
	nl_attr(a, type, &v, sizeof(v));
}

void nl_u8(struct nl_answer *a, int type, uint8_t v)
{
	nl_attr(a, type, &v, sizeof(v));
}

void nl_string(struct nl_answer *a, int type, const char *s)
{
	nl_attr(a, type, s, strlen(s) + 1);
}

/* The message is whole: its length is known. */
void nl_end(struct nl_answer *a)
{
	uint32_t len = (uint32_t)(a->len - a->open);

	if (!a->failed)
		memcpy(a->buf + a->open, &len, sizeof(len));
}

int nl_next(const void **at, size_t *left, struct nl_request *q)
{
	size_t step;

	if (*left < sizeof(q->hdr))
		return 0;
	memcpy(&q->hdr, *at, sizeof(q->hdr));
	if (q->hdr.len < sizeof(q->hdr) || q->hdr.len > *left)
		return 0;
	q->body = (const char *)*at + sizeof(q->hdr);
	q->len = q->hdr.len - sizeof(q->hdr);
	step = min((size_t)NL_ALIGN((size_t)q->hdr.len), *left);
	*at = (const char *)*at + step;
	*left -= step;
	return 1;
}

const void *nl_find(const struct nl_request *q, size_t skip, int type,
		    size_t *len)
{
	const char *p = q->body;
	size_t left = q->len, step;
	struct lx_nlattr h;

	skip = NL_ALIGN(skip);
	if (skip > left)
		return NULL;
	for (p += skip, left -= skip; left >= sizeof(h); p += step) {
		memcpy(&h, p, sizeof(h));
		if (h.len < sizeof(h) || h.len > left)
			return NULL;
		if ((h.type & 0x3fff) == type) {
			*len = h.len - sizeof(h);
			return p + sizeof(h);
		}
		step = min((size_t)NL_ALIGN((size_t)h.len), left);
		left -= step;
	}
	return NULL;
}
