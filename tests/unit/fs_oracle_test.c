// uses: guest/kernel/fs/inode.c guest/kernel/fs/dcache.c guest/kernel/fs/path.c guest/kernel/fs/pathname.c guest/kernel/fs/fsctx.c guest/kernel/fs/mount.c guest/kernel/fs/namei.c guest/kernel/fs/open.c guest/kernel/fs/attr.c guest/kernel/fs/file.c guest/kernel/fs/fdtable.c guest/kernel/fs/anon.c guest/kernel/fs/tmpfs.c guest/kernel/fs/tmpfs_dir.c guest/kernel/fs/tmpfs_file.c guest/kernel/fs/xattr.c guest/kernel/fs/pipe.c guest/kernel/fs/pipe_open.c guest/kernel/fs/splice.c guest/kernel/syscall/sys_splice.c guest/kernel/fs/flock.c guest/kernel/fs/epoll.c guest/kernel/lib/uio.c guest/kernel/lib/iovec.c guest/kernel/syscall/sys_file.c guest/kernel/syscall/sys_dir.c guest/kernel/syscall/sys_stat.c guest/kernel/syscall/sys_rw.c guest/kernel/syscall/target.c guest/kernel/fs/notify.c guest/kernel/fs/inotify.c guest/kernel/fs/dnotify.c guest/kernel/fs/fasync.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs_oracle_test.c: random system calls on names, here and on the Linux below.
 *
 * The same calls, with the same random names (a few components, "." and "..",
 * symbolic links, trailing slashes), go to the VFS over tmpfs and to a tmpfs of
 * the machine that runs the test; every result, errno included, and what stat
 * then says must be equal.  Linux is the oracle.
 */
#include "tests/unit/check.h"
#include "tests/unit/fs_fakes.h"
#include "syscall_proto.h"

long syscall(long number, ...);
int *__errno_location(void);

const struct file_ops *chrdev_ops(uint64_t rdev)
{
	(void)rdev;
	return NULL;
}
void signal_set_mask(uint64_t mask)
{
	(void)mask;
}

/* System call numbers of x86-64. */
enum {
	NR_READ = 0,
	NR_WRITE = 1,
	NR_CLOSE = 3,
	NR_LSEEK = 8,
	NR_PREAD = 17,
	NR_TRUNCATE = 76,
	NR_CHDIR = 80,
	NR_GETCWD = 79,
	NR_FTRUNCATE = 77,
	NR_OPENAT = 257,
	NR_MKDIRAT = 258,
	NR_MKNODAT = 259,
	NR_NEWFSTATAT = 262,
	NR_UNLINKAT = 263,
	NR_LINKAT = 265,
	NR_SYMLINKAT = 266,
	NR_READLINKAT = 267,
	NR_FCHMODAT = 268,
	NR_FACCESSAT = 269,
	NR_RENAMEAT2 = 316,
	NR_OPENAT2 = 437,
	NR_UMASK = 95,
};

static uint64_t seed = 42;
static unsigned rnd(unsigned n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % n;
}

static long host(long nr, long a, long b, long c, long d, long e)
{
	long r = syscall(nr, a, b, c, d, e);

	return r < 0 ? -*__errno_location() : r;
}

static char base[64];

/* Names: at most three "..", and the base is five levels deep. */
static void random_name(char *out)
{
	static const char *const parts[] = {
		"a", "b", "c", "d", "l", "m", "."
	};
	unsigned n = rnd(4), ups = 0;

	out[0] = 0;
	if (!rnd(60))
		return; /* "" */
	if (!rnd(80)) {
		memset(out, 'x', 300);
		out[rnd(2) ? 255 : 256] = 0;
		return;
	}
	if (!rnd(12)) {
		sprintf(out, "%s/", base);
	}
	for (unsigned k = 0; k <= n; k++) {
		if (k)
			strcat(out, rnd(10) ? "/" : "//");
		if (!rnd(12) && ups++ < 3)
			strcat(out, "..");
		else
			strcat(out, parts[rnd(ARRAY_SIZE(parts))]);
	}
	if (!rnd(8))
		strcat(out, "/");
}

