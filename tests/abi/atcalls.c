/* SPDX-License-Identifier: Apache-2.0 */
/* atcalls.c: names and attributes relative to a directory: mknodat, symlinkat,
 * readlinkat, newfstatat, faccessat2. */
#include "abi.h"

#include <sys/sysmacros.h>

#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif
#ifndef AT_EACCESS
#define AT_EACCESS 0x200
#endif
#define BAD ((void *)8)

static char buf[64], longname[NAME_MAX + 2], longpath[PATH_MAX + 1];
static int d, f, lnk, p[2];
static struct stat st;

static void mode_of(const char *name)
{
	if (lstat(name, &st))
		printf("%s: %s\n", name, strerrorname(errno));
	else
		printf("%s: mode %o owner %d %d\n", name, st.st_mode, st.st_uid,
		       st.st_gid);
}

static void nodes(void)
{
	int fd;

	SAY(syscall(SYS_mknodat, d, "fifo", S_IFIFO | 0666, 0));
	SAY(syscall(SYS_mknodat, d, "sock", S_IFSOCK | 07777, 0));
	SAY(syscall(SYS_mknodat, d, "reg", 0600, 0));
	SAY(syscall(SYS_mknodat, d, "reg2", S_IFREG | 0666, 99));
	mode_of("d/fifo");
	mode_of("d/sock");
	mode_of("d/reg");
	mode_of("d/reg2");
	SAY(syscall(SYS_mknodat, d, "x", S_IFDIR | 0666, 0));
	SAY(syscall(SYS_mknodat, d, "x", S_IFLNK | 0666, 0));
	SAY(syscall(SYS_mknodat, d, "x", 0170000, 0));
	SAY(syscall(SYS_mknodat, d, "fifo", 0, 0));
	SAY(syscall(SYS_mknodat, d, "link", 0, 0));
	SAY(syscall(SYS_mknodat, d, "x/", 0, 0));
	SAY(syscall(SYS_mknodat, d, ".", 0, 0));
	SAY(syscall(SYS_mknodat, d, "", 0, 0));
	SAY(syscall(SYS_mknodat, d, BAD, 0, 0));
	SAY(syscall(SYS_mknodat, d, "no/x", 0, 0));
	SAY(syscall(SYS_mknodat, d, "reg/x", 0, 0));
	SAY(syscall(SYS_mknodat, d, "loop/x", 0, 0));
	SAY(syscall(SYS_mknodat, d, longname, 0, 0));
	SAY(syscall(SYS_mknodat, d, longpath, 0, 0));
	SAY(syscall(SYS_mknodat, f, "x", 0, 0));
	SAY(syscall(SYS_mknodat, -1, "x", 0, 0));
	SAY(syscall(SYS_mknodat, -1, "/dev/abi-null", S_IFCHR | 0600,
		    makedev(1, 3)));
	stat("/dev/abi-null", &st);
	printf("%o %d %d\n", st.st_mode, major(st.st_rdev), minor(st.st_rdev));
	fd = open("/dev/abi-null", O_WRONLY);
	SAY(write(fd, "x", 1));
	close(fd);
	unlink("/dev/abi-null");
}

static void nodes_user(void)
{
	SAY(syscall(SYS_mknodat, d, "x", 0, 0));
	SAY(syscall(SYS_mknodat, d, "x", S_IFDIR, 0));
	SAY(syscall(SYS_mknodat, d, "reg", 0, 0));
	SAY(syscall(SYS_mknodat, d, "all/fifo", S_IFIFO | 0600, 0));
	mode_of("d/all/fifo");
	SAY(syscall(SYS_mknodat, d, "all/null", S_IFCHR | 0600, makedev(1, 3)));
	SAY(syscall(SYS_mknodat, d, "all/blk", S_IFBLK | 0600, 0));
	SAY(syscall(SYS_symlinkat, "y", d, "x"));
	SAY(syscall(SYS_symlinkat, "y", d, "all/x"));
}

