// uses: guest/kernel/fs/inode.c guest/kernel/fs/dcache.c guest/kernel/fs/path.c guest/kernel/fs/pathname.c guest/kernel/fs/fsctx.c guest/kernel/fs/mount.c guest/kernel/fs/namei.c guest/kernel/fs/open.c guest/kernel/fs/attr.c guest/kernel/fs/file.c guest/kernel/fs/fdtable.c guest/kernel/fs/anon.c guest/kernel/fs/tmpfs.c guest/kernel/fs/tmpfs_dir.c guest/kernel/fs/tmpfs_file.c guest/kernel/fs/xattr.c guest/kernel/fs/pipe.c guest/kernel/fs/pipe_open.c guest/kernel/fs/splice.c guest/kernel/syscall/sys_splice.c guest/kernel/fs/flock.c guest/kernel/fs/epoll.c guest/kernel/lib/uio.c guest/kernel/lib/iovec.c guest/kernel/syscall/sys_file.c guest/kernel/syscall/sys_dir.c guest/kernel/syscall/sys_stat.c guest/kernel/syscall/sys_rw.c guest/kernel/syscall/target.c guest/kernel/syscall/sys_mount.c guest/kernel/syscall/sys_xattr.c guest/kernel/fs/notify.c guest/kernel/fs/inotify.c guest/kernel/fs/dnotify.c guest/kernel/fs/fasync.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_mount_test.c: the tree of mounts, names across it, roots, rights, links
 * that nest, extended attributes: what random names (fs_oracle_test) do not
 * reach.
 */
#include "tests/unit/check.h"
#include "tests/unit/fs_fakes.h"
#include "syscall_proto.h"

const struct file_ops *chrdev_ops(uint64_t rdev)
{
	(void)rdev;
	return NULL;
}
void signal_set_mask(uint64_t mask)
{
	(void)mask;
}

#define U(x)              UADDR(x)
#define OPEN(name, flags) ((int)sys_open(U(name), (flags), 0644))

static int make_file(const char *name)
{
	int fd = OPEN(name, O_RDWR | O_CREAT);

	return fd < 0 ? fd : (int)sys_close(fd);
}

static int exists(const char *name)
{
	struct lx_stat st;

	return (int)sys_lstat(U(name), U(&st));
}

static const char *cwd(void)
{
	static char buf[PATH_MAX];

	return sys_getcwd(U(buf), sizeof(buf)) < 0 ? "?" : buf;
}

static void test_tree(void)
{
	CHECK_EQ(sys_mkdir(U("/m"), 0755), 0);
	CHECK_EQ(make_file("/m/under"), 0);
	CHECK_EQ(sys_mount(U("src"), U("/m"), U("tmpfs"), MS_NOSUID, U("")), 0);
	CHECK_EQ(exists("/m/under"), -ENOENT);
	CHECK_EQ(sys_mkdir(U("/m/d"), 0755), 0);
	CHECK_EQ(sys_mount(U("src"), U("/m/d"), U("tmpfs"), 0, U(0)), 0);
	CHECK_EQ(sys_mkdir(U("/m/d/e"), 0755), 0);
	CHECK_EQ(sys_chdir(U("/m/d/e")), 0);
	CHECK(!strcmp(cwd(), "/m/d/e"));
	CHECK_EQ(sys_chdir(U("../../../m/d/e/..")), 0);
	CHECK(!strcmp(cwd(), "/m/d"));
	CHECK_EQ(sys_rmdir(U("/m/d")), -EBUSY);
	CHECK_EQ(sys_rename(U("/m/d"), U("/m/x")), -EBUSY);
	CHECK_EQ(sys_rename(U("/m/d/e"), U("/m/e")), -EXDEV);
	CHECK_EQ(make_file("/m/d/f"), 0);
	CHECK_EQ(sys_link(U("/m/d/f"), U("/m/f")), -EXDEV);
	CHECK_EQ(sys_umount2(U("/m/d"), 0), -EBUSY); /* the cwd is in it */
	CHECK_EQ(sys_umount2(U("/m"), 0), -EBUSY);   /* a mount is below */
	CHECK_EQ(sys_umount2(U("/m/d/e"), 0), -EINVAL);
	CHECK_EQ(sys_chdir(U("/")), 0);
	CHECK_EQ(sys_umount2(U("/m/d"), 0), 0);
	CHECK_EQ(exists("/m/d/e"), -ENOENT);
	CHECK_EQ(sys_umount2(U("/m"), 0), 0);
	CHECK_EQ(exists("/m/under"), 0);
	CHECK_EQ(sys_umount2(U("/"), 0), -EBUSY);
}

