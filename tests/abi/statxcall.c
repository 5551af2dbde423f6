/* SPDX-License-Identifier: Apache-2.0 */
/* statxcall.c: statx: what it fills, its flags and masks. */
#include "abi.h"

#include <sys/sysmacros.h>
#ifndef STATX_TYPE
#include <linux/stat.h>
#endif
#ifndef AT_STATX_FORCE_SYNC
#define AT_STATX_FORCE_SYNC 0x2000
#define AT_STATX_DONT_SYNC  0x4000
#endif
#define BAD   ((void *)8)
#define BASIC 0x7ffU

static struct statx x;

static long statx_of(int fd, const char *name, unsigned flags, unsigned mask)
{
	memset(&x, 0xff, sizeof(x));
	return syscall(SYS_statx, fd, name, flags, mask, &x);
}

/* What is the same on each file system. */
static void show(void)
{
	printf("basic %x mode %o nlink %u owner %u %u size %llu\n",
	       x.stx_mask & BASIC, x.stx_mode, x.stx_nlink, x.stx_uid,
	       x.stx_gid, (unsigned long long)x.stx_size);
	printf("atime %lld.%09u mtime %lld.%09u rdev %u:%u\n",
	       (long long)x.stx_atime.tv_sec, x.stx_atime.tv_nsec,
	       (long long)x.stx_mtime.tv_sec, x.stx_mtime.tv_nsec,
	       x.stx_rdev_major, x.stx_rdev_minor);
}

static void same_as_stat(int fd, const char *name)
{
	struct stat st;

	statx_of(fd, name, 0, BASIC);
	syscall(SYS_newfstatat, fd, name, &st, 0);
	printf("%s: %d%d%d%d%d%d\n", name, x.stx_ino == st.st_ino,
	       makedev(x.stx_dev_major, x.stx_dev_minor) == st.st_dev,
	       x.stx_blksize == st.st_blksize, x.stx_blocks == st.st_blocks,
	       x.stx_ctime.tv_sec == st.st_ctim.tv_sec,
	       x.stx_ctime.tv_nsec == st.st_ctim.tv_nsec);
}

static void filled(int d, int f)
{
	struct timespec t[2] = { { 5, 6 }, { 7, 8 } };
	int p[2];

	pipe(p);
	futimens(f, t);
	SAY(statx_of(d, "f", 0, BASIC));
	show();
	SAY(statx_of(d, "l", 0, BASIC));
	printf("%o\n", x.stx_mode);
	SAY(statx_of(d, "l", AT_SYMLINK_NOFOLLOW, BASIC));
	printf("%o %llu\n", x.stx_mode, (unsigned long long)x.stx_size);
	SAY(statx_of(f, "", AT_EMPTY_PATH, BASIC));
	show();
	SAY(statx_of(AT_FDCWD, "", AT_EMPTY_PATH, BASIC));
	printf("%o\n", x.stx_mode);
	SAY(statx_of(p[0], "", AT_EMPTY_PATH, BASIC));
	printf("%o\n", x.stx_mode);
	SAY(statx_of(open("l", O_PATH | O_NOFOLLOW), "", AT_EMPTY_PATH, BASIC));
	printf("%o\n", x.stx_mode);
	SAY(statx_of(AT_FDCWD, "/dev/null", 0, BASIC));
	printf("%o %u:%u\n", x.stx_mode & S_IFMT, x.stx_rdev_major,
	       x.stx_rdev_minor);
	SAY(statx_of(d, "f", AT_NO_AUTOMOUNT, 0));
	printf("%o\n", x.stx_mode & S_IFMT);
	SAY(statx_of(d, "f", AT_STATX_FORCE_SYNC, STATX_SIZE));
	printf("%d %llu\n", !!(x.stx_mask & STATX_SIZE),
	       (unsigned long long)x.stx_size);
	SAY(statx_of(d, "f", AT_STATX_DONT_SYNC, STATX_TYPE | STATX_MODE));
	printf("%d %o\n", !!(x.stx_mask & STATX_TYPE), x.stx_mode & S_IFMT);
	SAY(statx_of(d, "f", 0, 0x7fffffff));
	printf("%x\n", x.stx_mask & BASIC);
	same_as_stat(d, "f");
	same_as_stat(d, ".");
	same_as_stat(d, "/dev/null");
	close(p[0]);
	close(p[1]);
}

static void roots(int d)
{
	SAY(statx_of(AT_FDCWD, "/dev/shm", 0, BASIC));
	printf("root: %d %d\n",
	       !!(x.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT),
	       !!(x.stx_attributes & STATX_ATTR_MOUNT_ROOT));
	SAY(statx_of(d, "f", 0, BASIC));
	printf("root: %d %d\n",
	       !!(x.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT),
	       !!(x.stx_attributes & STATX_ATTR_MOUNT_ROOT));
	printf("mount: %d\n", !!(x.stx_mask & STATX_MNT_ID));
}

static void errors(int d, int f)
{
	static char longname[NAME_MAX + 2];

	memset(longname, 'n', NAME_MAX + 1);
	SAY(statx_of(d, "f", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, BASIC));
	SAY(statx_of(d, "f", 1, BASIC));
	SAY(statx_of(d, "f", AT_SYMLINK_FOLLOW, BASIC));
	SAY(statx_of(d, "f", AT_REMOVEDIR, BASIC));
	SAY(statx_of(d, "f", 0x8000, BASIC));
	SAY(statx_of(d, "f", 0, 0x80000000U));
	SAY(statx_of(d, "f", 0, -1U));
	SAY(statx_of(d, BAD, 1, BASIC));
	SAY(statx_of(d, BAD, 0, 0x80000000U));
	SAY(statx_of(d, BAD, 0, BASIC));
	SAY(statx_of(d, "", 0, BASIC));
	SAY(statx_of(d, "no", 0, BASIC));
	SAY(statx_of(d, "f/x", 0, BASIC));
	SAY(statx_of(d, "f/", 0, BASIC));
	SAY(statx_of(d, "loop", 0, BASIC));
	SAY(statx_of(d, longname, 0, BASIC));
	SAY(statx_of(f, "f", 0, BASIC));
	SAY(statx_of(-1, "f", 0, BASIC));
	SAY(statx_of(-1, "", AT_EMPTY_PATH, BASIC));
	SAY(statx_of(-1, "/", 0, 0));
	SAY(syscall(SYS_statx, d, "f", 0, BASIC, BAD));
	SAY(syscall(SYS_statx, d, "f", 0, BASIC, NULL));
	SAY(syscall(SYS_statx, d, "no", 0, BASIC, BAD));
	SAY(syscall(SYS_statx, d, "f", 0, 0x80000000U, BAD));
}

static void user(void)
{
	SAY(statx_of(AT_FDCWD, "closed/f", 0, BASIC));
	SAY(statx_of(AT_FDCWD, "closed", 0, BASIC));
	SAY(statx_of(AT_FDCWD, "secret", 0, BASIC));
}

int main(void)
{
	int d, f;

	setvbuf(stdout, NULL, _IOLBF, 0);
	umask(022);
	mkdir("closed", 0700);
	close(open("secret", O_CREAT, 0));
	d = open(".", O_RDONLY | O_DIRECTORY);
	f = open("f", O_CREAT | O_RDWR, 0640);
	write(f, "hello", 5);
	link("f", "g");
	symlink("f", "l");
	symlink("loop", "loop");
	filled(d, f);
	roots(d);
	errors(d, f);
	as_user(user);
	return 0;
}
