/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs.h: the VFS: inode, dentry, mount, file, each with an ops struct.
 *
 * References: x_get/x_put.  A dentry holds its inode and its parent; a file
 * holds its mount and dentry (or only an inode, for pipes and the like).  Ops
 * that are NULL get a default that is named beside them.
 */
#ifndef KUNI_FS_H
#define KUNI_FS_H

#include <sys/queue.h>

#include "kuni/lock.h"
#include "kuni/mm.h"
#include "kuni/sched.h"
#include "kuni/linux.h"

struct cred;
struct dentry;
struct file;
struct inode;
struct mount;
struct super;
struct poll_table;
struct pseudo_buf; /* of fs/pseudofs.h */
struct dir_ctx;

struct timespec_k {
	int64_t sec;
	int64_t nsec;
};

/* What stat needs; FS-independent truth of an inode. */
struct inode {
	uint32_t ref;                /* [a] */
	struct mutex lock;           /* size, attributes, directory contents */
	const struct inode_ops *ops; /* [I] */
	const struct file_ops *fops; /* [I] for open; devices replace it */
	struct super *super;         /* [I] */
	uint64_t ino;                /* [I] */
	uint32_t mode;               /* type [I] and permissions [lock] */
	uint32_t uid, gid, nlink;    /* [lock] */
	uint64_t rdev;               /* [I] Linux's 64-bit dev_t */
	uint64_t size;               /* [lock] */
	uint64_t blocks;             /* [lock] of 512 bytes */
	struct timespec_k atime, mtime, ctime; /* [lock] */
	struct pagecache cache;                /* regular files */
	void *private_;                        /* the file system's */
	void *locks;           /* flock and POSIX locks, of fs/flock.c */
	void *watches;         /* [notify_lock] of fs/inotify.c */
	void *pipe;            /* [lock] of fs/pipe.c: pipes and open FIFOs */
	const char *anon_name; /* [I] of a nameless one: "[eventfd]" */
	int32_t writers; /* [a] opens for writing; < 0: programs that run it */
};

struct setattr {
	unsigned valid; /* ATTR_* */
	uint32_t mode, uid, gid;
	uint64_t size;
	struct timespec_k atime, mtime;
};
#define ATTR_MODE      1
#define ATTR_UID       2
#define ATTR_GID       4
#define ATTR_SIZE      8
#define ATTR_ATIME     16
#define ATTR_MTIME     32
#define ATTR_ATIME_NOW 64
#define ATTR_MTIME_NOW 128

/* Directory ops run with the directory's lock held; names are one component,
 * not NUL-terminated beyond len. New inodes come back with a reference. */
struct inode_ops {
	int (*lookup)(struct inode *dir, const char *name, size_t len,
		      struct inode **out); /* -ENOENT; NULL: -ENOTDIR */
	int (*create)(struct inode *dir, const char *name, size_t len,
		      uint32_t mode,
		      struct inode **out); /* NULL ops below: -EPERM */
	int (*mkdir)(struct inode *dir, const char *name, size_t len,
		     uint32_t mode, struct inode **out);
	int (*mknod)(struct inode *dir, const char *name, size_t len,
		     uint32_t mode, uint64_t rdev, struct inode **out);
	int (*symlink)(struct inode *dir, const char *name, size_t len,
		       const char *target, struct inode **out);
	int (*link)(struct inode *dir, const char *name, size_t len,
		    struct inode *target);
	int (*unlink)(struct inode *dir, const char *name, size_t len,
		      struct inode *target);
	int (*rmdir)(struct inode *dir, const char *name, size_t len,
		     struct inode *target);
	int (*rename)(struct inode *odir, const char *oname, size_t olen,
		      struct inode *ndir, const char *nname, size_t nlen,
		      unsigned flags); /* RENAME_* of Linux */
	/* i has lost a name to one that was renamed over it. NULL: the
	 * file system knows. */
	void (*replaced)(struct inode *i);
	/* A file without a name in dir. NULL: -EOPNOTSUPP. */
	int (*tmpfile)(struct inode *dir, uint32_t mode, struct inode **out);
	/* Target into buf (n bytes, not terminated): its length. */
	ssize_t (*readlink)(struct inode *i, char *buf, size_t n);
	/* Follows to a place rather than a path (/proc/PID/exe, fd/N): on 0
	 * *mnt and *d carry references. NULL: by readlink. */
	int (*follow)(struct inode *i, struct mount **mnt, struct dentry **d);
	/* Fresh attributes into the inode where they may be stale. NULL: 0 */
	int (*refresh)(struct inode *i);
	int (*setattr)(struct inode *i,
		       const struct setattr *a); /* NULL: -EPERM */
	/* NULL: classic mode bits by inode_permission_default(). */
	int (*permission)(struct inode *i, unsigned mask);
	ssize_t (*getxattr)(struct inode *i, const char *name, void *buf,
			    size_t n); /* NULL: -EOPNOTSUPP */
	int (*setxattr)(struct inode *i, const char *name, const void *buf,
			size_t n, int flags);
	ssize_t (*listxattr)(struct inode *i, char *buf, size_t n);
	int (*removexattr)(struct inode *i, const char *name);
	/* Whether a cached dentry of dir may still be used. NULL: yes. */
	bool (*revalidate)(struct inode *dir, struct dentry *d);
};

