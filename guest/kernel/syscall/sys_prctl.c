/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_prctl.c: prctl, arch_prctl, personality.
 */
#include <string.h>

#include "guest/kernel/task/internal.h"
#include "sys_seccomp.h"
#include "syscall_proto.h"

enum {
	PR_SET_PDEATHSIG = 1,
	PR_GET_PDEATHSIG,
	PR_GET_DUMPABLE,
	PR_SET_DUMPABLE,
	PR_GET_KEEPCAPS = 7,
	PR_SET_KEEPCAPS,
	PR_GET_TIMING = 13,
	PR_SET_TIMING,
	PR_SET_NAME = 15,
	PR_GET_NAME,
	PR_GET_SECCOMP = 21,
	PR_SET_SECCOMP,
	PR_CAPBSET_READ,
	PR_CAPBSET_DROP,
	PR_GET_TSC,
	PR_SET_TSC,
	PR_GET_SECUREBITS,
	PR_SET_SECUREBITS,
	PR_SET_TIMERSLACK,
	PR_GET_TIMERSLACK,
	PR_MCE_KILL = 33,
	PR_MCE_KILL_GET,
	PR_SET_CHILD_SUBREAPER = 36,
	PR_GET_CHILD_SUBREAPER,
	PR_SET_NO_NEW_PRIVS,
	PR_GET_NO_NEW_PRIVS,
	PR_GET_TID_ADDRESS,
	PR_SET_THP_DISABLE,
	PR_GET_THP_DISABLE,
	PR_CAP_AMBIENT = 47,
};
enum {
	AMBIENT_IS_SET = 1,
	AMBIENT_RAISE,
	AMBIENT_LOWER,
	AMBIENT_CLEAR_ALL,
};
#define SECBITS_ALL        0xffU
#define SECBITS_LOCKS      0xaaU
#define SECBIT_NO_AMBIENT  64U
#define SECBIT_KEEP_CAPS   16U
#define SECBIT_KEEP_LOCKED 32U
#define TASK_COMM_LEN      16
#define PERSONALITY_KNOWN  0xfff0000U /* flags; the base must be PER_LINUX */

/* A changed copy of the credentials, by one of these. */
static int change(int (*fn)(struct cred *c, uint64_t arg), uint64_t arg)
{
	struct cred *c;
	int ret = cred_copy(current->cred, &c);

	if (ret)
		return ret;
	ret = fn(c, arg);
	if (ret)
		cred_put(c);
	else
		task_set_cred(c);
	return ret;
}

static int drop_bset(struct cred *c, uint64_t cap)
{
	c->cap_bset &= ~(1UL << cap);
	return 0;
}

static int set_keepcaps(struct cred *c, uint64_t on)
{
	if (c->securebits & SECBIT_KEEP_LOCKED)
		return -EPERM;
	c->securebits &= ~SECBIT_KEEP_CAPS;
	c->securebits |= on ? SECBIT_KEEP_CAPS : 0;
	return 0;
}

static int set_securebits(struct cred *c, uint64_t bits)
{
	uint32_t old = c->securebits, locked = (old & SECBITS_LOCKS) >> 1;

	if (bits & ~(uint64_t)SECBITS_ALL || (old ^ bits) & locked ||
	    old & SECBITS_LOCKS & ~bits || !capable(CAP_SETPCAP))
		return -EPERM;
	c->securebits = (uint32_t)bits;
	return 0;
}

static int raise_ambient(struct cred *c, uint64_t cap)
{
	uint64_t bit = 1UL << cap;

	if (!(c->cap_perm & c->cap_inh & bit) ||
	    c->securebits & SECBIT_NO_AMBIENT)
		return -EPERM;
	c->cap_amb |= bit;
	return 0;
}

static int lower_ambient(struct cred *c, uint64_t cap)
{
	c->cap_amb &= ~(1UL << cap);
	return 0;
}

