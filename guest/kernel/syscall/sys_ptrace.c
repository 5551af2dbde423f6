/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_ptrace.c: ptrace(2): requests to operations.
 *
 * PEEK requests store the word at `data`, as the system call does (libc's
 * function returns it).  Debug registers read as zero and cannot be set: no
 * hardware watchpoints.
 */
#include <string.h>

#include "guest/kernel/task/ptrace.h"
#include "syscall_proto.h"

enum {
	TRACEME,
	PEEKTEXT,
	PEEKDATA,
	PEEKUSER,
	POKETEXT,
	POKEDATA,
	POKEUSER,
	CONT,
	KILL,
	SINGLESTEP,
	GETREGS = 12,
	SETREGS,
	GETFPREGS,
	SETFPREGS,
	ATTACH,
	DETACH,
	SYSCALL = 24,
	SETOPTIONS = 0x4200,
	GETEVENTMSG,
	GETSIGINFO,
	SETSIGINFO,
	GETREGSET,
	SETREGSET,
	SEIZE,
	INTERRUPT,
	LISTEN,
	GETSIGMASK = 0x420a,
	SETSIGMASK,
	GET_SYSCALL_INFO = 0x420e,
};
#define ARCH_X86_64   0xc000003eU
#define USER_REGS     216 /* struct user: registers first */
#define USER_DEBUGREG 848
#define USER_SIZE     912
#define FXSAVE_SIZE   512
#define NT_PRSTATUS   1
#define NT_PRFPREG    2
#define NT_XSTATE     0x202

/* ---- memory and registers ---- */

static long peek(struct task *t, uint64_t addr, uaddr_t data)
{
	struct mm *m = task_mm_get(t);
	uint64_t v;
	ssize_t n = m ? mm_access_force(m, addr, &v, sizeof(v), false) : -EIO;

	if (m)
		mm_put(m);
	return n == sizeof(v) ? copy_to_user(data, &v, sizeof(v)) : -EIO;
}

static long poke(struct task *t, uint64_t addr, uint64_t v)
{
	struct mm *m = task_mm_get(t);
	ssize_t n = m ? mm_access_force(m, addr, &v, sizeof(v), true) : -EIO;

	if (m)
		mm_put(m);
	return n == sizeof(v) ? 0 : -EIO;
}

static long peek_user(struct task *t, uint64_t at, uaddr_t data)
{
	uint64_t regs[ARCH_USER_REGS], v = 0;

	if (at & 7 || at >= USER_SIZE)
		return -EIO;
	arch_user_regs_get(t, regs);
	if (at < USER_REGS)
		v = regs[at / 8];
	return copy_to_user(data, &v, sizeof(v));
}

static long poke_user(struct task *t, uint64_t at, uint64_t v)
{
	uint64_t regs[ARCH_USER_REGS];

	if (at & 7 || at >= USER_SIZE)
		return -EIO;
	if (at >= USER_DEBUGREG)
		return v ? -EIO : 0;
	if (at >= USER_REGS)
		return -EIO;
	arch_user_regs_get(t, regs);
	regs[at / 8] = v;
	return arch_user_regs_set(t, regs);
}

static long get_regs(struct task *t, uaddr_t data, size_t n)
{
	uint64_t regs[ARCH_USER_REGS];

	arch_user_regs_get(t, regs);
	return copy_to_user(data, regs, min(n, sizeof(regs)));
}

static long set_regs(struct task *t, uaddr_t data, size_t n)
{
	uint64_t regs[ARCH_USER_REGS];

	arch_user_regs_get(t, regs);
	if (copy_from_user(regs, data, min(n, sizeof(regs))))
		return -EFAULT;
	return arch_user_regs_set(t, regs);
}

/* The FPU image or its first part; n bytes at most. */
static long fpu_copy(struct task *t, uaddr_t data, size_t n, bool set)
{
	char *buf;
	long ret;

	n = min(n, (size_t)arch_fpu_image_size());
	buf = kmalloc(arch_fpu_image_size());
	if (!buf)
		return -ENOMEM;
	arch_fpu_image_get(t, buf);
	if (!set)
		ret = copy_to_user(data, buf, n);
	else if (copy_from_user(buf, data, n))
		ret = -EFAULT;
	else
		ret = arch_fpu_image_set(t, buf, n > FXSAVE_SIZE);
	kfree(buf);
	return ret;
}

