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

/* The credentials of t, which has a process; with a reference. */
struct cred *task_cred_get(struct task *t)
{
	struct cred *c;

	spin_lock(&t->proc->siglock);
	c = cred_get(t->cred);
	spin_unlock(&t->proc->siglock);
	return c;
}

/* Whether every id of c is this one. */
bool cred_is(const struct cred *c, uint32_t uid, uint32_t gid)
{
	return uid == c->euid && uid == c->suid && uid == c->uid &&
	       gid == c->egid && gid == c->sgid && gid == c->gid;
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

struct file_caps {
	uint64_t perm, inh;
	bool eff, any;
};
#define FCAPS_V2  0x02000000U
#define FCAPS_V3  0x03000000U
#define FCAPS_EFF 1U

/* The security.capability attribute (capabilities(7), versions 2 and 3). */
static int read_file_caps(struct inode *i, struct file_caps *fc)
{
	uint32_t v[6];
	ssize_t n;

	if (!i->ops->getxattr)
		return 0;
	mutex_lock(&i->lock);
	n = i->ops->getxattr(i, "security.capability", v, sizeof(v));
	mutex_unlock(&i->lock);
	if (n == -ENODATA || n == -EOPNOTSUPP)
		return 0;
	if (n < 0)
		return (int)n;
	if (!((v[0] & ~0xffffffU) == FCAPS_V2 && n == 20) &&
	    !((v[0] & ~0xffffffU) == FCAPS_V3 && n == 24))
		return -EINVAL;
	if (n == 24 && v[5])
		return 0; /* of another user namespace's root */
	fc->perm = v[1] | (uint64_t)v[3] << 32;
	fc->inh = v[2] | (uint64_t)v[4] << 32;
	fc->eff = v[0] & FCAPS_EFF;
	fc->any = true;
	return 0;
}

/* What the file adds.  A root that has all is not asked for more, so that its
 * programs cost no look at the attribute. */
static int file_caps(struct inode *i, const struct cred *c, bool may,
		     struct file_caps *fc)
{
	bool root = !(c->securebits & SECBIT_NOROOT);
	int ret = 0;

	*fc = (struct file_caps){ 0 };
	if (may && (!root || c->uid || c->euid))
		ret = read_file_caps(i, fc);
	if (ret || !root)
		return ret;
	if (!c->euid && c->uid && fc->any)
		return 0; /* set-uid root with capabilities: those alone */
	if (!c->euid || !c->uid) {
		fc->perm = fc->inh = UINT64_MAX;
		fc->eff = !c->euid;
	}
	return 0;
}

/* Set-id bits of i, then the capability sets: capabilities(7). */
int cred_exec(struct inode *i, bool nosuid, struct cred **out)
{
	const struct cred *old = current->cred;
	bool setid =
		!nosuid && !current->no_new_privs && !ptrace_unsafe(current);
	struct file_caps fc;
	struct cred *c;
	int ret = cred_copy(old, &c);

	if (ret)
		return ret;
	if (setid && i->mode & S_ISUID)
		c->euid = i->uid;
	if (setid && (i->mode & (S_ISGID | 010)) == (S_ISGID | 010))
		c->egid = i->gid;
	ret = file_caps(i, c, setid, &fc);
	c->suid = c->fsuid = c->euid;
	c->sgid = c->fsgid = c->egid;
	if (c->euid != old->euid || c->egid != old->egid || fc.any)
		c->cap_amb = 0;
	c->cap_perm = (c->cap_inh & fc.inh) | (fc.perm & c->cap_bset);
	if (fc.any && fc.eff && fc.perm & ~c->cap_perm)
		ret = -EPERM; /* it would run with less than it counts on */
	c->cap_perm |= c->cap_amb;
	c->cap_eff = fc.eff ? c->cap_perm : c->cap_amb;
	c->securebits &= ~SECBIT_KEEP_CAPS;
	if (ret)
		cred_put(c);
	else
		*out = c;
	return ret;
}
