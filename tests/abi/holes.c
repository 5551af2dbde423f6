/* SPDX-License-Identifier: Apache-2.0 */
/* holes.c: SEEK_DATA and SEEK_HOLE, fallocate, seals, RWF_*, openat2's
 * RESOLVE_CACHED, programs that are busy, names that go. */

#include "abi.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 16
#endif
#ifndef FALLOC_FL_KEEP_SIZE
#define FALLOC_FL_KEEP_SIZE  1
#define FALLOC_FL_PUNCH_HOLE 2
#endif
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif
#ifndef RWF_APPEND
#define RWF_APPEND 16
#endif

static long pwritev2_(int fd, const struct iovec *v, int n, long pos, int f)
{
	return syscall(SYS_pwritev2, fd, v, n, pos, 0, f);
}

static long preadv2_(int fd, const struct iovec *v, int n, long pos, int f)
{
	return syscall(SYS_preadv2, fd, v, n, pos, 0, f);
}

static void seek_in(int fd)
{
	SAY(ftruncate(fd, 1 << 20));
	SAY(lseek(fd, 0, SEEK_DATA));
	SAY(lseek(fd, 0, SEEK_HOLE));
	SAY(pwrite(fd, "x", 1, 100 << 10));
	SAY(pwrite(fd, "x", 1, 200 << 10));
	SAY(fsync(fd));
	SAY(lseek(fd, 0, SEEK_DATA));
	SAY(lseek(fd, (100 << 10) + 5, SEEK_DATA));
	SAY(lseek(fd, 100 << 10, SEEK_HOLE));
	SAY(lseek(fd, 150 << 10, SEEK_DATA));
	SAY(lseek(fd, 150 << 10, SEEK_HOLE));
	SAY(lseek(fd, 300 << 10, SEEK_DATA));
	SAY(lseek(fd, 300 << 10, SEEK_HOLE));
	SAY(lseek(fd, 1 << 20, SEEK_HOLE));
	SAY(lseek(fd, -1, SEEK_DATA));
	SAY(lseek(fd, 0, 9));
}

static void blocks(int fd)
{
	struct stat st;

	fstat(fd, &st);
	printf("size %ld blocks %ld\n", (long)st.st_size, (long)st.st_blocks);
}

static void alloc_in(int fd)
{
	char c[8192];

	SAY(ftruncate(fd, 0));
	memset(c, 'c', sizeof(c));
	SAY(pwrite(fd, c, sizeof(c), 0));
	SAY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	blocks(fd);
	SAY(lseek(fd, 0, SEEK_DATA));
	SAY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5000,
		      10));
	SAY(pread(fd, c, 8192, 0));
	printf("%d %d %d %d %d\n", c[0], c[4095], c[4999], c[5000], c[5010]);
	SAY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 8192, 8192));
	blocks(fd);
	SAY(fallocate(fd, 0, 16384, 4096));
	blocks(fd);
	SAY(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 4096));
	SAY(fallocate(fd, 0x4000, 0, 4096));
	SAY(fallocate(fd, 18, 0, 4096));
	SAY(fallocate(fd, 0, -1, 4096));
	SAY(fallocate(fd, 0, 0, 0));
}

static void seals(void)
{
	int fd = memfd_create("m", MFD_ALLOW_SEALING);
	char *p, *q;

	SAY(fd >= 0);
	SAY(fcntl(fd, F_GET_SEALS));
	seek_in(fd);
	alloc_in(fd);
	SAY(ftruncate(fd, 8192));
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	SAY(p != MAP_FAILED);
	SAY(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	SAY(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	SAY(fcntl(fd, F_GET_SEALS));
	p[0] = 'p';
	SAY(write(fd, "x", 1));
	SAY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	SAY(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) ==
	    MAP_FAILED);
	q = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	SAY(q != MAP_FAILED);
	SAY(q[0] == 'p');
	SAY(mprotect(q, 4096, PROT_READ | PROT_WRITE));
	SAY(munmap(p, 8192));
	SAY(munmap(q, 4096));
	SAY(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK));
	SAY(ftruncate(fd, 100));
	SAY(ftruncate(fd, 10000));
	SAY(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL));
	SAY(ftruncate(fd, 20000));
	SAY(fallocate(fd, 0, 0, 20000));
	SAY(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	SAY(fcntl(fd, F_GET_SEALS));
	SAY(fcntl(0, F_GET_SEALS));
	close(fd);
}

