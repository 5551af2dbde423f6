/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.c: the FUSE server's life, its dispatch table, INIT and FORGET.
 *
 * fuse_server_handle() copies the header, finds the op and the inode, runs the
 * op and writes the reply's header last.  Requests are independent: nothing
 * is held between them but the inode table, the directory handles and cached
 * descriptors.
 */
#include "host/fuse/server.h"
#include "host/fuse/internal.h"
#include "host/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define OP_WRITES   1 /* EROFS on a read-only server */
#define OP_NO_REPLY 2
#define OP_NO_INODE 4 /* nodeid means nothing */

/* Descriptors that are not for inodes: I/O, directories, the monitor's own. */
#define FD_RESERVE (FUSE_IO_SETS * FUSE_IO_WAYS + FUSE_MAX_DIRS + 256)

/* What this server can do of what a client may ask for in INIT. */
#define SERVER_FLAGS                                                           \
	(FUSE_ASYNC_READ | FUSE_ATOMIC_O_TRUNC | FUSE_BIG_WRITES |             \
	 FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO | FUSE_NO_OPEN_SUPPORT |  \
	 FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES | FUSE_CACHE_SYMLINKS |         \
	 FUSE_HANDLE_KILLPRIV_V2)

void fuse_server_reset(struct fuse_server *s)
{
	dirs_reset(s);
	dax_reset(s);
	node_table_reset(s);
}

static int op_init(struct fuse_server *s, struct fuse_req *r,
		   struct fuse_inode *i)
{
	struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION,
				     .minor = FUSE_KERNEL_MINOR_VERSION };
	struct fuse_init_in in;
	int err;

	(void)i;
	err = req_get(r, &in, sizeof(in));
	if (err)
		return err;
	if (in.major < 7 || (in.major == 7 && in.minor < 31))
		return -EPROTO;
	fuse_server_reset(s);
	if (in.major > 7) /* it asks again, with ours */
		return req_put(r, &out, sizeof(out));
	out.flags = in.flags & SERVER_FLAGS;
	if (s->dax && (in.flags & FUSE_MAP_ALIGNMENT)) {
		out.flags |= FUSE_MAP_ALIGNMENT;
		out.map_alignment = FUSE_DAX_ALIGN_LOG2;
	}
	out.max_readahead = in.max_readahead;
	out.max_background = 64;
	out.congestion_threshold = 48;
	out.max_write = FUSE_SERVER_MAX_PAGES * FUSE_PAGE;
	out.time_gran = 1;
	out.max_pages = FUSE_SERVER_MAX_PAGES;
	atomic_store(&s->flags, out.flags);
	return req_put(r, &out, sizeof(out));
}

static int op_destroy(struct fuse_server *s, struct fuse_req *r,
		      struct fuse_inode *i)
{
	(void)r;
	(void)i;
	fuse_server_reset(s);
	return 0;
}

static int op_forget(struct fuse_server *s, struct fuse_req *r,
		     struct fuse_inode *i)
{
	struct fuse_forget_in in;
	int err;

	(void)i;
	err = req_get(r, &in, sizeof(in));
	if (!err)
		node_forget(s, r->h.nodeid, in.nlookup);
	return err;
}

static int op_batch_forget(struct fuse_server *s, struct fuse_req *r,
			   struct fuse_inode *i)
{
	struct fuse_batch_forget_in in;
	struct fuse_forget_one one;
	int err;

	(void)i;
	err = req_get(r, &in, sizeof(in));
	for (uint32_t k = 0; !err && k < in.count; k++) {
		err = req_get(r, &one, sizeof(one));
		if (!err)
			node_forget(s, one.nodeid, one.nlookup);
	}
	return err;
}

/* Requests are answered before the next can be taken from the queue, so there
 * is never one to interrupt. */
static int op_interrupt(struct fuse_server *s, struct fuse_req *r,
			struct fuse_inode *i)
{
	(void)s;
	(void)r;
	(void)i;
	return 0;
}

