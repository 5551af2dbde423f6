/* SPDX-License-Identifier: Apache-2.0 */
/* locks.c: flock and fcntl locks between processes */
#include "abi.h"

#include <sys/file.h>

int main(void)
{
	struct flock l = { .l_type = F_WRLCK,
			   .l_whence = SEEK_SET,
			   .l_start = 10,
			   .l_len = 10 };
	int fd = open("lk", O_RDWR | O_CREAT, 0600), fd2 = open("lk", O_RDWR),
	    st;

	SAY(flock(fd, LOCK_EX));
	SAY(flock(fd2, LOCK_EX | LOCK_NB));
	SAY(flock(fd2, LOCK_SH | LOCK_NB));
	SAY(flock(fd, LOCK_SH));
	SAY(flock(fd2, LOCK_SH | LOCK_NB));
	SAY(flock(fd, LOCK_UN));
	SAY(fcntl(fd, F_SETLK, &l));
	if (!fork()) {
		struct flock q = l;
		int waited;

		SAY(fcntl(fd, F_SETLK, &q));
		SAY(fcntl(fd, F_GETLK, &q));
		printf("%d %d %ld %ld %d\n", q.l_type, q.l_pid == getppid(),
		       (long)q.l_start, (long)q.l_len, q.l_whence);
		q = l;
		q.l_start = 20;
		SAY(fcntl(fd, F_SETLK, &q));
		q = l;
		waited = fcntl(fd, F_SETLKW, &q);
		usleep(300000); /* the parent says its part first */
		SAY(waited);
		fflush(stdout);
		_exit(0);
	}
	usleep(500000);
	l.l_type = F_UNLCK;
	SAY(fcntl(fd, F_SETLK, &l));
	wait(&st);
	unlink("lk");
	return 0;
}