/* Two file systems on one place: the last one shows, and goes first. */
static void test_stacked(void)
{
	CHECK_EQ(mount_at("tmpfs", "a", "/m", 0, ""), 0);
	CHECK_EQ(make_file("/m/a"), 0);
	CHECK_EQ(mount_at("tmpfs", "b", "/m", 0, ""), 0);
	CHECK_EQ(exists("/m/a"), -ENOENT);
	CHECK_EQ(sys_chdir(U("/m")), 0);
	CHECK_EQ(sys_chdir(U("..")), 0);
	CHECK(!strcmp(cwd(), "/"));
	CHECK_EQ(sys_umount2(U("/m"), 0), 0);
	CHECK_EQ(exists("/m/a"), 0);
	CHECK_EQ(sys_umount2(U("/m"), 0), 0);
}

static void test_bind(void)
{
	int fd;

	CHECK_EQ(sys_mkdir(U("/from"), 0755), 0);
	CHECK_EQ(sys_mkdir(U("/from/sub"), 0755), 0);
	CHECK_EQ(sys_mkdir(U("/to"), 0755), 0);
	CHECK_EQ(make_file("/from/f"), 0);
	CHECK_EQ(make_file("/g"), 0);
	CHECK_EQ(mount_at("tmpfs", "s", "/from/sub", 0, ""), 0);
	CHECK_EQ(make_file("/from/sub/deep"), 0);
	CHECK_EQ(mount_bind("/from", "/to", 0), 0);
	CHECK_EQ(exists("/to/f"), 0);
	CHECK_EQ(exists("/to/sub/deep"), -ENOENT); /* not recursive */
	CHECK_EQ(sys_umount2(U("/to"), 0), 0);
	CHECK_EQ(mount_bind("/from", "/to", MS_REC | MS_RDONLY), 0);
	CHECK_EQ(exists("/to/sub/deep"), 0);
	CHECK_EQ(OPEN("/to/f", O_RDWR), -EROFS);
	CHECK_EQ(OPEN("/to/new", O_RDWR | O_CREAT), -EROFS);
	CHECK_EQ(sys_mkdir(U("/to/new"), 0755), -EROFS);
	CHECK_EQ(sys_mkdir(U("/to/sub"), 0755), -EEXIST);
	CHECK_EQ(sys_unlink(U("/to/f")), -EROFS);
	CHECK_EQ(sys_chmod(U("/to/f"), 0600), -EROFS);
	CHECK_EQ(sys_access(U("/to/f"), W_OK), -EROFS);
	fd = OPEN("/from/f", O_RDWR); /* the other way in is not read-only */
	CHECK(fd >= 0);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(mount_bind("/g", "/to", 0), -ENOTDIR);
	CHECK_EQ(mount_bind("/g", "/from/f", 0), 0);
	CHECK_EQ(sys_unlink(U("/from/f")), -EBUSY);
	CHECK_EQ(sys_umount2(U("/from/f"), 0), 0);
	CHECK_EQ(sys_mount(U(0), U("/to"), U(0), MS_REMOUNT | MS_BIND, U(0)),
		 0);
	CHECK_EQ(sys_chmod(U("/to/f"), 0600), 0);
	CHECK_EQ(sys_umount2(U("/to"), MNT_DETACH), 0);
	CHECK_EQ(exists("/to/f"), -ENOENT);
	CHECK_EQ(sys_mount(U("/from/sub"), U("/to"), U(0), MS_MOVE, U(0)), 0);
	CHECK_EQ(exists("/to/deep"), 0);
	CHECK_EQ(exists("/from/sub/deep"), -ENOENT);
	CHECK_EQ(sys_umount2(U("/to"), 0), 0);
	CHECK_EQ(sys_mount(U(0), U("/"), U(0), MS_PRIVATE | MS_REC, U(0)), 0);
	CHECK_EQ(sys_mount(U(0), U("/"), U(0), MS_SHARED, U(0)), -EINVAL);
}

