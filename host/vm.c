/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vm.c: the life of a VM, from a plan to its exit.
 *
 * vm_run() is the list of what happens, in order.  It runs on the main thread,
 * which is the event loop's.  How the VM ended is in struct machine_end, which
 * any thread may fill, once; then the loop stops, the VM is stopped, and what
 * the container wrote goes to the user before vm_run() returns.
 *
 * Lock: machine_end.lock, a leaf.
 */
#include "host/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot/abi/bootinfo.h"
#include "host/control.h"
#include "host/fuse/server.h"
#include "host/hypervisor.h"
#include "host/jail.h"
#include "host/launch.h"
#include "host/log.h"
#include "host/loop.h"
#include "host/panic.h"
#include "host/probe.h"
#include "host/stdio.h"
#include "host/syscall_name.h"
#include "host/timeline.h"

#define GUEST_LOG_MAX (8U << 20)

struct machine_end {
	struct machine m;
	pthread_mutex_t lock;
	bool ended;            /* [m] exit and error are final */
	struct vm_exit exit;   /* [m] */
	struct err error;      /* [m] */
	bool exited;           /* [loop] CTL_EXITED came */
	struct vm_exit status; /* [loop] what it said */
	char missing[128];     /* [loop] names of system calls not there */
	struct stdio *stdio;
	int signals; /* signalfd */
	void *launch;
};

/* ---- how it ends ---- */

static void end_with(struct machine *m, const struct vm_exit *ex,
		     const struct err *e)
{
	struct machine_end *end = m->end;

	pthread_mutex_lock(&end->lock);
	if (!end->ended) {
		end->ended = true;
		end->exit = *ex;
		end->error = *e;
	}
	pthread_mutex_unlock(&end->lock);
	loop_stop(m->loop);
}

void machine_fail(struct machine *m, enum vm_exit_kind kind, const char *fmt,
		  ...)
{
	struct vm_exit ex = { .kind = kind };
	struct err e = { .status = 1 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e.msg, sizeof(e.msg), fmt, ap);
	va_end(ap);
	end_with(m, &ex, &e);
}

static struct vm_exit exit_of_status(int status)
{
	if (WIFSIGNALED(status))
		return (struct vm_exit){ .kind = VM_SIGNALED,
					 .code = WTERMSIG(status) };
	return (struct vm_exit){ .kind = VM_EXITED,
				 .code = WEXITSTATUS(status) };
}

void machine_exit(struct machine *m, uint32_t value)
{
	timeline_guest_end(m->timeline);

	int status = (int)(value >> 8 & 0xffff);
	struct vm_exit ex = exit_of_status(status);
	struct err none = { 0 };

	switch (value & 0xff) {
	case EXIT_OOM:
		ex.oom = true;
		end_with(m, &ex, &none);
		return;
	case EXIT_STATUS:
		end_with(m, &ex, &none);
		return;
	case EXIT_PANIC:
		panic_flush(m->panic);
		machine_fail(m, VM_PANIC, "the guest kernel died: %s",
			     *panic_message(m->panic) ? panic_message(m->panic)
						      : "it did not say why");
		return;
	case EXIT_FAILED:
		machine_fail(m, VM_HOST_ERROR,
			     "the guest could not start, and did not say why");
		return;
	}
	machine_fail(m, VM_HOST_ERROR, "the guest wrote %#x to its exit port",
		     value);
}

void machine_debugcon(struct machine *m, const void *buf, size_t len)
{
	panic_feed(m->panic, buf, len);
}

void machine_console_tx(struct machine *m, const void *buf, size_t len)
{
	control_feed(m->control, buf, len);
}

void machine_console_ready(struct machine *m)
{
	control_writable(m->control);
}

/* ---- the control protocol ---- */

static size_t on_send(void *arg, const void *buf, size_t len)
{
	struct machine_end *end = arg;

	return end->m.ops->console_send(&end->m, buf, len);
}

static void on_data(void *arg, unsigned stream, const void *buf, size_t len)
{
	stdio_data(((struct machine_end *)arg)->stdio, stream, buf, len);
}

static void on_eof(void *arg, unsigned stream)
{
	stdio_eof(((struct machine_end *)arg)->stdio, stream);
}

static void on_close(void *arg, unsigned stream)
{
	stdio_close(((struct machine_end *)arg)->stdio, stream);
}

static void on_ready(void *arg, unsigned stream)
{
	stdio_ready(((struct machine_end *)arg)->stdio, stream);
}

static void on_broken(void *arg, const char *why)
{
	struct machine_end *end = arg;

	machine_fail(&end->m, VM_HOST_ERROR, "control protocol: %s", why);
}

