/* SPDX-License-Identifier: Apache-2.0 */
/* ids.c: users, groups, sessions, process groups, limits, umask */
#include "abi.h"

#include <grp.h>
#include <sys/prctl.h>

int main(void)
{
	struct rlimit r;
	gid_t g[4] = { 5, 6, 7 };
	uid_t a, b, c;
	int st;
	struct stat s;

	printf("%d %d %d %d\n", getuid(), geteuid(), getgid(), getegid());
	SAY(umask(027));
	SAY(umask(022));
	if (!fork()) {
		printf("leader %d\n", setsid() == getpid());
		printf("%d %d\n", getpgrp() == getpid(), getsid(0) == getpid());
		SAY(setsid());
		SAY(setpgid(0, 0));
		fflush(stdout);
		_exit(0);
	}
	wait(&st);
	SAY(getrlimit(RLIMIT_NOFILE, &r));
	r.rlim_cur = 64;
	SAY(setrlimit(RLIMIT_NOFILE, &r));
	SAY(dup2(0, 63));
	SAY(dup2(0, 64));
	r.rlim_cur = r.rlim_max + 1;
	SAY(setrlimit(RLIMIT_NOFILE, &r));
	SAY(getrlimit(99, &r));
	close(open("owned", O_CREAT | O_WRONLY, 0600));
	chown("owned", 100, 200);
	stat("owned", &s);
	printf("%d %d\n", s.st_uid, s.st_gid);
	if (!fork()) {
		SAY(setgroups(3, g));
		SAY(getgroups(0, NULL));
		SAY(setresgid(200, 200, 200));
		SAY(setresuid(1000, 1000, 0));
		getresuid(&a, &b, &c);
		printf("%d %d %d\n", a, b, c);
		SAY(setuid(0));
		SAY(seteuid(0));
		SAY(setresuid(1000, 1000, 1000));
		SAY(setuid(0));
		SAY(open("owned", O_RDONLY));
		SAY(open("/etc/passwd", O_RDWR));
		SAY(chown("owned", 0, 0));
		SAY(chmod("owned", 0777));
		SAY(kill(getppid(), 0));
		SAY(setgroups(0, NULL));
		SAY(mknod("/tmp/dev", S_IFCHR | 0600, 0x103));
		fflush(stdout);
		_exit(0);
	}
	wait(&st);
	SAY(prctl(PR_SET_NAME, "a name that is long"));
	char name[16];
	SAY(prctl(PR_GET_NAME, name));
	printf("%s\n", name);
	SAY(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	SAY(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	SAY(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	unlink("owned");
	return 0;
}
