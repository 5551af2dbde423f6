/* SPDX-License-Identifier: Apache-2.0 */
/* misc.c: uname, sysconf, getrandom, /dev files, unknown calls */
#include "abi.h"

#include <sys/random.h>

int main(void)
{
	struct utsname u;
	char buf[256];
	int fd, zero = 0;

	SAY(uname(&u));
	printf("%s %s %s\n", u.sysname, u.machine, u.nodename);
	SAY(getrandom(buf, 256, 0));
	for (int i = 0; i < 256; i++)
		zero += buf[i] == 0;
	printf("random %d\n", zero < 20);
	fd = open("/dev/zero", O_RDWR);
	memset(buf, 1, sizeof(buf));
	SAY(read(fd, buf, 100));
	printf("%d %d\n", buf[99], buf[100]);
	SAY(write(fd, buf, 100));
	fd = open("/dev/full", O_RDWR);
	SAY(write(fd, buf, 1));
	fd = open("/dev/null", O_RDWR);
	SAY(write(fd, buf, 10));
	SAY(read(fd, buf, 10));
	SAY(ioctl(fd, TIOCGWINSZ, buf));
	SAY(isatty(fd));
	fd = open("/dev/urandom", O_RDONLY);
	SAY(read(fd, buf, 200));
	SAY(syscall(1000));
	SAY(syscall(-1));
	SAY(syscall(SYS_gettid) == getpid());
	SAY(sched_yield());
	SAY(write(1, (void *)8, 10));
	SAY(read(fd, (void *)8, 10));
	SAY(open((char *)8, O_RDONLY));
	printf("%ld\n", sysconf(_SC_PAGESIZE));
	return 0;
}
