/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signalfd.c: signalfd(2): pending signals that can be read and polled.
 *
 * Who reads gets the reader's signals, its thread's and its process's.  The
 * wait queue is one for the whole system (task/sigtake.c): a descriptor
 * outlives the process that made it, in others.
 */
#include <string.h>

#include "kuni/vfs.h"
#include "pseudofs.h"

struct signalfd {
	uint64_t mask; /* [a] */
};

struct lx_signalfd_siginfo {
	uint32_t signo;
	int32_t err, code;
	uint32_t pid, uid;
	int32_t fd;
	uint32_t tid, band, overrun, trapno;
	int32_t status, value;
	uint64_t ptr, utime, stime, addr;
	uint16_t addr_lsb, pad2;
	int32_t syscall;
	uint64_t call_addr;
	uint32_t arch;
	uint8_t pad[28];
};
_Static_assert(sizeof(struct lx_signalfd_siginfo) == 128, "signalfd_siginfo");

static uint64_t mask_of(const struct file *f)
{
	const struct signalfd *s = f->private_;

	return __atomic_load_n(&s->mask, __ATOMIC_RELAXED);
}

static bool is_fault(int signo)
{
	return signo == SIGSEGV || signo == SIGBUS || signo == SIGILL ||
	       signo == SIGFPE || signo == SIGTRAP;
}

/* Which of siginfo's unions holds says the code, then the signal. */
static void convert(struct lx_signalfd_siginfo *o, const struct siginfo_k *i)
{
	memset(o, 0, sizeof(*o));
	o->signo = (uint32_t)i->signo;
	o->err = i->err;
	o->code = i->code;
	if (i->code == SI_TIMER) {
		o->tid = (uint32_t)i->tid;
		o->overrun = (uint32_t)i->overrun;
		o->ptr = i->tvalue;
		o->value = (int32_t)i->tvalue;
	} else if (i->code == SI_SIGIO) {
		o->band = (uint32_t)i->band;
		o->fd = i->fd;
	} else if (i->code <= 0) { /* kill, sigqueue, mq_notify */
		o->pid = (uint32_t)i->pid;
		o->uid = i->uid;
		if (i->code == SI_QUEUE || i->code == SI_MESGQ) {
			o->ptr = i->value;
			o->value = (int32_t)i->value;
		}
	} else if (i->code == SI_KERNEL) {
		o->pid = (uint32_t)i->pid;
		o->uid = i->uid;
	} else if (i->signo == SIGCHLD) {
		o->pid = (uint32_t)i->pid;
		o->uid = i->uid;
		o->status = i->status;
		o->utime = (uint64_t)i->utime;
		o->stime = (uint64_t)i->stime;
	} else if (i->signo == SIGSYS) {
		o->call_addr = i->call_addr;
		o->syscall = i->syscall_nr;
		o->arch = i->arch;
	} else if (is_fault(i->signo)) {
		o->addr = i->addr;
	} else { /* SIGIO and what F_SETSIG put in its place */
		o->band = (uint32_t)i->band;
		o->fd = i->fd;
	}
}

static bool any(const struct file *f)
{
	return signal_pending_set() & mask_of(f);
}

static ssize_t signalfd_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct lx_signalfd_siginfo out;
	struct siginfo_k info;
	ssize_t done = 0, r;

	(void)pos;
	if (u->left < sizeof(out))
		return -EINVAL;
	while (u->left >= sizeof(out)) {
		if (!signal_take(mask_of(f), &info)) {
			if (done)
				break;
			if ((f->flags & O_NONBLOCK) || u->nowait)
				return -EAGAIN;
			r = wait_event(&signal_wait, any(f));
			if (r)
				return r;
			continue;
		}
		convert(&out, &info);
		r = uio_put(u, &out, sizeof(out));
		if (r != sizeof(out))
			return done ? done : -EFAULT;
		done += r;
	}
	return done;
}

static unsigned signalfd_poll(struct file *f, struct poll_table *pt)
{
	poll_wait(pt, &signal_wait);
	return any(f) ? EPOLLIN : 0;
}

static void signalfd_release(struct file *f)
{
	kfree(f->private_);
}

static bool signalfd_info(struct file *f, unsigned n, struct pseudo_buf *b)
{
	if (n)
		return false;
	pseudo_printf(b, "sigmask:\t%016lx\n", mask_of(f));
	return true;
}

static const struct file_ops signalfd_ops = {
	.info = signalfd_info,
	.read = signalfd_read,
	.poll = signalfd_poll,
	.release = signalfd_release,
	.seek = file_seek_nowhere,
	.stream = true,
	.nowait = true,
};

/* flags: O_NONBLOCK. */
int signalfd_new(uint64_t mask, unsigned flags, struct file **out)
{
	struct signalfd *s = kmalloc(sizeof(*s));
	struct inode *i;
	int r;

	if (!s)
		return -ENOMEM;
	r = anon_inode(0600, &i);
	if (!r) {
		r = file_new(i, &signalfd_ops, O_RDWR | (flags & O_NONBLOCK),
			     out);
		if (r)
			inode_put(i);
	}
	if (r) {
		kfree(s);
		return r;
	}
	s->mask = mask;
	(*out)->private_ = s;
	(*out)->inode->anon_name = "[signalfd]";
	return 0;
}

int signalfd_set(struct file *f, uint64_t mask)
{
	struct signalfd *s = f->private_;

	if (f->ops != &signalfd_ops)
		return -EINVAL;
	__atomic_store_n(&s->mask, mask, __ATOMIC_RELAXED);
	wake_all(&signal_wait, EPOLLIN);
	return 0;
}
