/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jail.c: what the monitor gives up before the guest runs.
 *
 * Mounts: in a private namespace the root of the plan is bound once more, and
 * the bind mounts of the plan are made below it.  Destinations are resolved
 * inside the root (openat2, RESOLVE_IN_ROOT), so a symbolic link in an image
 * leads nowhere else; what is missing is created, as runc does.  Then that
 * tree becomes the root of the namespace and everything else is detached.
 *
 * System calls: host/seccomp.tbl, one filter a thread.
 */
#include "host/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/kvm.h>
#include <linux/openat2.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- mounts ---- */

static int open_in(int root, const char *path, uint64_t flags, mode_t mode)
{
	struct open_how how = { .flags = flags | O_CLOEXEC,
				.mode = mode,
				.resolve = RESOLVE_IN_ROOT |
					   RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static uint64_t mount_attrs(uint64_t ms)
{
	static const struct {
		uint64_t ms, attr;
	} map[] = {
		{ MS_RDONLY, MOUNT_ATTR_RDONLY },
		{ MS_NOSUID, MOUNT_ATTR_NOSUID },
		{ MS_NODEV, MOUNT_ATTR_NODEV },
		{ MS_NOEXEC, MOUNT_ATTR_NOEXEC },
		{ MS_NODIRATIME, MOUNT_ATTR_NODIRATIME },
	};
	uint64_t attrs = 0;

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		attrs |= (ms & map[i].ms) ? map[i].attr : 0;
	return attrs;
}

static int set_attrs(int fd, uint64_t attrs)
{
	struct mount_attr a = { .attr_set = attrs };

	if (!attrs)
		return 0;
	return mount_setattr(fd, "", AT_EMPTY_PATH, &a, sizeof(a)) < 0 ? -errno :
									 0;
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
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
				       O_CLOEXEC,
		    0755);
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
	if (!r && move_mount(tree, "", target, "",
			     MOVE_MOUNT_F_EMPTY_PATH |
				     MOVE_MOUNT_T_EMPTY_PATH) < 0)
		r = -errno;
	if (r < 0)
		err_set(e, -r, "mount \"%s\" on \"%s\"", b->source, b->dest);
	close(target);
out_tree:
	close(tree);
	return r;
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
		       MOVE_MOUNT_F_EMPTY_PATH) < 0)
		r = err_set(e, errno, "bind root.path \"%s\"", plan->root);
	for (size_t i = 0; i < plan->nbinds && !r; i++)
		r = make_bind(root, &plan->binds[i], e);
	if (!r && plan->root_readonly) {
		r = set_attrs(root, MOUNT_ATTR_RDONLY);
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

/* ---- privileges ---- */

int jail_enter(int root_fd, struct err *e)
{
	if (fchdir(root_fd) < 0)
		return err_set(e, errno, "enter the root");
	/* The new root on top of the old one, which is then detached. */
	if (syscall(SYS_pivot_root, ".", ".") < 0) {
		/* An initramfs cannot be pivoted away from: it is covered. */
		if (errno != EINVAL ||
		    mount(".", "/", NULL, MS_MOVE, NULL) < 0 ||
		    chroot(".") < 0)
			return err_set(e, errno, "pivot_root");
	} else if (umount2(".", MNT_DETACH) < 0) {
		return err_set(e, errno, "detach the old root");
	}
	return chdir("/") < 0 ? err_set(e, errno, "enter the root") : 0;
}

#define CAP(n) (1ULL << (n))

/* To serve files of all owners, as root does. */
#define KEPT                                                                   \
	(CAP(CAP_CHOWN) | CAP(CAP_DAC_OVERRIDE) | CAP(CAP_DAC_READ_SEARCH) |   \
	 CAP(CAP_FOWNER) | CAP(CAP_FSETID) | CAP(CAP_MKNOD) |                  \
	 CAP(CAP_SETFCAP) | CAP(CAP_SETGID) | CAP(CAP_SETUID))

int jail_drop(struct err *e)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2];

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "no new privileges");
	if (syscall(SYS_capget, &head, data) < 0)
		return err_set(e, errno, "capabilities");
	for (unsigned i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(KEPT >> 32 * i);
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return err_set(e, errno, "capabilities");
	return 0;
}

