/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qemu_cmd.c: a microvm with four virtio-mmio devices at places that we know.
 *
 * All that a microvm can leave out is left out: no ACPI, PIC, PIT, RTC, serial
 * line, second I/O APIC or generated command line.  Without ACPI QEMU has
 * eight transports, 512 bytes apart, on lines 5 to 12 of the I/O APIC.  The
 * firmware is qboot, QEMU's own choice, which boots an ELF kernel by PVH.
 */
#include "host/qemu_cmd.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot/abi/layout.h"
#include "boot/abi/virtio.h"
#include "host/virtio/fs.h"

#define QEMU_NAME     "qemu-system-x86_64"
#define MMIO_BASE     0xfeb00000ULL
#define MMIO_STRIDE   512
#define MMIO_GSI_BASE 5
#define IOAPIC_BASE   0xfec00000ULL

#define STR_(x) #x
#define STR(x)  STR_(x)

#define ARGS_MAX 64
#define TEXT_MAX 2048

/* One device a transport, in this order. */
static const uint32_t device_ids[] = { VIRTIO_ID_FS, VIRTIO_ID_CONSOLE,
				       VIRTIO_ID_RNG, VIRTIO_ID_BALLOON };
#define NDEVICES (sizeof(device_ids) / sizeof(device_ids[0]))