static void symlinks(void)
{
	SAY(syscall(SYS_symlinkat, "target", d, "s"));
	SAY(syscall(SYS_symlinkat, "target", d, "s"));
	SAY(syscall(SYS_symlinkat, "", d, "s2"));
	SAY(syscall(SYS_symlinkat, "x", d, ""));
	SAY(syscall(SYS_symlinkat, "x", d, "s2/"));
	SAY(syscall(SYS_symlinkat, "x", d, "."));
	SAY(syscall(SYS_symlinkat, BAD, d, "s2"));
	SAY(syscall(SYS_symlinkat, "x", d, BAD));
	SAY(syscall(SYS_symlinkat, longpath, d, "s2"));
	SAY(syscall(SYS_symlinkat, "x", d, longname));
	SAY(syscall(SYS_symlinkat, "x", d, "no/x"));
	SAY(syscall(SYS_symlinkat, "x", d, "reg/x"));
	SAY(syscall(SYS_symlinkat, "x", f, "x"));
	SAY(syscall(SYS_symlinkat, "x", -1, "x"));
	SAY(syscall(SYS_symlinkat, "", -1, "x"));

	memset(buf, '-', 9);
	SAY(syscall(SYS_readlinkat, d, "s", buf, 64));
	printf("%.8s\n", buf);
	memset(buf, '-', 9);
	SAY(syscall(SYS_readlinkat, d, "s", buf, 3));
	printf("%.8s\n", buf);
	SAY(syscall(SYS_readlinkat, AT_FDCWD, "d/s", buf, 64));
	SAY(syscall(SYS_readlinkat, -1, "/proc/self/fd/0", buf, 3));
	SAY(syscall(SYS_readlinkat, d, "s", buf, 0));
	SAY(syscall(SYS_readlinkat, d, "s", buf, -1));
	SAY(syscall(SYS_readlinkat, d, BAD, buf, 0));
	SAY(syscall(SYS_readlinkat, d, "s", BAD, 64));
	SAY(syscall(SYS_readlinkat, d, BAD, buf, 64));
	SAY(syscall(SYS_readlinkat, d, "reg", buf, 64));
	SAY(syscall(SYS_readlinkat, d, "reg", BAD, 64));
	SAY(syscall(SYS_readlinkat, d, ".", buf, 64));
	SAY(syscall(SYS_readlinkat, d, "s/", buf, 64));
	SAY(syscall(SYS_readlinkat, d, "s/x", buf, 64));
	SAY(syscall(SYS_readlinkat, d, "loop", buf, 64));
	SAY(syscall(SYS_readlinkat, d, "loop/", buf, 64));
	SAY(syscall(SYS_readlinkat, d, "no", buf, 64));
	SAY(syscall(SYS_readlinkat, lnk, "", buf, 64));
	SAY(syscall(SYS_readlinkat, d, "", buf, 64));
	SAY(syscall(SYS_readlinkat, f, "", buf, 64));
	SAY(syscall(SYS_readlinkat, AT_FDCWD, "", buf, 64));
	SAY(syscall(SYS_readlinkat, -1, "", buf, 64));
	SAY(syscall(SYS_readlinkat, f, "s", buf, 64));
	SAY(syscall(SYS_readlinkat, -1, "s", buf, 64));
}

static void type(void)
{
	printf("%o\n", st.st_mode & S_IFMT);
	memset(&st, 0, sizeof(st));
}

static void stats(void)
{
#define TYPE(call) (say(#call, call), type())
	TYPE(syscall(SYS_newfstatat, d, "link", &st, 0));
	TYPE(syscall(SYS_newfstatat, d, "link", &st, AT_SYMLINK_NOFOLLOW));
	TYPE(syscall(SYS_newfstatat, d, "link/", &st, AT_SYMLINK_NOFOLLOW));
	TYPE(syscall(SYS_newfstatat, d, "s", &st, 0));
	TYPE(syscall(SYS_newfstatat, d, "s", &st, AT_SYMLINK_NOFOLLOW));
	TYPE(syscall(SYS_newfstatat, d, "reg", &st, AT_NO_AUTOMOUNT));
	TYPE(syscall(SYS_newfstatat, d, "", &st, AT_EMPTY_PATH));
	TYPE(syscall(SYS_newfstatat, lnk, "", &st, AT_EMPTY_PATH));
	TYPE(syscall(SYS_newfstatat, p[0], "", &st, AT_EMPTY_PATH));
	TYPE(syscall(SYS_newfstatat, AT_FDCWD, "", &st, AT_EMPTY_PATH));
	TYPE(syscall(SYS_newfstatat, d, "reg", &st, AT_EMPTY_PATH));
	SAY(syscall(SYS_newfstatat, d, "", &st, 0));
	SAY(syscall(SYS_newfstatat, -1, "", &st, AT_EMPTY_PATH));
	SAY(syscall(SYS_newfstatat, -1, "reg", &st, 0));
	SAY(syscall(SYS_newfstatat, -1, "/", &st, 0));
	SAY(syscall(SYS_newfstatat, f, "reg", &st, 0));
	SAY(syscall(SYS_newfstatat, p[0], "reg", &st, AT_EMPTY_PATH));
	SAY(syscall(SYS_newfstatat, d, "reg/", &st, 0));
	SAY(syscall(SYS_newfstatat, d, "no", &st, 0));
	SAY(syscall(SYS_newfstatat, d, "loop", &st, 0));
	SAY(syscall(SYS_newfstatat, d, "loop", &st, AT_SYMLINK_NOFOLLOW));
	SAY(syscall(SYS_newfstatat, d, longname, &st, 0));
	SAY(syscall(SYS_newfstatat, d, longpath, &st, 0));
	SAY(syscall(SYS_newfstatat, d, BAD, &st, 0));
	SAY(syscall(SYS_newfstatat, d, "reg", BAD, 0));
	SAY(syscall(SYS_newfstatat, d, "no", BAD, 0));
	SAY(syscall(SYS_newfstatat, d, "reg", &st, AT_SYMLINK_FOLLOW));
	SAY(syscall(SYS_newfstatat, d, "reg", &st, AT_REMOVEDIR));
	SAY(syscall(SYS_newfstatat, d, "reg", &st, 1));
}

