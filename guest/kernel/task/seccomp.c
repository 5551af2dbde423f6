/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.c: seccomp(2): filters in classic BPF over a system call's number,
 * arguments and instruction pointer.
 *
 * A filter is immutable and refers to the one installed before it; a task has
 * the youngest, and all of a chain are asked, the strictest answer counts.
 * task.sys_work sends the dispatcher here, so that a task without filters pays
 * one test for this and everything else of its kind.
 */
#include "seccomp.h"

#include <string.h>

#include "kuni/klog.h"

#define INSNS_MAX      4096
#define PATH_INSNS_MAX 32768
#define SCRATCH_WORDS  16
#define DATA_SIZE      64

#define ACTION_MASK 0xffff0000U
#define DATA_MASK   0xffffU
#define ARCH_X86_64 0xc000003eU
#define SYS_SECCOMP 1

struct bpf_insn {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};
struct seccomp_filter {
	uint32_t ref;                /* [a] tasks, and filters after it */
	struct seccomp_filter *prev; /* [I] reference */
	unsigned len, path;          /* [I] instructions; with all before */
	bool log;                    /* [I] */
	struct bpf_insn insn[];      /* [I] */
};

/* What a filter sees: Linux's struct seccomp_data. */
struct seccomp_data {
	int32_t nr;
	uint32_t arch;
	uint64_t ip, args[6];
};
_Static_assert(sizeof(struct seccomp_data) == DATA_SIZE, "Linux's");

void seccomp_get(struct seccomp_filter *f)
{
	if (f)
		__atomic_fetch_add(&f->ref, 1, __ATOMIC_RELAXED);
}

void seccomp_put(struct seccomp_filter *f)
{
	while (f && !__atomic_sub_fetch(&f->ref, 1, __ATOMIC_ACQ_REL)) {
		struct seccomp_filter *prev = f->prev;

		kfree(f);
		f = prev;
	}
}

/* ---- instructions ---- */

enum {
	LD_IMM = 0x00,
	LDX_IMM = 0x01,
	LD_ABS = 0x20,
	LD_MEM = 0x60,
	LDX_MEM = 0x61,
	LD_LEN = 0x80,
	LDX_LEN = 0x81,
	ST = 0x02,
	STX = 0x03,
	JA = 0x05,
	JEQ = 0x15,
	JGT = 0x25,
	JGE = 0x35,
	JSET = 0x45,
	RET_K = 0x06,
	RET_A = 0x16,
	TAX = 0x07,
	TXA = 0x87,
	NEG = 0x84,
	FROM_X = 0x08, /* or'ed to jumps and arithmetic */
};
enum { ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, XOR = 10 };
#define CLASS_ALU 0x04
#define ALU_OP(c) ((c) >> 4)

static bool alu_ok(const struct bpf_insn *i)
{
	unsigned op = ALU_OP(i->code);
	bool x = i->code & FROM_X;

	if (i->code == NEG)
		return true;
	if (op > RSH && op != XOR)
		return false;
	if (!x && op == DIV && !i->k)
		return false;
	return x || (op != LSH && op != RSH) || i->k < 32;
}

static bool jump_ok(const struct bpf_insn *i, unsigned left)
{
	return i->jt < left && i->jf < left;
}

/* left: instructions behind this one. */
static bool insn_ok(const struct bpf_insn *i, unsigned left)
{
	switch (i->code) {
	case LD_ABS:
		return !(i->k & 3) && i->k < DATA_SIZE;
	case LD_LEN:
	case LDX_LEN:
	case LD_IMM:
	case LDX_IMM:
	case TAX:
	case TXA:
	case RET_K:
	case RET_A:
		return true;
	case LD_MEM:
	case LDX_MEM:
	case ST:
	case STX:
		return i->k < SCRATCH_WORDS;
	case JA:
		return i->k < left;
	default:
		break;
	}
	if ((i->code & 7) == CLASS_ALU)
		return i->code < 0x100 && alu_ok(i);
	switch (i->code & ~FROM_X) {
	case JEQ:
	case JGT:
	case JGE:
	case JSET:
		return jump_ok(i, left);
	default:
		return false;
	}
}

static bool program_ok(const struct bpf_insn *insn, unsigned n)
{
	uint16_t last = insn[n - 1].code;

	for (unsigned i = 0; i < n; i++)
		if (!insn_ok(&insn[i], n - i - 1))
			return false;
	return last == RET_K || last == RET_A;
}

static uint32_t alu(unsigned op, uint32_t a, uint32_t v)
{
	switch (op) {
	case ADD:
		return a + v;
	case SUB:
		return a - v;
	case MUL:
		return a * v;
	case DIV:
		return v ? a / v : 0;
	case OR:
		return a | v;
	case AND:
		return a & v;
	case LSH:
		return a << (v & 31);
	case RSH:
		return a >> (v & 31);
	default:
		return a ^ v;
	}
}

