/* SPDX-License-Identifier: Apache-2.0 */
/* mapped.c: files that are mapped, read and written at once, in sizes that a
 * kernel may keep in different ways. */
#include "abi.h"

#include <setjmp.h>

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1

#define PG 4096L

static sigjmp_buf env;

static void on_bus(int s)
{
	siglongjmp(env, s);
}

/* The byte, or the name of the signal that it was. */
static const char *look(volatile unsigned char *p)
{
	static char buf[8];
	int s = sigsetjmp(env, 1);

	if (s)
		return s == SIGBUS ? "SIGBUS" : "SIGSEGV";
	snprintf(buf, sizeof(buf), "%d", *p);
	return buf;
}

static unsigned sum(const unsigned char *p, size_t n)
{
	unsigned h = 2166136261u;

	while (n--)
		h = (h ^ *p++) * 16777619u;
	return h;
}

static unsigned char byte_at(size_t k)
{
	return (unsigned char)(k ^ k >> 8 ^ k >> 16);
}

static int make(const char *name, size_t n)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0755);
	unsigned char buf[10000];

	for (size_t at = 0; at < n;) {
		size_t len = n - at < sizeof(buf) ? n - at : sizeof(buf);

		for (size_t k = 0; k < len; k++)
			buf[k] = byte_at(at + k);
		if (write(fd, buf, len) != (ssize_t)len)
			printf("short write\n");
		at += len;
	}
	return fd;
}

