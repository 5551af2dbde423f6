/* SPDX-License-Identifier: Apache-2.0 */
/* window.c: a guest's program that looks at a file, for tests/lab/dax. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile unsigned char *map(const char *name, size_t *n)
{
	int fd = open(name, O_RDONLY);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st))
		exit(3);
	*n = (size_t)st.st_size;
	p = mmap(NULL, *n, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		exit(4);
	close(fd);
	return p;
}

static void say(const char *what, uint64_t v)
{
	printf("%s %llx\n", what, (unsigned long long)v);
	fflush(stdout);
}

/* Until the file `go` is there, a minute at most. */
static void hold(void)
{
	for (int k = 0; k < 600 && access("/go", F_OK); k++)
		usleep(100000);
}

/* The first byte of page n, once it is what is said, or ten seconds on. */
static void wait_for(volatile unsigned char *p, unsigned char want)
{
	for (int k = 0; k < 1000 && *p != want; k++)
		usleep(10000);
	say("saw", *p);
}

int main(int argc, char **argv)
{
	static char buf[1 << 20];
	uint64_t h = 0;
	size_t n;

	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "sum")) {
		const volatile unsigned char *p = map(argv[2], &n);

		for (size_t k = 0; k < n; k += 8)
			h = (h ^ *(const volatile uint64_t *)(p + k)) *
			    0x9e3779b97f4a7c15ULL;
		say("sum", h);
		hold();
	} else if (!strcmp(argv[1], "read")) {
		int fd = open(argv[2], O_RDONLY);
		ssize_t got;

		while ((got = read(fd, buf, sizeof(buf))) > 0)
			h += (uint64_t)got;
		say("read", h);
		hold();
	} else {
		volatile unsigned char *p = map(argv[2], &n);

		say("first", p[0]);
		wait_for(p, 'c');           /* changed by the host */
		say("ready", p[1 << 20]);   /* to be cut off */
		wait_for(p + (1 << 20), 0); /* zeroes, never death */
		wait_for(p, 'e');
	}
	return 0;
}
