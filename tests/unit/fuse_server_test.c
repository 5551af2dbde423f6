// uses: host/fuse/server.c host/fuse/wire.c host/fuse/inode.c host/fuse/iofd.c host/fuse/dax.c host/fuse/ops_attr.c host/fuse/ops_dir.c host/fuse/ops_entry.c host/fuse/ops_file.c host/fuse/ops_xattr.c host/folder.c host/err.c
/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_server_test.c: each request of the FUSE server over a real tree. */
#include "tests/unit/fuse_rig.h"

#include <dirent.h>
#include <sys/xattr.h>

static struct reply rep;

static void path_of(const struct rig *r, const char *name, char *out, size_t n)
{
	snprintf(out, n, "%s/%s", r->root, name);
}

static void stat_of(const struct rig *r, const char *name, struct stat *st)
{
	char path[300];

	path_of(r, name, path, sizeof(path));
	memset(st, 0, sizeof(*st));
	CHECK_EQ(lstat(path, st), 0);
}

static void test_init(struct rig *r)
{
	struct fuse_init_in in = { .major = 7,
				   .minor = 38,
				   .flags = FUSE_BIG_WRITES | FUSE_MAX_PAGES |
					    FUSE_NO_OPEN_SUPPORT | 1U << 16 };
	struct fuse_init_out out;

	CHECK_EQ(rig_op(r, FUSE_INIT, 0, &in, sizeof(in), NULL, NULL, &rep), 0);
	CHECK_EQ(rep.len, sizeof(out));
	memcpy(&out, rep.body, sizeof(out));
	CHECK_EQ(out.major, 7);
	CHECK_EQ(out.minor, FUSE_KERNEL_MINOR_VERSION);
	CHECK_EQ(out.flags,
		 FUSE_BIG_WRITES | FUSE_MAX_PAGES | FUSE_NO_OPEN_SUPPORT);
	CHECK_EQ(out.max_pages, FUSE_SERVER_MAX_PAGES);
	CHECK_EQ(out.max_write, FUSE_SERVER_MAX_PAGES * 4096);
	in.minor = 12;
	CHECK_EQ(rig_op(r, FUSE_INIT, 0, &in, sizeof(in), NULL, NULL, &rep),
		 -EPROTO);
	CHECK_EQ(rig_op(r, FUSE_INIT, 0, &in, 4, NULL, NULL, &rep), -EINVAL);
}

static void test_lookup(struct rig *r)
{
	struct fuse_entry_out e;
	struct fuse_attr a, b;
	int64_t n, m;
	struct stat st;

	rig_write_file(r, "file", "hello");
	n = rig_lookup(r, 1, "file", &a);
	CHECK(n > 1);
	CHECK_EQ(a.size, 5);
	CHECK_EQ(a.mode, S_IFREG | 0644);
	stat_of(r, "file", &st);
	CHECK_EQ(a.ino, st.st_ino);
	CHECK_EQ(a.mtimensec, st.st_mtim.tv_nsec);
	m = rig_lookup(r, 1, "file", &b);
	CHECK_EQ(n, m);
	CHECK_EQ(rig_lookup(r, 1, "missing", NULL), 0);
	CHECK_EQ(rig_op(r, FUSE_LOOKUP, 1, NULL, 0, "missing", NULL, &rep), 0);
	memcpy(&e, rep.body, sizeof(e));
	CHECK_EQ(e.entry_valid, 1);
	CHECK_EQ(rig_lookup(r, (uint64_t)n, "x", NULL), -ENOTDIR);
	CHECK_EQ(rig_lookup(r, (uint64_t)n + (1ULL << 32), "x", NULL), -ESTALE);
	CHECK_EQ(rig_lookup(r, 0, "x", NULL), -ESTALE);
	CHECK_EQ(rig_lookup(r, UINT64_MAX, "x", NULL), -ESTALE);
}

