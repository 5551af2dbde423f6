/* SPDX-License-Identifier: Apache-2.0 */
/* sys_seccomp.c: seccomp(2), and prctl's way to the same. */
#include "sys_seccomp.h"

#include "guest/kernel/task/seccomp.h"
#include "syscall_proto.h"

enum { SET_STRICT, SET_FILTER, GET_ACTION_AVAIL, GET_NOTIF_SIZES };
#define FLAG_TSYNC       1U
#define FLAG_LOG         2U
#define FLAG_SPEC_ALLOW  4U /* no mitigation is switched by filters here */
#define FLAG_TSYNC_ESRCH 16U
#define FLAGS_KNOWN      (FLAG_TSYNC | FLAG_LOG | FLAG_SPEC_ALLOW | FLAG_TSYNC_ESRCH)

struct lx_fprog {
	uint16_t len, pad[3];
	uint64_t insns;
};

static long set_filter(unsigned flags, uaddr_t uprog)
{
	struct seccomp_filter *f;
	struct lx_fprog prog;
	int ret;

	if (flags & ~FLAGS_KNOWN)
		return -EINVAL;
	if (copy_from_user(&prog, uprog, sizeof(prog)))
		return -EFAULT;
	if (!prog.len || prog.len > 4096)
		return -EINVAL;
	if (!current->no_new_privs && !capable(CAP_SYS_ADMIN))
		return -EACCES;
	ret = seccomp_filter_new(UADDR(prog.insns), prog.len, flags & FLAG_LOG,
				 &f);
	if (ret)
		return ret;
	ret = seccomp_install(f, flags & FLAG_TSYNC);
	if (ret)
		seccomp_put(f);
	return ret > 0 && flags & FLAG_TSYNC_ESRCH ? -ESRCH : ret;
}

static long action_avail(unsigned flags, uaddr_t at)
{
	uint32_t action;

	if (flags)
		return -EINVAL;
	if (copy_from_user(&action, at, sizeof(action)))
		return -EFAULT;
	switch (action) {
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_ERRNO:
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_ALLOW:
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

long sys_seccomp(unsigned int op, unsigned int flags, uaddr_t args)
{
	switch (op) {
	case SET_STRICT:
		return flags || args.v ? -EINVAL : seccomp_strict();
	case SET_FILTER:
		return set_filter(flags, args);
	case GET_ACTION_AVAIL:
		return action_avail(flags, args);
	default: /* GET_NOTIF_SIZES: nobody is notified */
		return -EINVAL;
	}
}

long seccomp_prctl(unsigned long mode, uaddr_t prog)
{
	if (mode == SECCOMP_MODE_STRICT)
		return seccomp_strict();
	return mode == SECCOMP_MODE_FILTER ? set_filter(0, prog) : -EINVAL;
}