static const struct {
	fuse_op fn;
	unsigned flags;
} ops[FUSE_OPCODE_END] = {
	[FUSE_LOOKUP] = { op_lookup, 0 },
	[FUSE_FORGET] = { op_forget, OP_NO_REPLY | OP_NO_INODE },
	[FUSE_GETATTR] = { op_getattr, 0 },
	[FUSE_SETATTR] = { op_setattr, OP_WRITES },
	[FUSE_READLINK] = { op_readlink, 0 },
	[FUSE_SYMLINK] = { op_symlink, OP_WRITES },
	[FUSE_MKNOD] = { op_mknod, OP_WRITES },
	[FUSE_MKDIR] = { op_mkdir, OP_WRITES },
	[FUSE_UNLINK] = { op_unlink, OP_WRITES },
	[FUSE_RMDIR] = { op_rmdir, OP_WRITES },
	[FUSE_RENAME] = { op_rename, OP_WRITES },
	[FUSE_LINK] = { op_link, OP_WRITES },
	[FUSE_OPEN] = { op_open, 0 },
	[FUSE_READ] = { op_read, 0 },
	[FUSE_WRITE] = { op_write, OP_WRITES },
	[FUSE_STATFS] = { op_statfs, 0 },
	[FUSE_RELEASE] = { op_release, 0 },
	[FUSE_FSYNC] = { op_fsync, 0 },
	[FUSE_SETXATTR] = { op_setxattr, OP_WRITES },
	[FUSE_GETXATTR] = { op_getxattr, 0 },
	[FUSE_LISTXATTR] = { op_listxattr, 0 },
	[FUSE_REMOVEXATTR] = { op_removexattr, OP_WRITES },
	[FUSE_FLUSH] = { op_flush, 0 },
	[FUSE_INIT] = { op_init, OP_NO_INODE },
	[FUSE_OPENDIR] = { op_opendir, 0 },
	[FUSE_READDIR] = { op_readdir, 0 },
	[FUSE_RELEASEDIR] = { op_releasedir, 0 },
	[FUSE_FSYNCDIR] = { op_fsync, 0 },
	[FUSE_ACCESS] = { op_access, 0 },
	[FUSE_CREATE] = { op_create, OP_WRITES },
	[FUSE_INTERRUPT] = { op_interrupt, OP_NO_REPLY | OP_NO_INODE },
	[FUSE_DESTROY] = { op_destroy, OP_NO_INODE },
	[FUSE_BATCH_FORGET] = { op_batch_forget, OP_NO_REPLY | OP_NO_INODE },
	[FUSE_FALLOCATE] = { op_fallocate, OP_WRITES },
	[FUSE_READDIRPLUS] = { op_readdirplus, 0 },
	[FUSE_RENAME2] = { op_rename2, OP_WRITES },
	[FUSE_LSEEK] = { op_lseek, 0 },
	[FUSE_SETUPMAPPING] = { op_setupmapping, 0 },
	[FUSE_REMOVEMAPPING] = { op_removemapping, OP_NO_INODE },
	[FUSE_SYNCFS] = { op_syncfs, 0 },
};

/* Runs the op of a checked header: 0 or negative errno for the reply. */
static int dispatch(struct fuse_server *s, struct fuse_req *r, unsigned *flags)
{
	struct fuse_inode *i = NULL;
	uint32_t op = r->h.opcode;
	int err;

	*flags = 0;
	if (op >= FUSE_OPCODE_END || !ops[op].fn)
		return -ENOSYS;
	*flags = ops[op].flags;
	if ((*flags & OP_WRITES) && s->readonly)
		return -EROFS;
	if (!(*flags & OP_NO_INODE)) {
		i = node_get(s, r->h.nodeid);
		if (!i)
			return -ESTALE;
	}
	err = ops[op].fn(s, r, i);
	if (i)
		node_put(s, i);
	return err;
}

