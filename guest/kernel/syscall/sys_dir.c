/* SPDX-License-Identifier: Apache-2.0 */
/* sys_dir.c: names and places: getdents, mkdir, unlink, link, rename,
 * readlink, working directory and root. */
#include <string.h>

#include "syscall_proto.h"
#include "target.h"

/* ---- reading directories ---- */

struct dirents {
	struct dir_ctx ctx;
	uaddr_t out;
	size_t left, done;
	bool old; /* getdents: the type is the last byte */
	int err;
};

struct lx_dirent64 {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[NAME_MAX + 1 + 13]; /* NUL and padding */
};

static bool emit_entry(struct dir_ctx *c, const char *name, size_t len,
		       uint64_t ino, unsigned type, uint64_t next_pos)
{
	struct dirents *d = container_of(c, struct dirents, ctx);
	size_t head = d->old ? 18 : 19;
	size_t size = (head + len + 1 + d->old + 7) & ~7UL;
	struct lx_dirent64 e;
	char *raw = (char *)&e;

	if (len > NAME_MAX)
		return true; /* cannot be named by a program */
	if (size > d->left) {
		d->err = -EINVAL;
		return false;
	}
	memset(&e, 0, size);
	e.ino = ino;
	e.off = (int64_t)next_pos;
	e.reclen = (uint16_t)size;
	if (d->old)
		raw[size - 1] = (char)type;
	else
		e.type = (uint8_t)type;
	memcpy(raw + head, name, len);
	if (copy_to_user(UADDR(d->out.v + d->done), &e, size)) {
		d->err = -EFAULT;
		return false;
	}
	d->done += size;
	d->left -= size;
	return true;
}

static long read_entries(struct file *f, struct dirents *d)
{
	long r;

	if (!f->ops->readdir)
		return -ENOTDIR;
	mutex_lock(&f->pos_lock);
	if (f->path.d && f->path.d->dead)
		r = -ENOENT;
	else
		r = f->ops->readdir(f, &d->ctx);
	mutex_unlock(&f->pos_lock);
	notify_dentry(f->path.d, IN_ACCESS);
	if (d->done)
		return (long)d->done;
	return r < 0 ? r : d->err;
}

static long getdents(int fd, uaddr_t out, unsigned count, bool old)
{
	struct dirents d = {
		.ctx.emit = emit_entry,
		.out = out,
		.left = count > INT32_MAX ? 0 : count, /* an int there */
		.old = old,
	};
	struct file *f = fd_get_io(fd);
	long r;

	if (!f)
		return -EBADF;
	r = read_entries(f, &d);
	file_put(f);
	return r;
}

long sys_getdents64(int fd, uaddr_t dirent, unsigned int count)
{
	return getdents(fd, dirent, count, false);
}

long sys_getdents(int fd, uaddr_t dirent, unsigned int count)
{
	return getdents(fd, dirent, count, true);
}

/* ---- making and removing ---- */

long sys_mkdirat(int dfd, uaddr_t name, unsigned int mode)
{
	struct last_name *l;
	struct path dir;
	long r = parent_at(dfd, name, &dir, &l);

	if (r)
		return r;
	r = vfs_mkdir(&dir, l, fs_umask(mode & 01777));
	parent_put(&dir, l);
	return r;
}

long sys_mkdir(uaddr_t name, unsigned int mode)
{
	return sys_mkdirat(AT_FDCWD, name, mode);
}

