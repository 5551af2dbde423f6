/* SPDX-License-Identifier: Apache-2.0 */
/* splice.c: packets, splice, tee, vmsplice, sendfile, copy_file_range. */
#include <sys/sendfile.h>

#include "abi.h"

static char buf[70000];

static void packets(void)
{
	int p[2], q[2];

	SAY(pipe2(p, O_DIRECT));
	SAY(write(p[1], "first", 5));
	SAY(write(p[1], "second", 6));
	SAY(ioctl(p[0], FIONREAD, buf));
	printf("%d\n", *(int *)buf);
	SAY(read(p[0], buf, 3));
	SAY(read(p[0], buf, 100));
	printf("%.6s\n", buf);
	SAY(fcntl(p[1], F_GETFL) & O_DIRECT ? 1 : 0);
	SAY(fcntl(p[1], F_SETFL, O_NONBLOCK));
	SAY(write(p[1], "a", 1));
	SAY(write(p[1], "b", 1));
	SAY(read(p[0], buf, 100));
	SAY(pipe2(q, O_NONBLOCK));
	SAY(fcntl(q[1], F_SETFL, O_NONBLOCK | O_DIRECT));
	SAY(write(q[1], buf, 5000));
	SAY(read(q[0], buf, 8000));
	SAY(read(q[0], buf, 8000));
	SAY(read(q[0], buf, 8000));
	SAY(fcntl(q[1], F_SETPIPE_SZ, 4096));
	SAY(write(q[1], "x", 1));
	SAY(write(q[1], "y", 1));
	SAY(fcntl(q[1], F_SETPIPE_SZ, 8192));
	SAY(write(q[1], "y", 1));
	SAY(fcntl(q[1], F_SETPIPE_SZ, 4096));
	SAY(fcntl(q[1], F_SETPIPE_SZ, 0));
	SAY(fcntl(q[1], F_SETPIPE_SZ, 0xffffffffUL));
	SAY(fcntl(q[1], F_GETPIPE_SZ, -1UL));
	for (int i = 0; i < 2; i++) {
		close(p[i]);
		close(q[i]);
	}
}

static void filling(void)
{
	int p[2], n;

	pipe2(p, O_NONBLOCK);
	for (n = 0; write(p[1], "z", 1) == 1; n++)
		;
	printf("bytes one by one: %d\n", n);
	SAY(read(p[0], buf, 4095));
	SAY(write(p[1], "z", 1));
	SAY(read(p[0], buf, 1));
	SAY(write(p[1], "z", 1));
	SAY(write(p[1], buf, 4096));
	while (read(p[0], buf, sizeof(buf)) > 0)
		;
	for (n = 0; write(p[1], buf, 3000) == 3000; n++)
		;
	printf("writes of 3000: %d\n", n);
	SAY(write(p[1], buf, 1000));
	SAY(write(p[1], buf, 1097));
	SAY(read(p[0], buf, 3000));
	SAY(write(p[1], buf, 10000));
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	SAY(write(p[1], "z", 1));
	close(p[1]);
}

