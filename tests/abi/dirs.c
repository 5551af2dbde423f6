/* SPDX-License-Identifier: Apache-2.0 */
/* dirs.c: reading directories, getcwd, chdir, dot and dot-dot */
#include "abi.h"

#include <dirent.h>

static int cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *name)
{
	char *names[600];
	int n = 0;
	struct dirent *e;
	DIR *d = opendir(name);

	if (!d) {
		printf("opendir %s: %s\n", name, strerrorname(errno));
		return;
	}
	while ((e = readdir(d)) && n < 600) {
		char *s = malloc(strlen(e->d_name) + 8);

		sprintf(s, "%s:%d", e->d_name, e->d_type);
		names[n++] = s;
	}
	closedir(d);
	qsort(names, n, sizeof(names[0]), cmp);
	printf("%s has %d:", name, n);
	for (int i = 0; i < n && i < 12; i++)
		printf(" %s", names[i]);
	printf("\n");
}

int main(void)
{
	char buf[PATH_MAX], name[32];

	SAY(mkdir("x", 0755));
	SAY(mkdir("x/y", 0755));
	close(open("x/f", O_CREAT | O_WRONLY, 0644));
	symlink("f", "x/l");
	SAY(mkfifo("x/p", 0644));
	list("x");
	list("x/f");
	list("nothing");
	for (int i = 0; i < 500; i++) {
		sprintf(name, "x/y/file%d", i);
		close(open(name, O_CREAT | O_WRONLY, 0644));
	}
	list("x/y");
	OK(chdir("x/y"));
	printf("%d\n", !!getcwd(buf, sizeof(buf)));
	printf("%s\n", strrchr(buf, 'x'));
	SAY(syscall(SYS_getcwd, buf, 2));
	SAY(chdir("../f"));
	SAY(chdir("../.."));
	for (int i = 0; i < 500; i++) {
		sprintf(name, "x/y/file%d", i);
		if (unlink(name))
			printf("unlink %s\n", name);
	}
	list("x/y");
	SAY(rmdir("x/y"));
	SAY(rmdir("x"));
	SAY(unlink("x/f"));
	SAY(unlink("x/l"));
	SAY(unlink("x/p"));
	SAY(rmdir("x"));
	return 0;
}
