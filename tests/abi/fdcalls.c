/* SPDX-License-Identifier: Apache-2.0 */
/* fdcalls.c: calls on one descriptor, by number: pread64, pwrite64, creat,
 * readahead, fadvise64, close_range. */
#include "abi.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define BAD     ((void *)8)
#define UNSHARE 2 /* CLOSE_RANGE_* */
#define CLOEXEC 4

static char buf[64];
static int f, wr, path, dir, p[2];

static void reads(void)
{
	write(f, "abcdef", 6);
	lseek(f, 1, SEEK_SET);
	SAY(syscall(SYS_pread64, f, buf, 3, 2L));
	printf("%.3s\n", buf);
	SAY(lseek(f, 0, SEEK_CUR));
	SAY(syscall(SYS_pread64, f, buf, 64, 4L));
	SAY(syscall(SYS_pread64, f, buf, 64, 6L));
	SAY(syscall(SYS_pread64, f, buf, 64, 1L << 40));
	SAY(syscall(SYS_pread64, f, buf, 0, 0L));
	SAY(syscall(SYS_pread64, f, BAD, 0, 0L));
	SAY(syscall(SYS_pread64, f, BAD, 1, 0L));
	SAY(syscall(SYS_pread64, f, BAD, 1, 6L));
	SAY(syscall(SYS_pread64, f, buf, 1, -1L));
	SAY(syscall(SYS_pread64, f, buf, 1, LONG_MIN));
	SAY(syscall(SYS_pread64, f, buf, 1, LONG_MAX));
	SAY(syscall(SYS_pread64, f, buf, 64, LONG_MAX - 10));
	SAY(syscall(SYS_pread64, f, buf, -1L, 0L));
	SAY(syscall(SYS_pread64, f, buf, LONG_MIN, 0L));
	SAY(syscall(SYS_pread64, -1, buf, -1L, 0L));
	SAY(syscall(SYS_pread64, -1, buf, 1, 0L));
	SAY(syscall(SYS_pread64, -1, buf, 1, -1L));
	SAY(syscall(SYS_pread64, 999, buf, 1, 0L));
	SAY(syscall(SYS_pread64, wr, buf, 1, 0L));
	SAY(syscall(SYS_pread64, path, buf, 1, 0L));
	SAY(syscall(SYS_pread64, dir, buf, 1, 0L));
	SAY(syscall(SYS_pread64, p[0], buf, 1, 0L));
	SAY(syscall(SYS_pread64, p[1], buf, 1, 0L));
	SAY(syscall(SYS_pread64, p[0], buf, 0, 0L));
}

static void writes(void)
{
	struct rlimit small = { 100, RLIM_INFINITY };
	struct stat st;
	int e, app = open("f", O_RDWR | O_APPEND);
	long r[3];

	SAY(syscall(SYS_pwrite64, f, "XY", 2, 1L));
	SAY(syscall(SYS_pwrite64, f, "Z", 1, 9L));
	SAY(lseek(f, 0, SEEK_CUR));
	SAY(syscall(SYS_pread64, f, buf, 64, 0L));
	for (int i = 0; i < 10; i++)
		putchar(buf[i] ? buf[i] : '.');
	putchar('\n');
	SAY(syscall(SYS_pwrite64, app, "end", 3, 0L));
	SAY(lseek(app, 0, SEEK_CUR));
	SAY(syscall(SYS_pread64, f, buf, 64, 8L));
	printf("%.4s\n", buf + 1);
	SAY(syscall(SYS_pwrite64, f, buf, 0, 1000L));
	fstat(f, &st);
	printf("size %ld\n", (long)st.st_size);
	SAY(syscall(SYS_pwrite64, f, BAD, 0, 0L));
	SAY(syscall(SYS_pwrite64, f, BAD, 1, 0L));
	SAY(syscall(SYS_pwrite64, f, buf, 1, -1L));
	SAY(syscall(SYS_pwrite64, f, buf, 1, LONG_MAX));
	SAY(syscall(SYS_pwrite64, f, buf, 1, LONG_MAX - 10));
	SAY(syscall(SYS_pwrite64, f, buf, -1L, 0L));
	SAY(syscall(SYS_pwrite64, -1, buf, -1L, 0L));
	SAY(syscall(SYS_pwrite64, -1, buf, 1, -1L));
	SAY(syscall(SYS_pwrite64, dir, buf, 1, 0L));
	SAY(syscall(SYS_pwrite64, path, buf, 1, 0L));
	SAY(syscall(SYS_pwrite64, p[1], buf, 1, 0L));
	SAY(syscall(SYS_pwrite64, p[0], buf, 1, 0L));
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	r[0] = syscall(SYS_pwrite64, f, buf, 20, 90L);
	r[1] = syscall(SYS_pwrite64, f, buf, 20, 100L);
	e = errno;
	r[2] = syscall(SYS_pwrite64, f, buf, 0, 200L);
	small.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &small); /* for our output, too */
	printf("limit: %ld, %ld %s, %ld\n", r[0], r[1], strerrorname(e), r[2]);
	close(app);
}