/* ---- system calls ---- */

enum { L = 1, V = 2, Q = 4 };

struct allowed {
	int nr;
	unsigned roles;
};

static const struct allowed table[] = {
#define ALLOW(call, who, why) { SCMP_SYS(call), (who) },
#include "host/seccomp.tbl"
#undef ALLOW
};

struct allowed_arg {
	int nr;
	unsigned roles;
	unsigned arg;
	uint64_t mask, value; /* (argument & mask) == value */
};

#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |      \
		      CLONE_THREAD)
#define REQUEST UINT32_MAX

static const struct allowed_arg arg_table[] = {
	{ SCMP_SYS(clone), V | Q, 0, THREAD_FLAGS, THREAD_FLAGS },
	{ SCMP_SYS(unshare), V | Q, 0, ~0ULL, CLONE_FS },
	{ SCMP_SYS(prctl), V | Q, 0, ~0ULL, PR_SET_NAME },
	{ SCMP_SYS(prctl), L | V | Q, 0, ~0ULL, PR_SET_VMA },
	{ SCMP_SYS(ioctl), V, 1, REQUEST, KVM_RUN },
	{ SCMP_SYS(ioctl), V, 1, REQUEST, KVM_GET_REGS },
	{ SCMP_SYS(ioctl), V, 1, REQUEST, KVM_GET_SREGS },
	{ SCMP_SYS(ioctl), V, 1, REQUEST, KVM_SET_REGS },
	{ SCMP_SYS(ioctl), V, 1, REQUEST, KVM_SET_SREGS },
	{ SCMP_SYS(ioctl), V, 1, REQUEST, KVM_CREATE_VCPU },
	{ SCMP_SYS(ioctl), V, 1, REQUEST, KVM_SET_CPUID2 },
	{ SCMP_SYS(ioctl), V, 1, REQUEST, KVM_SET_MP_STATE },
	{ SCMP_SYS(ioctl), V, 1, REQUEST, KVM_SET_GUEST_DEBUG },
	{ SCMP_SYS(ioctl), V, 1, REQUEST, KVM_TRANSLATE },
	{ SCMP_SYS(ioctl), L | Q, 1, REQUEST, TIOCGWINSZ },
	{ SCMP_SYS(ioctl), L | Q, 1, REQUEST, TCSETS },
	{ SCMP_SYS(ioctl), L | Q, 1, REQUEST, TCSETSW },
	{ SCMP_SYS(ioctl), L | Q, 1, REQUEST, TCGETS },
};

static int add_rules(scmp_filter_ctx ctx, unsigned role)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && !r; i++)
		if (table[i].roles & role)
			r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, table[i].nr,
					     0);
	for (size_t i = 0; i < sizeof(arg_table) / sizeof(arg_table[0]) && !r;
	     i++) {
		const struct allowed_arg *a = &arg_table[i];
		struct scmp_arg_cmp cmp = { a->arg, SCMP_CMP_MASKED_EQ, a->mask,
					    a->value };

		if (a->roles & role)
			r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, a->nr,
						   1, &cmp);
	}
	/* Signals inside this process only: pthread_kill, abort. */
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				     SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid()));
	/* Its flags are behind a pointer, which no filter sees: ENOSYS makes
	 * the C library use clone, whose flags are checked. */
	if (!r)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS),
				     SCMP_SYS(clone3), 0);
	return r;
}

int jail_thread(enum jail_role role, struct err *e)
{
	static const unsigned bit[] = { [JAIL_LOOP] = L,
					[JAIL_VCPU] = V,
					[JAIL_QEMU] = Q };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r;

	if (!ctx)
		return err_set(e, ENOMEM, "seccomp");
	/* A tree of comparisons, where the order of the list would not do. */
	r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!r)
		r = add_rules(ctx, bit[role]);
	if (!r)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r < 0 ? err_set(e, -r, "seccomp filter") : 0;
}