static void test_names(struct rig *r)
{
	static const char *const bad[] = { "",    ".",    "..",          "/",
					   "a/b", "../x", "/etc/passwd", "a/" };
	char name[300];

	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
		CHECK_EQ(rig_lookup(r, 1, bad[k], NULL), -EINVAL);
	memset(name, 'n', sizeof(name));
	name[255] = 0;
	CHECK_EQ(rig_lookup(r, 1, name, NULL), 0);
	name[255] = 'n';
	name[256] = 0;
	CHECK_EQ(rig_lookup(r, 1, name, NULL), -ENAMETOOLONG);
	rig_send(r, FUSE_LOOKUP, 1, "abc", 3, &rep); /* no NUL */
	CHECK_EQ(rep.error, -EINVAL);
	rig_send(r, FUSE_LOOKUP, 1, "", 0, &rep);
	CHECK_EQ(rep.error, -EINVAL);
}

static void test_forget(struct rig *r)
{
	struct fuse_forget_in in = { .nlookup = 1 };
	uint8_t batch[sizeof(struct fuse_batch_forget_in) +
		      2 * sizeof(struct fuse_forget_one)];
	struct fuse_batch_forget_in head = { .count = 2 };
	struct fuse_forget_one one[2];
	int64_t n, m;
	int fds;

	rig_write_file(r, "f1", "1");
	rig_write_file(r, "f2", "2");
	fds = rig_open_fds();
	n = rig_lookup(r, 1, "f1", NULL);
	CHECK_EQ(rig_lookup(r, 1, "f1", NULL), n);
	CHECK_EQ(rig_open_fds(), fds + 1);
	rig_send(r, FUSE_FORGET, (uint64_t)n, &in, sizeof(in), &rep);
	CHECK_EQ(rep.ret, 0);
	CHECK_EQ(rig_op(r, FUSE_GETATTR, (uint64_t)n, "\0\0\0\0", 0, NULL, NULL,
			&rep),
		 0);
	rig_send(r, FUSE_FORGET, (uint64_t)n, &in, sizeof(in), &rep);
	CHECK_EQ(
		rig_op(r, FUSE_GETATTR, (uint64_t)n, NULL, 0, NULL, NULL, &rep),
		-ESTALE);
	CHECK_EQ(rig_open_fds(), fds);
	m = rig_lookup(r, 1, "f1", NULL);
	CHECK(m != n); /* a number is never given twice */
	n = rig_lookup(r, 1, "f2", NULL);
	one[0] = (struct fuse_forget_one){ (uint64_t)n, 1 };
	one[1] = (struct fuse_forget_one){ (uint64_t)m, UINT64_MAX };
	memcpy(batch, &head, sizeof(head));
	memcpy(batch + sizeof(head), one, sizeof(one));
	rig_send(r, FUSE_BATCH_FORGET, 0, batch, sizeof(batch), &rep);
	CHECK_EQ(rep.ret, 0);
	CHECK_EQ(rig_open_fds(), fds);
	head.count = 1000000; /* more than there are */
	memcpy(batch, &head, sizeof(head));
	rig_send(r, FUSE_BATCH_FORGET, 0, batch, sizeof(batch), &rep);
	CHECK(rep.ret < 0);
	in.nlookup = 1; /* the root stays */
	rig_send(r, FUSE_FORGET, 1, &in, sizeof(in), &rep);
	CHECK(rig_lookup(r, 1, "f1", NULL) > 0);
}