static const char *stage_name(uint32_t stage)
{
	static const char *const name[] = {
		[CTL_STAGE_MACHINE] = "start of the machine",
		[CTL_STAGE_LAUNCH] = "launch description",
		[CTL_STAGE_ROOT] = "mount of the root",
		[CTL_STAGE_MOUNT] = "mounts",
		[CTL_STAGE_CWD] = "process.cwd",
		[CTL_STAGE_EXEC] = "process.args[0]",
		[CTL_STAGE_STDIO] = "process.terminal",
		[CTL_STAGE_SYSCTL] = "linux.sysctl",
	};

	return stage < sizeof(name) / sizeof(name[0]) ? name[stage] : "?";
}

static bool is_not_executable(int err)
{
	return err == EACCES || err == EISDIR || err == ENOEXEC;
}

static void on_start_failed(struct machine_end *end, const uint8_t *p,
			    size_t len)
{
	struct vm_exit ex = { .kind = VM_START_FAILED };
	struct ctl_start_failed f;
	struct err e;
	char text[256];
	int n = (int)(len - sizeof(f));

	memcpy(&f, p, sizeof(f));
	n = n < (int)sizeof(text) - 1 ? n : (int)sizeof(text) - 1;
	memcpy(text, p + sizeof(f), (size_t)n);
	text[n] = 0;
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	if (f.err <= 0 || f.err > 4095)
		f.err = EINVAL;
	if (f.stage == CTL_STAGE_EXEC) {
		ex.not_found = f.err == ENOENT || f.err == ENOTDIR;
		ex.not_executable = is_not_executable(f.err);
	}
	ex.code = f.err;
	err_set(&e, f.err, "%s: \"%s\"", stage_name(f.stage), text);
	end_with(&end->m, &ex, &e);
}

/* Named once by the guest, and by us: at once in the log, and at the end. */
static void on_missing(struct machine_end *end, unsigned nr)
{
	size_t at = strlen(end->missing);
	char name[32];

	if (!syscall_name(nr, name, sizeof(name)))
		snprintf(name, sizeof(name), "%u", nr);
	log_line(LOG_INFO, "guest: missing system call nr=%u name=%s", nr,
		 name);
	/* The C library asks for it in every process, and does without. */
	if (nr != SYS_rseq)
		snprintf(end->missing + at, sizeof(end->missing) - at, "%s%s",
			 at ? ", " : "", name);
}

static void tell_time(struct machine_end *end)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	control_clock(end->m.control, (uint64_t)now.tv_sec * 1000000000ULL +
					      (uint64_t)now.tv_nsec);
}

