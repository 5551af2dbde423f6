/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kvm.c: the back end `kvm`: a VM of our own over /dev/kvm.
 *
 * The main thread runs the event loop: console, ioeventfds.  Each vCPU is a
 * thread (vcpu.c) that serves its own exits, file system requests included.
 *
 * The VM is made by a thread (kvm_vm.c) while the main thread prepares all that
 * needs none: prepare_early().  That thread then does what needs one: set_up().
 */
#include "host/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "boot/abi/control.h"
#include "boot/abi/layout.h"
#include "boot/abi/virtio.h"
#include "host/bootinfo.h"
#include "host/bus.h"
#include "host/cpuid.h"
#include "host/err.h"
#include "host/fuse/server.h"
#include "host/gdb.h"
#include "host/hypervisor.h"
#include "host/irq.h"
#include "host/log.h"
#include "host/loop.h"
#include "host/memory.h"
#include "host/probe.h"
#include "host/timeline.h"
#include "host/vcpu.h"
#include "host/virtio/devices.h"
#include "host/virtio/mmio.h"

#define MSR_TSC 0x10
/* Seconds of CPU time between looks for files that were cut off under their
 * mappings, and the signal that says so. */
#define WINDOW_CHECK  1
#define WINDOW_SIGNAL (SIGRTMAX - 1)
/* Without 1 GiB pages the boot page tables have no room for more beside the
 * window. */
#define WINDOW_MAX_RAM (8ULL << 30)

struct kvm_device {
	struct virtio_device *dev;
	const struct virtio_kind *kind;
	struct virtio_mmio mmio;
	struct irq_line *irq;
	uint64_t base;
};

/* A queue whose notification comes over an ioeventfd. */
struct kvm_queue {
	struct virtio_mmio *mmio;
	unsigned queue;
	uint64_t addr;
	int fd;
};

#define MAX_QUEUE_FDS 16

struct kvm_vm {
	struct machine *m;
	int vm; /* not owned */
	struct guest_mem mem;
	int window_timer; /* signalfd; -1: no window */
	uint64_t repairs; /* of fuse_server_repair(), the loop's */
	struct irq_chip irq;
	struct bus bus;
	struct vcpu_env env;
	struct kvm_device device[VIRTIO_NKINDS];
	unsigned ndevice;
	struct kvm_queue queue[MAX_QUEUE_FDS];
	unsigned nqueue;
	struct virtio_device *console;
	uint32_t ncpu;
	struct vcpu cpu[KUNI_MAX_CPUS];
};

static int hv_probe(char *why, size_t size)
{
	return probe_kvm(why, size);
}

static void hv_expect(void)
{
	kvm_begin();
}

/* KVM reports a page behind the end of a file (EFAULT) only where it may not
 * fault it in asynchronously.  Else, up to Linux 6.1 at least, its worker fails
 * unseen and the CPU tries for ever; so somebody has to look.  As long as the
 * CPUs idle nobody tries, and nobody is woken: the timer is of CPU time. */
static void on_window_timer(void *arg, uint32_t events)
{
	struct kvm_vm *v = arg;
	struct signalfd_siginfo si;

	(void)events;
	while (read(v->window_timer, &si, sizeof(si)) == (ssize_t)sizeof(si))
		;
	(void)fuse_server_repair(v->m->fuse, &v->repairs, false);
}