static void test_data(struct rig *r)
{
	struct fuse_write_in w = { .offset = 3, .size = 100000 };
	struct fuse_read_in rd = { .offset = 3, .size = 131072 };
	uint8_t *body = malloc(sizeof(w) + w.size);
	struct fuse_write_out wo;
	int64_t n;

	rig_write_file(r, "data", "abcdef");
	n = rig_lookup(r, 1, "data", NULL);
	memcpy(body, &w, sizeof(w));
	for (uint32_t k = 0; k < w.size; k++)
		body[sizeof(w) + k] = (uint8_t)(k * 7 + k / 256);
	rig_send(r, FUSE_WRITE, (uint64_t)n, body, sizeof(w) + w.size, &rep);
	CHECK_EQ(rep.error, 0);
	memcpy(&wo, rep.body, sizeof(wo));
	CHECK_EQ(wo.size, w.size);
	rig_send(r, FUSE_READ, (uint64_t)n, &rd, sizeof(rd), &rep);
	CHECK_EQ(rep.error, 0);
	CHECK_EQ(rep.len, w.size);
	CHECK_EQ(memcmp(rep.body, body + sizeof(w), w.size), 0);
	rd.offset = 200000;
	rig_send(r, FUSE_READ, (uint64_t)n, &rd, sizeof(rd), &rep);
	CHECK_EQ(rep.error, 0);
	CHECK_EQ(rep.len, 0);
	rd.size = 1 << 30; /* more than there is room for */
	rig_send(r, FUSE_READ, (uint64_t)n, &rd, sizeof(rd), &rep);
	CHECK_EQ(rep.error, -EINVAL);
	rd.size = 10;
	rd.offset = UINT64_MAX - 2;
	rig_send(r, FUSE_READ, (uint64_t)n, &rd, sizeof(rd), &rep);
	CHECK_EQ(rep.error, -EFBIG);
	rig_send(r, FUSE_WRITE, (uint64_t)n, body, sizeof(w) + 10, &rep);
	CHECK_EQ(rep.error, -EINVAL); /* less data than it says */
	rig_send(r, FUSE_READ, 1, &rd, sizeof(rd), &rep);
	CHECK_EQ(rep.error, -EISDIR);
	free(body);
}

static void test_make(struct rig *r)
{
	struct fuse_mkdir_in md = { .mode = 02755 };
	struct fuse_mknod_in mn = { .mode = S_IFREG | 04755 };
	struct fuse_create_in cr = { .flags = O_RDWR | O_EXCL, .mode = 0640 };
	struct stat st;
	int64_t d;

	r->uid = 1000;
	r->gid = 1001;
	CHECK_EQ(rig_op(r, FUSE_MKDIR, 1, &md, sizeof(md), "d", NULL, &rep), 0);
	stat_of(r, "d", &st);
	CHECK_EQ(st.st_mode, S_IFDIR | 02755);
	CHECK_EQ(st.st_uid, 1000);
	CHECK_EQ(st.st_gid, 1001);
	d = rig_lookup(r, 1, "d", NULL);
	r->gid = 5;
	CHECK_EQ(rig_op(r, FUSE_MKNOD, (uint64_t)d, &mn, sizeof(mn), "suid",
			NULL, &rep),
		 0);
	stat_of(r, "d/suid", &st);
	CHECK_EQ(st.st_mode, S_IFREG | 04755); /* chown took it, it is back */
	CHECK_EQ(st.st_gid, 1001);             /* of the directory */
	CHECK_EQ(rig_op(r, FUSE_CREATE, (uint64_t)d, &cr, sizeof(cr), "new",
			NULL, &rep),
		 0);
	CHECK_EQ(rep.len,
		 sizeof(struct fuse_entry_out) + sizeof(struct fuse_open_out));
	CHECK_EQ(rig_op(r, FUSE_CREATE, (uint64_t)d, &cr, sizeof(cr), "new",
			NULL, &rep),
		 -EEXIST);
	cr.flags = O_RDWR | O_TRUNC;
	rig_write_file(r, "d/new", "text");
	CHECK_EQ(rig_op(r, FUSE_CREATE, (uint64_t)d, &cr, sizeof(cr), "new",
			NULL, &rep),
		 0);
	stat_of(r, "d/new", &st);
	CHECK_EQ(st.st_size, 0);
	mn.mode = S_IFIFO | 0600;
	CHECK_EQ(rig_op(r, FUSE_MKNOD, 1, &mn, sizeof(mn), "fifo", NULL, &rep),
		 0);
	mn.mode = S_IFCHR | 0666;
	mn.rdev = 0x103;
	CHECK_EQ(rig_op(r, FUSE_MKNOD, 1, &mn, sizeof(mn), "null", NULL, &rep),
		 -EPERM);
	CHECK_EQ(rig_op(r, FUSE_SYMLINK, 1, NULL, 0, "link", "/etc/passwd",
			&rep),
		 0);
	stat_of(r, "link", &st);
	CHECK_EQ(st.st_uid, 1000);
	CHECK_EQ(rig_op(r, FUSE_SYMLINK, 1, NULL, 0, "link2", NULL, &rep),
		 -EINVAL);
	d = rig_lookup(r, 1, "link", NULL);
	CHECK_EQ(rig_op(r, FUSE_READLINK, (uint64_t)d, NULL, 0, NULL, NULL,
			&rep),
		 0);
	CHECK_EQ(rep.len, 11);
	CHECK_EQ(memcmp(rep.body, "/etc/passwd", 11), 0);
	r->uid = r->gid = 0;
}

