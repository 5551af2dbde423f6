/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_cred.c: users, groups, capabilities (credentials(7), capabilities(7)).
 *
 * There is one user namespace; an id of -1 means "leave it".  set*id changes
 * the calling thread, as Linux does; libc keeps threads alike.
 */
#include <stdlib.h>
#include <string.h>

#include "guest/kernel/task/internal.h"
#include "syscall_proto.h"

#define KEEP                   UINT32_MAX
#define SECBIT_NO_SETUID_FIXUP 4U
#define SECBIT_KEEP_CAPS       16U
#define FILE_CAPS                                                              \
	(1UL << CAP_CHOWN | 1UL << CAP_DAC_OVERRIDE |                          \
	 1UL << CAP_DAC_READ_SEARCH | 1UL << CAP_FOWNER | 1UL << CAP_FSETID |  \
	 1UL << CAP_LINUX_IMMUTABLE | 1UL << CAP_MKNOD |                       \
	 1UL << CAP_MAC_OVERRIDE)
#define CAP_V1 0x19980330U
#define CAP_V2 0x20071026U
#define CAP_V3 0x20080522U

long sys_getuid(void)
{
	return current->cred->uid;
}

long sys_geteuid(void)
{
	return current->cred->euid;
}

long sys_getgid(void)
{
	return current->cred->gid;
}

long sys_getegid(void)
{
	return current->cred->egid;
}

