/* SPDX-License-Identifier: Apache-2.0 */
/* sys_event.c: epoll, eventfd, timerfd, signalfd, inotify: descriptors that say
 * when. */
#include "kuni/poll.h"
#include "kuni/vfs.h"
#include "syscall_proto.h"

static long give(struct file *f, bool cloexec)
{
	int r = fd_install(f, 0, cloexec);

	if (r < 0)
		file_put(f);
	return r;
}

long sys_eventfd2(unsigned int count, int flags)
{
	struct file *f;
	long r;

	if (flags & ~(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	r = eventfd_new(count, (unsigned)flags, &f);
	return r ? r : give(f, flags & O_CLOEXEC);
}

long sys_eventfd(unsigned int count)
{
	return sys_eventfd2(count, 0);
}

long sys_timerfd_create(int clock, int flags)
{
	struct file *f;
	long r;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	r = timerfd_new(clock, (unsigned)flags, &f);
	return r ? r : give(f, flags & O_CLOEXEC);
}

long sys_timerfd_settime(int fd, int flags, uaddr_t new_setting,
			 uaddr_t old_setting)
{
	struct lx_timespec_pair v, old;
	struct file *f;
	long r;

	if (copy_from_user(&v, new_setting, sizeof(v)))
		return -EFAULT;
	f = fd_get_io(fd);
	if (!f)
		return -EBADF;
	r = timerfd_set(f, flags, &v, &old);
	file_put(f);
	if (!r && old_setting.v)
		r = copy_to_user(old_setting, &old, sizeof(old));
	return r;
}

long sys_timerfd_gettime(int fd, uaddr_t setting)
{
	struct file *f = fd_get_io(fd);
	struct lx_timespec_pair v;
	long r;

	if (!f)
		return -EBADF;
	r = timerfd_get(f, &v);
	file_put(f);
	return r ? r : copy_to_user(setting, &v, sizeof(v));
}

long sys_epoll_create1(int flags)
{
	struct file *f;
	long r;

	if (flags & ~O_CLOEXEC)
		return -EINVAL;
	r = epoll_new(0, &f);
	return r ? r : give(f, flags & O_CLOEXEC);
}

long sys_epoll_create(int size)
{
	return size > 0 ? sys_epoll_create1(0) : -EINVAL;
}

long sys_epoll_ctl(int epfd, int op, int fd, uaddr_t event)
{
	struct lx_epoll_event ev = { 0 };
	struct file *ep, *f;
	long r = -EBADF;

	if (op != EPOLL_CTL_DEL && copy_from_user(&ev, event, sizeof(ev)))
		return -EFAULT;
	ep = fd_get_io(epfd);
	f = fd_get_io(fd);
	if (ep && f)
		r = epoll_control(ep, op, fd, f, &ev);
	file_put(ep);
	file_put(f);
	return r;
}

static long wait_until(int epfd, uaddr_t events, int max, uint64_t deadline)
{
	struct file *f;
	long r;

	if (max <= 0 || max > INT32_MAX / (int)sizeof(struct lx_epoll_event))
		return -EINVAL;
	f = fd_get_io(epfd);
	if (!f)
		return -EBADF;
	r = user_range(events, (size_t)max * sizeof(struct lx_epoll_event))
		    ? epoll_wait_events(f, events, max, deadline)
		    : -EFAULT;
	file_put(f);
	return r;
}

static uint64_t deadline_ms(int timeout)
{
	return timeout < 0 ? DEADLINE_NEVER
			   : arch_clock_ns() + (uint64_t)timeout * 1000000;
}

long sys_epoll_wait(int epfd, uaddr_t events, int maxevents, int timeout)
{
	return wait_until(epfd, events, maxevents, deadline_ms(timeout));
}

static long wait_masked(int epfd, uaddr_t events, int max, uint64_t deadline,
			uaddr_t mask, size_t size)
{
	long r = sigmask_begin(mask, size);

	if (r)
		return r;
	r = wait_until(epfd, events, max, deadline);
	sigmask_end(mask, r == -EINTR);
	return r;
}

long sys_epoll_pwait(int epfd, uaddr_t events, int maxevents, int timeout,
		     uaddr_t sigmask, size_t sigsetsize)
{
	return wait_masked(epfd, events, maxevents, deadline_ms(timeout),
			   sigmask, sigsetsize);
}

long sys_epoll_pwait2(int epfd, uaddr_t events, int maxevents, uaddr_t timeout,
		      uaddr_t sigmask, size_t sigsetsize)
{
	uint64_t deadline;
	long r = deadline_from_user(timeout, &deadline);

	return r ? r
		 : wait_masked(epfd, events, maxevents, deadline, sigmask,
			       sigsetsize);
}

long sys_signalfd4(int fd, uaddr_t user_mask, size_t sizemask, int flags)
{
	struct file *f;
	uint64_t mask;
	long r;

	if (sizemask != sizeof(mask))
		return -EINVAL;
	if (copy_from_user(&mask, user_mask, sizeof(mask)))
		return -EFAULT;
	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	mask &= ~(SIGMASK(SIGKILL) | SIGMASK(SIGSTOP));
	if (fd == -1) {
		r = signalfd_new(mask, (unsigned)flags, &f);
		return r ? r : give(f, flags & O_CLOEXEC);
	}
	f = fd_get_io(fd);
	if (!f)
		return -EBADF;
	r = signalfd_set(f, mask);
	file_put(f);
	return r ? r : fd;
}

long sys_signalfd(int fd, uaddr_t mask, size_t sizemask)
{
	return sys_signalfd4(fd, mask, sizemask, 0);
}

long sys_inotify_init1(int flags)
{
	struct file *f;
	long r;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	r = inotify_new((unsigned)flags, &f);
	return r ? r : give(f, flags & O_CLOEXEC);
}

long sys_inotify_init(void)
{
	return sys_inotify_init1(0);
}

static long add_watch(struct file *f, uaddr_t name, uint32_t mask)
{
	unsigned look = (mask & IN_DONT_FOLLOW) ? 0 : LOOKUP_FOLLOW;
	struct path p;
	char *s;
	long r;

	if (!inotify_is(f))
		return -EINVAL;
	if (mask & IN_ONLYDIR)
		look |= LOOKUP_DIRECTORY;
	r = path_from_user(name, &s);
	if (r)
		return r;
	r = path_lookup(AT_FDCWD, s, look, &p, NULL);
	path_free(s);
	if (r)
		return r;
	r = inode_permission(p.d->inode, MAY_READ);
	if (!r)
		r = inotify_add(f, p.d->inode, mask);
	path_put(&p);
	return r;
}

long sys_inotify_add_watch(int fd, uaddr_t name, unsigned int mask)
{
	const uint32_t valid = IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW |
			       IN_IGNORED | IN_ONLYDIR | IN_DONT_FOLLOW |
			       IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD |
			       IN_ISDIR | IN_ONESHOT;
	struct file *f;
	long r;

	if (mask & ~valid || !(mask & valid))
		return -EINVAL;
	f = fd_get_io(fd);
	if (!f)
		return -EBADF;
	r = (mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE)
		    ? -EINVAL
		    : add_watch(f, name, mask);
	file_put(f);
	return r;
}

long sys_inotify_rm_watch(int fd, int wd)
{
	struct file *f = fd_get_io(fd);
	long r = -EINVAL;

	if (!f)
		return -EBADF;
	if (inotify_is(f))
		r = inotify_remove(f, wd);
	file_put(f);
	return r;
}
