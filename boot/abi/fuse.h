/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuse.h: the FUSE wire (protocol 7.34), as guest and host speak it.
 *
 * A request is a fuse_in_header and a body, a reply a fuse_out_header and a
 * body; which bodies belong to which opcode stands beside the opcode.  Names
 * and the target of a symlink end in one NUL, which counts.  All integers are
 * little-endian.  The layouts are the protocol's, so that other clients (a
 * Linux guest) can use the server; the names are the protocol's as well.
 *
 * What kuni's own client relies on beyond a plain FUSE server: regular files
 * need no OPEN (FUSE_NO_OPEN_SUPPORT: READ, WRITE and all other file requests
 * take fh 0 and mean the inode), and a LOOKUP of a missing name is answered
 * with nodeid 0 and the time for which it stays missing.
 */
#ifndef ABI_FUSE_H
#define ABI_FUSE_H

#include <stdint.h>
#include <stddef.h>

#define FUSE_KERNEL_VERSION       7
#define FUSE_KERNEL_MINOR_VERSION 34
#define FUSE_ROOT_ID              1
#define FUSE_NAME_MAX             255  /* of one component, without its NUL */
#define FUSE_TARGET_MAX           4095 /* of a symlink, without its NUL */
#define FUSE_XATTR_SIZE_MAX       65536
#define FUSE_PAGE                 4096

enum fuse_opcode {
	FUSE_LOOKUP = 1,       /* name -> fuse_entry_out */
	FUSE_FORGET = 2,       /* fuse_forget_in, no reply */
	FUSE_GETATTR = 3,      /* fuse_getattr_in -> fuse_attr_out */
	FUSE_SETATTR = 4,      /* fuse_setattr_in -> fuse_attr_out */
	FUSE_READLINK = 5,     /* -> bytes, no NUL */
	FUSE_SYMLINK = 6,      /* name, target -> fuse_entry_out */
	FUSE_MKNOD = 8,        /* fuse_mknod_in, name -> fuse_entry_out */
	FUSE_MKDIR = 9,        /* fuse_mkdir_in, name -> fuse_entry_out */
	FUSE_UNLINK = 10,      /* name */
	FUSE_RMDIR = 11,       /* name */
	FUSE_RENAME = 12,      /* fuse_rename_in, old name, new name */
	FUSE_LINK = 13,        /* fuse_link_in, name -> fuse_entry_out */
	FUSE_OPEN = 14,        /* fuse_open_in -> fuse_open_out */
	FUSE_READ = 15,        /* fuse_read_in -> bytes */
	FUSE_WRITE = 16,       /* fuse_write_in, bytes -> fuse_write_out */
	FUSE_STATFS = 17,      /* -> fuse_statfs_out */
	FUSE_RELEASE = 18,     /* fuse_release_in */
	FUSE_FSYNC = 20,       /* fuse_fsync_in */
	FUSE_SETXATTR = 21,    /* fuse_setxattr_in, name, bytes */
	FUSE_GETXATTR = 22,    /* fuse_getxattr_in, name -> bytes or _out */
	FUSE_LISTXATTR = 23,   /* fuse_getxattr_in -> names or _out */
	FUSE_REMOVEXATTR = 24, /* name */
	FUSE_FLUSH = 25,       /* fuse_flush_in */
	FUSE_INIT = 26,        /* fuse_init_in -> fuse_init_out */
	FUSE_OPENDIR = 27,     /* fuse_open_in -> fuse_open_out */
	FUSE_READDIR = 28,     /* fuse_read_in -> fuse_dirent... */
	FUSE_RELEASEDIR = 29,  /* fuse_release_in */
	FUSE_FSYNCDIR = 30,    /* fuse_fsync_in */
	FUSE_ACCESS = 34,      /* fuse_access_in */
	FUSE_CREATE = 35,      /* fuse_create_in, name -> entry_out, open_out */
	FUSE_INTERRUPT = 36,   /* no reply */
	FUSE_DESTROY = 38,     /* empty */
	FUSE_BATCH_FORGET = 42,  /* fuse_batch_forget_in, fuse_forget_one... */
	FUSE_FALLOCATE = 43,     /* fuse_fallocate_in */
	FUSE_READDIRPLUS = 44,   /* fuse_read_in -> fuse_direntplus... */
	FUSE_RENAME2 = 45,       /* fuse_rename2_in, old name, new name */
	FUSE_LSEEK = 46,         /* fuse_lseek_in -> fuse_lseek_out */
	FUSE_SETUPMAPPING = 48,  /* fuse_setupmapping_in */
	FUSE_REMOVEMAPPING = 49, /* fuse_removemapping_in, _one... */
	FUSE_SYNCFS = 50,        /* fuse_syncfs_in */
	FUSE_OPCODE_END,
};

