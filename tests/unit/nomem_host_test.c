// uses: tests/unit/nomem.c host/launch.c host/control.c host/loop.c host/memory.c host/symbol.c host/panic.c host/virtio/queue.c host/virtio/device.c host/virtio/mmio.c host/virtio/console.c host/virtio/rng.c host/virtio/balloon.c host/virtio/fs.c host/virtio/vhost_user.c host/fuse/server.c  host/fuse/wire.c host/fuse/inode.c host/fuse/iofd.c host/fuse/dax.c host/fuse/ops_attr.c host/fuse/ops_dir.c host/fuse/ops_entry.c host/fuse/ops_file.c host/fuse/ops_xattr.c host/folder.c host/err.c
/* SPDX-License-Identifier: Apache-2.0 */
/* nomem_host_test.c: the host's objects when memory runs out at any point of
 * their lives: an error, and nothing left. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/control.h"
#include "host/hypervisor.h"
#include "host/launch.h"
#include "host/loader.h"
#include "host/log.h"
#include "host/loop.h"
#include "host/panic.h"
#include "host/symbol.h"
#include "host/virtio/balloon.h"
#include "host/virtio/console.h"
#include "host/virtio/fs.h"
#include "host/virtio/mmio.h"
#include "host/virtio/rng.h"
#include "host/virtio/vhost_user.h"
#include "tests/unit/fuse_rig.h"
#include "tests/unit/nomem.h"

void nomem_check(bool ok, const char *what, long n, const char *why)
{
	check_count++;
	if (ok)
		return;
	check_failures++;
	fprintf(stderr, "%s: allocation %ld fails: %s\n", what, n, why);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

/* ---- launch ---- */

static int launch(void)
{
	char *args[] = { (char[]){ "/bin/sh" }, NULL };
	char *env[] = { (char[]){ "A=b" }, NULL };
	struct vm_mount mount = { (char[]){ "tmpfs" }, NULL, (char[]){ "/tmp" },
				  NULL, 0 };
	struct vm_plan p = { .process.args = args,
			     .process.env = env,
			     .process.cwd = (char[]){ "/" },
			     .mounts = &mount,
			     .nmounts = 1 };
	struct err e;
	size_t len;
	void *buf;
	int r = launch_build(&p, &buf, &len, &e);

	if (!r)
		free(buf);
	return r;
}

/* ---- control ---- */

static size_t send_none(void *arg, const void *buf, size_t len)
{
	(void)arg;
	(void)buf;
	(void)len;
	return 0;
}
static void on_data(void *arg, unsigned stream, const void *buf, size_t len)
{
	(void)arg;
	(void)stream;
	(void)buf;
	(void)len;
}
static void on_stream(void *arg, unsigned stream)
{
	(void)arg;
	(void)stream;
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
	(void)why;
	*(bool *)arg = true;
}

/* A guest that takes nothing: what is sent has to be kept. */
static int control(void)
{
	static const struct control_ops ops = { send_none, on_data,   on_stream,
						on_stream, on_stream, on_event,
						on_broken };
	static const uint8_t data[4096];
	bool broken = false;
	struct control *c;
	int r = control_create(&c, &ops, &broken);

	if (r)
		return r;
	control_signal(c, 15);
	for (int i = 0; i < 4; i++)
		if (control_room(c, CTL_STDIN) >= sizeof(data))
			control_send(c, CTL_STDIN, data, sizeof(data));
	control_destroy(c);
	return broken ? -ENOMEM : 0;
}

/* ---- the loop ---- */

static void on_fd(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
}

static int loop(void)
{
	struct loop_source *s;
	struct loop *l;
	int r = loop_create(&l);

	if (r)
		return r;
	r = loop_add(l, STDIN_FILENO, 0, on_fd, NULL, &s);
	if (r == -EPERM) /* a file: nothing to wait for */
		r = 0;
	else if (!r)
		loop_remove(l, s);
	loop_destroy(l);
	return r;
}

/* ---- devices ---- */

static uint8_t ram[65536] __attribute__((aligned(4096)));
static const struct guest_mem mem = {
	.fd = -1, .nregion = 1, .region[0] = { 0x10000, sizeof(ram), ram, 0 }
};

static void on_ready(void *arg)
{
	(void)arg;
}
static void on_tx(void *arg, const void *buf, size_t len)
{
	(void)arg;
	(void)buf;
	(void)len;
}
static void on_irq(void *arg, bool up)
{
	(void)arg;
	(void)up;
}

