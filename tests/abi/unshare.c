/* SPDX-License-Identifier: Apache-2.0 */
/* unshare.c: what threads share becomes one's own */
#include "abi.h"

static volatile int step;
static int fd;

static void *own(void *arg)
{
	SAY(unshare(CLONE_THREAD));
	SAY(unshare(CLONE_VM));
	SAY(unshare(0x1));
	SAY(unshare(CLONE_FS | CLONE_FILES));
	umask(077);
	SAY(chdir("/proc"));
	SAY(close(fd));
	step = 1;
	return arg;
}

int main(void)
{
	char a[PATH_MAX], b[PATH_MAX];
	pthread_t t;

	umask(022);
	fd = dup(1);
	getcwd(a, sizeof(a));
	SAY(unshare(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD));
	pthread_create(&t, 0, own, 0);
	pthread_join(t, 0);
	getcwd(b, sizeof(b));
	printf("done %d umask %o same place %d open %d\n", step, umask(0),
	       !strcmp(a, b), fcntl(fd, F_GETFD) >= 0);
	return 0;
}