static void creats(void)
{
	static char name[NAME_MAX + 2];
	struct stat st;
	int fd;

	memset(name, 'n', NAME_MAX + 1);
	umask(022);
	OK(fd = syscall(SYS_creat, "c", 07666));
	fstat(fd, &st);
	printf("mode %o\n", st.st_mode);
	SAY(write(fd, "123", 3));
	SAY(read(fd, buf, 1));
	SAY(fcntl(fd, F_GETFL) & O_ACCMODE);
	SAY(fcntl(fd, F_GETFD));
	close(fd);
	OK(fd = syscall(SYS_creat, "c", 0));
	fstat(fd, &st);
	printf("mode %o size %ld\n", st.st_mode, (long)st.st_size);
	close(fd);
	OK(fd = syscall(SYS_creat, "readonly", 0444));
	SAY(write(fd, "x", 1));
	close(fd);
	symlink("made", "tomade");
	OK(fd = syscall(SYS_creat, "tomade", 0600));
	SAY(access("made", F_OK));
	close(fd);
	SAY(syscall(SYS_creat, ".", 0600));
	SAY(syscall(SYS_creat, "c/", 0600));
	SAY(syscall(SYS_creat, "c/x", 0600));
	SAY(syscall(SYS_creat, "new/", 0600));
	SAY(syscall(SYS_creat, "nothing/x", 0600));
	SAY(syscall(SYS_creat, "", 0600));
	SAY(syscall(SYS_creat, BAD, 0600));
	SAY(syscall(SYS_creat, name, 0600));
	symlink("loop", "loop");
	SAY(syscall(SYS_creat, "loop", 0600));
	SAY(syscall(SYS_creat, "loop/x", 0600));
}

static void advice(void)
{
	SAY(syscall(SYS_readahead, f, 0L, 100L));
	SAY(syscall(SYS_readahead, f, 0L, 0L));
	SAY(syscall(SYS_readahead, f, 1L << 40, 100L));
	SAY(syscall(SYS_readahead, f, 0L, -1L));
	SAY(syscall(SYS_readahead, wr, 0L, 100L));
	SAY(syscall(SYS_readahead, dir, 0L, 100L));
	SAY(syscall(SYS_readahead, path, 0L, 100L));
	SAY(syscall(SYS_readahead, p[0], 0L, 100L));
	SAY(syscall(SYS_readahead, p[1], 0L, 100L));
	SAY(syscall(SYS_readahead, -1, 0L, -1L));
	for (int a = -1; a <= 6; a++)
		SAY(syscall(SYS_fadvise64, f, 0L, 100L, a));
	SAY(syscall(SYS_fadvise64, f, -5L, 0L, POSIX_FADV_NORMAL));
	SAY(syscall(SYS_fadvise64, f, 0L, -1L, POSIX_FADV_NORMAL));
	SAY(syscall(SYS_fadvise64, wr, 0L, 0L, POSIX_FADV_DONTNEED));
	SAY(syscall(SYS_fadvise64, dir, 0L, 0L, POSIX_FADV_NORMAL));
	SAY(syscall(SYS_fadvise64, path, 0L, 0L, POSIX_FADV_NORMAL));
	SAY(syscall(SYS_fadvise64, p[0], 0L, 0L, POSIX_FADV_NORMAL));
	SAY(syscall(SYS_fadvise64, p[0], 0L, -1L, 99));
	SAY(syscall(SYS_fadvise64, -1, 0L, -1L, 99));
}

/* Which of 40 to 49 are open, and which close on exec. */
static void show(void)
{
	for (int fd = 40; fd < 50; fd++) {
		int r = fcntl(fd, F_GETFD);

		putchar(r < 0 ? '.' : r ? 'x' : 'o');
	}
	putchar('\n');
}

static void fill(void)
{
	for (int fd = 40; fd < 50; fd++)
		dup2(f, fd);
}

static void ranges(void)
{
	int st;

	fill();
	show();
	SAY(syscall(SYS_close_range, 42, 44, 0));
	show();
	SAY(syscall(SYS_close_range, 42, 44, 0));
	SAY(syscall(SYS_close_range, 45, 45, CLOEXEC));
	SAY(syscall(SYS_close_range, 43, 46, CLOEXEC));
	show();
	SAY(syscall(SYS_close_range, 45, 44, 0));
	SAY(syscall(SYS_close_range, ~0U, 0, 0));
	SAY(syscall(SYS_close_range, 45, 46, 1));
	SAY(syscall(SYS_close_range, 45, 46, 8));
	SAY(syscall(SYS_close_range, 46, 45, 8));
	SAY(syscall(SYS_close_range, 100000, 200000, 0));
	SAY(syscall(SYS_close_range, ~0U, ~0U, 0));
	show();
	SAY(syscall(SYS_close_range, 48, ~0U, 0));
	show();
	fill();
	if (!syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0L, 0L, 0L, 0L)) {
		SAY(syscall(SYS_close_range, 40, 44, UNSHARE));
		SAY(syscall(SYS_close_range, 46, ~0U, UNSHARE | CLOEXEC));
		show();
		fflush(stdout);
		_exit(0);
	}
	wait(&st);
	show();
	if (!syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0L, 0L, 0L, 0L)) {
		SAY(syscall(SYS_close_range, 41, 48, 0));
		_exit(0);
	}
	wait(&st);
	show();
	SAY(syscall(SYS_close_range, 40, 49, UNSHARE));
	show();
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	f = open("f", O_RDWR | O_CREAT, 0644);
	wr = open("f", O_WRONLY);
	path = open("f", O_PATH);
	dir = open(".", O_RDONLY | O_DIRECTORY);
	pipe(p);
	reads();
	writes();
	creats();
	advice();
	ranges();
	return 0;
}