static void test_move(struct rig *r)
{
	struct fuse_rename2_in rn = { .newdir = 1, .flags = RENAME_NOREPLACE };
	struct fuse_rename_in r1 = { .newdir = 1 };
	struct fuse_entry_out linked;
	struct fuse_link_in ln;
	struct fuse_attr a;
	int64_t n;

	rig_write_file(r, "one", "1");
	rig_write_file(r, "two", "22");
	n = rig_lookup(r, 1, "one", NULL);
	ln.oldnodeid = (uint64_t)n;
	CHECK_EQ(rig_op(r, FUSE_LINK, 1, &ln, sizeof(ln), "hard", NULL, &rep),
		 0);
	CHECK_EQ(rep.len, sizeof(linked));
	memcpy(&linked, rep.body, sizeof(linked));
	CHECK_EQ((int64_t)linked.nodeid, n);
	CHECK_EQ(linked.attr.nlink, 2);
	CHECK_EQ(rig_lookup(r, 1, "hard", &a), n);
	CHECK_EQ(a.nlink, 2);
	CHECK_EQ(
		rig_op(r, FUSE_RENAME2, 1, &rn, sizeof(rn), "one", "two", &rep),
		-EEXIST);
	rn.flags = RENAME_EXCHANGE;
	CHECK_EQ(
		rig_op(r, FUSE_RENAME2, 1, &rn, sizeof(rn), "one", "two", &rep),
		0);
	CHECK_EQ(rig_lookup(r, 1, "two", NULL), n);
	rn.flags = RENAME_WHITEOUT;
	CHECK_EQ(rig_op(r, FUSE_RENAME2, 1, &rn, sizeof(rn), "one", "x", &rep),
		 -EINVAL);
	CHECK_EQ(rig_op(r, FUSE_RENAME, 1, &r1, sizeof(r1), "two", "../up",
			&rep),
		 -EINVAL);
	CHECK_EQ(rig_op(r, FUSE_RENAME, 1, &r1, sizeof(r1), "two", "up", &rep),
		 0);
	CHECK_EQ(rig_op(r, FUSE_RMDIR, 1, NULL, 0, "up", NULL, &rep), -ENOTDIR);
	CHECK_EQ(rig_op(r, FUSE_UNLINK, 1, NULL, 0, "up", NULL, &rep), 0);
	CHECK_EQ(rig_op(r, FUSE_UNLINK, 1, NULL, 0, "hard", NULL, &rep), 0);
	/* without a name, but held: still there */
	CHECK_EQ(
		rig_op(r, FUSE_GETATTR, (uint64_t)n, NULL, 0, NULL, NULL, &rep),
		0);
}