static unsigned char *map(int fd, size_t n, int prot, int flags)
{
	unsigned char *p = mmap(NULL, n, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		printf("mmap: %s\n", strerrorname(errno));
	return p;
}

static int at(int fd, off_t off)
{
	unsigned char b;
	ssize_t n = pread(fd, &b, 1, off);

	return n == 1 ? b : n ? -errno : -1;
}

static void both_ways(size_t size)
{
	int fd = make("both", size);
	unsigned char *s = map(fd, size, PROT_READ | PROT_WRITE, MAP_SHARED);
	unsigned char *r = map(fd, size, PROT_READ, MAP_SHARED);
	unsigned char *p = map(fd, size, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	char big[3 * PG];
	size_t mid = size / 2;

	printf("size %zu: %d %d %d\n", size, sum(r, size) == sum(s, size),
	       sum(p, size) == sum(s, size), r[mid] == byte_at(mid));
	pwrite(fd, "W", 1, (off_t)mid);
	printf("write: %d %d %d\n", s[mid], r[mid], p[mid]);
	p[mid] = 'p';
	s[mid + 1] = 's';
	printf("stores: %d %d %d; %d %d %d; read %d %d\n", s[mid], r[mid],
	       p[mid], s[mid + 1], r[mid + 1], p[mid + 1], at(fd, (off_t)mid),
	       at(fd, (off_t)mid + 1));
	memset(big, 'B', sizeof(big));
	pwrite(fd, big, sizeof(big), 100);
	s[50] = 'S';
	s[PG + 200] = 'T';
	printf("large write: %d %d %d %d %d\n", r[99] == byte_at(99), r[100],
	       r[99 + 3 * PG], r[100 + 3 * PG] == byte_at(100 + 3 * PG),
	       at(fd, PG + 200));
	printf("sync: %d %d\n", msync(s, size, MS_SYNC), fsync(fd));
	/* from the mapping into the file that it shows */
	printf("from itself: %zd\n", pwrite(fd, s + PG, 2 * PG, 9));
	printf("sum %08x %08x\n", sum(s, size), sum(r, size));
	munmap(s, size);
	munmap(p, size);
	close(fd);
	fd = open("both", O_RDONLY);
	printf("again %08x\n", sum(r, size));
	unlink("both");
	printf("unlinked %08x %d\n", sum(r, size), at(fd, 50));
	munmap(r, size);
	close(fd);
}

static void ends(size_t size)
{
	int fd = make("ends", size), fd2 = open("ends", O_WRONLY | O_APPEND);
	size_t room = size + 64 * PG;
	unsigned char *s = map(fd, room, PROT_READ | PROT_WRITE, MAP_SHARED);
	size_t cut = size / 2 / PG * PG + 10;
	struct stat st;

	printf("end %s", look(s + size - 1));
	printf(" %s", look(s + size)); /* the rest of the page */
	printf(" %s\n", look(s + (size + PG - 1) / PG * PG));
	/* longer by write */
	for (int k = 0; k < 20; k++)
		if (write(fd2, "appended", 8) != 8)
			printf("append\n");
	printf("appended %d %s\n", memcmp(s + size, "appended", 8),
	       look(s + size + 20 * 8));
	/* shorter */
	s[cut - 1] = 'l';
	s[cut] = 'x';
	s[cut + PG] = 'y';
	printf("truncate %d:", ftruncate(fd, (off_t)cut));
	printf(" %s", look(s + cut - 1));
	printf(" %s", look(s + cut));
	printf(" %s", look(s + cut + PG));
	printf(" %s\n", look(s + size));
	/* longer again: zeroes */
	printf("longer %d:", ftruncate(fd, (off_t)(size + 10 * PG)));
	printf(" %s", look(s + cut - 1));
	printf(" %s", look(s + cut));
	printf(" %s", look(s + cut + PG));
	printf(" %s\n", look(s + size + 9 * PG));
	s[size + 9 * PG] = 'z';
	printf("stored behind: %d\n", at(fd, (off_t)(size + 9 * PG)));
	printf("punch %d:",
	       fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, PG / 2,
			 2 * PG));
	printf(" %s", look(s + PG / 2 - 1));
	printf(" %s", look(s + PG / 2));
	printf(" %s", look(s + PG));
	printf(" %s\n", look(s + 2 * PG + PG / 2));
	fstat(fd, &st);
	printf("size %d\n", st.st_size == (off_t)(size + 10 * PG));
	close(open("ends", O_WRONLY | O_TRUNC));
	printf("emptied: %s", look(s));
	pwrite(fd, "new", 3, 0);
	printf(" %s", look(s + 2));
	printf(" %s\n", look(s + PG));
	munmap(s, room);
	close(fd);
	close(fd2);
	unlink("ends");
}

/* A long file with holes, touched here and there, by two processes. */
static void sparse(void)
{
	const size_t size = 5 << 20;
	int fd = make("sparse", 0), st;
	unsigned char *s;
	pid_t pid;
	int *word;

	ftruncate(fd, (off_t)size + 123);
	s = map(fd, size + 123, PROT_READ | PROT_WRITE, MAP_SHARED);
	word = (int *)(void *)(s + (3 << 20));
	pid = fork();
	if (!pid) {
		for (size_t k = 0; k < size; k += 300000)
			s[k] = (unsigned char)(k / 300000 + 1);
		__atomic_store_n(word, 1, __ATOMIC_RELEASE);
		syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
		_exit(0);
	}
	while (!__atomic_load_n(word, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL, NULL, 0);
	waitpid(pid, &st, 0);
	printf("sparse");
	for (size_t k = 0; k < size; k += 300000)
		printf(" %d", at(fd, (off_t)k));
	printf("; last %d\n", s[size + 122]);
	pwrite(fd, "end", 3, (off_t)size + 120);
	printf("end %.3s %08x\n", (char *)s + size + 120, sum(s, size));
	munmap(s, size + 123);
	close(fd);
	unlink("sparse");
}

/* Permissions that change, and private pages that stay. */
static void private_pages(void)
{
	const size_t size = 40 * PG;
	int fd = make("private", size), st;
	unsigned char *p = map(fd, size, PROT_READ, MAP_PRIVATE), *q;

	printf("read %d\n", p[5 * PG] == byte_at(5 * PG));
	mprotect(p, size, PROT_READ | PROT_WRITE);
	p[5 * PG] = 1;
	pwrite(fd, "Q", 1, 5 * PG + 1);
	pwrite(fd, "Q", 1, 6 * PG);
	printf("private %d %d %d\n", p[5 * PG],
	       p[5 * PG + 1] == byte_at(5 * PG + 1), p[6 * PG]);
	if (!fork()) {
		p[5 * PG] = 2;
		p[7 * PG] = 3;
		_exit(p[6 * PG]);
	}
	wait(&st);
	printf("child %d; %d %d\n", WEXITSTATUS(st), p[5 * PG],
	       p[7 * PG] == byte_at(7 * PG));
	madvise(p, size, MADV_DONTNEED);
	printf("dropped %d %d\n", p[5 * PG] == byte_at(5 * PG), p[6 * PG]);
	q = mremap(p, size, size / 2, 0);
	printf("remap %d %d\n", q == p, q[6 * PG]);
	munmap(q, size / 2);
	close(fd);
	/* read-only descriptor: no shared writable mapping of it */
	fd = open("private", O_RDONLY);
	printf("ro %s\n",
	       mmap(NULL, PG, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED
		       ? strerrorname(errno)
		       : "mapped");
	close(fd);
	unlink("private");
}

/* The program itself, read and mapped, and a copy of it run. */
static void program(void)
{
	int fd = open("/proc/self/exe", O_RDONLY), copy, st;
	struct stat s;
	unsigned char *p;
	pid_t pid;

	fstat(fd, &s);
	p = map(fd, (size_t)s.st_size, PROT_READ, MAP_PRIVATE);
	copy = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0755);
	printf("copied %d\n", write(copy, p, (size_t)s.st_size) == s.st_size);
	close(copy);
	pid = fork();
	if (!pid) {
		execl("./copy", "copy", "child", NULL);
		_exit(99);
	}
	waitpid(pid, &st, 0);
	printf("ran %d\n", WEXITSTATUS(st));
	unlink("copy");
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_bus };

	if (argc > 1)
		return 42;
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	both_ways(5 * PG);
	both_ways(64 * 1024);
	both_ways(300001);
	both_ways((3 << 20) + 77);
	ends(6 * PG + 100);
	ends(64 * 1024 + 4000);
	ends((2 << 20) + 100);
	sparse();
	private_pages();
	program();
	return 0;
}
