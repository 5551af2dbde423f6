/* SPDX-License-Identifier: Apache-2.0 */
/* cmsg.h: walking a buffer of control messages (cmsg.c, pure). */
#ifndef NET_CMSG_H
#define NET_CMSG_H

#include "kuni/net.h"

struct cmsg {
	int level, type;
	const void *data; /* not aligned */
	size_t len;       /* of data */
};
struct cmsg_iter {
	const void *at;
	size_t left;
};
/* 1 and the next message in *out; 0 at the end; -EINVAL: malformed. */
int cmsg_next(struct cmsg_iter *it, struct cmsg *out) MUST_CHECK;

#endif
