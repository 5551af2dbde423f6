// uses: guest/drivers/virtio_fs.c guest/drivers/virtqueue.c host/virtio/queue.c host/virtio/device.c host/virtio/fs.c host/memory.c host/err.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio_fs_test.c: the guest's virtio-fs driver and the host's virtio-fs
 * device joined through a fake guest RAM, with threads for CPUs.
 *
 * SYNC: the notification handles the requests, as the kvm back end does.
 * ASYNC: another thread does and interrupts, as with QEMU.  The kernel's locks
 * and wait queues are fakes: one mutex each, one condition for all.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define sched_yield kernel_sched_yield /* pthread.h has another */
#include "guest/drivers/drivers.h"
#include "guest/drivers/virtio_mmio.h"
#include "host/fuse/server.h"
#include "host/log.h"
#include "host/virtio/fs.h"
#include "kuni/driver.h"
#include "kuni/sched.h"
#include "tests/unit/check.h"

#define RAM_BASE 0x100000ULL
#define RAM_SIZE (4UL << 20)
#define NTHREADS 4
#define ROUNDS   3000

enum mode { SYNC, ASYNC };

static enum mode mode;
static uint8_t *ram;
static struct guest_mem mem;
static struct virtio_device *host;
static struct vdev *guest;
static const struct vdev_config *guest_config;
static unsigned kicks, irqs, forgets;
static bool over;

/* ---- the kernel ---- */

static pthread_mutex_t world = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t spin = PTHREAD_MUTEX_INITIALIZER;
static unsigned wake_count; /* [world] */
static __thread unsigned wake_seen;

struct task *unit_current(void)
{
	return NULL;
}

void spin_init(struct spinlock *l, enum lockrank rank)
{
	l->rank = (uint16_t)rank;
}

void spin_lock(struct spinlock *l)
{
	(void)l; /* the driver has one */
	pthread_mutex_lock(&spin);
}

void spin_unlock(struct spinlock *l)
{
	(void)l;
	pthread_mutex_unlock(&spin);
}

void waitq_init(struct waitq *wq)
{
	(void)wq;
}

void waitq_add(struct waitq *wq, struct waiter *w)
{
	w->wq = wq;
}

void waitq_del(struct waiter *w)
{
	w->wq = NULL;
}

void wake_all(struct waitq *wq, unsigned events)
{
	(void)wq;
	(void)events;
	pthread_mutex_lock(&world);
	wake_count++;
	pthread_cond_broadcast(&woken);
	pthread_mutex_unlock(&world);
}

void sched_prepare(enum task_state st)
{
	(void)st;
	pthread_mutex_lock(&world);
	wake_seen = wake_count;
	pthread_mutex_unlock(&world);
}

int sched_sleep(uint64_t deadline)
{
	(void)deadline;
	pthread_mutex_lock(&world);
	while (wake_seen == wake_count)
		pthread_cond_wait(&woken, &world);
	pthread_mutex_unlock(&world);
	return 0;
}

void sched_finish(void)
{
}

bool signal_pending(void)
{
	return false;
}

void *phys_to_virt(paddr_t pa)
{
	return ram + (pa - RAM_BASE);
}

paddr_t virt_to_phys(const void *p)
{
	return RAM_BASE + (uint64_t)((const uint8_t *)p - ram);
}

/* Objects of post(): one KiB each, of the upper half of RAM. */
static uint32_t objects[32]; /* [a] bits of those in use */

void *kmalloc(size_t n)
{
	unsigned i;

	CHECK(n <= 1024);
	for (i = 0; i < 1024; i++)
		if (!(__atomic_fetch_or(&objects[i / 32], 1U << i % 32,
					__ATOMIC_SEQ_CST) &
		      1U << i % 32))
			return ram + RAM_SIZE / 2 + i * 1024UL;
	return NULL;
}

void kfree(void *p)
{
	size_t i = (size_t)((uint8_t *)p - ram - RAM_SIZE / 2) / 1024;

	__atomic_fetch_and(&objects[i / 32], ~(1U << i % 32), __ATOMIC_SEQ_CST);
}