static int on_transport(struct virtio_device *d)
{
	struct virtio_mmio t;
	int r = virtio_mmio_init(&t, d, on_irq, NULL, 0);

	if (!r)
		virtio_mmio_fini(&t);
	return r;
}

static int console(void)
{
	static const struct virtio_console_ops ops = { on_tx, on_ready,
						       on_ready };
	struct virtio_device *d;
	int r = virtio_console_create(&d, &mem, &ops, NULL);

	if (r)
		return r;
	r = on_transport(d);
	virtio_console_destroy(d);
	return r;
}

static int rng(void)
{
	struct virtio_device *d;
	int r = virtio_rng_create(&d, &mem);

	if (r)
		return r;
	r = on_transport(d);
	virtio_rng_destroy(d);
	return r;
}

static int balloon(void)
{
	struct virtio_device *d;
	int r = virtio_balloon_create(&d, &mem);

	if (r)
		return r;
	r = on_transport(d);
	virtio_balloon_destroy(d);
	return r;
}

/* ---- files ---- */

static char top[] = "/tmp/kuni-nomem-XXXXXX";

static int request(struct fuse_server *s, uint32_t op, uint64_t node,
		   const void *body, size_t n, void *out, size_t room)
{
	struct fuse_in_header h = { .len = (uint32_t)(sizeof(h) + n),
				    .opcode = op,
				    .unique = 1,
				    .nodeid = node };
	struct fuse_out_header o = { 0 };
	struct iovec in[2] = { { &h, sizeof(h) },
			       { (void *)(uintptr_t)body, n } };
	struct iovec rep[2] = { { &o, sizeof(o) }, { out, room } };
	int r = fuse_server_handle(s, in, n ? 2 : 1, rep, room ? 2 : 1);

	return r < 0 ? r : o.error;
}

/* Looks up, makes, reads a directory, with a server of its own. */
static int files(void)
{
	struct fuse_init_in init = { .major = 7, .minor = 31 };
	struct {
		struct fuse_mkdir_in in;
		char name[2];
	} mk = { { .mode = 0755 }, "d" };
	struct fuse_read_in rd = { .size = 4096 };
	struct fuse_open_in od = { 0 };
	struct fuse_release_in rl = { 0 };
	struct fuse_open_out open_ = { 0 };
	struct fuse_entry_out e;
	struct fuse_server *s;
	uint8_t buf[4096];
	struct err err;
	int fd = open(top, O_PATH | O_DIRECTORY), r;

	r = fuse_server_create(&s, fd, false, &err);
	if (r) {
		return r;
	}
	r = request(s, FUSE_INIT, 0, &init, sizeof(init), buf, sizeof(buf));
	if (!r)
		r = request(s, FUSE_MKDIR, 1, &mk, sizeof(mk.in) + 2, &e,
			    sizeof(e));
	if (!r)
		r = request(s, FUSE_OPENDIR, 1, &od, sizeof(od), &open_,
			    sizeof(open_));
	if (!r) {
		rd.fh = rl.fh = open_.fh;
		r = request(s, FUSE_READDIR, 1, &rd, sizeof(rd), buf,
			    sizeof(buf));
		if (!r)
			r = request(s, FUSE_RELEASEDIR, 1, &rl, sizeof(rl),
				    NULL, 0);
	}
	(void)request(s, FUSE_RMDIR, 1, "d", 2, NULL, 0);
	fuse_server_destroy(s);
	if (rmdir("d") && errno != ENOENT)
		return 1;
	return r;
}

/* ---- last words ---- */

static int last_words(void)
{
	struct guest_image image = { .fd = open("/proc/self/exe", O_RDONLY) };
	struct symbol_table *t;
	struct panic_sink *p;
	int r = panic_create(&p, &image, "id");

	if (!r) {
		panic_feed(p, "<0>panic: x\n  #1 0x401000\n", 27);
		panic_destroy(p);
		r = symbol_load(&t, image.fd);
		if (!r)
			symbol_free(t);
	}
	close(image.fd);
	return r;
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	nomem_every("launch", launch);
	nomem_every("control", control);
	nomem_every("loop", loop);
	nomem_every("console", console);
	nomem_every("rng", rng);
	nomem_every("balloon", balloon);
	nomem_every("files", files);
	nomem_every("last words", last_words);
	rmdir(top);
	return check_done("nomem_host");
}
