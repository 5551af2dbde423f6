// uses: host/fuse/server.c host/fuse/wire.c host/fuse/inode.c host/fuse/iofd.c host/fuse/dax.c host/fuse/ops_attr.c host/fuse/ops_dir.c host/fuse/ops_entry.c host/fuse/ops_file.c host/fuse/ops_xattr.c host/memory.c host/folder.c host/err.c
/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_dax_test.c: the DAX window of the FUSE server, asked for right and wrong.
 * The window is looked at by system calls, which answer where we would die. */
#include "tests/unit/fuse_rig.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include "boot/abi/layout.h"
#include "host/memory.h"

#define G   FUSE_DAX_GRANULE
#define LEN (16 * G)

static struct reply rep;
static uint8_t *window;
static int pipes[2];

/* The byte at w, or -EFAULT. */
static int peek(const uint8_t *w)
{
	uint8_t b;

	if (syscall(SYS_write, pipes[1], w, 1) != 1)
		return -errno;
	return read(pipes[0], &b, 1) == 1 ? b : -EIO;
}

static int poke(uint8_t *w, uint8_t b)
{
	if (write(pipes[1], &b, 1) != 1)
		return -EIO;
	if (syscall(SYS_read, pipes[0], w, 1) == 1)
		return 0;
	(void)!read(pipes[0], &b, 1); /* it is still in there */
	return -EFAULT;
}

static void serve(struct rig *r, bool readonly)
{
	struct fuse_init_in in = { .major = 7,
				   .minor = 34,
				   .flags = FUSE_MAP_ALIGNMENT |
					    FUSE_NO_OPEN_SUPPORT };
	struct fuse_init_out out;

	if (r->s)
		fuse_server_destroy(r->s);
	rig_serve(r, readonly);
	CHECK_EQ(fuse_server_set_window(r->s, window, LEN), 0);
	CHECK_EQ(rig_op(r, FUSE_INIT, 0, &in, sizeof(in), NULL, NULL, &rep), 0);
	memcpy(&out, rep.body, sizeof(out));
	CHECK(out.flags & FUSE_MAP_ALIGNMENT);
	CHECK_EQ(1UL << out.map_alignment, G);
}

static int setup(struct rig *r, int64_t node, uint64_t off, uint64_t len,
		 uint64_t at, uint64_t flags)
{
	struct fuse_setupmapping_in in = {
		.foffset = off, .len = len, .moffset = at, .flags = flags
	};

	return rig_op(r, FUSE_SETUPMAPPING, (uint64_t)node, &in, sizeof(in),
		      NULL, NULL, &rep);
}

static int drop(struct rig *r, uint64_t at, uint64_t len)
{
	struct {
		struct fuse_removemapping_in in;
		uint8_t one[sizeof(struct fuse_removemapping_one)];
	} __attribute__((packed)) body = { .in = { 1 } };
	struct fuse_removemapping_one one = { at, len };

	memcpy(body.one, &one, sizeof(one));
	return rig_op(r, FUSE_REMOVEMAPPING, 0, &body, sizeof(body), NULL, NULL,
		      &rep);
}

#define RD FUSE_SETUPMAPPING_READ
#define RW (FUSE_SETUPMAPPING_READ | FUSE_SETUPMAPPING_WRITE)

static void make(const struct rig *r, const char *name, int n)
{
	char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/%s", r->root, name) < 0)
		exit(1);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	free(path);
	for (int k = 0; k < n; k++) {
		uint8_t page[4096];

		memset(page, 'a' + k, sizeof(page));
		if (write(fd, page, sizeof(page)) != sizeof(page))
			exit(1);
	}
	close(fd);
}

static void test_hostile(struct rig *r, int64_t f)
{
	int64_t dir = rig_lookup(r, 1, "dir", NULL);
	int64_t fifo = rig_lookup(r, 1, "fifo", NULL);
	const uint64_t big = 1ULL << 63;

	CHECK_EQ(setup(r, f, 0, G, 0, 0), -EINVAL);
	CHECK_EQ(setup(r, f, 0, G, 0, 4 | RD), -EINVAL);
	CHECK_EQ(setup(r, dir, 0, G, 0, RD), -EISDIR);
	CHECK_EQ(setup(r, fifo, 0, G, 0, RD), -EINVAL);
	CHECK_EQ(setup(r, 999999, 0, G, 0, RD), -ESTALE);
	CHECK_EQ(setup(r, f, 4096, G, 0, RD), -EINVAL);
	CHECK_EQ(setup(r, f, 0, 4096, 0, RD), -EINVAL);
	CHECK_EQ(setup(r, f, 0, 0, 0, RD), -EINVAL);
	CHECK_EQ(setup(r, f, 0, G, 4096, RD), -EINVAL);
	CHECK_EQ(setup(r, f, 0, G, LEN, RD), -EINVAL);
	CHECK_EQ(setup(r, f, 0, 2 * G, LEN - G, RD), -EINVAL);
	CHECK_EQ(setup(r, f, 0, G, 0 - G, RD), -EINVAL);
	CHECK_EQ(setup(r, f, 0, 0 - G, G, RD), -EINVAL);
	CHECK_EQ(setup(r, f, big - G, 2 * G, 0, RD), -EINVAL);
	CHECK_EQ(setup(r, f, 0 - G, G, 0, RD), -EINVAL);
	CHECK_EQ(rig_op(r, FUSE_SETUPMAPPING, (uint64_t)f, "short", 6, NULL,
			NULL, &rep),
		 -EINVAL);
	CHECK_EQ(drop(r, 0, G), -EINVAL);
	CHECK_EQ(drop(r, LEN, G), -EINVAL);
	CHECK_EQ(peek(window), -EFAULT);
}