static bool jumps(unsigned code, uint32_t a, uint32_t v)
{
	switch (code & ~(unsigned)FROM_X) {
	case JEQ:
		return a == v;
	case JGT:
		return a > v;
	case JGE:
		return a >= v;
	default:
		return a & v;
	}
}

struct machine {
	uint32_t a, x, mem[SCRATCH_WORDS];
};

/* Loads and stores; everything here was checked when it was installed. */
static void move(struct machine *m, const struct bpf_insn *i, const void *data)
{
	switch (i->code) {
	case LD_ABS:
		memcpy(&m->a, (const char *)data + i->k, sizeof(m->a));
		break;
	case LD_IMM:
		m->a = i->k;
		break;
	case LDX_IMM:
		m->x = i->k;
		break;
	case LD_LEN:
		m->a = DATA_SIZE;
		break;
	case LDX_LEN:
		m->x = DATA_SIZE;
		break;
	case LD_MEM:
		m->a = m->mem[i->k];
		break;
	case LDX_MEM:
		m->x = m->mem[i->k];
		break;
	case ST:
		m->mem[i->k] = m->a;
		break;
	case STX:
		m->mem[i->k] = m->x;
		break;
	case TAX:
		m->x = m->a;
		break;
	default: /* TXA */
		m->a = m->x;
		break;
	}
}

/* The answer of one filter. Jumps go forward, so it ends. */
static uint32_t run(const struct bpf_insn *i, const struct seccomp_data *data)
{
	struct machine m = { 0 };

	for (;; i++) {
		uint32_t v = i->code & FROM_X ? m.x : i->k;

		if (i->code == RET_K)
			return i->k;
		if (i->code == RET_A)
			return m.a;
		if (i->code == NEG)
			m.a = -m.a;
		else if ((i->code & 7) == CLASS_ALU)
			m.a = alu(ALU_OP(i->code), m.a, v);
		else if (i->code == JA)
			i += i->k;
		else if ((i->code & 7) == JA)
			i += jumps(i->code, m.a, v) ? i->jt : i->jf;
		else
			move(&m, i, data);
	}
}

/* The strictest answer of all; *by is who gave it. */
static uint32_t ask(const struct seccomp_filter *f,
		    const struct seccomp_data *data,
		    const struct seccomp_filter **by)
{
	uint32_t worst = SECCOMP_RET_ALLOW;

	for (; f; f = f->prev) {
		uint32_t got = run(f->insn, data);

		if ((int32_t)(got & ACTION_MASK) <
		    (int32_t)(worst & ACTION_MASK)) {
			worst = got;
			*by = f;
		}
	}
	return worst;
}

/* ---- at a system call ---- */

static void log_action(const struct seccomp_data *d, uint32_t action)
{
	klog(KLOG_INFO, "seccomp: tid=%d comm=%s nr=%d ip=%lx action=%x",
	     current->tid, current->comm, d->nr, (unsigned long)d->ip, action);
}

static void trap(const struct seccomp_data *d, uint32_t why)
{
	struct siginfo_k info = { .signo = SIGSYS,
				  .code = SYS_SECCOMP,
				  .err = (int32_t)why,
				  .call_addr = d->ip,
				  .syscall_nr = d->nr,
				  .arch = ARCH_X86_64 };

	arch_sys_return(current->arch.regs, d->nr); /* as if not made */
	signal_force_info(&info);
}

static _Noreturn void die(bool process)
{
	struct process *p = current->proc;

	if (process || __atomic_load_n(&p->nthreads, __ATOMIC_RELAXED) == 1)
		task_exit_group(SIGSYS);
	task_exit(SIGSYS);
}

static bool strict_allows(uint64_t nr)
{
	return nr == 0 || nr == 1 || nr == 15 || nr == 60;
}

/* Whether the call is made; if not, *ret is its result, and with *ret
 * -ERESTARTNOINTR the registers are right already. */
