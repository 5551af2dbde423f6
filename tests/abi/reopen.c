/* SPDX-License-Identifier: Apache-2.0 */
/* reopen.c: /proc/self/fd/N of what has no name: pipes, memory files, others */
#include "abi.h"

#include <sys/eventfd.h>

static const char *at(int fd)
{
	static char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return name;
}

/* The link without its number. */
static void show_link(int fd)
{
	char to[200];
	ssize_t n = readlink(at(fd), to, sizeof(to) - 1);

	to[n < 0 ? 0 : n] = 0;
	to[strcspn(to, "0123456789")] = 0;
	printf("link %s\n", to);
}

static void a_pipe(void)
{
	char buf[100];
	struct stat st;
	int fds[2], again, rw;

	pipe(fds);
	show_link(fds[0]);
	SAY(stat(at(fds[0]), &st));
	printf("fifo %d\n", S_ISFIFO(st.st_mode));
	again = open(at(fds[0]), O_WRONLY);
	SAY(write(again, "one", 3));
	SAY(read(fds[0], buf, sizeof(buf)));
	rw = open(at(fds[1]), O_RDWR);
	SAY(write(rw, "three", 5));
	SAY(read(rw, buf, sizeof(buf)));
	close(rw);
	close(again);
	close(fds[1]);
	SAY(read(fds[0], buf, sizeof(buf)));
	/* the last writer is gone: nobody is waited for */
	again = open(at(fds[0]), O_RDONLY);
	SAY(read(again, buf, sizeof(buf)));
	close(again);
	again = open(at(fds[0]), O_WRONLY | O_NONBLOCK);
	SAY(write(again, "x", 1));
	SAY(read(fds[0], buf, sizeof(buf)));
	SAY(open(at(fds[0]), O_RDONLY | O_DIRECTORY));
	SAY(linkat(AT_FDCWD, at(fds[0]), AT_FDCWD, "name", AT_SYMLINK_FOLLOW));
	close(again);
	close(fds[0]);
}

static void a_memfd(void)
{
	int fd = memfd_create("its name", 0), again, self, st;
	char buf[65536], *map;
	ssize_t n;

	show_link(fd);
	write(fd, "content", 7);
	again = open(at(fd), O_RDONLY);
	SAY(read(again, buf, sizeof(buf)));
	SAY(write(again, "x", 1));
	show_link(again);
	SAY(ftruncate(fd, 4096));
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, again, 0);
	SAY(map == MAP_FAILED);
	lseek(fd, 0, SEEK_SET);
	SAY(ftruncate(fd, 0));
	self = open("/proc/self/exe", O_RDONLY);
	while ((n = read(self, buf, sizeof(buf))) > 0)
		write(fd, buf, (size_t)n);
	fflush(stdout);
	if (!fork()) {
		execl(at(fd), "reopen", "exe", NULL);
		_exit(1);
	}
	wait(&st);
	SAY(st);
}

int main(int argc, char **argv)
{
	char exe[100] = "";
	int e;

	(void)argv;
	if (argc > 1) {
		SAY(readlink("/proc/self/exe", exe, sizeof(exe) - 1));
		printf("exe %s\n", exe);
		return 0;
	}
	a_pipe();
	a_memfd();
	e = eventfd(0, 0);
	show_link(e);
	SAY(open(at(e), O_RDWR));
	return 0;
}
