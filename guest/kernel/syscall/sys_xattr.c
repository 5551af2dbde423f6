/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_xattr.c: the twelve calls for extended attributes.
 *
 * Who may: user.* by the file's permissions and on files and directories only;
 * trusted.* CAP_SYS_ADMIN; security.* is read by all and written by
 * CAP_SYS_ADMIN (the file capabilities by CAP_SETFCAP); others are the file
 * system's to refuse.
 */
#include <string.h>

#include "syscall_proto.h"
#include "target.h"

static int take_name(uaddr_t user, char *name)
{
	ssize_t n = strncpy_from_user(name, user, XATTR_NAME_MAX + 1);

	if (n == -ENAMETOOLONG || !n || n > XATTR_NAME_MAX)
		return -ERANGE;
	return n < 0 ? (int)n : 0;
}

static int may(const struct target *t, const char *name, bool write)
{
	int no = write ? -EPERM : -ENODATA;

	if (write && mnt_want_write(t->mnt))
		return -EROFS;
	if (!strncmp(name, "trusted.", 8))
		return fs_capable(CAP_SYS_ADMIN) ? 0 : no;
	if (!strncmp(name, "security.", 9)) {
		if (!write || fs_capable(CAP_SYS_ADMIN))
			return 0;
		return !strcmp(name, "security.capability") &&
				       fs_capable(CAP_SETFCAP)
			       ? 0
			       : -EPERM;
	}
	if (!strncmp(name, "user.", 5)) {
		if (!S_ISREG(t->i->mode) && !S_ISDIR(t->i->mode))
			return no;
		if (write && S_ISDIR(t->i->mode) && (t->i->mode & S_ISVTX) &&
		    !inode_owner_or_capable(t->i))
			return -EPERM;
	}
	return inode_permission(t->i, write ? MAY_WRITE : MAY_READ);
}

static long do_set(const struct target *t, uaddr_t uname, uaddr_t value,
		   size_t size, int flags)
{
	char name[XATTR_NAME_MAX + 1];
	char *buf;
	long r;

	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	r = take_name(uname, name);
	if (r)
		return r;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	r = may(t, name, true);
	if (r)
		return r;
	if (!t->i->ops || !t->i->ops->setxattr)
		return -EOPNOTSUPP;
	buf = kmalloc(size ? size : 1);
	if (!buf)
		return -ENOMEM;
	if (size && copy_from_user(buf, value, size)) {
		r = -EFAULT;
	} else {
		mutex_lock(&t->i->lock);
		r = t->i->ops->setxattr(t->i, name, buf, size, flags);
		mutex_unlock(&t->i->lock);
		if (!r)
			notify_dentry(t->path.d, IN_ATTRIB);
	}
	kfree(buf);
	return r;
}

/* The value, or with uname 0 the list of names. */
static ssize_t fetch(struct inode *i, const char *name, char *buf, size_t n)
{
	ssize_t r;

	mutex_lock(&i->lock);
	r = name ? i->ops->getxattr(i, name, buf, n)
		 : i->ops->listxattr(i, buf, n);
	mutex_unlock(&i->lock);
	return r;
}

static long copy_out(struct inode *i, const char *name, uaddr_t out,
		     size_t size)
{
	char *buf = NULL;
	long r;

	size = min(size, (size_t)XATTR_SIZE_MAX);
	if (size) {
		buf = kmalloc(size);
		if (!buf)
			return -ENOMEM;
	}
	r = fetch(i, name, buf, size);
	if (r > 0 && size && copy_to_user(out, buf, (size_t)r))
		r = -EFAULT;
	kfree(buf);
	return r;
}

static long do_get(const struct target *t, uaddr_t uname, uaddr_t value,
		   size_t size)
{
	char name[XATTR_NAME_MAX + 1];
	long r = take_name(uname, name);

	if (!r)
		r = may(t, name, false);
	if (r)
		return r;
	if (!t->i->ops || !t->i->ops->getxattr)
		return -EOPNOTSUPP;
	return copy_out(t->i, name, value, size);
}

