/* SPDX-License-Identifier: Apache-2.0 */
/*
 * console_both_kernel.c: the guest's half of console_both_test: control.c and
 * stdio.c, with one task on one CPU around them.  An interrupt comes where a
 * spinlock is let go, now or later, and where the CPU sleeps.
 */
#include <malloc.h> /* not stdlib.h: it has words of wait.h */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#undef RENAME_NOREPLACE /* the kernel's headers have their own */
#undef RENAME_EXCHANGE
#undef RENAME_WHITEOUT

/* Both halves have these names. */
#define stdio_data kernel_stdio_data
#define stdio_eof  kernel_stdio_eof
#define stdio_log  kernel_stdio_log
#define rx         control_frame
#include "guest/kernel/task/control.c"
#undef rx
#include "guest/kernel/task/stdio.c"

#include "guest/drivers/drivers.h"
#include "guest/drivers/virtio_mmio.h"
#include "tests/unit/console_both.h"

#define RAM (1UL << 20)

static struct task me;
static unsigned depth, rnd;
static bool in_irq;
static void (*handler)(void *arg);
static uint8_t *ram;
static size_t ram_used;

static unsigned random_next(void)
{
	rnd = rnd * 1103515245U + 12345U;
	return rnd >> 16;
}

/* ---- interrupts and sleep ---- */

static void serve(bool wait)
{
	if (cpu_irq(wait)) {
		in_irq = true;
		handler(NULL);
		in_irq = false;
	} else if (wait) {
		fprintf(stderr, "nobody wakes the guest\n");
		kernel_stdio_log();
		host_dump();
	}
}

static void maybe_irq(void)
{
	unsigned n = random_next() % 64;

	if (depth || in_irq || !handler)
		return;
	if (n == 0)
		cpu_nap();
	if (n < 48)
		serve(false);
}

void sched_prepare(enum task_state st)
{
	me.state = st;
}
void sched_finish(void)
{
	me.state = TASK_RUNNING;
}
int sched_sleep(uint64_t deadline)
{
	(void)deadline;
	while (me.state != TASK_RUNNING)
		serve(true);
	return 0;
}
bool sched_wake(struct task *t)
{
	bool was = t->state != TASK_RUNNING;

	t->state = TASK_RUNNING;
	return was;
}
bool signal_pending(void)
{
	return false;
}
struct task *unit_current(void)
{
	return &me;
}

/* ---- locks ---- */

void spin_init(struct spinlock *l, enum lockrank rank)
{
	*l = SPINLOCK_INIT(rank);
}
void spin_lock(struct spinlock *l)
{
	maybe_irq();
	ensure(!l->held);
	l->held = 1;
	depth++;
}
void spin_unlock(struct spinlock *l)
{
	ensure(l->held);
	l->held = 0;
	depth--;
	maybe_irq();
}
void mutex_init(struct mutex *m, enum lockrank rank)
{
	m->rank = (uint16_t)rank;
}
void mutex_lock(struct mutex *m)
{
	ensure(!m->owner && !in_irq && !depth);
	m->owner = &me;
}
void mutex_unlock(struct mutex *m)
{
	ensure(m->owner);
	m->owner = NULL;
}

/* ---- memory: virtual is physical, and nothing is freed but by kfree ---- */

static void *ram_get(size_t n)
{
	void *p = ram + ram_used;

	ram_used += n;
	ensure(ram_used <= RAM);
	memset(p, 0, n);
	return p;
}
struct page *page_alloc(unsigned order, unsigned flags)
{
	(void)flags;
	return ram_get(PAGE_SIZE << order);
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
void *kmalloc(size_t n)
{
	return calloc(1, n);
}
void kfree(void *p)
{
	free(p);
}
int copy_to_user(uaddr_t to, const void *from, size_t n)
{
	memcpy((void *)to.v, from, n);
	return 0;
}
int copy_from_user(void *to, uaddr_t from, size_t n)
{
	memcpy(to, (const void *)from.v, n);
	return 0;
}
int clear_user(uaddr_t to, size_t n)
{
	memset((void *)to.v, 0, n);
	return 0;
}

/* ---- the transport ---- */

void vdev_bind(struct vdev *v, const struct boot_device *b)
{
	v->boot = *b;
}
int vdev_up(struct vdev *v, const struct vdev_config *c)
{
	for (unsigned n = 0; n < c->nqueues; n++) {
		unsigned size = c->queue[n].size;
		struct vq *q = calloc(1, sizeof(*q));
		void *ring = ram_get(page_up(vq_bytes(size)));

		ensure(q);
		vq_init(q, size, true, ring, (paddr_t)ring);
		v->vq[n] = q;
		host_queue(c->queue[n].index, size, q->desc_pa, q->avail_pa,
			   q->used_pa);
	}
	handler = c->irq;
	v->up = true;
	return 0;
}
void vdev_notify(struct vdev *v, unsigned queue)
{
	(void)v;
	host_kick(queue);
}
void vdev_irq_ack(struct vdev *v)
{
	(void)v;
}

/* ---- what the two files name and cat does not use ---- */

uint64_t arch_clock_ns(void)
{
	return 1000000000;
}
uint64_t arch_wall_offset_ns(void)
{
	return 0;
}
void arch_wall_offset_set(uint64_t ns)
{
	(void)ns;
}
void klog(enum klog_level l, const char *fmt, ...)
{
	va_list ap;

	(void)l;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}
void panic(const char *fmt, ...)
{
	fprintf(stderr, "panic: %s\n", fmt);
	__builtin_abort();
}
void signal_from_host(int signo)
{
	(void)signo;
}
int signal_send_task(struct task *t, int signo, const struct siginfo_k *info)
{
	(void)t;
	(void)signo;
	(void)info;
	return 0;
}
void tasks_dump(void)
{
}
void console_drain(void)
{
}
_Noreturn void exit_port(uint32_t value)
{
	(void)value;
	__builtin_abort();
}
int anon_inode(uint32_t mode, struct inode **out)
{
	(void)mode;
	(void)out;
	return -ENOMEM;
}
void inode_put(struct inode *i)
{
	(void)i;
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
bool file_readable(const struct file *f)
{
	return !(f->flags & O_WRONLY);
}
bool file_writable(const struct file *f)
{
	return f->flags & 3;
}

/* ---- the task ---- */

void guest_init(unsigned seed)
{
	struct boot_device b = { .len = 1 };

	rnd = seed;
	/* Never freed: the host looks at its rings until host_stop(). */
	ram = memalign(PAGE_SIZE, RAM);
	ensure(ram);
	host_ram(ram, RAM);
	virtio_console_bind(&b);
}

size_t guest_cat(size_t max)
{
	uint8_t *buf = malloc(max);
	size_t total = 0;
	ssize_t n;

	ensure(buf);
	while ((n = ctl_stream_read(CTL_STDIN, buf, random_next() % max + 1,
				    NULL)) > 0) {
		ensure(ctl_stream_write(CTL_STDOUT, buf, (size_t)n) == n);
		total += (size_t)n;
	}
	ensure(n == 0);
	free(buf);
	ensure(ctl_frame_send(CTL_EOF, CTL_STDOUT, NULL, 0, NULL, 0) == 0);
	ctl_port_drain();
	return total;
}