struct fuse_in_header {
	uint32_t len; /* of the whole request */
	uint32_t opcode;
	uint64_t unique;
	uint64_t nodeid;
	uint32_t uid, gid; /* who asks: owner of what is created */
	uint32_t pid;
	uint32_t padding;
};

struct fuse_out_header {
	uint32_t len;  /* of the whole reply */
	int32_t error; /* 0 or negative errno; then there is no body */
	uint64_t unique;
};

struct fuse_attr {
	uint64_t ino, size;
	uint64_t blocks; /* of 512 bytes */
	uint64_t atime, mtime, ctime;
	uint32_t atimensec, mtimensec, ctimensec;
	uint32_t mode; /* with the type */
	uint32_t nlink, uid, gid;
	uint32_t rdev; /* 12-bit major at 8, minor in 0..7 and 20..31 */
	uint32_t blksize;
	uint32_t flags; /* 0 */
};

struct fuse_entry_out {
	uint64_t nodeid; /* 0: the name does not exist */
	uint64_t generation;
	uint64_t entry_valid, attr_valid; /* seconds */
	uint32_t entry_valid_nsec, attr_valid_nsec;
	struct fuse_attr attr;
};

struct fuse_attr_out {
	uint64_t attr_valid;
	uint32_t attr_valid_nsec;
	uint32_t dummy;
	struct fuse_attr attr;
};

struct fuse_forget_in {
	uint64_t nlookup;
};

struct fuse_forget_one {
	uint64_t nodeid, nlookup;
};

struct fuse_batch_forget_in {
	uint32_t count;
	uint32_t dummy;
};

struct fuse_getattr_in {
	uint32_t getattr_flags;
	uint32_t dummy;
	uint64_t fh;
};

/* fuse_setattr_in.valid */
#define FATTR_MODE         (1U << 0)
#define FATTR_UID          (1U << 1)
#define FATTR_GID          (1U << 2)
#define FATTR_SIZE         (1U << 3)
#define FATTR_ATIME        (1U << 4)
#define FATTR_MTIME        (1U << 5)
#define FATTR_FH           (1U << 6)
#define FATTR_ATIME_NOW    (1U << 7)
#define FATTR_MTIME_NOW    (1U << 8)
#define FATTR_LOCKOWNER    (1U << 9)
#define FATTR_CTIME        (1U << 10)
#define FATTR_KILL_SUIDGID (1U << 11)

struct fuse_setattr_in {
	uint32_t valid;
	uint32_t padding;
	uint64_t fh, size, lock_owner;
	uint64_t atime, mtime, ctime;
	uint32_t atimensec, mtimensec, ctimensec;
	uint32_t mode;
	uint32_t unused4;
	uint32_t uid, gid;
	uint32_t unused5;
};

struct fuse_mknod_in {
	uint32_t mode, rdev, umask;
	uint32_t padding;
};

struct fuse_mkdir_in {
	uint32_t mode, umask;
};

struct fuse_rename_in {
	uint64_t newdir;
};

struct fuse_rename2_in {
	uint64_t newdir;
	uint32_t flags; /* RENAME_NOREPLACE, RENAME_EXCHANGE */
	uint32_t padding;
};

struct fuse_link_in {
	uint64_t oldnodeid;
};

#define FUSE_OPEN_KILL_SUIDGID (1U << 0)

struct fuse_open_in {
	uint32_t flags; /* O_* of x86-64 Linux */
	uint32_t open_flags;
};

struct fuse_create_in {
	uint32_t flags, mode, umask;
	uint32_t open_flags;
};

#define FOPEN_KEEP_CACHE (1U << 1)
#define FOPEN_CACHE_DIR  (1U << 3)

struct fuse_open_out {
	uint64_t fh;
	uint32_t open_flags; /* FOPEN_* */
	uint32_t padding;
};

struct fuse_release_in {
	uint64_t fh;
	uint32_t flags, release_flags;
	uint64_t lock_owner;
};

struct fuse_flush_in {
	uint64_t fh;
	uint32_t unused, padding;
	uint64_t lock_owner;
};

struct fuse_read_in {
	uint64_t fh, offset;
	uint32_t size, read_flags;
	uint64_t lock_owner;
	uint32_t flags, padding;
};

#define FUSE_WRITE_KILL_SUIDGID (1U << 2)

struct fuse_write_in {
	uint64_t fh, offset;
	uint32_t size, write_flags;
	uint64_t lock_owner;
	uint32_t flags, padding;
};

struct fuse_write_out {
	uint32_t size, padding;
};

struct fuse_statfs_out {
	uint64_t blocks, bfree, bavail, files, ffree;
	uint32_t bsize, namelen, frsize, padding;
	uint32_t spare[6];
};

#define FUSE_FSYNC_FDATASYNC (1U << 0)

struct fuse_fsync_in {
	uint64_t fh;
	uint32_t fsync_flags, padding;
};

