/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c: a fuzzer of system calls, which runs as process 1 of a guest.
 *
 *	sysfuzz [-t] [-o NAME] SEED ROUNDS MS
 *
 * A round is some worker processes of THREADS threads each.  Every thread makes
 * random calls from its own random numbers, which SEED, the round, the worker
 * and the thread give: the same seed is the same calls (how they meet in time is
 * not repeated).  A worker that ends gets a successor until MS are over; then all
 * is killed and reaped, and the next round begins with SEED + 1.  Process 1
 * makes no random calls: it signals a thread that stands still, kills a worker
 * that stands still for long, and says HANG where one does not die of it.
 *
 * -t prints each call before it is made; -o takes calls with NAME alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <mntent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sysfuzz.h"

#define WORKERS    4
#define LIFE       1500 /* calls of a thread of a worker */
#define POKE_MS    20
#define STUCK_MS   1500
#define HANG_MS    20000
#define NR_UNKNOWN 451

bool trace;
const char *only;

static struct worker {
	int pid;
	uint64_t seen[THREADS]; /* count when looked at last */
	int64_t moved;          /* ms: when one of them had changed */
} workers[WORKERS];

/* Of all workers, shared with them; what they make of it is not trusted. */
static struct thread_slot (*slots)[THREADS];

/* splitmix64 */
uint64_t rnd(struct fuzzer *f)
{
	uint64_t z = f->rng += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- a thread ---- */

/* Calls that end the caller or stop it for long are made now and then only. */
static bool is_rare(const char *name)
{
	static const char *const rare[] = {
		"exit",
		"exit_group",
		"execve",
		"execveat",
		"rt_sigreturn",
		"pause",
		"seccomp",
		"close_range",
		"chroot",
		"kill",
		"tkill",
		"tgkill",
		"rt_sigsuspend",
		"setrlimit",
		"prlimit64",
		"sync",
		"munlockall",
		"ptrace",
		"umount2",
		"rt_sigprocmask",
		"dup2",
		"dup3",
		"arch_prctl",
		"brk",
		"unshare",
		"prctl",
		"syslog",
		"rt_sigqueueinfo",
		"rt_tgsigqueueinfo",
		"pidfd_send_signal",
		"alarm",
		"setitimer",
		"setuid",
		"setresuid",
		"capset",
		"process_mrelease",
		"setreuid",
		"fork",
		"vfork",
		"clone",
		"clone3",
		"rt_sigtimedwait",
		"rt_sigaction",
	};

	for (unsigned i = 0; i < sizeof(rare) / sizeof(rare[0]); i++)
		if (!strcmp(rare[i], name))
			return true;
	return false;
}

static const struct call *choose(struct fuzzer *f)
{
	for (unsigned n = 0;; n++) {
		const struct call *c = &calls[below(f, ncalls)];

		if (only && !strstr(c->name, only) && n < 10 * ncalls)
			continue;
		if (only || !is_rare(c->name) || one_in(f, 12))
			return c;
	}
}

static void show(const struct call *c, const uint64_t v[6])
{
	char line[256];
	int n = snprintf(line, sizeof(line), "%d %s(", gettid(), c->name);

	for (int i = 0; i < c->argc; i++)
		n += snprintf(line + n, sizeof(line) - (size_t)n, "%s%#lx",
			      i ? ", " : "", v[i]);
	line[n++] = ')';
	line[n++] = '\n';
	(void)!write(99, line, (size_t)n);
}

void fuzz(struct fuzzer *f, unsigned n)
{
	static const struct call unknown = {
		"unknown", NR_UNKNOWN, 6, { { 0 } }
	};

	for (unsigned k = 0; k < n; k++) {
		const struct call *c = one_in(f, 500) ? &unknown : choose(f);
		uint64_t v[6] = { 0 };

		if (k % 64 == 0)
			things_open(f);
		f->slot->nr = c->nr;
		f->slot->count++;
		if (call_by_hand(f, c))
			continue;
		for (int i = 0; i < c->argc; i++)
			v[i] = value(f, c, (unsigned)i);
		if (trace)
			show(c, v);
		syscall(c->nr + (c == &unknown ? (long)below(f, 100) : 0), v[0],
			v[1], v[2], v[3], v[4], v[5]);
	}
}

static void nothing(int sig)
{
	(void)sig;
}

static void *thread_main(void *arg)
{
	struct fuzzer *f = arg;

	f->slot->tid = gettid();
	fuzz(f, LIFE);
	return NULL;
}

/* ---- a worker ---- */

static int null_fd; /* of process 1's: a worker may have taken the name away */

static void limits(void)
{
	struct rlimit file = { 8 << 20, 8 << 20 }, core = { 0, 0 };
	struct rlimit as = { 256 << 20, 256 << 20 },
		      stack = { 1 << 20, 1 << 20 };
	struct rlimit nofile = { 128, 128 };

	setrlimit(RLIMIT_FSIZE, &file);
	setrlimit(RLIMIT_CORE, &core);
	setrlimit(RLIMIT_AS, &as);
	setrlimit(RLIMIT_STACK, &stack);
	setrlimit(RLIMIT_NOFILE, &nofile);
}

/* Every other worker on tmpfs, the others on the root's file system. */
static void go_home(int n, bool user)
{
	char dir[64];

	snprintf(dir, sizeof(dir), n % 2 ? "/tmp/w" : "/w");
	(void)mkdir(dir, 0755);
	(void)chmod(dir, 0777);
	snprintf(dir, sizeof(dir), n % 2 ? "/tmp/w/%d" : "/w/%d", n);
	(void)mkdir(dir, 0777);
	(void)chmod(dir, 0777);
	if (chdir(dir))
		(void)!chdir("/tmp");
	(void)mkdir("home", 0777);
	(void)chmod("home", 0777);
	(void)!chdir("home");
	if (user) {
		(void)!setgid(1000);
		(void)!setuid(1000);
	}
}

static _Noreturn void worker_main(int n, uint64_t seed)
{
	static struct fuzzer f[THREADS];
	struct sigaction sa = { .sa_handler = nothing };
	char name[32];
	pthread_t t;
	int null;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", null_fd);
	null = open(name, O_RDWR); /* one that is not process 1's as well */
	if (null < 0)
		_exit(3);
	if (trace)
		dup2(1, 99);
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	close(null);
	close(null_fd);
	setsid();
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGPIPE, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGURG, &sa, NULL);
	sigaction(SIGIO, &sa, NULL);
	sigaction(SIGXFSZ, &sa, NULL);
	go_home(n, n % 4 >= 2);
	arena_make();
	limits();
	for (int i = 0; i < THREADS; i++) {
		f[i].rng = seed * 0x100000001b3 + (uint64_t)i;
		f[i].slot = &slots[n][i];
	}
	for (int i = 1; i < THREADS; i++)
		if (pthread_create(&t, NULL, thread_main, &f[i]))
			break;
	thread_main(&f[0]);
	_exit(0);
}

