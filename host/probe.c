/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.c: does this host's /dev/kvm run a kernel, and not only open?
 *
 * Some implementations (nested, paravirtual, emulating) open and fail, or take
 * seconds, at what every kernel does.  A child process runs the probe guest
 * and is killed after DEADLINE_MS.  The verdict holds until the host boots
 * again; it is kept in a file that only root can write, in a folder of root's:
 *
 *	BOOT_ID ok|no TEXT
 *
 * Where that file cannot be used the probe runs every time.
 */
#include "host/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/kvm.h"
#include "host/probe_guest.h"

#define DEADLINE_MS 300
#define VERDICT_DIR "/run/kuni"
#define VERDICT     "kvm-verdict"
#define TEXT_MAX    200

/* ---- the guest, in the child ---- */

static void map_low(uint64_t *tables)
{
	const uint64_t rwu = 7, large = 0x80;

	tables[0] = (PROBE_TABLES + 0x1000) | rwu;
	tables[512] = (PROBE_TABLES + 0x2000) | rwu;
	tables[1024] = 0 | rwu | large; /* 2 MiB, one to one */
}

static int set_cpu(int vcpu)
{
	struct kvm_segment code = { .limit = UINT32_MAX,
				    .selector = 8,
				    .type = 11,
				    .present = 1,
				    .s = 1,
				    .l = 1,
				    .g = 1 };
	struct kvm_segment data = { .limit = UINT32_MAX,
				    .selector = 16,
				    .type = 3,
				    .present = 1,
				    .s = 1,
				    .db = 1,
				    .g = 1 };
	struct kvm_regs regs = { .rip = PROBE_CODE,
				 .rsp = PROBE_STACK,
				 .rflags = 2 };
	struct kvm_sregs s;

	if (ioctl(vcpu, KVM_GET_SREGS, &s) < 0)
		return -errno;
	s.cs = code;
	s.ds = s.es = s.fs = s.gs = s.ss = data;
	s.cr0 = 0x80000033; /* PG, NE, ET, MP, PE */
	s.cr3 = PROBE_TABLES;
	s.cr4 = 0x20;   /* PAE */
	s.efer = 0x501; /* LMA, LME, SCE */
	if (ioctl(vcpu, KVM_SET_SREGS, &s) < 0 ||
	    ioctl(vcpu, KVM_SET_REGS, &regs) < 0)
		return -errno;
	return 0;
}

static int set_cpuid(int kvm, int vcpu)
{
	struct kvm_cpuid2 *c;
	int r = 0;

	c = calloc(1, sizeof(*c) + 256 * sizeof(c->entries[0]));
	if (!c)
		return -ENOMEM;
	c->nent = 256;
	if (ioctl(kvm, KVM_GET_SUPPORTED_CPUID, c) < 0 ||
	    ioctl(vcpu, KVM_SET_CPUID2, c) < 0)
		r = -errno;
	free(c);
	return r;
}

/* Runs it; the verdict's text, with "ok" first where it is good. */
static const char *judge(int kvm, int vcpu, const struct kvm_run *run)
{
	uint32_t value;

	if (set_cpuid(kvm, vcpu) < 0)
		return "no cannot set CPUID";
	if (set_cpu(vcpu) < 0)
		return "no cannot set registers";
	if (ioctl(vcpu, KVM_RUN, 0) < 0)
		return "no KVM_RUN fails";
	if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		return "no it cannot run an instruction that kernels need";
	if (run->exit_reason == KVM_EXIT_SHUTDOWN)
		return "no SYSCALL, SYSRET or cmpxchg16b faults";
	if (run->exit_reason != KVM_EXIT_IO || run->io.port != PROBE_PORT)
		return "no the probe guest ended in an unexpected exit";
	memcpy(&value, (const uint8_t *)run + run->io.data_offset,
	       sizeof(value));
	return value == PROBE_GOOD
		       ? "ok SYSCALL, SYSRET and cmpxchg16b work"
		       : "no SYSCALL, SYSRET or cmpxchg16b is wrong";
}

static const char *run_guest(void)
{
	struct kvm_userspace_memory_region slot = { .memory_size = PROBE_RAM };
	struct err e = { 0 };
	int kvm = kvm_open(&e), vm, vcpu, size;
	uint8_t *ram;
	void *run;

	if (kvm < 0)
		return "no /dev/kvm cannot be opened";
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	ram = mmap(NULL, PROBE_RAM, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm < 0 || size <= 0 || ram == MAP_FAILED)
		return "no a VM cannot be made";
	slot.userspace_addr = (uintptr_t)ram;
	if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
		return "no memory cannot be given to a VM";
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (vcpu < 0)
		return "no a vCPU cannot be made";
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu,
		   0);
	if (run == MAP_FAILED)
		return "no a vCPU cannot be mapped";
	map_low((uint64_t *)(void *)(ram + PROBE_TABLES));
	memcpy(ram + PROBE_CODE, probe_guest,
	       (size_t)(probe_guest_end - probe_guest));
	return judge(kvm, vcpu, run);
}

