/* SPDX-License-Identifier: Apache-2.0 */
/* owners.c: fchownat, fchown, lchown. */
#include "abi.h"

#define BAD ((void *)8)

static char longname[NAME_MAX + 2];
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

static void owner_user(void)
{
	SAY(syscall(SYS_fchownat, d, "own", -1, -1, 0));
	SAY(syscall(SYS_fchownat, d, "own", 1000, 1000, 0));
	SAY(syscall(SYS_fchownat, d, "own", 1001, -1, 0));
	SAY(syscall(SYS_fchownat, d, "own", -1, 1001, 0));
	SAY(syscall(SYS_fchownat, d, "reg", -1, -1, 0));
	SAY(syscall(SYS_fchownat, d, "reg", -1, 1000, 0));
	SAY(syscall(SYS_lchown, "d/gone", 1000, 1000));
	SAY(syscall(SYS_fchown, f, 1000, 1000));
}

static void owners(void)
{
	int path = open("d/reg", O_PATH), own;

	SAY(syscall(SYS_fchownat, d, "reg", 1, 2, 0));
	mode_of("d/reg");
	SAY(syscall(SYS_fchownat, d, "reg", -1, 3, 0));
	SAY(syscall(SYS_fchownat, d, "reg", 4, -1, 0));
	mode_of("d/reg");
	SAY(syscall(SYS_fchownat, d, "reg", -1, -1, 0));
	SAY(syscall(SYS_fchownat, d, "link", 5, 6, AT_SYMLINK_NOFOLLOW));
	mode_of("d/link");
	SAY(syscall(SYS_fchownat, d, "link", 7, 8, 0));
	mode_of("d/link");
	mode_of("d/reg");
	SAY(syscall(SYS_fchownat, f, "", 9, 10, AT_EMPTY_PATH));
	mode_of("f");
	SAY(syscall(SYS_fchownat, path, "", 11, 12, AT_EMPTY_PATH));
	mode_of("d/reg");
	SAY(syscall(SYS_fchownat, lnk, "", 13, 14, AT_EMPTY_PATH));
	mode_of("d/link");
	SAY(syscall(SYS_fchownat, d, "gone", 1, 2, 0));
	SAY(syscall(SYS_fchownat, d, "loop", 1, 2, 0));
	SAY(syscall(SYS_fchownat, d, "", 1, 2, 0));
	SAY(syscall(SYS_fchownat, d, BAD, 1, 2, 0));
	SAY(syscall(SYS_fchownat, d, BAD, 1, 2, AT_SYMLINK_FOLLOW));
	SAY(syscall(SYS_fchownat, d, "reg", 1, 2, AT_EACCESS));
	SAY(syscall(SYS_fchownat, f, "x", 1, 2, 0));
	SAY(syscall(SYS_fchownat, -1, "x", 1, 2, 0));
	SAY(syscall(SYS_lchown, "d/gone", 15, 16));
	mode_of("d/gone");
	SAY(syscall(SYS_lchown, "d/no", 1, 2));
	SAY(syscall(SYS_lchown, "d/reg/x", 1, 2));
	SAY(syscall(SYS_lchown, "", 1, 2));
	SAY(syscall(SYS_lchown, BAD, 1, 2));
	SAY(syscall(SYS_lchown, "d/loop/x", 1, 2));
	SAY(syscall(SYS_lchown, longname, 1, 2));
	chmod("f", 06775);
	SAY(syscall(SYS_fchown, f, 17, -1));
	mode_of("f");
	chmod("f", 06665);
	SAY(syscall(SYS_fchown, f, -1, 18));
	mode_of("f");
	SAY(syscall(SYS_fchown, d, 19, 20));
	mode_of("d");
	SAY(syscall(SYS_fchown, path, 1, 2));
	SAY(syscall(SYS_fchown, p[0], 1, 2));
	fstat(p[1], &st);
	printf("pipe: %d %d\n", st.st_uid, st.st_gid);
	SAY(syscall(SYS_fchown, -1, 1, 2));
	SAY(syscall(SYS_fchown, 999, 1, 2));
	own = open("d/own", O_CREAT | O_RDWR, 06755);
	SAY(syscall(SYS_fchown, own, 1000, 1000));
	chmod("d/own", 06755);
	as_user(owner_user);
	mode_of("d/own");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	umask(022);
	memset(longname, 'n', NAME_MAX + 1);
	mkdir("d", 0755);
	close(open("d/reg", O_CREAT, 0600));
	symlink("loop", "d/loop");
	symlink("reg", "d/link");
	symlink("nothing", "d/gone");
	d = open("d", O_RDONLY | O_DIRECTORY);
	f = open("f", O_RDWR | O_CREAT, 0644);
	lnk = open("d/link", O_PATH | O_NOFOLLOW);
	pipe(p);
	owners();
	return 0;
}
