/* SPDX-License-Identifier: Apache-2.0 */
/* privs.c: file capabilities, set-id programs, prctl, scheduling attributes,
 * memory that nobody may touch, limits on queued signals */
#include "abi.h"

#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/xattr.h>

static int st;

struct vfs_caps {
	uint32_t magic, perm, inh, perm_hi, inh_hi, rootid;
};

/* Runs a copy of this program as user 7 and prints what it has. */
static void run(const char *name, int nnp)
{
	fflush(stdout);
	if (!fork()) {
		setgid(7);
		setuid(7);
		if (nnp)
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		execl(name, "show", NULL);
		printf("exec: %s\n", strerrorname(errno));
		fflush(stdout);
		_exit(0);
	}
	wait(&st);
	if (st)
		printf("status %x\n", st);
}

static int show(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	printf("uid %d %d gid %d %d dumpable %d\n", getuid(), geteuid(),
	       getgid(), getegid(), prctl(PR_GET_DUMPABLE));
	while (fgets(line, sizeof(line), f))
		/* root's are as many as whoever runs this has */
		if (!strncmp(line, "CapPrm", 6) || !strncmp(line, "CapEff", 6))
			printf("%.7s %s", line,
			       geteuid() || strtoull(line + 7, 0, 16) == 0
				       ? line + 7
				       : "some\n");
	return 0;
}

static void copy(const char *from, const char *to)
{
	static char buf[65536];
	int in = open(from, O_RDONLY), n;
	int out = open(to, O_CREAT | O_TRUNC | O_WRONLY, 0755);

	while ((n = read(in, buf, sizeof(buf))) > 0)
		write(out, buf, n);
	close(in);
	close(out);
}

static void file_caps(void)
{
	struct vfs_caps c = { 0x02000001, 1 << 10 | 1 << 5, 0, 0, 0, 0 };

	mkdir("t", 0755);
	OK(mount("none", "t", "tmpfs", 0, "mode=755"));
	copy("/proc/self/exe", "t/prog");
	run("t/prog", 0);
	SAY(setxattr("t/prog", "security.capability", &c, 20, 0));
	run("t/prog", 0);
	run("t/prog", 1);
	c.magic = 0x02000000;
	SAY(setxattr("t/prog", "security.capability", &c, 20, 0));
	run("t/prog", 0);
	SAY(removexattr("t/prog", "security.capability"));
	SAY(chmod("t/prog", 06755));
	run("t/prog", 0);
	run("t/prog", 1);
	unlink("t/prog");
	OK(umount("t"));
}

static void options(void)
{
	int v = 9;

	SAY(prctl(PR_GET_TSC, &v));
	printf("%d\n", v);
	SAY(prctl(PR_SET_TSC, 1));
	SAY(prctl(PR_SET_TSC, 9));
	SAY(prctl(PR_GET_TIMING));
	SAY(prctl(PR_SET_TIMING, 1));
	SAY(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
	SAY(prctl(PR_MCE_KILL, 1, 1, 0, 0));
	SAY(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
	SAY(prctl(PR_MCE_KILL, 1, 5, 0, 0));
	SAY(prctl(PR_MCE_KILL, 0, 0, 0, 0));
	SAY(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	SAY(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	SAY(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	SAY(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0));
	SAY(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
	SAY(prctl(9999, 0, 0, 0, 0));
}

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t prio;
	uint64_t dl[3];
	uint32_t util[2];
};

static void scheduling(void)
{
	struct attr a = { 48 }, b;

	SAY(syscall(SYS_sched_getattr, 0, &b, 48, 0));
	printf("%d %d %d %d\n", b.size, b.policy, b.nice, b.prio);
	SAY(syscall(SYS_sched_getattr, 0, &b, 20, 0));
	SAY(syscall(SYS_sched_getattr, 0, &b, 48, 1));
	SAY(syscall(SYS_sched_getattr, 999999, &b, 48, 0));
	a.policy = SCHED_RR;
	a.prio = 5;
	SAY(syscall(SYS_sched_setattr, 0, &a, 0));
	SAY(syscall(SYS_sched_getattr, 0, &b, 48, 0));
	printf("%d %d %d\n", b.policy, b.nice, b.prio);
	a.prio = 0;
	SAY(syscall(SYS_sched_setattr, 0, &a, 0));
	a.policy = SCHED_BATCH;
	a.nice = 7;
	a.flags = 1;
	SAY(syscall(SYS_sched_setattr, 0, &a, 0));
	SAY(syscall(SYS_sched_getattr, 0, &b, 48, 0));
	printf("%d %d %d\n", b.policy, b.nice, (int)b.flags);
	a.size = 20;
	SAY(syscall(SYS_sched_setattr, 0, &a, 0));
	printf("size %d\n", a.size >= 48);
	a.size = 48;
	a.policy = 99;
	SAY(syscall(SYS_sched_setattr, 0, &a, 0));
	SAY(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 3));
	SAY(syscall(SYS_ioprio_get, 1, 0));
	SAY(syscall(SYS_ioprio_set, 1, 0, 7 << 13));
	SAY(syscall(SYS_ioprio_set, 9, 0, 0));
	SAY(syscall(SYS_ioprio_get, 1, 999999));
}

static void untouchable(void)
{
	char *m = mmap(0, 8192, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int p[2];

	pipe(p);
	strcpy(m, "secret");
	strcpy(m + 4096, "second");
	mprotect(m, 4096, PROT_NONE);
	SAY(write(p[1], m, 6));
	SAY(write(p[1], m + 4090, 6));
	SAY(write(p[1], m + 4096, 6));
	SAY(read(p[0], m, 6));
	SAY(access(m, F_OK));
	fflush(stdout);
	if (!fork()) {
		mprotect(m, 4096, PROT_READ);
		printf("the child has it: %s\n", m);
		fflush(stdout);
		mprotect(m, 4096, PROT_NONE);
		printf("%c\n", *(volatile char *)m);
		_exit(0);
	}
	wait(&st);
	printf("touched: signal %d\n", WTERMSIG(st));
	mprotect(m, 4096, PROT_READ | PROT_WRITE);
	puts(m);
	mprotect(m, 4096, PROT_NONE);
	SAY(munmap(m, 8192));
	SAY(syscall(SYS_pkey_mprotect, m, 0, PROT_READ, -1));
	SAY(syscall(SYS_pkey_free, 99));
	SAY(syscall(SYS_pkey_alloc, 1, 0));
}

static void queues(void)
{
	struct rlimit r = { 3, 3 };
	union sigval v = { 0 };
	sigset_t s;

	fflush(stdout);
	if (fork()) {
		wait(&st);
		return;
	}
	setuid(4321);
	sigfillset(&s);
	sigprocmask(SIG_BLOCK, &s, 0);
	SAY(setrlimit(RLIMIT_SIGPENDING, &r));
	for (int i = 0; i < 5; i++)
		SAY(sigqueue(getpid(), SIGRTMIN + 1, v));
	SAY(kill(getpid(), SIGUSR1));
	SAY(kill(getpid(), SIGRTMIN + 2));
	SAY(sigtimedwait(&s, 0, &(struct timespec){ 0, 0 }) > 0);
	SAY(sigqueue(getpid(), SIGRTMIN + 1, v));
	_exit(0);
}

int main(int argc, char **argv)
{
	if (!strcmp(argv[0], "show"))
		return show();
	file_caps();
	options();
	scheduling();
	untouchable();
	queues();
	return 0;
}
