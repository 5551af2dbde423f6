/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scm.c: what travels beside the bytes: descriptors and credentials
 * (unix(7), cmsg(3)).
 *
 * scm_parse() reads a control buffer that the system call has copied into the
 * kernel; scm_deliver() writes one to the receiver's memory.
 */
#include "cmsg.h"
#include "unix.h"

#include <string.h>

/* ---- giving back ----
 *
 * A file that goes may be a socket with files in its queue, and so on: who
 * frees while it frees already, only adds to its own list. */

struct freeing {
	LIST_ENTRY(freeing) link;
	struct task *who;
	struct scm_files *list;
};
static LIST_HEAD(, freeing) all_freeing;
static struct spinlock freeing_lock; /* no rank; nothing is taken inside */

/* False: current is at it already, and will free f. */
static bool begin(struct freeing *me, struct scm_files *f)
{
	struct freeing *o;

	spin_lock(&freeing_lock);
	LIST_FOREACH(o, &all_freeing, link)
	if (o->who == me->who)
		break;
	if (o) {
		f->next = o->list;
		o->list = f;
	} else {
		me->list = f;
		LIST_INSERT_HEAD(&all_freeing, me, link);
	}
	spin_unlock(&freeing_lock);
	return !o;
}

static struct scm_files *next_to_free(struct freeing *me)
{
	struct scm_files *f;

	spin_lock(&freeing_lock);
	f = me->list;
	if (f)
		me->list = f->next;
	else
		LIST_REMOVE(me, link);
	spin_unlock(&freeing_lock);
	return f;
}

void scm_free(struct scm *s)
{
	struct freeing me = { .who = current };
	struct scm_files *f = s->files;

	s->files = NULL;
	if (!f || !begin(&me, f))
		return;
	while ((f = next_to_free(&me))) {
		unix_flight_end(f);
		for (unsigned n = 0; n < f->n; n++)
			file_put(f->file[n]);
		kfree(f);
	}
}

void scm_add(struct sock_msg *m, int level, int type, const void *data,
	     size_t len)
{
	struct sock_cmsg *c = &m->cmsg[m->ncmsg];

	ensure(m->ncmsg < SOCK_CMSGS && len <= sizeof(c->data));
	m->ncmsg++;
	c->level = level;
	c->type = type;
	c->len = (unsigned)len;
	memcpy(c->data, data, len);
}

/* ---- sending ---- */

static int take_files(const int32_t *fd, unsigned n, struct scm_files *f)
{
	for (unsigned k = 0; k < n; k++) {
		int32_t v;

		memcpy(&v, &fd[k], sizeof(v));
		f->file[f->n] = fd_get(v);
		if (!f->file[f->n])
			return -EBADF;
		f->n++;
	}
	return 0;
}

static bool one_of(uint32_t id, uint32_t a, uint32_t b, uint32_t c)
{
	return id == a || id == b || id == c;
}

/* Who one says one is must be true, but for the privileged. */
static int check_creds(const struct lx_ucred *u)
{
	const struct cred *c = current->cred;
	struct process *p;

	if (u->uid == UINT32_MAX || u->gid == UINT32_MAX)
		return -EINVAL;
	if ((u->pid != current->proc->pid && !capable(CAP_SYS_ADMIN)) ||
	    (!one_of(u->uid, c->uid, c->euid, c->suid) &&
	     !capable(CAP_SETUID)) ||
	    (!one_of(u->gid, c->gid, c->egid, c->sgid) && !capable(CAP_SETGID)))
		return -EPERM;
	if (u->pid == current->proc->pid)
		return 0;
	p = process_find(u->pid);
	if (!p)
		return -ESRCH;
	process_put(p);
	return 0;
}

static int take_one(struct socket *s, const struct cmsg *c, struct scm *out)
{
	int r;

	switch (c->type) {
	case SCM_RIGHTS:
		if (s->family != AF_UNIX)
			return -EINVAL;
		if (!out->files) /* none in all of it */
			return 0;
		return take_files(c->data, (unsigned)(c->len / 4), out->files);
	case SCM_CREDENTIALS:
		if (c->len != sizeof(out->creds))
			return -EINVAL;
		memcpy(&out->creds, c->data, sizeof(out->creds));
		r = check_creds(&out->creds);
		out->has_creds = !r;
		return r;
	default:
		return -EINVAL;
	}
}

/* For the protocol; AF_UNIX and AF_NETLINK have none. */
static int take_other(const struct socket *s, const struct cmsg *c,
		      struct sock_msg *m)
{
	if (s->family != AF_INET && s->family != AF_INET6)
		return 0;
	if (m->ncmsg == SOCK_CMSGS || c->len > sizeof(m->cmsg[0].data))
		return -EINVAL;
	scm_add(m, c->level, c->type, c->data, c->len);
	return 0;
}