int qemu_find(char path[PATH_MAX])
{
	const char *dirs = getenv("PATH"), *end;
	int n;

	if (!dirs || !*dirs)
		dirs = "/usr/local/bin:/usr/bin:/bin";
	for (; dirs; dirs = *end ? end + 1 : NULL) {
		end = strchrnul(dirs, ':');
		n = snprintf(path, PATH_MAX, "%.*s/" QEMU_NAME,
			     (int)(end - dirs), dirs);
		if (*dirs == '/' && n < PATH_MAX && access(path, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

/* `path --version`, saying it to the descriptor out. */
static int spawn_version(const char *path, int out, pid_t *pid)
{
	char name[] = QEMU_NAME, option[] = "--version";
	char *argv[] = { name, option, NULL };
	posix_spawn_file_actions_t fa;
	int ret = posix_spawn_file_actions_init(&fa);

	if (ret)
		return -ret;
	ret = posix_spawn_file_actions_adddup2(&fa, out, 1);
	if (!ret)
		ret = posix_spawn(pid, path, &fa, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	return -ret;
}

static int parse_version(const char *line, unsigned *major, unsigned *minor)
{
	static const char before[] = "QEMU emulator version ";
	char *end;

	if (strncmp(line, before, sizeof(before) - 1) != 0)
		return -EPROTO;
	line += sizeof(before) - 1;
	*major = (unsigned)strtoul(line, &end, 10);
	if (end == line || *end != '.')
		return -EPROTO;
	line = end + 1;
	*minor = (unsigned)strtoul(line, &end, 10);
	return end == line ? -EPROTO : 0;
}

int qemu_version(const char *path, unsigned *major, unsigned *minor)
{
	char line[128];
	ssize_t n;
	pid_t pid = -1;
	int fd[2], ret;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	ret = spawn_version(path, fd[1], &pid);
	close(fd[1]);
	n = read(fd[0], line, sizeof(line) - 1);
	close(fd[0]);
	if (ret < 0)
		return ret;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	line[n > 0 ? n : 0] = '\0';
	return parse_version(line, major, minor);
}

void qemu_devices(struct bootinfo *bi)
{
	unsigned i;

	for (i = 0; i < NDEVICES; i++)
		bi->device[i] = (struct boot_device){
			.virtio_id = device_ids[i],
			.gsi = MMIO_GSI_BASE + i,
			.base = MMIO_BASE + i * MMIO_STRIDE,
			.len = MMIO_STRIDE,
		};
	bi->ndevice = NDEVICES;
	bi->ioapic_gpa = IOAPIC_BASE;
}

/* The argument vector while it is built; all strings lie in text. */
struct args {
	char *argv[ARGS_MAX + 1];
	unsigned argc;
	char text[TEXT_MAX];
	size_t used;
	bool overflow;
};

__attribute__((format(printf, 2, 3))) static void add(struct args *a,
						      const char *fmt, ...)
{
	size_t room = sizeof(a->text) - a->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(a->text + a->used, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room || a->argc == ARGS_MAX) {
		a->overflow = true;
		return;
	}
	a->argv[a->argc++] = a->text + a->used;
	a->used += (size_t)n + 1;
}

static void add_machine(struct args *a, const struct qemu_cmd *c)
{
	add(a, "-M");
	add(a, "microvm,acpi=off,ioapic2=off,pit=off,pic=off,rtc=off,"
	       "isa-serial=off,auto-kernel-cmdline=off,memory-backend=ram");
	add(a, "-accel");
	add(a, "%s", c->kvm ? "kvm" : "tcg");
	add(a, "-cpu");
	add(a, "%s", c->kvm ? "host" : "max");
	add(a, "-smp");
	add(a, "%" PRIu32 ",sockets=%" PRIu32, c->cpus, c->cpus);
	add(a, "-m");
	add(a, "size=%" PRIu64 "B", c->memory);
	add(a, "-object");
	add(a,
	    "memory-backend-memfd,id=ram,size=%" PRIu64 ",share=on,reserve=off",
	    c->memory);
	add(a, "-kernel");
	add(a, "/proc/self/fd/%d", QEMU_FD_KERNEL);
	add(a, "-initrd");
	add(a, "/proc/self/fd/%d", QEMU_FD_BLOB);
}

static void add_devices(struct args *a)
{
	add(a, "-global");
	add(a, "virtio-mmio.force-legacy=false");
	add(a, "-chardev");
	add(a, "socket,id=vhost,fd=%d", QEMU_FD_VHOST);
	add(a, "-device");
	add(a, "vhost-user-fs-device,chardev=vhost,tag=" VIRTIO_FS_TAG
	       ",queue-size=256,bus=virtio-mmio-bus.0");
	add(a, "-chardev");
	add(a, "socket,id=console,fd=%d", QEMU_FD_CONSOLE);
	add(a, "-device");
	add(a, "virtio-serial-device,max_ports=1,bus=virtio-mmio-bus.1");
	add(a, "-device");
	add(a, "virtconsole,chardev=console");
	add(a, "-device");
	add(a, "virtio-rng-device,bus=virtio-mmio-bus.2");
	add(a, "-device");
	add(a, "virtio-balloon-device,free-page-reporting=on,"
	       "bus=virtio-mmio-bus.3");
	add(a, "-chardev");
	add(a, "socket,id=debug,fd=%d", QEMU_FD_DEBUG);
	add(a, "-device");
	add(a, "isa-debugcon,iobase=" STR(PORT_DEBUGCON) ",chardev=debug");
	add(a, "-device");
	add(a, "isa-debug-exit,iobase=" STR(PORT_EXIT) ",iosize=4");
}

static int build_args(struct args *a, const struct qemu_cmd *c)
{
	add(a, "%s", c->binary);
	add(a, "-nodefaults");
	add(a, "-no-user-config");
	add(a, "-no-reboot");
	add(a, "-display");
	add(a, "none");
	add(a, "-sandbox");
	add(a, "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
	       "resourcecontrol=deny");
	add_machine(a, c);
	add_devices(a);
	if (c->gdb) {
		add(a, "-gdb");
		add(a, "unix:%s,server=on,wait=off", c->gdb);
	}
	return a->overflow ? -E2BIG : 0;
}

/* In the child: descriptors to their numbers.  They are moved out of the way
 * first, so that none is overwritten before its turn. */
static int arrange_fds(const struct qemu_cmd *c)
{
	int moved[QEMU_FD_END];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	unsigned i;

	if (null < 0)
		return -errno;
	for (i = QEMU_FD_STDERR; i < QEMU_FD_END; i++) {
		moved[i] = fcntl(c->fd[i], F_DUPFD_CLOEXEC, QEMU_FD_END);
		if (moved[i] < 0)
			return -errno;
	}
	if (dup2(null, 0) < 0 || dup2(null, 1) < 0)
		return -errno;
	for (i = QEMU_FD_STDERR; i < QEMU_FD_END; i++)
		if (dup2(moved[i], (int)i) < 0)
			return -errno;
	if (close_range(QEMU_FD_END, ~0U, 0) < 0)
		return -errno;
	return 0;
}

/* Root without capabilities may still write what is root's: not in QEMU's own
 * view of the host's files. */
static int read_only_host(void)
{
	struct mount_attr a = { .attr_set = MOUNT_ATTR_RDONLY };

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &a, sizeof(a)) < 0)
		return -errno;
	return 0;
}

/* In the child; returns only where it failed. */
static int become_qemu(const struct qemu_cmd *c, char **argv, pid_t parent)
{
	sigset_t none;
	int ret;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	if (getppid() != parent) /* it died before the line above */
		return -ESRCH;
	setsid(); /* Ctrl-C is for the container */
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	ret = arrange_fds(c);
	if (ret < 0)
		return ret;
	if (!c->gdb) { /* which makes a socket */
		ret = read_only_host();
		if (ret < 0)
			return ret;
	}
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_BOTH) != 0 && geteuid() == 0)
		return -EPERM;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	execv(c->binary, argv);
	return -errno;
}

int qemu_spawn(const struct qemu_cmd *c, pid_t *pid, struct err *e)
{
	static struct args a; /* large, and used once in a process */
	pid_t self = getpid(), child;
	int ret;

	memset(&a, 0, sizeof(a));
	ret = build_args(&a, c);
	if (ret < 0)
		return err_set(e, -ret, "qemu: its command line");
	child = fork();
	if (child < 0)
		return err_set(e, errno, "qemu: fork");
	if (child == 0) {
		ret = become_qemu(c, a.argv, self);
		dprintf(QEMU_FD_STDERR, "start %s: %s\n", c->binary,
			err_text(-ret));
		_exit(127);
	}
	*pid = child;
	return 0;
}