/* ---- the child and its deadline ---- */

/* Never fails: a probe that cannot be made is a "no". */
static void probe_now(char *text, size_t size)
{
	struct pollfd p = { .events = POLLIN };
	int fds[2];
	ssize_t n;
	pid_t self = getpid(), pid;

	snprintf(text, size, "no the probe could not be started");
	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		const char *verdict;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != self) /* it died before that */
			_exit(1);
		verdict = run_guest();
		if (write(fds[1], verdict, strlen(verdict)) < 0)
			_exit(1);
		_exit(0);
	}
	close(fds[1]);
	p.fd = fds[0];
	if (pid > 0) {
		if (poll(&p, 1, DEADLINE_MS) == 0)
			snprintf(text, size,
				 "no the probe guest took over %d ms: this "
				 "/dev/kvm emulates what a kernel does",
				 DEADLINE_MS);
		else if ((n = read(fds[0], text, size - 1)) > 0)
			text[n] = 0;
		/* The child is left to die by itself: taking its VM apart may
		 * take longer than all the rest. */
		kill(pid, SIGKILL);
	}
	close(fds[0]);
}

/* ---- the verdict's file ---- */

/* The folder, if it is root's own and nobody else can write to it. */
static int open_folder(void)
{
	struct stat st;
	int fd;

	if (mkdir(VERDICT_DIR, 0711) < 0 && errno != EEXIST)
		return -errno;
	fd = open(VERDICT_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && st.st_uid == 0 && !(st.st_mode & 022))
		return fd;
	close(fd);
	return -EPERM;
}

static int boot_id(char *buf, size_t size)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	buf[n] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return 0;
}

static bool load(int dir, const char *boot, char *text, size_t size)
{
	char line[TEXT_MAX + 64];
	size_t len = strlen(boot);
	struct stat st;
	ssize_t n = -1;
	int fd = openat(dir, VERDICT, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 &&
	    !(st.st_mode & 022))
		n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n <= 0)
		return false;
	if (line[--n] != '\n')
		return false;
	line[n] = 0;
	if (strncmp(line, boot, len) != 0 || line[len] != ' ')
		return false;
	snprintf(text, size, "%s", line + len + 1);
	return strncmp(text, "ok ", 3) == 0 || strncmp(text, "no ", 3) == 0;
}

/* In one write, so that a reader sees a whole line or none (which it takes for
 * no verdict), and nothing is left behind where we are killed. */
static void store(int dir, const char *boot, const char *text)
{
	char line[TEXT_MAX + 64];
	int n = snprintf(line, sizeof(line), "%s %s\n", boot, text);
	int fd = openat(dir, VERDICT,
			O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			0600);

	if (fd < 0)
		return;
	if (n >= (int)sizeof(line) || write(fd, line, (size_t)n) != n)
		(void)unlinkat(dir, VERDICT, 0);
	close(fd);
}

int probe_kvm(char *why, size_t size)
{
	char text[TEXT_MAX] = "", boot[64] = "";
	struct err e = { 0 };
	int fd = kvm_open(&e), dir;
	bool known;

	if (fd < 0) {
		snprintf(why, size, "%s", e.msg);
		return fd;
	}
	close(fd);
	dir = open_folder();
	known = dir >= 0 && boot_id(boot, sizeof(boot)) == 0;
	if (!known || !load(dir, boot, text, sizeof(text))) {
		probe_now(text, sizeof(text));
		if (known)
			store(dir, boot, text);
	}
	if (dir >= 0)
		close(dir);
	snprintf(why, size, "%s", text + 3);
	return strncmp(text, "ok ", 3) == 0 ? 0 : -ENOTSUP;
}

bool probe_known(void)
{
	char text[TEXT_MAX] = "", boot[64];
	int dir = open_folder();
	bool good = dir >= 0 && boot_id(boot, sizeof(boot)) == 0 &&
		    load(dir, boot, text, sizeof(text)) &&
		    !strncmp(text, "ok ", 3);

	if (dir >= 0)
		close(dir);
	return good;
}
