// uses: guest/kernel/net/cmsg.c guest/kernel/net/netlink_msg.c guest/kernel/net/msgbuf.c guest/kernel/lib/uio.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_msg_test.c: the pure parts of net/: control messages and netlink messages
 * that lie about their length, and messages in one buffer and in pages; random
 * bytes are walked to the end without a step outside.
 */
#include <stdlib.h>
#include <string.h>

/* the C library's own, which kuni's headers define anew */
#undef __WCLONE
#undef WSTOPPED

#include "guest/kernel/net/cmsg.h"
#include "guest/kernel/net/msgbuf.h"
#include "guest/kernel/net/netlink.h"
#include "tests/unit/check.h"
#include "tests/unit/fake_panic.h"

/* ---- what they stand on ---- */

static long fail_at = -1; /* the n-th allocation from now */
static long live;         /* allocations */
static int woken, puts_of_sender;

static bool fails(void)
{
	return fail_at >= 0 && fail_at-- == 0;
}

void *kmalloc(size_t n)
{
	if (fails())
		return NULL;
	live++;
	return calloc(1, n);
}

void kfree(void *p)
{
	live -= p != NULL;
	free(p);
}

/* A page is its own description. */
struct page *page_alloc(unsigned order, unsigned flags)
{
	void *p = NULL;

	(void)order;
	(void)flags;
	if (fails() || posix_memalign(&p, PAGE_SIZE, PAGE_SIZE))
		return NULL;
	live++;
	return p;
}

void page_put(struct page *p)
{
	live--;
	free(p);
}

struct page *page_of(paddr_t pa)
{
	return (struct page *)pa;
}

paddr_t page_paddr(const struct page *p)
{
	return (paddr_t)p;
}

void *phys_to_virt(paddr_t pa)
{
	return (void *)pa;
}

paddr_t virt_to_phys(const void *p)
{
	return (paddr_t)p;
}

static uint64_t user_end = UINT64_MAX; /* user memory ends here */

int copy_to_user(uaddr_t to, const void *from, size_t n)
{
	if (to.v + n > user_end)
		return -EFAULT;
	memcpy((void *)to.v, from, n);
	return 0;
}

int copy_from_user(void *to, uaddr_t from, size_t n)
{
	if (from.v + n > user_end)
		return -EFAULT;
	memcpy(to, (const void *)from.v, n);
	return 0;
}

int clear_user(uaddr_t to, size_t n)
{
	memset((void *)to.v, 0, n);
	return 0;
}

void scm_free(struct scm *s)
{
	(void)s;
}

void wake_all(struct waitq *wq, unsigned events)
{
	(void)wq;
	(void)events;
	woken++;
}

bool sock_writable(const struct socket *s)
{
	return s->wmem <= s->sndbuf / 4;
}

void sock_get(struct socket *s)
{
	s->ref++;
}

void sock_put(struct socket *s)
{
	s->ref--;
	puts_of_sender++;
}

/* ---- control messages ---- */

static size_t add(char *at, size_t len, int level, int type, size_t data)
{
	struct lx_cmsghdr h = { len, level, type };

	memcpy(at, &h, sizeof(h));
	memset(at + sizeof(h), type, data);
	return CMSG_SPACE(data);
}

static void test_cmsg(void)
{
	char buf[256];
	struct cmsg c;
	struct cmsg_iter it;
	size_t n;

	n = add(buf, CMSG_LEN(4), SOL_SOCKET, SCM_RIGHTS, 4);
	CHECK_EQ(n, 24);
	n += add(buf + n, CMSG_LEN(12), 41, 7, 12);
	it = (struct cmsg_iter){ buf, n };
	CHECK_EQ(cmsg_next(&it, &c), 1);
	CHECK_EQ(c.type, SCM_RIGHTS);
	CHECK_EQ(c.len, 4);
	CHECK_EQ(cmsg_next(&it, &c), 1);
	CHECK_EQ(c.level, 41);
	CHECK_EQ(c.len, 12);
	CHECK_EQ(cmsg_next(&it, &c), 0);
	/* the last one need not be padded */
	it = (struct cmsg_iter){ buf, n - 4 };
	CHECK_EQ(cmsg_next(&it, &c), 1);
	CHECK_EQ(cmsg_next(&it, &c), 1);
	CHECK_EQ(it.left, 0);
	/* cut, and shorter than a header */
	it = (struct cmsg_iter){ buf, 19 };
	CHECK_EQ(cmsg_next(&it, &c), -EINVAL);
	it = (struct cmsg_iter){ buf, 15 };
	CHECK_EQ(cmsg_next(&it, &c), 0);
	add(buf, 15, SOL_SOCKET, 1, 0);
	it = (struct cmsg_iter){ buf, 64 };
	CHECK_EQ(cmsg_next(&it, &c), -EINVAL);
	add(buf, SIZE_MAX - 3, SOL_SOCKET, 1, 0);
	it = (struct cmsg_iter){ buf, 64 };
	CHECK_EQ(cmsg_next(&it, &c), -EINVAL);
}

/* ---- netlink ---- */