static void test_detach_in_use(void)
{
	int fd;
	char c;

	CHECK_EQ(mount_at("tmpfs", "s", "/to", 0, ""), 0);
	fd = OPEN("/to/open", O_RDWR | O_CREAT);
	CHECK_EQ(sys_write(fd, U("z"), 1), 1);
	CHECK_EQ(sys_umount2(U("/to"), 0), -EBUSY);
	CHECK_EQ(sys_umount2(U("/to"), MNT_DETACH), 0);
	CHECK_EQ(sys_pread64(fd, U(&c), 1, 0), 1);
	CHECK_EQ(sys_close(fd), 0);
}

/* ".." of a task with a root of its own stops there. */
static void test_chroot(void)
{
	struct path top;

	CHECK_EQ(sys_mkdir(U("/jail"), 0755), 0);
	CHECK_EQ(sys_mkdir(U("/jail/in"), 0755), 0);
	CHECK_EQ(make_file("/secret"), 0);
	CHECK_EQ(sys_symlink(U("/secret"), U("/jail/abs")), 0);
	CHECK_EQ(sys_symlink(U("../../../secret"), U("/jail/up")), 0);
	fs_get_root(&top);
	CHECK_EQ(sys_chroot(U("/jail")), 0);
	CHECK_EQ(sys_chdir(U("/")), 0);
	CHECK_EQ(exists("/../secret"), -ENOENT);
	CHECK_EQ(exists("../../in/../../secret"), -ENOENT);
	CHECK_EQ(OPEN("/abs", O_RDONLY), -ENOENT);
	CHECK_EQ(OPEN("/up", O_RDONLY), -ENOENT);
	CHECK_EQ(exists("/../../in"), 0);
	fs_set_root(&top);
	CHECK(!strcmp(cwd(), "/jail"));
	CHECK_EQ(sys_chdir(U("/")), 0);
}

/* 40 links may be followed, 41 not; loops and long chains of names end. */
static void test_links(void)
{
	char name[32], target[64];

	CHECK_EQ(make_file("/l0"), 0);
	for (int n = 1; n <= 41; n++) {
		snprintf(name, sizeof(name), "/l%d", n);
		snprintf(target, sizeof(target), "./l%d", n - 1);
		CHECK_EQ(sys_symlink(U(target), U(name)), 0);
	}
	CHECK_EQ(sys_access(U("/l40"), 0), 0);
	CHECK_EQ(sys_access(U("/l41"), 0), -ELOOP);
	CHECK_EQ(OPEN("/l1", O_RDONLY | O_NOFOLLOW), -ELOOP);
	CHECK_EQ(sys_symlink(U("loop/x"), U("/loop")), 0);
	CHECK_EQ(sys_access(U("/loop"), 0), -ELOOP);
	CHECK_EQ(sys_symlink(U("made"), U("/dangling")), 0);
	CHECK_EQ(make_file("/dangling"), 0); /* O_CREAT goes through */
	CHECK_EQ(exists("/made"), 0);
	CHECK_EQ(OPEN("/dangling", O_RDWR | O_CREAT | O_EXCL), -EEXIST);
	CHECK_EQ(sys_rename(U("/jail"), U("/jail/in/x")), -EINVAL);
	CHECK_EQ(sys_chdir(U("/jail/in")), 0);
	CHECK_EQ(
		sys_rename(U("/jail"),
			   U("/a-name-of-more-than-forty-bytes-is-not-inline")),
		0);
	CHECK(!strcmp(cwd(),
		      "/a-name-of-more-than-forty-bytes-is-not-inline/in"));
	CHECK_EQ(sys_rmdir(U("../in")), 0);
	CHECK_EQ(sys_getcwd(U(target), sizeof(target)), -ENOENT);
	CHECK_EQ(OPEN("new", O_RDWR | O_CREAT), -ENOENT);
	CHECK_EQ(sys_chdir(U("/")), 0);
}

static void as_user(uint32_t uid)
{
	fake_cred.uid = fake_cred.euid = fake_cred.fsuid = uid;
	fake_cred.gid = fake_cred.egid = fake_cred.fsgid = uid;
	fake_cred.cap_eff = fake_cred.cap_perm = uid ? 0 : ~0ULL;
}