static long do_list(const struct target *t, uaddr_t list, size_t size)
{
	if (!t->i->ops || !t->i->ops->listxattr)
		return 0;
	return copy_out(t->i, NULL, list, size);
}

static long do_remove(const struct target *t, uaddr_t uname)
{
	char name[XATTR_NAME_MAX + 1];
	long r = take_name(uname, name);

	if (!r)
		r = may(t, name, true);
	if (r)
		return r;
	if (!t->i->ops || !t->i->ops->removexattr)
		return -EOPNOTSUPP;
	mutex_lock(&t->i->lock);
	r = t->i->ops->removexattr(t->i, name);
	mutex_unlock(&t->i->lock);
	if (!r)
		notify_dentry(t->path.d, IN_ATTRIB);
	return r;
}

/* fd >= 0 or a bad one: a descriptor; FOLLOW, NOFOLLOW: a name. */
#define FOLLOW   0
#define NOFOLLOW AT_SYMLINK_NOFOLLOW

static int target_of_fd(int fd, struct target *t)
{
	struct file *f = fd_get_io(fd);

	if (!f)
		return -EBADF;
	file_put(f);
	return target_fd(fd, t);
}

#define ON_TARGET(get, call)                                                   \
	do {                                                                   \
		struct target t;                                               \
		long r = (get);                                                \
		if (r)                                                         \
			return r;                                              \
		r = (call);                                                    \
		target_put(&t);                                                \
		return r;                                                      \
	} while (0)

long sys_setxattr(uaddr_t name, uaddr_t xname, uaddr_t value, size_t size,
		  int flags)
{
	ON_TARGET(target_at(AT_FDCWD, name, FOLLOW, &t),
		  do_set(&t, xname, value, size, flags));
}

long sys_lsetxattr(uaddr_t name, uaddr_t xname, uaddr_t value, size_t size,
		   int flags)
{
	ON_TARGET(target_at(AT_FDCWD, name, NOFOLLOW, &t),
		  do_set(&t, xname, value, size, flags));
}

long sys_fsetxattr(int fd, uaddr_t xname, uaddr_t value, size_t size, int flags)
{
	ON_TARGET(target_of_fd(fd, &t), do_set(&t, xname, value, size, flags));
}

long sys_getxattr(uaddr_t name, uaddr_t xname, uaddr_t value, size_t size)
{
	ON_TARGET(target_at(AT_FDCWD, name, FOLLOW, &t),
		  do_get(&t, xname, value, size));
}

long sys_lgetxattr(uaddr_t name, uaddr_t xname, uaddr_t value, size_t size)
{
	ON_TARGET(target_at(AT_FDCWD, name, NOFOLLOW, &t),
		  do_get(&t, xname, value, size));
}

long sys_fgetxattr(int fd, uaddr_t xname, uaddr_t value, size_t size)
{
	ON_TARGET(target_of_fd(fd, &t), do_get(&t, xname, value, size));
}

long sys_listxattr(uaddr_t name, uaddr_t list, size_t size)
{
	ON_TARGET(target_at(AT_FDCWD, name, FOLLOW, &t),
		  do_list(&t, list, size));
}

long sys_llistxattr(uaddr_t name, uaddr_t list, size_t size)
{
	ON_TARGET(target_at(AT_FDCWD, name, NOFOLLOW, &t),
		  do_list(&t, list, size));
}

long sys_flistxattr(int fd, uaddr_t list, size_t size)
{
	ON_TARGET(target_of_fd(fd, &t), do_list(&t, list, size));
}

long sys_removexattr(uaddr_t name, uaddr_t xname)
{
	ON_TARGET(target_at(AT_FDCWD, name, FOLLOW, &t), do_remove(&t, xname));
}

long sys_lremovexattr(uaddr_t name, uaddr_t xname)
{
	ON_TARGET(target_at(AT_FDCWD, name, NOFOLLOW, &t),
		  do_remove(&t, xname));
}

long sys_fremovexattr(int fd, uaddr_t xname)
{
	ON_TARGET(target_of_fd(fd, &t), do_remove(&t, xname));
}
