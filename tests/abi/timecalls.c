/* SPDX-License-Identifier: Apache-2.0 */
/* timecalls.c: times of files in microseconds: utimes, futimesat. */
#include "abi.h"

#define BAD ((void *)8)

static int d, f, p[2];
static struct timeval tv[2];

static struct timeval *at(long asec, long ausec, long msec, long musec)
{
	tv[0] = (struct timeval){ asec, ausec };
	tv[1] = (struct timeval){ msec, musec };
	return tv;
}

/* The times of a name, or whether they are about now. */
static void show(const char *name)
{
	struct stat st;

	lstat(name, &st);
	if (st.st_mtim.tv_sec > 1700000000 && st.st_atim.tv_sec > 1700000000)
		printf("%s: now\n", name);
	else
		printf("%s: %ld.%09ld %ld.%09ld\n", name,
		       (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
		       (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static void by_name(void)
{
	SAY(syscall(SYS_utimes, "f", at(1, 2, 3, 4)));
	show("f");
	SAY(syscall(SYS_utimes, "f", at(1000000000, 999999, 0, 0)));
	show("f");
	SAY(syscall(SYS_utimes, "f", NULL));
	show("f");
	SAY(syscall(SYS_utimes, "d", at(5, 0, 6, 0)));
	show("d");
	SAY(syscall(SYS_utimes, "l", at(7, 0, 8, 0)));
	show("f");
	SAY(syscall(SYS_utimes, "f", at(-5, 0, -6, 7)));
	show("f");
	SAY(syscall(SYS_utimes, "f", at(1, 1000000, 1, 0)));
	SAY(syscall(SYS_utimes, "f", at(1, 0, 1, 1000000)));
	SAY(syscall(SYS_utimes, "f", at(1, -1, 1, 0)));
	SAY(syscall(SYS_utimes, "f", at(1, (1L << 30) - 1, 1, 0)));
	SAY(syscall(SYS_utimes, "f", BAD));
	SAY(syscall(SYS_utimes, BAD, at(1, 0, 1, 0)));
	SAY(syscall(SYS_utimes, NULL, at(1, 0, 1, 0)));
	SAY(syscall(SYS_utimes, NULL, NULL));
	SAY(syscall(SYS_utimes, BAD, at(1, -1, 1, 0)));
	SAY(syscall(SYS_utimes, "", at(1, 0, 1, 0)));
	SAY(syscall(SYS_utimes, "no", NULL));
	SAY(syscall(SYS_utimes, "no/x", NULL));
	SAY(syscall(SYS_utimes, "f/x", NULL));
	SAY(syscall(SYS_utimes, "f/", NULL));
	SAY(syscall(SYS_utimes, "loop", NULL));
	show("f");
}

static void by_dir(void)
{
	SAY(syscall(SYS_futimesat, d, "in", at(11, 12, 13, 14)));
	show("d/in");
	SAY(syscall(SYS_futimesat, d, "tof", at(15, 16, 17, 18)));
	show("f");
	SAY(syscall(SYS_futimesat, d, "in", NULL));
	show("d/in");
	SAY(syscall(SYS_futimesat, AT_FDCWD, "d/in", at(19, 0, 20, 0)));
	show("d/in");
	SAY(syscall(SYS_futimesat, f, NULL, at(21, 0, 22, 0)));
	show("f");
	SAY(syscall(SYS_futimesat, d, NULL, at(23, 0, 24, 0)));
	show("d");
	SAY(syscall(SYS_futimesat, f, NULL, NULL));
	show("f");
	SAY(syscall(SYS_futimesat, p[0], NULL, at(25, 0, 26, 0)));
	SAY(syscall(SYS_futimesat, open("f", O_PATH), NULL, NULL));
	SAY(syscall(SYS_futimesat, AT_FDCWD, NULL, NULL));
	SAY(syscall(SYS_futimesat, -1, NULL, NULL));
	SAY(syscall(SYS_futimesat, -1, "in", NULL));
	SAY(syscall(SYS_futimesat, -1, "/dev/null/x", NULL));
	SAY(syscall(SYS_futimesat, f, "in", NULL));
	SAY(syscall(SYS_futimesat, d, "", NULL));
	SAY(syscall(SYS_futimesat, d, "no", NULL));
	SAY(syscall(SYS_futimesat, d, BAD, NULL));
	SAY(syscall(SYS_futimesat, d, "in", BAD));
	SAY(syscall(SYS_futimesat, d, "in", at(1, 0, 1, -1)));
	SAY(syscall(SYS_futimesat, d, "in", at(1, 0, 1, 1000000)));
}

/* Who may write may say "now"; only the owner may say when. */
static void unprivileged(void)
{
	int st;

	chmod("f", 0666);
	if (!fork()) {
		setgid(1000);
		setuid(1000);
		SAY(syscall(SYS_utimes, "f", NULL));
		SAY(syscall(SYS_utimes, "f", at(1, 0, 1, 0)));
		SAY(syscall(SYS_utimes, "d/in", NULL));
		SAY(syscall(SYS_utimes, "d/in", at(1, 0, 1, 0)));
		SAY(syscall(SYS_futimesat, d, "in", NULL));
		SAY(syscall(SYS_futimesat, f, NULL, NULL));
		SAY(syscall(SYS_utimes, "own", at(1, 0, 2, 0)));
		show("own");
		_exit(0);
	}
	wait(&st);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	umask(022);
	mkdir("d", 0755);
	close(open("d/in", O_CREAT, 0644));
	close(open("own", O_CREAT, 0444));
	chown("own", 1000, 1000);
	symlink("f", "l");
	symlink("../f", "d/tof");
	symlink("loop", "loop");
	d = open("d", O_RDONLY);
	f = open("f", O_RDWR | O_CREAT, 0644);
	pipe(p);
	by_name();
	by_dir();
	unprivileged();
	return 0;
}