static void test_rights(void)
{
	CHECK_EQ(sys_mkdir(U("/priv"), 0700), 0);
	CHECK_EQ(make_file("/priv/f"), 0);
	CHECK_EQ(make_file("/rootfile"), 0);
	CHECK_EQ(sys_mkdir(U("/sticky"), 0777), 0);
	CHECK_EQ(sys_chmod(U("/sticky"), 01777), 0);
	CHECK_EQ(make_file("/sticky/roots"), 0);
	as_user(1000);
	CHECK_EQ(exists("/priv/f"), -EACCES);
	CHECK_EQ(OPEN("/rootfile", O_RDWR), -EACCES);
	CHECK_EQ(sys_chmod(U("/rootfile"), 0777), -EPERM);
	CHECK_EQ(sys_chown(U("/rootfile"), 1000, -1U), -EPERM);
	CHECK_EQ(sys_utimensat(AT_FDCWD, U("/rootfile"), U(0), 0), -EACCES);
	CHECK_EQ(sys_unlink(U("/sticky/roots")), -EPERM);
	CHECK_EQ(make_file("/sticky/mine"), 0);
	CHECK_EQ(sys_chmod(U("/sticky/mine"), 06777), 0);
	CHECK_EQ(sys_chown(U("/sticky/mine"), 1000, 1000), 0);
	{
		struct lx_stat st;

		CHECK_EQ(sys_stat(U("/sticky/mine"), U(&st)), 0);
		CHECK_EQ(st.st_mode & 07777, 0777); /* set-id bits are gone */
		CHECK_EQ(st.st_uid, 1000);
	}
	CHECK_EQ(sys_rename(U("/sticky/mine"), U("/sticky/roots")), -EPERM);
	CHECK_EQ(sys_unlink(U("/sticky/mine")), 0);
	CHECK_EQ(sys_mknod(U("/sticky/dev"), S_IFCHR | 0666, 0x103), -EPERM);
	CHECK_EQ(sys_chroot(U("/sticky")), -EPERM);
	CHECK_EQ(sys_umount2(U("/m"), 0), -EPERM);
	as_user(0);
	/* access(2) asks for the real user */
	fake_cred.uid = 1000;
	CHECK_EQ(sys_access(U("/priv/f"), R_OK), -EACCES);
	CHECK_EQ(sys_faccessat2(AT_FDCWD, U("/priv/f"), R_OK, AT_EACCESS), 0);
	as_user(0);
	/* a set-gid directory hands its group on */
	CHECK_EQ(sys_chown(U("/sticky"), -1U, 77), 0);
	CHECK_EQ(sys_chmod(U("/sticky"), 02777), 0);
	CHECK_EQ(sys_mkdir(U("/sticky/sub"), 0755), 0);
	{
		struct lx_stat st;

		CHECK_EQ(sys_stat(U("/sticky/sub"), U(&st)), 0);
		CHECK_EQ(st.st_gid, 77);
		CHECK_EQ(st.st_mode, S_IFDIR | S_ISGID | 0755);
	}
}

static void test_xattr(void)
{
	char buf[64];

	CHECK_EQ(sys_setxattr(U("/rootfile"), U("user.a"), U("val"), 3, 0), 0);
	CHECK_EQ(sys_setxattr(U("/rootfile"), U("user.a"), U("v"), 1,
			      XATTR_CREATE),
		 -EEXIST);
	CHECK_EQ(sys_setxattr(U("/rootfile"), U("user.b"), U("v"), 1,
			      XATTR_REPLACE),
		 -ENODATA);
	CHECK_EQ(sys_getxattr(U("/rootfile"), U("user.a"), U(buf), 0), 3);
	CHECK_EQ(sys_getxattr(U("/rootfile"), U("user.a"), U(buf), 2), -ERANGE);
	CHECK_EQ(sys_getxattr(U("/rootfile"), U("user.a"), U(buf), 64), 3);
	CHECK(!memcmp(buf, "val", 3));
	CHECK_EQ(sys_listxattr(U("/rootfile"), U(buf), 64), 7);
	CHECK_EQ(sys_setxattr(U("/l1"), U("user.b"), U("v"), 1, 0), 0);
	CHECK_EQ(sys_lsetxattr(U("/l1"), U("user.b"), U("v"), 1, 0), -EPERM);
	CHECK_EQ(sys_setxattr(U("/rootfile"), U("odd.b"), U("v"), 1, 0),
		 -EOPNOTSUPP);
	CHECK_EQ(sys_removexattr(U("/rootfile"), U("user.a")), 0);
	CHECK_EQ(sys_removexattr(U("/rootfile"), U("user.a")), -ENODATA);
}

