/* SPDX-License-Identifier: Apache-2.0 */
/* fdcalls.c: calls of a descriptor by their numbers: places in a file, entries
 * of a directory, advice, ranges of descriptors */
#include "abi.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define BAD ((void *)8)

static char buf[8192];
static int fd, ro, wo, dir, p[2];

static void places(void)
{
	SAY(syscall(SYS_creat, "new", 0640));
	SAY(syscall(SYS_creat, "none/new", 0640));
	SAY(syscall(SYS_creat, "d", 0640));
	SAY(syscall(SYS_creat, BAD, 0640));
	close(3);
	fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
	ro = open("f", O_RDONLY);
	wo = open("f", O_WRONLY);
	pipe(p);
	SAY(syscall(SYS_pwrite64, fd, "hello, world", 12, 5));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(syscall(SYS_pread64, fd, buf, 100, 0));
	printf("%d %.12s\n", buf[0], buf + 5);
	SAY(syscall(SYS_pread64, ro, buf, 5, 12));
	SAY(syscall(SYS_pread64, ro, buf, 5, 17));
	SAY(syscall(SYS_pread64, ro, buf, 5, 1000000));
	SAY(syscall(SYS_pread64, ro, buf, 0, 0));
	SAY(syscall(SYS_pread64, ro, buf, 5, -1L));
	SAY(syscall(SYS_pread64, ro, buf, 5, LONG_MAX));
	SAY(syscall(SYS_pread64, ro, buf, 5, LONG_MAX - 5));
	SAY(syscall(SYS_pwrite64, fd, buf, 5, LONG_MAX - 4));
	SAY(syscall(SYS_pread64, ro, BAD, 5, 0));
	SAY(syscall(SYS_pread64, wo, buf, 5, 0));
	SAY(syscall(SYS_pread64, p[0], buf, 5, 0));
	SAY(syscall(SYS_pread64, dir, buf, 5, 0));
	SAY(syscall(SYS_pread64, 99, buf, 5, 0));
	SAY(syscall(SYS_pwrite64, ro, "x", 1, 0));
	SAY(syscall(SYS_pwrite64, p[1], "x", 1, 0));
	SAY(syscall(SYS_pwrite64, fd, "x", 1, -1L));
	SAY(syscall(SYS_pwrite64, fd, BAD, 1, 0));
	SAY(syscall(SYS_pwrite64, fd, BAD, 0, 0));
	SAY(syscall(SYS_pwrite64, 99, "x", 1, 0));
	fcntl(wo, F_SETFL, O_APPEND);
	SAY(syscall(SYS_pwrite64, wo, "end", 3,
		    0)); /* at the end all the same */
	SAY(syscall(SYS_pread64, fd, buf, 100, 17));
}

static void advice(void)
{
	SAY(syscall(SYS_readahead, ro, 0, 4096));
	SAY(syscall(SYS_readahead, ro, 1 << 20, 4096));
	SAY(syscall(SYS_readahead, ro, 0, 0));
	SAY(syscall(SYS_readahead, wo, 0, 4096));
	SAY(syscall(SYS_readahead, p[0], 0, 4096));
	SAY(syscall(SYS_readahead, 99, 0, 4096));
	for (int a = 0; a <= 6; a++)
		SAY(syscall(SYS_fadvise64, ro, 0, 0, a));
	SAY(syscall(SYS_fadvise64, wo, 3, 5, POSIX_FADV_DONTNEED));
	SAY(syscall(SYS_fadvise64, ro, 0, -1L, POSIX_FADV_NORMAL));
	SAY(syscall(SYS_fadvise64, p[0], 0, 0, POSIX_FADV_NORMAL));
	SAY(syscall(SYS_fadvise64, 99, 0, 0, POSIX_FADV_NORMAL));
	SAY(syscall(SYS_fadvise64, dir, 0, 0, POSIX_FADV_NORMAL));
}