static long regset(struct task *t, unsigned long type, uaddr_t uvec, bool set)
{
	struct uio_vec v;
	size_t size;
	long ret;

	if (copy_from_user(&v, uvec, sizeof(v)))
		return -EFAULT;
	size = type == NT_PRSTATUS  ? ARCH_USER_REGS * 8
	       : type == NT_PRFPREG ? FXSAVE_SIZE
	       : type == NT_XSTATE  ? arch_fpu_image_size()
				    : 0;
	if (!size || v.len % 8)
		return -EINVAL;
	v.len = min(v.len, size);
	if (type == NT_PRSTATUS)
		ret = set ? set_regs(t, UADDR(v.base), v.len)
			  : get_regs(t, UADDR(v.base), v.len);
	else
		ret = fpu_copy(t, UADDR(v.base), v.len, set);
	return ret ? ret : copy_to_user(uvec, &v, sizeof(v));
}

/* ---- what the stop is about ---- */

struct syscall_info {
	uint8_t op, pad[3];
	uint32_t arch;
	uint64_t ip, sp;
	uint64_t v[7]; /* entry: nr, arguments; exit: result, is_error */
	uint32_t ret_data;
};

static long syscall_info(struct task *t, size_t size, uaddr_t data)
{
	const struct arch_regs *r = t->arch.regs;
	struct syscall_info i = { .op = (uint8_t)t->pt->op,
				  .arch = ARCH_X86_64,
				  .ip = arch_regs_ip(r),
				  .sp = arch_regs_sp(r) };
	size_t n = 24;
	long v;

	if (t->pt->op == PT_OP_EXIT) {
		v = arch_sys_result(r);
		i.v[0] = (uint64_t)v;
		i.v[1] = v < 0 && v >= -4095;
		n = 33;
	} else if (t->pt->op != PT_OP_NONE) {
		i.v[0] = arch_sys_nr(r);
		arch_sys_args(r, &i.v[1]);
		i.ret_data = (uint32_t)t->pt->msg;
		n = t->pt->op == PT_OP_SECCOMP ? 84 : 80;
	}
	return copy_to_user(data, &i, min(n, size)) ? -EFAULT : (long)n;
}

static long siginfo(struct task *t, uaddr_t data, bool set)
{
	struct siginfo_k info;
	long ret = 0;

	if (set && copy_from_user(&info, data, sizeof(info)))
		return -EFAULT;
	spin_lock(&t->proc->siglock);
	if (t->pt->group && !t->pt->seized)
		ret = -EINVAL; /* a group stop has none */
	else if (set)
		t->pt->info = info;
	else
		info = t->pt->info;
	spin_unlock(&t->proc->siglock);
	if (ret || set)
		return ret;
	return copy_to_user(data, &info, sizeof(info));
}

static long sigmask(struct task *t, size_t size, uaddr_t data, bool set)
{
	uint64_t mask;

	if (size != sizeof(mask))
		return -EINVAL;
	if (set && copy_from_user(&mask, data, sizeof(mask)))
		return -EFAULT;
	spin_lock(&t->proc->siglock);
	if (set) {
		t->sig_mask = mask & ~SIG_KERNEL_ONLY;
		signal_recalc(t);
	} else {
		mask = t->sig_mask;
	}
	spin_unlock(&t->proc->siglock);
	return set ? 0 : copy_to_user(data, &mask, sizeof(mask));
}

static long set_options(struct task *t, uint64_t options)
{
	if (options & ~(uint64_t)PTRACE_O_KNOWN)
		return -EINVAL;
	spin_lock(&t->proc->siglock);
	t->pt->options = (unsigned)options;
	spin_unlock(&t->proc->siglock);
	return 0;
}

/* ---- requests ---- */

static long resume(struct task *t, enum ptrace_how how, uint64_t sig)
{
	if (sig > NSIG)
		return -EIO;
	ptrace_resume(t, how, (int)sig);
	return 0;
}

