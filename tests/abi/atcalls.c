/* SPDX-License-Identifier: Apache-2.0 */
/* atcalls.c: calls of a name by their numbers: owners, times, links, what a
 * file is, renaming, roots, mounts, execution by descriptor */
#include "abi.h"

#include <linux/stat.h>
#include <sys/mount.h>

#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif
#define BAD  ((void *)8)
#define AT_E 0x1000 /* AT_EMPTY_PATH */
#define NOF  0x100  /* AT_SYMLINK_NOFOLLOW */

static struct stat st;
static char buf[5000], long_name[5000];
static int dir, fd, path_fd;

static void owner(const char *name)
{
	lstat(name, &st);
	printf("%s: %d %d %o\n", name, st.st_uid, st.st_gid, st.st_mode);
}

static void owners(void)
{
	SAY(syscall(SYS_fchown, fd, 11, 12));
	owner("f");
	SAY(syscall(SYS_fchown, fd, -1, 13));
	owner("f");
	SAY(syscall(SYS_fchown, path_fd, 1, 1));
	SAY(syscall(SYS_fchown, 99, 1, 1));
	SAY(syscall(SYS_lchown, "l", 21, 22));
	owner("l");
	owner("f");
	SAY(syscall(SYS_lchown, "none", 1, 1));
	SAY(syscall(SYS_lchown, "", 1, 1));
	SAY(syscall(SYS_lchown, BAD, 1, 1));
	chmod("f", 06755);
	SAY(syscall(SYS_fchownat, AT_FDCWD, "l", 31, 32, 0));
	owner("f"); /* without its set-id bits */
	SAY(syscall(SYS_fchownat, dir, "../l", 33, 34, NOF));
	owner("l");
	SAY(syscall(SYS_fchownat, fd, "", 35, 36, AT_E));
	SAY(syscall(SYS_fchownat, path_fd, "", 37, 38, AT_E));
	owner("f");
	SAY(syscall(SYS_fchownat, fd, "", 1, 1, 0));
	SAY(syscall(SYS_fchownat, fd, "x", 1, 1, 0));
	SAY(syscall(SYS_fchownat, 99, "x", 1, 1, 0));
	SAY(syscall(SYS_fchownat, AT_FDCWD, "f", 1, 1, 0x4000));
}