/* Counts the descriptors of all of it first: one allocation holds them. */
static int count_files(const void *control, size_t len, size_t *n)
{
	struct cmsg_iter it = { control, len };
	struct cmsg c;
	int r;

	*n = 0;
	while ((r = cmsg_next(&it, &c)) > 0)
		if (c.level == SOL_SOCKET && c.type == SCM_RIGHTS)
			*n += c.len / 4;
	if (r)
		return r;
	return *n > SCM_MAX_FD ? -EINVAL : 0;
}

/* The control messages of control[len]: 0 with m->scm and m->cmsg filled (the caller frees
 * it in the end), EINVAL, EBADF, EPERM, ESRCH. */
int scm_parse(struct socket *s, const void *control, size_t len,
	      struct sock_msg *m)
{
	struct scm *out = &m->scm;
	struct cmsg_iter it = { control, len };
	struct cmsg c;
	size_t n;
	int r = count_files(control, len, &n);

	*out = (struct scm){ 0 };
	if (r)
		return r;
	if (n) {
		out->files = kmalloc(sizeof(*out->files) +
				     n * sizeof(struct file *));
		if (!out->files)
			return -ENOMEM;
	}
	while (!r && cmsg_next(&it, &c) > 0)
		r = c.level == SOL_SOCKET ? take_one(s, &c, out)
					  : take_other(s, &c, m);
	if (r)
		scm_free(out);
	return r;
}

/* ---- receiving ---- */

struct control_out {
	struct sock_msg *m;
	uaddr_t at;
	size_t room, used;
};

/* Room is counted as Linux counts it: the last one needs no padding. */
static void advance(struct control_out *o, size_t data)
{
	size_t n = min(CMSG_SPACE(data), o->room);

	o->at.v += n;
	o->room -= n;
	o->used += n;
}

/* One whole message; what does not fit is cut and said so. */
static void put(struct control_out *o, int level, int type, const void *data,
		size_t n)
{
	struct lx_cmsghdr h = { CMSG_LEN(n), level, type };

	if (o->room < sizeof(h)) {
		o->m->out_flags |= MSG_CTRUNC;
		return;
	}
	if (o->room < h.len) {
		o->m->out_flags |= MSG_CTRUNC;
		h.len = o->room;
	}
	if (copy_to_user(o->at, &h, sizeof(h)) ||
	    copy_to_user(UADDR(o->at.v + sizeof(h)), data, h.len - sizeof(h)))
		return;
	advance(o, h.len - sizeof(h));
}

/* As many of the files as there is room and numbers for. */
static unsigned install(struct control_out *o, struct scm_files *f,
			unsigned max)
{
	bool cloexec = o->m->flags & MSG_CMSG_CLOEXEC;
	unsigned n;

	for (n = 0; n < min(f->n, max); n++) {
		uaddr_t to = UADDR(o->at.v + CMSG_LEN(4UL * n));
		int32_t fd;

		/* the number is written last, so test the place first */
		if (clear_user(to, sizeof(fd)))
			break;
		file_get(f->file[n]);
		fd = fd_install(f->file[n], 0, cloexec);
		if (fd < 0) {
			file_put(f->file[n]);
			break;
		}
		if (copy_to_user(to, &fd, sizeof(fd))) {
			(void)fd_close(fd);
			break;
		}
	}
	return n;
}

static void put_files(struct control_out *o, struct scm_files *f)
{
	struct lx_cmsghdr h = { 0, SOL_SOCKET, SCM_RIGHTS };
	unsigned n, max = 0;

	if (o->room > sizeof(h))
		max = (unsigned)((o->room - sizeof(h)) / sizeof(int32_t));
	n = install(o, f, max);
	if (n) {
		h.len = CMSG_LEN(4UL * n);
		if (!copy_to_user(o->at, &h, sizeof(h)))
			advance(o, 4UL * n);
	}
	if (n < f->n)
		o->m->out_flags |= MSG_CTRUNC;
}

size_t scm_deliver(struct socket *s, struct sock_msg *m, uaddr_t to,
		   size_t room)
{
	struct control_out o = { .m = m, .at = to, .room = room };

	if (!to.v || !room) {
		if (sock_flag(s, SO_PASSCRED) || m->scm.files || m->ncmsg)
			m->out_flags |= MSG_CTRUNC;
	} else {
		if (sock_flag(s, SO_PASSCRED))
			put(&o, SOL_SOCKET, SCM_CREDENTIALS, &m->scm.creds,
			    sizeof(m->scm.creds));
		if (m->scm.files)
			put_files(&o, m->scm.files);
		for (unsigned n = 0; n < m->ncmsg; n++)
			put(&o, m->cmsg[n].level, m->cmsg[n].type,
			    m->cmsg[n].data, m->cmsg[n].len);
	}
	scm_free(&m->scm);
	return o.used;
}
