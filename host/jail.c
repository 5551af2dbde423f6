/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jail.c: what the monitor gives up before the guest runs.
 *
 * Files: the tree of jail_mounts.c becomes the root of the namespace, everything
 * else is detached.
 *
 * System calls: host/seccomp.tbl, one filter a thread.
 */
#include "host/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- privileges ---- */

int jail_enter(int root_fd, struct err *e)
{
	if (fchdir(root_fd) < 0)
		return err_set(e, errno, "enter the root");
	/* The new root on top of the old one, which is then detached. */
	if (syscall(SYS_pivot_root, ".", ".") < 0) {
		/* An initramfs cannot be pivoted away from: it is covered. */
		if (errno != EINVAL ||
		    mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
			return err_set(e, errno, "pivot_root");
	} else if (umount2(".", MNT_DETACH) < 0) {
		return err_set(e, errno, "detach the old root");
	}
	return chdir("/") < 0 ? err_set(e, errno, "enter the root") : 0;
}

#define CAP(n) (1ULL << (n))

/* To serve files of all owners, as root does; it makes no device nodes, and opens
 * nothing by file handle, which would lead out of the tree. */
#define KEPT                                                                   \
	(CAP(CAP_CHOWN) | CAP(CAP_DAC_OVERRIDE) | CAP(CAP_FOWNER) |            \
	 CAP(CAP_FSETID) | CAP(CAP_SETFCAP) | CAP(CAP_SETGID) |                \
	 CAP(CAP_SETUID))

int jail_drop(struct err *e)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2];

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "no new privileges");
	if (syscall(SYS_capget, &head, data) < 0)
		return err_set(e, errno, "capabilities");
	for (unsigned i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(KEPT >> 32 * i);
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return err_set(e, errno, "capabilities");
	return 0;
}

/* ---- system calls ---- */

/*
 * The filter is written here, as the few instructions that it is: building it
 * with libseccomp took 2.4 ms of a start of 10 ms (two threads, 90 rules; in
 * the lab, --icount).  Since Linux 5.11 the kernel runs it once a call number
 * and remembers, but for those that look at arguments.
 */
enum { L = 1, V = 2, Q = 4 };

struct allowed {
	uint32_t nr;
	unsigned roles;
};

static const struct allowed table[] = {
#define ALLOW(call, who, why) { SYS_##call, (who) },
#include "host/seccomp.tbl"
#undef ALLOW
};

struct allowed_arg {
	uint32_t nr;
	unsigned roles;
	unsigned arg;
	uint64_t mask, value; /* (argument & mask) == value */
};

#define THREAD_FLAGS                                                           \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define REQUEST UINT32_MAX
#define EXACT   UINT64_MAX

static const struct allowed_arg arg_table[] = {
	{ SYS_ioctl, V, 1, REQUEST, KVM_RUN },
	{ SYS_ioctl, L | V, 1, REQUEST, KVM_SIGNAL_MSI },
	{ SYS_ioctl, V, 1, REQUEST, KVM_GET_REGS },
	{ SYS_ioctl, V, 1, REQUEST, KVM_GET_SREGS },
	{ SYS_ioctl, V, 1, REQUEST, KVM_GET_LAPIC },
	{ SYS_ioctl, V, 1, REQUEST, KVM_GET_MP_STATE },
	{ SYS_ioctl, V, 1, REQUEST, KVM_SET_REGS },
	{ SYS_ioctl, V, 1, REQUEST, KVM_SET_SREGS },
	{ SYS_ioctl, V, 1, REQUEST, KVM_CREATE_VCPU },
	{ SYS_ioctl, V, 1, REQUEST, KVM_SET_CPUID2 },
	{ SYS_ioctl, V, 1, REQUEST, KVM_SET_MP_STATE },
	{ SYS_ioctl, V, 1, REQUEST, KVM_GET_STATS_FD },
	{ SYS_ioctl, V, 1, REQUEST, KVM_SET_MSRS },
	{ SYS_ioctl, V, 1, REQUEST, KVM_SET_XCRS },
	{ SYS_ioctl, V, 1, REQUEST, KVM_SET_GUEST_DEBUG },
	{ SYS_ioctl, V, 1, REQUEST, KVM_TRANSLATE },
	{ SYS_ioctl, L | Q, 1, REQUEST, TIOCGWINSZ },
	{ SYS_ioctl, L | Q, 1, REQUEST, TCGETS },
	/* not F_SETOWN, which sends signals to others */
	{ SYS_fcntl, L | V | Q, 1, REQUEST, F_DUPFD_CLOEXEC },
	{ SYS_fcntl, L | V | Q, 1, REQUEST, F_GETFL },
	{ SYS_fcntl, L | Q, 1, REQUEST, F_SETFL },
	{ SYS_fcntl, Q, 1, REQUEST, F_GET_SEALS },
	{ SYS_mmap, L | V | Q, 2, PROT_EXEC, 0 },
	{ SYS_mprotect, L | V | Q, 2, PROT_EXEC, 0 },
	{ SYS_clone, V | Q, 0, THREAD_FLAGS, THREAD_FLAGS },
	{ SYS_unshare, V | Q, 0, EXACT, CLONE_FS },
	{ SYS_prctl, L | V | Q, 0, EXACT, PR_SET_NAME },
	{ SYS_prctl, L | V | Q, 0, EXACT, PR_SET_VMA },
};