static void test_setattr(struct rig *r)
{
	struct fuse_setattr_in in = { .valid = FATTR_MODE | FATTR_UID |
					       FATTR_GID | FATTR_SIZE |
					       FATTR_MTIME,
				      .mode = 04711,
				      .uid = 7,
				      .gid = 8,
				      .size = 3,
				      .mtime = 12345,
				      .mtimensec = 678 };
	struct fuse_write_in w = { .size = 0,
				   .write_flags = FUSE_WRITE_KILL_SUIDGID };
	struct fuse_access_in ac = { .mask = R_OK };
	struct stat st;
	int64_t n;

	rig_write_file(r, "attr", "abcdef");
	n = rig_lookup(r, 1, "attr", NULL);
	CHECK_EQ(rig_op(r, FUSE_SETATTR, (uint64_t)n, &in, sizeof(in), NULL,
			NULL, &rep),
		 0);
	CHECK_EQ(rep.len, sizeof(struct fuse_attr_out));
	stat_of(r, "attr", &st);
	CHECK_EQ(st.st_mode, S_IFREG | 04711);
	CHECK_EQ(st.st_uid, 7);
	CHECK_EQ(st.st_gid, 8);
	CHECK_EQ(st.st_size, 3);
	CHECK_EQ(st.st_mtim.tv_sec, 12345);
	CHECK_EQ(st.st_mtim.tv_nsec, 678);
	CHECK_EQ(rig_op(r, FUSE_WRITE, (uint64_t)n, &w, sizeof(w), NULL, NULL,
			&rep),
		 0);
	stat_of(r, "attr", &st);
	CHECK_EQ(st.st_mode, S_IFREG | 0711);
	r->uid = 9;
	CHECK_EQ(rig_op(r, FUSE_ACCESS, (uint64_t)n, &ac, sizeof(ac), NULL,
			NULL, &rep),
		 -EACCES);
	ac.mask = X_OK;
	CHECK_EQ(rig_op(r, FUSE_ACCESS, (uint64_t)n, &ac, sizeof(ac), NULL,
			NULL, &rep),
		 0);
	r->uid = 0;
	in.valid = FATTR_SIZE;
	in.size = UINT64_MAX;
	CHECK_EQ(rig_op(r, FUSE_SETATTR, (uint64_t)n, &in, sizeof(in), NULL,
			NULL, &rep),
		 -EFBIG);
	CHECK_EQ(rig_op(r, FUSE_SETATTR, 1, &in, sizeof(in), NULL, NULL, &rep),
		 -EISDIR);
	CHECK_EQ(rig_op(r, FUSE_STATFS, 1, NULL, 0, NULL, NULL, &rep), 0);
	CHECK_EQ(rep.len, sizeof(struct fuse_statfs_out));
}

static void test_xattr(struct rig *r)
{
	struct fuse_setxattr_in set = { .size = 3 };
	struct fuse_getxattr_in get = { .size = 100 };
	uint8_t body[64];
	char path[300];
	int64_t n;

	rig_write_file(r, "xa", "x");
	path_of(r, "xa", path, sizeof(path));
	if (setxattr(path, "user.probe", "1", 1, 0)) {
		printf("fuse_server: /tmp has no user.* attributes: %s\n",
		       strerror(errno));
		return;
	}
	n = rig_lookup(r, 1, "xa", NULL);
	memcpy(body, &set, sizeof(set));
	memcpy(body + sizeof(set), "user.a\0val", 10);
	rig_send(r, FUSE_SETXATTR, (uint64_t)n, body, sizeof(set) + 10, &rep);
	CHECK_EQ(rep.error, 0);
	CHECK_EQ(rig_op(r, FUSE_GETXATTR, (uint64_t)n, &get, sizeof(get),
			"user.a", NULL, &rep),
		 0);
	CHECK_EQ(rep.len, 3);
	CHECK_EQ(memcmp(rep.body, "val", 3), 0);
	get.size = 2;
	CHECK_EQ(rig_op(r, FUSE_GETXATTR, (uint64_t)n, &get, sizeof(get),
			"user.a", NULL, &rep),
		 -ERANGE);
	CHECK_EQ(setxattr(path, "trusted.secret", "1", 1, 0), 0);
	get.size = 100;
	CHECK_EQ(rig_op(r, FUSE_GETXATTR, (uint64_t)n, &get, sizeof(get),
			"trusted.secret", NULL, &rep),
		 -EOPNOTSUPP);
	CHECK_EQ(rig_op(r, FUSE_LISTXATTR, (uint64_t)n, &get, sizeof(get), NULL,
			NULL, &rep),
		 0);
	CHECK_EQ(rep.len, strlen("user.a") + strlen("user.probe") + 2);
	CHECK_EQ(rig_op(r, FUSE_REMOVEXATTR, (uint64_t)n, NULL, 0, "user.a",
			NULL, &rep),
		 0);
	set.size = 1000; /* more than there is */
	memcpy(body, &set, sizeof(set));
	rig_send(r, FUSE_SETXATTR, (uint64_t)n, body, sizeof(set) + 10, &rep);
	CHECK_EQ(rep.error, -EINVAL);
}

