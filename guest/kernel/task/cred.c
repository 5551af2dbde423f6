/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cred.c: credentials and what execve makes of them (credentials(7),
 * capabilities(7): "Transformation of capabilities during execve()").
 *
 * A struct cred is never changed once a task has it: a change is a copy that
 * current takes in place of the old one.  Only current's own is read without
 * a reference.
 */
#include "internal.h"

#include <string.h>

struct cred *cred_get(struct cred *c)
{
	__atomic_fetch_add(&c->ref, 1, __ATOMIC_RELAXED);
	return c;
}

void cred_put(struct cred *c)
{
	if (__atomic_sub_fetch(&c->ref, 1, __ATOMIC_ACQ_REL))
		return;
	kfree(c->groups);
	kfree(c);
}

int cred_copy(const struct cred *from, struct cred **out)
{
	struct cred *c = kmalloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	*c = *from;
	c->ref = 1;
	c->groups = NULL;
	if (from->ngroups) {
		c->groups = kmalloc(from->ngroups * sizeof(uint32_t));
		if (!c->groups) {
			kfree(c);
			return -ENOMEM;
		}
		memcpy(c->groups, from->groups,
		       from->ngroups * sizeof(uint32_t));
	}
	*out = c;
	return 0;
}

/* current has c from now on; takes the reference. */
void task_set_cred(struct cred *c)
{
	struct task *t = current;
	struct cred *old = t->cred;

	spin_lock(&t->proc->siglock);
	t->cred = c;
	spin_unlock(&t->proc->siglock);
	if (old)
		cred_put(old);
}

/* Real and saved user of p's leader. */
void process_uids(struct process *p, uint32_t *uid, uint32_t *suid)
{
	spin_lock(&p->siglock);
	*uid = p->leader && p->leader->cred ? p->leader->cred->uid : 0;
	*suid = p->leader && p->leader->cred ? p->leader->cred->suid : 0;
	spin_unlock(&p->siglock);
}

bool capable(int cap)
{
	const struct cred *c = current->cred;

	return !c || c->cap_eff >> cap & 1;
}

bool in_group(uint32_t gid)
{
	const struct cred *c = current->cred;
	uint32_t lo = 0, hi = c ? c->ngroups : 0;

	if (!c || gid == c->fsgid || gid == c->egid)
		return true;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (c->groups[mid] == gid)
			return true;
		if (c->groups[mid] < gid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

#define SECBIT_NOROOT    1U
#define SECBIT_KEEP_CAPS 16U

/* Set-id bits of i, then the capability sets.  File capabilities (the
 * security.capability attribute) are not looked at. */
int cred_exec(const struct inode *i, bool nosuid, struct cred **out)
{
	const struct cred *old = current->cred;
	bool setid = !nosuid && !current->no_new_privs, root, eff_root;
	uint64_t file_perm = 0;
	struct cred *c;
	int ret = cred_copy(old, &c);

	if (ret)
		return ret;
	if (setid && i->mode & S_ISUID)
		c->euid = i->uid;
	if (setid && (i->mode & (S_ISGID | 010)) == (S_ISGID | 010))
		c->egid = i->gid;
	c->suid = c->fsuid = c->euid;
	c->sgid = c->fsgid = c->egid;
	eff_root = c->euid == 0 && !(c->securebits & SECBIT_NOROOT);
	root = eff_root || (c->uid == 0 && !(c->securebits & SECBIT_NOROOT));
	if (c->euid != old->euid || c->egid != old->egid)
		c->cap_amb = 0;
	if (root)
		file_perm = UINT64_MAX;
	c->cap_perm = (root ? c->cap_inh : 0) | (file_perm & c->cap_bset) |
		      c->cap_amb;
	c->cap_eff = eff_root ? c->cap_perm : c->cap_amb;
	c->securebits &= ~SECBIT_KEEP_CAPS;
	*out = c;
	return 0;
}