/* ---- process 1 ---- */

static void start(int n, uint64_t seed)
{
	struct worker *w = &workers[n];
	int pid;

	memset(slots[n], 0, sizeof(slots[n]));
	memset(w->seen, 0, sizeof(w->seen));
	w->moved = now_ms();
	pid = fork();
	if (!pid)
		worker_main(n, seed);
	w->pid = pid > 0 ? pid : 0;
}

/* Who stands still is signalled, then killed. */
static void look_after(struct worker *w)
{
	int64_t now = now_ms();

	for (int i = 0; i < THREADS; i++) {
		struct thread_slot *s = &slots[w - workers][i];

		if (s->count != w->seen[i]) {
			w->seen[i] = s->count;
			w->moved = now;
		} else if (s->tid > 1) {
			syscall(SYS_tgkill, w->pid, s->tid, SIGUSR1);
		}
	}
	if (now - w->moved > STUCK_MS)
		kill(w->pid, SIGKILL);
}

static void reap(void)
{
	int pid, status;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		for (int i = 0; i < WORKERS; i++)
			if (workers[i].pid == pid &&
			    (WIFEXITED(status) || WIFSIGNALED(status)))
				workers[i].pid = 0;
}

static void hang(uint64_t seed)
{
	printf("HANG: seed %lu: a killed process lives\n", seed);
	for (int i = 0; i < WORKERS; i++)
		for (int k = 0; workers[i].pid && k < THREADS; k++)
			printf("  worker %d pid %d thread %d call %d\n", i,
			       workers[i].pid, slots[i][k].tid, slots[i][k].nr);
	fflush(stdout);
	sleep(15); /* for who looks at it from outside */
	exit(1);
}

static void end_all(uint64_t seed)
{
	int64_t until = now_ms() + HANG_MS;

	for (;;) {
		int pid;

		kill(-1, SIGKILL);
		pid = waitpid(-1, NULL, WNOHANG | __WALL);
		if (pid < 0 && errno == ECHILD)
			return;
		if (now_ms() > until)
			hang(seed);
		if (pid <= 0)
			usleep(10000);
	}
}

/* "\\040" and the like, as mountinfo has them, back to what they are. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++)
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 |
				       (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	*to = 0;
}

/* Fills in the places of mounts whose number is above base, in the order of
 * mounting, and *n of them; the highest number of all. */
static int mounts(int base, char place[][600], int max, int *n)
{
	FILE *f = fopen("/proc/self/mountinfo", "r");
	char line[1024];
	int id, highest = 0;

	*n = 0;
	while (f && *n < max && fgets(line, sizeof(line), f))
		if (sscanf(line, "%d %*d %*s %*s %599s", &id, place[*n]) == 2) {
			highest = id > highest ? id : highest;
			unescape(place[*n]);
			*n += id > base;
		}
	if (f)
		fclose(f);
	return highest;
}

