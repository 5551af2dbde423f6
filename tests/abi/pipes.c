/* SPDX-License-Identifier: Apache-2.0 */
/* pipes.c: pipes: sizes, end of file, poll, non-blocking, FIFOs */
#include "abi.h"

int main(void)
{
	static char big[200000];
	int fds[2], n, st;
	struct pollfd p;

	SAY(pipe2(fds, O_NONBLOCK));
	SAY(read(fds[0], big, 10));
	p = (struct pollfd){ fds[0], POLLIN, 0 };
	SAY(poll(&p, 1, 0));
	SAY(write(fds[1], big, sizeof(big)));
	SAY(write(fds[1], big, 1));
	SAY(ioctl(fds[0], FIONREAD, &n));
	printf("%d\n", n);
	SAY(poll(&p, 1, 0));
	printf("%x\n", p.revents);
	SAY(read(fds[0], big, 4096));
	SAY(write(fds[1], big, 4096));
	SAY(close(fds[1]));
	SAY(read(fds[0], big, sizeof(big)));
	SAY(read(fds[0], big, sizeof(big)));
	SAY(poll(&p, 1, 0));
	printf("%x\n", p.revents);
	close(fds[0]);
	pipe(fds);
	if (!fork()) {
		long sum = 0;

		close(fds[1]);
		while ((n = read(fds[0], big, 7777)) > 0)
			sum += n;
		printf("child read %ld\n", sum);
		fflush(stdout);
		_exit(0);
	}
	close(fds[0]);
	for (int i = 0; i < 10; i++)
		write(fds[1], big, 100000);
	close(fds[1]);
	wait(&st);
	SAY(mkfifo("fifo", 0600));
	SAY(open("fifo", O_WRONLY | O_NONBLOCK));
	if (!fork()) {
		int fd = open("fifo", O_WRONLY);

		write(fd, "through", 7);
		_exit(0);
	}
	n = open("fifo", O_RDONLY);
	SAY(read(n, big, 100));
	SAY(read(n, big, 100));
	wait(&st);
	SAY(unlink("fifo"));
	SAY(lseek(fds[0], 0, SEEK_SET));
	pipe(fds);
	SAY(lseek(fds[0], 0, SEEK_SET));
	SAY(write(fds[0], "x", 1));
	SAY(read(fds[1], big, 1));
	SAY(fcntl(fds[0], F_GETFL));
	SAY(fcntl(fds[1], F_GETFL));
	SAY(fcntl(fds[0], F_GETFD));
	SAY(fcntl(fds[0], F_SETFD, FD_CLOEXEC));
	SAY(fcntl(fds[0], F_GETFD));
	return 0;
}