long sys_mknodat(int dfd, uaddr_t name, unsigned int mode, unsigned int dev)
{
	struct last_name *l;
	struct path dir;
	long r;

	switch (mode & S_IFMT) {
	case 0:
		mode |= S_IFREG;
		break;
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	r = parent_at(dfd, name, &dir, &l);
	if (r)
		return r;
	r = vfs_mknod(&dir, l, (mode & S_IFMT) | fs_umask(mode & 07777), dev);
	parent_put(&dir, l);
	return r;
}

long sys_mknod(uaddr_t name, unsigned int mode, unsigned int dev)
{
	return sys_mknodat(AT_FDCWD, name, mode, dev);
}

long sys_unlinkat(int dfd, uaddr_t name, int flag)
{
	struct last_name *l;
	struct path dir;
	long r;

	if (flag & ~AT_REMOVEDIR)
		return -EINVAL;
	r = parent_at(dfd, name, &dir, &l);
	if (r)
		return r;
	r = (flag & AT_REMOVEDIR) ? vfs_rmdir(&dir, l) : vfs_unlink(&dir, l);
	parent_put(&dir, l);
	return r;
}

long sys_unlink(uaddr_t name)
{
	return sys_unlinkat(AT_FDCWD, name, 0);
}

long sys_rmdir(uaddr_t name)
{
	return sys_unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

long sys_symlinkat(uaddr_t target, int newdfd, uaddr_t name)
{
	struct last_name *l;
	struct path dir;
	char *s;
	long r = path_from_user(target, &s);

	if (r)
		return r;
	r = *s ? parent_at(newdfd, name, &dir, &l) : -ENOENT;
	if (!r) {
		r = vfs_symlink(&dir, l, s);
		parent_put(&dir, l);
	}
	path_free(s);
	return r;
}

long sys_symlink(uaddr_t target, uaddr_t name)
{
	return sys_symlinkat(target, AT_FDCWD, name);
}

long sys_linkat(int olddfd, uaddr_t oldname, int newdfd, uaddr_t newname,
		int flags)
{
	struct last_name *l;
	struct target t;
	struct path dir;
	long r;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if ((flags & AT_EMPTY_PATH) && !fs_capable(CAP_DAC_READ_SEARCH))
		return -ENOENT;
	r = target_at(
		olddfd, oldname,
		(flags & AT_EMPTY_PATH) |
			((flags & AT_SYMLINK_FOLLOW) ? 0 : AT_SYMLINK_NOFOLLOW),
		&t);
	if (r)
		return r;
	r = t.path.d ? parent_at(newdfd, newname, &dir, &l) : -EXDEV;
	if (!r) {
		r = vfs_link(&t.path, &dir, l);
		parent_put(&dir, l);
	}
	target_put(&t);
	return r;
}

long sys_link(uaddr_t oldname, uaddr_t newname)
{
	return sys_linkat(AT_FDCWD, oldname, AT_FDCWD, newname, 0);
}

long sys_renameat2(int olddfd, uaddr_t oldname, int newdfd, uaddr_t newname,
		   unsigned int flags)
{
	struct last_name *ol, *nl;
	struct path od, nd;
	long r;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	if ((flags & RENAME_EXCHANGE) &&
	    (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)))
		return -EINVAL;
	r = parent_at(olddfd, oldname, &od, &ol);
	if (r)
		return r;
	r = parent_at(newdfd, newname, &nd, &nl);
	if (!r) {
		r = vfs_rename(&od, ol, &nd, nl, flags);
		parent_put(&nd, nl);
	}
	parent_put(&od, ol);
	return r;
}

long sys_renameat(int olddfd, uaddr_t oldname, int newdfd, uaddr_t newname)
{
	return sys_renameat2(olddfd, oldname, newdfd, newname, 0);
}

long sys_rename(uaddr_t oldname, uaddr_t newname)
{
	return sys_renameat2(AT_FDCWD, oldname, AT_FDCWD, newname, 0);
}

static long readlink_target(const struct target *t, bool empty, uaddr_t buf,
			    size_t n)
{
	char *s;
	long r;

	if (!S_ISLNK(t->i->mode) || !t->i->ops->readlink)
		return empty ? -ENOENT : -EINVAL;
	s = kmalloc(PATH_MAX);
	if (!s)
		return -ENOMEM;
	r = t->i->ops->readlink(t->i, s, min(n, (size_t)PATH_MAX));
	if (r > 0 && copy_to_user(buf, s, (size_t)r))
		r = -EFAULT;
	path_free(s);
	return r;
}

/* "" is the link that an O_PATH descriptor is open on. */
long sys_readlinkat(int dfd, uaddr_t name, uaddr_t buf, int bufsiz)
{
	struct target t;
	char first;
	long r;

	if (bufsiz <= 0)
		return -EINVAL;
	if (copy_from_user(&first, name, 1))
		return -EFAULT;
	r = target_at(dfd, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &t);
	if (r)
		return r;
	r = readlink_target(&t, !first, buf, (size_t)bufsiz);
	target_put(&t);
	return r;
}

long sys_readlink(uaddr_t name, uaddr_t buf, int bufsiz)
{
	return sys_readlinkat(AT_FDCWD, name, buf, bufsiz);
}

/* ---- working directory and root ---- */

/* The working directory's name, in s of PATH_MAX; one that root does not lead
 * to says so first. */
static int cwd_name(char *s, char **start)
{
	static const char mark[] = "(unreachable)";
	const size_t n = sizeof(mark) - 1;
	struct path cwd, root;
	int r = -ENOENT;

	fs_get_cwd(&cwd);
	fs_get_root(&root);
	if (!cwd.d->dead)
		r = path_name(&cwd, &root, s + n, PATH_MAX - n, start);
	path_put(&cwd);
	path_put(&root);
	if (r == 1) {
		*start -= n;
		memcpy(*start, mark, n);
		r = 0;
	}
	return r;
}

long sys_getcwd(uaddr_t buf, size_t len)
{
	char *s = kmalloc(PATH_MAX), *start;
	long r;

	if (!s)
		return -ENOMEM;
	r = cwd_name(s, &start);
	if (!r) {
		r = (long)strlen(start) + 1;
		if ((size_t)r > len)
			r = -ERANGE;
		else if (copy_to_user(buf, start, (size_t)r))
			r = -EFAULT;
	}
	path_free(s);
	return r;
}

static long enter(struct path *p, bool root)
{
	int r = inode_permission(p->d->inode, MAY_EXEC);

	if (!r && root && !fs_capable(CAP_SYS_CHROOT))
		r = -EPERM;
	if (r) {
		path_put(p);
		return r;
	}
	if (root)
		fs_set_root(p);
	else
		fs_set_cwd(p);
	return 0;
}

static long enter_name(uaddr_t name, bool root)
{
	struct path p;
	char *s;
	long r = path_from_user(name, &s);

	if (r)
		return r;
	r = path_lookup(AT_FDCWD, s, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &p,
			NULL);
	path_free(s);
	return r ? r : enter(&p, root);
}

long sys_chdir(uaddr_t name)
{
	return enter_name(name, false);
}

long sys_chroot(uaddr_t name)
{
	return enter_name(name, true);
}

long sys_fchdir(int fd)
{
	struct file *f = fd_get(fd);
	struct path p;

	if (!f)
		return -EBADF;
	if (!f->path.d || !S_ISDIR(f->inode->mode)) {
		file_put(f);
		return -ENOTDIR;
	}
	p = f->path;
	path_get(&p);
	file_put(f);
	return enter(&p, false);
}
