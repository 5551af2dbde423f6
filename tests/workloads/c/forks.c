/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forks.c: 200 children at once, each with memory of its own that was the
 * parent's, each with its own status; then 200 one after the other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 200

static char page[65536];

static int child(int i)
{
	for (size_t k = 0; k < sizeof(page); k++)
		if (page[k] != 'p')
			return 255;
	memset(page, i, sizeof(page));
	return i;
}

int main(void)
{
	pid_t pid[CHILDREN], p;
	int st, good = 0, one = 0;
	int go[2];
	char c;

	memset(page, 'p', sizeof(page));
	if (pipe(go))
		return 1;
	for (int i = 0; i < CHILDREN; i++) {
		pid[i] = fork();
		if (pid[i] < 0)
			return 2;
		if (!pid[i]) {
			close(go[1]);
			if (read(go[0], &c, 1)) /* until all are there */
				_exit(254);
			_exit(child(i));
		}
	}
	close(go[1]);
	while ((p = wait(&st)) > 0)
		for (int i = 0; i < CHILDREN; i++)
			good += pid[i] == p && WIFEXITED(st) &&
				WEXITSTATUS(st) == i;
	for (int i = 0; i < CHILDREN; i++) {
		p = fork();
		if (!p)
			_exit(child(i));
		one += waitpid(p, &st, 0) == p && WIFEXITED(st) &&
		       WEXITSTATUS(st) == i;
	}
	printf("at once %d, one by one %d, page %c\n", good, one, page[4096]);
	return 0;
}