/* capabilities(7), "Effect of user ID changes on capabilities". */
static void fix_caps(const struct cred *old, struct cred *c)
{
	bool had_root = !old->uid || !old->euid || !old->suid;
	bool has_root = !c->uid || !c->euid || !c->suid;

	if (c->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (had_root && !has_root) {
		if (!(c->securebits & SECBIT_KEEP_CAPS)) {
			c->cap_perm = 0;
			c->cap_eff = 0;
		}
		c->cap_amb = 0;
	}
	if (!old->euid && c->euid)
		c->cap_eff = 0;
	if (old->euid && !c->euid)
		c->cap_eff = c->cap_perm;
}

static long commit(struct cred *c)
{
	const struct cred *old = current->cred;

	if (c->euid != old->euid || c->egid != old->egid ||
	    c->fsuid != old->fsuid || c->fsgid != old->fsgid) {
		current->proc->dumpable = false;
		current->pdeath_signal = 0;
	}
	fix_caps(old, c);
	task_set_cred(c);
	return 0;
}

static bool is_mine(const struct cred *c, uint32_t uid, bool saved)
{
	return uid == c->uid || uid == c->euid || (saved && uid == c->suid);
}

static bool is_my_group(const struct cred *c, uint32_t gid, bool saved)
{
	return gid == c->gid || gid == c->egid || (saved && gid == c->sgid);
}

long sys_setuid(unsigned int uid)
{
	const struct cred *old = current->cred;
	struct cred *c;
	int ret;

	if (uid == KEEP)
		return -EINVAL;
	if (!capable(CAP_SETUID) && uid != old->uid && uid != old->suid)
		return -EPERM;
	ret = cred_copy(old, &c);
	if (ret)
		return ret;
	if (capable(CAP_SETUID))
		c->uid = c->suid = uid;
	c->euid = c->fsuid = uid;
	return commit(c);
}

long sys_setgid(unsigned int gid)
{
	const struct cred *old = current->cred;
	struct cred *c;
	int ret;

	if (gid == KEEP)
		return -EINVAL;
	if (!capable(CAP_SETGID) && gid != old->gid && gid != old->sgid)
		return -EPERM;
	ret = cred_copy(old, &c);
	if (ret)
		return ret;
	if (capable(CAP_SETGID))
		c->gid = c->sgid = gid;
	c->egid = c->fsgid = gid;
	return commit(c);
}

long sys_setreuid(unsigned int ruid, unsigned int euid)
{
	const struct cred *old = current->cred;
	bool may = capable(CAP_SETUID);
	struct cred *c;
	int ret;

	if (!may && ((ruid != KEEP && !is_mine(old, ruid, false)) ||
		     (euid != KEEP && !is_mine(old, euid, true))))
		return -EPERM;
	ret = cred_copy(old, &c);
	if (ret)
		return ret;
	if (ruid != KEEP)
		c->uid = ruid;
	if (euid != KEEP)
		c->euid = euid;
	if (ruid != KEEP || (euid != KEEP && euid != old->uid))
		c->suid = c->euid;
	c->fsuid = c->euid;
	return commit(c);
}

long sys_setregid(unsigned int rgid, unsigned int egid)
{
	const struct cred *old = current->cred;
	bool may = capable(CAP_SETGID);
	struct cred *c;
	int ret;

	if (!may && ((rgid != KEEP && !is_my_group(old, rgid, false)) ||
		     (egid != KEEP && !is_my_group(old, egid, true))))
		return -EPERM;
	ret = cred_copy(old, &c);
	if (ret)
		return ret;
	if (rgid != KEEP)
		c->gid = rgid;
	if (egid != KEEP)
		c->egid = egid;
	if (rgid != KEEP || (egid != KEEP && egid != old->gid))
		c->sgid = c->egid;
	c->fsgid = c->egid;
	return commit(c);
}

long sys_setresuid(unsigned int ruid, unsigned int euid, unsigned int suid)
{
	const struct cred *old = current->cred;
	struct cred *c;
	int ret;

	if (!capable(CAP_SETUID) &&
	    ((ruid != KEEP && !is_mine(old, ruid, true)) ||
	     (euid != KEEP && !is_mine(old, euid, true)) ||
	     (suid != KEEP && !is_mine(old, suid, true))))
		return -EPERM;
	ret = cred_copy(old, &c);
	if (ret)
		return ret;
	if (ruid != KEEP)
		c->uid = ruid;
	if (euid != KEEP)
		c->euid = euid;
	if (suid != KEEP)
		c->suid = suid;
	c->fsuid = c->euid;
	return commit(c);
}

long sys_setresgid(unsigned int rgid, unsigned int egid, unsigned int sgid)
{
	const struct cred *old = current->cred;
	struct cred *c;
	int ret;

	if (!capable(CAP_SETGID) &&
	    ((rgid != KEEP && !is_my_group(old, rgid, true)) ||
	     (egid != KEEP && !is_my_group(old, egid, true)) ||
	     (sgid != KEEP && !is_my_group(old, sgid, true))))
		return -EPERM;
	ret = cred_copy(old, &c);
	if (ret)
		return ret;
	if (rgid != KEEP)
		c->gid = rgid;
	if (egid != KEEP)
		c->egid = egid;
	if (sgid != KEEP)
		c->sgid = sgid;
	c->fsgid = c->egid;
	return commit(c);
}

static long put_three(const uint32_t v[3], uaddr_t a, uaddr_t b, uaddr_t c)
{
	if (copy_to_user(a, &v[0], 4) || copy_to_user(b, &v[1], 4) ||
	    copy_to_user(c, &v[2], 4))
		return -EFAULT;
	return 0;
}

long sys_getresuid(uaddr_t ruid, uaddr_t euid, uaddr_t suid)
{
	const struct cred *c = current->cred;
	const uint32_t v[3] = { c->uid, c->euid, c->suid };

	return put_three(v, ruid, euid, suid);
}

long sys_getresgid(uaddr_t rgid, uaddr_t egid, uaddr_t sgid)
{
	const struct cred *c = current->cred;
	const uint32_t v[3] = { c->gid, c->egid, c->sgid };

	return put_three(v, rgid, egid, sgid);
}

/* capabilities(7): those that are of files follow the file system's user. */
static void fix_file_caps(const struct cred *old, struct cred *c)
{
	if (c->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (!old->fsuid && c->fsuid)
		c->cap_eff &= ~FILE_CAPS;
	if (old->fsuid && !c->fsuid)
		c->cap_eff |= c->cap_perm & FILE_CAPS;
}

/* Both return the old id, changed or not. */
long sys_setfsuid(unsigned int uid)
{
	const struct cred *old = current->cred;
	uint32_t was = old->fsuid;
	struct cred *c;

	if (uid == KEEP || uid == was ||
	    (!capable(CAP_SETUID) && !is_mine(old, uid, true)) ||
	    cred_copy(old, &c))
		return was;
	c->fsuid = uid;
	fix_file_caps(old, c);
	(void)commit(c);
	return was;
}

long sys_setfsgid(unsigned int gid)
{
	const struct cred *old = current->cred;
	uint32_t was = old->fsgid;
	struct cred *c;

	if (gid == KEEP || gid == was ||
	    (!capable(CAP_SETGID) && !is_my_group(old, gid, true)) ||
	    cred_copy(old, &c))
		return was;
	c->fsgid = gid;
	(void)commit(c);
	return was;
}

long sys_getgroups(int size, uaddr_t list)
{
	const struct cred *c = current->cred;

	if (size < 0)
		return -EINVAL;
	if (!size)
		return c->ngroups;
	if ((uint32_t)size < c->ngroups)
		return -EINVAL;
	if (c->ngroups &&
	    copy_to_user(list, c->groups, c->ngroups * sizeof(uint32_t)))
		return -EFAULT;
	return c->ngroups;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

long sys_setgroups(int size, uaddr_t list)
{
	uint32_t *groups = NULL;
	struct cred *c;
	int ret;

	if (!capable(CAP_SETGID))
		return -EPERM;
	if (size < 0 || size > NGROUPS_MAX)
		return -EINVAL;
	if (size) {
		groups = kmalloc((size_t)size * sizeof(*groups));
		if (!groups)
			return -ENOMEM;
		if (copy_from_user(groups, list,
				   (size_t)size * sizeof(*groups))) {
			kfree(groups);
			return -EFAULT;
		}
		qsort(groups, (size_t)size, sizeof(*groups), by_number);
	}
	ret = cred_copy(current->cred, &c);
	if (ret) {
		kfree(groups);
		return ret;
	}
	kfree(c->groups);
	c->groups = groups;
	c->ngroups = (uint32_t)size;
	task_set_cred(c);
	return 0;
}

/* ---- capabilities ---- */

struct lx_cap_header {
	uint32_t version;
	int32_t pid;
};
struct lx_cap_data {
	uint32_t eff, perm, inh;
};

/* Words of a set in this version; -EINVAL: it is unknown, and the one that is
 * known has been told. */
static int read_header(uaddr_t hdr, struct lx_cap_header *h, unsigned *words)
{
	if (copy_from_user(h, hdr, sizeof(*h)))
		return -EFAULT;
	*words = h->version == CAP_V1 ? 1 : 2;
	if (h->version == CAP_V1 || h->version == CAP_V2 ||
	    h->version == CAP_V3)
		return 0;
	h->version = CAP_V3;
	if (copy_to_user(hdr, h, sizeof(*h)))
		return -EFAULT;
	return -EINVAL;
}

long sys_capget(uaddr_t hdr, uaddr_t data)
{
	struct lx_cap_data d[2];
	struct lx_cap_header h;
	struct cred *c;
	struct task *t;
	unsigned words;
	int ret = read_header(hdr, &h, &words);

	if (!data.v)
		return ret == -EINVAL ? 0 : ret; /* the version was asked for */
	if (!ret && h.pid < 0)
		ret = -EINVAL;
	if (ret)
		return ret;
	t = task_find(h.pid ? h.pid : current->tid);
	if (!t || !t->proc) {
		if (t)
			task_put(t);
		return -ESRCH;
	}
	c = task_cred_get(t);
	for (unsigned i = 0; i < 2; i++) {
		d[i].eff = (uint32_t)(c->cap_eff >> (32 * i));
		d[i].perm = (uint32_t)(c->cap_perm >> (32 * i));
		d[i].inh = (uint32_t)(c->cap_inh >> (32 * i));
	}
	cred_put(c);
	task_put(t);
	return copy_to_user(data, d, words * sizeof(d[0]));
}

long sys_capset(uaddr_t hdr, uaddr_t data)
{
	const uint64_t all = (1UL << (CAP_LAST_CAP + 1)) - 1;
	const struct cred *old = current->cred;
	struct lx_cap_data d[2] = { 0 };
	uint64_t eff, perm, inh;
	struct lx_cap_header h;
	struct cred *c;
	unsigned words;
	int ret = read_header(hdr, &h, &words);

	if (ret)
		return ret;
	if (h.pid && h.pid != current->tid)
		return -EPERM;
	if (copy_from_user(d, data, words * sizeof(d[0])))
		return -EFAULT;
	eff = (d[0].eff | (uint64_t)d[1].eff << 32) & all;
	perm = (d[0].perm | (uint64_t)d[1].perm << 32) & all;
	inh = (d[0].inh | (uint64_t)d[1].inh << 32) & all;
	if (perm & ~old->cap_perm || eff & ~perm)
		return -EPERM;
	if (!capable(CAP_SETPCAP) && inh & ~(old->cap_inh | old->cap_perm))
		return -EPERM;
	if (inh & ~(old->cap_inh | old->cap_bset))
		return -EPERM;
	ret = cred_copy(old, &c);
	if (ret)
		return ret;
	c->cap_eff = eff;
	c->cap_perm = perm;
	c->cap_inh = inh;
	c->cap_amb &= perm & inh;
	task_set_cred(c);
	return 0;
}
