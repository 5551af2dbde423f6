/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs.h: between fs/ and the system calls of files: what fs.h, the contract
 * with file systems and the rest of the kernel, need not say.
 *
 * Operations on names (vfs_*) take the parent's path and the last component as
 * LOOKUP_PARENT gave them, check permissions, the mount and the limits, and
 * keep the dentry cache right.
 */
#ifndef KUNI_VFS_H
#define KUNI_VFS_H

#include "kuni/fs.h"
#include "kuni/klog.h"
#include "kuni/linux_file.h"
#include "kuni/task.h"

/* ---- the task that asks; kernel threads have no credentials ---- */
static inline uint32_t fs_uid(void)
{
	return current->cred ? current->cred->fsuid : 0;
}
static inline uint32_t fs_gid(void)
{
	return current->cred ? current->cred->fsgid : 0;
}
static inline bool fs_capable(int cap)
{
	return !current->cred || capable(cap);
}

/* ---- dcache.c ---- */
uint32_t name_hash(const char *name, size_t len);
struct dentry *dcache_find(struct dentry *dir, const char *name, size_t len);
/* A dentry of dir, which is locked: cached, or by the file system. */
int dcache_lookup_locked(struct dentry *dir, const char *name, size_t len,
			 struct dentry **out) MUST_CHECK;
int dcache_lookup(struct dentry *dir, const char *name, size_t len,
		  struct dentry **out) MUST_CHECK;
/* d was negative and now names i; takes i's reference. */
void dcache_instantiate(struct dentry *d, struct inode *i);
/* The name is gone: d stays with its users, and is found no more. */
void dcache_delete(struct dentry *d);
/* d gets the place of target, which is dropped (or takes d's: exchange). */
void dcache_move(struct dentry *d, struct dentry *target, bool exchange);
bool dcache_is_below(struct dentry *d, struct dentry *top);
struct dentry *dentry_parent(struct dentry *d); /* reference */
/* d's name into name (NAME_MAX + 1 bytes), and its parent, a reference. */
struct dentry *dcache_name(struct dentry *d, char *name, size_t *len);
void dcache_pin(struct dentry *d); /* findable even on a no_dcache super */
void dcache_prune_super(struct super *s);
int dcache_detached(struct inode *i, const char *name, struct dentry *parent,
		    struct dentry **out) MUST_CHECK; /* O_TMPFILE; takes i */

#define TMPFILE_NAME "#tmpfile" /* of O_TMPFILE's dentries */

/* ---- path.c ---- */
struct walk_level;
struct walk {
	struct path cur, root; /* references */
	struct path scope;     /* BENEATH and IN_ROOT: where it began */
	const char *p;         /* what is left at this level */
	unsigned flags, nlinks, depth;
	struct walk_level *levels;
};
int walk_start(struct walk *w, int dirfd, const char *name,
	       unsigned flags) MUST_CHECK;
/* Until the end, or with LOOKUP_PARENT until before the last component. */
int walk_run(struct walk *w, struct last_name *last) MUST_CHECK;
/* Goes on with the target of link, a child of w->cur. */
int walk_link(struct walk *w, struct dentry *link) MUST_CHECK;
void walk_end(struct walk *w);
void fs_get_root(struct path *out);
void fs_get_cwd(struct path *out);
void fs_set_root(struct path *p); /* takes the references */
void fs_set_cwd(struct path *p);

/* ---- mount.c ---- */
void mount_cross_down(struct path *p); /* into what stands on p */
bool mount_cross_up(struct path *p);   /* false: at the top */
int mount_new(const char *fstype, const char *source, const struct path *at,
	      uint64_t flags, const char *data) MUST_CHECK;
int mount_bind_path(const struct path *from, const struct path *at,
		    uint64_t flags) MUST_CHECK;
int mount_remount(const struct path *p, uint64_t flags, bool bind,
		  const char *data) MUST_CHECK;
int mount_move(const struct path *from, const struct path *at) MUST_CHECK;
void mount_root_path(struct path *out);
struct mount_ns *mount_ns_init(void);
/* Whether d, or something below it, is a mount point. */
bool mount_is_point(struct dentry *d);

/* ---- namei.c ---- */
bool last_is_dot(const struct last_name *l);
int vfs_mknod(const struct path *dir, const struct last_name *l, uint32_t mode,
	      uint64_t rdev) MUST_CHECK;
int vfs_mknod_inode(const struct path *dir, const struct last_name *l,
		    uint32_t mode, uint64_t rdev,
		    struct inode **made) MUST_CHECK;