static void random_target(char *out)
{
	static const char *const parts[] = {
		"a", "b", "c", "l", "m", ".", "d"
	};

	strcpy(out, parts[rnd(ARRAY_SIZE(parts))]);
	if (rnd(2)) {
		strcat(out, "/");
		strcat(out, parts[rnd(ARRAY_SIZE(parts))]);
	}
	if (!rnd(10))
		strcat(out, "/");
}

struct call {
	long nr;
	char a[400], b[400];
	long v, w;
};

static const long open_flags[] = {
	O_RDONLY,
	O_RDWR,
	O_RDWR | O_CREAT,
	O_RDWR | O_CREAT | O_EXCL,
	O_WRONLY | O_CREAT | O_TRUNC,
	O_RDONLY | O_DIRECTORY,
	O_RDONLY | O_NOFOLLOW,
	O_RDWR | O_CREAT | O_NOFOLLOW,
	O_PATH,
	O_PATH | O_NOFOLLOW,
	O_RDWR | O_TRUNC,
	O_WRONLY | O_DIRECTORY,
	O_RDWR | O_TMPFILE,
	O_RDONLY | O_TMPFILE,
	O_RDONLY | O_CREAT,
	O_PATH | O_DIRECTORY,
};
static const long rename_flags[] = { 0,
				     0,
				     0,
				     RENAME_NOREPLACE,
				     RENAME_EXCHANGE,
				     RENAME_NOREPLACE | RENAME_EXCHANGE };
static const long resolves[] = { 0,
				 RESOLVE_BENEATH,
				 RESOLVE_IN_ROOT,
				 RESOLVE_NO_SYMLINKS,
				 RESOLVE_NO_XDEV,
				 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };

static void random_call(struct call *c)
{
	static const long nrs[] = {
		NR_MKDIRAT,   NR_MKDIRAT,    NR_OPENAT,     NR_OPENAT,
		NR_OPENAT,    NR_UNLINKAT,   NR_UNLINKAT,   NR_LINKAT,
		NR_SYMLINKAT, NR_SYMLINKAT,  NR_RENAMEAT2,  NR_RENAMEAT2,
		NR_RENAMEAT2, NR_NEWFSTATAT, NR_READLINKAT, NR_TRUNCATE,
		NR_FCHMODAT,  NR_FACCESSAT,  NR_OPENAT2,    NR_MKNODAT,
		NR_CHDIR,
	};

	c->nr = nrs[rnd(ARRAY_SIZE(nrs))];
	random_name(c->a);
	random_name(c->b);
	c->v = c->w = 0;
	if (c->nr == NR_OPENAT)
		c->v = open_flags[rnd(ARRAY_SIZE(open_flags))];
	else if (c->nr == NR_OPENAT2)
		c->v = resolves[rnd(ARRAY_SIZE(resolves))];
	else if (c->nr == NR_UNLINKAT)
		c->v = rnd(2) ? AT_REMOVEDIR : 0;
	else if (c->nr == NR_LINKAT)
		c->v = rnd(3) ? 0 : AT_SYMLINK_FOLLOW;
	else if (c->nr == NR_RENAMEAT2)
		c->v = rename_flags[rnd(ARRAY_SIZE(rename_flags))];
	else if (c->nr == NR_NEWFSTATAT)
		c->v = rnd(2) ? AT_SYMLINK_NOFOLLOW : 0;
	else if (c->nr == NR_FCHMODAT)
		c->v = 0400 + (long)rnd(0400);
	else if (c->nr == NR_TRUNCATE)
		c->v = rnd(20000);
	else if (c->nr == NR_SYMLINKAT)
		random_target(c->a);
}

static long len_of(const struct lx_stat *st)
{
	return (S_ISDIR(st->st_mode) ? 0 : st->st_size);
}