struct dirent64 {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names that n bytes of buf hold, old (type in the last byte) or new. */
static void names(long n, int old)
{
	char *list[40];
	int count = 0, bad = 0;

	for (long at = 0; at < n && count < 40;) {
		struct dirent64 *e = (void *)(buf + at);
		char *name = old ? e->name - 1 : e->name;
		int type = old ? buf[at + e->reclen - 1] : e->type;
		char *line = malloc(300);

		snprintf(line, 300, "%s:%d", name, type);
		list[count++] = line;
		bad += e->reclen % 8 || !e->ino;
		at += e->reclen;
	}
	qsort(list, count, sizeof(list[0]), by_name);
	for (int i = 0; i < count; i++)
		printf(" %s", list[i]);
	printf("; bad %d\n", bad);
}

static void entries(void)
{
	long n, total = 0, calls = 0;

	n = syscall(SYS_getdents64, dir, buf, sizeof(buf));
	names(n, 0);
	SAY(syscall(SYS_getdents64, dir, buf, sizeof(buf)));
	lseek(dir, 0, SEEK_SET);
	n = syscall(SYS_getdents, dir, buf, sizeof(buf));
	names(n, 1);
	lseek(dir, 0, SEEK_SET);
	while ((n = syscall(SYS_getdents64, dir, buf, 48)) > 0)
		calls++, total += n > 0;
	printf("a few at a time: %d, %ld\n", calls == total, n);
	lseek(dir, 0, SEEK_SET);
	SAY(syscall(SYS_getdents64, dir, buf, 10));
	SAY(syscall(SYS_getdents, dir, buf, 10));
	SAY(syscall(SYS_getdents64, dir, BAD, 100));
	SAY(syscall(SYS_getdents64, ro, buf, 100));
	SAY(syscall(SYS_getdents, p[0], buf, 100));
	SAY(syscall(SYS_getdents64, 99, buf, 100));
	SAY(syscall(SYS_getdents, 99, buf, 100));
	mkdir("gone", 0755);
	fd = open("gone", O_RDONLY | O_DIRECTORY);
	rmdir("gone");
	SAY(syscall(SYS_getdents64, fd, buf, 100));
	SAY(syscall(SYS_fchdir, fd));
	SAY(syscall(SYS_getcwd, buf, sizeof(buf)));
	SAY(syscall(SYS_fchdir, dir));
	SAY(access("link", F_OK));
	SAY(syscall(SYS_fchdir, ro));
	SAY(syscall(SYS_fchdir, 99));
	SAY(chdir(".."));
	fd = open("d", O_PATH);
	SAY(syscall(SYS_fchdir, fd));
	SAY(chdir(".."));
}

static int closed(int from, int to)
{
	int n = 0;

	for (int i = from; i <= to; i++)
		n += fcntl(i, F_GETFD) < 0;
	return n;
}

static void ranges(void)
{
	for (int i = 20; i < 30; i++)
		dup2(0, i);
	SAY(syscall(SYS_close_range, 25, 20, 0));
	SAY(syscall(SYS_close_range, 20, 30, 8));
	SAY(closed(20, 29));
	SAY(syscall(SYS_close_range, 20, 22, 0));
	SAY(closed(20, 29));
	SAY(syscall(SYS_close_range, 24, 26, 4)); /* CLOEXEC */
	SAY(closed(20, 29));
	for (int i = 23; i < 29; i++)
		printf("%d", fcntl(i, F_GETFD));
	printf("\n");
	SAY(syscall(SYS_close_range, 28, 28, 2)); /* UNSHARE */
	SAY(closed(20, 29));
	SAY(syscall(SYS_close_range, 23, ~0U, 6));
	SAY(closed(20, 29));
	SAY(fcntl(29, F_GETFD));
	SAY(syscall(SYS_close_range, 20, ~0U, 0));
	SAY(closed(20, 29));
	SAY(syscall(SYS_close_range, 1000000, 2000000, 0));
}

int main(void)
{
	mkdir("d", 0755);
	close(open("d/file", O_CREAT | O_WRONLY, 0644));
	mkdir("d/sub", 0755);
	symlink("file", "d/link");
	mkfifo("d/fifo", 0644);
	for (int i = 0; i < 12; i++) {
		snprintf(buf, sizeof(buf), "d/%0*d", 2 + i, i);
		close(open(buf, O_CREAT | O_WRONLY, 0644));
	}
	places();
	dir = open("d", O_RDONLY | O_DIRECTORY);
	SAY(syscall(SYS_pread64, dir, buf, 5, 0));
	advice();
	entries();
	ranges();
	return 0;
}