static void flags(void)
{
	int fd = open("rwf", O_RDWR | O_CREAT | O_TRUNC, 0644), p[2];
	char b[64];
	struct iovec v = { "hello", 5 }, in = { b, sizeof(b) };

	SAY(pwritev2_(fd, &v, 1, 0, 0));
	SAY(pwritev2_(fd, &v, 1, 2, RWF_APPEND));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(pwritev2_(fd, &v, 1, -1, RWF_APPEND));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(pread(fd, b, 64, 0));
	printf("%.15s\n", b);
	SAY(preadv2_(fd, &in, 1, 0, RWF_NOWAIT));
	SAY(preadv2_(fd, &in, 1, 5, RWF_NOWAIT));
	SAY(preadv2_(fd, &in, 1, 0, 0x4000));
	SAY(pwritev2_(fd, &v, 1, 0, 0x4000));
	SAY(preadv2_(fd, &in, 1, -2, 0));
	pipe(p);
	SAY(preadv2_(p[0], &in, 1, 0, 0));
	SAY(preadv2_(p[0], &in, 1, -1, RWF_NOWAIT));
	SAY(pwritev2_(p[1], &v, 1, -1, RWF_NOWAIT));
	SAY(preadv2_(p[0], &in, 1, -1, RWF_NOWAIT));
	close(fd);
	close(p[0]);
	close(p[1]);
}

static long cached(const char *name, int flags)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = { .flags = flags, .resolve = 32 };

	return syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof(how));
}

static void busy(const char *self)
{
	char cmd[PATH_MAX + 16], *av[] = { "./prog", "run", NULL };
	int fd, st;
	pid_t pid;

	snprintf(cmd, sizeof(cmd), "cp %s prog; chmod 755 prog", self);
	SAY(system(cmd));
	SAY(access("prog", X_OK));
	SAY((close(cached("prog", O_RDONLY)), 0));
	SAY(cached("prog", O_RDWR | O_TRUNC));
	fd = open("prog", O_WRONLY);
	SAY(fd >= 0);
	SAY(execv("./prog", av));
	close(fd);
	pid = fork();
	if (!pid) {
		execv("./prog", av);
		_exit(9);
	}
	usleep(300000);
	SAY(open("prog", O_WRONLY));
	SAY(open("prog", O_RDWR));
	SAY(open("prog", O_RDONLY | O_TRUNC));
	SAY(truncate("prog", 0));
	fd = open("prog", O_RDONLY);
	SAY(fd >= 0);
	close(fd);
	SAY(chmod("prog", 0700));
	SAY(rename("prog", "prog2"));
	SAY(open("prog2", O_WRONLY));
	kill(pid, SIGKILL);
	SAY(waitpid(pid, &st, 0) == pid);
	fd = open("prog2", O_WRONLY);
	SAY(fd >= 0);
	close(fd);
	fd = open("script", O_WRONLY | O_CREAT, 0755);
	SAY(write(fd, "#!./prog2\n", 10));
	SAY(execv("./script", av));
	close(fd);
	fd = open("prog2", O_WRONLY);
	SAY(execv("./script", av));
	close(fd);
}

static void names(void)
{
	int a = open("na", O_RDWR | O_CREAT, 0644);
	int b = open("nb", O_RDWR | O_CREAT, 0644);
	struct stat st;

	SAY(link("na", "nc"));
	SAY((fstat(a, &st), st.st_nlink));
	SAY(rename("nb", "na"));
	SAY((fstat(a, &st), st.st_nlink));
	SAY((fstat(b, &st), st.st_nlink));
	SAY(unlink("nc"));
	SAY((fstat(a, &st), st.st_nlink));
	SAY(mkdir("da", 0755));
	SAY(mkdir("db", 0755));
	int d = open("db", O_RDONLY);
	SAY(rename("da", "db"));
	SAY((fstat(d, &st), st.st_nlink));
	close(a);
	close(b);
	close(d);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc > 1) {
		sleep(20);
		return 0;
	}
	fd = open("/dev/shm/holes", O_RDWR | O_CREAT, 0644);
	seek_in(fd);
	alloc_in(fd);
	close(fd);
	unlink("/dev/shm/holes");
	fd = open("holes", O_RDWR | O_CREAT, 0644);
	seek_in(fd);
	close(fd);
	seals();
	flags();
	names();
	busy(argv[0]);
	return 0;
}
