/* SPDX-License-Identifier: Apache-2.0 */
/* creds.c: user and group ids by the calls themselves, past libc's thread
 * synchronisation; the ids of the file system; process groups of others */
#include "abi.h"

static void ids(const char *what)
{
	uid_t u[3] = { 77, 77, 77 };
	gid_t g[3] = { 77, 77, 77 };

	syscall(SYS_getresuid, &u[0], &u[1], &u[2]);
	syscall(SYS_getresgid, &g[0], &g[1], &g[2]);
	printf("%s: uids %d %d %d gids %d %d %d fs %ld %ld\n", what, u[0], u[1],
	       u[2], g[0], g[1], g[2], syscall(SYS_setfsuid, -1),
	       syscall(SYS_setfsgid, -1));
	fflush(stdout);
}

static void user_pairs(void)
{
	SAY(syscall(SYS_setreuid, -1, -1));
	ids("nothing asked");
	SAY(syscall(SYS_setreuid, -1, 1000));
	ids("effective");
	SAY(syscall(SYS_setreuid, -1, 0));
	ids("and back");
	SAY(syscall(SYS_setreuid, 1000, 2000));
	ids("real and effective");
	SAY(syscall(SYS_setreuid, 2000, 1000));
	ids("exchanged");
	SAY(syscall(SYS_setreuid, 0, -1));
	SAY(syscall(SYS_setreuid, -1, 0));
	SAY(syscall(SYS_setreuid, 3000, 1000));
	SAY(syscall(SYS_setreuid, -1, 2000));
	ids("effective from the real one");
}

/* The real one may not become the saved one. */
static void user_saved(void)
{
	SAY(syscall(SYS_setresuid, 1, 2, 3));
	SAY(syscall(SYS_setreuid, 3, -1));
	SAY(syscall(SYS_setreuid, 2, 3));
	ids("saved to effective");
}

static void group_pairs(void)
{
	SAY(syscall(SYS_setregid, -1, -1));
	ids("nothing asked");
	SAY(syscall(SYS_setregid, 100, 200));
	ids("with privilege");
	SAY(syscall(SYS_setresgid, 100, 200, 300));
	ids("three");
	SAY(syscall(SYS_setresuid, 7, 7, 7));
	SAY(syscall(SYS_setregid, 300, -1));
	SAY(syscall(SYS_setregid, -1, 400));
	SAY(syscall(SYS_setregid, -1, 300));
	ids("effective from the saved one");
	SAY(syscall(SYS_setregid, 300, 100));
	ids("exchanged");
	SAY(syscall(SYS_setresgid, -1, 0, -1));
	SAY(syscall(SYS_setgroups, 0, 0));
}

static void pointers(void)
{
	gid_t g[3] = { 77, 77, 77 };
	void *bad = (void *)8;

	SAY(syscall(SYS_setresgid, 1, 2, 3));
	SAY(syscall(SYS_getresgid, &g[0], &g[1], &g[2]));
	printf("%d %d %d\n", g[0], g[1], g[2]);
	SAY(syscall(SYS_getresgid, bad, &g[1], &g[2]));
	SAY(syscall(SYS_getresgid, &g[0], bad, &g[2]));
	SAY(syscall(SYS_getresgid, &g[0], &g[1], bad));
	SAY(syscall(SYS_getresgid, 0, 0, 0));
	SAY(syscall(SYS_getresuid, bad, bad, bad));
	SAY(syscall(SYS_getgroups, -1, g));
	SAY(syscall(SYS_setgroups, 65537, g));
	SAY(syscall(SYS_setgroups, 2, bad));
}

static int owner(const char *name)
{
	struct stat s;
	int fd = open(name, O_CREAT | O_WRONLY | O_EXCL, 0600);

	if (fd < 0) {
		printf("%s: %s\n", name, strerrorname(errno));
		return -1;
	}
	fstat(fd, &s);
	printf("%s: owned by %d %d\n", name, s.st_uid, s.st_gid);
	close(fd);
	return unlink(name);
}

/* Files are made and opened as this user; signals go as the other one. */
static void file_ids(void)
{
	mkdir("open", 0777);
	chmod("open", 0777);
	close(open("root's", O_CREAT | O_WRONLY, 0600));
	SAY(syscall(SYS_setfsgid, 55));
	SAY(syscall(SYS_setfsuid, 44));
	ids("file system's");
	owner("open/theirs");
	SAY(open("root's", O_RDONLY));
	SAY(access("root's", R_OK));
	SAY(chown("root's", 1, 1));
	SAY(mknod("open/null", S_IFCHR | 0600, 0x103));
	SAY(syscall(SYS_setfsuid, 0));
	SAY(syscall(SYS_setfsgid, 0));
	SAY(chown("root's", 1, 1));
	owner("open/root's");
	SAY(syscall(SYS_setfsuid, 44));
	SAY(syscall(SYS_setreuid, -1, -1));
	ids("after setreuid of nothing");
	rmdir("open");
	unlink("root's");
}

/* Without CAP_SETUID one of the three; else nothing changes, and no error. */
static void file_ids_of_others(void)
{
	SAY(syscall(SYS_setresgid, 10, 20, 30));
	SAY(syscall(SYS_setresuid, 1, 2, 3));
	SAY(syscall(SYS_setfsuid, 3));
	SAY(syscall(SYS_setfsuid, 0));
	SAY(syscall(SYS_setfsuid, 1));
	SAY(syscall(SYS_setfsuid, -2));
	SAY(syscall(SYS_setfsgid, 30));
	SAY(syscall(SYS_setfsgid, 0));
	SAY(syscall(SYS_setfsgid, 10));
	ids("at the end");
}

static void *thread(void *arg)
{
	int *told = arg;

	syscall(SYS_setresuid, 5, 5, 5);
	told[0] = syscall(SYS_getpgid, syscall(SYS_gettid)) == getpgrp();
	told[1] = syscall(SYS_geteuid);
	return NULL;
}

/* The calls are of the thread. */
static void threads(void)
{
	pthread_t t;
	int told[2] = { 0, 0 };

	pthread_create(&t, NULL, thread, told);
	pthread_join(t, NULL);
	printf("group of a thread's id %d; its user %d, ours %ld\n", told[0],
	       told[1], (long)syscall(SYS_geteuid));
}

static void groups(void)
{
	int p, pp[2], st;

	pipe(pp);
	p = fork();
	if (!p) {
		char c;

		close(pp[1]);
		read(pp[0], &c, 1);
		_exit(0);
	}
	printf("own %d\n", syscall(SYS_getpgid, 0) == getpgrp());
	printf("by pid %d\n", syscall(SYS_getpgid, getpid()) == getpgrp());
	printf("the child's %d\n", syscall(SYS_getpgid, p) == getpgrp());
	SAY(syscall(SYS_setpgid, p, p));
	printf("its own %d\n", syscall(SYS_getpgid, p) == p);
	SAY(syscall(SYS_setpgid, p, -1));
	SAY(syscall(SYS_getpgid, -1));
	SAY(syscall(SYS_getpgid, 999999));
	close(pp[1]);
	waitid(P_PID, p, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	printf("a zombie's %d\n", syscall(SYS_getpgid, p) == p);
	waitpid(p, &st, 0);
	SAY(syscall(SYS_getpgid, p));
}

int main(void)
{
	apart(user_pairs);
	apart(user_saved);
	apart(group_pairs);
	apart(pointers);
	apart(file_ids);
	apart(file_ids_of_others);
	apart(threads);
	apart(groups);
	return 0;
}
