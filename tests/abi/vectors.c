/* SPDX-License-Identifier: Apache-2.0 */
/* vectors.c: readv, writev, sendfile, copy_file_range, fallocate, dup */
#include "abi.h"

#include <sys/sendfile.h>

int main(void)
{
	char a[8] = "abcdefg", b[8] = "1234567", x[4] = "", y[16] = "";
	struct iovec w[2] = { { a, 7 }, { b, 7 } },
		     r[2] = { { x, 3 }, { y, 11 } };
	int fd, fd2, d;
	off_t off = 2;
	struct stat st;

	fd = open("v", O_RDWR | O_CREAT | O_TRUNC, 0600);
	SAY(writev(fd, w, 2));
	SAY(lseek(fd, 0, SEEK_SET));
	SAY(readv(fd, r, 2));
	printf("%.3s %.11s\n", x, y);
	SAY(preadv(fd, r, 2, 5));
	printf("%.3s %.6s\n", x, y);
	SAY(writev(fd, w, -1));
	fd2 = open("v2", O_RDWR | O_CREAT | O_TRUNC, 0600);
	SAY(sendfile(fd2, fd, &off, 5));
	printf("%ld\n", (long)off);
	SAY(copy_file_range(fd, &off, fd2, NULL, 100, 0));
	SAY(fstat(fd2, &st));
	printf("%ld\n", (long)st.st_size);
	SAY(fallocate(fd2, 0, 0, 5000));
	fstat(fd2, &st);
	printf("%ld\n", (long)st.st_size);
	SAY(d = dup(fd2));
	SAY(lseek(fd2, 3, SEEK_SET));
	SAY(lseek(d, 0, SEEK_CUR));
	SAY(dup2(fd2, fd2));
	SAY(dup2(99, 5));
	SAY(fcntl(fd2, F_DUPFD, 50));
	SAY(fcntl(fd2, F_SETFL, O_APPEND));
	SAY(write(fd2, "end", 3));
	fstat(fd2, &st);
	printf("%ld\n", (long)st.st_size);
	SAY(fsync(fd2));
	SAY(syscall(SYS_sync));
	unlink("v");
	unlink("v2");
	return 0;
}