struct super_ops {
	int (*statfs)(struct super *s, struct lx_statfs *out);
	/* Last reference of an inode is gone: free private_. */
	void (*evict)(struct inode *i);
	/* What is dirty goes to whoever keeps the files: the host's memory;
	 * NULL: it is there.  sync: and from there to its disk. */
	int (*write_back)(struct super *s);
	int (*sync)(struct super *s);
	/* The last mount is gone: drop what holds inodes (directory tables). */
	void (*kill)(struct super *s);
	/* The last reference is gone: free private_; the super itself is freed
	 * by the caller. */
	void (*destroy)(struct super *s);
};

struct super {
	uint32_t ref; /* [a] mounts and inodes */
	const struct super_ops *ops;
	const struct fs_type *type;
	uint64_t dev; /* st_dev */
	struct dentry *root;
	uint64_t next_ino; /* [a] */
	bool no_dcache;    /* lookups are never cached (procfs) */
	uint32_t nmounts;  /* [RANK_MOUNT] kept by fs/mount.c */
	void *private_;
};
/* With one reference, a device number and next_ino 1; fs_type.mount hands that
 * reference on, with root set to dentry_root() of a new inode. */
int super_create(const struct fs_type *t, const struct super_ops *ops,
		 struct super **out) MUST_CHECK;
void super_get(struct super *s);
void super_put(struct super *s);

/* The list of them is fs/filesystems.c. */
struct fs_type {
	const char *name;
	bool nodev;
	/* data: the mount's option string. */
	int (*mount)(const struct fs_type *t, const char *source,
		     uint64_t flags, const char *data, struct super **out);
};
extern const struct fs_type *const filesystems[]; /* NULL-terminated */

struct dentry {
	uint32_t ref;          /* [a] */
	struct dentry *parent; /* [RANK_DCACHE] reference; itself at a root */
	struct inode *inode;   /* [RANK_DCACHE] reference; NULL: negative */
	LIST_ENTRY(dentry) hash_link;
	TAILQ_ENTRY(dentry) lru_link;
	LIST_HEAD(, dentry) children;
	LIST_ENTRY(dentry) child_link;
	bool hashed, dead, on_lru;
	uint32_t mounted; /* mounts that stand on it */
	uint64_t
		stamp; /* file system's; at first arch_clock_ns() of the lookup */
	uint32_t hash;
	uint16_t len;
	char *name; /* NUL-terminated; points to inline_name when short */
	char inline_name[40];
};

struct mount {
	uint32_t ref;         /* [a] */
	struct mount *parent; /* [RANK_MOUNT] NULL: the root */
	struct dentry *at;    /* in parent, reference */
	struct dentry *root;  /* reference */
	struct super *super;
	uint64_t flags; /* MS_RDONLY|NOSUID|NODEV|NOEXEC|... */
	uint32_t id;
	TAILQ_ENTRY(mount) link; /* of its namespace, in order */
	struct mount_ns *ns;
	char *source, *data;
};

/* A place: both carry a reference. */
struct path {
	struct mount *mnt;
	struct dentry *d;
};
void path_get(const struct path *p);
void path_put(struct path *p);

