/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qemu.c: the back end for hosts whose KVM is missing or does not work.
 *
 * QEMU is a child with four sockets to us: vhost-user (its root file system is
 * our FUSE server), the console port, the debug port, and its standard error.
 * create() starts it early, so that it loads while the monitor goes on; it
 * waits in the set-up of its vhost-user device until run() answers there, so
 * no guest code runs before the jail is closed.
 *
 * The guest ends by EXIT_RECORD on the debug port.  What it wrote to the
 * console before is in the console socket by then, so that is drained first.
 * The child is killed, never asked: nothing in it is worth saving.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot/abi/control.h"
#include "boot/abi/layout.h"
#include "host/bootinfo.h"
#include "host/gdb_socket.h"
#include "host/hypervisor.h"
#include "host/log.h"
#include "host/loop.h"
#include "host/probe.h"
#include "host/qemu_cmd.h"
#include "host/timeline.h"
#include "host/tsc.h"
#include "host/virtio/fs.h"
#include "host/virtio/vhost_user.h"

#define RECORD_LEN       8 /* hexadecimal digits after EXIT_RECORD */
#define STDERR_MAX       400
#define CHUNK            16384
#define DEBUG_EXIT_PANIC (EXIT_PANIC << 1 | 1) /* isa-debug-exit's status */

struct qemu {
	struct machine *m;
	pid_t pid; /* 0: not started, or reaped */
	int pidfd;
	int vhost_fd, console_fd, debug_fd, stderr_fd; /* our ends */
	struct vhost_user *vhost;
	struct loop_source *on_console, *on_debug, *on_stderr, *on_end;
	bool console_full; /* console_send() took less than it was given */
	bool ended;        /* a report was made */
	char record[RECORD_LEN + 1]; /* of EXIT_RECORD, while it arrives */
	unsigned record_len;
	bool in_record;
	char last_words[STDERR_MAX + 1]; /* of QEMU */
	struct gdb_socket gdb;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int qemu_probe(char *why, size_t size)
{
	char path[PATH_MAX], kvm_why[256];
	int ret = qemu_find(path);