static int clear_ambient(struct cred *c, uint64_t unused)
{
	(void)unused;
	c->cap_amb = 0;
	return 0;
}

static long ambient(long op, long cap, long arg4, long arg5)
{
	if (arg4 || arg5)
		return -EINVAL;
	if (op == AMBIENT_CLEAR_ALL)
		return cap ? -EINVAL : change(clear_ambient, 0);
	if (cap < 0 || cap > CAP_LAST_CAP)
		return -EINVAL;
	switch (op) {
	case AMBIENT_IS_SET:
		return current->cred->cap_amb >> cap & 1;
	case AMBIENT_RAISE:
		return change(raise_ambient, (uint64_t)cap);
	case AMBIENT_LOWER:
		return change(lower_ambient, (uint64_t)cap);
	default:
		return -EINVAL;
	}
}

static long put_int(long at, int v)
{
	return copy_to_user(UADDR(at), &v, sizeof(v));
}

static long set_name(long at)
{
	char name[TASK_COMM_LEN];
	ssize_t n = strncpy_from_user(name, UADDR(at), sizeof(name));

	if (n < 0 && n != -ENAMETOOLONG)
		return n;
	name[TASK_COMM_LEN - 1] = '\0';
	strlcpy(current->comm, name, sizeof(current->comm));
	return 0;
}

static long get_name(long at)
{
	char name[TASK_COMM_LEN] = { 0 };

	strlcpy(name, current->comm, sizeof(name));
	return copy_to_user(UADDR(at), name, sizeof(name));
}

static long caps_option(int option, long arg)
{
	const struct cred *c = current->cred;

	switch (option) {
	case PR_GET_KEEPCAPS:
		return !!(c->securebits & SECBIT_KEEP_CAPS);
	case PR_SET_KEEPCAPS:
		return arg < 0 || arg > 1 ? -EINVAL
					  : change(set_keepcaps, (uint64_t)arg);
	case PR_GET_SECUREBITS:
		return c->securebits;
	case PR_SET_SECUREBITS:
		return change(set_securebits, (uint64_t)arg);
	case PR_CAPBSET_READ:
		if (arg < 0 || arg > CAP_LAST_CAP)
			return -EINVAL;
		return (long)(c->cap_bset >> arg & 1);
	default: /* PR_CAPBSET_DROP */
		if (!capable(CAP_SETPCAP))
			return -EPERM;
		return arg < 0 || arg > CAP_LAST_CAP
			       ? -EINVAL
			       : change(drop_bset, (uint64_t)arg);
	}
}

static long process_option(int option, long arg)
{
	struct process *p = current->proc;

	switch (option) {
	case PR_SET_DUMPABLE:
		if (arg != 0 && arg != 1)
			return -EINVAL;
		p->dumpable = arg;
		return 0;
	case PR_GET_DUMPABLE:
		return p->dumpable;
	case PR_SET_CHILD_SUBREAPER:
		p->is_subreaper = arg;
		return 0;
	default: /* PR_GET_CHILD_SUBREAPER */
		return put_int(arg, p->is_subreaper);
	}
}

#define PR_TSC_ENABLE  1
#define PR_MCE_DEFAULT 2

/* What to do about memory that fails: kept for a machine that reports it. */
static long mce_kill(long clear_or_set, long policy)
{
	if (clear_or_set == 0 && !policy) {
		current->mce_kill = 0;
		return 0;
	}
	if (clear_or_set != 1 || policy < 0 || policy > PR_MCE_DEFAULT)
		return -EINVAL;
	current->mce_kill =
		policy == PR_MCE_DEFAULT ? 0 : (uint8_t)(policy + 1);
	return 0;
}