/* kuni/klog.h cannot be here: the host has an ensure() too. */
_Noreturn void panic(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
#include "tests/unit/fake_panic.h"

void log_line(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

/* ---- the transport ---- */

static struct vq guest_vq;

void vdev_bind(struct vdev *v, const struct boot_device *b)
{
	v->boot = *b;
	guest = v;
}

/* What virtio_mmio.c does by registers. */
int vdev_up(struct vdev *v, const struct vdev_config *c)
{
	static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
	struct virtq *q = &host->queue[c->queue[0].index];

	pthread_mutex_lock(&once);
	if (!v->up) {
		guest_config = c;
		vq_init(&guest_vq, c->queue[0].size, true, ram, RAM_BASE);
		v->vq[0] = &guest_vq;
		q->size = c->queue[0].size;
		q->desc = guest_vq.desc_pa;
		q->avail = guest_vq.avail_pa;
		q->used = guest_vq.used_pa;
		CHECK_EQ(virtq_enable(q, true), 0);
		v->up = true;
	}
	pthread_mutex_unlock(&once);
	return 0;
}

static unsigned pending; /* [world] notifications not yet served */

void vdev_notify(struct vdev *v, unsigned queue)
{
	(void)v;
	__atomic_fetch_add(&kicks, 1, __ATOMIC_RELAXED);
	if (mode == SYNC) {
		host->ops->kick(host, queue);
		return;
	}
	pthread_mutex_lock(&world);
	pending++;
	pthread_cond_broadcast(&woken);
	pthread_mutex_unlock(&world);
}

void vdev_irq_ack(struct vdev *v)
{
	(void)v;
}

bool vdev_needs_reset(struct vdev *v)
{
	(void)v;
	return false;
}

static void host_notify(void *transport, unsigned q)
{
	static pthread_mutex_t cpu0 = PTHREAD_MUTEX_INITIALIZER;

	(void)transport;
	(void)q;
	__atomic_fetch_add(&irqs, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&cpu0);
	guest_config->irq(guest_config->arg);
	pthread_mutex_unlock(&cpu0);
}

static void *device_thread(void *arg)
{
	(void)arg;
	for (;;) {
		pthread_mutex_lock(&world);
		while (!pending && !over)
			pthread_cond_wait(&woken, &world);
		pending = 0;
		if (over) {
			pthread_mutex_unlock(&world);
			return NULL;
		}
		pthread_mutex_unlock(&world);
		host->ops->kick(host, 1);
	}
}

/* ---- the server: the answer is the request, each byte plus one ---- */

int fuse_server_handle(struct fuse_server *s, const struct iovec *in,
		       unsigned nin, const struct iovec *out, unsigned nout)
{
	uint8_t buf[4096];
	size_t n = 0, i, k;

	(void)s;
	for (i = 0; i < nin; i++) {
		memcpy(buf + n, in[i].iov_base, in[i].iov_len);
		n += in[i].iov_len;
	}
	if (!nout) {
		__atomic_fetch_add(&forgets, 1, __ATOMIC_RELAXED);
		return 0;
	}
	for (i = 0, k = 0; i < nout && k < n; i++)
		for (size_t j = 0; j < out[i].iov_len && k < n; j++)
			((uint8_t *)out[i].iov_base)[j] =
				(uint8_t)(buf[k++] + 1);
	return (int)k;
}

void fuse_server_reset(struct fuse_server *s)
{
	(void)s;
}

/* ---- callers ---- */

static void round_trip(struct fuse_transport *t, struct fuse_xfer *x,
		       unsigned id, unsigned round)
{
	/* 64 KiB of each thread's own, below the objects */
	paddr_t at = RAM_BASE + 0x100000 + id * 0x10000UL;
	uint8_t *req = phys_to_virt(at);
	unsigned i, n = 1 + (round * 7 + id) % 60;

	memset(x, 0, sizeof(*x));
	memset(req, (int)(round + id), n);
	x->nout = 1;
	x->out[0] = (struct fuse_seg){ at, n };
	x->nin = round % 3 ? 2 : 64; /* as large as a read, now and then */
	for (i = 0; i < x->nin; i++)
		x->in[i] = (struct fuse_seg){ at + 0x1000 + i * 0x100, 16 };
	CHECK_EQ(t->call(t, x), 0);
	CHECK_EQ(x->in_len, n < x->nin * 16 ? n : x->nin * 16);
	for (i = 0; i < x->in_len; i++)
		if (req[0x1000 + i / 16 * 0x100 + i % 16] !=
		    (uint8_t)(round + id + 1))
			break;
	CHECK_EQ(i, x->in_len);
	if (round % 5)
		return;
	x->nin = 0;
	CHECK_EQ(t->post(t, x), 0);
}

static void *caller(void *arg)
{
	struct fuse_transport *t = fuse_transport_find();
	struct fuse_xfer *x = calloc(1, sizeof(*x));
	unsigned i, id = (unsigned)(uintptr_t)arg;

	for (i = 0; i < ROUNDS; i++)
		round_trip(t, x, id, i);
	free(x);
	return NULL;
}

static void run(enum mode m, unsigned nthreads)
{
	pthread_t device, cpu[NTHREADS];
	unsigned i, before = __atomic_load_n(&forgets, __ATOMIC_RELAXED);

	mode = m;
	over = false;
	kicks = irqs = 0;
	if (m == ASYNC)
		pthread_create(&device, NULL, device_thread, NULL);
	for (i = 0; i < nthreads; i++)
		pthread_create(&cpu[i], NULL, caller, (void *)(uintptr_t)i);
	for (i = 0; i < nthreads; i++)
		pthread_join(cpu[i], NULL);
	if (m == ASYNC) {
		pthread_mutex_lock(&world);
		over = true;
		pthread_cond_broadcast(&woken);
		pthread_mutex_unlock(&world);
		pthread_join(device, NULL);
		host->ops->kick(host, 1); /* the last FORGETs */
	}
	CHECK_EQ(forgets - before, nthreads * (ROUNDS / 5));
	CHECK(!guest_vq.broken);
	if (m == SYNC && nthreads == 1) {
		CHECK_EQ(irqs, 0); /* answers are there at once */
		CHECK_EQ(kicks, ROUNDS + ROUNDS / 5);
	}
}

int main(void)
{
	struct boot_device b = { .virtio_id = 26, .len = 512 };
	struct fuse_xfer *x = calloc(1, sizeof(*x));
	struct fuse_transport *t;
	unsigned i, bits = 0;

	ram = aligned_alloc(4096, RAM_SIZE);
	memset(ram, 0, RAM_SIZE);
	mem.fd = -1;
	mem.nregion = 1;
	mem.region[0] = (struct mem_region){ RAM_BASE, RAM_SIZE, ram, 0 };
	CHECK_EQ(virtio_fs_create(&host, &mem, NULL, "root"), 0);
	host->notify = host_notify;
	CHECK(!fuse_transport_find());
	virtio_fs_bind(&b);
	t = fuse_transport_find();
	CHECK(t);
	x->nin = x->nout = 1; /* an answer is no business of post() */
	CHECK_EQ(t->post(t, x), -EINVAL);
	x->nin = 0;
	x->out[0].len = 1 << 20;
	CHECK_EQ(t->post(t, x), -EINVAL);
	free(x);
	run(SYNC, 1);
	run(SYNC, NTHREADS);
	run(ASYNC, 1);
	run(ASYNC, NTHREADS);
	CHECK(irqs > 0);
	/* Everything that was used is with the driver, and every copy freed. */
	guest_config->irq(guest_config->arg);
	CHECK_EQ(guest_vq.nfree, 256);
	for (i = 0; i < 32; i++)
		bits |= objects[i];
	CHECK_EQ(bits, 0);
	virtio_fs_destroy(host);
	free(ram);
	return check_done("virtio_fs");
}
