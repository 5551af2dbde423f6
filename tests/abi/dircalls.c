/* SPDX-License-Identifier: Apache-2.0 */
/* dircalls.c: directories by number: getdents, getdents64, fchdir, chroot,
 * umount2. */
#include "abi.h"

#include <sys/mount.h>

#define BAD ((void *)8)

static char buf[8192];
static long calls[] = { SYS_getdents, SYS_getdents64 };

static unsigned short reclen(const char *e)
{
	unsigned short n;

	memcpy(&n, e + 16, 2);
	return n;
}

static int cmp(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* All entries of fd, n bytes at a time; getdents has the type in the last
 * byte. */
static void list(int fd, int which, unsigned n)
{
	static char names[20][40];
	int count = 0, reads = 0;
	long r;

	lseek(fd, 0, SEEK_SET);
	while ((r = syscall(calls[which], fd, buf, n)) > 0) {
		reads++;
		for (char *e = buf; e < buf + r && count < 20; e += reclen(e)) {
			char *name = e + (which ? 19 : 18);
			int type = which ? e[18] : e[reclen(e) - 1];

			sprintf(names[count++], "%.20s:%d:%d", name, type,
				reclen(e));
		}
	}
	qsort(names, count, sizeof(names[0]), cmp);
	printf("%s %u: %s,", which ? "getdents64" : "getdents", n,
	       r ? strerrorname(errno) : "end");
	if (n == 24)
		printf(" %d reads", reads);
	for (int i = 0; i < count; i++)
		printf(" %s", names[i]);
	putchar('\n');
}

/* A position that an entry gave leads to the one after it. */
static void seeks(int fd, int which)
{
	char third[40], again[40];
	long off = 0;

	lseek(fd, 0, SEEK_SET);
	for (int i = 0; i < 3; i++) {
		syscall(calls[which], fd, buf, 24);
		strcpy(third, buf + (which ? 19 : 18));
		if (i == 1)
			memcpy(&off, buf + 8, 8);
	}
	printf("at end: %d\n", lseek(fd, off, SEEK_SET) == off);
	syscall(calls[which], fd, buf, 24);
	strcpy(again, buf + (which ? 19 : 18));
	printf("same: %d\n", !strcmp(third, again));
}

static void errors(int which)
{
	int d = open("d", O_RDONLY), f = open("f", O_RDONLY), p[2];
	int path = open("d", O_PATH), gone;
	char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long nr = calls[which];

	pipe(p);
	mprotect(map + 4096, 4096, PROT_NONE);
	SAY(syscall(nr, d, buf, 0));
	SAY(syscall(nr, d, buf, 8));
	SAY(syscall(nr, d, buf, 23));
	SAY(syscall(nr, d, buf, 24));
	SAY(syscall(nr, d, buf, 47));
	SAY(syscall(nr, d, BAD, 4096));
	SAY(syscall(nr, d, BAD, 23));
	SAY(syscall(nr, d, map + 4096 - 24, 8192));
	SAY(syscall(nr, f, buf, 4096));
	SAY(syscall(nr, p[0], buf, 4096));
	SAY(syscall(nr, path, buf, 4096));
	SAY(syscall(nr, -1, BAD, 0));
	lseek(d, 0, SEEK_SET);
	SAY(syscall(nr, d, buf, 4096));
	SAY(syscall(nr, d, buf, 4096));
	SAY(syscall(nr, d, buf, 0));
	SAY(syscall(nr, d, BAD, 4096));
	mkdir("gone", 0755);
	gone = open("gone", O_RDONLY);
	rmdir("gone");
	SAY(syscall(nr, gone, buf, 4096));
	close(d);
	close(f);
	close(gone);
	close(path);
	close(p[0]);
	close(p[1]);
	munmap(map, 8192);
}

static void user(void)
{
	int closed = open("closed", O_PATH);

	SAY(syscall(SYS_fchdir, closed));
	SAY(syscall(SYS_chroot, "d"));
	SAY(syscall(SYS_chroot, "closed"));
	SAY(syscall(SYS_chroot, "nothing"));
	SAY(syscall(SYS_chroot, BAD));
	SAY(syscall(SYS_umount2, "d", 0));
	SAY(syscall(SYS_umount2, BAD, 0));
	SAY(syscall(SYS_umount2, "d", 0x1000));
}

static void fchdirs(void)
{
	int here = open(".", O_RDONLY), d = open("d", O_RDONLY), p[2], gone;

	pipe(p);
	SAY(syscall(SYS_fchdir, d));
	SAY(access("s", F_OK));
	SAY(access("d", F_OK));
	SAY(syscall(SYS_fchdir, here));
	SAY(syscall(SYS_fchdir, open("d", O_PATH)));
	SAY(access("s", F_OK));
	syscall(SYS_fchdir, here);
	SAY(syscall(SYS_fchdir, -1));
	SAY(syscall(SYS_fchdir, 999));
	SAY(syscall(SYS_fchdir, open("f", O_RDONLY)));
	SAY(syscall(SYS_fchdir, open("f", O_PATH)));
	SAY(syscall(SYS_fchdir, p[0]));
	mkdir("gone", 0755);
	gone = open("gone", O_RDONLY);
	rmdir("gone");
	SAY(syscall(SYS_fchdir, gone));
	SAY(syscall(SYS_getcwd, buf, 4096));
	SAY(open("x", O_CREAT | O_WRONLY, 0600));
	SAY(access("..", F_OK));
	syscall(SYS_fchdir, here);
	SAY(access("f", F_OK));
}

static void chroots(void)
{
	static char name[NAME_MAX + 2];
	int st, here = open(".", O_RDONLY);

	memset(name, 'n', NAME_MAX + 1);
	SAY(syscall(SYS_chroot, "nothing"));
	SAY(syscall(SYS_chroot, "f"));
	SAY(syscall(SYS_chroot, "f/x"));
	SAY(syscall(SYS_chroot, ""));
	SAY(syscall(SYS_chroot, BAD));
	SAY(syscall(SYS_chroot, name));
	SAY(syscall(SYS_chroot, "loop"));
	if (!fork()) {
		SAY(syscall(SYS_chroot, "tod"));
		SAY(access("/s", F_OK));
		SAY(access("/../s", F_OK));
		SAY(access("d/s", F_OK));
		OK(syscall(SYS_getcwd, buf, 4096));
		printf("%.14s\n", buf);
		SAY(chdir("/"));
		SAY(syscall(SYS_getcwd, buf, 4096));
		SAY(access("../s", F_OK));
		SAY(access("/up", F_OK));
		SAY(syscall(SYS_fchdir, here));
		SAY(access("d/s", F_OK));
		_exit(0);
	}
	wait(&st);
	SAY(access("f", F_OK));
}

static void mounts(void)
{
	int f;

	mkdir("m", 0755);
	symlink("m", "tom");
	SAY(syscall(SYS_umount2, "m", 0));
	SAY(syscall(SYS_umount2, "nothing", 0));
	SAY(syscall(SYS_umount2, "f/x", 0));
	SAY(syscall(SYS_umount2, "loop", 0));
	SAY(syscall(SYS_umount2, "", 0));
	SAY(syscall(SYS_umount2, BAD, 0));
	SAY(mount("none", "m", "tmpfs", 0, NULL));
	SAY(syscall(SYS_umount2, "m", 0x10));
	SAY(syscall(SYS_umount2, "m", -1));
	SAY(syscall(SYS_umount2, BAD, 0x10));
	SAY(syscall(SYS_umount2, "m", MNT_EXPIRE | MNT_DETACH));
	SAY(syscall(SYS_umount2, "m", MNT_EXPIRE | MNT_FORCE));
	SAY(syscall(SYS_umount2, "tom", UMOUNT_NOFOLLOW));
	OK(f = open("m/in", O_CREAT | O_RDWR, 0600));
	SAY(syscall(SYS_umount2, "m/in", 0));
	SAY(syscall(SYS_umount2, "m", 0));
	SAY(rmdir("m"));
	SAY(syscall(SYS_umount2, "m", MNT_DETACH));
	SAY(access("m/in", F_OK));
	SAY(write(f, "x", 1));
	SAY(syscall(SYS_umount2, "m", MNT_DETACH));
	close(f);
	SAY(mount("none", "m", "tmpfs", 0, NULL));
	SAY(syscall(SYS_umount2, "tom", 0));
	SAY(mount("none", "m", "tmpfs", 0, NULL));
	SAY(mount("d", "m", NULL, MS_BIND, NULL));
	SAY(access("m/s", F_OK));
	SAY(syscall(SYS_umount2, "m", 0));
	SAY(access("m/s", F_OK));
	SAY(syscall(SYS_umount2, "m/", UMOUNT_NOFOLLOW));
	SAY(mount("f", "d/s", NULL, MS_BIND, NULL));
	SAY(mount("f", "g", NULL, MS_BIND, NULL));
	SAY(unlink("g"));
	SAY(syscall(SYS_umount2, "g", 0));
	SAY(unlink("g"));
	SAY(rmdir("m"));
}

/* The root field of mountinfo of each mount whose point ends in name. */
static void say_root(const char *name)
{
	char line[4096], root[1024], point[1024];
	FILE *f = fopen("/proc/self/mountinfo", "r");
	size_t n = strlen(name);

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*d %*d %*s %1023s %1023s", root, point) ==
			    2 &&
		    strlen(point) > n &&
		    !strcmp(point + strlen(point) - n, name))
			printf("mountinfo %s: root %s\n", name, root);
	}
	if (f)
		fclose(f);
}