static long listen(struct task *t)
{
	long ret = -EIO;

	spin_lock(&t->proc->siglock);
	if (t->pt->seized && t->pt->code >> 8 == PTRACE_EVENT_STOP) {
		t->pt->listening = true;
		ret = 0;
		if (t->pt->group && !t->proc->stopped) /* continued meanwhile */
			t->pt->interrupt = true;
		(void)sched_wake_states(t, WAKE_STOPPED);
	}
	spin_unlock(&t->proc->siglock);
	return ret;
}

static long request_stopped(struct task *t, long req, uint64_t addr,
			    uaddr_t data)
{
	switch (req) {
	case PEEKTEXT:
	case PEEKDATA:
		return peek(t, addr, data);
	case POKETEXT:
	case POKEDATA:
		return poke(t, addr, data.v);
	case PEEKUSER:
		return peek_user(t, addr, data);
	case POKEUSER:
		return poke_user(t, addr, data.v);
	case GETREGS:
		return get_regs(t, data, SIZE_MAX);
	case SETREGS:
		return set_regs(t, data, SIZE_MAX);
	case GETFPREGS:
	case SETFPREGS:
		return fpu_copy(t, data, FXSAVE_SIZE, req == SETFPREGS);
	case GETREGSET:
	case SETREGSET:
		return regset(t, addr, data, req == SETREGSET);
	case GETSIGINFO:
	case SETSIGINFO:
		return siginfo(t, data, req == SETSIGINFO);
	case GETSIGMASK:
	case SETSIGMASK:
		return sigmask(t, addr, data, req == SETSIGMASK);
	case GETEVENTMSG:
		return copy_to_user(data, &t->pt->msg, sizeof(t->pt->msg));
	case GET_SYSCALL_INFO:
		return syscall_info(t, addr, data);
	case SETOPTIONS:
		return set_options(t, data.v);
	case LISTEN:
		return listen(t);
	case DETACH:
		if (data.v > NSIG)
			return -EIO;
		ptrace_detach(t, (int)data.v);
		return 0;
	case CONT:
		return resume(t, PT_CONT, data.v);
	case SYSCALL:
		return resume(t, PT_SYSCALL, data.v);
	case SINGLESTEP:
		return resume(t, PT_STEP, data.v);
	default:
		return -EIO;
	}
}

/* Those that need no stop. */
static long interrupt(struct task *t)
{
	long ret = -ESRCH;

	spin_lock(&tasklist_lock);
	if (ptraced(t) && t->pt->tracer == current) {
		ret = t->pt->seized ? 0 : -EIO;
		spin_lock(&t->proc->siglock);
		if (!ret) {
			t->pt->interrupt = true;
			t->sig_check = true;
			if (!sched_wake_states(
				    t, WAKE_SLEEP |
					       (t->pt->listening ? WAKE_STOPPED
								 : 0)))
				sched_kick(t);
		}
		spin_unlock(&t->proc->siglock);
	}
	spin_unlock(&tasklist_lock);
	return ret;
}

static long on_task(struct task *t, long req, uint64_t addr, uaddr_t data)
{
	long ret;

	switch (req) {
	case ATTACH:
		return ptrace_attach(t, false, 0);
	case SEIZE:
		if (addr || data.v & ~(uint64_t)PTRACE_O_KNOWN)
			return -EIO;
		return ptrace_attach(t, true, (unsigned)data.v);
	case INTERRUPT:
		return interrupt(t);
	case KILL:
		return ptraced(t) ? signal_send_task(t, SIGKILL, NULL) : -ESRCH;
	default:
		ret = ptrace_check(t);
		return ret ? ret : request_stopped(t, req, addr, data);
	}
}

long sys_ptrace(long req, int pid, long addr, uaddr_t data)
{
	struct task *t;
	long ret;

	if (req == TRACEME)
		return ptrace_traceme();
	t = task_find(pid);
	if (!t)
		return -ESRCH;
	ret = on_task(t, req, (uint64_t)addr, data);
	task_put(t);
	return ret;
}