/* Without FUSE_SETXATTR_EXT, which kuni does not negotiate. */
struct fuse_setxattr_in {
	uint32_t size, flags;
};

struct fuse_getxattr_in {
	uint32_t size; /* 0: only tell how long the answer is */
	uint32_t padding;
};

struct fuse_getxattr_out {
	uint32_t size, padding;
};

struct fuse_access_in {
	uint32_t mask, padding;
};

struct fuse_fallocate_in {
	uint64_t fh, offset, length;
	uint32_t mode, padding;
};

struct fuse_lseek_in {
	uint64_t fh, offset;
	uint32_t whence, padding;
};

struct fuse_lseek_out {
	uint64_t offset;
};

/* The DAX window.  Offsets and lengths are multiples of 2^map_alignment of the
 * INIT reply; a mapping may end behind its file, where accesses are errors. */
#define FUSE_SETUPMAPPING_WRITE (1U << 0) /* and read */
#define FUSE_SETUPMAPPING_READ  (1U << 1)
#define FUSE_DAX_ALIGN_LOG2     16
#define FUSE_DAX_GRANULE        (1UL << FUSE_DAX_ALIGN_LOG2)

struct fuse_setupmapping_in {
	uint64_t fh, foffset, len;
	uint64_t flags;   /* FUSE_SETUPMAPPING_* */
	uint64_t moffset; /* in the window */
};

struct fuse_removemapping_in {
	uint32_t count;
};

struct fuse_removemapping_one {
	uint64_t moffset, len; /* of one SETUPMAPPING */
};

struct fuse_syncfs_in {
	uint64_t padding;
};

/* INIT: flags that one of our halves knows; the agreed ones are those that
 * both sides set. */
#define FUSE_ASYNC_READ         (1U << 0)
#define FUSE_ATOMIC_O_TRUNC     (1U << 3)
#define FUSE_BIG_WRITES         (1U << 5)
#define FUSE_DO_READDIRPLUS     (1U << 13)
#define FUSE_READDIRPLUS_AUTO   (1U << 14)
#define FUSE_NO_OPEN_SUPPORT    (1U << 17)
#define FUSE_PARALLEL_DIROPS    (1U << 18)
#define FUSE_MAX_PAGES          (1U << 22)
#define FUSE_CACHE_SYMLINKS     (1U << 23)
#define FUSE_MAP_ALIGNMENT      (1U << 26)
#define FUSE_HANDLE_KILLPRIV_V2 (1U << 28)

struct fuse_init_in {
	uint32_t major, minor;
	uint32_t max_readahead, flags;
	/* 7.36 and later clients send flags2 and spare words as well */
};

struct fuse_init_out {
	uint32_t major, minor;
	uint32_t max_readahead, flags;
	uint16_t max_background, congestion_threshold;
	uint32_t max_write, time_gran;
	uint16_t max_pages, map_alignment;
	uint32_t unused[8];
};

/* Records of a directory, each padded with zeroes to a multiple of 8. */
struct fuse_dirent {
	uint64_t ino;
	uint64_t off; /* where the next READDIR goes on */
	uint32_t namelen;
	uint32_t type; /* DT_* */
	char name[];   /* not terminated */
};

struct fuse_direntplus {
	struct fuse_entry_out entry; /* nodeid 0: no reference was taken */
	struct fuse_dirent dirent;
};

#define FUSE_DIRENT_NAME     offsetof(struct fuse_dirent, name)
#define FUSE_DIRENTPLUS_NAME (sizeof(struct fuse_entry_out) + FUSE_DIRENT_NAME)
#define FUSE_ALIGN8(n)       (((n) + 7UL) & ~7UL)

_Static_assert(sizeof(struct fuse_in_header) == 40, "wire");
_Static_assert(sizeof(struct fuse_out_header) == 16, "wire");
_Static_assert(sizeof(struct fuse_attr) == 88, "wire");
_Static_assert(sizeof(struct fuse_entry_out) == 128, "wire");
_Static_assert(sizeof(struct fuse_attr_out) == 104, "wire");
_Static_assert(sizeof(struct fuse_setattr_in) == 88, "wire");
_Static_assert(sizeof(struct fuse_read_in) == 40, "wire");
_Static_assert(sizeof(struct fuse_write_in) == 40, "wire");
_Static_assert(sizeof(struct fuse_statfs_out) == 80, "wire");
_Static_assert(sizeof(struct fuse_init_out) == 64, "wire");
_Static_assert(sizeof(struct fuse_release_in) == 24, "wire");
_Static_assert(sizeof(struct fuse_setupmapping_in) == 40, "wire");
_Static_assert(sizeof(struct fuse_removemapping_one) == 16, "wire");
_Static_assert(FUSE_DIRENT_NAME == 24, "wire");
_Static_assert(FUSE_DIRENTPLUS_NAME == 152, "wire");

#endif