static void test_netlink(void)
{
	struct nl_request q = { .port = 77, .hdr.seq = 5 }, got;
	struct nl_answer a = { 0 };
	uint32_t body = 0x1234, v;
	const void *at, *p;
	size_t left, len;

	nl_begin(&a, &q, 20, 2, &body, sizeof(body));
	nl_string(&a, 3, "lo");
	nl_u32(&a, 8, 128);
	nl_u8(&a, 9, 1);
	nl_end(&a);
	CHECK_EQ(a.len, 16 + 4 + 8 + 8 + 8);
	nl_begin(&a, &q, 21, 0, NULL, 0);
	nl_end(&a);
	at = a.buf;
	left = a.len;
	CHECK_EQ(nl_next(&at, &left, &got), 1);
	CHECK_EQ(got.hdr.type, 20);
	CHECK_EQ(got.hdr.pid, 77);
	CHECK_EQ(got.hdr.seq, 5);
	p = nl_find(&got, 4, 3, &len);
	CHECK(p && len == 3 && !strcmp(p, "lo"));
	p = nl_find(&got, 4, 8, &len);
	CHECK(p && len == 4);
	memcpy(&v, p, 4);
	CHECK_EQ(v, 128);
	CHECK(nl_find(&got, 4, 9, &len) && len == 1);
	CHECK(!nl_find(&got, 4, 10, &len));
	CHECK(!nl_find(&got, 4000, 8, &len));
	CHECK_EQ(nl_next(&at, &left, &got), 1);
	CHECK_EQ(got.len, 0);
	CHECK_EQ(nl_next(&at, &left, &got), 0);
	kfree(a.buf);
	for (int n = 0; n < 2; n++) { /* more than a chunk, memory runs out */
		static const char big[3000];

		a = (struct nl_answer){ 0 };
		fail_at = n;
		nl_begin(&a, &q, 20, 0, NULL, 0);
		nl_attr(&a, 1, big, sizeof(big));
		nl_attr(&a, 2, big, sizeof(big));
		nl_end(&a);
		CHECK(a.failed);
		kfree(a.buf);
	}
	fail_at = -1;
	CHECK_EQ(live, 0);
}

/* ---- messages ---- */

static void test_one(size_t len, char *in, char *out)
{
	struct socket s = { .ref = 1, .sndbuf = 100000 };
	struct uio_vec v;
	struct uio u;
	struct msgbuf *b = msgbuf_new(&s, len);

	CHECK(b != NULL);
	CHECK_EQ(s.ref, 2);
	CHECK_EQ(s.wmem, msgbuf_charge(len));
	CHECK_EQ(b->npages, len > MSGBUF_INLINE ? (len + 4095) / 4096 : 0);
	uio_user(&u, &v, UADDR(in), len);
	CHECK_EQ(msgbuf_fill(b, &u), 0);
	memset(out, 0, len);
	uio_user(&u, &v, UADDR(out), len);
	CHECK_EQ(msgbuf_copy(b, 0, len / 3, &u), len / 3);
	CHECK_EQ(msgbuf_copy(b, len / 3, len, &u), len - len / 3);
	CHECK(!memcmp(in, out, len));
	if (len > 10) { /* user memory ends in the middle */
		uio_user(&u, &v, UADDR(out), len);
		user_end = (uint64_t)out;
		CHECK_EQ(msgbuf_copy(b, 0, len, &u), -EFAULT);
		uio_user(&u, &v, UADDR(in), len);
		user_end = (uint64_t)in;
		CHECK_EQ(msgbuf_fill(b, &u), -EFAULT);
		user_end = UINT64_MAX;
	}
	woken = 0;
	msgbuf_free(b);
	CHECK_EQ(woken, 1);
	CHECK_EQ(s.ref, 1);
	CHECK_EQ(s.wmem, 0);
	for (long n = 0;; n++) { /* every allocation fails once */
		fail_at = n;
		b = msgbuf_new(&s, len);
		if (b)
			break;
		CHECK_EQ(live, 0);
		CHECK_EQ(s.ref, 1);
		CHECK_EQ(s.wmem, 0);
	}
	fail_at = -1;
	msgbuf_free(b);
}

static void test_msgbuf(void)
{
	static const size_t lens[] = { 0, 1, 383, 384, 385, 4096, 4097, 20000 };
	char *in = malloc(20000), *out = malloc(20000);

	for (size_t n = 0; n < 20000; n++)
		in[n] = (char)(n * 31 + n / 256);
	for (unsigned n = 0; n < ARRAY_SIZE(lens); n++)
		test_one(lens[n], in, out);
	free(in);
	free(out);
	CHECK_EQ(live, 0);
}

/* ---- anything at all ---- */

static void test_random(void)
{
	unsigned seed = 1;

	for (int round = 0; round < 20000; round++) {
		size_t n = (size_t)rand_r(&seed) % 96, left = n, len;
		char *buf = malloc(n + 1); /* ASan guards its end */
		struct cmsg_iter it = { buf, n };
		struct nl_request q = { 0 };
		const void *at = buf;
		struct cmsg c;
		int steps = 0;

		for (size_t k = 0; k < n; k++)
			buf[k] = (char)(rand_r(&seed) % 5 ? 0
							  : rand_r(&seed) % 40);
		buf = realloc(buf, n ? n : 1);
		it.at = at = buf;
		while (cmsg_next(&it, &c) > 0 && steps++ < 100)
			CHECK((const char *)c.data + c.len <= buf + n);
		CHECK(steps < 100);
		for (steps = 0; nl_next(&at, &left, &q) && steps < 100; steps++)
			if (nl_find(&q, 4, 3, &len))
				CHECK(len <= q.len);
		CHECK(steps < 100);
		free(buf);
	}
}

int main(void)
{
	test_cmsg();
	test_netlink();
	test_msgbuf();
	test_random();
	return check_done("net_msg");
}