struct file_ops {
	int (*open)(struct inode *i, struct file *f); /* NULL: 0 */
	void (*release)(struct file *f);
	/* *pos is the place to read at, and is moved by the callee. */
	ssize_t (*read)(struct file *f, struct uio *u, uint64_t *pos);
	ssize_t (*write)(struct file *f, struct uio *u, uint64_t *pos);
	/* Emits entries from f->pos on through emit() until it returns false;
	 * keeps f->pos. NULL: -ENOTDIR */
	int (*readdir)(struct file *f, struct dir_ctx *ctx);
	/* EPOLL* now; registers with pt where it is not NULL. NULL: IN|OUT */
	unsigned (*poll)(struct file *f, struct poll_table *pt);
	long (*ioctl)(struct file *f, unsigned cmd,
		      uaddr_t arg); /* NULL: -ENOTTY */
	int64_t (*seek)(struct file *f, int64_t off,
			int whence); /* NULL: by size */
	/* The first byte of data (or of a hole) at or after off, which is
	 * inside the file; -ENXIO. NULL: all is data. */
	int64_t (*seek_hole)(struct file *f, uint64_t off, bool data);
	/* NULL: file mappings through inode.cache if it has ops or is tmpfs,
	 * else -ENODEV.  May change v (device memory). */
	int (*mmap)(struct file *f, struct vma *v);
	int (*fsync)(struct file *f, bool datasync); /* NULL: -EINVAL */
	int (*flush)(struct file *f);                /* at each close */
	int (*fallocate)(struct file *f, int mode, uint64_t off, uint64_t len);
	/* Line n for /proc/PID/fdinfo; false: no more. */
	bool (*info)(struct file *f, unsigned n, struct pseudo_buf *b);
	/* The page of the cache at index, with a reference; *out is NULL
	 * behind the end. NULL: only by read(). */
	int (*get_page)(struct file *f, uint64_t index, struct page **out);
	bool stream; /* no position: pipes, ttys; lseek is ESPIPE */
	bool nowait; /* honours uio.nowait (RWF_NOWAIT) */
	bool sigio;  /* O_ASYNC: a signal at what wakes poll() */
};

struct file {
	uint32_t ref; /* [a] */
	const struct file_ops *ops;
	struct inode *inode; /* reference */
	struct path path;    /* both NULL for pipes, eventfd, ... */
	uint32_t flags;      /* O_* without the creation flags [a] */
	struct mutex pos_lock;
	uint64_t pos; /* [pos_lock] */
	void *private_;
	void *async;  /* of fs/fasync.c: F_SETOWN, O_ASYNC */
	void *epolls; /* of fs/epoll.c */
	bool writer;  /* [I] counts in inode.writers */
	bool opened;  /* [I] by open(2): its close is notified */
};
/* A program that runs: ETXTBSY for who writes to it, and the reverse. */
int file_deny_write(struct file *f) MUST_CHECK;
void file_allow_write(struct file *f);
int inode_write_begin(struct inode *i) MUST_CHECK; /* open, truncate */
void inode_write_end(struct inode *i);
bool file_readable(const struct file *f);
bool file_writable(const struct file *f);

struct dir_ctx {
	/* False: no room, stop before this entry. */
	bool (*emit)(struct dir_ctx *c, const char *name, size_t len,
		     uint64_t ino, unsigned type /* DT_* */, uint64_t next_pos);
};

struct poll_table {
	void (*add)(struct poll_table *pt, struct waitq *wq);
};
static inline void poll_wait(struct poll_table *pt, struct waitq *wq)
{
	if (pt)
		pt->add(pt, wq);
}

/* ---- inodes, dentries (fs/inode.c, dcache.c) ---- */
int inode_new(struct super *s, uint32_t mode, struct inode **out) MUST_CHECK;
void inode_get(struct inode *i);
void inode_put(struct inode *i);
int inode_permission(struct inode *i, unsigned mask) MUST_CHECK; /* MAY_* */
int inode_permission_default(struct inode *i, unsigned mask);
#define MAY_EXEC  1
#define MAY_WRITE 2
#define MAY_READ  4
void inode_touch(struct inode *i, bool a, bool m, bool c); /* now; no lock */
struct timespec_k fs_now(void);
bool inode_owner_or_capable(const struct inode *i);
struct dentry *dentry_get(struct dentry *d);
void dentry_put(struct dentry *d);
struct dentry *dentry_root(struct inode *i); /* takes i's reference */
void dcache_drop(struct dentry *d);          /* unhash */
unsigned dcache_shrink(unsigned n);

/* ---- names (fs/path.c) ---- */
#define LOOKUP_FOLLOW      1
#define LOOKUP_DIRECTORY   2
#define LOOKUP_PARENT      4 /* stop at the parent; last component in *last */
#define LOOKUP_EMPTY       8 /* "" is dirfd itself */
#define LOOKUP_NO_XDEV     16
#define LOOKUP_BENEATH     32
#define LOOKUP_IN_ROOT     64
#define LOOKUP_NO_MAGIC    128
#define LOOKUP_NO_SYMLINKS 256
#define LOOKUP_CACHED      512 /* -EAGAIN where the file system must say */
#define PATH_MAX           4096
#define NAME_MAX           255
struct last_name {
	char name[NAME_MAX + 1];
	size_t len;
	bool trailing_slash;
};
/* name: kernel string. dirfd: AT_FDCWD or a descriptor of current. */
int path_lookup(int dirfd, const char *name, unsigned flags, struct path *out,
		struct last_name *last) MUST_CHECK;
