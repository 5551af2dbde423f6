/* SPDX-License-Identifier: Apache-2.0 */
/* console_both_host.c: the monitor's half of console_both_test, as vm.c and
 * kvm.c put it together: loop, stdio, control, console, kicks by eventfd. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "host/control.h"
#include "host/log.h"
#include "host/loop.h"
#include "host/stdio.h"
#include "host/virtio/console.h"
#include "tests/unit/console_both.h"

#define PATIENCE 20 /* seconds in which neither half does anything */

static struct {
	struct guest_mem mem;
	struct virtio_device *console;
	struct loop *loop;
	struct control *control;
	struct stdio *stdio;
	pthread_t thread;
	int kick[2];
} h = { .kick = { -1, -1 } };

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* ---- the interrupt line and the CPU that sleeps for it ---- */

static bool pending; /* [irq_lock] */
static pthread_mutex_t irq_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t irq_cond = PTHREAD_COND_INITIALIZER;

static void raise_irq(void)
{
	pthread_mutex_lock(&irq_lock);
	pending = true;
	pthread_cond_signal(&irq_cond);
	pthread_mutex_unlock(&irq_lock);
}

bool cpu_irq(bool wait)
{
	struct timespec until;
	bool have;
	int r = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE;
	pthread_mutex_lock(&irq_lock);
	while (wait && !pending && !r)
		r = pthread_cond_timedwait(&irq_cond, &irq_lock, &until);
	have = pending;
	pending = false;
	pthread_mutex_unlock(&irq_lock);
	return have;
}

void cpu_nap(void)
{
	nanosleep(&(struct timespec){ 0, 100000 }, NULL);
}

/* ---- control.c's owner ---- */

static size_t on_send(void *arg, const void *buf, size_t len)
{
	(void)arg;
	return virtio_console_rx(h.console, buf, len);
}
static void on_data(void *arg, unsigned stream, const void *buf, size_t len)
{
	(void)arg;
	stdio_data(h.stdio, stream, buf, len);
}
static void on_eof(void *arg, unsigned stream)
{
	(void)arg;
	stdio_eof(h.stdio, stream);
}
static void on_close(void *arg, unsigned stream)
{
	(void)arg;
	stdio_close(h.stdio, stream);
}
static void on_ready(void *arg, unsigned stream)
{
	(void)arg;
	stdio_ready(h.stdio, stream);
}
static void on_event(void *arg, unsigned type, const void *buf, size_t len)
{
	(void)arg;
	(void)type;
	(void)buf;
	(void)len;
}
static void on_broken(void *arg, const char *why)
{
	(void)arg;
	log_line(LOG_ERROR, "broken: %s", why);
	abort();
}
static const struct control_ops control_ops = {
	.send = on_send,
	.data = on_data,
	.eof = on_eof,
	.close = on_close,
	.ready = on_ready,
	.event = on_event,
	.broken = on_broken,
};

/* ---- the device ---- */

static void on_tx(void *arg, const void *buf, size_t len)
{
	(void)arg;
	control_feed(h.control, buf, len);
}
static void on_rx_ready(void *arg)
{
	(void)arg;
	control_writable(h.control);
}
static void on_tx_again(void *arg)
{
	(void)arg;
	host_kick(VIRTIO_CONSOLE_TX);
}
static const struct virtio_console_ops console_ops = { on_tx, on_rx_ready,
						       on_tx_again };

static void on_notify(void *transport, unsigned q)
{
	(void)transport;
	(void)q;
	raise_irq();
}

static void on_queue(void *arg, uint32_t events)
{
	const int *fd = arg;
	uint64_t n;

	(void)events;
	if (read(*fd, &n, sizeof(n)) == (ssize_t)sizeof(n))
		h.console->ops->kick(h.console, (unsigned)(fd - h.kick));
}

void host_ram(void *base, size_t n)
{
	h.mem.fd = -1;
	h.mem.nregion = 1;
	h.mem.region[0] = (struct mem_region){ (uint64_t)base, n, base, 0 };
}

void host_queue(unsigned n, unsigned size, uint64_t desc, uint64_t avail,
		uint64_t used)
{
	struct virtq *q = &h.console->queue[n];

	q->size = (uint16_t)size;
	q->desc = desc;
	q->avail = avail;
	q->used = used;
	must(virtq_enable(q, true) == 0);
}

void host_kick(unsigned n)
{
	uint64_t one = 1;

	must(write(h.kick[n], &one, sizeof(one)) == sizeof(one));
}

/* ---- life ---- */

static void *run(void *arg)
{
	(void)arg;
	stdio_start(h.stdio, h.control);
	must(loop_run(h.loop) == 0);
	return NULL;
}

void host_start(int in, int out)
{
	struct vm_io io = { .in = in, .out = out, .err = -1 };
	struct err e = { 0 };

	must(loop_create(&h.loop) == 0);
	must(control_create(&h.control, &control_ops, NULL) == 0);
	must(stdio_create(&h.stdio, h.loop, &io, false, &e) == 0);
	must(virtio_console_create(&h.console, &h.mem, &console_ops, NULL) ==
	     0);
	h.console->notify = on_notify;
	for (unsigned n = 0; n < 2; n++) {
		h.kick[n] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		must(loop_add(h.loop, h.kick[n], EPOLLIN, on_queue, &h.kick[n],
			      NULL) == 0);
	}
	must(pthread_create(&h.thread, NULL, run, NULL) == 0);
}

void host_stop(void)
{
	loop_stop(h.loop);
	pthread_join(h.thread, NULL);
	must(stdio_drain(h.stdio) == 0);
	stdio_destroy(h.stdio);
	control_destroy(h.control);
	virtio_console_destroy(h.console);
	loop_destroy(h.loop);
	close(h.kick[0]);
	close(h.kick[1]);
}

/* While both halves stand still: nothing else touches what is read. */
void host_dump(void)
{
	stdio_log(h.stdio);
	virtq_log(&h.console->queue[0], "console", 0);
	virtq_log(&h.console->queue[1], "console", 1);
	control_dump(h.control);
	_exit(3);
}
