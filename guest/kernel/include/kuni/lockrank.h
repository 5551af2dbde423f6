/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lockrank.h: the lock order as one list.  A lock may be taken while locks of
 * smaller rank are held; equal ranks only where the comment says how they are
 * ordered.  Mutexes (sleeping) stand before spinlocks.
 */
#ifndef KUNI_LOCKRANK_H
#define KUNI_LOCKRANK_H

enum lockrank {
	RANK_NONE, /* not checked */
	/* mutexes */
	RANK_RENAME,    /* one directory rename at a time in a file system */
	RANK_EPOLL,     /* epoll instance; nested instances parent first */
	RANK_FILE_POS,  /* file.pos_lock */
	RANK_SOCK_BIND, /* a unix socket gets its name or its peer */
	RANK_INODE_DIR, /* inode.lock of a directory; parent before child, else by address */
	RANK_INODE,     /* inode.lock of anything else */
	RANK_TTY,       /* tty.lock */
	RANK_PIPE,      /* pipe.lock */
	RANK_SOCK_READ, /* socket.read_lock: one reader copies out */
	RANK_INET,      /* lwIP (net/inet) */
	RANK_MM,        /* mm.lock: the map of areas */
	RANK_MAPPING,   /* pagecache.lock: pages of one inode */
	RANK_FUSE,      /* fuse connection state */
	RANK_CONTROL,
	RANK_DEVICE, /* a driver's own mutex */
	/* spinlocks */
	RANK_MOUNT,   /* mount table */
	RANK_DCACHE,  /* dentry tree and hash */
	RANK_FDTABLE, /* files.lock */
	RANK_FSCTX,   /* fs_ctx.lock */
	RANK_EPOLL_READY,
	RANK_SOCK_GC,   /* descriptors in flight (net/unix_gc.c) */
	RANK_SOCK_NAME, /* a bucket of unix names, the netlink ports */
	RANK_SOCK,     /* socket.lock; two by address; embryo in its listener */
	RANK_TASKLIST, /* pids, parents, sessions, process groups */
	RANK_SIGHAND,  /* process.siglock */
	RANK_PT,       /* page tables of one mm */
	RANK_FUTEX,    /* futex bucket; two buckets by address */
	RANK_PI,       /* futexes with an owner */
	RANK_TIMER,    /* per-CPU timers */
	RANK_VQ,       /* virtqueue */
	RANK_WAITQ,    /* waitq.lock */
	RANK_RUNQ,     /* a run queue; never two at once */
	RANK_SLAB,
	RANK_PAGE, /* the page allocator */
	RANK_LOG,
	RANK_MAX,
};

#endif
