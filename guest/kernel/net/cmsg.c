/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmsg.c: control messages in a buffer: header, data, padding to 8 (cmsg(3)).
 *
 * Less than a header at the end is no message, as for Linux; a length that is
 * shorter than its header or reaches beyond the buffer is an error.
 */
#include "cmsg.h"

#include <string.h>

int cmsg_next(struct cmsg_iter *it, struct cmsg *out)
{
	struct lx_cmsghdr h;
	size_t step;

	if (it->left < sizeof(h))
		return 0;
	memcpy(&h, it->at, sizeof(h));
	if (h.len < sizeof(h) || h.len > it->left)
		return -EINVAL;
	*out = (struct cmsg){
		.level = h.level,
		.type = h.type,
		.data = (const char *)it->at + sizeof(h),
		.len = h.len - sizeof(h),
	};
	step = min((size_t)CMSG_ALIGN(h.len), it->left);
	it->at = (const char *)it->at + step;
	it->left -= step;
	return 1;
}
