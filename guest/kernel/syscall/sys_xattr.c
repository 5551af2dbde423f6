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

/* What the caller wants set; copied in before the file is looked for, as on
 * Linux, so that its errors come first. */
struct wanted {
	char name[XATTR_NAME_MAX + 1];
	char *value; /* owned */
	size_t size;
	int flags;
};

static long take_wanted(struct wanted *w, uaddr_t uname, uaddr_t value)
{
	long r;

	if (w->flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	r = take_name(uname, w->name);
	if (r)
		return r;
	if (w->size > XATTR_SIZE_MAX)
		return -E2BIG;
	w->value = kmalloc(w->size ? w->size : 1);
	if (!w->value)
		return -ENOMEM;
	if (!w->size || !copy_from_user(w->value, value, w->size))
		return 0;
	kfree(w->value);
	return -EFAULT;
}

static long do_set(const struct target *t, const struct wanted *w)
{
	long r = may(t, w->name, true);

	if (r)
		return r;
	if (!t->i->ops || !t->i->ops->setxattr)
		return -EOPNOTSUPP;
	mutex_lock(&t->i->lock);
	r = t->i->ops->setxattr(t->i, w->name, w->value, w->size, w->flags);
	mutex_unlock(&t->i->lock);
	if (!r)
		notify_dentry(t->path.d, IN_ATTRIB);
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

static long do_get(const struct target *t, const char *name, uaddr_t value,
		   size_t size)
{
	long r = may(t, name, false);

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

static long do_remove(const struct target *t, const char *name)
{
	long r = may(t, name, true);

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

/* The same with the attribute's name taken first. */
#define ON_NAMED(get, call)                                                    \
	do {                                                                   \
		char n[XATTR_NAME_MAX + 1];                                    \
		int e = take_name(xname, n);                                   \
		if (e)                                                         \
			return e;                                              \
		ON_TARGET(get, call);                                          \
	} while (0)

#define SET_ON(get)                                                            \
	do {                                                                   \
		struct wanted w = { .size = size, .flags = flags };            \
		struct target t;                                               \
		long r = take_wanted(&w, xname, value);                        \
		if (r)                                                         \
			return r;                                              \
		r = (get);                                                     \
		if (!r) {                                                      \
			r = do_set(&t, &w);                                    \
			target_put(&t);                                        \
		}                                                              \
		kfree(w.value);                                                \
		return r;                                                      \
	} while (0)

long sys_setxattr(uaddr_t name, uaddr_t xname, uaddr_t value, size_t size,
		  int flags)
{
	SET_ON(target_at(AT_FDCWD, name, FOLLOW, &t));
}

long sys_lsetxattr(uaddr_t name, uaddr_t xname, uaddr_t value, size_t size,
		   int flags)
{
	SET_ON(target_at(AT_FDCWD, name, NOFOLLOW, &t));
}

long sys_fsetxattr(int fd, uaddr_t xname, uaddr_t value, size_t size, int flags)
{
	SET_ON(target_of_fd(fd, &t));
}

long sys_getxattr(uaddr_t name, uaddr_t xname, uaddr_t value, size_t size)
{
	ON_NAMED(target_at(AT_FDCWD, name, FOLLOW, &t),
		 do_get(&t, n, value, size));
}

long sys_lgetxattr(uaddr_t name, uaddr_t xname, uaddr_t value, size_t size)
{
	ON_NAMED(target_at(AT_FDCWD, name, NOFOLLOW, &t),
		 do_get(&t, n, value, size));
}

long sys_fgetxattr(int fd, uaddr_t xname, uaddr_t value, size_t size)
{
	ON_NAMED(target_of_fd(fd, &t), do_get(&t, n, value, size));
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
	ON_NAMED(target_at(AT_FDCWD, name, FOLLOW, &t), do_remove(&t, n));
}

long sys_lremovexattr(uaddr_t name, uaddr_t xname)
{
	ON_NAMED(target_at(AT_FDCWD, name, NOFOLLOW, &t), do_remove(&t, n));
}

long sys_fremovexattr(int fd, uaddr_t xname)
{
	ON_NAMED(target_of_fd(fd, &t), do_remove(&t, n));
}
