/* SPDX-License-Identifier: Apache-2.0 */
/* xattrs.c: extended attributes by name, by link and by descriptor: values,
 * lists, flags, sizes, name spaces, who may */
#include "abi.h"

#include <sys/mount.h>
#include <sys/xattr.h>

#define BAD ((void *)8)

static char buf[70000], big[70000], name255[256], name256[257];
static char path4096[4200], component256[257];
static int fd, ro, op, p[2];

static int cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What list() left in buf, in order, without what a host's policy adds. */
static void show(const char *what, long n)
{
	char *names[32];
	int c = 0;

	printf("%s: %s", what, n < 0 ? strerrorname(errno) : "");
	for (char *s = buf; n > 0 && s < buf + n && c < 32; s += strlen(s) + 1)
		if (strncmp(s, "security.", 9))
			names[c++] = s;
	qsort(names, c, sizeof(names[0]), cmp);
	for (int i = 0; i < c; i++)
		printf(" %.20s(%zu)", names[i], strlen(names[i]));
	printf("\n");
}

static void value(const char *what, long n)
{
	printf("%s: ", what);
	if (n < 0)
		printf("%s\n", strerrorname(errno));
	else
		printf("%ld '%.*s'\n", n, (int)n, buf);
	memset(buf, '#', 64);
}

static void by_name(void)
{
	SAY(syscall(SYS_setxattr, "f", "user.a", "one", 3, XATTR_CREATE));
	SAY(syscall(SYS_setxattr, "f", "user.a", "two", 3, XATTR_CREATE));
	SAY(syscall(SYS_setxattr, "f", "user.b", "two", 3, XATTR_REPLACE));
	SAY(syscall(SYS_setxattr, "f", "user.a", "three", 5, XATTR_REPLACE));
	SAY(syscall(SYS_setxattr, "f", "user.a", "x", 1, 4));
	SAY(syscall(SYS_setxattr, "f", "user.a", "x", 1, -1));
	SAY(syscall(SYS_setxattr, "f", "user.empty", NULL, 0, 0));
	SAY(syscall(SYS_setxattr, "l", "user.l", "by link", 7, 0));
	value("a", syscall(SYS_getxattr, "f", "user.a", buf, 100));
	value("a, exact", syscall(SYS_getxattr, "f", "user.a", buf, 5));
	value("a, small", syscall(SYS_getxattr, "f", "user.a", buf, 4));
	value("l", syscall(SYS_getxattr, "l", "user.l", buf, 100));
	value("l of f", syscall(SYS_getxattr, "f", "user.l", buf, 100));
	value("big", syscall(SYS_getxattr, "f", "user.a", buf, 1UL << 40));
	SAY(syscall(SYS_getxattr, "f", "user.a", NULL, 0));
	SAY(syscall(SYS_getxattr, "f", "user.a", BAD, 0));
	SAY(syscall(SYS_getxattr, "f", "user.a", BAD, 5));
	SAY(syscall(SYS_getxattr, "f", "user.a", BAD, 4));
	SAY(syscall(SYS_getxattr, "f", "user.empty", buf, 5));
	SAY(syscall(SYS_getxattr, "f", "user.empty", BAD, 5));
	SAY(syscall(SYS_getxattr, "f", "user.none", buf, 5));
	SAY(syscall(SYS_getxattr, "f", "user.none", NULL, 0));
	show("listxattr", syscall(SYS_listxattr, "f", buf, sizeof(buf)));
	show("by link", syscall(SYS_listxattr, "l", buf, sizeof(buf)));
	SAY(syscall(SYS_listxattr, "f", NULL, 0) >= 28);
	SAY(syscall(SYS_listxattr, "f", buf, 3));
	SAY(syscall(SYS_listxattr, "f", BAD, 1000));
	SAY(syscall(SYS_removexattr, "l", "user.l"));
	SAY(syscall(SYS_removexattr, "f", "user.l"));
	SAY(syscall(SYS_removexattr, "f", "user.none"));
	show("listxattr", syscall(SYS_listxattr, "f", buf, sizeof(buf)));
}

