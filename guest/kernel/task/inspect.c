/* SPDX-License-Identifier: Apache-2.0 */
/* inspect.c: who may look into whom (ptrace(2), "Ptrace access mode
 * checking"), for ptrace, /proc, pidfd_getfd, process_vm_readv and the like. */
#include "internal.h"

int task_inspect(struct task *t, enum inspect as)
{
	const struct cred *me = current->cred;
	uint64_t mine = as == INSPECT_FS ? me->cap_eff : me->cap_perm;
	struct cred *c;
	bool ok;

	if (t->proc == current->proc)
		return 0;
	if (!t->proc)
		return -EPERM;
	if (capable(CAP_SYS_PTRACE))
		return 0;
	c = task_cred_get(t);
	ok = cred_is(c, as == INSPECT_FS ? me->fsuid : me->uid,
		     as == INSPECT_FS ? me->fsgid : me->gid) &&
	     t->proc->dumpable && !(c->cap_perm & ~mine);
	cred_put(c);
	return ok ? 0 : -EPERM;
}
