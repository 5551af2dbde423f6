/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h: what the files of host/fuse share.
 *
 * A request travels as struct fuse_req: cursors over the iovecs of both
 * directions, and the header, already copied and checked.  An op takes its
 * body through req_get()/req_name(), which can only fail, never overrun, and
 * answers by returning 0 (with the body put through req_put()) or a negative
 * errno.  See README.md for the lock order: every lock here is a leaf but for
 * a directory handle's, which is held around lookups.
 */
#ifndef HOST_FUSE_INTERNAL_H
#define HOST_FUSE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "boot/abi/fuse.h"
#include "host/fuse/server.h"

/* ---- wire.c: cursors and replies ---- */

struct cursor {
	const struct iovec *iov; /* [0..n) of the guest's memory */
	unsigned n;
	size_t off;  /* in iov[0] */
	size_t left; /* bytes that may still be taken or put */
};

struct fuse_req {
	struct fuse_in_header h;
	struct cursor in;  /* the body */
	struct cursor out; /* room behind the reply's header */
	size_t put;        /* bytes of body in the reply */
};

void cursor_init(struct cursor *c, const struct iovec *iov, unsigned n,
		 size_t limit);
/* Copies exactly n bytes: 0, or -EINVAL where fewer are left. */
int cursor_get(struct cursor *c, void *buf, size_t n) MUST_CHECK;
int cursor_put(struct cursor *c, const void *buf, size_t n) MUST_CHECK;
/* Past n bytes; no more than are left. */
void cursor_skip(struct cursor *c, size_t n);
/* The next n bytes as iovecs in v[0..max); *nv of them.  Moves nothing. */
int cursor_iovec(const struct cursor *c, size_t n, struct iovec *v,
		 unsigned max, unsigned *nv) MUST_CHECK;

int req_get(struct fuse_req *r, void *buf, size_t n) MUST_CHECK;
int req_put(struct fuse_req *r, const void *buf, size_t n) MUST_CHECK;
/* A string and its NUL, from the body into buf of n bytes. */
int req_string(struct fuse_req *r, char *buf, size_t n) MUST_CHECK;
/* The same for a name: one component, no '/', not "." or "..". */
int req_name(struct fuse_req *r, char name[FUSE_NAME_MAX + 1]) MUST_CHECK;

/* ---- inode.c: what the guest knows by number ---- */

struct fuse_inode {
	struct fuse_inode *next; /* [shard] hash chain */
	uint64_t nodeid;         /* [I] */
	uint64_t dev, ino, mnt;  /* [I] identity on the host */
	uint64_t nlookup;        /* [shard] references that the guest holds */
	atomic_uint ref;         /* 1 while in the table, 1 for each user */
	int fd;                  /* [I] O_PATH, owned */
	uint32_t type;           /* [I] S_IFMT bits */
	atomic_bool written;     /* opened for writing once */
};

#define FUSE_SHARDS 64

struct fuse_slot {
	struct fuse_inode *inode; /* NULL: free */
	uint32_t gen;             /* of the next user */
	uint32_t next_free;       /* slot number + 1 */
};

struct fuse_shard {
	pthread_mutex_t lock; /* leaf */
	struct fuse_inode **bucket;
	size_t nbucket, count; /* nbucket: power of two, or 0 */
	struct fuse_slot *slot;
	size_t nslot, used;
	uint32_t free; /* slot number + 1 */
};

/* An I/O descriptor of a file that was used lately. */
struct fuse_io {
	uint64_t nodeid; /* 0: free */
	int fd;
	unsigned users;
	unsigned stamp;
	bool writable, stale;
};
#define FUSE_IO_SETS 32
#define FUSE_IO_WAYS 8
struct fuse_io_set {
	pthread_mutex_t lock; /* leaf */
	struct fuse_io way[FUSE_IO_WAYS];
	unsigned clock;
};

struct fuse_dir;
struct fuse_dax;
#define FUSE_MAX_DIRS 256
#define FUSE_MAX_DEVS 64

struct fuse_server {
	bool readonly;                /* [I] */
	uint32_t valid_sec, valid_ns; /* [I] after the first request */
	uint32_t euid, egid;          /* [I] owner of what this process makes */
	int proc_fd;                  /* [I] /proc/self/fd */
	struct fuse_inode *root;      /* [I] */
	uint64_t root_dev;            /* [I] */
	atomic_uint flags;            /* FUSE_* agreed by INIT */
	atomic_long ninodes;
	long max_inodes; /* [I] */
	struct fuse_shard shard[FUSE_SHARDS];
	struct fuse_io_set io[FUSE_IO_SETS];
	pthread_mutex_t dir_lock; /* leaf: the table of handles */
	struct fuse_dir *dir[FUSE_MAX_DIRS];
	uint32_t dir_gen[FUSE_MAX_DIRS];
	pthread_mutex_t dev_lock; /* leaf: devs below the root's */
	uint64_t dev[FUSE_MAX_DEVS];
	unsigned ndev;
	struct fuse_dax *dax; /* [I] after the first request; NULL: no window */
};