/* All twelve with the same wrong arguments. */
static void wrong_paths(const char *n)
{
	printf("%.12s (%zu)\n", n == (void *)8 ? "bad" : n,
	       n == (void *)8 ? 0 : strlen(n));
	SAY(syscall(SYS_setxattr, n, "user.a", "x", 1, 0));
	SAY(syscall(SYS_lsetxattr, n, "user.a", "x", 1, 0));
	SAY(syscall(SYS_getxattr, n, "user.a", buf, 9));
	SAY(syscall(SYS_lgetxattr, n, "user.a", buf, 9));
	SAY(syscall(SYS_listxattr, n, buf, 9));
	SAY(syscall(SYS_llistxattr, n, buf, 0) < 0 ? -1 : 0);
	SAY(syscall(SYS_removexattr, n, "user.a"));
	SAY(syscall(SYS_lremovexattr, n, "user.a"));
}

static void wrong_names(const char *n)
{
	printf("name %.12s\n", n == (void *)8 ? "bad" : n);
	SAY(syscall(SYS_setxattr, "f", n, "x", 1, 0));
	SAY(syscall(SYS_lsetxattr, "f", n, "x", 1, 0));
	SAY(syscall(SYS_fsetxattr, fd, n, "x", 1, 0));
	SAY(syscall(SYS_getxattr, "f", n, buf, 9));
	SAY(syscall(SYS_lgetxattr, "f", n, buf, 9));
	SAY(syscall(SYS_fgetxattr, fd, n, buf, 9));
	SAY(syscall(SYS_removexattr, "f", n));
	SAY(syscall(SYS_lremovexattr, "f", n));
	SAY(syscall(SYS_fremovexattr, fd, n));
}

static void wrong_fd(int n)
{
	SAY(syscall(SYS_fsetxattr, n, "user.a", "x", 1, 0));
	SAY(syscall(SYS_fgetxattr, n, "user.a", buf, 9));
	SAY(syscall(SYS_flistxattr, n, buf, 0));
	SAY(syscall(SYS_fremovexattr, n, "user.a"));
}

/* Which of two errors comes first. */
static void order(void)
{
	SAY(syscall(SYS_setxattr, "none", BAD, "x", 1, 0));
	SAY(syscall(SYS_setxattr, BAD, "", "x", 1, 0));
	SAY(syscall(SYS_setxattr, "none", "user.a", BAD, 1, 0));
	SAY(syscall(SYS_setxattr, "none", "user.a", "x", 1, 99));
	SAY(syscall(SYS_setxattr, "none", "user.a", big, 65537, 0));
	SAY(syscall(SYS_fsetxattr, -1, BAD, "x", 1, 0));
	SAY(syscall(SYS_fsetxattr, -1, "user.a", "x", 1, 99));
	SAY(syscall(SYS_fsetxattr, -1, "user.a", BAD, 1, 0));
	SAY(syscall(SYS_getxattr, "none", BAD, buf, 1));
	SAY(syscall(SYS_getxattr, "none", "", buf, 1));
	SAY(syscall(SYS_fgetxattr, -1, "", buf, 1));
	SAY(syscall(SYS_removexattr, "none", ""));
	SAY(syscall(SYS_fremovexattr, -1, ""));
	SAY(syscall(SYS_fremovexattr, -1, BAD));
}

static void sizes(void)
{
	SAY(syscall(SYS_setxattr, "f", "user.s", big, 65537, 0));
	SAY(syscall(SYS_setxattr, "f", "user.s", BAD, 65537, 0));
	SAY(syscall(SYS_setxattr, "f", "user.s", BAD, 1, 0));
	SAY(syscall(SYS_setxattr, "f", "user.s", BAD, 0, 0));
	SAY(syscall(SYS_getxattr, "f", "user.s", buf, 10));
	SAY(syscall(SYS_setxattr, "f", "user.s", big, 2000, 0));
	SAY(syscall(SYS_getxattr, "f", "user.s", buf, sizeof(buf)));
	printf("same %d\n", !memcmp(buf, big, 2000));
	SAY(syscall(SYS_getxattr, "f", "user.s", buf, 1999));
	SAY(syscall(SYS_removexattr, "f", "user.s"));
	SAY(syscall(SYS_setxattr, "f", name255, "long", 4, 0));
	value("255", syscall(SYS_getxattr, "f", name255, buf, 100));
	show("255", syscall(SYS_listxattr, "f", buf, sizeof(buf)));
	SAY(syscall(SYS_removexattr, "f", name255));
}