static void on_event(void *arg, unsigned type, const void *buf, size_t len)
{
	struct machine_end *end = arg;
	struct ctl_exited x;
	struct ctl_missing miss;

	switch (type) {
	case CTL_STARTED:
		timeline_mark(end->m.timeline, "container started");
		if (end->m.ops->clock_unpaired)
			tell_time(end);
		break;
	case CTL_START_FAILED:
		on_start_failed(end, buf, len);
		break;
	case CTL_EXITED:
		memcpy(&x, buf, sizeof(x));
		end->exited = true;
		end->status = (struct vm_exit){
			.kind = x.signal ? VM_SIGNALED : VM_EXITED,
			.code = (x.signal ? x.signal : x.code) & 0xff,
			.oom = x.oom == 1,
		};
		timeline_mark(end->m.timeline, "exit status received");
		break;
	case CTL_MISSING:
		memcpy(&miss, buf, sizeof(miss));
		on_missing(end, miss.nr);
		break;
	}
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

/* ---- signals ---- */

/* Both halves: the guest's does not come where its CPU 0 is stuck. */
static void dump(struct machine_end *end)
{
	log_line(LOG_WARN, "dump: id=%s", end->m.plan->id);
	if (end->m.ops->dump)
		end->m.ops->dump(&end->m);
	stdio_log(end->stdio);
	control_dump(end->m.control);
}

static void pause_machine(struct machine *m, bool on)
{
	if (m->ops && m->ops->pause)
		m->ops->pause(m, on);
}

/* Ctrl-Z stops the container with us, until SIGCONT. */
static void stop_job(struct machine *m)
{
	pause_machine(m, true);
	(void)raise(SIGSTOP);
}

static void deliver(struct machine_end *end, int signo)
{
	if (signo == SIGTSTP) {
		stop_job(&end->m);
		return;
	}
	if (signo == SIGCONT) {
		pause_machine(&end->m, false);
		stdio_continued(end->stdio);
	}
	if (signo == SIGRTMAX)
		dump(end);
	else if (signo == SIGWINCH && end->m.plan->process.terminal)
		stdio_winsize(end->stdio);
	else
		control_signal(end->m.control, signo);
}

static void on_signal(void *arg, uint32_t events)
{
	struct machine_end *end = arg;
	struct signalfd_siginfo si;

	(void)events;
	while (read(end->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		bool over;

		pthread_mutex_lock(&end->lock);
		over = end->ended;
		pthread_mutex_unlock(&end->lock);
		if (over)
			stdio_give_up(end->stdio);
		else
			deliver(end, (int)si.ssi_signo);
	}
}

/* What is sent to the monitor is meant for the container's init; but for
 * SIGRTMAX, which asks what the VM is doing. */
static int forward_signals(struct machine_end *end, struct err *e)
{
	static const int list[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGUSR1,
				    SIGUSR2, SIGALRM, SIGTERM, SIGWINCH,
				    SIGCONT, SIGURG,  SIGPWR,  SIGIO,
				    SIGTSTP };
	sigset_t set;
	int r;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		sigaddset(&set, list[i]);
	sigaddset(&set, SIGRTMAX);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTTIN, SIG_IGN); /* stdio.c waits instead */
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	end->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (end->signals < 0)
		return err_set(e, errno, "signalfd");
	r = loop_add(end->m.loop, end->signals, EPOLLIN, on_signal, end, NULL);
	return r < 0 ? err_set(e, -r, "signals") : 0;
}

/* ---- the run ---- */

static const struct hypervisor_ops *choose(const struct vm_plan *plan)
{
	char why[256];

	if (plan->hypervisor == VM_KVM)
		return &kvm_ops;
	if (plan->hypervisor == VM_QEMU)
		return &qemu_ops;
	if (kvm_ops.probe(why, sizeof(why)) == 0)
		return &kvm_ops;
	log_line(LOG_INFO, "hypervisor: qemu, since kvm: %s", why);
	return &qemu_ops;
}

void vm_expect(enum vm_hypervisor hypervisor)
{
	bool kvm = hypervisor == VM_KVM ||
		   (hypervisor == VM_AUTO && probe_known());

	if (kvm)
		kvm_ops.expect();
}

static void fini(struct machine_end *end)
{
	struct machine *m = &end->m;

	stdio_destroy(end->stdio);
	control_destroy(m->control);
	if (m->hv)
		m->ops->destroy(m);
	fuse_server_destroy(m->fuse);
	panic_destroy(m->panic);
	timeline_destroy(m->timeline);
	loop_destroy(m->loop);
	image_close(&m->image);
	if (end->signals >= 0)
		close(end->signals);
	free(end->launch);
	free(end);
}

/* What needs no privileges and no hypervisor. */
static int init(struct machine_end *end, const struct vm_plan *plan,
		const struct vm_io *io, struct err *e)
{
	struct machine *m = &end->m;
	int r;

	/* An arena for each thread takes 0.05 ms, with the guest waiting.
	 * NOLINTNEXTLINE(concurrency-mt-unsafe): glibc takes its lock */
	(void)mallopt(M_ARENA_MAX, 1);
	pthread_mutex_init(&end->lock, NULL);
	end->signals = -1;
	m->image.fd = -1;
	m->plan = plan;
	m->end = end;
	m->boot_flags = (plan->strace ? BOOT_F_STRACE : 0) |
			(plan->debug ? BOOT_F_DEBUG : 0) |
			(plan->timeline ? BOOT_F_MARKS : 0);
	r = plan->timeline ? timeline_create(&m->timeline) : 0;
	timeline_mark(m->timeline, "bundle read");
	if (!r)
		r = loop_create(&m->loop);
	if (!r)
		r = control_create(&m->control, &control_ops, end);
	if (!r)
		r = panic_create(&m->panic, &m->image, plan->id);
	if (r < 0)
		return err_set(e, -r, "vm: set-up");
	r = image_open(&m->image, e);
	if (!r)
		r = launch_build(plan, &end->launch, &m->launch_len, e);
	m->launch = end->launch;
	if (!r)
		r = forward_signals(end, e);
	if (!r)
		r = stdio_create(&end->stdio, m->loop, io,
				 plan->process.terminal, e);
	return r;
}

/* This thread, and with it all threads and processes that it makes. */
static int use_cpus(const struct vm_cpuset *c, struct err *e)
{
	_Static_assert(sizeof(cpu_set_t) * 8 >= VM_CPUSET_MAX, "cpu_set_t");
	cpu_set_t want, got;

	CPU_ZERO(&want);
	for (unsigned i = 0; i < VM_CPUSET_MAX; i++)
		if (c->word[i / 64] >> i % 64 & 1)
			CPU_SET(i, &want);
	if (!CPU_COUNT(&want))
		return 0;
	if (sched_setaffinity(0, sizeof(want), &want) < 0 ||
	    sched_getaffinity(0, sizeof(got), &got) < 0)
		return err_set(e, errno, "linux.resources.cpu.cpus");
	if (!CPU_EQUAL(&want, &got))
		return err_set(e, ENODEV,
			       "linux.resources.cpu.cpus: %d of %d CPUs",
			       CPU_COUNT(&got), CPU_COUNT(&want));
	return 0;
}

static int start(struct machine_end *end, struct err *e)
{
	struct machine *m = &end->m;
	int root_fd, own_fd, r;

	r = use_cpus(&m->plan->cpuset, e);
	if (r < 0)
		return r;
	m->ops = choose(m->plan);
	timeline_mark(m->timeline, "back end chosen");
	r = m->ops->create(m, e);
	if (r < 0)
		return r;
	timeline_mark(m->timeline, "back end created");
	r = jail_mounts(m->plan, &root_fd, e);
	if (r < 0)
		return r;
	timeline_mark(m->timeline, "mounts made");
	own_fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 3);
	/* Not its readonly: the root's mount is read-only then, while bind
	 * mounts below it may be writable. */
	r = fuse_server_create(&m->fuse, root_fd, false, e);
	if (r < 0)
		return r;
	r = own_fd < 0 ? err_set(e, errno, "root") : jail_enter(own_fd, e);
	if (own_fd >= 0)
		close(own_fd);
	if (!r)
		r = jail_drop(e);
	if (r < 0)
		return r;
	timeline_mark(m->timeline, "privileges dropped");
	r = m->ops->prepare(m, e);
	if (r < 0)
		return r;
	stdio_start(end->stdio, m->control);
	/* A guest may not fill the host's disk with what it has to say. */
	if (!m->plan->strace && !m->plan->debug)
		log_limit(GUEST_LOG_MAX);
	r = jail_thread(m->ops->jail, e);
	if (r < 0)
		return r;
	timeline_mark(m->timeline, "jail closed");
	return m->ops->run(m, e);
}