#define L(x) ((long)(x))
#define U(x) UADDR(x)
static int fcwd = AT_FDCWD;

/* What both sides say in numbers: the result, and what was read. */
static long run_host(struct call *c, struct lx_stat *st, char *text)
{
	long cwd = AT_FDCWD, r;
	struct lx_open_how how = { .flags = O_PATH, .resolve = (uint64_t)c->v };

	switch (c->nr) {
	case NR_OPENAT:
	case NR_OPENAT2:
		r = c->nr == NR_OPENAT
			    ? host(NR_OPENAT, cwd, L(c->a), c->v, 0644, 0)
			    : host(NR_OPENAT2, cwd, L(c->a), L(&how),
				   sizeof(how), 0);
		if (r >= 0) {
			host(NR_NEWFSTATAT, r, L(""), L(st), AT_EMPTY_PATH, 0);
			host(NR_CLOSE, r, 0, 0, 0, 0);
			r = 0;
		}
		return r;
	case NR_NEWFSTATAT:
		return host(c->nr, cwd, L(c->a), L(st), c->v, 0);
	case NR_READLINKAT:
		return host(c->nr, cwd, L(c->a), L(text), 399, 0);
	case NR_LINKAT:
	case NR_RENAMEAT2:
		return host(c->nr, cwd, L(c->a), cwd, L(c->b), c->v);
	case NR_SYMLINKAT:
		return host(c->nr, L(c->a), cwd, L(c->b), 0, 0);
	case NR_TRUNCATE:
		return host(c->nr, L(c->a), c->v, 0, 0, 0);
	case NR_CHDIR:
		r = host(c->nr, L(c->a), 0, 0, 0, 0);
		if (!r)
			r = host(NR_GETCWD, L(text), 400, 0, 0, 0);
		host(NR_CHDIR, L(base), 0, 0, 0, 0);
		return r;
	case NR_MKNODAT:
		return host(c->nr, cwd, L(c->a), S_IFIFO | 0640, 0, 0);
	case NR_MKDIRAT:
		return host(c->nr, cwd, L(c->a), 01777, 0, 0);
	default:
		return host(c->nr, cwd, L(c->a), c->v, 0, 0);
	}
}

static long run_open(struct call *c, struct lx_stat *st)
{
	struct lx_open_how how = { .flags = O_PATH, .resolve = (uint64_t)c->v };
	long r = c->nr == NR_OPENAT
			 ? sys_openat(fcwd, U(c->a), (int)c->v, 0644)
			 : sys_openat2(fcwd, U(c->a), U(&how), sizeof(how));

	if (r < 0)
		return r;
	CHECK_EQ(sys_fstat((int)r, U(st)), 0);
	CHECK_EQ(sys_close((int)r), 0);
	return 0;
}

static long run_here(struct call *c, struct lx_stat *st, char *text)
{
	long r;

	switch (c->nr) {
	case NR_OPENAT:
	case NR_OPENAT2:
		return run_open(c, st);
	case NR_NEWFSTATAT:
		return sys_newfstatat(fcwd, U(c->a), U(st), (int)c->v);
	case NR_READLINKAT:
		return sys_readlinkat(fcwd, U(c->a), U(text), 399);
	case NR_LINKAT:
		return sys_linkat(fcwd, U(c->a), fcwd, U(c->b), (int)c->v);
	case NR_RENAMEAT2:
		return sys_renameat2(fcwd, U(c->a), fcwd, U(c->b),
				     (unsigned)c->v);
	case NR_SYMLINKAT:
		return sys_symlinkat(U(c->a), fcwd, U(c->b));
	case NR_TRUNCATE:
		return sys_truncate(U(c->a), c->v);
	case NR_CHDIR:
		r = sys_chdir(U(c->a));
		if (!r)
			r = sys_getcwd(U(text), 400);
		CHECK_EQ(sys_chdir(U(base)), 0);
		return r;
	case NR_MKNODAT:
		return sys_mknodat(fcwd, U(c->a), S_IFIFO | 0640, 0);
	case NR_MKDIRAT:
		return sys_mkdirat(fcwd, U(c->a), 01777);
	case NR_UNLINKAT:
		return sys_unlinkat(fcwd, U(c->a), (int)c->v);
	case NR_FCHMODAT:
		return sys_fchmodat(fcwd, U(c->a), (unsigned)c->v);
	default:
		return sys_faccessat(fcwd, U(c->a), (int)c->v);
	}
}