/* Reads a directory to its end in replies of `size` bytes; entries seen. */
static unsigned read_all(struct rig *r, uint64_t dir, bool plus, uint32_t size)
{
	struct fuse_open_in oi = { 0 };
	struct fuse_open_out oo;
	struct fuse_read_in in = { .size = size };
	struct fuse_release_in rel;
	unsigned seen = 0;

	CHECK_EQ(
		rig_op(r, FUSE_OPENDIR, dir, &oi, sizeof(oi), NULL, NULL, &rep),
		0);
	memcpy(&oo, rep.body, sizeof(oo));
	in.fh = oo.fh;
	for (;;) {
		size_t head = plus ? FUSE_DIRENTPLUS_NAME : FUSE_DIRENT_NAME;
		size_t at = 0;

		CHECK_EQ(rig_op(r, plus ? FUSE_READDIRPLUS : FUSE_READDIR, dir,
				&in, sizeof(in), NULL, NULL, &rep),
			 0);
		CHECK(rep.len <= size);
		if (!rep.len || rep.error)
			break;
		while (at < rep.len) {
			struct fuse_dirent de;
			struct fuse_entry_out e = { 0 };

			memcpy(&de, rep.body + at + head - FUSE_DIRENT_NAME,
			       FUSE_DIRENT_NAME);
			if (plus)
				memcpy(&e, rep.body + at, sizeof(e));
			if (plus && rep.body[at + head] != '.')
				CHECK(e.nodeid > 1);
			in.offset = de.off;
			at += FUSE_ALIGN8(head + de.namelen);
			seen++;
		}
		CHECK_EQ(at, rep.len);
	}
	rel.fh = oo.fh;
	rig_op(r, FUSE_RELEASEDIR, dir, &rel, sizeof(rel), NULL, NULL, &rep);
	CHECK_EQ(rep.error, 0);
	rig_op(r, FUSE_RELEASEDIR, dir, &rel, sizeof(rel), NULL, NULL, &rep);
	CHECK_EQ(rep.error, -EBADF);
	return seen;
}

static void test_readdir(struct rig *r)
{
	struct fuse_mkdir_in md = { .mode = 0755 };
	struct fuse_read_in in = { .size = 4096, .fh = 77 };
	char name[64];
	int64_t d;

	CHECK_EQ(rig_op(r, FUSE_MKDIR, 1, &md, sizeof(md), "many", NULL, &rep),
		 0);
	d = rig_lookup(r, 1, "many", NULL);
	for (int k = 0; k < 300; k++) {
		snprintf(name, sizeof(name), "many/entry-%d-%0*d", k, k % 30,
			 7);
		rig_write_file(r, name, "");
	}
	CHECK_EQ(read_all(r, (uint64_t)d, false, 4096), 302);
	CHECK_EQ(read_all(r, (uint64_t)d, false, 100), 302);
	CHECK_EQ(read_all(r, (uint64_t)d, true, 4096), 302);
	CHECK_EQ(read_all(r, (uint64_t)d, true, 65536), 302);
	CHECK_EQ(rig_op(r, FUSE_READDIR, (uint64_t)d, &in, sizeof(in), NULL,
			NULL, &rep),
		 -EBADF);
}

static void test_special(struct rig *r)
{
	struct fuse_read_in rd = { .size = 10 };
	struct fuse_open_in oi = { 0 };
	char path[300];
	int64_t n;

	path_of(r, "pipe", path, sizeof(path));
	CHECK_EQ(mkfifo(path, 0600), 0);
	n = rig_lookup(r, 1, "pipe", NULL);
	/* neither opens it nor waits for its other end */
	CHECK_EQ(rig_op(r, FUSE_READ, (uint64_t)n, &rd, sizeof(rd), NULL, NULL,
			&rep),
		 -EINVAL);
	CHECK_EQ(rig_op(r, FUSE_OPEN, (uint64_t)n, &oi, sizeof(oi), NULL, NULL,
			&rep),
		 -ENOSYS);
	path_of(r, "zero", path, sizeof(path));
	if (!mknod(path, S_IFCHR | 0666, 0x105)) {
		n = rig_lookup(r, 1, "zero", NULL);
		CHECK_EQ(rig_op(r, FUSE_READ, (uint64_t)n, &rd, sizeof(rd),
				NULL, NULL, &rep),
			 -EINVAL);
	}
}

