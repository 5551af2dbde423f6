// uses: host/fuse/server.c host/fuse/wire.c host/fuse/inode.c host/fuse/iofd.c host/fuse/dax.c host/fuse/ops_attr.c host/fuse/ops_dir.c host/fuse/ops_entry.c host/fuse/ops_file.c host/fuse/ops_xattr.c host/folder.c host/err.c
/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_escape_test.c: what a guest may try in order to reach a file outside
 * its tree, to hang the server, or to make it read more than it was given. */
#include "tests/unit/fuse_rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static struct reply rep;
static struct stat outside; /* of the file that must never be reached */

static void make_outside(struct rig *r)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/outside", r->top);
	CHECK_EQ(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/outside/secret", r->top);
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "secret", 6), 6);
	CHECK_EQ(fstat(fd, &outside), 0);
	close(fd);
}

static void link_to(struct rig *r, const char *name, const char *to)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", r->root, name);
	CHECK_EQ(symlink(to, path), 0);
}

/* Symlinks are shown, never followed; nor are those of /proc. */
static void test_links(struct rig *r)
{
	static const char *const names[] = { "abs", "up", "self", "fd" };
	struct fuse_read_in rd = { .size = 10 };
	struct fuse_open_in oi = { 0 };
	struct fuse_attr a;
	char to[160];
	int64_t n;

	snprintf(to, sizeof(to), "%s/outside/secret", r->top);
	link_to(r, "abs", to);
	link_to(r, "up", "../outside");
	link_to(r, "self", ".");
	link_to(r, "fd", "/proc/self/fd/0");
	for (size_t k = 0; k < 4; k++) {
		n = rig_lookup(r, 1, names[k], &a);
		CHECK(n > 1);
		CHECK_EQ(a.mode & S_IFMT, S_IFLNK);
		CHECK_EQ(rig_lookup(r, (uint64_t)n, "secret", NULL), -ENOTDIR);
		CHECK_EQ(rig_op(r, FUSE_READ, (uint64_t)n, &rd, sizeof(rd),
				NULL, NULL, &rep),
			 -EINVAL);
		CHECK_EQ(rig_op(r, FUSE_OPENDIR, (uint64_t)n, &oi, sizeof(oi),
				NULL, NULL, &rep),
			 -ENOTDIR);
	}
	/* chmod and truncate of a link do not reach what it names */
	struct fuse_setattr_in sa = { .valid = FATTR_MODE, .mode = 0 };
	struct stat st;

	n = rig_lookup(r, 1, "abs", NULL);
	CHECK_EQ(rig_op(r, FUSE_SETATTR, (uint64_t)n, &sa, sizeof(sa), NULL,
			NULL, &rep),
		 -EOPNOTSUPP);
	sa.valid = FATTR_SIZE;
	CHECK_EQ(rig_op(r, FUSE_SETATTR, (uint64_t)n, &sa, sizeof(sa), NULL,
			NULL, &rep),
		 -EINVAL);
	sa.valid = FATTR_UID | FATTR_GID;
	sa.uid = sa.gid = 77;
	CHECK_EQ(rig_op(r, FUSE_SETATTR, (uint64_t)n, &sa, sizeof(sa), NULL,
			NULL, &rep),
		 0);
	CHECK_EQ(stat(to, &st), 0);
	CHECK_EQ(st.st_uid, outside.st_uid);
	CHECK_EQ(st.st_mode, outside.st_mode);
	CHECK_EQ(st.st_size, outside.st_size);
	/* a hard link of a link is a link */
	struct fuse_link_in ln = { .oldnodeid = (uint64_t)n };

	CHECK_EQ(rig_op(r, FUSE_LINK, 1, &ln, sizeof(ln), "abs2", NULL, &rep),
		 0);
	rig_lookup(r, 1, "abs2", &a);
	CHECK_EQ(a.mode & S_IFMT, S_IFLNK);
	/* CREATE on a dangling link does not make what it names */
	struct fuse_create_in cr = { .flags = O_RDWR | O_TRUNC, .mode = 0644 };

	snprintf(to, sizeof(to), "%s/outside/made", r->top);
	link_to(r, "dangling", to);
	rig_op(r, FUSE_CREATE, 1, &cr, sizeof(cr), "dangling", NULL, &rep);
	CHECK_EQ(access(to, F_OK), -1);
}

