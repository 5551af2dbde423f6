/* SPDX-License-Identifier: Apache-2.0 */
/* dnotify.c: fcntl's F_NOTIFY: what in a directory gives a signal, once or more
 * often, and until when. */
#include "abi.h"

#define RT SIGRTMIN

static sigset_t both;
static int dir;

/* The signals that have come. */
static void came(const char *what)
{
	static const struct timespec none;
	siginfo_t i;
	int s;

	printf("%s:", what);
	while ((s = sigtimedwait(&both, &i, &none)) > 0) {
		if (s == SIGIO)
			printf(" SIGIO");
		else
			printf(" RT code %d band %lx fd %s", i.si_code,
			       i.si_band, i.si_fd == dir ? "dir" : "other");
	}
	printf("\n");
}

static void touch(const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT, 0644);

	write(fd, text, strlen(text));
	close(fd);
}

static void each(unsigned what, const char *name)
{
	char c;
	int fd;

	printf("-- %s\n", name);
	SAY(fcntl(dir, F_NOTIFY, what | DN_MULTISHOT));
	touch("f", "");
	came("create");
	touch("f", "x");
	came("write");
	fd = openat(dir, "f", O_RDWR);
	read(fd, &c, 1);
	came("read");
	ftruncate(fd, 9);
	came("truncate");
	close(fd);
	fchmodat(dir, "f", 0600, 0);
	came("chmod");
	renameat(dir, "f", dir, "g");
	came("rename");
	renameat(dir, "g", AT_FDCWD, "dn-out");
	came("move out");
	renameat(AT_FDCWD, "dn-out", dir, "h");
	came("move in");
	unlinkat(dir, "h", 0);
	came("unlink");
	mkdirat(dir, "d", 0700);
	came("mkdir");
	unlinkat(dir, "d", AT_REMOVEDIR);
	came("rmdir");
	fchmod(dir, 0755);
	came("chmod of itself");
	SAY(fcntl(dir, F_NOTIFY, 0));
}

static void life(void)
{
	int more, fd = open("dn-file", O_RDWR | O_CREAT, 0644);
	pid_t p;

	SAY(fcntl(fd, F_NOTIFY, DN_CREATE));
	SAY(fcntl(fd, F_NOTIFY, 0));
	close(fd);
	unlink("dn-file");
	SAY(fcntl(dir, F_NOTIFY, DN_CREATE));
	touch("one", "");
	touch("two", "");
	came("once");
	SAY(fcntl(dir, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	SAY(fcntl(dir, F_NOTIFY, DN_DELETE));
	unlinkat(dir, "one", 0);
	came("added");
	touch("one", "");
	came("still there");
	p = fork();
	if (!p) {
		close(dir);
		_exit(0);
	}
	waitpid(p, NULL, 0);
	unlinkat(dir, "one", 0);
	came("a child has closed it");
	more = dup(dir);
	close(more);
	touch("one", "");
	came("a copy is closed");
	unlinkat(dir, "one", 0);
	unlinkat(dir, "two", 0);
}

int main(void)
{
	sigemptyset(&both);
	sigaddset(&both, SIGIO);
	sigaddset(&both, RT);
	sigprocmask(SIG_BLOCK, &both, NULL);
	mkdir("dn", 0755);
	dir = open("dn", O_RDONLY | O_DIRECTORY);
	SAY(fcntl(dir, F_GETOWN));
	SAY(fcntl(dir, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	printf("owner %d\n", fcntl(dir, F_GETOWN) == getpid());
	touch("a", "");
	unlinkat(dir, "a", 0);
	came("SIGIO");
	SAY(fcntl(dir, F_NOTIFY, 0));
	SAY(fcntl(dir, F_SETSIG, RT));
	each(DN_ACCESS, "ACCESS");
	each(DN_MODIFY, "MODIFY");
	each(DN_CREATE, "CREATE");
	each(DN_DELETE, "DELETE");
	each(DN_RENAME, "RENAME");
	each(DN_ATTRIB, "ATTRIB");
	each(DN_CREATE | DN_DELETE | DN_RENAME | DN_ATTRIB, "all of a name");
	life();
	close(dir);
	rmdir("dn");
	return 0;
}