static void times(const char *name)
{
	lstat(name, &st);
	printf("%s: %ld.%09ld %ld.%09ld\n", name, (long)st.st_atim.tv_sec,
	       st.st_atim.tv_nsec, (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static void stamps(void)
{
	struct timeval tv[2] = { { 1000, 250000 }, { 2000, 999999 } };
	struct timeval wrong[2] = { { 1000, 1000000 }, { 0, 0 } };

	SAY(syscall(SYS_utimes, "l", tv));
	times("f");
	SAY(syscall(SYS_utimes, "f", wrong));
	SAY(syscall(SYS_utimes, "none", tv));
	SAY(syscall(SYS_utimes, "f", BAD));
	tv[0].tv_sec = -5;
	SAY(syscall(SYS_futimesat, dir, "sub", tv));
	times("d/sub");
	SAY(syscall(SYS_futimesat, fd, NULL, tv));
	times("f");
	SAY(syscall(SYS_futimesat, fd, "x", tv));
	SAY(syscall(SYS_futimesat, 99, "x", tv));
	SAY(syscall(SYS_futimesat, AT_FDCWD, "f", wrong));
	SAY(syscall(SYS_utimes, "f", NULL));
	stat("f", &st);
	printf("now %d\n", labs(st.st_mtime - time(NULL)) <= 2);
}

static void nodes(void)
{
	umask(022);
	SAY(syscall(SYS_mknodat, dir, "fifo", S_IFIFO | 0666, 0));
	owner("d/fifo");
	SAY(syscall(SYS_mknodat, dir, "file", 0666, 0));
	owner("d/file");
	SAY(syscall(SYS_mknodat, dir, "sock", S_IFSOCK | 0600, 0));
	SAY(syscall(SYS_mknodat, dir, "fifo", S_IFIFO | 0666, 0));
	SAY(syscall(SYS_mknodat, dir, "x", S_IFDIR | 0666, 0));
	SAY(syscall(SYS_mknodat, dir, "x", S_IFLNK | 0666, 0));
	SAY(syscall(SYS_mknodat, dir, "x/", S_IFIFO | 0666, 0));
	SAY(syscall(SYS_mknodat, fd, "x", S_IFIFO | 0666, 0));
	SAY(syscall(SYS_mknodat, 99, "x", S_IFIFO | 0666, 0));
	SAY(syscall(SYS_symlinkat, "../f", dir, "up"));
	SAY(syscall(SYS_symlinkat, "../f", dir, "up"));
	SAY(syscall(SYS_symlinkat, "", dir, "empty"));
	SAY(syscall(SYS_symlinkat, "x", dir, "y/"));
	SAY(syscall(SYS_symlinkat, long_name, dir, "long"));
	SAY(syscall(SYS_symlinkat, "x", fd, "y"));
	SAY(syscall(SYS_symlinkat, BAD, dir, "y"));
	SAY(syscall(SYS_readlinkat, dir, "up", buf, sizeof(buf)));
	printf("%.4s\n", buf);
	SAY(syscall(SYS_readlinkat, dir, "up", buf, 2));
	SAY(syscall(SYS_readlinkat, dir, "up", buf, 0));
	SAY(syscall(SYS_readlinkat, dir, "up", buf, -1));
	SAY(syscall(SYS_readlinkat, dir, "up", BAD, 10));
	SAY(syscall(SYS_readlinkat, dir, "file", buf, 10));
	SAY(syscall(SYS_readlinkat, dir, "", buf, 10));
	SAY(syscall(SYS_readlinkat, dir, "none", buf, 10));
	close(path_fd);
	path_fd = open("d/up", O_PATH | O_NOFOLLOW);
	SAY(syscall(SYS_readlinkat, path_fd, "", buf, 10));
	close(path_fd);
	path_fd = open("f", O_PATH);
	SAY(syscall(SYS_readlinkat, path_fd, "", buf, 10));
}

static void stats(void)
{
	struct statx x;

	SAY(syscall(SYS_newfstatat, dir, "up", &st, 0));
	printf("%o %ld\n", st.st_mode, (long)st.st_size);
	SAY(syscall(SYS_newfstatat, dir, "up", &st, NOF));
	printf("%o %ld\n", st.st_mode, (long)st.st_size);
	SAY(syscall(SYS_newfstatat, fd, "", &st, AT_E));
	printf("%o %ld\n", st.st_mode, (long)st.st_size);
	SAY(syscall(SYS_newfstatat, AT_FDCWD, "", &st, AT_E));
	printf("dir %d\n", S_ISDIR(st.st_mode));
	SAY(syscall(SYS_newfstatat, fd, "", &st, 0));
	SAY(syscall(SYS_newfstatat, fd, "x", &st, 0));
	SAY(syscall(SYS_newfstatat, 99, "x", &st, 0));
	SAY(syscall(SYS_newfstatat, 99, "", &st, AT_E));
	SAY(syscall(SYS_newfstatat, dir, "up", &st, 0x10000));
	SAY(syscall(SYS_newfstatat, dir, "up", BAD, 0));
	SAY(syscall(SYS_newfstatat, dir, BAD, &st, 0));
	SAY(syscall(SYS_newfstatat, dir, "up/x", &st, 0));
	SAY(syscall(SYS_newfstatat, dir, long_name, &st, 0));
	memset(&x, 0, sizeof(x));
	SAY(syscall(SYS_statx, dir, "up", 0, STATX_BASIC_STATS, &x));
	printf("%x %o %u %u\n", x.stx_mask & STATX_BASIC_STATS, x.stx_mode,
	       x.stx_uid, x.stx_gid);
	SAY(syscall(SYS_statx, fd, "", AT_E | 0x2000, STATX_SIZE, &x));
	SAY(syscall(SYS_statx, fd, "", AT_E | 0x4000, STATX_SIZE, &x));
	SAY(syscall(SYS_statx, fd, "", AT_E | 0x6000, STATX_SIZE, &x));
	SAY(syscall(SYS_statx, fd, "", AT_E, 0x80000000, &x));
	SAY(syscall(SYS_statx, dir, "up", 0x10000, STATX_SIZE, &x));
	SAY(syscall(SYS_statx, fd, "", AT_E, STATX_SIZE, BAD));
	SAY(syscall(SYS_statx, dir, "none", 0, STATX_SIZE, &x));
	printf("%d %d\n", x.stx_size == 5, x.stx_nlink);
}

static void accesses(void)
{
	chmod("f", 0400);
	SAY(syscall(SYS_faccessat2, dir, "up", R_OK, 0));
	SAY(syscall(SYS_faccessat2, dir, "up", X_OK, 0));
	SAY(syscall(SYS_faccessat2, dir, "up", X_OK, NOF));
	SAY(syscall(SYS_faccessat2, fd, "", X_OK, AT_E));
	SAY(syscall(SYS_faccessat2, dir, "up", R_OK, 0x200)); /* AT_EACCESS */
	SAY(syscall(SYS_faccessat2, dir, "up", 8, 0));
	SAY(syscall(SYS_faccessat2, dir, "up", R_OK, 0x400));
	SAY(syscall(SYS_faccessat2, 99, "up", R_OK, 0));
	SAY(syscall(SYS_faccessat2, fd, "up", R_OK, 0));
	SAY(syscall(SYS_faccessat2, dir, BAD, R_OK, 0));
	if (!fork()) {
		setresgid(50, 50, 0);
		setresuid(50, 0, 0);
		SAY(syscall(SYS_faccessat2, dir, "up", R_OK, 0));
		SAY(syscall(SYS_faccessat2, dir, "up", R_OK, 0x200));
		_exit(0);
	}
	wait(NULL);
	chmod("f", 0644);
}

static void renames(void)
{
	int n, two;

	close(open("a", O_CREAT | O_WRONLY, 0644));
	mkdir("b", 0755);
	SAY(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "f", 1));
	SAY(syscall(SYS_renameat2, AT_FDCWD, "a", dir, "new", 1));
	SAY(syscall(SYS_renameat2, dir, "new", AT_FDCWD, "b", 2));
	owner("b");
	n = S_ISREG(st.st_mode);
	SAY(syscall(SYS_renameat2, dir, "new", AT_FDCWD, "none", 2));
	SAY(syscall(SYS_renameat2, dir, "new", AT_FDCWD, "b", 3));
	SAY(syscall(SYS_renameat2, dir, "new", AT_FDCWD, "b", 8));
	SAY(syscall(SYS_renameat2, dir, "new", AT_FDCWD, "b", 0));
	SAY(syscall(SYS_renameat2, AT_FDCWD, "d", dir, "in", 0));
	SAY(syscall(SYS_renameat2, AT_FDCWD, "d", dir, "new", 2));
	SAY(syscall(SYS_renameat2, dir, ".", AT_FDCWD, "x", 0));
	SAY(syscall(SYS_renameat2, 99, "a", AT_FDCWD, "x", 0));
	SAY(syscall(SYS_renameat2, fd, "a", AT_FDCWD, "x", 0));
	two = rmdir("d/new") || unlink("b");
	printf("%d %d\n", n, two);
}

static void roots(void)
{
	int st2;

	if (!fork()) {
		SAY(syscall(SYS_chroot, "f"));
		SAY(syscall(SYS_chroot, "none"));
		SAY(syscall(SYS_chroot, BAD));
		SAY(syscall(SYS_chroot, "d"));
		SAY(access("/file", F_OK));
		SAY(access("f", F_OK)); /* the directory stays where it was */
		SAY(chdir("/"));
		SAY(access("../../file", F_OK));
		SAY(access("up", F_OK)); /* its target is above */
		setresuid(7, 7, 7);
		SAY(syscall(SYS_chroot, "/sub"));
		_exit(0);
	}
	wait(&st2);
	SAY(syscall(SYS_umount2, "f", 0));
	SAY(syscall(SYS_umount2, "none", 0));
	SAY(syscall(SYS_umount2, BAD, 0));
	SAY(syscall(SYS_umount2, "d/sub", 64));
	SAY(mount("t", "d/sub", "tmpfs", 0, NULL));
	symlink("d/sub", "to");
	SAY(syscall(SYS_umount2, "to", 8)); /* UMOUNT_NOFOLLOW */
	st2 = open("d/sub", O_RDONLY);
	SAY(syscall(SYS_umount2, "to", 0));
	SAY(syscall(SYS_umount2, "to", MNT_DETACH));
	close(st2);
	SAY(syscall(SYS_umount2, "d/sub", 0));
	unlink("to");
}

static void runs(int n, int fd_, const char *name, int flags)
{
	char *args[] = { "true", NULL }, *env[] = { NULL };
	int s;

	if (!fork()) {
		syscall(SYS_execveat, fd_, name, args, env, flags);
		printf("%d: %s\n", n, strerrorname(errno));
		fflush(stdout);
		_exit(1);
	}
	wait(&s);
	printf("%d: status %x\n", n, s);
	fflush(stdout);
}

static void execs(void)
{
	int bin = open("/bin", O_RDONLY | O_DIRECTORY);
	int t = open("/bin/true", O_RDONLY), p = open("/bin/true", O_PATH);
	char *args[] = { "true", NULL };

	runs(1, bin, "true", 0);
	runs(2, t, "", AT_E);
	runs(3, p, "", AT_E);
	runs(4, AT_FDCWD, "/bin/true", 0);
	runs(5, t, "", 0);
	runs(6, bin, "none", 0);
	runs(7, 99, "true", 0);
	runs(8, t, "true", 0);
	runs(9, AT_FDCWD, "f", 0);
	runs(10, bin, "true", 0x4000);
	symlink("/bin/true", "t");
	runs(11, AT_FDCWD, "t", NOF);
	unlink("t");
	SAY(syscall(SYS_execve, "none", args, NULL));
	SAY(syscall(SYS_execve, "d", args, NULL));
	SAY(syscall(SYS_execve, BAD, args, NULL));
	SAY(syscall(SYS_execve, "/bin/true", BAD, NULL));
}

int main(void)
{
	memset(long_name, 'n', sizeof(long_name) - 1);
	mkdir("d", 0755);
	mkdir("d/sub", 0755);
	fd = open("f", O_RDWR | O_CREAT, 0644);
	write(fd, "12345", 5);
	symlink("f", "l");
	dir = open("d", O_RDONLY | O_DIRECTORY);
	path_fd = open("f", O_PATH);
	owners();
	stamps();
	nodes();
	stats();
	accesses();
	renames();
	roots();
	execs();
	return 0;
}