/* Opening a FIFO would wait; O_CREAT on one, too. */
static bool would_wait(const struct call *c)
{
	struct lx_stat st;

	return c->nr == NR_OPENAT && !(c->v & O_PATH) &&
	       !host(NR_NEWFSTATAT, AT_FDCWD, L(c->a), L(&st), 0, 0) &&
	       S_ISFIFO(st.st_mode);
}

static void one(unsigned step)
{
	struct lx_stat hs = { 0 }, ks = { 0 };
	char ht[400] = "", kt[400] = "";
	struct call c;
	long h, k;

	random_call(&c);
	if (would_wait(&c))
		return;
	h = run_host(&c, &hs, ht);
	k = run_here(&c, &ks, kt);
	check_count++;
	if (h == k && hs.st_mode == ks.st_mode && len_of(&hs) == len_of(&ks) &&
	    (S_ISDIR(hs.st_mode) || hs.st_nlink == ks.st_nlink) &&
	    !strcmp(ht, kt))
		return;
	check_failures++;
	fprintf(stderr,
		"step %u: call %ld \"%.60s\" \"%.60s\" %#lo: linux %ld mode %o size %ld nlink %ld \"%s\", here %ld mode %o size %ld nlink %ld \"%s\"\n",
		step, c.nr, c.a, c.b, (unsigned long)c.v, h, hs.st_mode,
		(long)hs.st_size, (long)hs.st_nlink, ht, k, ks.st_mode,
		(long)ks.st_size, (long)ks.st_nlink, kt);
}

/* The same five levels on both sides. */
static bool make_base(void)
{
	static const char *const level[] = { "/p", "/q", "/r", "/s" };

	strcpy(base, "/dev");
	CHECK_EQ(sys_mkdir(U(base), 0755), 0);
	CHECK_EQ(mount_at("tmpfs", "dev", base, 0, "mode=755"), 0);
	strcpy(base, "/dev/shm");
	CHECK_EQ(sys_mkdir(U(base), 0755), 0);
	CHECK_EQ(mount_at("tmpfs", "shm", base, 0, ""), 0);
	strcpy(base, "/dev/shm/kuniXXXXXX");
	if (!mkdtemp(base))
		return false;
	CHECK_EQ(sys_mkdir(U(base), 0755), 0);
	for (unsigned n = 0; n < 4; n++) {
		strcat(base, level[n]);
		CHECK_EQ(host(NR_MKDIRAT, AT_FDCWD, L(base), 0755, 0, 0), 0);
		CHECK_EQ(sys_mkdir(U(base), 0755), 0);
	}
	CHECK_EQ(host(NR_CHDIR, L(base), 0, 0, 0, 0), 0);
	CHECK_EQ(sys_chdir(U(base)), 0);
	return true;
}

int main(int argc, char **argv)
{
	char cleanup[128];

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 0);
	fs_fake_start();
	host(NR_UMASK, 022, 0, 0, 0, 0);
	if (!make_base()) {
		printf("fs_oracle: no /dev/shm to compare with\n");
		return 77;
	}
	for (unsigned step = 0; step < 30000 && check_failures < 10; step++)
		one(step);
	snprintf(cleanup, sizeof(cleanup), "cd /; rm -rf %.19s", base);
	CHECK_EQ(system(cleanup), 0);
	fs_fake_end();
	return check_done("fs_oracle");
}