int node_table_init(struct fuse_server *s, int root_fd) MUST_CHECK;
void node_table_fini(struct fuse_server *s);
/* Forgets everything but the root. */
void node_table_reset(struct fuse_server *s);
/* The inode behind a number, with a reference; NULL: no such one. */
struct fuse_inode *node_get(struct fuse_server *s, uint64_t nodeid);
void node_put(struct fuse_server *s, struct fuse_inode *i);
void node_forget(struct fuse_server *s, uint64_t nodeid, uint64_t n);
/* Looks `name` up below dir, counts one lookup for the guest, and fills *out
 * (all of it).  Negative errno. */
int node_lookup(struct fuse_server *s, struct fuse_inode *dir, const char *name,
		struct fuse_entry_out *out) MUST_CHECK;
/* As node_lookup, for an inode that the guest knows already. */
int node_again(struct fuse_server *s, const struct fuse_inode *i,
	       struct fuse_entry_out *out) MUST_CHECK;
/* Attributes as the guest sees them. */
int node_attr(struct fuse_server *s, const struct fuse_inode *i,
	      struct fuse_attr *out) MUST_CHECK;
/* st_ino as the guest sees it: unique over all mounted file systems. */
uint64_t node_number(struct fuse_server *s, uint64_t dev, uint64_t ino);
/* Opens a regular file or directory for I/O; -EINVAL, -EISDIR for others. */
int node_reopen(struct fuse_server *s, const struct fuse_inode *i,
		int flags) MUST_CHECK;

/* ---- iofd.c: descriptors for reading and writing ---- */

struct fuse_iofd {
	int fd;
	struct fuse_io *way; /* NULL: fd is closed by io_put */
	struct fuse_io_set *set;
};
void io_init(struct fuse_server *s);
void io_fini(struct fuse_server *s);
/* A descriptor of a regular file or directory, until io_put(). */
int io_get(struct fuse_server *s, struct fuse_inode *i, bool writable,
	   struct fuse_iofd *out) MUST_CHECK;
void io_put(struct fuse_iofd *out);
/* Closes what is cached of a number that is gone. */
void io_forget(struct fuse_server *s, uint64_t nodeid);

/* ---- dax.c: the DAX window; nothing where there is none ---- */

void dax_reset(struct fuse_server *s); /* drops all mappings */
void dax_fini(struct fuse_server *s);
void dax_written(struct fuse_server *s, struct fuse_inode *i);
void dax_grown(struct fuse_server *s, uint64_t dev, uint64_t ino,
	       uint64_t size);
void dax_grown_by_write(struct fuse_server *s, const struct fuse_inode *i);
int op_setupmapping(struct fuse_server *s, struct fuse_req *r,
		    struct fuse_inode *i);
int op_removemapping(struct fuse_server *s, struct fuse_req *r,
		     struct fuse_inode *i);

/* ---- ops: r->h.nodeid is `i`, referenced by the caller ---- */

typedef int (*fuse_op)(struct fuse_server *s, struct fuse_req *r,
		       struct fuse_inode *i);

void dirs_reset(struct fuse_server *s); /* ops_dir.c: closes all handles */

/* ops_entry.c */
int op_lookup(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_symlink(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_mknod(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_mkdir(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_create(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_link(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_unlink(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_rmdir(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_rename(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_rename2(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
/* ops_file.c */
int op_open(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_read(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_write(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_release(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_flush(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_fsync(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_fallocate(struct fuse_server *s, struct fuse_req *r,
		 struct fuse_inode *i);
int op_lseek(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_syncfs(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
/* ops_dir.c */
int op_opendir(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_readdir(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_readdirplus(struct fuse_server *s, struct fuse_req *r,
		   struct fuse_inode *i);
int op_releasedir(struct fuse_server *s, struct fuse_req *r,
		  struct fuse_inode *i);
/* ops_attr.c */
int op_getattr(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_setattr(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_readlink(struct fuse_server *s, struct fuse_req *r,
		struct fuse_inode *i);
int op_statfs(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
int op_access(struct fuse_server *s, struct fuse_req *r, struct fuse_inode *i);
/* Sets permission bits of anything but a symlink, by number. */
int attr_chmod(struct fuse_server *s, const struct fuse_inode *i,
	       uint32_t mode) MUST_CHECK;
/* Clears set-user-ID, and set-group-ID where the group may execute. */
int attr_kill_suidgid(int fd) MUST_CHECK;
/* ops_xattr.c */
int op_setxattr(struct fuse_server *s, struct fuse_req *r,
		struct fuse_inode *i);
int op_getxattr(struct fuse_server *s, struct fuse_req *r,
		struct fuse_inode *i);
int op_listxattr(struct fuse_server *s, struct fuse_req *r,
		 struct fuse_inode *i);
int op_removexattr(struct fuse_server *s, struct fuse_req *r,
		   struct fuse_inode *i);

#endif
