/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipe.h: between pipe.c (reading and writing), pipe_open.c (life) and
 * splice.c (pages that move between pipes and files).
 */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "kuni/vfs.h"

struct pipe_buf {
	struct page *page; /* reference */
	uint32_t off, len;
	bool own;    /* the pipe allocated it: may be used again */
	bool merge;  /* the next write may go on behind off + len */
	bool packet; /* one read takes it, and what it leaves is lost */
};

struct pipe {
	struct mutex lock;
	struct pipe_buf *buf; /* [lock] nbufs of them; [first, end) are used */
	unsigned nbufs;       /* [lock] a power of two */
	uint64_t first, end;  /* [lock] buffers ever taken and put; read [a] */
	unsigned lent;        /* [lock] places kept for what splice.c has out */
	struct page *spare;   /* [lock] one kept for the next write */
	unsigned readers, writers;   /* [lock] open files */
	uint64_t rd_opens, wr_opens; /* [lock] opens ever, for FIFOs */
	struct waitq rd_wait, wr_wait, open_wait;
};

static inline struct pipe *pipe_of(const struct file *f)
{
	return f->inode->pipe;
}
static inline uint64_t pipe_used(const struct pipe *p)
{
	return __atomic_load_n(&p->end, __ATOMIC_RELAXED) -
	       __atomic_load_n(&p->first, __ATOMIC_RELAXED);
}
static inline uint64_t pipe_room(const struct pipe *p)
{
	uint64_t n = pipe_used(p) + p->lent;

	return n < p->nbufs ? p->nbufs - n : 0;
}
static inline struct pipe_buf *pipe_at(const struct pipe *p, uint64_t k)
{
	return &p->buf[k & (p->nbufs - 1)];
}

/* pipe.lock held */
void pipe_release_buf(struct pipe *p, struct pipe_buf *b);
void pipe_advance(struct pipe *p);
void pipe_push(struct pipe *p, const struct pipe_buf *b);

bool pipe_readable(const struct pipe *p); /* or nobody writes */
bool pipe_writable(const struct pipe *p); /* or nobody reads */
void pipe_wake_readers(struct pipe *p);
void pipe_wake_writers(struct pipe *p);
ssize_t pipe_broken(void); /* SIGPIPE, -EPIPE */
int pipe_open_fifo(struct inode *i, struct file *f);
void pipe_release(struct file *f);

#endif
