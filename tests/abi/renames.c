/* SPDX-License-Identifier: Apache-2.0 */
/* renames.c: renameat2 and its flags. */
#include "abi.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE  2
#define RENAME_WHITEOUT  4
#endif
#define BAD ((void *)8)

static int top, other;

static long ren(const char *from, const char *to, unsigned flags)
{
	return syscall(SYS_renameat2, top, from, top, to, flags);
}

static void file(const char *name, const char *text)
{
	int fd = openat(top, name, O_CREAT | O_TRUNC | O_WRONLY, 0644);

	write(fd, text, strlen(text));
	close(fd);
}

static void text(const char *name)
{
	char buf[16] = "";
	int fd = openat(top, name, O_RDONLY);

	if (fd < 0 || read(fd, buf, sizeof(buf) - 1) < 0)
		printf("%s: %s\n", name, strerrorname(errno));
	else
		printf("%s: %s\n", name, buf);
	close(fd);
}

static void plain(void)
{
	SAY(ren("a", "new", 0));
	text("a");
	text("new");
	SAY(ren("new", "a", 0));
	SAY(ren("a", "a", 0));
	SAY(ren("a", "hard", 0)); /* of one file: nothing happens */
	text("a");
	text("hard");
	SAY(ren("a", "dir", 0));
	SAY(ren("dir", "a", 0));
	SAY(ren("empty", "dir", 0));
	SAY(ren("dir", "empty", 0));
	SAY(faccessat(top, "empty/in", F_OK, 0));
	SAY(ren("empty", "dir", 0));
	SAY(ren("dir", "dir/sub/x", 0));
	SAY(ren("dir", "dir/sub", 0));
	SAY(ren("dir/sub", "dir", 0));
	SAY(ren("no", "x", 0));
	SAY(ren("a", "no/x", 0));
	SAY(ren("a/x", "x", 0));
	SAY(ren("a", "b/x", 0));
	SAY(ren("a", "new/", 0));
	SAY(ren("a/", "new", 0));
	SAY(ren("dir/", "dir2", 0));
	SAY(ren("dir2", "dir/", 0));
	SAY(ren(".", "x", 0));
	SAY(ren("a", ".", 0));
	SAY(ren("dir/..", "x", 0));
	SAY(ren("a", "dir/..", 0));
	SAY(ren("/", "x", 0));
	SAY(ren("", "x", 0));
	SAY(ren("a", "", 0));
	SAY(ren("loop/x", "x", 0));
	SAY(ren("loop", "loop2", 0));
	SAY(ren("loop2", "loop", 0));
	SAY(ren(BAD, "x", 0));
	SAY(ren("a", BAD, 0));
}

static void noreplace(void)
{
	mkdirat(top, "empty", 0755);
	SAY(ren("a", "b", RENAME_NOREPLACE));
	SAY(ren("a", "new", RENAME_NOREPLACE));
	text("new");
	SAY(ren("new", "a", RENAME_NOREPLACE));
	SAY(ren("a", "a", RENAME_NOREPLACE));
	SAY(ren("a", "hard", RENAME_NOREPLACE));
	SAY(ren("dir", "empty", RENAME_NOREPLACE));
	SAY(ren("a", "dir", RENAME_NOREPLACE));
	SAY(ren("a", "loop", RENAME_NOREPLACE));
	SAY(ren("a", ".", RENAME_NOREPLACE));
	SAY(ren("no", "b", RENAME_NOREPLACE));
	SAY(ren("no", "x", RENAME_NOREPLACE));
	SAY(ren("dir", "dir/sub/x", RENAME_NOREPLACE));
}

static void exchange(void)
{
	SAY(ren("a", "b", RENAME_EXCHANGE));
	text("a");
	text("b");
	SAY(ren("a", "b", RENAME_EXCHANGE));
	SAY(ren("a", "dir/in", RENAME_EXCHANGE));
	text("a");
	text("dir/in");
	SAY(ren("a", "dir/in", RENAME_EXCHANGE));
	SAY(ren("a", "dir", RENAME_EXCHANGE));
	text("dir");
	SAY(faccessat(top, "a/in", F_OK, 0));
	SAY(ren("dir", "a", RENAME_EXCHANGE));
	SAY(ren("dir", "empty", RENAME_EXCHANGE));
	SAY(faccessat(top, "empty/in", F_OK, 0));
	SAY(ren("dir", "empty", RENAME_EXCHANGE));
	SAY(ren("a", "loop", RENAME_EXCHANGE));
	text("loop");
	SAY(ren("a", "loop", RENAME_EXCHANGE));
	SAY(ren("a", "a", RENAME_EXCHANGE));
	SAY(ren("a", "hard", RENAME_EXCHANGE));
	SAY(ren("a", "no", RENAME_EXCHANGE));
	SAY(ren("no", "a", RENAME_EXCHANGE));
	SAY(ren("a", "new/", RENAME_EXCHANGE));
	SAY(ren("a", "dir/", RENAME_EXCHANGE));
	SAY(ren("dir/", "a/", RENAME_EXCHANGE));
	SAY(ren("a/", "dir", RENAME_EXCHANGE));
	SAY(ren("dir", "dir/sub", RENAME_EXCHANGE));
	SAY(ren("dir/sub", "dir", RENAME_EXCHANGE));
	SAY(ren("a", ".", RENAME_EXCHANGE));
	SAY(ren("dir/..", "a", RENAME_EXCHANGE));
}