	if (ret < 0) {
		snprintf(why, size,
			 "no qemu-system-x86_64 in $PATH; install QEMU");
		return ret;
	}
	ret = probe_kvm(kvm_why, sizeof(kvm_why));
	snprintf(why, size, "%s, accelerator %s", path,
		 ret == 0 ? "kvm" : "tcg");
	return 0;
}

/* ---- set-up ---- */

/* bootinfo and the launch description as one file: QEMU's initrd. */
static int make_blob(struct machine *m, int *out, struct err *e)
{
	struct bootinfo bi;
	int fd, ret;

	ret = bootinfo_init(&bi, m->boot_flags, m->plan->cpus);
	if (ret < 0)
		return err_set(e, -ret, "qemu: bootinfo");
	/* QEMU's guest starts with a counter near 0. */
	bi.wall_tsc = 0;
	bi.tsc_khz = tsc_khz();
	bi.launch_len = m->launch_len;
	qemu_devices(&bi);
	fd = memfd_create("kuni-boot", MFD_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "qemu: memfd for bootinfo");
	if (write(fd, &bi, sizeof(bi)) != (ssize_t)sizeof(bi) ||
	    write(fd, m->launch, m->launch_len) != (ssize_t)m->launch_len) {
		close(fd);
		return err_set(e, EIO, "qemu: write bootinfo");
	}
	*out = fd;
	return 0;
}

/* ours: close-on-exec; nonblocking where the loop reads it. */
static int make_pair(int *ours, int *theirs, bool nonblock)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		return -errno;
	*ours = sv[0];
	*theirs = sv[1];
	if (nonblock && fcntl(sv[0], F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

/*
 * QEMU drops what the socket of a console does not take at once.  Credits bound
 * what is on its way, 64 KiB a stream; but the kernel counts some 800 bytes more
 * for each frame, and a frame may be of one byte.  Without CAP_NET_ADMIN the
 * limit is net.core.wmem_max.
 */
#define CONSOLE_SNDBUF (256 << 20)

static void never_full(int fd)
{
	int size = CONSOLE_SNDBUF;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size,
				 sizeof(size));
}

static int make_sockets(struct qemu *q, struct qemu_cmd *c)
{
	int ret = make_pair(&q->vhost_fd, &c->fd[QEMU_FD_VHOST], false);

	if (ret == 0)
		ret = make_pair(&q->console_fd, &c->fd[QEMU_FD_CONSOLE], true);
	if (ret == 0) {
		never_full(c->fd[QEMU_FD_CONSOLE]);
		ret = make_pair(&q->debug_fd, &c->fd[QEMU_FD_DEBUG], true);
	}
	if (ret == 0)
		ret = make_pair(&q->stderr_fd, &c->fd[QEMU_FD_STDERR], true);
	return ret;
}

/* --debug: QEMU listens for gdb. */
static int prepare_gdb(struct qemu *q, struct qemu_cmd *c, struct err *e)
{
	int r;

	if (!q->m->plan->debug)
		return 0;
	r = gdb_socket_name(&q->gdb, q->m->plan->id, e);
	if (r < 0)
		return r;
	c->gdb = q->gdb.path;
	log_line(LOG_WARN, "gdb: target remote %s", q->gdb.path);
	return 0;
}

static int start_child(struct qemu *q, struct qemu_cmd *c, struct err *e)
{
	int ret = qemu_spawn(c, &q->pid, e);

	if (ret < 0)
		return ret;
	q->pidfd = (int)syscall(SYS_pidfd_open, q->pid, 0);
	if (q->pidfd < 0)
		return err_set(e, errno, "qemu: pidfd of its process");
	return 0;
}

static int spawn(struct qemu *q, struct err *e)
{
	struct qemu_cmd c = { .memory = q->m->plan->memory,
			      .cpus = q->m->plan->cpus };
	char binary[PATH_MAX], why[256];
	unsigned i;
	int ret;

	for (i = 0; i < QEMU_FD_END; i++)
		c.fd[i] = -1;
	if (qemu_find(binary) < 0)
		return err_set(e, ENOENT,
			       "hypervisor qemu: qemu-system-x86_64 in $PATH");
	c.binary = binary;
	c.kvm = probe_kvm(why, sizeof(why)) == 0;
	ret = make_sockets(q, &c);
	if (ret < 0)
		err_set(e, -ret, "qemu: sockets");
	else
		ret = make_blob(q->m, &c.fd[QEMU_FD_BLOB], e);
	if (ret == 0)
		ret = prepare_gdb(q, &c, e);
	c.fd[QEMU_FD_KERNEL] = q->m->image.fd;
	if (ret == 0)
		ret = start_child(q, &c, e);
	c.fd[QEMU_FD_KERNEL] = -1; /* the image's owner closes that */
	for (i = 0; i < QEMU_FD_END; i++)
		close_fd(&c.fd[i]);
	return ret;
}

static void qemu_stop(struct machine *m);
static void qemu_destroy(struct machine *m);

static int qemu_create(struct machine *m, struct err *e)
{
	struct qemu *q = calloc(1, sizeof(*q));
	int ret;

	if (!q)
		return err_set(e, ENOMEM, "qemu: memory");
	q->m = m;
	q->pidfd = q->vhost_fd = q->console_fd = q->debug_fd = -1;
	q->stderr_fd = q->gdb.dir = -1;
	m->hv = q;
	ret = spawn(q, e);
	if (ret < 0) {
		qemu_stop(m);
		qemu_destroy(m);
		return ret;
	}
	timeline_mark(m->timeline, "qemu started");
	return 0;
}

/* ---- what QEMU and the guest say ---- */

/* Reads what there is: bytes, 0 where nothing is left now, -1 at the end. */
static ssize_t read_some(int fd, void *buf, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	return n > 0 ? n : -1;
}

/* All that is in the console's socket; whether it is still open. */
static bool drain_console(struct qemu *q)
{
	char buf[CHUNK];
	ssize_t n;

	while ((n = read_some(q->console_fd, buf, sizeof(buf))) > 0)
		machine_console_tx(q->m, buf, (size_t)n);
	return n == 0;
}

static void drop_source(struct qemu *q, struct loop_source **s)
{
	if (*s)
		loop_remove(q->m->loop, *s);
	*s = NULL;
}

static void on_console(void *arg, uint32_t events)
{
	struct qemu *q = arg;

	if ((events & ~(uint32_t)EPOLLOUT) && !drain_console(q)) {
		drop_source(q, &q->on_console);
		return;
	}
	if (!(events & EPOLLOUT) || !q->console_full)
		return;
	q->console_full = false;
	machine_console_ready(q->m);
	if (!q->console_full && q->on_console &&
	    loop_change(q->m->loop, q->on_console, EPOLLIN) < 0)
		machine_fail(q->m, VM_HOST_ERROR, "qemu: watch the console");
}

static size_t qemu_console_send(struct machine *m, const void *buf, size_t len)
{
	struct qemu *q = m->hv;
	ssize_t n;

	do
		n = send(q->console_fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN)
		return len; /* the child is gone; its end is reported */
	n = n < 0 ? 0 : n;
	if ((size_t)n == len)
		return len;
	q->console_full = true;
	if (q->on_console &&
	    loop_change(m->loop, q->on_console, EPOLLIN | EPOLLOUT) < 0)
		machine_fail(m, VM_HOST_ERROR, "qemu: watch the console");
	return (size_t)n;
}

static void end_of_record(struct qemu *q)
{
	char *end;
	unsigned long v;

	q->in_record = false;
	q->record[q->record_len] = 0;
	v = strtoul(q->record, &end, 16);
	if (q->record_len != RECORD_LEN || *end) {
		machine_fail(q->m, VM_HOST_ERROR,
			     "qemu: the guest ended with a wrong record");
	} else {
		(void)drain_console(q);
		machine_exit(q->m, (uint32_t)v);
	}
	q->ended = true;
}

/* Splits the debug port's bytes into the log's and an exit record. */
static void feed_debug(struct qemu *q, const char *buf, size_t n)
{
	size_t start = 0, i;

	for (i = 0; i < n; i++) {
		if (!q->in_record && buf[i] != EXIT_RECORD)
			continue;
		if (!q->in_record) {
			if (i > start)
				machine_debugcon(q->m, buf + start, i - start);
			q->in_record = true;
			q->record_len = 0;
		} else if (buf[i] == '\n' || q->record_len == RECORD_LEN) {
			end_of_record(q);
		} else {
			q->record[q->record_len++] = buf[i];
		}
		start = i + 1;
	}
	if (start < n)
		machine_debugcon(q->m, buf + start, n - start);
}

static void on_debug(void *arg, uint32_t events)
{
	struct qemu *q = arg;
	char buf[4096];
	ssize_t n;

	(void)events;
	while ((n = read_some(q->debug_fd, buf, sizeof(buf))) > 0)
		feed_debug(q, buf, (size_t)n);
	if (n < 0)
		drop_source(q, &q->on_debug);
}

/* QEMU's complaints: into the log, and the last line into the error. */
static void on_stderr(void *arg, uint32_t events)
{
	struct qemu *q = arg;
	ssize_t n;

	(void)events;
	n = read_some(q->stderr_fd, q->last_words, STDERR_MAX);
	if (n < 0)
		drop_source(q, &q->on_stderr);
	if (n <= 0)
		return;
	while (n > 0 && q->last_words[n - 1] == '\n')
		n--;
	q->last_words[n] = 0;
	log_line(LOG_WARN, "qemu: %s", q->last_words);
}

/* The child is gone without a record: what its status says. */
static void report_death(struct qemu *q, int status)
{
	struct machine *m = q->m;

	if (WIFSIGNALED(status))
		machine_fail(m, VM_HOST_ERROR, "qemu was killed by signal %d",
			     WTERMSIG(status));
	else if (WEXITSTATUS(status) == DEBUG_EXIT_PANIC)
		machine_fail(m, VM_PANIC, "the guest could not boot");
	else if (WEXITSTATUS(status) == 0)
		machine_fail(m, VM_PANIC,
			     "the guest's CPU reset (triple "
			     "fault)");
	else
		machine_fail(m, VM_HOST_ERROR, "qemu exited with status %d: %s",
			     WEXITSTATUS(status), q->last_words);
}

static void on_end(void *arg, uint32_t events)
{
	struct qemu *q = arg;
	int status = 0;

	(void)events;
	drop_source(q, &q->on_end);
	/* What it said before it died. */
	on_debug(q, EPOLLIN);
	on_stderr(q, EPOLLIN);
	if (waitpid(q->pid, &status, 0) == q->pid)
		q->pid = 0;
	if (!q->ended)
		report_death(q, status);
	q->ended = true;
}

static int qemu_prepare(struct machine *m, struct err *e)
{
	struct qemu *q = m->hv;
	struct loop *l = m->loop;
	int ret = loop_add(l, q->console_fd, EPOLLIN, on_console, q,
			   &q->on_console);

	if (ret == 0)
		ret = loop_add(l, q->debug_fd, EPOLLIN, on_debug, q,
			       &q->on_debug);
	if (ret == 0)
		ret = loop_add(l, q->stderr_fd, EPOLLIN, on_stderr, q,
			       &q->on_stderr);
	if (ret == 0)
		ret = loop_add(l, q->pidfd, EPOLLIN, on_end, q, &q->on_end);
	if (ret < 0)
		return err_set(e, -ret, "qemu: event loop");
	return 0;
}

static int make_fs(struct virtio_device **out, const struct guest_mem *mem,
		   void *arg)
{
	const struct machine *m = arg;

	return virtio_fs_create(out, mem, m->fuse, VIRTIO_FS_TAG);
}

/* A file system that never answers again would be a guest that hangs. */
static void fs_broken(void *arg)
{
	machine_fail(arg, VM_HOST_ERROR,
		     "the guest broke the protocol of its file system, and "
		     "qemu cannot tell it so");
}

static const struct vhost_user_ops fs_session = {
	.make = make_fs,
	.destroy = virtio_fs_destroy,
	.broken = fs_broken,
};

static int qemu_run(struct machine *m, struct err *e)
{
	struct qemu *q = m->hv;
	int fd = q->vhost_fd, ret;

	q->vhost_fd = -1;
	ret = vhost_user_create(&q->vhost, fd, &fs_session, m);
	if (ret < 0)
		return err_set(e, -ret, "qemu: serve vhost-user-fs");
	return 0;
}

/* ---- the end ---- */

/* By the pidfd: the jail lets no other process be reached. */
static int send_signal(const struct qemu *q, int signo)
{
	return syscall(SYS_pidfd_send_signal, q->pidfd, signo, NULL, 0) < 0
		       ? -errno
		       : 0;
}

static void qemu_pause(struct machine *m, bool on)
{
	struct qemu *q = m->hv;

	if (q && q->pidfd >= 0)
		(void)send_signal(q, on ? SIGSTOP : SIGCONT);
}

static void qemu_stop(struct machine *m)
{
	struct qemu *q = m->hv;

	if (!q)
		return;
	drop_source(q, &q->on_console);
	drop_source(q, &q->on_debug);
	drop_source(q, &q->on_stderr);
	drop_source(q, &q->on_end);
	if (q->pid > 0) {
		if (q->pidfd < 0 || send_signal(q, SIGKILL) < 0)
			kill(q->pid, SIGKILL);
		while (waitpid(q->pid, NULL, 0) < 0 && errno == EINTR)
			;
		q->pid = 0;
	}
	gdb_socket_remove(&q->gdb);
}

static void qemu_destroy(struct machine *m)
{
	struct qemu *q = m->hv;

	if (!q)
		return;
	vhost_user_destroy(q->vhost);
	close_fd(&q->pidfd);
	close_fd(&q->vhost_fd);
	close_fd(&q->console_fd);
	close_fd(&q->debug_fd);
	close_fd(&q->stderr_fd);
	free(q);
	m->hv = NULL;
}

static int qemu_marks(struct machine *m, uint64_t *mark)
{
	struct qemu *q = m->hv;

	return q->vhost
		       ? vhost_user_peek(
				 q->vhost,
				 BOOTINFO_GPA + offsetof(struct bootinfo, mark),
				 mark, MARK_COUNT * sizeof(*mark))
		       : -ENOTCONN;
}

const struct hypervisor_ops qemu_ops = {
	.name = "qemu",
	.clock_unpaired = true,
	.jail = JAIL_QEMU,
	.probe = qemu_probe,
	.create = qemu_create,
	.prepare = qemu_prepare,
	.run = qemu_run,
	.console_send = qemu_console_send,
	.pause = qemu_pause,
	.stop = qemu_stop,
	.marks = qemu_marks,
	.destroy = qemu_destroy,
};
