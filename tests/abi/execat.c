/* SPDX-License-Identifier: Apache-2.0 */
/* execat.c: execveat: by directory and name, by descriptor, scripts, and what
 * it refuses. */
#include "abi.h"

#define BAD ((void *)8)

static char *no_env[] = { NULL }, *env[] = { "A=b", "C=", NULL };
static int d, self, f, path;

/* What the program sees that a child of these became. */
static int seen(int argc, char **argv, char **envp)
{
	printf("argc %d", argc);
	for (int i = 1; i < argc; i++)
		printf(" [%s]", argv[i]);
	for (char **e = envp; *e; e++)
		printf(" {%s}", *e);
	putchar('\n');
	return 7;
}

/* In a child; the error, or the status of the program. */
static void run(int fd, const char *name, void *argv, void *envp, int flags)
{
	int st;

	if (!fork()) {
		syscall(SYS_execveat, fd, name, argv, envp, flags);
		printf("%s\n", strerrorname(errno));
		_exit(0);
	}
	wait(&st);
	if (st)
		printf("status %d\n", WEXITSTATUS(st));
}

#define RUN(...) (printf("%s: ", #__VA_ARGS__), run(__VA_ARGS__))

static void succeeds(void)
{
	char *argv[] = { "name", "seen", "x y", "", NULL };
	int fifty = dup2(self, 50);

	RUN(d, "prog", argv, env, 0);
	RUN(d, "toprog", argv, env, 0);
	RUN(AT_FDCWD, "d/prog", argv, no_env, 0);
	RUN(-1, "/proc/self/exe", argv, no_env, 0);
	RUN(self, "", argv, env, AT_EMPTY_PATH);
	RUN(fifty, "", argv, NULL, AT_EMPTY_PATH);
	RUN(path, "", argv, no_env, AT_EMPTY_PATH);
	RUN(d, "prog", argv, no_env, AT_SYMLINK_NOFOLLOW);
	RUN(d, "prog", argv, no_env, AT_EMPTY_PATH);
}

static void scripts(void)
{
	char *argv[] = { "name", "arg", NULL };
	int script = open("d/script", O_RDONLY);
	int closing = open("d/script", O_RDONLY | O_CLOEXEC);
	int dclosing = open("d", O_RDONLY | O_CLOEXEC);

	dup2(script, 51);
	dup2(d, 52);
	RUN(51, "", argv, no_env, AT_EMPTY_PATH);
	RUN(52, "script", argv, no_env, 0);
	RUN(AT_FDCWD, "d/script", argv, no_env, 0);
	RUN(closing, "", argv, no_env, AT_EMPTY_PATH);
	RUN(dclosing, "script", argv, no_env, 0);
	RUN(d, "noshell", argv, no_env, 0);
	RUN(d, "text", argv, no_env, 0);
	RUN(d, "empty", argv, no_env, 0);
	RUN(d, "shellisdir", argv, no_env, 0);
}

static void refuses(void)
{
	char *argv[] = { "name", "seen", NULL }, *bad[] = { "name", BAD, NULL };
	static char longname[NAME_MAX + 2];
	int p[2], wr;

	memset(longname, 'n', NAME_MAX + 1);
	pipe(p);
	RUN(d, "prog", argv, no_env, 1);
	RUN(d, "prog", argv, no_env, AT_SYMLINK_FOLLOW);
	RUN(d, "prog", argv, no_env, AT_REMOVEDIR);
	RUN(d, "prog", argv, no_env, 0x40000000);
	RUN(d, "toprog", argv, no_env, AT_SYMLINK_NOFOLLOW);
	RUN(d, "gone", argv, no_env, 0);
	RUN(d, "gone", argv, no_env, AT_SYMLINK_NOFOLLOW);
	RUN(d, "loop", argv, no_env, 0);
	RUN(d, "no", argv, no_env, 0);
	RUN(d, "", argv, no_env, 0);
	RUN(d, "prog/x", argv, no_env, 0);
	RUN(d, "prog/", argv, no_env, 0);
	RUN(d, longname, argv, no_env, 0);
	RUN(d, "plain", argv, no_env, 0);
	RUN(d, ".", argv, no_env, 0);
	RUN(d, "fifo", argv, no_env, 0);
	RUN(d, "", argv, no_env, AT_EMPTY_PATH);
	RUN(f, "", argv, no_env, AT_EMPTY_PATH);
	RUN(f, "prog", argv, no_env, 0);
	RUN(p[0], "", argv, no_env, AT_EMPTY_PATH);
	RUN(-1, "prog", argv, no_env, 0);
	RUN(-1, "", argv, no_env, AT_EMPTY_PATH);
	RUN(999, "", argv, no_env, AT_EMPTY_PATH);
	RUN(d, BAD, argv, no_env, 0);
	RUN(d, BAD, argv, no_env, 1);
	RUN(d, "prog", BAD, no_env, 0);
	RUN(d, "prog", argv, BAD, 0);
	RUN(d, "prog", bad, no_env, 0);
	RUN(d, "no", bad, no_env, 0);
	wr = open("d/prog", O_WRONLY);
	RUN(d, "prog", argv, no_env, 0);
	close(wr);
}

static void user(void)
{
	char *argv[] = { "name", "seen", NULL };

	RUN(d, "mine", argv, no_env, 0);
	RUN(d, "prog", argv, no_env, 0);
	RUN(AT_FDCWD, "closed/x", argv, no_env, 0);
}

static void file(const char *name, const char *text, int mode)
{
	int fd = openat(d, name, O_CREAT | O_WRONLY, 0700);

	write(fd, text, strlen(text));
	fchmod(fd, mode);
	close(fd);
}

static void copy_self(void)
{
	static char buf[65536];
	int to = openat(d, "prog", O_CREAT | O_WRONLY, 0755);
	long n;

	self = open("/proc/self/exe", O_RDONLY);
	while ((n = read(self, buf, sizeof(buf))) > 0)
		write(to, buf, n);
	close(to);
	close(self);
	self = open("d/prog", O_RDONLY | O_CLOEXEC);
	path = open("d/prog", O_PATH | O_CLOEXEC);
}

int main(int argc, char **argv, char **envp)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc > 1)
		return seen(argc, argv, envp);
	umask(022);
	mkdir("d", 0755);
	mkdir("closed", 0700);
	d = open("d", O_RDONLY | O_DIRECTORY);
	copy_self();
	file("script", "#!/bin/echo ran\n", 0755);
	file("noshell", "#!/nothing\n", 0755);
	file("shellisdir", "#!/proc\n", 0755);
	file("text", "echo hello\n", 0755);
	file("empty", "", 0755);
	file("plain", "#!/bin/echo\n", 0644);
	file("mine", "#!/bin/echo\n", 0700);
	mkfifoat(d, "fifo", 0755);
	symlinkat("prog", d, "toprog");
	symlinkat("nothing", d, "gone");
	symlinkat("loop", d, "loop");
	f = open("d/plain", O_RDONLY);
	succeeds();
	scripts();
	refuses();
	as_user(user);
	return 0;
}
