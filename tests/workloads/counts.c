/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counts.c: what the guest kernel holds, before and after.
 *
 *	counts save FILE	writes the counts
 *	counts check FILE [N]	they are back where they were, else 1 and which not;
 *				N objects more of a cache are allowed: what is made
 *				once, at its first use
 *
 * Counted are the objects in use of each cache in /proc/slabinfo, and the pages
 * of RAM that are neither free nor anybody's in /proc/meminfo, after the caches
 * were dropped.  Run with nobody else there but process 1; what dies late is waited
 * for, 5 s.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX   80
#define PROC  "/.counts"
#define SLACK 8 /* pages: what process 1 itself has touched meanwhile */

static struct count {
	char name[40];
	long n;
} now[MAX], was[MAX];

static int nnow;
static long allowed;

static void add(const char *name, long n)
{
	if (nnow < MAX) {
		snprintf(now[nnow].name, sizeof(now[0].name), "%s", name);
		now[nnow++].n = n;
	}
}

static void drop_caches(void)
{
	int fd = open(PROC "/sys/vm/drop_caches", O_WRONLY);

	sync();
	if (fd < 0 || write(fd, "3", 1) != 1) {
		perror("counts: drop_caches");
		exit(2);
	}
	close(fd);
}

static void read_slabs(void)
{
	FILE *f = fopen(PROC "/slabinfo", "r");
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
	FILE *f = fopen(PROC "/meminfo", "r");
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

	for (int i = 0; i < n && i < nnow; i++) {
		long more = now[i].n - was[i].n;
		long slack = strcmp(now[i].name, "pages") ? allowed : SLACK;

		if (more <= slack)
			continue;
		bad = 1;
		if (say)
			printf("leak: %s: %ld, was %ld\n", now[i].name,
			       now[i].n, was[i].n);
	}
	return bad;
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
	for (int try = 0; try < 50; try++) {
		look();
		if (!compare(n, 0))
			return 0;
		usleep(100000);
	}
	return compare(n, 1);
}

int main(int argc, char **argv)
{
	int ret = 2;

	(void)mkdir(PROC, 0700);
	if (argc < 3 || argc > 4 || mount("proc", PROC, "proc", 0, NULL)) {
		fprintf(stderr, "counts: %s\n", strerror(errno));
		return 2;
	}
	if (argc == 4)
		allowed = atol(argv[3]);
	if (!strcmp(argv[1], "save"))
		ret = save(argv[2]);
	else if (!strcmp(argv[1], "check"))
		ret = check(argv[2]);
	umount2(PROC, 0);
	return ret;
}