int vfs_mkdir(const struct path *dir, const struct last_name *l,
	      uint32_t mode) MUST_CHECK;
int vfs_symlink(const struct path *dir, const struct last_name *l,
		const char *target) MUST_CHECK;
int vfs_link(const struct path *from, const struct path *dir,
	     const struct last_name *l) MUST_CHECK;
int vfs_unlink(const struct path *dir, const struct last_name *l) MUST_CHECK;
int vfs_rmdir(const struct path *dir, const struct last_name *l) MUST_CHECK;
int vfs_rename(const struct path *od, const struct last_name *ol,
	       const struct path *nd, const struct last_name *nl,
	       unsigned flags) MUST_CHECK;
/* Inside a locked, writable dir: a new regular file for negative d. */
int vfs_create_locked(struct dentry *dir, struct dentry *d,
		      uint32_t mode) MUST_CHECK;
uint32_t fs_umask(uint32_t mode);

/* ---- attr.c ---- */
/* Checks who may, clears set-id bits as chown(2) does, and sets. */
int vfs_setattr(struct mount *m, struct inode *i,
		struct setattr *a) MUST_CHECK; /* m: NULL without a place */
int vfs_truncate(struct inode *i,
		 uint64_t size) MUST_CHECK;        /* no checks of rights */
int file_remove_privs(struct inode *i) MUST_CHECK; /* before a write */
/* RLIMIT_FSIZE: *n is cut; -EFBIG (and SIGXFSZ) where nothing is left. */
int file_size_limit(uint64_t pos, size_t *n) MUST_CHECK;
void inode_setattr_copy(struct inode *i, const struct setattr *a); /* locked */
int vfs_stat(struct inode *i, struct lx_stat *st) MUST_CHECK;
/* Owner, group and set-gid of a new inode of dir, by current. */
void inode_init_owner(struct inode *i, const struct inode *dir);

/* ---- file.c, fdtable.c ---- */
int64_t file_seek(struct file *f, int64_t off, int whence);
int64_t file_seek_nowhere(struct file *f, int64_t off, int whence);
unsigned file_poll(struct file *f, struct poll_table *pt);
long file_ioctl(struct file *f, unsigned cmd, uaddr_t arg);
int file_fsync(struct file *f, bool datasync) MUST_CHECK;
int file_truncate(struct file *f, uint64_t size) MUST_CHECK;
int file_open_how(int dirfd, const char *name, const struct lx_open_how *how,
		  struct file **out) MUST_CHECK;
int fd_install_two(struct file *a, struct file *b, bool cloexec,
		   int fds[2]) MUST_CHECK; /* takes both on success */
int fd_dup_to(int from, int to, bool cloexec) MUST_CHECK;
int fd_set_cloexec(int fd, bool on) MUST_CHECK;
int fd_get_cloexec(int fd) MUST_CHECK;
void fd_close_range(unsigned first, unsigned last, bool only_mark);
/* An O_PATH descriptor is no file for I/O: NULL then, too. */
struct file *fd_get_io(int fd);

/* ---- generic file of a memory-only page cache (tmpfs, memfd) ---- */
int memfd_new(const char *name, bool seals, struct file **out) MUST_CHECK;
long tmpfs_seals(struct file *f, bool add, unsigned seals);

/* ---- pipe.c ---- */
long pipe_size(struct file *f, bool set, unsigned long size);

/* ---- splice.c ---- */
struct pipe *pipe_of_file(struct file *f); /* NULL: not a pipe */
ssize_t splice_pipes(struct file *in, struct file *out, size_t n, bool tee,
		     bool nonblock);
ssize_t splice_from_file(struct file *in, uint64_t *pos, struct file *out,
			 size_t n, bool nonblock);
ssize_t splice_to_file(struct file *in, struct file *out, uint64_t *pos,
		       size_t n, bool nonblock);

/* ---- flock.c, posixlock.c ---- */
int flock_apply(struct file *f, int op) MUST_CHECK;
void flock_release(struct file *f);
int posix_lock_set(struct file *f, const struct lx_flock *u, bool ofd,
		   bool wait) MUST_CHECK;
int posix_lock_get(struct file *f, struct lx_flock *u, bool ofd) MUST_CHECK;
void posix_locks_close(struct file *f, const void *owner);
void locks_free(struct inode *i);

/* ---- events ---- */
int eventfd_new(uint64_t count, unsigned flags, struct file **out) MUST_CHECK;
int timerfd_new(int clock, unsigned flags, struct file **out) MUST_CHECK;
int timerfd_set(struct file *f, int flags, const struct lx_timespec_pair *v,
		struct lx_timespec_pair *old) MUST_CHECK;