/* A bind mount in the tree is part of it. */
static void test_mount(struct rig *r)
{
	struct fuse_attr a, b;
	char path[200];
	int64_t n, m;

	snprintf(path, sizeof(path), "%s/mnt", r->root);
	CHECK_EQ(mkdir(path, 0755), 0);
	n = rig_lookup(r, 1, "mnt", NULL);
	if (mount("none", path, "tmpfs", 0, NULL)) {
		printf("fuse_escape: no mounts here: %s\n", strerror(errno));
		return;
	}
	m = rig_lookup(r, 1, "mnt", &a);
	CHECK(m > 1 && m != n);
	rig_write_file(r, "mnt/inner", "x");
	CHECK(rig_lookup(r, (uint64_t)m, "inner", &b) > 1);
	CHECK(b.ino >> 56); /* another file system's numbers stay apart */
	/* the directory below, which the guest still holds, is as it was */
	CHECK_EQ(rig_lookup(r, (uint64_t)n, "inner", NULL), 0);
	CHECK_EQ(rig_lookup(r, (uint64_t)m, "..", NULL), -EINVAL);
	CHECK_EQ(umount2(path, MNT_DETACH), 0);
}

/* ---- a race: a directory is swapped with a symlink, again and again ---- */

static atomic_bool stop;

static void *swapper(void *arg)
{
	struct rig *r = arg;
	char a[200], b[200];

	snprintf(a, sizeof(a), "%s/swap", r->root);
	snprintf(b, sizeof(b), "%s/other", r->root);
	while (!atomic_load(&stop))
		renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
	return NULL;
}

static void *walker(void *arg)
{
	struct rig *r = arg;
	static const char *const deep[] = { "sub", "secret", "outside" };
	struct fuse_forget_in f = { .nlookup = UINT64_MAX };
	static _Thread_local struct reply mine;

	for (int k = 0; k < 3000; k++) {
		struct fuse_attr at = { 0 };
		int64_t n = rig_lookup(r, 1, "swap", &at);

		if (n <= 1)
			continue;
		for (int d = 0; d < 3; d++) {
			int64_t m = rig_lookup(r, (uint64_t)n, deep[d], &at);

			if (m > 1 && at.ino == outside.st_ino)
				CHECK(!"a race led outside");
		}
		if (k % 7 == 0)
			rig_send(r, FUSE_FORGET, (uint64_t)n, &f, sizeof(f),
				 &mine);
	}
	return NULL;
}

