// uses: host/fuse/server.c host/fuse/wire.c host/fuse/inode.c host/fuse/iofd.c host/fuse/dax.c host/fuse/ops_attr.c host/fuse/ops_dir.c host/fuse/ops_entry.c host/fuse/ops_file.c host/fuse/ops_xattr.c host/folder.c host/err.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuse_fuzz.c: requests that nobody would send, to the FUSE server.
 *
 * An input is a list of requests: an opcode, a node (often one that the server
 * gave out), lengths that may lie, a body that is often nearly right, and the
 * places where the iovecs are cut.  Under the sanitizers; besides, a reply
 * must fit its room and a file beside the tree must stay as it is.
 *
 * The tree stays from one input to the next, as it does for a guest.
 */
#include "tests/unit/fuse_rig.h"

#include <sys/mman.h>

#define NODES  16
#define ROOM   8192
#define WINDOW (32 * FUSE_DAX_GRANULE)

static struct rig rig;
static uint8_t *window; /* with as much that is not to be touched around */
static uint64_t node[NODES] = { 1 };
static unsigned nnodes = 1;
static uint64_t handle; /* of the directory opened last */
static uint64_t handle_node = 1;

struct input {
	const uint8_t *p;
	size_t left;
};

static uint8_t byte(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->p++;
}

static uint32_t word(struct input *in)
{
	uint32_t v = 0;

	for (int k = 0; k < 4; k++)
		v = v << 8 | byte(in);
	return v;
}

static size_t put_name(struct input *in, uint8_t *to)
{
	static const char *const names[] = { "a",          "b",  "c", "dir",
					     "link",       "..", ".", "a/b",
					     "../outside", "" };
	uint8_t k = byte(in);

	if (k < 200) {
		const char *s = names[k % 10];

		memcpy(to, s, strlen(s) + 1);
		return strlen(s) + 1;
	}
	memset(to, 'n', k);
	to[k] = k & 1 ? 0 : 'n';
	return k + 1U;
}

/* The structure that the opcode has in front: its size. */
static size_t head_size(uint32_t op)
{
	switch (op) {
	case FUSE_SETATTR:
		return sizeof(struct fuse_setattr_in);
	case FUSE_READ:
	case FUSE_WRITE:
	case FUSE_READDIR:
	case FUSE_READDIRPLUS:
	case FUSE_SETUPMAPPING:
		return 40;
	case FUSE_FALLOCATE:
		return 32;
	case FUSE_REMOVEMAPPING:
		return 20;
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
	case FUSE_FLUSH:
	case FUSE_LSEEK:
		return 24;
	case FUSE_MKNOD:
	case FUSE_CREATE:
	case FUSE_RENAME2:
	case FUSE_FSYNC:
	case FUSE_FSYNCDIR:
	case FUSE_INIT:
	case FUSE_GETATTR:
		return 16;
	case FUSE_LOOKUP:
	case FUSE_SYMLINK:
	case FUSE_UNLINK:
	case FUSE_RMDIR:
	case FUSE_REMOVEXATTR:
		return 0;
	default:
		return 8;
	}
}

/* Words that are small, huge, a node, or what the input says. */
static size_t put_head(struct input *in, uint32_t op, uint8_t *to)
{
	size_t n = head_size(op);

	for (size_t at = 0; at + 8 <= n; at += 8) {
		uint64_t v = 0;

		switch (byte(in) % 8) {
		case 0:
			v = byte(in);
			break;
		case 1:
			v = node[byte(in) % nnodes];
			break;
		case 2:
			v = (uint64_t)word(in) << 32 | word(in);
			break;
		case 3:
			v = UINT64_MAX - byte(in);
			break;
		case 5:
			v = at ? 4096 : handle;
			break;
		case 4: /* a small pair, as flags and modes are */
			v = byte(in) | (uint64_t)(word(in) & 0177777) << 32;
			break;
		case 6:
			v = (byte(in) % (WINDOW / FUSE_DAX_GRANULE + 1)) *
			    FUSE_DAX_GRANULE;
			break;
		default:
			break;
		}
		memcpy(to + at, &v, 8);
	}
	if (op == FUSE_REMOVEMAPPING) { /* a word, then pairs */
		memmove(to + 4, to, 16);
		memset(to, 0, 4);
		to[0] = 1;
	}
	return n;
}