int timerfd_get(struct file *f, struct lx_timespec_pair *v) MUST_CHECK;
int epoll_new(unsigned flags, struct file **out) MUST_CHECK;
int epoll_control(struct file *epf, int op, int fd, struct file *f,
		  const struct lx_epoll_event *ev) MUST_CHECK;
int epoll_wait_events(struct file *f, uaddr_t out, int max, uint64_t deadline);
void epoll_file_gone(struct file *f);

int signalfd_new(uint64_t mask, unsigned flags, struct file **out) MUST_CHECK;
int signalfd_set(struct file *f, uint64_t mask) MUST_CHECK;

/* ---- fasync.c ---- */
int fasync_set(struct file *f, int fd, bool on) MUST_CHECK;
int fasync_set_owner(struct file *f, int type, int id) MUST_CHECK;
void fasync_get_owner(struct file *f, int *type, int *id);
int fasync_set_signal(struct file *f, int sig) MUST_CHECK;
int fasync_get_signal(const struct file *f);
void fasync_file_gone(struct file *f);
int fasync_own(struct file *f) MUST_CHECK;
void fasync_message(struct file *f, int fd);

/* ---- dnotify.c ---- */
int dnotify_set(struct file *f, int fd, const void *owner,
		unsigned arg) MUST_CHECK;
void dnotify_close(const struct file *f, const void *owner);

/* ---- inotify.c ---- */
#define INOTIFY_MAX_EVENTS    16384
#define INOTIFY_MAX_INSTANCES 128
#define INOTIFY_MAX_WATCHES   65536
struct inotify_watch_info {
	int wd;
	uint32_t mask;
	uint64_t ino, dev;
};
int inotify_new(unsigned flags, struct file **out) MUST_CHECK;
int inotify_add(struct file *f, struct inode *i, uint32_t mask) MUST_CHECK;
int inotify_remove(struct file *f, int wd) MUST_CHECK;
bool inotify_is(const struct file *f);
bool inotify_nth(struct file *f, unsigned n, struct inotify_watch_info *out);
void inotify_unmount(struct super *s);

/* ---- notify.c: IN_* happened; cheap where nobody watches anything ---- */
extern unsigned notify_watches; /* [a] */
void notify_dentry_slow(struct dentry *d, uint32_t mask);
void notify_inode_slow(struct inode *i, uint32_t mask);
void notify_name_slow(struct inode *dir, const char *name, size_t len,
		      const struct inode *i, uint32_t mask);
void notify_gone_slow(struct inode *i);
struct notify_name {
	struct inode *dir;
	const char *name;
	size_t len;
};
void notify_rename_slow(const struct notify_name *from,
			const struct notify_name *to, struct inode *i,
			struct inode *over);
void notify_setattr_slow(struct dentry *d, unsigned valid);
static inline bool notify_on(void)
{
	return unlikely(__atomic_load_n(&notify_watches, __ATOMIC_RELAXED));
}
static inline void notify_dentry(struct dentry *d, uint32_t mask)
{
	if (notify_on() && d)
		notify_dentry_slow(d, mask);
}
static inline void notify_inode(struct inode *i, uint32_t mask)
{
	if (notify_on())
		notify_inode_slow(i, mask);
}
static inline void notify_name(struct inode *dir, const char *name, size_t len,
			       const struct inode *i, uint32_t mask)
{
	if (notify_on())
		notify_name_slow(dir, name, len, i, mask);
}
static inline void notify_gone(struct inode *i)
{
	if (notify_on())
		notify_gone_slow(i);
}
static inline void notify_setattr(struct dentry *d, unsigned valid)
{
	if (notify_on() && d)
		notify_setattr_slow(d, valid);
}

/* ---- xattr.c: extended attributes in memory ---- */
struct xattr_store {
	SLIST_HEAD(, xattr) list; /* [inode.lock] */
	size_t bytes;
};
ssize_t xattr_store_get(struct xattr_store *s, const char *name, void *buf,
			size_t n);
int xattr_store_set(struct xattr_store *s, const char *name, const void *buf,
		    size_t n, int flags) MUST_CHECK;
ssize_t xattr_store_list(struct xattr_store *s, char *buf, size_t n);
int xattr_store_remove(struct xattr_store *s, const char *name) MUST_CHECK;
void xattr_store_free(struct xattr_store *s);

#endif
