/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uio.c: runs of bytes in user or kernel memory, moved piece by piece.
 *
 * A piece never crosses a page of the user's, so that a fault in the middle
 * of a transfer leaves an exact count of what was moved before it.
 */
#include <string.h>

#include "kuni/mm.h"

void uio_user(struct uio *u, struct uio_vec *v, uaddr_t base, size_t len)
{
	v->base = base.v;
	v->len = len;
	*u = (struct uio){ .vec = v, .nvec = 1, .left = len, .user = true };
}

void uio_kernel(struct uio *u, struct uio_vec *v, void *base, size_t len)
{
	v->base = (uint64_t)base;
	v->len = len;
	*u = (struct uio){ .vec = v, .nvec = 1, .left = len };
}

/* The next piece of at most n bytes: its address, with *len set; 0 bytes at
 * the end. */
static uint64_t piece(struct uio *u, size_t n, size_t *len)
{
	uint64_t at;

	while (u->nvec && u->off == u->vec->len) {
		u->vec++;
		u->nvec--;
		u->off = 0;
	}
	*len = 0;
	if (!u->nvec || !u->left)
		return 0;
	at = u->vec->base + u->off;
	n = min(n, u->left);
	n = min(n, u->vec->len - u->off);
	if (u->user)
		n = min(n, (size_t)(PAGE_SIZE - at % PAGE_SIZE));
	*len = n;
	return at;
}

static void advance(struct uio *u, size_t n)
{
	u->off += n;
	u->left -= n;
}

enum move { PUT, GET, ZERO };

static int move_piece(const struct uio *u, enum move how, uint64_t at,
		      char *kernel, size_t n)
{
	if (how == PUT && u->user)
		return copy_to_user(UADDR(at), kernel, n);
	if (how == GET && u->user)
		return copy_from_user(kernel, UADDR(at), n);
	if (how == ZERO && u->user)
		return clear_user(UADDR(at), n);
	if (how == PUT)
		memcpy((void *)at, kernel, n);
	else if (how == GET)
		memcpy(kernel, (const void *)at, n);
	else
		memset((void *)at, 0, n);
	return 0;
}

static ssize_t move_all(struct uio *u, enum move how, char *kernel, size_t n)
{
	size_t done = 0, len;

	while (done < n) {
		uint64_t at = piece(u, n - done, &len);

		if (!len)
			break;
		if (move_piece(u, how, at, kernel ? kernel + done : NULL, len))
			return done ? (ssize_t)done : -EFAULT;
		advance(u, len);
		done += len;
	}
	return (ssize_t)done;
}

ssize_t uio_put(struct uio *u, const void *from, size_t n)
{
	/* only read through: PUT copies out of it */
	return move_all(u, PUT, (char *)(uintptr_t)from, n);
}

ssize_t uio_get(struct uio *u, void *to, size_t n)
{
	return move_all(u, GET, to, n);
}

ssize_t uio_zero(struct uio *u, size_t n)
{
	return move_all(u, ZERO, NULL, n);
}