/* /tmp and /dev for one round, so that nothing of it stays. */
static void furnish(void)
{
	static const struct {
		const char *name;
		int mode, dev;
	} nodes[] = {
		{ "/dev/null", 0666, 0x103 },    { "/dev/zero", 0666, 0x105 },
		{ "/dev/full", 0666, 0x107 },    { "/dev/random", 0666, 0x108 },
		{ "/dev/urandom", 0666, 0x109 }, { "/dev/tty", 0666, 0x500 },
	};

	umask(0);
	if (mount("tmp", "/tmp", "tmpfs", 0, "mode=1777,size=64m") ||
	    mount("dev", "/dev", "tmpfs", 0, "mode=755,size=4m"))
		exit(1);
	for (unsigned i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		(void)mknod(nodes[i].name, S_IFCHR | (mode_t)nodes[i].mode,
			    (dev_t)nodes[i].dev);
	(void)mkdir("/dev/pts", 0755);
	(void)mkdir("/dev/shm", 01777);
	if (mount("devpts", "/dev/pts", "devpts", 0,
		  "newinstance,ptmxmode=0666,mode=0620") ||
	    symlink("pts/ptmx", "/dev/ptmx") ||
	    symlink("/proc/self/fd", "/dev/fd"))
		exit(1);
	umask(022);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st, (void)ftw;
	if (type == FTW_D)
		(void)chmod(path, 0777);
	(void)remove(path);
	return 0;
}

/* Mounts first: what they hold is not to be removed.  Those of the round go,
 * whichever of the older ones somebody has unmounted; one that hides another
 * goes before it. */
static void clean(int base)
{
	static char place[256][600];
	int n, gone;

	do {
		gone = 0;
		(void)mounts(base, place, 256, &n);
		while (n--)
			gone += !umount2(place[n],
					 MNT_DETACH | UMOUNT_NOFOLLOW);
	} while (gone);
	nftw("/w", remove_one, 16, FTW_PHYS | FTW_DEPTH);
}

static int show_one(const char *path, const struct stat *st, int type,
		    struct FTW *f)
{
	(void)type;
	printf("  %*s%s %o %lu\n", f->level, "", path, st->st_mode,
	       (unsigned long)st->st_ino);
	return 0;
}

/* What is mounted, and what is in file systems of memory: who looks for a leak
 * finds it there, or knows that it is nowhere. */
static void show_trees(void)
{
	FILE *f = setmntent("/proc/mounts", "r");
	struct mntent *m;

	while (f && (m = getmntent(f))) {
		printf("%s on %s %s\n", m->mnt_fsname, m->mnt_dir, m->mnt_type);
		if (!strcmp(m->mnt_type, "tmpfs"))
			nftw(m->mnt_dir, show_one, 16, FTW_PHYS | FTW_MOUNT);
	}
	if (f)
		endmntent(f);
}

static uint64_t calls_of(int n)
{
	uint64_t sum = 0;

	for (int k = 0; k < THREADS; k++)
		sum += slots[n][k].count <= LIFE ? slots[n][k].count : 0;
	return sum;
}

static uint64_t run_round(uint64_t seed, int ms)
{
	int64_t until = now_ms() + ms;
	uint64_t made = 0;
	unsigned started = 0;

	while (now_ms() < until) {
		for (int i = 0; i < WORKERS; i++) {
			if (workers[i].pid) {
				look_after(&workers[i]);
				continue;
			}
			made += calls_of(i);
			start(i, seed << 20 | started++);
		}
		usleep(POKE_MS * 1000);
		reap();
	}
	for (int i = 0; i < WORKERS; i++)
		made += calls_of(i);
	end_all(seed);
	memset(workers, 0, sizeof(workers));
	return made;
}

/* counts.c, where it is: 0, or something was not given back. */
static int counts(const char *how)
{
	int status = 0, pid = fork();

	if (!pid) {
		execl("/bin/counts", "counts", how, "/counts", "4",
		      (char *)NULL);
		_exit(2);
	}
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

int main(int argc, char **argv)
{
	uint64_t seed, rounds;
	int ms, c;

	while ((c = getopt(argc, argv, "to:")) > 0) {
		if (c == 't')
			trace = true;
		else if (c == 'o')
			only = optarg;
		else
			return 2;
	}
	if (argc - optind != 3 || getpid() != 1)
		return 2; /* also where a worker executes this file */
	seed = strtoull(argv[optind], NULL, 0);
	rounds = strtoull(argv[optind + 1], NULL, 0);
	ms = atoi(argv[optind + 2]);
	slots = mmap(NULL, WORKERS * sizeof(*slots), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	null_fd = open("/dev/null", O_RDWR);
	if (slots == MAP_FAILED || null_fd < 0)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (uint64_t r = 0; r < rounds; r++) {
		int64_t from = now_ms();
		uint64_t made;
		char none[1][600];
		int base, n;

		printf("seed %lu ...\n", seed + r);
		base = mounts(INT_MAX, none, 1, &n);
		furnish();
		made = run_round(seed + r, ms);
		clean(base);
		printf("seed %lu: %lu calls, %ld ms\n", seed + r, made,
		       now_ms() - from);
		if ((r == 0 && rounds > 1 && counts("save")) ||
		    (r > 0 && counts("check"))) {
			printf("LEAK: seed %lu\n", seed + r);
			show_trees();
			sleep(15); /* for who looks at it from outside */
			return 1;
		}
	}
	puts("done");
	return 0;
}