#define MAX_INSNS                                                              \
	(3 * (sizeof(table) / sizeof(table[0])) +                              \
	 9 * (sizeof(arg_table) / sizeof(arg_table[0])) + 32)

struct program {
	struct sock_filter insn[MAX_INSNS];
	unsigned short n;
};

static void emit(struct program *p, unsigned code, uint32_t k, unsigned jt,
		 unsigned jf)
{
	ensure(p->n < MAX_INSNS);
	p->insn[p->n++] = (struct sock_filter){ (uint16_t)code, (uint8_t)jt,
						(uint8_t)jf, k };
}

static void emit_load(struct program *p, size_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void emit_return(struct program *p, uint32_t action)
{
	emit(p, BPF_RET | BPF_K, action, 0, 0);
}

/* Allows the call whose number was compared already, if (argument & mask) ==
 * value; goes on behind itself otherwise. */
#define ARG_INSNS 7
static void emit_arg(struct program *p, const struct allowed_arg *a)
{
	size_t low = offsetof(struct seccomp_data, args) + 8 * a->arg;

	emit_load(p, low + 4);
	emit(p, BPF_ALU | BPF_AND | BPF_K, (uint32_t)(a->mask >> 32), 0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(a->value >> 32), 0, 4);
	emit_load(p, low);
	emit(p, BPF_ALU | BPF_AND | BPF_K, (uint32_t)a->mask, 0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)a->value, 0, 1);
	emit_return(p, SECCOMP_RET_ALLOW);
}

/* All rules of one call, which stand side by side in arg_table[]. */
static size_t emit_args_of(struct program *p, size_t first, unsigned role)
{
	const size_t end = sizeof(arg_table) / sizeof(arg_table[0]);
	uint32_t nr = arg_table[first].nr;
	unsigned n = 0;
	size_t i;

	for (i = first; i < end && arg_table[i].nr == nr; i++)
		n += (arg_table[i].roles & role) != 0;
	if (!n)
		return i;
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, nr, 0, ARG_INSNS * n + 1);
	for (i = first; i < end && arg_table[i].nr == nr; i++)
		if (arg_table[i].roles & role)
			emit_arg(p, &arg_table[i]);
	emit_return(p, SECCOMP_RET_KILL_PROCESS);
	return i;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* In groups of GROUP by number, so that few comparisons lead to a call: the
 * kernel tries the filter with every number when it is loaded. */
#define GROUP 8
static void emit_calls(struct program *p, unsigned role)
{
	uint32_t nr[sizeof(table) / sizeof(table[0])];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].roles & role)
			nr[n++] = table[i].nr;
	qsort(nr, n, sizeof(nr[0]), by_number);
	for (size_t i = 0; i < n; i += GROUP) {
		size_t end = i + GROUP < n ? i + GROUP : n;

		if (end < n)
			emit(p, BPF_JMP | BPF_JGE | BPF_K, nr[end],
			     2 * GROUP + 1, 0);
		for (size_t k = i; k < end; k++) {
			emit(p, BPF_JMP | BPF_JEQ | BPF_K, nr[k], 0, 1);
			emit_return(p, SECCOMP_RET_ALLOW);
		}
		emit_return(p, SECCOMP_RET_KILL_PROCESS);
	}
}

static void emit_filter(struct program *p, unsigned role)
{
	const struct allowed_arg self = { SYS_tgkill, L | V | Q, 0, EXACT,
					  (uint64_t)getpid() };
	size_t i = 0;

	emit_load(p, offsetof(struct seccomp_data, arch));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	emit_return(p, SECCOMP_RET_KILL_PROCESS);
	emit_load(p, offsetof(struct seccomp_data, nr));
	while (i < sizeof(arg_table) / sizeof(arg_table[0]))
		i = emit_args_of(p, i, role);
	/* Signals inside this process only: pthread_kill, abort. */
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, ARG_INSNS + 1);
	emit_arg(p, &self);
	emit_return(p, SECCOMP_RET_KILL_PROCESS);
	/* Its flags are behind a pointer, which no filter sees: ENOSYS makes
	 * the C library use clone, whose flags are checked. */
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1);
	emit_return(p, SECCOMP_RET_ERRNO | ENOSYS);
	emit_calls(p, role);
}

int jail_thread(enum jail_role role, struct err *e)
{
	static const unsigned bit[] = {
		[JAIL_LOOP] = L, [JAIL_VCPU] = V, [JAIL_QEMU] = Q
	};
	struct program p = { .n = 0 };
	struct sock_fprog prog;

	emit_filter(&p, bit[role]);
	prog = (struct sock_fprog){ p.n, p.insn };
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return err_set(e, errno, "seccomp filter");
	return 0;
}

/* For a process that shares our memory and waits for our end: whoever owns the
 * monitor may own it too, and it is in no jail but this. */
int jail_holder(void)
{
	struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_poll, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_restart_syscall, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	const struct sock_fprog prog = {
		sizeof(insn) / sizeof(insn[0]),
		insn,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return -errno;
	return 0;
}