static void remember(const struct fuse_in_header *h, const uint8_t *ans, int n)
{
	uint32_t op = h->opcode;
	uint64_t id;

	if (op == FUSE_OPENDIR && n == 16 + (int)sizeof(struct fuse_open_out)) {
		memcpy(&handle, ans + 16, sizeof(handle));
		handle_node = h->nodeid;
	}

	if (n < 16 + (int)sizeof(struct fuse_entry_out) ||
	    (op != FUSE_LOOKUP && op != FUSE_MKDIR && op != FUSE_MKNOD &&
	     op != FUSE_CREATE && op != FUSE_SYMLINK))
		return;
	memcpy(&id, ans + 16, sizeof(id));
	node[nnodes < NODES ? nnodes++ : 1 + id % (NODES - 1)] = id;
}

static void one_request(struct input *in)
{
	uint8_t req[2048] = { 0 }, ans[ROOM];
	struct fuse_in_header h = { .unique = 1 };
	struct iovec vi[64], vo[64];
	size_t n = sizeof(h), room = ROOM;
	unsigned nin, nout;
	int ret;

	h.opcode = byte(in) % 64;
	h.nodeid = node[byte(in) % nnodes];
	if ((h.opcode == FUSE_READDIR || h.opcode == FUSE_READDIRPLUS) &&
	    (byte(in) & 3))
		h.nodeid = handle_node;
	h.uid = byte(in) & 3;
	h.gid = byte(in) & 3;
	n += put_head(in, h.opcode, req + n);
	n += put_name(in, req + n);
	if (byte(in) & 1)
		n += put_name(in, req + n);
	n += byte(in);
	h.len = (uint32_t)n;
	switch (byte(in) % 16) {
	case 0:
		h.len = word(in);
		break;
	case 1:
		n = byte(in) % n;
		break;
	case 2:
		room = byte(in);
		break;
	case 3:
		h.nodeid = (uint64_t)word(in) << 32 | word(in);
		break;
	default:
		break;
	}
	memcpy(req, &h, sizeof(h));
	nin = rig_cut(vi, 64, req, n, 1U + byte(in) * 4U);
	nout = rig_cut(vo, 64, ans, room, 128U + byte(in) * 32U);
	ret = fuse_server_handle(rig.s, vi, nin, vo, nout);
	if (ret > (int)room)
		abort();
	remember(&h, ans, ret);
	if (h.opcode == FUSE_SETUPMAPPING && !(byte(in) & 7)) {
		uint64_t seen = 0;

		(void)fuse_server_repair(rig.s, &seen, byte(in) & 1);
	}
}

/* Nothing is mapped beside the window: each page of it answers EFAULT. */
static void check_window(void)
{
	static int null = -1;

	if (null < 0)
		null = memfd_create("null", 0);
	for (size_t at = 0; at < WINDOW; at += FUSE_DAX_GRANULE)
		if (pwrite(null, window + at, 1, 0) == 1 ||
		    pwrite(null, window + 2 * WINDOW + at, 1, 0) == 1)
			abort();
}

static void check_outside(void)
{
	char path[200], buf[16] = { 0 };
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/outside", rig.top);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, buf, sizeof(buf)) != 6 ||
	    memcmp(buf, "secret", 6) || fstat(fd, &st) ||
	    (st.st_mode & 07777) != 0600 || st.st_uid || st.st_nlink != 1)
		abort();
	close(fd);
}

static void clean_up(void)
{
	rig_fini(&rig);
}

static void setup(void)
{
	char path[200];
	int fd;

	rig_init(&rig);
	atexit(clean_up);
	window = mmap(NULL, 3 * WINDOW, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (window == MAP_FAILED ||
	    fuse_server_set_window(rig.s, window + WINDOW, WINDOW))
		abort();
	snprintf(path, sizeof(path), "%s/outside", rig.top);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || write(fd, "secret", 6) != 6)
		abort();
	close(fd);
	rig_write_file(&rig, "a", "contents");
	snprintf(path, sizeof(path), "%s/dir", rig.root);
	if (mkdir(path, 0755))
		abort();
	snprintf(path, sizeof(path), "%s/link", rig.root);
	if (symlink("../outside", path))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (!rig.s)
		setup();
	while (in.left)
		one_request(&in);
	check_outside();
	check_window();
	return 0;
}
