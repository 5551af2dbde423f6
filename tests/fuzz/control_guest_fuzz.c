// uses:
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_guest_fuzz.c: a host that sends what it likes to the guest's half of
 * the control protocol (control.c and stdio.c, with the kernel around them
 * faked).  A broken rule must end in panic(), and nothing else may go wrong.
 */
#include <setjmp.h>
#include <malloc.h>     /* not stdlib.h: it has words of wait.h */
#undef RENAME_NOREPLACE /* the kernel's headers have their own */
#undef RENAME_EXCHANGE
#undef RENAME_WHITEOUT

#include "guest/kernel/task/control.c"
#include "guest/kernel/task/stdio.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static jmp_buf died;
static struct task me;
static uint8_t ring[RING];
static unsigned held; /* locks */
static size_t sent;

struct task *unit_current(void)
{
	return &me;
}
void panic(const char *fmt, ...)
{
	(void)fmt;
	if (held)
		__builtin_trap(); /* would hang, not die */
	longjmp(died, 1);
}
void klog(enum klog_level l, const char *fmt, ...)
{
	(void)l;
	(void)fmt;
}
static uint64_t wall_offset;
uint64_t arch_clock_ns(void)
{
	return 1000000000;
}
uint64_t arch_wall_offset_ns(void)
{
	return wall_offset;
}
void arch_wall_offset_set(uint64_t ns)
{
	wall_offset = ns;
}
void exit_port(uint32_t v)
{
	(void)v;
	__builtin_trap();
}
void *kmalloc(size_t n)
{
	return calloc(1, n);
}
void kfree(void *p)
{
	free(p);
}
struct page *page_alloc(unsigned order, unsigned flags)
{
	static struct page p;

	(void)order;
	(void)flags;
	return &p;
}
paddr_t page_paddr(const struct page *p)
{
	(void)p;
	return (paddr_t)ring;
}
void *phys_to_virt(paddr_t pa)
{
	return (void *)pa;
}
paddr_t virt_to_phys(const void *p)
{
	return (paddr_t)p;
}
void spin_lock(struct spinlock *l)
{
	ensure(!l->held);
	l->held = 1;
	held++;
}
void spin_unlock(struct spinlock *l)
{
	ensure(l->held);
	l->held = 0;
	held--;
}
void mutex_lock(struct mutex *m)
{
	ensure(!m->owner);
	m->owner = &me;
}
void mutex_unlock(struct mutex *m)
{
	m->owner = NULL;
}
void wake_all(struct waitq *wq, unsigned events)
{
	(void)wq;
	(void)events;
}
void waitq_add(struct waitq *wq, struct waiter *w)
{
	(void)wq;
	(void)w;
	__builtin_trap(); /* everything here is O_NONBLOCK */
}
void waitq_del(struct waiter *w)
{
	(void)w;
}
void sched_prepare(enum task_state st)
{
	(void)st;
}
int sched_sleep(uint64_t deadline)
{
	(void)deadline;
	return 0;
}
void sched_finish(void)
{
}
bool signal_pending(void)
{
	return false;
}
void signal_from_host(int signo)
{
	sent += (unsigned)signo;
}
int signal_send_task(struct task *t, int signo, const struct siginfo_k *si)
{
	(void)t;
	(void)signo;
	(void)si;
	return 0;
}
void uio_kernel(struct uio *u, struct uio_vec *v, void *base, size_t len)
{
	*v = (struct uio_vec){ (uint64_t)base, len };
	*u = (struct uio){ .vec = v, .nvec = 1, .left = len };
}
ssize_t uio_put(struct uio *u, const void *from, size_t n)
{
	n = min(n, u->left);
	memcpy((char *)u->vec->base + u->off, from, n);
	u->off += n;
	u->left -= n;
	return (ssize_t)n;
}
ssize_t uio_get(struct uio *u, void *to, size_t n)
{
	n = min(n, u->left);
	memcpy(to, (char *)u->vec->base + u->off, n);
	u->off += n;
	u->left -= n;
	return (ssize_t)n;
}
int anon_inode(uint32_t mode, struct inode **out)
{
	(void)mode;
	(void)out;
	return -ENOMEM;
}
int file_new(struct inode *i, const struct file_ops *ops, unsigned flags,
	     struct file **out)
{
	(void)i;
	(void)ops;
	(void)flags;
	(void)out;
	return -ENOMEM;
}
void inode_put(struct inode *i)
{
	(void)i;
}
int ctl_port_open(const struct ctl_port_ops *ops)
{
	(void)ops;
	return 0;
}
void ctl_port_drain(void)
{
}
void console_drain(void)
{
}
void tasks_dump(void)
{
}

/* What the guest sends must be whole frames that keep the rules. */
int ctl_port_write(const void *buf, size_t n)
{
	struct ctl_frame f;

	ensure(n >= sizeof(f));
	memcpy(&f, buf, sizeof(f));
	ensure(f.len == n - sizeof(f) && f.len <= CTL_MAX_PAYLOAD);
	ensure(f.type && f.type < CTL_TYPE_END && f.stream <= CTL_STDERR);
	sent += f.len;
	return 0;
}

static void use(unsigned nr, size_t n)
{
	static uint8_t buf[4096];
	struct stdio_stream *s = &streams[nr];
	struct file f = { .private_ = s, .flags = O_NONBLOCK };
	struct uio_vec v;
	struct uio u;

	uio_kernel(&u, &v, buf, n);
	if (nr == CTL_STDIN)
		(void)stdio_read(&f, &u, NULL);
	else
		(void)stdio_write(&f, &u, NULL);
	ensure(s->head - s->tail <= RING);
	(void)stdio_poll(&f, NULL);
	if (n == 255)
		stdio_release(&f);
}

/* A frame that is nearly right. */
static size_t frame(const uint8_t *p, size_t left)
{
	static uint8_t buf[sizeof(struct ctl_frame) + CTL_MAX_PAYLOAD];
	struct ctl_frame f = { .type = p[0] % (CTL_TYPE_END + 1),
			       .stream = p[1] % 5,
			       .len = p[2] < 240 ? p[2] : p[2] * 69U };
	size_t have = min(left - 3, (size_t)16);

	memcpy(buf, &f, sizeof(f));
	memcpy(buf + sizeof(f), p + 3, have);
	control_rx(buf, sizeof(f) + min(f.len, CTL_MAX_PAYLOAD));
	return 3 + min(have, (size_t)f.len);
}

static void run(const uint8_t *data, size_t size)
{
	while (size >= 4) {
		uint8_t what = *data;
		size_t n;

		if (what & 0x80) { /* raw bytes */
			n = min((size_t)(what & 0x3f), size - 1);
			control_rx(data + 1, n);
			n++;
		} else if (what & 0x40) {
			n = 1 + frame(data + 1, size - 1);
		} else {
			use(CTL_STDIN + what % 3U,
			    data[1] * (what & 8 ? 9 : 1));
			n = 2;
		}
		data += n;
		size -= n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&rx, 0, sizeof(rx));
	memset(streams, 0, sizeof(streams));
	is_open = false;
	open_error = 0;
	held = 0;
	ensure(!ctl_open());
	if (!setjmp(died))
		run(data, size);
	return 0;
}