/* Copies a user path into a fresh buffer of PATH_MAX: free by path_free. */
int path_from_user(uaddr_t name, char **out) MUST_CHECK;
void path_free(char *s);
/* Absolute name of p as seen from root, into buf; start in buf, or errno. */
int path_name(const struct path *p, const struct path *root, char *buf,
	      size_t n, char **start) MUST_CHECK;
int dentry_name(struct dentry *d, const struct dentry *root, char *buf,
		size_t n, char **start) MUST_CHECK;

/* ---- mounts (fs/mount.c) ---- */
struct mount_ns; /* TAILQ of mounts and its lock */
int mount_root(const char *fstype, uint64_t flags) MUST_CHECK;
int mount_at(const char *fstype, const char *source, const char *dest,
	     uint64_t flags, const char *data) MUST_CHECK;
int mount_bind(const char *from, const char *to, uint64_t flags) MUST_CHECK;
int mount_umount(const struct path *p, int flags) MUST_CHECK;
int mnt_want_write(struct mount *m); /* -EROFS */
void mount_get(struct mount *m);
void mount_put(struct mount *m);
/* Calls fn for every mount of current's namespace, in order. */
void mount_each(bool (*fn)(struct mount *m, void *arg), void *arg);

/* ---- files and descriptors (fs/file.c, fdtable.c) ---- */
int file_open_path(struct path *p, int flags, struct file **out) MUST_CHECK;
int file_open(int dirfd, const char *name, int flags, uint32_t mode,
	      struct file **out) MUST_CHECK;
int file_new(struct inode *i, const struct file_ops *ops, uint32_t flags,
	     struct file **out) MUST_CHECK; /* takes i's reference on success */
/* An inode without a place, for pipes, sockets, eventfd... mode with type */
int anon_inode(uint32_t mode, struct inode **out) MUST_CHECK;
int anon_place(struct inode *i, struct path *out) MUST_CHECK;
bool anon_is_place(const struct path *p);
void file_get(struct file *f);
void file_put(struct file *f);
/* At pos; NULL: at the file's own position, under pos_lock. */
ssize_t file_read(struct file *f, struct uio *u, uint64_t *pos);
ssize_t file_write(struct file *f, struct uio *u, uint64_t *pos);
/* Kernel buffer, at off: for exec. */
ssize_t file_pread_kernel(struct file *f, void *buf, size_t n, uint64_t off);

struct fdtable {
	uint32_t ref; /* [a] tasks */
	struct spinlock lock;
	struct file **file;       /* [lock] size entries */
	uint64_t *cloexec, *used; /* [lock] bitmaps */
	unsigned size;
};
int fdtable_create(struct fdtable **out) MUST_CHECK;
int fdtable_fork(struct fdtable *from, struct fdtable **out) MUST_CHECK;
void fdtable_put(struct fdtable *t);
void fdtable_exec(struct fdtable *t); /* closes the close-on-exec ones */
struct file *fd_get(int fd);          /* reference, of current; NULL: -EBADF */
int fd_install(struct file *f, int from, bool cloexec)
	MUST_CHECK; /* takes f; number or errno (f untouched) */
int fd_close(int fd);

/* root, cwd, umask of a task */
struct fs_ctx {
	uint32_t ref; /* [a] */
	struct spinlock lock;
	struct path root, cwd; /* [lock] */
	uint32_t umask;
	struct mount_ns *ns;
};
/* from NULL: a fresh one at the root mount, umask 022. */
int fs_ctx_fork(struct fs_ctx *from, struct fs_ctx **out) MUST_CHECK;
void fs_ctx_put(struct fs_ctx *c);

/* ---- character devices (fs/devfs.c) ---- */
const struct file_ops *chrdev_ops(uint64_t rdev); /* NULL: -ENXIO */
#define MKDEV(ma, mi)                                                          \
	(((uint64_t)((ma)&0xfffff000U) << 32) |                                \
	 (((uint64_t)(mi)&0xffffff00U) << 12) | (((ma)&0xfffU) << 8) |         \
	 ((mi)&0xffU))
#define DEV_MAJOR(d)                                                           \
	((unsigned)((((d) >> 8) & 0xfff) | (((d) >> 32) & 0xfffff000U)))
#define DEV_MINOR(d) ((unsigned)(((d)&0xff) | (((d) >> 12) & 0xffffff00U)))

/* ---- pipes ---- */
int pipe_create(struct file **rd, struct file **wr, uint32_t flags) MUST_CHECK;
extern const struct file_ops fifo_ops; /* for S_IFIFO inodes */

void fs_init(void);

#endif
