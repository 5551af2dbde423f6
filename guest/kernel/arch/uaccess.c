/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uaccess.c: user memory as C sees it: checked addresses, then uaccess.S.
 *
 * user_range() says what may be user memory; whether anything is there only the
 * access tells.  Callers hold no spinlock, but for
 * arch_user_load32() and arch_user_cmpxchg32(), which never sleep.
 */
#include "kuni/arch.h"

#include "kuni/lock.h"

int uaccess_copy(void *to, const void *from, size_t n);
int uaccess_clear(void *to, size_t n);
long uaccess_string(char *to, const char *from, size_t n);
int uaccess_load32(const uint32_t *at, uint32_t *out);
int uaccess_cmpxchg32(uint32_t *at, uint32_t *expected, uint32_t new_);

bool user_range(uaddr_t at, size_t n)
{
	return at.v <= USER_END && n <= USER_END - at.v;
}

int copy_from_user(void *to, uaddr_t from, size_t n)
{
	check_fault();
	if (!user_range(from, n))
		return -EFAULT;
	return uaccess_copy(to, (const void *)from.v, n);
}

int copy_to_user(uaddr_t to, const void *from, size_t n)
{
	check_fault();
	if (!user_range(to, n))
		return -EFAULT;
	return uaccess_copy((void *)to.v, from, n);
}

int clear_user(uaddr_t to, size_t n)
{
	check_fault();
	if (!user_range(to, n))
		return -EFAULT;
	return uaccess_clear((void *)to.v, n);
}

ssize_t strncpy_from_user(char *to, uaddr_t from, size_t n)
{
	size_t room;
	long len;

	check_fault();
	if (from.v >= USER_END)
		return -EFAULT;
	room = min(n, (size_t)(USER_END - from.v));
	len = uaccess_string(to, (const char *)from.v, room);
	if (len < 0)
		return -EFAULT;
	if ((size_t)len < room)
		return len;
	return room < n ? -EFAULT : -ENAMETOOLONG;
}

int arch_user_load32(uaddr_t at, uint32_t *out)
{
	if (!user_range(at, 4) || at.v & 3)
		return -EFAULT;
	return uaccess_load32((const uint32_t *)at.v, out);
}

int arch_user_cmpxchg32(uaddr_t at, uint32_t *expected, uint32_t new_)
{
	if (!user_range(at, 4) || at.v & 3)
		return -EFAULT;
	return uaccess_cmpxchg32((uint32_t *)at.v, expected, new_);
}
