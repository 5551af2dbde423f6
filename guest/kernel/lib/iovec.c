/* SPDX-License-Identifier: Apache-2.0 */
/* iovec.c: the user's struct iovec (or none of it, where it is wrong). */
#include "kuni/linux_file.h"
#include "kuni/mm.h"

/* At most MAX_RW_COUNT bytes of it; EINVAL for a negative length. */
int uio_from_user(struct uio *u, struct uio_vec **v, uaddr_t vec, unsigned n)
{
	size_t total = 0;

	*v = kmalloc(max(n, 1U) * sizeof(**v));
	if (!*v)
		return -ENOMEM;
	if (n && copy_from_user(*v, vec, n * sizeof(**v)))
		return -EFAULT;
	for (unsigned k = 0; k < n; k++) {
		if ((ssize_t)(*v)[k].len < 0)
			return -EINVAL;
		(*v)[k].len = min((*v)[k].len, MAX_RW_COUNT - total);
		total += (*v)[k].len;
	}
	*u = (struct uio){ .vec = *v, .nvec = n, .left = total, .user = true };
	return 0;
}