bool seccomp_call(struct arch_regs *r, uint64_t nr, const uint64_t arg[6],
		  long *ret)
{
	struct task *t = current;
	struct seccomp_data d = { .nr = (int32_t)nr,
				  .arch = ARCH_X86_64,
				  .ip = arch_regs_ip(r) };
	const struct seccomp_filter *by = NULL;
	uint32_t got;

	if (t->seccomp_mode == SECCOMP_MODE_STRICT) {
		if (strict_allows(nr))
			return true;
		task_exit_group(SIGKILL);
	}
	memcpy(d.args, arg, sizeof(d.args));
	got = ask(__atomic_load_n(&t->seccomp, __ATOMIC_ACQUIRE), &d, &by);
	if (got == SECCOMP_RET_ALLOW)
		return true;
	if (by && by->log && (got & ACTION_MASK) != SECCOMP_RET_ALLOW)
		log_action(&d, got);
	switch (got & ACTION_MASK) {
	case SECCOMP_RET_ALLOW:
		return true;
	case SECCOMP_RET_LOG:
		log_action(&d, got);
		return true;
	case SECCOMP_RET_ERRNO:
		*ret = -(long)min(got & DATA_MASK, 4095U);
		return false;
	case SECCOMP_RET_TRAP:
		trap(&d, got & DATA_MASK);
		*ret = (long)nr;
		return false;
	case SECCOMP_RET_TRACE:
		return ptrace_seccomp(r, got & DATA_MASK, ret);
	case SECCOMP_RET_KILL_THREAD:
		die(false);
	default: /* kill the process, and what is not known */
		die(true);
	}
}

/* ---- installing ---- */

int seccomp_filter_new(uaddr_t insns, unsigned n, bool log,
		       struct seccomp_filter **out)
{
	struct seccomp_filter *f;

	if (!n || n > INSNS_MAX)
		return -EINVAL;
	f = kmalloc(sizeof(*f) + n * sizeof(f->insn[0]));
	if (!f)
		return -ENOMEM;
	if (copy_from_user(f->insn, insns, n * sizeof(f->insn[0]))) {
		kfree(f);
		return -EFAULT;
	}
	if (!program_ok(f->insn, n)) {
		kfree(f);
		return -EINVAL;
	}
	f->ref = 1;
	f->len = n;
	f->log = log;
	*out = f;
	return 0;
}

static bool is_ancestor(const struct seccomp_filter *a,
			const struct seccomp_filter *f)
{
	while (f && f != a)
		f = f->prev;
	return f == a;
}

static void give(struct task *t, struct seccomp_filter *f)
{
	struct seccomp_filter *old = t->seccomp;

	seccomp_get(f);
	__atomic_store_n(&t->seccomp, f, __ATOMIC_RELEASE);
	t->seccomp_mode = SECCOMP_MODE_FILTER;
	__atomic_fetch_or(&t->sys_work, SYS_WORK_SECCOMP, __ATOMIC_RELEASE);
	seccomp_put(old); /* f's chain holds it, so t may still run it */
}

/* siglock held: a thread whose filters are not among current's; 0: none. */
static int out_of_step(struct process *p)
{
	struct task *t;

	TAILQ_FOREACH(t, &p->threads, thread_link)
	if (t->seccomp_mode == SECCOMP_MODE_STRICT ||
	    !is_ancestor(t->seccomp, current->seccomp))
		return t->tid;
	return 0;
}

/* current has f, too, from now on; takes f on success.  sync: all threads, or
 * the number of one that cannot. */
int seccomp_install(struct seccomp_filter *f, bool sync)
{
	struct task *me = current, *t;
	struct process *p = me->proc;
	int ret = 0;

	spin_lock(&p->siglock);
	f->path = f->len + 4 + (me->seccomp ? me->seccomp->path : 0);
	if (me->seccomp_mode == SECCOMP_MODE_STRICT)
		ret = -EINVAL;
	else if (f->path > PATH_INSNS_MAX)
		ret = -ENOMEM;
	else if (sync)
		ret = out_of_step(p);
	if (ret) {
		spin_unlock(&p->siglock);
		return ret;
	}
	f->prev = me->seccomp;
	seccomp_get(f->prev);
	TAILQ_FOREACH(t, &p->threads, thread_link)
	{
		if (t != me && !sync)
			continue;
		if (me->no_new_privs)
			t->no_new_privs = true;
		give(t, f);
	}
	spin_unlock(&p->siglock);
	seccomp_put(f); /* the tasks have it */
	return 0;
}

int seccomp_strict(void)
{
	struct task *t = current;

	if (t->seccomp_mode)
		return t->seccomp_mode == SECCOMP_MODE_STRICT ? 0 : -EINVAL;
	t->seccomp_mode = SECCOMP_MODE_STRICT;
	__atomic_fetch_or(&t->sys_work, SYS_WORK_SECCOMP, __ATOMIC_RELEASE);
	return 0;
}

/* siglock held: child t of current, which is about to be seen, has what
 * current has now. */
void seccomp_fork(struct task *t)
{
	seccomp_get(current->seccomp);
	t->seccomp = current->seccomp;
	t->seccomp_mode = current->seccomp_mode;
	if (t->seccomp_mode)
		t->sys_work |= SYS_WORK_SECCOMP;
	t->no_new_privs = current->no_new_privs;
}