static void access_as_it_is(void)
{
	SAY(syscall(SYS_faccessat2, d, "reg", R_OK | W_OK, 0));
	SAY(syscall(SYS_faccessat2, d, "reg", X_OK, 0));
	SAY(syscall(SYS_faccessat2, d, "reg", R_OK, AT_EACCESS));
	SAY(syscall(SYS_faccessat2, d, ".", X_OK, 0));
	SAY(syscall(SYS_faccessat2, d, "s", F_OK, 0));
	SAY(syscall(SYS_faccessat2, d, "s", F_OK, AT_SYMLINK_NOFOLLOW));
	SAY(syscall(SYS_faccessat2, d, "s", X_OK, AT_SYMLINK_NOFOLLOW));
	SAY(syscall(SYS_faccessat2, f, "", R_OK, AT_EMPTY_PATH));
	SAY(syscall(SYS_faccessat2, f, "", X_OK, AT_EMPTY_PATH));
	SAY(syscall(SYS_faccessat2, lnk, "", F_OK, AT_EMPTY_PATH));
	SAY(syscall(SYS_faccessat2, AT_FDCWD, "", W_OK, AT_EMPTY_PATH));
	SAY(syscall(SYS_faccessat2, p[0], "", R_OK, AT_EMPTY_PATH));
}

static void access_user(void)
{
	access_as_it_is();
	SAY(syscall(SYS_faccessat2, d, "closed/x", F_OK, 0));
	SAY(syscall(SYS_faccessat2, d, "all/x", F_OK, 0));
}

static void accesses(void)
{
	access_as_it_is();
	SAY(syscall(SYS_faccessat2, d, "reg", 8, 0));
	SAY(syscall(SYS_faccessat2, d, "reg", -1, 0));
	SAY(syscall(SYS_faccessat2, d, "reg", F_OK, 1));
	SAY(syscall(SYS_faccessat2, d, "reg", F_OK, AT_SYMLINK_FOLLOW));
	SAY(syscall(SYS_faccessat2, d, BAD, 8, 0));
	SAY(syscall(SYS_faccessat2, d, BAD, F_OK, 0));
	SAY(syscall(SYS_faccessat2, d, "", F_OK, 0));
	SAY(syscall(SYS_faccessat2, d, "no", F_OK, 0));
	SAY(syscall(SYS_faccessat2, d, "loop", F_OK, 0));
	SAY(syscall(SYS_faccessat2, d, "reg/", F_OK, 0));
	SAY(syscall(SYS_faccessat2, f, "x", F_OK, 0));
	SAY(syscall(SYS_faccessat2, -1, "x", F_OK, 0));
	SAY(syscall(SYS_faccessat2, -1, "", F_OK, AT_EMPTY_PATH));
	SAY(syscall(SYS_faccessat2, -1, "/", F_OK, 0));
	as_user(access_user);
	seteuid(1000); /* the real user decides, but for AT_EACCESS */
	SAY(syscall(SYS_faccessat2, d, "reg", W_OK, 0));
	SAY(syscall(SYS_faccessat2, d, "reg", W_OK, AT_EACCESS));
	seteuid(0);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	umask(022);
	memset(longname, 'n', NAME_MAX + 1);
	memset(longpath, '/', PATH_MAX);
	mkdir("d", 0755);
	mkdir("d/closed", 0700);
	mkdir("d/all", 0777);
	chmod("d/all", 0777);
	symlink("loop", "d/loop");
	symlink("reg", "d/link");
	d = open("d", O_RDONLY | O_DIRECTORY);
	f = open("f", O_RDWR | O_CREAT, 0644);
	lnk = open("d/link", O_PATH | O_NOFOLLOW);
	pipe(p);
	nodes();
	as_user(nodes_user);
	symlinks();
	stats();
	accesses();
	return 0;
}
