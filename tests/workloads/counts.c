/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counts.c: what the guest kernel holds, before and after.
 *
 *	counts save FILE	writes the counts
 *	counts check FILE [N]	they are back where they were, else 1 and which not;
 *				N objects more of a cache are allowed: what is made
 *				once, at its first use
 *	counts run N COMMAND...	the same around a command, as process 1; exits as it did, or
 *				with 99
 *
 * Counted are the objects in use of each cache in /proc/slabinfo, and the pages
 * of RAM that are neither free nor anybody's in /proc/meminfo, after the caches
 * were dropped.  Run with nobody else there but process 1; what dies late is waited
 * for, 5 s.  Wants a /proc/sys that can be written to, or leave to mount one.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX   80
#define PROC  "/.counts"
#define LEAK  99 /* status */
#define SLACK 8  /* pages: what process 1 itself has touched meanwhile */
#define FIRST 64 /* pages that are taken once: a CPU's, a device's */

static struct count {
	char name[40];
	long n;
} now[MAX], was[MAX];

static int nnow;
static const char *proc = "/proc";
static long allowed, allowed_pages = SLACK;

static void add(const char *name, long n)
{
	if (nnow < MAX) {
		snprintf(now[nnow].name, sizeof(now[0].name), "%s", name);
		now[nnow++].n = n;
	}
}

static FILE *open_proc(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", proc, name);
	return fopen(path, "r");
}

/* A connection that was closed has its minute still; not here. */
static void forget_connections(void)
{
	char path[64], was_max[16] = "";
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/sys/net/ipv4/tcp_max_tw_buckets",
		 proc);
	fd = open(path, O_RDWR);
	n = fd < 0 ? -1 : pread(fd, was_max, sizeof(was_max), 0);
	if (n <= 0 || pwrite(fd, "0", 1, 0) != 1 ||
	    pwrite(fd, was_max, (size_t)n, 0) != n) {
		perror("counts: tcp_max_tw_buckets");
		exit(2);
	}
	close(fd);
}

static void drop_caches(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/sys/vm/drop_caches", proc);
	fd = open(path, O_WRONLY);

	sync();
	if (fd < 0 || write(fd, "3", 1) != 1) {
		perror("counts: drop_caches");
		exit(2);
	}
	close(fd);
	forget_connections();
}

static void read_slabs(void)
{
	FILE *f = open_proc("slabinfo");
	char line[256], name[40];
	long used;

	while (f && fgets(line, sizeof(line), f))
		if (line[0] != '#' &&
		    sscanf(line, "%39s %ld %*d %*d", name, &used) == 2)
			add(name, used);
	if (f)
		fclose(f);
}

static void read_pages(void)
{
	static const char *const minus[] = { "MemFree:", "Cached:", "Slab:",
					     "PageTables:", "KernelStack:" };
	FILE *f = open_proc("meminfo");
	char line[128], name[40];
	long kb, pages = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%39s %ld", name, &kb) != 2)
			continue;
		if (!strcmp(name, "MemTotal:"))
			pages += kb / 4;
		for (unsigned i = 0; i < 5; i++)
			if (!strcmp(name, minus[i]))
				pages -= kb / 4;
	}
	if (f)
		fclose(f);
	add("pages", pages);
}

static void look(void)
{
	nnow = 0;
	drop_caches();
	read_slabs();
	read_pages();
}

static int save(const char *file)
{
	FILE *f;

	look();
	f = fopen(file, "w");
	if (!f || nnow < 4)
		return 2;
	for (int i = 0; i < nnow; i++)
		fprintf(f, "%s %ld\n", now[i].name, now[i].n);
	return fclose(f) ? 2 : 0;
}

static int compare(int n, int say)
{
	int bad = n != nnow;

	if (bad && say)
		fprintf(stderr, "leak: %d caches, were %d\n", nnow, n);
	for (int i = 0; i < n && i < nnow; i++) {
		long more = now[i].n - was[i].n;
		long slack =
			strcmp(now[i].name, "pages") ? allowed : allowed_pages;

		if (more <= slack)
			continue;
		bad = 1;
		if (say)
			fprintf(stderr, "leak: %s: %ld, was %ld\n", now[i].name,
				now[i].n, was[i].n);
	}
	return bad;
}

/* 0 as soon as they are back at the n of before; else says which are not. */
static int back(int n)
{
	for (int try = 0; try < 50; try++) {
		look();
		if (!compare(n, 0))
			return 0;
		usleep(100000);
	}
	return compare(n, 1);
}

static int check(const char *file)
{
	FILE *f = fopen(file, "r");
	int n = 0;

	while (f && n < MAX &&
	       fscanf(f, "%39s %ld", was[n].name, &was[n].n) == 2)
		n++;
	if (f)
		fclose(f);
	return back(n);
}

/* Runs a command, and whatever it leaves behind is reaped here. */
static int run(char **argv)
{
	pid_t pid = fork(), got;
	int st = 0, of = 0;

	if (!pid) {
		execvp(argv[0], argv);
		fprintf(stderr, "counts: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	while ((got = wait(&st)) > 0)
		if (got == pid) {
			of = WIFSIGNALED(st) ? 128 + WTERMSIG(st)
					     : WEXITSTATUS(st);
			kill(-1, SIGKILL);
		}
	return of;
}

static int around(char **argv)
{
	int n, ret;

	allowed_pages = FIRST;
	look();
	n = nnow;
	memcpy(was, now, sizeof(was));
	ret = run(argv);
	return back(n) ? LEAK : ret;
}

static int with_proc(int argc, char **argv)
{
	if (!strcmp(argv[1], "run")) {
		allowed = atol(argv[2]);
		return argc > 3 ? around(argv + 3) : 2;
	}
	if (argc == 4)
		allowed = atol(argv[3]);
	if (!strcmp(argv[1], "save"))
		return save(argv[2]);
	return strcmp(argv[1], "check") ? 2 : check(argv[2]);
}

int main(int argc, char **argv)
{
	int ret;

	if (argc < 3)
		return 2;
	if (!access("/proc/sys/vm/drop_caches", W_OK))
		return with_proc(argc, argv);
	(void)mkdir(PROC, 0700);
	if (mount("proc", PROC, "proc", 0, NULL)) {
		fprintf(stderr, "counts: %s\n", strerror(errno));
		return 2;
	}
	proc = PROC;
	ret = with_proc(argc, argv);
	umount2(PROC, 0);
	return ret;
}
