/* SPDX-License-Identifier: Apache-2.0 */
/* files.c: open, read, write, seek, truncate, links, names and their errors */
#include "abi.h"

int main(void)
{
	char buf[64];
	struct stat st;
	int fd, d;

	umask(022);
	SAY(open("nothing", O_RDONLY));
	SAY(open("", O_RDONLY));
	SAY(fd = open("a", O_RDWR | O_CREAT | O_EXCL, 0666));
	SAY(open("a", O_RDWR | O_CREAT | O_EXCL, 0666));
	SAY(write(fd, "hello, world", 12));
	SAY(lseek(fd, 7, SEEK_SET));
	SAY(read(fd, buf, sizeof(buf)));
	SAY(read(fd, buf, sizeof(buf)));
	SAY(pread(fd, buf, 5, 0));
	printf("%.5s\n", buf);
	SAY(pwrite(fd, "HELLO", 5, 0));
	SAY(pread(fd, buf, 64, 0));
	printf("%.12s\n", buf);
	SAY(lseek(fd, -1, SEEK_SET));
	SAY(lseek(fd, 0, SEEK_END));
	SAY(ftruncate(fd, 5));
	SAY(fstat(fd, &st));
	printf("mode %o size %ld nlink %ld\n", st.st_mode, (long)st.st_size,
	       (long)st.st_nlink);
	SAY(ftruncate(fd, 10000));
	SAY(pread(fd, buf, 8, 9990));
	printf("%d%d\n", buf[0], buf[7]);
	SAY(ftruncate(fd, -1));
	SAY(fchmod(fd, 0640));
	SAY(fstat(fd, &st));
	printf("mode %o\n", st.st_mode);
	SAY(close(fd));
	SAY(close(fd));
	SAY(read(fd, buf, 1));
	SAY(mkdir("d", 0777));
	SAY(mkdir("d", 0777));
	SAY(mkdir("d/e/f", 0777));
	SAY(open("d", O_WRONLY));
	SAY(open("a/b", O_RDONLY));
	SAY(open("a", O_RDONLY | O_DIRECTORY));
	SAY(rename("a", "d/b"));
	SAY(rename("a", "d/b"));
	SAY(rename("d", "d/c"));
	SAY(link("d/b", "c"));
	SAY(link("d", "c2"));
	SAY(stat("c", &st));
	printf("nlink %ld\n", (long)st.st_nlink);
	SAY(symlink("c", "l"));
	SAY(lstat("l", &st));
	printf("mode %o size %ld\n", st.st_mode & S_IFMT, (long)st.st_size);
	SAY(readlink("l", buf, sizeof(buf)));
	SAY(readlink("c", buf, sizeof(buf)));
	SAY(open("l", O_RDONLY | O_NOFOLLOW));
	SAY(symlink("loop", "loop"));
	SAY(open("loop", O_RDONLY));
	SAY(rmdir("d"));
	SAY(unlink("d"));
	SAY(unlink("d/b"));
	SAY(rmdir("d"));
	SAY(rmdir("d"));
	SAY(rmdir("c"));
	SAY(rmdir("."));
	SAY(access("c", R_OK | W_OK));
	SAY(access("c", X_OK));
	SAY(access("zz", F_OK));
	memset(buf, 'x', 63);
	buf[63] = 0;
	SAY(truncate("c", 3));
	SAY(d = open(".", O_RDONLY | O_DIRECTORY));
	SAY(read(d, buf, 1));
	SAY(openat(d, "c", O_RDONLY));
	SAY(unlinkat(d, "c", AT_REMOVEDIR));
	SAY(unlinkat(d, "c", 0));
	SAY(unlink("l"));
	SAY(unlink("loop"));
	return 0;
}
