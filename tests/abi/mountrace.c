/* SPDX-License-Identifier: Apache-2.0 */
/* mountrace.c: what is mounted on a name stays there while another thread
 * removes the name, or renames over it */
#include "abi.h"

#include <sys/mount.h>

#define ROUNDS 4000

static volatile int over;
static volatile long removed;

static void *remover(void *arg)
{
	(void)arg;
	while (!over) {
		removed += !rmdir("m");
		removed += !unlink("f");
		mkdir("n", 0755);
		removed += !rename("n", "m");
		close(open("g", O_CREAT | O_WRONLY, 0644));
		removed += !rename("g", "f");
	}
	return NULL;
}

int main(void)
{
	long mounted = 0, lost = 0;
	pthread_t t;

	close(open("source", O_CREAT | O_WRONLY, 0644));
	pthread_create(&t, NULL, remover, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		mkdir("m", 0755);
		if (!mount("t", "m", "tmpfs", 0, "size=64k")) {
			mounted++;
			lost += umount("m") != 0;
		}
		close(open("f", O_CREAT | O_WRONLY, 0644));
		if (!mount("source", "f", NULL, MS_BIND, NULL)) {
			mounted++;
			lost += umount("f") != 0;
		}
	}
	over = 1;
	pthread_join(t, NULL);
	printf("mounted %d, removed %d, lost %ld\n", mounted > 0, removed > 0,
	       lost);
	rmdir("m");
	rmdir("n");
	unlink("f");
	unlink("g");
	unlink("source");
	return 0;
}