int fuse_server_handle(struct fuse_server *s, const struct iovec *in,
		       unsigned nin, const struct iovec *out, unsigned nout)
{
	struct fuse_out_header reply = { .len = sizeof(reply) };
	struct cursor head;
	struct fuse_req r = { .put = 0 };
	unsigned flags;
	int err;

	if (nin > FUSE_SERVER_MAX_IOV || nout > FUSE_SERVER_MAX_IOV)
		return -EINVAL;
	cursor_init(&r.in, in, nin, UINT32_MAX);
	cursor_init(&head, out, nout, INT32_MAX);
	err = req_get(&r, &r.h, sizeof(r.h));
	if (err)
		return err;
	if (r.h.len < sizeof(r.h) || r.h.len - sizeof(r.h) > r.in.left)
		return -EINVAL;
	r.in.left = r.h.len - sizeof(r.h);
	r.out = head;
	if (head.left >= sizeof(reply))
		cursor_skip(&r.out, sizeof(reply));
	else
		r.out.left = 0;
	if (head.left < sizeof(reply) &&
	    (r.h.opcode >= FUSE_OPCODE_END ||
	     !(ops[r.h.opcode].flags & OP_NO_REPLY)))
		return -EINVAL;
	err = dispatch(s, &r, &flags);
	if (flags & OP_NO_REPLY)
		return err < 0 ? err : 0;
	reply.error = err;
	reply.unique = r.h.unique;
	if (!err)
		reply.len += (uint32_t)r.put;
	err = cursor_put(&head, &reply, sizeof(reply));
	return err ? err : (int)reply.len;
}

/* ---- life ---- */

/* As many descriptors as the host lets us have; how many inodes fit. */
static long raise_nofile(void)
{
	struct rlimit rl, want;

	if (getrlimit(RLIMIT_NOFILE, &rl))
		return 256;
	want = (struct rlimit){ 1U << 20, 1U << 20 };
	if (rl.rlim_max >= want.rlim_max)
		want.rlim_max = rl.rlim_max;
	if (rl.rlim_cur < want.rlim_cur && setrlimit(RLIMIT_NOFILE, &want)) {
		want = (struct rlimit){ rl.rlim_max, rl.rlim_max };
		if (setrlimit(RLIMIT_NOFILE, &want))
			want = rl;
	} else if (rl.rlim_cur >= want.rlim_cur) {
		want = rl;
	}
	if (want.rlim_cur > 1U << 24)
		want.rlim_cur = 1U << 24;
	if (want.rlim_cur < FD_RESERVE * 2)
		return (long)want.rlim_cur / 4;
	return (long)want.rlim_cur - FD_RESERVE;
}

int fuse_server_create(struct fuse_server **out, int root_fd, bool readonly,
		       struct err *e)
{
	struct fuse_server *s;
	int err;

	s = calloc(1, sizeof(*s));
	if (!s) {
		err = err_set(e, ENOMEM, "fuse: server");
		goto close_root;
	}
	s->readonly = readonly;
	s->valid_sec = 1;
	s->euid = geteuid();
	s->egid = getegid();
	s->max_inodes = raise_nofile();
	s->proc_fd = folder_open("/proc/self/fd");
	if (s->proc_fd < 0) {
		err = err_set(e, -s->proc_fd, "fuse: /proc/self/fd");
		goto free_server;
	}
	err = node_table_init(s, root_fd);
	if (err) {
		err = err_set(e, -err, "fuse: the root's descriptor %d",
			      root_fd);
		goto close_proc;
	}
	pthread_mutex_init(&s->dir_lock, NULL);
	io_init(s);
	umask(0);
	*out = s;
	return 0;
close_proc:
	close(s->proc_fd);
free_server:
	free(s);
close_root:
	close(root_fd);
	return err;
}

void fuse_server_set_valid(struct fuse_server *s, uint32_t ms)
{
	s->valid_sec = ms / 1000;
	s->valid_ns = ms % 1000 * 1000000;
}

void fuse_server_destroy(struct fuse_server *s)
{
	if (!s)
		return;
	dirs_reset(s);
	dax_fini(s);
	node_table_fini(s);
	io_fini(s);
	pthread_mutex_destroy(&s->dir_lock);
	close(s->proc_fd);
	free(s);
}
