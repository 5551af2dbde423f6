/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sparse.c: a file of 1 GiB with three pages in it: written, read, mapped,
 * with the holes zero and mostly not on the disk.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define GIB (1L << 30)

int main(int argc, char **argv)
{
	static const off_t at[3] = { 0, 512 << 20, GIB - 4096 };
	const char *path = argc > 1 ? argv[1] : "sparse";
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	char buf[4096], zero[4096] = { 0 };
	struct stat st;
	unsigned char *m;
	long sum = 0;

	if (fd < 0 || ftruncate(fd, GIB))
		return 1;
	for (int i = 0; i < 3; i++) {
		memset(buf, 'a' + i, sizeof(buf));
		if (pwrite(fd, buf, sizeof(buf), at[i]) != sizeof(buf))
			return 2;
	}
	if (pread(fd, buf, sizeof(buf), 300 << 20) != sizeof(buf) ||
	    memcmp(buf, zero, sizeof(buf)))
		return 3;
	m = mmap(NULL, GIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m == MAP_FAILED)
		return 4;
	for (long k = 0; k < GIB; k += 1 << 20)
		sum += m[k];
	m[700 << 20] = 'm';
	if (msync(m, GIB, MS_SYNC) || munmap(m, GIB))
		return 5;
	if (pread(fd, buf, 1, 700 << 20) != 1 || fsync(fd) || fstat(fd, &st))
		return 6;
	printf("size %ld, sum %ld, mapped %c, last %c, sparse %d\n",
	       (long)st.st_size, sum, buf[0],
	       pread(fd, buf, 1, GIB - 1) == 1 ? buf[0] : '?',
	       st.st_blocks * 512 < GIB / 2);
	return unlink(path);
}
