/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msgbuf.c: the storage of messages, and who pays for it.
 *
 * Few bytes stand behind the header, more in pages of their own, into which
 * they are copied once from the sender and out of which once to the receiver.
 * The sender's wmem carries the charge until the message is freed; then the
 * sender is woken, once no more than a quarter of its limit is in use.
 */
#include "msgbuf.h"

#include "kuni/klog.h"

/* Headers and rounding: about what Linux charges, so that programs that count
 * on so many small messages fitting into a buffer find the same. */
#define OVERHEAD 768U

uint32_t msgbuf_charge(size_t len)
{
	if (len <= MSGBUF_INLINE)
		return OVERHEAD + (len > 192 ? 512 : 0);
	return OVERHEAD + (uint32_t)page_up(len);
}

static void free_pages(struct msgbuf *m)
{
	for (uint32_t n = 0; n < m->npages && m->page[n]; n++)
		page_put(page_of(virt_to_phys(m->page[n])));
}

struct msgbuf *msgbuf_new(struct socket *from, size_t len)
{
	uint32_t npages =
		len > MSGBUF_INLINE ? (uint32_t)(page_up(len) / PAGE_SIZE) : 0;
	struct msgbuf *m =
		kmalloc(sizeof(*m) + (npages ? npages * sizeof(char *) : len));

	if (!m)
		return NULL;
	m->len = (uint32_t)len;
	m->npages = npages;
	for (uint32_t n = 0; n < npages; n++) {
		struct page *p = page_alloc(0, PAGE_ANY);

		if (!p) {
			free_pages(m);
			kfree(m);
			return NULL;
		}
		m->page[n] = page_virt(p);
	}
	if (from) {
		sock_get(from);
		m->from = from;
		m->charge = msgbuf_charge(len);
		__atomic_fetch_add(&from->wmem, (int32_t)m->charge,
				   __ATOMIC_RELAXED);
	}
	return m;
}

void msgbuf_free(struct msgbuf *m)
{
	struct socket *from = m->from;

	scm_free(&m->scm);
	free_pages(m);
	if (from) {
		__atomic_fetch_sub(&from->wmem, (int32_t)m->charge,
				   __ATOMIC_ACQ_REL);
		if (sock_writable(from))
			wake_all(&from->wr_wait,
				 EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
		sock_put(from);
	}
	kfree(m);
}

/* The bytes at off: where, and how many of them stand together. */
static char *at(const struct msgbuf *m, size_t off, size_t *n)
{
	if (!m->npages) {
		*n = m->len - off;
		return (char *)(uintptr_t)m->data + off;
	}
	*n = min(PAGE_SIZE - off % PAGE_SIZE, m->len - off);
	return m->page[off / PAGE_SIZE] + off % PAGE_SIZE;
}

int msgbuf_fill(struct msgbuf *m, struct uio *u)
{
	size_t n;

	for (size_t off = 0; off < m->len; off += n) {
		char *to = at(m, off, &n);

		if (uio_get(u, to, n) != (ssize_t)n)
			return -EFAULT;
	}
	return 0;
}

void msgbuf_fill_kernel(struct msgbuf *m, const void *from)
{
	struct uio_vec v;
	struct uio u;

	/* only read through: uio_get copies out of it */
	uio_kernel(&u, &v, (void *)(uintptr_t)from, m->len);
	ensure(msgbuf_fill(m, &u) == 0);
}

ssize_t msgbuf_copy(const struct msgbuf *m, size_t off, size_t n, struct uio *u)
{
	size_t done = 0, run;

	n = min(n, m->len - off);
	while (done < n) {
		const char *from = at(m, off + done, &run);
		ssize_t r = uio_put(u, from, min(run, n - done));

		if (r <= 0)
			return done ? (ssize_t)done : -EFAULT;
		done += (size_t)r;
		if ((size_t)r < min(run, n - done + (size_t)r))
			break;
	}
	return (ssize_t)done;
}

void msgqueue_add_locked(struct socket *s, struct msgbuf *m)
{
	TAILQ_INSERT_TAIL(&s->queue, m, link);
	s->qlen++;
	s->qbytes += m->len - m->off;
}

void msgqueue_remove_locked(struct socket *s, struct msgbuf *m)
{
	TAILQ_REMOVE(&s->queue, m, link);
	s->qlen--;
	s->qbytes -= m->len - m->off;
}