/* Fills *ex and *e from what was reported. */
static void conclude(struct machine_end *end, struct vm_exit *ex, struct err *e)
{
	*ex = end->exit;
	if (ex->kind == VM_EXITED || ex->kind == VM_SIGNALED) {
		if (end->exited)
			*ex = end->status;
		if (end->missing[0] && (ex->kind != VM_EXITED || ex->code))
			log_line(LOG_WARN,
				 "the container used system calls that kuni "
				 "does not have: %s",
				 end->missing);
		return;
	}
	*e = end->error;
}

static struct timeline *reported; /* for vm_report() */

static void report(struct machine *m)
{
	uint64_t mark[MARK_COUNT];

	if (m->ops->marks(m, mark) == 0)
		timeline_guest(m->timeline, mark);
	reported = m->timeline;
}

void vm_report(const struct vm_plan *plan, int fd)
{
	if (!reported)
		return;
	timeline_mark(reported, "state removed");
	timeline_print(reported, fd, plan->timeline_json);
}

int vm_run(const struct vm_plan *plan, const struct vm_io *io,
	   struct vm_exit *ex, struct err *e)
{
	struct machine_end *end = calloc(1, sizeof(*end));
	struct machine *m;
	int r;

	if (!end)
		return err_set(e, ENOMEM, "vm");
	m = &end->m;
	r = init(end, plan, io, e);
	if (!r)
		r = start(end, e);
	if (!r) {
		r = loop_run(m->loop);
		timeline_mark(m->timeline, "vm ended");
		if (r < 0)
			err_set(e, -r, "vm: event loop");
	}
	if (m->hv)
		m->ops->stop(m);
	timeline_mark(m->timeline, "cpus stopped");
	if (r < 0) {
		fini(end);
		return r;
	}
	panic_flush(m->panic);
	if (stdio_drain(end->stdio) < 0)
		log_line(LOG_WARN, "stdio: output may be incomplete");
	conclude(end, ex, e);
	timeline_mark(m->timeline, "output delivered");
	if (m->timeline)
		report(m);
	/* The process ends soon, and with it all of this: no time is spent on
	 * taking the VM apart.  The terminal is the exception. */
	stdio_destroy(end->stdio);
	return 0;
}
