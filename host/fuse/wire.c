/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.c: bytes between a request and the guest's iovecs.
 *
 * The only file of the server that touches guest memory, but for file data,
 * which the kernel moves.  Every byte is read at most once, into a buffer of
 * ours, and looked at there; what is written is never read back.
 */
#include "host/fuse/internal.h"

#include <errno.h>
#include <string.h>

/* A cursor over at most `limit` bytes of iov. */
void cursor_init(struct cursor *c, const struct iovec *iov, unsigned n,
		 size_t limit)
{
	size_t sum = 0;

	for (unsigned k = 0; k < n; k++) {
		if (iov[k].iov_len > limit - sum) {
			sum = limit;
			break;
		}
		sum += iov[k].iov_len;
	}
	*c = (struct cursor){ .iov = iov, .n = n, .left = sum };
}

/* The next contiguous piece, at most n bytes; moves past it. */
static size_t cursor_piece(struct cursor *c, size_t n, uint8_t **p)
{
	size_t len;

	while (c->n && c->off == c->iov->iov_len) {
		c->iov++;
		c->n--;
		c->off = 0;
	}
	ensure(c->n);
	len = c->iov->iov_len - c->off;
	if (len > n)
		len = n;
	*p = (uint8_t *)c->iov->iov_base + c->off;
	c->off += len;
	c->left -= len;
	return len;
}

int cursor_get(struct cursor *c, void *buf, size_t n)
{
	uint8_t *to = buf, *p;

	if (n > c->left)
		return -EINVAL;
	while (n) {
		size_t len = cursor_piece(c, n, &p);

		memcpy(to, p, len);
		to += len;
		n -= len;
	}
	return 0;
}

int cursor_put(struct cursor *c, const void *buf, size_t n)
{
	const uint8_t *from = buf;
	uint8_t *p;

	if (n > c->left)
		return -EINVAL;
	while (n) {
		size_t len = cursor_piece(c, n, &p);

		memcpy(p, from, len);
		from += len;
		n -= len;
	}
	return 0;
}

void cursor_skip(struct cursor *c, size_t n)
{
	uint8_t *p;

	while (n)
		n -= cursor_piece(c, n, &p);
}

int cursor_iovec(const struct cursor *c, size_t n, struct iovec *v,
		 unsigned max, unsigned *nv)
{
	struct cursor at = *c;
	unsigned k = 0;
	uint8_t *p;

	if (n > at.left)
		return -EINVAL;
	while (n) {
		size_t len = cursor_piece(&at, n, &p);

		if (k == max)
			return -EINVAL;
		v[k++] = (struct iovec){ .iov_base = p, .iov_len = len };
		n -= len;
	}
	*nv = k;
	return 0;
}

int req_get(struct fuse_req *r, void *buf, size_t n)
{
	return cursor_get(&r->in, buf, n);
}

int req_put(struct fuse_req *r, const void *buf, size_t n)
{
	int err = cursor_put(&r->out, buf, n);

	if (!err)
		r->put += n;
	return err;
}

int req_string(struct fuse_req *r, char *buf, size_t n)
{
	struct cursor at = r->in;
	size_t len = at.left < n ? at.left : n;
	const char *end;
	int err;

	err = cursor_get(&at, buf, len);
	if (err)
		return err;
	end = memchr(buf, 0, len);
	if (!end)
		return len == n ? -ENAMETOOLONG : -EINVAL;
	cursor_skip(&r->in, (size_t)(end - buf) + 1);
	return 0;
}

int req_name(struct fuse_req *r, char name[FUSE_NAME_MAX + 1])
{
	int err = req_string(r, name, FUSE_NAME_MAX + 1);

	if (err)
		return err;
	if (!name[0] || strchr(name, '/') || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return -EINVAL;
	return 0;
}