static void test_maps(struct rig *r, int64_t f)
{
	CHECK_EQ(setup(r, f, 0, 2 * G, 2 * G, RD), 0);
	CHECK_EQ(peek(window + 2 * G), 'a');
	CHECK_EQ(peek(window + 2 * G + 2 * 4096), 'c');
	CHECK_EQ(poke(window + 2 * G, 'z'), -EFAULT);
	CHECK_EQ(peek(window + 2 * G - 1), -EFAULT);
	CHECK_EQ(peek(window + 4 * G), -EFAULT);
	CHECK_EQ(peek(window + 2 * G + 3 * 4096), -EFAULT); /* end of file */
	/* overlaps */
	CHECK_EQ(setup(r, f, 0, 2 * G, G, RD), -EINVAL);
	CHECK_EQ(setup(r, f, 0, G, 2 * G, RD), -EINVAL);
	CHECK_EQ(setup(r, f, 0, G, 3 * G, RD), -EINVAL);
	CHECK_EQ(setup(r, f, 0, 4 * G, 2 * G, RD), -EINVAL);
	CHECK_EQ(drop(r, 2 * G, G), -EINVAL);
	CHECK_EQ(drop(r, 2 * G, 4 * G), -EINVAL);
	CHECK_EQ(peek(window + 2 * G), 'a');
	/* the same place again, for writing */
	CHECK_EQ(setup(r, f, 0, 2 * G, 2 * G, RW), 0);
	CHECK_EQ(poke(window + 2 * G, 'Z'), 0);
	CHECK_EQ(peek(window + 2 * G), 'Z');
	CHECK_EQ(drop(r, 2 * G, 2 * G), 0);
	CHECK_EQ(peek(window + 2 * G), -EFAULT);
	CHECK_EQ(setup(r, f, 0, G, 3 * G, RD), 0);
	CHECK_EQ(peek(window + 3 * G), 'Z');
	fuse_server_reset(r->s);
	CHECK_EQ(peek(window + 3 * G), -EFAULT);
}

/* The guest forgets a file, and somebody deletes it: its mapping stays. */
static void test_forgotten(struct rig *r)
{
	int64_t f = rig_lookup(r, 1, "file", NULL);
	struct fuse_forget_in in = { 1000 };

	CHECK_EQ(setup(r, f, 0, G, 0, RD), 0);
	rig_op(r, FUSE_FORGET, (uint64_t)f, &in, sizeof(in), NULL, NULL, &rep);
	CHECK_EQ(setup(r, f, 0, G, G, RD), -ESTALE);
	CHECK_EQ(peek(window), 'Z');
	CHECK_EQ(drop(r, 0, G), 0);
	CHECK_EQ(peek(window), -EFAULT);
}

