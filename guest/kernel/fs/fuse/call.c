/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call.c: one request to the host and its reply.
 *
 * The request is one buffer (header and body), the reply another (header and
 * body); file data goes between the host and the pages themselves.  Buffers
 * come from the heap, which is in the direct map: stacks are not, and the
 * device needs physical addresses.  The reply is checked after it was copied.
 */
#include "guest/kernel/fs/fuse/client.h"

#define REPLY_MAX (64UL << 10)

struct call_buf {
	struct fuse_xfer x;
	uint8_t bytes[]; /* the request, then the room for the reply */
};

static size_t body_len(const struct fuse_call *c)
{
	size_t n = 0;

	for (unsigned k = 0; k < ARRAY_SIZE(c->in); k++)
		n += c->in[k].n;
	return n;
}

static void build(struct fuse_conn *fc, const struct fuse_call *c, uint8_t *to,
		  size_t len, uint64_t unique)
{
	struct fuse_in_header h = {
		.len = (uint32_t)(len + (c->data_out ? c->page_bytes : 0)),
		.opcode = c->opcode,
		.unique = unique,
		.nodeid = c->nodeid,
		.uid = fs_uid(),
		.gid = fs_gid(),
	};

	(void)fc;
	memcpy(to, &h, sizeof(h));
	to += sizeof(h);
	for (unsigned k = 0; k < ARRAY_SIZE(c->in); k++) {
		if (c->in[k].n)
			memcpy(to, c->in[k].p, c->in[k].n);
		to += c->in[k].n;
	}
}

/* One segment a page, adjacent pages joined. */
static unsigned add_pages(struct fuse_seg *seg, unsigned n, unsigned most,
			  const struct fuse_call *c)
{
	unsigned first = n;
	uint32_t left = c->page_bytes, off = c->page_off;

	ensure(!left || c->pages);
	for (unsigned k = 0; left; k++, off = 0) {
		uint32_t len = min(left, (uint32_t)PAGE_SIZE - off);
		paddr_t pa = page_paddr(c->pages[k]) + off;

		if (n > first && seg[n - 1].pa + seg[n - 1].len == pa) {
			seg[n - 1].len += len;
		} else {
			ensure(n < most);
			seg[n++] = (struct fuse_seg){ pa, len };
		}
		left -= len;
	}
	return n;
}

/* The length of the body, or the error that the host reports. */
static ssize_t check_reply(const struct fuse_call *c, const uint8_t *from,
			   uint32_t got, size_t room, uint64_t unique)
{
	struct fuse_out_header h;
	size_t n;

	if (got < sizeof(h) || got > sizeof(h) + room)
		return -EIO;
	memcpy(&h, from, sizeof(h));
	if (h.len != got || h.unique != unique)
		return -EIO;
	if (h.error)
		return h.error < 0 && h.error > -512 ? h.error : -EIO;
	n = got - sizeof(h);
	if (!c->out_var && !(c->pages && !c->data_out) && n != c->out_len)
		return -EIO;
	return (ssize_t)n;
}

ssize_t fuse_call(struct fuse_conn *fc, const struct fuse_call *c)
{
	size_t len = sizeof(struct fuse_in_header) + body_len(c), at, room;
	uint64_t unique = __atomic_add_fetch(&fc->unique, 2, __ATOMIC_RELAXED);
	bool data_in = c->pages && !c->data_out;
	struct call_buf *b;
	ssize_t n;

	at = (len + 7) & ~7UL;
	room = data_in ? 0 : c->out_len;
	if (room > REPLY_MAX)
		return -EINVAL;
	b = kmalloc(sizeof(*b) + at + sizeof(struct fuse_out_header) + room);
	if (!b)
		return -ENOMEM;
	build(fc, c, b->bytes, len, unique);
	b->x.out[0] =
		(struct fuse_seg){ virt_to_phys(b->bytes), (uint32_t)len };
	b->x.nout = 1;
	if (c->data_out)
		b->x.nout = add_pages(b->x.out, 1, ARRAY_SIZE(b->x.out), c);
	if (!c->no_reply) {
		b->x.in[0] = (struct fuse_seg){
			virt_to_phys(b->bytes + at),
			(uint32_t)(sizeof(struct fuse_out_header) + room)
		};
		b->x.nin = 1;
	}
	if (data_in)
		b->x.nin = add_pages(b->x.in, 1, ARRAY_SIZE(b->x.in), c);
	n = fc->t->call(fc->t, &b->x);
	if (n || c->no_reply)
		goto out;
	n = check_reply(c, b->bytes + at, b->x.in_len,
			data_in ? c->page_bytes : room, unique);
	if (n > 0 && !data_in)
		memcpy(c->out, b->bytes + at + sizeof(struct fuse_out_header),
		       (size_t)n);
out:
	kfree(b);
	return n;
}