static void by_link(void)
{
	SAY(syscall(SYS_lsetxattr, "f", "user.x", "file", 4, 0));
	SAY(syscall(SYS_lsetxattr, "l", "user.x", "link", 4, 0));
	SAY(syscall(SYS_lgetxattr, "l", "user.x", buf, 9));
	SAY(syscall(SYS_lgetxattr, "l", "user.a", buf, 9));
	SAY(syscall(SYS_lremovexattr, "l", "user.a"));
	SAY(syscall(SYS_lremovexattr, "f", "user.x"));
	show("link", syscall(SYS_llistxattr, "l", buf, sizeof(buf)));
	SAY(syscall(SYS_lgetxattr, "f", "user.a", buf, 4));
	SAY(syscall(SYS_llistxattr, "f", buf, 1));
	SAY(syscall(SYS_llistxattr, "f", BAD, 1000));
	SAY(syscall(SYS_lsetxattr, "l/", "user.x", "file", 4, 0));
	SAY(syscall(SYS_lsetxattr, "dl/", "user.x", "dir", 3, 0));
	value("dir", syscall(SYS_getxattr, "d", "user.x", buf, 99));
	SAY(syscall(SYS_lremovexattr, "dl/", "user.x"));
}

/* On a tmpfs, for the attributes that links may have need a right that whoever
 * serves the root may not have. */
static void of_links(void)
{
	SAY(mount("none", "m", "tmpfs", 0, NULL));
	SAY(chdir("m"));
	close(open("f", O_CREAT | O_RDWR, 0600));
	symlink("f", "l");
	symlink("none", "dangling");
	SAY(syscall(SYS_lsetxattr, "l", "trusted.t", "link", 4, 0));
	SAY(syscall(SYS_setxattr, "l", "trusted.t", "file!", 5, 0));
	value("of the link", syscall(SYS_lgetxattr, "l", "trusted.t", buf, 99));
	value("of the file", syscall(SYS_getxattr, "l", "trusted.t", buf, 99));
	show("link", syscall(SYS_llistxattr, "l", buf, sizeof(buf)));
	show("file", syscall(SYS_llistxattr, "f", buf, sizeof(buf)));
	SAY(syscall(SYS_lsetxattr, "dangling", "trusted.t", "", 0, 0));
	show("dangling", syscall(SYS_llistxattr, "dangling", buf, 1000));
	SAY(syscall(SYS_lremovexattr, "l", "trusted.t"));
	SAY(syscall(SYS_lremovexattr, "l", "trusted.t"));
	value("of the file", syscall(SYS_getxattr, "f", "trusted.t", buf, 99));
	SAY(syscall(SYS_lremovexattr, "f", "trusted.t"));
	SAY(syscall(SYS_lgetxattr, "l", "trusted.", buf, 4));
	SAY(syscall(SYS_lremovexattr, "l", "trusted."));
	SAY(syscall(SYS_lgetxattr, "l", "user.a", buf, 4));
	SAY(chdir(".."));
	SAY(umount("m"));
}

