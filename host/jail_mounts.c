/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jail_mounts.c: the tree that is served, in a mount namespace of our own.
 *
 * The root of the plan is bound once more, and the bind mounts of the plan are
 * made below it.  Destinations are resolved inside the root (openat2,
 * RESOLVE_IN_ROOT), so a symbolic link in an image leads nowhere else; what is
 * missing is created, as runc does.  A bind whose destination lies in a mount
 * of the guest stands in a tmpfs of ours, which only the guest's start sees.
 * Before a root becomes read-only, the places of the guest's mounts are made.
 */
#include "host/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_in(int root, const char *path, uint64_t flags, mode_t mode)
{
	struct open_how how = { .flags = flags | O_CLOEXEC,
				.mode = mode,
				.resolve = RESOLVE_IN_ROOT |
					   RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* MS_* as attributes of a mount; those of access times are one field of it. */
static struct mount_attr mount_attrs(uint64_t ms)
{
	static const struct {
		uint64_t ms, attr, clear;
	} map[] = {
		{ MS_RDONLY, MOUNT_ATTR_RDONLY, 0 },
		{ MS_NOSUID, MOUNT_ATTR_NOSUID, 0 },
		{ MS_NODEV, MOUNT_ATTR_NODEV, 0 },
		{ MS_NOEXEC, MOUNT_ATTR_NOEXEC, 0 },
		{ MS_NODIRATIME, MOUNT_ATTR_NODIRATIME, 0 },
		{ MS_RELATIME, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
		{ MS_STRICTATIME, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
		{ MS_NOATIME, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
	};
	struct mount_attr a = { 0 };

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (!(ms & map[i].ms))
			continue;
		a.attr_clr |= map[i].clear;
		a.attr_set &= ~map[i].clear;
		a.attr_set |= map[i].attr;
	}
	return a;
}

static int set_attrs(int fd, struct mount_attr a)
{
	if (!a.attr_set && !a.attr_clr)
		return 0;
	return mount_setattr(fd, "", AT_EMPTY_PATH, &a, sizeof(a)) < 0 ? -errno
								       : 0;
}

static int clone_tree(const char *path, bool recursive)
{
	int fd = open_tree(AT_FDCWD, path,
			   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
				   (recursive ? AT_RECURSIVE : 0));

	return fd < 0 ? -errno : fd;
}

/* The last component is a file or a folder like the source. */
static int create_last(int dir, const char *name, bool is_dir)
{
	int fd;

	if (is_dir)
		return mkdirat(dir, name, 0755) < 0 ? -errno : 0;
	fd = openat(dir, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Creates what is missing of dest, which has no "..": each folder is opened
 * inside the root before the next name is made in it. */
static int create_target(int root, const char *dest, bool is_dir)
{
	char path[PATH_MAX];
	size_t at = 0;
	int dir = open_in(root, ".", O_PATH | O_DIRECTORY, 0);

	if (strlen(dest) >= sizeof(path)) {
		close(dir);
		return -ENAMETOOLONG;
	}
	while (dir >= 0) {
		size_t skip = strspn(dest + at, "/");
		size_t len = strcspn(dest + at + skip, "/");
		const char *name = path + at + skip;
		bool last = !dest[at + skip + len];
		int r;

		if (!len)
			break;
		memcpy(path + at, dest + at, skip + len);
		at += skip + len;
		path[at] = 0;
		r = create_last(dir, name, is_dir || !last);
		close(dir);
		if (r < 0 && r != -EEXIST)
			return r;
		if (last)
			return 0;
		/* A link may lead elsewhere: from the root again. */
		dir = open_in(root, path, O_PATH | O_DIRECTORY, 0);
	}
	if (dir < 0)
		return dir;
	close(dir);
	return 0;
}

static int open_target(int root, const char *dest, bool is_dir)
{
	int fd = open_in(root, dest, O_PATH, 0);
	int r;

	if (fd != -ENOENT)
		return fd;
	r = create_target(root, dest, is_dir);
	return r < 0 ? r : open_in(root, dest, O_PATH, 0);
}

static int attach(int tree, int target)
{
	return move_mount(tree, "", target, "",
			  MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0
		       ? -errno
		       : 0;
}

/* An empty tmpfs at dest: places for binds, none of them in the image. */
static int make_cover(int root, const char *dest)
{
	int target = open_target(root, dest, true);
	int fs = -1, tree = -1, r;

	if (target < 0)
		return target;
	fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "mode", "755", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		r = -errno;
	else
		r = tree = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (tree >= 0)
		r = attach(tree, target);
	else if (r == -1)
		r = -errno;
	if (tree >= 0)
		close(tree);
	if (fs >= 0)
		close(fs);
	close(target);
	return r;
}

/* The cover of bind i, where no bind before it has made that already. */
static int cover_bind(int root, const struct vm_plan *plan, size_t i,
		      struct err *e)
{
	const char *cover = plan->binds[i].cover;
	int r;

	for (size_t k = 0; cover && k < i; k++) {
		const char *had = plan->binds[k].cover;

		if (had && !strcmp(had, cover))
			return 0;
	}
	r = cover ? make_cover(root, cover) : 0;
	return r < 0 ? err_set(e, -r, "mount destination \"%s\"", cover) : 0;
}

static int make_bind(int root, const struct vm_bind *b, struct err *e)
{
	int tree = clone_tree(b->source, b->recursive);
	struct stat st;
	int target, r;

	if (tree < 0)
		return err_set(e, -tree, "mount source \"%s\"", b->source);
	if (fstat(tree, &st) < 0) {
		r = err_set(e, errno, "mount source \"%s\"", b->source);
		goto out_tree;
	}
	target = open_target(root, b->dest, S_ISDIR(st.st_mode));
	if (target < 0) {
		r = err_set(e, -target, "mount destination \"%s\"", b->dest);
		goto out_tree;
	}
	r = set_attrs(tree, mount_attrs(b->flags));
	if (!r)
		r = attach(tree, target);
	if (r < 0)
		err_set(e, -r, "mount \"%s\" on \"%s\"", b->source, b->dest);
	close(target);
out_tree:
	close(tree);
	return r;
}

static bool is_bind(const struct vm_mount *m)
{
	return !strcmp(m->type, "bind");
}

/* A folder, where the guest will look for it: unless one of its first n mounts
 * stands above.  A failure is the guest's to report. */
static void make_place(int root, const struct vm_plan *plan, size_t n,
		       const char *path)
{
	int fd;

	for (size_t i = 0; i < n; i++) {
		const char *above = plan->mounts[i].dest;
		size_t len = strlen(above);

		if (!is_bind(&plan->mounts[i]) && !strncmp(path, above, len) &&
		    (path[len] == '/' || !path[len]))
			return;
	}
	fd = open_target(root, path, true);
	if (fd >= 0)
		close(fd);
}

/* What the guest would create and cannot in a read-only root. */
static void make_places(int root, const struct vm_plan *plan)
{
	for (size_t i = 0; i < plan->nmounts; i++)
		if (!is_bind(&plan->mounts[i]))
			make_place(root, plan, i, plan->mounts[i].dest);
	if (plan->process.cwd)
		make_place(root, plan, plan->nmounts, plan->process.cwd);
}

int jail_mounts(const struct vm_plan *plan, int *root_fd, struct err *e)
{
	int root, r = 0;

	if (unshare(CLONE_NEWNS) < 0)
		return err_set(e, errno, "new mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_set(e, errno, "private mounts");
	root = clone_tree(plan->root, true);
	if (root < 0)
		return err_set(e, -root, "root.path \"%s\"", plan->root);
	if (move_mount(root, "", AT_FDCWD, plan->root,
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) < 0)
		r = err_set(e, errno, "bind root.path \"%s\"", plan->root);
	for (size_t i = 0; i < plan->nbinds && !r; i++) {
		r = cover_bind(root, plan, i, e);
		if (!r)
			r = make_bind(root, &plan->binds[i], e);
	}
	if (!r && plan->root_readonly) {
		make_places(root, plan);
		r = set_attrs(root, mount_attrs(MS_RDONLY));
		if (r < 0)
			err_set(e, -r, "root.readonly");
	}
	if (r < 0) {
		close(root);
		return r;
	}
	*root_fd = root;
	return 0;
}