/* Which part of a file system a bind mount shows. */
static void roots(void)
{
	OK(mkdir("m", 0755));
	OK(mount("none", "m", "tmpfs", 0, NULL));
	OK(mkdir("m/a", 0755));
	OK(mkdir("m/a/b c", 0755));
	OK(mkdir("m/at", 0755));
	close(open("m/a/f", O_CREAT, 0644));
	close(open("m/on", O_CREAT, 0644));
	say_root("/m");
	SAY(mount("m/a/b c", "m/at", NULL, MS_BIND, NULL));
	SAY(mount("m/a/f", "m/on", NULL, MS_BIND, NULL));
	say_root("/m/at");
	say_root("/m/on");
	SAY(rename("m/a", "m/z"));
	say_root("/m/at");
	SAY(rmdir("m/z/b c"));
	SAY(unlink("m/z/f"));
	say_root("/m/at");
	say_root("/m/on");
	SAY(umount2("m/at", 0));
	SAY(umount2("m/on", 0));
	SAY(umount2("m", 0));
	SAY(rmdir("m"));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	umask(022);
	mkdir("d", 0755);
	mkdir("d/s", 0755);
	mkdir("closed", 0700);
	close(open("d/r", O_CREAT, 0644));
	mkfifo("d/p", 0644);
	symlink("x", "d/l");
	close(open("f", O_CREAT, 0644));
	close(open("g", O_CREAT, 0644));
	symlink("loop", "loop");
	symlink("d", "tod");
	symlink("/..", "d/up");
	for (int which = 0; which < 2; which++) {
		int d;

		unlink("d/up");
		d = open("d", O_RDONLY);
		list(d, which, 24);
		list(d, which, 4096);
		list(d, which, -1U);
		seeks(d, which);
		close(open("d/a-longer-name", O_CREAT, 0644));
		list(d, which, 8192);
		unlink("d/a-longer-name");
		close(d);
		errors(which);
	}
	symlink("/..", "d/up");
	fchdirs();
	chroots();
	as_user(user);
	mounts();
	roots();
	return 0;
}