static void by_descriptor(void)
{
	SAY(syscall(SYS_fsetxattr, fd, "user.fd", "fd", 2, 0));
	value("fd", syscall(SYS_fgetxattr, ro, "user.fd", buf, 99));
	SAY(syscall(SYS_fsetxattr, ro, "user.ro", "ro", 2, 0));
	show("fd", syscall(SYS_flistxattr, fd, buf, sizeof(buf)));
	SAY(syscall(SYS_fgetxattr, fd, "user.fd", buf, 1));
	SAY(syscall(SYS_fgetxattr, fd, "user.fd", BAD, 10));
	SAY(syscall(SYS_flistxattr, fd, buf, 1));
	SAY(syscall(SYS_flistxattr, fd, BAD, 1000));
	SAY(syscall(SYS_fsetxattr, fd, "user.fd", "x", 1, XATTR_CREATE));
	SAY(syscall(SYS_fsetxattr, fd, "user.g", "x", 1, XATTR_REPLACE));
	SAY(syscall(SYS_fsetxattr, fd, "user.g", "x", 1, 8));
	SAY(syscall(SYS_fsetxattr, fd, "user.g", BAD, 1, 0));
	SAY(syscall(SYS_fsetxattr, fd, "user.g", big, 65537, 0));
	SAY(syscall(SYS_fremovexattr, ro, "user.fd"));
	SAY(syscall(SYS_fremovexattr, fd, "user.fd"));
	SAY(syscall(SYS_fremovexattr, fd, "user.ro"));
	printf("no such\n");
	wrong_fd(-1);
	wrong_fd(1000);
	printf("O_PATH\n");
	wrong_fd(op);
	printf("pipe\n");
	wrong_fd(p[0]);
	unlink("f");
	SAY(syscall(SYS_fsetxattr, fd, "user.gone", "gone", 4, 0));
	value("gone", syscall(SYS_fgetxattr, ro, "user.gone", buf, 99));
}

/* What an ordinary user may, on files of root's and of its own. */
static void others(void)
{
	int st;

	fflush(stdout);
	chmod(".", 0777);
	SAY(syscall(SYS_setxattr, "sticky", "user.s", "s", 1, 0));
	SAY(syscall(SYS_setxattr, "0600", "user.s", "s", 1, 0));
	SAY(syscall(SYS_setxattr, "0644", "user.s", "s", 1, 0));
	if (!fork()) {
		setgid(1000);
		setuid(1000);
		SAY(syscall(SYS_getxattr, "0600", "user.s", buf, 9));
		SAY(syscall(SYS_getxattr, "0644", "user.s", buf, 9));
		SAY(syscall(SYS_getxattr, "0644", "trusted.s", buf, 9));
		SAY(syscall(SYS_getxattr, "0644", "trusted.none", buf, 9));
		show("0600", syscall(SYS_listxattr, "0600", buf, 999));
		show("0644", syscall(SYS_listxattr, "0644", buf, 999));
		SAY(syscall(SYS_setxattr, "0600", "user.s", "s", 1, 0));
		SAY(syscall(SYS_setxattr, "0644", "user.s", "s", 1, 0));
		SAY(syscall(SYS_setxattr, "0644", "trusted.s", "s", 1, 0));
		SAY(syscall(SYS_setxattr, "0666", "user.s", "s", 1, 0));
		SAY(syscall(SYS_setxattr, "0666", "trusted.s", "s", 1, 0));
		SAY(syscall(SYS_setxattr, "0666", "security.s", "s", 1, 0));
		SAY(syscall(SYS_setxattr, "sticky", "user.s", "s", 1, 0));
		SAY(syscall(SYS_removexattr, "0644", "user.s"));
		SAY(syscall(SYS_removexattr, "0644", "trusted.s"));
		SAY(syscall(SYS_removexattr, "0666", "user.s"));
		close(open("mine", O_CREAT | O_RDWR, 0400));
		SAY(syscall(SYS_setxattr, "mine", "user.s", "s", 1, 0));
		chmod("mine", 0200);
		SAY(syscall(SYS_setxattr, "mine", "user.s", "s", 1, 0));
		SAY(syscall(SYS_getxattr, "mine", "user.s", buf, 1));
		SAY(syscall(SYS_getxattr, "closed/f", "user.s", buf, 1));
		_exit(0);
	}
	wait(&st);
	printf("status %x\n", st);
}