static int make(const char *name, size_t n)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

	for (size_t i = 0; i < n; i++)
		buf[i] = 'a' + i / 1000 % 26;
	if (write(fd, buf, n) != (ssize_t)n)
		perror("write");
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void splices(void)
{
	int f = make("in", 10000),
	    g = open("out", O_RDWR | O_CREAT | O_TRUNC, 0644);
	loff_t off = 5000, goff = 100;
	int p[2], q[2];

	pipe(p);
	pipe(q);
	SAY(splice(f, NULL, p[1], NULL, 6000, 0));
	SAY(lseek(f, 0, SEEK_CUR));
	SAY(splice(f, &off, p[1], NULL, 2000, 0));
	printf("off %ld\n", (long)off);
	SAY(tee(p[0], q[1], 100, 0));
	SAY(read(q[0], buf, 200));
	SAY(splice(p[0], NULL, q[1], NULL, 1500, 0));
	SAY(read(q[0], buf, 2000));
	printf("%c%c\n", buf[0], buf[1499]);
	SAY(splice(p[0], NULL, g, &goff, 100000, 0));
	printf("goff %ld\n", (long)goff);
	SAY(lseek(g, 0, SEEK_END));
	SAY(pread(g, buf, 7000, 0));
	printf("%d %c %c\n", buf[0], buf[100], buf[6599]);
	SAY(splice(p[0], NULL, g, NULL, 100, SPLICE_F_NONBLOCK));
	SAY(tee(p[0], q[1], 100, SPLICE_F_NONBLOCK));
	SAY(splice(f, NULL, g, NULL, 100, 0));
	SAY(splice(p[0], NULL, p[1], NULL, 100, 0));
	SAY(tee(f, q[1], 100, 0));
	SAY(splice(p[0], &off, g, NULL, 100, 0));
	SAY(splice(f, NULL, p[0], NULL, 100, 0));
	SAY(splice(f, NULL, p[1], NULL, 100, 64));
	SAY(splice(99, NULL, p[1], NULL, 100, 0));
	SAY(splice(99, NULL, p[1], NULL, 0, 0));
	off = 20000;
	SAY(splice(f, &off, p[1], NULL, 100, 0));
	SAY(splice(f, NULL, p[1], NULL, 100000, SPLICE_F_NONBLOCK));
	SAY(fcntl(g, F_SETFL, O_APPEND));
	SAY(splice(p[0], NULL, g, NULL, 10, 0));
	close(p[1]);
	SAY(splice(p[0], NULL, q[1], NULL, 100000, 0));
	SAY(splice(p[0], NULL, q[1], NULL, 100000, 0));
	close(q[0]);
	SAY(splice(f, (off = 0, &off), q[1], NULL, 10, 0));
	/* what a file lends follows the file, what was written does not */
	pipe(p);
	off = 0;
	SAY(splice(f, &off, p[1], NULL, 10, 0));
	SAY(pwrite(f, "CHANGED", 7, 0));
	SAY(read(p[0], buf, 10));
	printf("%.10s\n", buf);
	close(p[0]);
	close(p[1]);
	close(q[1]);
	close(f);
	close(g);
}

static void vm(void)
{
	struct iovec v[2] = { { "hello ", 6 }, { "there", 5 } };
	struct iovec in[2] = { { buf, 4 }, { buf + 10, 100 } };
	int p[2], f = open("in", O_RDONLY);

	pipe(p);
	SAY(vmsplice(p[1], v, 2, 0));
	SAY(vmsplice(p[0], in, 2, 0));
	printf("%.4s|%.7s\n", buf, buf + 10);
	SAY(vmsplice(f, v, 2, 0));
	SAY(vmsplice(p[0], in, 2, SPLICE_F_NONBLOCK));
	SAY(vmsplice(p[1], v, 2000, 0));
	SAY(vmsplice(p[1], v, 0, 0));
	close(p[0]);
	close(p[1]);
	close(f);
}

static void sends(void)
{
	int f = make("in", 60000), g = open("out", O_RDWR | O_TRUNC);
	off_t off = 1000;
	loff_t a = 100, b = 200;
	int p[2];

	pipe(p);
	SAY(sendfile(g, f, &off, 50000));
	printf("%ld\n", (long)off);
	SAY(lseek(g, 0, SEEK_CUR));
	SAY(sendfile(p[1], f, NULL, 5000));
	SAY(lseek(f, 0, SEEK_CUR));
	SAY(read(p[0], buf, 60000));
	SAY(copy_file_range(f, &a, g, &b, 3000, 0));
	printf("%ld %ld\n", (long)a, (long)b);
	SAY(pread(g, buf, 3300, 0));
	printf("%c %c %c %c\n", buf[0], buf[200], buf[1100], buf[3250]);
	SAY(sendfile(g, p[0], NULL, 10));
	SAY(sendfile(p[0], f, NULL, 10));
	SAY(copy_file_range(f, NULL, p[1], NULL, 10, 0));
	close(f);
	close(g);
}

int main(void)
{
	packets();
	filling();
	splices();
	vm();
	sends();
	return 0;
}