static int watch_window(struct kvm_vm *v, struct err *e)
{
	const struct itimerspec every = { { WINDOW_CHECK, 0 },
					  { WINDOW_CHECK, 0 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = WINDOW_SIGNAL };
	sigset_t set;
	timer_t timer;
	int r;

	sigemptyset(&set);
	sigaddset(&set, WINDOW_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	v->window_timer = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (v->window_timer < 0 ||
	    timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) < 0 ||
	    timer_settime(timer, 0, &every, NULL) < 0)
		return err_set(e, errno, "kvm: timer of the DAX window");
	r = loop_add(v->m->loop, v->window_timer, EPOLLIN, on_window_timer, v,
		     NULL);
	return r < 0 ? err_set(e, -r, "kvm: timer of the DAX window") : 0;
}

/* The DAX window, where this CPU can have one. */
static int make_window(struct kvm_vm *v, struct err *e)
{
	int r;

	if (DAX_GPA + DAX_SPAN > 1ULL << cpuid_phys_bits(v->env.cpuid) ||
	    (!cpuid_has_gib_pages(v->env.cpuid) &&
	     v->m->plan->memory > WINDOW_MAX_RAM))
		return 0;
	r = mem_window(&v->mem, e);
	if (r < 0)
		return r;
	r = fuse_server_set_window(v->m->fuse, v->mem.window.hva,
				   v->mem.window.len);
	return r < 0 ? err_set(e, -r, "fuse: DAX window") : watch_window(v, e);
}

static int add_window(struct kvm_vm *v, struct err *e)
{
	struct kvm_userspace_memory_region slot = {
		.slot = v->mem.nregion,
		.guest_phys_addr = DAX_GPA,
		.memory_size = DAX_SPAN,
		.userspace_addr = (uintptr_t)v->mem.window.hva,
	};

	if (!v->mem.window.len)
		return 0;
	if (ioctl(v->vm, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
		return err_set(e, errno, "kvm: memory slot of the DAX window");
	return 0;
}

static int add_memory(struct kvm_vm *v, struct err *e)
{
	int r = 0;

	for (unsigned i = 0; i < v->mem.nregion && !r; i++) {
		const struct mem_region *g = &v->mem.region[i];
		struct kvm_userspace_memory_region slot = {
			.slot = i,
			.guest_phys_addr = g->gpa,
			.memory_size = g->len,
			.userspace_addr = (uintptr_t)g->hva,
		};

		if (ioctl(v->vm, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
			r = err_set(e, errno, "kvm: memory slot %u", i);
	}
	return r ? r : add_window(v, e);
}

static void hv_destroy(struct machine *m)
{
	struct kvm_vm *v = m->hv;

	if (!v)
		return;
	kvm_close();
	for (unsigned i = 0; i < v->ncpu; i++)
		vcpu_fini(&v->cpu[i]);
	for (unsigned i = 0; i < v->ndevice; i++) {
		virtio_mmio_fini(&v->device[i].mmio);
		v->device[i].kind->destroy(v->device[i].dev);
	}
	for (unsigned i = 0; i < v->nqueue; i++)
		close(v->queue[i].fd);
	if (v->window_timer >= 0)
		close(v->window_timer);
	gdb_destroy(v->env.gdb);
	mem_destroy(&v->mem);
	free(v->env.cpuid);
	free(v);
	m->hv = NULL;
}

static int hv_create(struct machine *m, struct err *e)
{
	struct kvm_vm *v = calloc(1, sizeof(*v));
	int kvm, size, r;

	if (!v)
		return err_set(e, ENOMEM, "kvm: state");
	m->hv = v;
	v->m = m;
	v->mem.fd = v->vm = v->window_timer = -1;
	kvm_begin();
	kvm = r = kvm_device(e);
	if (r < 0)
		goto fail;
	kvm_hold();
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size <= 0) {
		r = err_set(e, errno, "kvm: KVM_GET_VCPU_MMAP_SIZE");
		goto fail;
	}
	pthread_mutex_init(&v->env.lock, NULL);
	v->env.m = m;
	v->env.run_size = (size_t)size;
	v->env.bus = &v->bus;
	v->env.mem = &v->mem;
	v->env.entry = m->image.entry;
	/* Here, since it reads a file of the host. */
	r = mem_create(&v->mem, m->plan->memory, 0, e);
	if (r < 0)
		goto fail;
	/* Here, since its socket is a path of the host. */
	r = m->plan->debug ? gdb_create(&v->env.gdb, m->loop, &v->mem, v->cpu,
					m->plan->cpus, m->plan->id, e)
			   : 0;
	if (!r)
		return 0;
fail:
	hv_destroy(m);
	return r;
}

/* ---- devices ---- */

static uint64_t device_read(void *arg, uint64_t off, unsigned len)
{
	return virtio_mmio_read(arg, (uint32_t)off, len);
}

static void device_write(void *arg, uint64_t off, unsigned len, uint64_t value)
{
	virtio_mmio_write(arg, (uint32_t)off, len, value);
}

static const struct bus_ops device_bus_ops = { device_read, device_write };

static void on_queue(void *arg, uint32_t events)
{
	struct kvm_queue *q = arg;
	uint64_t count;

	(void)events;
	if (read(q->fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
		virtio_mmio_kick(q->mmio, q->queue);
}

static int add_queue(struct kvm_vm *v, struct kvm_device *d, unsigned queue,
		     struct err *e)
{
	struct kvm_queue *q = &v->queue[v->nqueue];
	int r;

	if (v->nqueue == MAX_QUEUE_FDS)
		return err_set(e, ENOSPC, "kvm: queues, at most %d",
			       MAX_QUEUE_FDS);
	q->mmio = &d->mmio;
	q->queue = queue;
	q->addr = d->base + VIRTIO_MMIO_QUEUE_NOTIFY;
	q->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->fd < 0)
		return err_set(e, errno, "kvm: eventfd");
	v->nqueue++;
	r = loop_add(v->m->loop, q->fd, EPOLLIN, on_queue, q, NULL);
	return r < 0 ? err_set(e, -r, "kvm: watch a queue") : 0;
}

static int add_device(struct kvm_vm *v, const struct virtio_kind *kind,
		      const struct virtio_env *env, struct err *e)
{
	struct kvm_device *d = &v->device[v->ndevice];
	struct bus_range range = { BUS_MMIO, 0, VIRTIO_MMIO_STRIDE,
				   &device_bus_ops, &d->mmio };
	int r;

	d->kind = kind;
	d->base = range.base =
		VIRTIO_MMIO_GPA + v->ndevice * VIRTIO_MMIO_STRIDE;
	r = irq_add(&v->irq, &d->irq, e);
	if (r < 0)
		return r;
	r = kind->create(&d->dev, env);
	if (r < 0)
		return err_set(e, -r, "device %s", kind->name);
	r = virtio_mmio_init(&d->mmio, d->dev, irq_raise, d->irq, true);
	if (r < 0) {
		kind->destroy(d->dev);
		return err_set(e, -r, "device %s: registers", kind->name);
	}
	v->ndevice++;
	if (kind->id == VIRTIO_ID_CONSOLE)
		v->console = d->dev;
	r = bus_add(&v->bus, &range);
	if (r < 0)
		return err_set(e, -r, "device %s: address", kind->name);
	for (unsigned q = 0; q < d->dev->ops->nqueues; q++) {
		if (d->dev->ops->sync_queues & 1U << q)
			continue;
		r = add_queue(v, d, q, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static void on_console_tx(void *arg, const void *buf, size_t len)
{
	machine_console_tx(arg, buf, len);
}

static void on_console_ready(void *arg)
{
	machine_console_ready(arg);
}

/* More is queued: its turn comes again. */
static void on_console_again(void *arg)
{
	struct kvm_vm *v = ((struct machine *)arg)->hv;
	const uint64_t one = 1;

	for (unsigned i = 0; i < v->nqueue; i++)
		if (v->queue[i].mmio->dev == v->console &&
		    v->queue[i].queue == VIRTIO_CONSOLE_TX &&
		    write(v->queue[i].fd, &one, sizeof(one)) < 0)
			ensure(errno == EAGAIN); /* it is due anyway */
}

static const struct virtio_console_ops console_ops = {
	.tx = on_console_tx,
	.rx_ready = on_console_ready,
	.tx_again = on_console_again,
};

static int add_devices(struct kvm_vm *v, struct err *e)
{
	struct virtio_env env = { .mem = &v->mem,
				  .fuse = v->m->fuse,
				  .console_ops = &console_ops,
				  .console_arg = v->m };

	for (unsigned i = 0; i < VIRTIO_NKINDS; i++) {
		int r = add_device(v, &virtio_kinds[i], &env, e);

		if (r < 0)
			return r;
	}
	return 0;
}

static int connect_queues(const struct kvm_vm *v, struct err *e)
{
	for (unsigned i = 0; i < v->nqueue; i++) {
		const struct kvm_queue *q = &v->queue[i];
		struct kvm_ioeventfd io = {
			.datamatch = q->queue,
			.addr = q->addr,
			.len = 4,
			.fd = q->fd,
			.flags = KVM_IOEVENTFD_FLAG_DATAMATCH,
		};

		if (ioctl(v->vm, KVM_IOEVENTFD, &io) < 0)
			return err_set(e, errno, "kvm: KVM_IOEVENTFD");
	}
	return 0;
}

static size_t hv_console_send(struct machine *m, const void *buf, size_t len)
{
	struct kvm_vm *v = m->hv;

	return v->console ? virtio_console_rx(v->console, buf, len) : 0;
}

/* ---- ports ---- */

static void exit_write(void *arg, uint64_t off, unsigned len, uint64_t value)
{
	struct kvm_vm *v = arg;

	(void)off;
	(void)len;
	__atomic_store_n(&v->env.stop, true, __ATOMIC_SEQ_CST);
	machine_exit(v->m, (uint32_t)value);
}

static void cpu_write(void *arg, uint64_t off, unsigned len, uint64_t value)
{
	struct kvm_vm *v = arg;
	int r = value && value < v->ncpu ? vcpu_start(&v->cpu[value]) : -EINVAL;

	(void)off;
	(void)len;
	if (r < 0)
		log_line(LOG_WARN, "kvm: start of cpu=%llu refused: error=%s",
			 (unsigned long long)value, err_text(-r));
}

static uint64_t debugcon_read(void *arg, uint64_t off, unsigned len)
{
	(void)arg;
	(void)off;
	(void)len;
	return PORT_DEBUGCON; /* how a guest sees that it is there */
}

static int add_ports(struct kvm_vm *v, struct err *e)
{
	static const struct bus_ops exit_ops = { NULL, exit_write };
	static const struct bus_ops cpu_ops = { NULL, cpu_write };
	static const struct bus_ops debugcon_ops = { debugcon_read, NULL };
	const struct bus_range port[] = {
		{ BUS_PORT, PORT_EXIT, 1, &exit_ops, v },
		{ BUS_PORT, PORT_CPU, 1, &cpu_ops, v },
		{ BUS_PORT, PORT_DEBUGCON, 1, &debugcon_ops, v },
	};

	for (size_t i = 0; i < sizeof(port) / sizeof(port[0]); i++) {
		int r = bus_add(&v->bus, &port[i]);

		if (r < 0)
			return err_set(e, -r, "kvm: port");
	}
	return 0;
}

/* ---- boot ---- */

/* The wall clock against the guest's TSC, which KVM starts near zero. */
static int pair_clocks(const struct kvm_vm *v, struct bootinfo *bi,
		       struct err *e)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} tsc = { .head.nmsrs = 1, .entry.index = MSR_TSC };
	struct timespec now;

	if (ioctl(v->cpu[0].fd, KVM_GET_MSRS, &tsc) != 1)
		return err_set(e, errno, "kvm: read the TSC");
	clock_gettime(CLOCK_REALTIME, &now);
	bi->wall_tsc = tsc.entry.data;
	bi->wall_ns =
		(uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
	return 0;
}

static int write_bootinfo(struct kvm_vm *v, struct err *e)
{
	struct bootinfo bi;
	int r = bootinfo_init(&bi,
			      v->m->boot_flags | BOOT_F_CPU_PORT |
				      BOOT_F_EXIT_PORT | BOOT_F_PVCLOCK,
			      v->ncpu);
	int khz = ioctl(v->cpu[0].fd, KVM_GET_TSC_KHZ, 0);

	if (r < 0)
		return err_set(e, -r, "bootinfo: no entropy");
	r = pair_clocks(v, &bi, e);
	if (r < 0)
		return r;
	bi.tsc_khz = khz > 0 ? (uint64_t)khz : 0;
	bi.pvclock_gpa = PVCLOCK_GPA;
	bootinfo_memory(&bi, &v->mem);
	for (unsigned i = 0; i < v->ndevice; i++)
		bi.device[i] = (struct boot_device){
			.virtio_id = v->device[i].kind->id,
			.vector = v->device[i].irq->vector,
			.len = VIRTIO_MMIO_STRIDE,
			.base = v->device[i].base,
		};
	bi.ndevice = v->ndevice;
	return bootinfo_write(&bi, &v->mem, image_end(&v->m->image),
			      v->m->launch, v->m->launch_len, e);
}

/* All that needs no VM, while it is being made. */
static int prepare_early(struct kvm_vm *v, struct err *e)
{
	const struct machine *m = v->m;
	int kvm = kvm_device(e);
	int r;

	if (kvm < 0)
		return kvm;
	r = image_map(&m->image, &v->mem, m->plan->debug, e);
	if (!r)
		r = add_ports(v, e);
	if (!r)
		r = cpuid_create(&v->env.cpuid, kvm, m->plan->cpus, e);
	if (!r)
		r = make_window(v, e);
	if (!r)
		r = boot_tables_write(&v->mem, &m->image,
				      cpuid_has_gib_pages(v->env.cpuid), e);
	if (!r)
		r = add_devices(v, e);
	if (!r && vcpu_init_signal() < 0)
		r = err_set(e, EINVAL, "kvm: kick signal");
	if (r < 0)
		return r;
	v->ncpu = m->plan->cpus;
	for (unsigned i = 0; i < v->ncpu; i++)
		vcpu_init(&v->cpu[i], &v->env, i);
	return 0;
}

/* All that needs the VM; on the thread that made it. */
static int set_up(void *arg, int vm, struct err *e)
{
	struct kvm_vm *v = arg;
	int r;

	timeline_mark(v->m->timeline, "vm created");
	v->vm = v->env.vm = vm;
	v->env.pvclock_gpa = PVCLOCK_GPA;
	r = irq_connect(&v->irq, vm, e);
	if (!r)
		r = add_memory(v, e);
	if (!r)
		r = connect_queues(v, e);
	if (!r)
		r = vcpu_create(&v->cpu[0], e);
	if (!r)
		r = write_bootinfo(v, e);
	timeline_mark(v->m->timeline, "devices and vcpu ready");
	return r;
}

static int hv_prepare(struct machine *m, struct err *e)
{
	struct kvm_vm *v = m->hv;
	int r = prepare_early(v, e);

	if (r < 0)
		return r;
	kvm_hand_over(set_up, v);
	r = vcpu_park(&v->cpu[0], e);
	timeline_mark(m->timeline, "memory and cpu thread ready");
	return r;
}

static int hv_run(struct machine *m, struct err *e)
{
	struct kvm_vm *v = m->hv;

	(void)e;
	vcpu_release(&v->cpu[0]);
	return 0;
}

static void hv_stop(struct machine *m)
{
	struct kvm_vm *v = m->hv;

	if (!v)
		return;
	__atomic_store_n(&v->env.stop, true, __ATOMIC_SEQ_CST);
	gdb_end(v->env.gdb);
	for (unsigned i = 0; i < v->ncpu; i++)
		vcpu_stop(&v->cpu[i]);
}

static int hv_marks(struct machine *m, uint64_t *mark)
{
	struct kvm_vm *v = m->hv;
	const size_t size = MARK_COUNT * sizeof(*mark);
	void *p = gpa_slice(&v->mem,
			    GPA(BOOTINFO_GPA + offsetof(struct bootinfo, mark)),
			    size);

	for (unsigned i = 0; i < v->ncpu; i++) {
		if (v->cpu[i].stats >= 0)
			timeline_exits(m->timeline, v->cpu[i].stats);
		v->cpu[i].stats = -1;
	}
	if (!p)
		return -EFAULT;
	memcpy(mark, p, size);
	return 0;
}

static void hv_dump(struct machine *m)
{
	struct kvm_vm *v = m->hv;

	for (unsigned i = 0; i < v->ndevice; i++) {
		struct virtio_device *d = v->device[i].dev;

		for (unsigned q = 0; q < d->ops->nqueues; q++)
			virtq_log(&d->queue[q], v->device[i].kind->name, q);
	}
	for (unsigned i = 0; i < v->ncpu; i++)
		vcpu_ask_dump(&v->cpu[i]);
}

const struct hypervisor_ops kvm_ops = {
	.name = "kvm",
	.jail = JAIL_LOOP,
	.probe = hv_probe,
	.expect = hv_expect,
	.create = hv_create,
	.prepare = hv_prepare,
	.run = hv_run,
	.console_send = hv_console_send,
	.dump = hv_dump,
	.stop = hv_stop,
	.marks = hv_marks,
	.destroy = hv_destroy,
};