struct listing {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/* 300 names in small pieces: each once, though half go meanwhile. */
static void test_readdir(void)
{
	static unsigned seen[300];
	char buf[200], name[32];
	int fd, total = 0;
	long r;

	CHECK_EQ(sys_mkdir(U("/big"), 0755), 0);
	for (int n = 0; n < 300; n++) {
		snprintf(name, sizeof(name), "/big/n%d", n);
		CHECK_EQ(make_file(name), 0);
	}
	fd = OPEN("/big", O_RDONLY | O_DIRECTORY);
	CHECK_EQ(sys_getdents64(fd, U(buf), 10), -EINVAL);
	while ((r = sys_getdents64(fd, U(buf), sizeof(buf))) > 0) {
		for (long at = 0; at < r;) {
			struct listing *e =
				(struct listing *)(void *)(buf + at);

			at += e->reclen;
			total++;
			if (e->name[0] != 'n')
				continue;
			seen[atoi(e->name + 1)]++;
			snprintf(name, sizeof(name), "/big/%.20s", e->name);
			if (atoi(e->name + 1) % 2)
				CHECK_EQ(sys_unlink(U(name)), 0);
		}
	}
	CHECK_EQ(r, 0);
	CHECK_EQ(total, 302);
	for (int n = 0; n < 300; n++)
		CHECK_EQ(seen[n], 1);
	CHECK_EQ(sys_lseek(fd, 0, SEEK_SET), 0);
	CHECK(sys_getdents64(fd, U(buf), sizeof(buf)) > 0);
	CHECK_EQ(sys_close(fd), 0);
	CHECK_EQ(sys_rmdir(U("/big")), -ENOTEMPTY);
}

static void test_openat2(void)
{
	struct lx_open_how how = { .flags = O_PATH };
	int dir = OPEN("/from", O_RDONLY | O_DIRECTORY);
	int fd;

	CHECK_EQ(sys_symlink(U("/g"), U("/from/abs")), 0);
	CHECK_EQ(sys_symlink(U("../g"), U("/from/rel")), 0);
	how.resolve = RESOLVE_BENEATH;
	CHECK_EQ(sys_openat2(dir, U("abs"), U(&how), 24), -EXDEV);
	CHECK_EQ(sys_openat2(dir, U("rel"), U(&how), 24), -EXDEV);
	CHECK_EQ(sys_openat2(dir, U("../from/f"), U(&how), 24), -EXDEV);
	how.resolve = RESOLVE_IN_ROOT;
	CHECK_EQ(sys_openat2(dir, U("abs"), U(&how), 24), -ENOENT);
	fd = (int)sys_openat2(dir, U("/../f"), U(&how), 24);
	CHECK(fd >= 0);
	CHECK_EQ(sys_close(fd), 0);
	how.resolve = RESOLVE_NO_SYMLINKS;
	CHECK_EQ(sys_openat2(dir, U("rel"), U(&how), 24), -ELOOP);
	how.resolve = RESOLVE_BENEATH | RESOLVE_IN_ROOT;
	CHECK_EQ(sys_openat2(dir, U("f"), U(&how), 24), -EINVAL);
	how.resolve = 0;
	CHECK_EQ(sys_openat2(dir, U("f"), U(&how), 23), -EINVAL);
	how.mode = 0644;
	CHECK_EQ(sys_openat2(dir, U("f"), U(&how), 24), -EINVAL);
	CHECK_EQ(sys_close(dir), 0);
}

int main(void)
{
	fs_fake_start();
	test_tree();
	test_stacked();
	test_bind();
	test_detach_in_use();
	test_chroot();
	test_links();
	test_rights();
	test_xattr();
	test_readdir();
	test_openat2();
	fs_fake_end();
	return check_done("fs_mount");
}
