// uses: host/err.c host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jail_filter_test.c: the seccomp filters say what host/seccomp.tbl says: every
 * number, with arguments around the values of each rule, run by an interpreter
 * of the few instructions that they use.  And the kernel takes them.
 */
#include "host/jail.c"

#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/check.h"

static const unsigned roles[] = { L, V, Q };

static uint32_t run(const struct program *p, const struct seccomp_data *d)
{
	uint32_t acc = 0;

	for (unsigned i = 0; i < p->n; i++) {
		const struct sock_filter *f = &p->insn[i];

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&acc, (const char *)d + f->k, sizeof(acc));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			acc &= f->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			i += acc == f->k ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			i += acc >= f->k ? f->jt : f->jf;
			break;
		case BPF_RET | BPF_K:
			return f->k;
		default:
			return UINT32_MAX;
		}
	}
	return UINT32_MAX;
}

static uint32_t expected(unsigned role, const struct seccomp_data *d)
{
	uint32_t nr = (uint32_t)d->nr;

	if (d->arch != AUDIT_ARCH_X86_64)
		return SECCOMP_RET_KILL_PROCESS;
	if (nr == SYS_clone3)
		return SECCOMP_RET_ERRNO | ENOSYS;
	if (nr == SYS_tgkill && d->args[0] == (uint64_t)getpid())
		return SECCOMP_RET_ALLOW;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].nr == nr && table[i].roles & role)
			return SECCOMP_RET_ALLOW;
	for (size_t i = 0; i < NARGS; i++) {
		const struct allowed_arg *a = &arg_table[i];

		if (a->nr == nr && a->roles & role &&
		    (d->args[a->arg] & a->mask) == a->value)
			return SECCOMP_RET_ALLOW;
	}
	return SECCOMP_RET_KILL_PROCESS;
}

static void same(const struct program *p, unsigned role, uint32_t nr,
		 unsigned arg, uint64_t value)
{
	struct seccomp_data d = { .nr = (int)nr, .arch = AUDIT_ARCH_X86_64 };
	uint32_t got, want;

	/* In all other arguments, what no rule has. */
	for (unsigned i = 0; i < 6; i++)
		d.args[i] = i == arg ? value : 0x5a5a5a5a5a5a5a5a;
	got = run(p, &d);
	want = expected(role, &d);
	if (got != want)
		fprintf(stderr, "role %u: nr %u, argument %u = %#llx\n", role,
			nr, arg, (unsigned long long)value);
	CHECK_EQ(got, want);
}

static void all_values(const struct program *p, unsigned role, uint32_t nr)
{
	for (unsigned arg = 0; arg < 6; arg++) {
		same(p, role, nr, arg, 0);
		same(p, role, nr, arg, UINT64_MAX);
		same(p, role, nr, arg, (uint64_t)getpid());
		same(p, role, nr, arg, (uint64_t)getpid() | 1ULL << 32);
		for (size_t i = 0; i < NARGS; i++) {
			uint64_t v = arg_table[i].value;

			same(p, role, nr, arg, v);
			for (unsigned bit = 0; bit < 64; bit++)
				same(p, role, nr, arg, v ^ 1ULL << bit);
		}
	}
}

static void one_role(unsigned role)
{
	static struct program p;
	struct seccomp_data d = { .nr = SYS_read, .arch = AUDIT_ARCH_I386 };

	emit_filter(&p, role);
	printf("role %u: %u instructions\n", role, p.n);
	CHECK_EQ(run(&p, &d), SECCOMP_RET_KILL_PROCESS);
	for (uint32_t nr = 0; nr < 700; nr++) {
		same(&p, role, nr, 0, 0);
		same(&p, role, nr | 0x40000000, 0, 0); /* x32's */
	}
	same(&p, role, UINT32_MAX, 0, 0);
	same(&p, role, INT32_MAX, 0, 0);
	for (size_t i = 0; i < NARGS; i++)
		if (!i || arg_table[i].nr != arg_table[i - 1].nr)
			all_values(&p, role, arg_table[i].nr);
	all_values(&p, role, SYS_tgkill);
	all_values(&p, role, SYS_clone3);
}

/* What is on the list goes on, what is not ends the process. */
static int by_the_kernel(enum jail_role role, long nr)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		struct err e;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    jail_thread(role, &e) < 0)
			_exit(1);
		(void)syscall(nr, 0, 0);
		_exit(0);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return status;
}

int main(void)
{
	static const enum jail_role role[] = { JAIL_LOOP, JAIL_VCPU,
					       JAIL_QEMU };

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		one_role(roles[i]);
		CHECK_EQ(by_the_kernel(role[i], SYS_gettid), 0);
		CHECK_EQ(by_the_kernel(role[i], SYS_clone3), 0);
		CHECK_EQ(WTERMSIG(by_the_kernel(role[i], SYS_getppid)), SIGSYS);
		CHECK_EQ(WTERMSIG(by_the_kernel(role[i], SYS_tgkill)), SIGSYS);
	}
	return check_done("jail_filter");
}
