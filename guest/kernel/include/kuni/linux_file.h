/* SPDX-License-Identifier: Apache-2.0 */
/* linux_file.h: fcntl, statx, poll, epoll and their like, as x86-64 Linux
 * programs see them; beside linux_fs.h, for those who serve the calls. */
#ifndef KUNI_LINUX_FILE_H
#define KUNI_LINUX_FILE_H

#include "kuni/types.h"

#define MAX_RW_COUNT 0x7ffff000UL
#define UIO_MAXIOV   1024
#define PIPE_BUF     4096

#define R_OK 4
#define W_OK 2
#define X_OK 1

#define F_DUPFD         0
#define F_GETFD         1
#define F_SETFD         2
#define F_GETFL         3
#define F_SETFL         4
#define F_GETLK         5
#define F_SETLK         6
#define F_SETLKW        7
#define F_SETOWN        8
#define F_GETOWN        9
#define F_SETSIG        10
#define F_GETSIG        11
#define F_SETOWN_EX     15
#define F_GETOWN_EX     16
#define F_OFD_GETLK     36
#define F_OFD_SETLK     37
#define F_OFD_SETLKW    38
#define F_DUPFD_CLOEXEC 1030
#define F_NOTIFY        1026
#define F_SETPIPE_SZ    1031
#define F_GETPIPE_SZ    1032
#define F_ADD_SEALS     1033
#define F_GET_SEALS     1034
#define FD_CLOEXEC      1
#define F_RDLCK         0
#define F_WRLCK         1
#define F_UNLCK         2
#define LOCK_SH         1
#define LOCK_EX         2
#define LOCK_NB         4
#define LOCK_UN         8

#define FIONREAD 0x541b
#define FIONBIO  0x5421
#define FIONCLEX 0x5450
#define FIOCLEX  0x5451
#define FIOASYNC 0x5452
#define FIOQSIZE 0x5460

#define FALLOC_FL_KEEP_SIZE  1
#define FALLOC_FL_PUNCH_HOLE 2
#define FALLOC_FL_ZERO_RANGE 16
#define FALLOC_FL_ALL        0x7b

#define CLOSE_RANGE_UNSHARE 2
#define CLOSE_RANGE_CLOEXEC 4

#define RESOLVE_NO_XDEV       1
#define RESOLVE_NO_MAGICLINKS 2
#define RESOLVE_NO_SYMLINKS   4
#define RESOLVE_BENEATH       8
#define RESOLVE_IN_ROOT       16
#define RESOLVE_CACHED        32

#define RWF_HIPRI  1
#define RWF_DSYNC  2
#define RWF_SYNC   4
#define RWF_NOWAIT 8
#define RWF_APPEND 16

#define SPLICE_F_NONBLOCK 2U
#define SPLICE_F_ALL      15U /* MOVE, NONBLOCK, MORE, GIFT */

#define XATTR_CREATE   1
#define XATTR_REPLACE  2
#define XATTR_NAME_MAX 255
#define XATTR_SIZE_MAX 65536
#define XATTR_LIST_MAX 65536

#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe

#define MFD_CLOEXEC       1
#define MFD_ALLOW_SEALING 2

#define EFD_SEMAPHORE           1
#define TFD_TIMER_ABSTIME       1
#define TFD_TIMER_CANCEL_ON_SET 2

#define IN_ACCESS        0x1U
#define IN_MODIFY        0x2U
#define IN_ATTRIB        0x4U
#define IN_CLOSE_WRITE   0x8U
#define IN_CLOSE_NOWRITE 0x10U
#define IN_OPEN          0x20U
#define IN_MOVED_FROM    0x40U
#define IN_MOVED_TO      0x80U
#define IN_CREATE        0x100U
#define IN_DELETE        0x200U
#define IN_DELETE_SELF   0x400U
#define IN_MOVE_SELF     0x800U
#define IN_ALL_EVENTS    0xfffU
#define IN_UNMOUNT       0x2000U
#define IN_Q_OVERFLOW    0x4000U
#define IN_IGNORED       0x8000U
#define IN_ONLYDIR       0x1000000U
#define IN_DONT_FOLLOW   0x2000000U
#define IN_EXCL_UNLINK   0x4000000U
#define IN_MASK_CREATE   0x10000000U
#define IN_MASK_ADD      0x20000000U
#define IN_ISDIR         0x40000000U
#define IN_ONESHOT       0x80000000U

#define DN_ACCESS    0x1U
#define DN_MODIFY    0x2U
#define DN_CREATE    0x4U
#define DN_DELETE    0x8U
#define DN_RENAME    0x10U
#define DN_ATTRIB    0x20U
#define DN_MULTISHOT 0x80000000U

#define EPOLL_CTL_ADD  1
#define EPOLL_CTL_DEL  2
#define EPOLL_CTL_MOD  3
#define EPOLLEXCLUSIVE (1U << 28)
#define EPOLLWAKEUP    (1U << 29)
#define EPOLLONESHOT   (1U << 30)
#define EPOLLET        (1U << 31)

#define MNT_FORCE       1
#define MNT_DETACH      2
#define MNT_EXPIRE      4
#define UMOUNT_NOFOLLOW 8

#define ST_RDONLY     1
#define ST_NOSUID     2
#define ST_NODEV      4
#define ST_NOEXEC     8
#define ST_NOATIME    1024
#define ST_NODIRATIME 2048
#define ST_RELATIME   4096

#define TMPFS_MAGIC  0x01021994
#define MQUEUE_MAGIC 0x19800202
#define PIPEFS_MAGIC 0x50495045
#define SOCKFS_MAGIC 0x534f434b
#define ANON_MAGIC   0x09041934

#define STATX_BASIC_STATS     0x7ffU
#define STATX_MNT_ID          0x1000U
#define STATX_RESERVED        0x80000000U
#define AT_STATX_SYNC_TYPE    0x6000
#define STATX_ATTR_MOUNT_ROOT 0x2000U

struct lx_flock {
	int16_t l_type, l_whence;
	int32_t pad0;
	int64_t l_start, l_len;
	int32_t l_pid, pad1;
};
struct lx_statx_time {
	int64_t sec;
	uint32_t nsec;
	int32_t pad;
};
struct lx_statx {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, pad0;
	uint64_t ino, size, blocks, attributes_mask;
	struct lx_statx_time atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t mnt_id;
	uint32_t dio_mem_align, dio_offset_align;
	uint64_t spare[12];
};
_Static_assert(sizeof(struct lx_statx) == 256, "struct statx");
struct lx_open_how {
	uint64_t flags, mode, resolve;
};
struct lx_pollfd {
	int32_t fd;
	int16_t events, revents;
};
struct lx_epoll_event {
	uint32_t events;
	uint64_t data;
} __attribute__((packed));
struct lx_timespec_pair {
	int64_t interval_sec, interval_nsec, value_sec, value_nsec;
};

#endif
