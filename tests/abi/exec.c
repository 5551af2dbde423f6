/* SPDX-License-Identifier: Apache-2.0 */
/* exec.c: execve: arguments, environment, descriptors, scripts, errors */
#include "abi.h"

extern char **environ;

int main(int argc, char **argv)
{
	char *args[] = { argv[0], "again", "", "three words here", NULL };
	char *env[] = { "A=1", "B=two", NULL };
	int st, fd;

	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			printf("arg %d '%s'\n", i, argv[i]);
		for (char **e = environ; *e; e++)
			printf("env %s\n", *e);
		SAY(fcntl(100, F_GETFD));
		SAY(fcntl(101, F_GETFD));
		return 9;
	}
	fd = open("/dev/null", O_RDONLY);
	dup2(fd, 100);
	dup3(fd, 101, O_CLOEXEC);
	fflush(stdout);
	if (!fork()) {
		execve("/proc/self/exe", args, env);
		_exit(127);
	}
	wait(&st);
	printf("status %x\n", st);
	SAY(execve("nothing", args, env));
	SAY(execve("/tmp", args, env));
	fd = open("empty", O_CREAT | O_WRONLY, 0755);
	close(fd);
	SAY(execve("empty", args, env));
	chmod("empty", 0644);
	SAY(execve("empty", args, env));
	fd = open("script", O_CREAT | O_WRONLY, 0755);
	dprintf(fd, "#!/bin/echo first second\n");
	close(fd);
	fflush(stdout);
	if (!fork()) {
		execve("./script", args, env);
		_exit(127);
	}
	wait(&st);
	printf("status %x\n", st);
	fd = open("script2", O_CREAT | O_WRONLY, 0755);
	dprintf(fd, "#!/no/such/interpreter\n");
	close(fd);
	SAY(execve("./script2", args, env));
	unlink("script");
	unlink("script2");
	unlink("empty");
	return 0;
}