static void test_cut(struct rig *r)
{
	int64_t f = rig_lookup(r, 1, "file", NULL);
	struct fuse_attr a;
	uint64_t seen = 0, other = 0;
	char path[200];

	snprintf(path, sizeof(path), "%s/file", r->root);
	CHECK_EQ(setup(r, f, 0, G, 0, RD), 0);
	CHECK_EQ(setup(r, f, 0, G, G, RW), 0);
	CHECK(fuse_server_repair(r->s, &seen, false)); /* behind 3 pages */
	CHECK_EQ(peek(window + 3 * 4096), 0);
	CHECK(!fuse_server_repair(r->s, &seen, false));
	CHECK_EQ(truncate(path, 4096), 0);
	CHECK_EQ(peek(window + 4096), -EFAULT);
	CHECK(fuse_server_repair(r->s, &seen, false));
	CHECK(fuse_server_repair(r->s, &other, false)); /* it was done */
	CHECK(!fuse_server_repair(r->s, &other, false));
	CHECK_EQ(peek(window + 4096), 0);
	CHECK_EQ(peek(window), 'Z');
	CHECK_EQ(poke(window + 4096, 1), -EFAULT);
	CHECK_EQ(poke(window + G + 4096, 1), 0); /* lost, as the page is */
	/* longer again: seen as soon as the guest may know */
	make(r, "file", 3);
	CHECK_EQ(peek(window + 4096), 0);
	CHECK(rig_lookup(r, 1, "file", &a) > 0);
	CHECK_EQ(a.size, 3 * 4096);
	CHECK_EQ(peek(window + 4096), 'b');
	CHECK_EQ(peek(window + G + 4096), 'b');
	/* by a write of the guest */
	CHECK_EQ(truncate(path, 0), 0);
	CHECK(fuse_server_repair(r->s, &seen, false));
	CHECK_EQ(peek(window), 0);
	struct {
		struct fuse_write_in in;
		uint8_t data[8];
	} w = { { .offset = 0, .size = 8 }, "written" };

	CHECK_EQ(rig_op(r, FUSE_WRITE, (uint64_t)f, &w, sizeof(w), NULL, NULL,
			&rep),
		 0);
	CHECK_EQ(peek(window), 'w');
	CHECK(fuse_server_repair(r->s, &seen, true));
	CHECK_EQ(peek(window), 'w');
	fuse_server_reset(r->s);
}

/* A great many: the table is full before the window is. */
static void test_many(struct rig *r)
{
	uint64_t len = 8200 * G;
	uint8_t *big = mmap(NULL, len, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int64_t f;
	int n, err = 0;

	fuse_server_destroy(r->s);
	rig_serve(r, false);
	CHECK_EQ(fuse_server_set_window(r->s, big, len), 0);
	f = rig_lookup(r, 1, "file", NULL);
	for (n = 0; n < 8200 && !err; n++)
		err = setup(r, f, 0, G, (uint64_t)n * G, RD);
	CHECK_EQ(err, -ENOSPC);
	CHECK_EQ(n, 8193);
	CHECK_EQ(drop(r, 100 * G, G), 0);
	CHECK_EQ(setup(r, f, 0, G, 8199 * G, RD), 0);
	fuse_server_destroy(r->s);
	r->s = NULL;
	munmap(big, len);
}

static void test_modes(struct rig *r)
{
	int64_t f;

	serve(r, true);
	f = rig_lookup(r, 1, "file", NULL);
	CHECK_EQ(setup(r, f, 0, G, 0, RW), -EROFS);
	CHECK_EQ(setup(r, f, 0, G, 0, RD), 0);
	CHECK_EQ(poke(window, 1), -EFAULT);
	/* without a window the requests are not there */
	fuse_server_destroy(r->s);
	rig_serve(r, false);
	f = rig_lookup(r, 1, "file", NULL);
	CHECK_EQ(setup(r, f, 0, G, 0, RD), -ENOSYS);
	CHECK_EQ(drop(r, 0, G), -ENOSYS);
}

/* No device reaches the window: it is no memory of the machine. */
static void test_slice(void)
{
	struct guest_mem m;
	struct err e;

	CHECK_EQ(mem_create(&m, MEMORY_MIN, 0, &e), 0);
	CHECK_EQ(mem_window(&m, &e), 0);
	CHECK(gpa_slice(&m, GPA(0), 4096) != NULL);
	CHECK(gpa_slice(&m, GPA(DAX_GPA), 1) == NULL);
	CHECK(gpa_slice(&m, GPA(DAX_GPA + DAX_BYTES), 4096) == NULL);
	CHECK_EQ(peek(m.window.hva), -EFAULT);
	CHECK_EQ(peek(m.window.hva + DAX_BYTES), 0);
	CHECK_EQ(poke(m.window.hva + DAX_SPAN - 1, 1), 0);
	mem_destroy(&m);
}

int main(void)
{
	int fds = rig_open_fds();
	char path[200];
	struct rig r;

	if (pipe2(pipes, O_NONBLOCK | O_CLOEXEC))
		return 1;
	window = mmap(NULL, LEN, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	rig_init(&r);
	make(&r, "file", 3);
	snprintf(path, sizeof(path), "%s/fifo", r.root);
	CHECK_EQ(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/dir", r.root);
	CHECK_EQ(mkdir(path, 0700), 0);
	serve(&r, false);
	test_hostile(&r, rig_lookup(&r, 1, "file", NULL));
	test_maps(&r, rig_lookup(&r, 1, "file", NULL));
	test_forgotten(&r);
	test_cut(&r);
	test_many(&r);
	test_modes(&r);
	test_slice();
	rig_fini(&r);
	close(pipes[0]);
	close(pipes[1]);
	CHECK_EQ(rig_open_fds(), fds);
	return check_done("fuse_dax");
}