static void test_race(struct rig *r)
{
	char path[200], to[160];
	pthread_t s, w[2];

	snprintf(path, sizeof(path), "%s/swap", r->root);
	CHECK_EQ(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/swap/sub", r->root);
	CHECK_EQ(mkdir(path, 0755), 0);
	snprintf(to, sizeof(to), "%s/outside", r->top);
	link_to(r, "other", to);
	pthread_create(&s, NULL, swapper, r);
	pthread_create(&w[0], NULL, walker, r);
	pthread_create(&w[1], NULL, walker, r);
	pthread_join(w[0], NULL);
	pthread_join(w[1], NULL);
	atomic_store(&stop, true);
	pthread_join(s, NULL);
}

/* However deep the guest goes, it goes a component at a time. */
static void test_deep(struct rig *r)
{
	struct fuse_mkdir_in md = { .mode = 0755 };
	uint64_t at = 1;

	for (int k = 0; k < 200; k++) {
		int64_t n;

		CHECK_EQ(rig_op(r, FUSE_MKDIR, at, &md, sizeof(md), "deep",
				NULL, &rep),
			 0);
		n = rig_lookup(r, at, "deep", NULL);
		CHECK(n > 1);
		at = (uint64_t)n;
	}
	CHECK_EQ(rig_lookup(r, at, "..", NULL), -EINVAL);
	CHECK_EQ(rig_lookup(r, at, "deep", NULL), 0);
}

/* ---- requests that lie ---- */

static int raw(struct rig *r, void *req, size_t n, void *ans, size_t room)
{
	struct iovec in = { req, n }, out = { ans, room };

	return fuse_server_handle(r->s, &in, n ? 1 : 0, &out, room ? 1 : 0);
}

static void test_malformed(struct rig *r)
{
	struct fuse_in_header h = { .len = 40,
				    .opcode = FUSE_GETATTR,
				    .nodeid = 1 };
	uint8_t ans[256];
	struct iovec many[FUSE_SERVER_MAX_IOV + 1];

	CHECK(raw(r, &h, 40, ans, sizeof(ans)) > 0);
	for (size_t n = 0; n < 40; n++)
		CHECK(raw(r, &h, n, ans, sizeof(ans)) < 0);
	for (size_t n = 0; n < 16; n++)
		CHECK(raw(r, &h, 40, ans, n) < 0);
	CHECK_EQ(raw(r, &h, 40, ans, 16), 16); /* no room for the body */
	h.len = 41;
	CHECK(raw(r, &h, 40, ans, sizeof(ans)) < 0);
	h.len = 39;
	CHECK(raw(r, &h, 40, ans, sizeof(ans)) < 0);
	h.len = UINT32_MAX;
	CHECK(raw(r, &h, 40, ans, sizeof(ans)) < 0);
	h.len = 40;
	h.opcode = FUSE_FORGET; /* without its body, and without room */
	CHECK(raw(r, &h, 40, NULL, 0) < 0);
	for (unsigned k = 0; k <= FUSE_SERVER_MAX_IOV; k++)
		many[k] = (struct iovec){ &h, 1 };
	CHECK(fuse_server_handle(r->s, many, FUSE_SERVER_MAX_IOV + 1, many, 1) <
	      0);
	/* an entry that cannot be answered is not counted */
	struct {
		struct fuse_in_header h;
		char name[8];
	} lk = { { .len = 48, .opcode = FUSE_LOOKUP, .nodeid = 1 }, "deep" };
	int fds = rig_open_fds();

	fuse_server_reset(r->s);
	fds = rig_open_fds();
	CHECK_EQ(raw(r, &lk, 48, ans, 100), 16);
	CHECK_EQ(rig_open_fds(), fds);
}

/* A name that changes while it is read: what was checked is what is used. */
static void *scribbler(void *arg)
{
	volatile char *name = arg;

	while (!atomic_load(&stop)) {
		name[0] = '.';
		name[1] = '.';
		name[2] = '/';
		name[0] = 'd';
		name[1] = 'e';
		name[2] = 'e';
	}
	return NULL;
}

static void test_changing(struct rig *r)
{
	static struct {
		struct fuse_in_header h;
		char name[24];
	} q = { { .len = sizeof(q), .opcode = FUSE_LOOKUP, .nodeid = 1 },
		"deeoutside" };
	struct fuse_entry_out e;
	uint8_t ans[256];
	pthread_t t;

	strcpy(q.name, "dee");
	strcpy(q.name + 3, "outside");
	atomic_store(&stop, false);
	pthread_create(&t, NULL, scribbler, q.name);
	for (int k = 0; k < 20000; k++) {
		int n = raw(r, &q, sizeof(q), ans, sizeof(ans));

		if (n != 16 + (int)sizeof(e))
			continue;
		memcpy(&e, ans + 16, sizeof(e));
		CHECK_EQ(e.nodeid, 0);
	}
	atomic_store(&stop, true);
	pthread_join(t, NULL);
}

/* As the monitor does: the old root, and /proc with it, is gone. */
static int jailed(struct rig *r)
{
	struct fuse_read_in rd = { .size = 10 };
	struct fuse_setattr_in sa = { .valid = FATTR_MODE, .mode = 0600 };
	struct fuse_mknod_in mn = { .mode = S_IFREG | 0644 };
	int64_t n;

	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(r->root, r->root, NULL, MS_BIND, NULL))
		return 77;
	rig_serve(r, false);
	if (chdir(r->root) || syscall(SYS_pivot_root, ".", ".") ||
	    umount2(".", MNT_DETACH) || chdir("/"))
		return 77;
	if (!access("/proc/self", F_OK))
		return 2;
	n = rig_lookup(r, 1, "jailed", NULL);
	if (n <= 1)
		return 3;
	rig_op(r, FUSE_READ, (uint64_t)n, &rd, sizeof(rd), NULL, NULL, &rep);
	if (rep.error || rep.len != 4)
		return 4;
	if (rig_op(r, FUSE_SETATTR, (uint64_t)n, &sa, sizeof(sa), NULL, NULL,
		   &rep))
		return 5;
	if (rig_op(r, FUSE_MKNOD, 1, &mn, sizeof(mn), "made", NULL, &rep))
		return 6;
	return 0;
}

static void test_jailed(struct rig *r)
{
	int status;
	pid_t pid;

	rig_write_file(r, "jailed", "text");
	pid = fork();
	if (!pid)
		_exit(jailed(r));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		printf("fuse_escape: no mount namespaces here\n");
	else
		CHECK_EQ(status, 0);
}

int main(void)
{
	struct rig r;

	rig_init(&r);
	make_outside(&r);
	test_links(&r);
	test_mount(&r);
	test_race(&r);
	test_deep(&r);
	test_malformed(&r);
	test_changing(&r);
	test_jailed(&r);
	rig_fini(&r);
	return check_done("fuse_escape");
}