/* A device 0:0 stays where the name was; of file systems tmpfs alone must. */
static void whiteout(void)
{
	struct stat st;

	SAY(ren("a", "moved", RENAME_WHITEOUT));
	fstatat(top, "a", &st, 0);
	printf("%o %d links %d\n", st.st_mode, (int)st.st_rdev,
	       (int)st.st_nlink);
	text("moved");
	SAY(ren("dir", "empty", RENAME_WHITEOUT));
	fstatat(top, "empty/sub", &st, 0);
	printf("%o links %d\n", st.st_mode, (int)st.st_nlink);
	SAY(ren("dir", "moved", RENAME_WHITEOUT | RENAME_NOREPLACE));
	SAY(ren("b", "moved", RENAME_WHITEOUT));
	text("moved");
	SAY(ren("empty/sub", "empty/in", RENAME_WHITEOUT));
	SAY(ren("empty/in", "b", RENAME_WHITEOUT));
	fstatat(top, ".", &st, 0);
	printf("links %d\n", (int)st.st_nlink);
}

static void flags_and_places(void)
{
	int f = openat(top, "a", O_RDONLY);

	SAY(ren("a", "b", RENAME_EXCHANGE | RENAME_NOREPLACE));
	SAY(ren("a", "b", RENAME_EXCHANGE | RENAME_WHITEOUT));
	SAY(ren("a", "b", 8));
	SAY(ren("a", "b", -1));
	SAY(ren(BAD, "b", 8));
	SAY(ren(BAD, "b", RENAME_EXCHANGE | RENAME_NOREPLACE));
	SAY(syscall(SYS_renameat2, f, "a", top, "x", 0));
	SAY(syscall(SYS_renameat2, top, "a", f, "x", 0));
	SAY(syscall(SYS_renameat2, -1, "a", top, "x", 0));
	SAY(syscall(SYS_renameat2, top, "a", -1, "x", 0));
	SAY(syscall(SYS_renameat2, top, "a", other, "x", 0));
	SAY(syscall(SYS_renameat2, top, "a", other, "x", RENAME_NOREPLACE));
	SAY(syscall(SYS_renameat2, top, "a", other, "x", RENAME_EXCHANGE));
	SAY(syscall(SYS_renameat2, top, "no", other, "x", 0));
	SAY(syscall(SYS_renameat2, -1, "/nothing", -1, "/nothing2", 0));
	close(f);
}

static void user(void)
{
	SAY(ren("a", "x", 0));
	SAY(ren("a", "b", RENAME_EXCHANGE));
	SAY(ren("a", "b", RENAME_NOREPLACE));
	SAY(ren("no", "b", RENAME_EXCHANGE));
	SAY(ren("sticky/theirs", "sticky/x", 0));
	SAY(ren("sticky/mine", "sticky/theirs", RENAME_EXCHANGE));
	SAY(ren("sticky/mine", "sticky/x", RENAME_NOREPLACE));
	SAY(ren("sticky/x", "sticky/theirs", 0));
}

static void all(const char *where)
{
	printf("in %s\n", where);
	mkdir(where, 0755);
	top = open(where, O_RDONLY | O_DIRECTORY);
	file("a", "one");
	file("b", "two");
	linkat(top, "a", top, "hard", 0);
	mkdirat(top, "dir", 0755);
	mkdirat(top, "dir/sub", 0755);
	file("dir/in", "three");
	mkdirat(top, "empty", 0755);
	symlinkat("loop", top, "loop");
	mkdirat(top, "sticky", 0755);
	fchmodat(top, "sticky", 01777, 0);
	file("sticky/theirs", "x");
	file("sticky/mine", "y");
	fchownat(top, "sticky/mine", 1000, 1000, 0);
	plain();
	noreplace();
	exchange();
	flags_and_places();
	as_user(user);
	close(top);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	umask(022);
	other = open("/dev/shm", O_RDONLY | O_DIRECTORY);
	all("here");
	close(other);
	other = open(".", O_RDONLY | O_DIRECTORY);
	all("/dev/shm/renames");
	top = open("/dev/shm/renames", O_RDONLY | O_DIRECTORY);
	whiteout();
	close(top);
	system("rm -rf /dev/shm/renames");
	return 0;
}