static void elsewhere(void)
{
	mkfifo("fifo", 0600);
	SAY(syscall(SYS_setxattr, "fifo", "user.s", "s", 1, 0));
	SAY(syscall(SYS_getxattr, "fifo", "user.s", buf, 1));
	SAY(syscall(SYS_removexattr, "fifo", "user.s"));
	SAY(syscall(SYS_setxattr, "/proc/self/status", "user.s", "s", 1, 0));
	SAY(syscall(SYS_getxattr, "/proc/self/status", "user.s", buf, 1));
	SAY(syscall(SYS_removexattr, "/proc/self/status", "user.s"));
	show("proc", syscall(SYS_listxattr, "/proc/self/status", buf, 100));
	SAY(syscall(SYS_getxattr, "/dev/null", "user.s", buf, 1));
	SAY(mount("none", "m", "tmpfs", 0, NULL));
	close(open("m/f", O_CREAT | O_RDWR, 0600));
	symlink("f", "m/l");
	SAY(syscall(SYS_setxattr, "m/f", "trusted.t", "t", 1, XATTR_CREATE));
	SAY(syscall(SYS_setxattr, "m/f", "trusted.t", "t", 1, XATTR_CREATE));
	SAY(syscall(SYS_setxattr, "m/f", "trusted.u", "t", 1, XATTR_REPLACE));
	SAY(syscall(SYS_lsetxattr, "m/l", "trusted.l", "link", 4, 0));
	show("tmpfs", syscall(SYS_listxattr, "m/f", buf, 100));
	show("its link", syscall(SYS_llistxattr, "m/l", buf, 100));
	value("link", syscall(SYS_lgetxattr, "m/l", "trusted.l", buf, 100));
	SAY(syscall(SYS_getxattr, "m/f", "trusted.t", buf, 0));
	SAY(syscall(SYS_getxattr, "m/f", "trusted.l", buf, 0));
	SAY(syscall(SYS_setxattr, "m/f", "nonsense.t", "t", 1, 0));
	SAY(syscall(SYS_setxattr, "m/f", "trusted.", "t", 1, 0));
	SAY(syscall(SYS_lremovexattr, "m/l", "trusted.l"));
	SAY(syscall(SYS_lremovexattr, "m/l", "trusted.l"));
	SAY(mount("none", "m", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	SAY(syscall(SYS_setxattr, "m/f", "trusted.t", "t", 1, 0));
	SAY(syscall(SYS_lremovexattr, "m/f", "trusted.t"));
	SAY(syscall(SYS_getxattr, "m/f", "trusted.t", buf, 9));
	SAY(umount("m"));
}

static void file(const char *name, int mode)
{
	close(open(name, O_CREAT | O_RDWR, 0600));
	chmod(name, mode);
}

int main(void)
{
	memset(big, 'v', sizeof(big));
	memset(name255, 'n', 255);
	memset(name256, 'n', 256);
	memset(component256, 'c', 256);
	memset(path4096, '/', 4096);
	memcpy(name255, "user.", 5);
	memcpy(name256, "user.", 5);
	fd = open("f", O_CREAT | O_RDWR, 0600);
	ro = open("f", O_RDONLY);
	op = open("f", O_PATH);
	pipe(p);
	mkdir("d", 0755);
	mkdir("m", 0755);
	mkdir("sticky", 01777);
	chmod("sticky", 01777);
	mkdir("closed", 0700);
	close(open("closed/f", O_CREAT | O_RDWR, 0666));
	file("0600", 0600);
	file("0644", 0644);
	file("0666", 0666);
	symlink("f", "l");
	symlink("d", "dl");
	symlink("none", "dangling");
	symlink("loop", "loop");
	by_name();
	wrong_paths(BAD);
	wrong_paths("");
	wrong_paths("none");
	wrong_paths("dangling");
	wrong_paths("f/f");
	wrong_paths("loop");
	wrong_paths("loop/f");
	wrong_paths(component256);
	wrong_paths(path4096);
	wrong_names(BAD);
	wrong_names("");
	wrong_names("user.");
	wrong_names("user");
	wrong_names("a");
	wrong_names("nonsense.a");
	wrong_names(name256);
	order();
	sizes();
	by_link();
	of_links();
	by_descriptor();
	others();
	elsewhere();
	return 0;
}