static void test_other(struct rig *r)
{
	struct fuse_fallocate_in fa = { .length = 8192 };
	struct fuse_lseek_in ls = { .whence = SEEK_HOLE };
	struct fuse_fsync_in fs = { .fsync_flags = FUSE_FSYNC_FDATASYNC };
	struct fuse_syncfs_in sy = { 0 };
	struct fuse_flush_in fl = { 0 };
	struct stat st;
	int64_t n;

	rig_write_file(r, "other", "");
	n = rig_lookup(r, 1, "other", NULL);
	CHECK_EQ(rig_op(r, FUSE_FALLOCATE, (uint64_t)n, &fa, sizeof(fa), NULL,
			NULL, &rep),
		 0);
	stat_of(r, "other", &st);
	CHECK_EQ(st.st_size, 8192);
	CHECK_EQ(rig_op(r, FUSE_LSEEK, (uint64_t)n, &ls, sizeof(ls), NULL, NULL,
			&rep),
		 0);
	ls.whence = SEEK_END;
	CHECK_EQ(rig_op(r, FUSE_LSEEK, (uint64_t)n, &ls, sizeof(ls), NULL, NULL,
			&rep),
		 -EINVAL);
	CHECK_EQ(rig_op(r, FUSE_FSYNC, (uint64_t)n, &fs, sizeof(fs), NULL, NULL,
			&rep),
		 0);
	CHECK_EQ(rig_op(r, FUSE_FSYNCDIR, 1, &fs, sizeof(fs), NULL, NULL, &rep),
		 0);
	CHECK_EQ(rig_op(r, FUSE_FLUSH, (uint64_t)n, &fl, sizeof(fl), NULL, NULL,
			&rep),
		 0);
	CHECK_EQ(rig_op(r, FUSE_SYNCFS, 1, &sy, sizeof(sy), NULL, NULL, &rep),
		 0);
	CHECK_EQ(rig_op(r, 37, 1, NULL, 0, NULL, NULL, &rep), -ENOSYS);
	CHECK_EQ(rig_op(r, 4096, 1, NULL, 0, NULL, NULL, &rep), -ENOSYS);
	CHECK_EQ(rig_op(r, FUSE_DESTROY, 0, NULL, 0, NULL, NULL, &rep), 0);
	CHECK_EQ(
		rig_op(r, FUSE_GETATTR, (uint64_t)n, NULL, 0, NULL, NULL, &rep),
		-ESTALE);
}

static void test_readonly(struct rig *r)
{
	struct fuse_mkdir_in md = { .mode = 0755 };
	struct fuse_open_in oi = { .flags = O_RDWR };

	fuse_server_destroy(r->s);
	rig_serve(r, true);
	CHECK_EQ(rig_op(r, FUSE_MKDIR, 1, &md, sizeof(md), "ro", NULL, &rep),
		 -EROFS);
	CHECK_EQ(rig_op(r, FUSE_UNLINK, 1, NULL, 0, "file", NULL, &rep),
		 -EROFS);
	CHECK(rig_lookup(r, 1, "file", NULL) > 0);
	CHECK_EQ(rig_op(r, FUSE_OPEN, (uint64_t)rig_lookup(r, 1, "file", NULL),
			&oi, sizeof(oi), NULL, NULL, &rep),
		 -EROFS);
}

int main(void)
{
	int fds = rig_open_fds();
	struct rig r;

	rig_init(&r);
	test_init(&r);
	test_lookup(&r);
	test_names(&r);
	test_forget(&r);
	test_data(&r);
	test_make(&r);
	test_move(&r);
	test_setattr(&r);
	test_xattr(&r);
	test_readdir(&r);
	test_special(&r);
	test_other(&r);
	test_readonly(&r);
	rig_fini(&r);
	CHECK_EQ(rig_open_fds(), fds);
	return check_done("fuse_server");
}
