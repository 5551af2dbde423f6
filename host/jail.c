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
#include <stdbool.h>
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

#define NARGS     (sizeof(arg_table) / sizeof(arg_table[0]))
#define NCALLS    (sizeof(table) / sizeof(table[0]) + NARGS + 2)
#define MAX_INSNS (2 * NCALLS + 6 * (NARGS + 1) + 8)

#define GROUP 4 /* calls that are compared one by one */

/* Where a jump leads: an index of an instruction, or one of these. */
enum {
	NEXT = 0,
	ALLOWED = -1,
	KILLED = -2,
	UNKNOWN = -3,
	RULES = -4, /* RULES - i: what rule(i) and those beside it look at */
};

struct program {
	struct sock_filter insn[MAX_INSNS];
	int jt[MAX_INSNS], jf[MAX_INSNS]; /* until resolve() */
	int rules[NARGS + 1];             /* where they are looked at */
	struct allowed_arg self;          /* signals inside this process only */
	unsigned short n;
};

struct call {
	uint32_t nr;
	int to;
};

static void emit(struct program *p, unsigned code, uint32_t k, int jt, int jf)
{
	ensure(p->n < MAX_INSNS);
	p->jt[p->n] = jt;
	p->jf[p->n] = jf;
	p->insn[p->n++] =
		(struct sock_filter){ .code = (uint16_t)code, .k = k };
}

static void emit_load(struct program *p, size_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, NEXT, NEXT);
}

static void emit_equal(struct program *p, uint32_t value, int then, int other)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, value, then, other);
}

static void emit_return(struct program *p, uint32_t action)
{
	emit(p, BPF_RET | BPF_K, action, NEXT, NEXT);
}

/* ---- arguments ---- */

static const struct allowed_arg *rule(const struct program *p, size_t i)
{
	return i < NARGS ? &arg_table[i] : &p->self;
}

/* The end of the rules for one call, which stand side by side. */
static size_t rules_end(const struct program *p, size_t first)
{
	size_t i = first + 1;

	while (i < NARGS && arg_table[i].nr == rule(p, first)->nr)
		i++;
	return i;
}

static void emit_load_masked(struct program *p, size_t offset, uint32_t mask)
{
	emit_load(p, offset);
	if (mask != UINT32_MAX)
		emit(p, BPF_ALU | BPF_AND | BPF_K, mask, NEXT, NEXT);
}

/* (argument & mask) is one of the values, all of one argument and one mask,
 * and of one upper half. */
static void emit_rules(struct program *p, size_t first, unsigned role)
{
	const struct allowed_arg *a = rule(p, first);
	size_t low = offsetof(struct seccomp_data, args) + 8 * a->arg;
	uint32_t high_mask = (uint32_t)(a->mask >> 32);

	p->rules[first] = p->n;
	if (high_mask) {
		emit_load_masked(p, low + 4, high_mask);
		emit_equal(p, (uint32_t)(a->value >> 32), NEXT, KILLED);
	}
	emit_load_masked(p, low, (uint32_t)a->mask);
	for (size_t i = first; i < rules_end(p, first); i++) {
		const struct allowed_arg *b = rule(p, i);

		ensure(b->arg == a->arg && b->mask == a->mask &&
		       b->value >> 32 == a->value >> 32);
		if (b->roles & role)
			emit_equal(p, (uint32_t)b->value, ALLOWED, NEXT);
	}
	p->jf[p->n - 1] = KILLED;
}

static bool has_rules(const struct program *p, size_t first, unsigned role)
{
	unsigned roles = 0;

	for (size_t i = first; i < rules_end(p, first); i++)
		roles |= rule(p, i)->roles;
	return roles & role;
}

/* ---- numbers ---- */

static int by_number(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	return (x->nr > y->nr) - (x->nr < y->nr);
}

static size_t list_calls(const struct program *p, unsigned role,
			 struct call *call)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].roles & role)
			call[n++] = (struct call){ table[i].nr, ALLOWED };
	for (size_t i = 0; i <= NARGS; i = rules_end(p, i))
		if (has_rules(p, i, role))
			call[n++] =
				(struct call){ rule(p, i)->nr, RULES - (int)i };
	/* Its flags are behind a pointer, which no filter sees: ENOSYS makes
	 * the C library use clone, whose flags are checked. */
	call[n++] = (struct call){ SYS_clone3, UNKNOWN };
	qsort(call, n, sizeof(call[0]), by_number);
	for (size_t i = 1; i < n; i++)
		ensure(call[i - 1].nr != call[i].nr);
	return n;
}

static void emit_group(struct program *p, const struct call *call, size_t n)
{
	for (size_t i = 0; i < n; i++)
		emit_equal(p, call[i].nr, call[i].to,
			   i + 1 < n ? NEXT : KILLED);
}

/* By halves, so that few comparisons lead to a call: the kernel tries the
 * filter with every number when it is loaded. */
static void emit_calls(struct program *p, const struct call *call, size_t n)
{
	struct {
		size_t from, to;
		unsigned at; /* the jump that leads here */
	} later[16];
	size_t from = 0, nlater = 0;

	for (;;) {
		while (n - from > GROUP) {
			size_t half = from + (n - from) / 2;

			ensure(nlater < sizeof(later) / sizeof(later[0]));
			later[nlater].from = half;
			later[nlater].to = n;
			later[nlater++].at = p->n;
			emit(p, BPF_JMP | BPF_JGE | BPF_K, call[half].nr, NEXT,
			     NEXT);
			n = half;
		}
		emit_group(p, call + from, n - from);
		if (!nlater)
			return;
		from = later[--nlater].from;
		n = later[nlater].to;
		p->jt[later[nlater].at] = p->n;
	}
}

/* From names to distances; the last three instructions are the answers. */
static uint8_t distance(const struct program *p, unsigned from, int to)
{
	if (to == NEXT)
		return 0;
	if (to <= RULES)
		to = p->rules[RULES - to];
	else if (to < 0)
		to += p->n;
	ensure(to > (int)from && to - (int)from <= 256);
	return (uint8_t)(to - (int)from - 1);
}

static void resolve(struct program *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		p->insn[i].jt = distance(p, i, p->jt[i]);
		p->insn[i].jf = distance(p, i, p->jf[i]);
	}
}

static void emit_filter(struct program *p, unsigned role)
{
	struct call call[NCALLS];
	size_t n;

	p->n = 0;
	p->self = (struct allowed_arg){ SYS_tgkill, L | V | Q, 0, EXACT,
					(uint64_t)getpid() };
	n = list_calls(p, role, call);
	emit_load(p, offsetof(struct seccomp_data, arch));
	emit_equal(p, AUDIT_ARCH_X86_64, NEXT, KILLED);
	emit_load(p, offsetof(struct seccomp_data, nr));
	emit_calls(p, call, n);
	for (size_t i = 0; i <= NARGS; i = rules_end(p, i))
		if (has_rules(p, i, role))
			emit_rules(p, i, role);
	emit_return(p, SECCOMP_RET_ERRNO | ENOSYS); /* UNKNOWN */
	emit_return(p, SECCOMP_RET_KILL_PROCESS);
	emit_return(p, SECCOMP_RET_ALLOW);
	resolve(p);
}

int jail_thread(enum jail_role role, struct err *e)
{
	static const unsigned bit[] = {
		[JAIL_LOOP] = L, [JAIL_VCPU] = V, [JAIL_QEMU] = Q
	};
	struct program p;
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
