/* SPDX-License-Identifier: Apache-2.0 */
/* exec.c: execve: arguments, environment, descriptors, scripts, errors */
#include "abi.h"

extern char **environ;

#define EXEC(name, argv, env) SAY(syscall(SYS_execve, name, argv, env))

/* What does not become a program, by the call itself. */
static void refused(void)
{
	char *args[] = { "it", NULL }, *env[] = { NULL }, *bad = (char *)8;
	char *wild[] = { "it", bad, NULL }, **many;
	char *name = malloc(PATH_MAX + 1), *big = malloc(132 * 1024);
	int fd;

	EXEC(NULL, args, env);
	EXEC(bad, args, env);
	EXEC("", args, env);
	EXEC("/proc/self/exe", bad, env);
	EXEC("/proc/self/exe", args, bad);
	EXEC("/proc/self/exe", wild, env);
	EXEC("/proc/self/exe", args, wild);
	EXEC("/none", bad, bad);
	EXEC("/proc/self/exe/none", args, env);
	EXEC("/dev/null", args, env);
	memset(name, 'n', PATH_MAX);
	name[PATH_MAX] = 0;
	EXEC(name, args, env);
	name[256] = 0;
	EXEC(name, args, env);
	symlink("loop", "loop");
	EXEC("loop", args, env);
	unlink("loop");
	/* one string of 128 KiB or more, and too many of them */
	memset(big, 'b', 132 * 1024);
	big[128 * 1024] = 0;
	EXEC("/proc/self/exe", ((char *[]){ "it", big, NULL }), env);
	EXEC("/proc/self/exe", args, ((char *[]){ big, NULL }));
	big[100 * 1024] = 0;
	many = calloc(1001, sizeof(*many));
	for (int i = 0; i < 1000; i++)
		many[i] = big;
	EXEC("/proc/self/exe", many, env);
	EXEC("/proc/self/exe", args, many);
	fd = open("busy", O_CREAT | O_WRONLY, 0755);
	EXEC("busy", args, env);
	close(fd);
	EXEC("busy", args, env);
	unlink("busy");
	free(many);
	free(big);
	free(name);
}

int main(int argc, char **argv)
{
	char *args[] = { argv[0], "again", "", "three words here", NULL };
	char *env[] = { "A=1", "B=two", NULL };
	int st, fd;

	if (argc == 1 && !argv[0][0]) {
		SAY(environ[0] == NULL);
		return 0;
	}
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
	refused();
	/* no arguments at all: an empty name is made */
	if (!fork())
		_exit(EXEC("/proc/self/exe", NULL, NULL) == 0);
	wait(&st);
	printf("status %x\n", st);
	unlink("script");
	unlink("script2");
	unlink("empty");
	return 0;
}
