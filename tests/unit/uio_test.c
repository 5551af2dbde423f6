// uses: guest/kernel/lib/uio.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uio_test.c: transfers over several pieces, and the exact count where user
 * memory ends in the middle of one.
 */
#include <string.h>

#include "kuni/mm.h"
#include "tests/unit/check.h"

static char user[8 * 4096] __attribute__((aligned(4096)));
static uint64_t user_end; /* accesses at or above it fault */

static int fault(uaddr_t at, size_t n)
{
	return at.v < (uint64_t)user || at.v + n > user_end ? -EFAULT : 0;
}

int copy_to_user(uaddr_t to, const void *from, size_t n)
{
	if (fault(to, n))
		return -EFAULT;
	memcpy((void *)to.v, from, n);
	return 0;
}

int copy_from_user(void *to, uaddr_t from, size_t n)
{
	if (fault(from, n))
		return -EFAULT;
	memcpy(to, (const void *)from.v, n);
	return 0;
}

int clear_user(uaddr_t to, size_t n)
{
	if (fault(to, n))
		return -EFAULT;
	memset((void *)to.v, 0, n);
	return 0;
}

static void faults(void)
{
	static char data[20000];
	struct uio_vec v;
	struct uio u;

	memset(data, 'x', sizeof(data));
	user_end = (uint64_t)user + 3 * 4096;
	uio_user(&u, &v, UADDR(user + 100), sizeof(data));
	CHECK_EQ(uio_put(&u, data, sizeof(data)), 3 * 4096 - 100);
	CHECK_EQ(user[3 * 4096 - 1], 'x');
	CHECK_EQ(user[99], 0);
	CHECK_EQ(u.left, sizeof(data) - (3 * 4096 - 100));
	CHECK_EQ(uio_put(&u, data, 1), -EFAULT);
	uio_user(&u, &v, UADDR(user + 4096), 3 * 4096);
	CHECK_EQ(uio_zero(&u, 3 * 4096), 2 * 4096);
	CHECK_EQ(user[4095], 'x');
	CHECK_EQ(user[4096], 0);
}

static void pieces(void)
{
	char a[5] = "abcde", b[3] = "fgh", c[4] = "ijkl", out[16] = { 0 };
	struct uio_vec v[5] = { { (uint64_t)a, 5 },
				{ 0, 0 },
				{ (uint64_t)b, 3 },
				{ (uint64_t)c, 4 },
				{ 0, 0 } };
	struct uio u = { .vec = v, .nvec = 5, .left = 12 };

	CHECK_EQ(uio_get(&u, out, 2), 2);
	CHECK_EQ(uio_get(&u, out + 2, 5), 5);
	CHECK_EQ(u.left, 5);
	CHECK_EQ(uio_get(&u, out + 7, 9), 5);
	CHECK(memcmp(out, "abcdefghijkl", 12) == 0);
	CHECK_EQ(uio_get(&u, out, 1), 0);
	u = (struct uio){ .vec = v, .nvec = 5, .left = 6 };
	CHECK_EQ(uio_zero(&u, 100), 6); /* left bounds it */
	CHECK_EQ(b[0], 0);
	CHECK_EQ(b[1], 'g');
}

int main(void)
{
	faults();
	pieces();
	return check_done("uio");
}