/* Of the machine: what there is only one of can be asked for, and kept. */
static long machine_option(int option, long arg2, long arg3, bool rest)
{
	uint64_t tid_at = current->clear_tid.v;

	switch (option) {
	case PR_GET_TSC:
		return put_int(arg2, PR_TSC_ENABLE);
	case PR_SET_TSC:
		return arg2 == PR_TSC_ENABLE ? 0 : -EINVAL;
	case PR_GET_TIMING:
		return 0; /* statistical */
	case PR_SET_TIMING:
		return arg2 ? -EINVAL : 0;
	case PR_MCE_KILL:
		return rest ? -EINVAL : mce_kill(arg2, arg3);
	case PR_MCE_KILL_GET:
		if (arg2 || arg3 || rest)
			return -EINVAL;
		return current->mce_kill ? current->mce_kill - 1
					 : PR_MCE_DEFAULT;
	case PR_SET_THP_DISABLE:
		if (arg3 || rest)
			return -EINVAL;
		current->mm->thp_disable = arg2;
		return 0;
	case PR_GET_THP_DISABLE:
		if (arg2 || arg3 || rest)
			return -EINVAL;
		return current->mm->thp_disable;
	default: /* PR_GET_TID_ADDRESS */
		return copy_to_user(UADDR((uint64_t)arg2), &tid_at,
				    sizeof(tid_at));
	}
}

long sys_prctl(int option, long arg2, long arg3, long arg4, long arg5)
{
	struct task *t = current;

	switch (option) {
	case PR_SET_PDEATHSIG:
		if (arg2 < 0 || arg2 > NSIG)
			return -EINVAL;
		t->pdeath_signal = (int)arg2;
		return 0;
	case PR_GET_PDEATHSIG:
		return put_int(arg2, t->pdeath_signal);
	case PR_SET_NAME:
		return set_name(arg2);
	case PR_GET_NAME:
		return get_name(arg2);
	case PR_GET_KEEPCAPS:
	case PR_SET_KEEPCAPS:
	case PR_GET_SECUREBITS:
	case PR_SET_SECUREBITS:
	case PR_CAPBSET_READ:
	case PR_CAPBSET_DROP:
		return caps_option(option, arg2);
	case PR_CAP_AMBIENT:
		return ambient(arg2, arg3, arg4, arg5);
	case PR_SET_DUMPABLE:
	case PR_GET_DUMPABLE:
	case PR_SET_CHILD_SUBREAPER:
	case PR_GET_CHILD_SUBREAPER:
		return process_option(option, arg2);
	case PR_GET_SECCOMP:
		return t->seccomp_mode;
	case PR_SET_SECCOMP:
		return seccomp_prctl((unsigned long)arg2,
				     UADDR((uint64_t)arg3));
	case PR_SET_TIMERSLACK:
		t->timer_slack = arg2 > 0 ? (uint64_t)arg2 : 50000;
		return 0;
	case PR_GET_TIMERSLACK:
		return (long)t->timer_slack;
	case PR_SET_NO_NEW_PRIVS:
		if (arg2 != 1 || arg3 || arg4 || arg5)
			return -EINVAL;
		t->no_new_privs = true;
		return 0;
	case PR_GET_TSC:
	case PR_SET_TSC:
	case PR_GET_TIMING:
	case PR_SET_TIMING:
	case PR_MCE_KILL:
	case PR_MCE_KILL_GET:
	case PR_SET_THP_DISABLE:
	case PR_GET_THP_DISABLE:
	case PR_GET_TID_ADDRESS:
		return machine_option(option, arg2, arg3, arg4 || arg5);
	case PR_GET_NO_NEW_PRIVS:
		return arg2 || arg3 || arg4 || arg5 ? -EINVAL : t->no_new_privs;
	default:
		return -EINVAL;
	}
}

long sys_arch_prctl(int option, uaddr_t arg2)
{
	return arch_prctl(option, arg2);
}

/* Of the flags, ADDR_NO_RANDOMIZE is the one that changes anything. */
long sys_personality(unsigned int persona)
{
	unsigned old = current->personality;

	if (persona == UINT32_MAX)
		return old;
	if (persona & ~PERSONALITY_KNOWN)
		return -EINVAL;
	current->personality = persona;
	return old;
}
