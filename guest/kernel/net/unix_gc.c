/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unix_gc.c: descriptors in flight, and sockets that only they keep alive.
 *
 * A socket may lie in its own queue, or two in each other's, with no
 * descriptor left anywhere.  The collector looks at the sockets in flight: one
 * whose file has more references than it has flights is held from outside.
 * Of the others, take away the flights in queues of others of their kind; what
 * still has one, or lies in the queue of such a one, can be received some day.
 * The rest is garbage: their messages with descriptors go.
 *
 * gc_lock is held while a message with descriptors enters a queue or gives
 * them away, so that the collector sees one moment; messages without any never
 * take it.
 */
#include "unix.h"

#include <string.h>

#define MANY 16000 /* descriptors of one user: look for garbage */

struct flight_user { /* of one user: RLIMIT_NOFILE bounds it */
	LIST_ENTRY(flight_user) link;
	uint32_t uid;
	uint64_t count; /* [gc_lock] descriptors */
	uint32_t ref;   /* [gc_lock] messages on their way */
};

static struct spinlock gc_lock = { .rank = RANK_SOCK_GC };
static LIST_HEAD(, flight_user) users; /* [gc_lock] */
static struct unix_list flying =       /* [gc_lock] */
	TAILQ_HEAD_INITIALIZER(flying);

void unix_gc_lock(void)
{
	spin_lock(&gc_lock);
}

void unix_gc_unlock(void)
{
	spin_unlock(&gc_lock);
}

static struct unix_sock *socket_in(const struct file *f)
{
	struct socket *s;

	if (sock_of(f, &s) || s->family != AF_UNIX)
		return NULL;
	return unix_of(s);
}

/* ---- counting ---- */

static struct flight_user *user_find_locked(uint32_t uid)
{
	struct flight_user *w;

	LIST_FOREACH(w, &users, link)
	if (w->uid == uid)
		break;
	return w;
}

static void user_put_locked(struct flight_user *w, struct flight_user **drop)
{
	*drop = NULL;
	if (--w->ref)
		return;
	LIST_REMOVE(w, link);
	*drop = w;
}

/* May current have f fly?  f remembers whose it is until unix_flight_end(),
 * which scm_free() calls where nobody has received it. */
int unix_flight_check(struct scm_files *f)
{
	struct flight_user *fresh = kmalloc(sizeof(*fresh)), *w;
	bool many;
	int r = 0;

	if (!fresh)
		return -ENOMEM;
	fresh->uid = current->cred->uid;
	spin_lock(&gc_lock);
	w = user_find_locked(fresh->uid);
	if (w && w->count > rlimit_get(RLIMIT_NOFILE) &&
	    !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN))
		r = -ETOOMANYREFS;
	if (!r && !w) {
		w = fresh;
		fresh = NULL;
		LIST_INSERT_HEAD(&users, w, link);
	}
	if (!r) {
		w->ref++;
		f->user = w;
	}
	many = w && w->count > MANY;
	spin_unlock(&gc_lock);
	kfree(fresh);
	if (many)
		unix_gc();
	return r;
}

void unix_flight_start_locked(struct scm_files *f)
{
	f->user->count += f->n;
	f->flying = true;
	for (unsigned n = 0; n < f->n; n++) {
		struct unix_sock *u = socket_in(f->file[n]);

		if (u && u->inflight++ == 0)
			TAILQ_INSERT_TAIL(&flying, u, gc_link);
	}
}

static void flight_end_locked(struct scm_files *f, struct flight_user **drop)
{
	if (f->flying) {
		f->user->count -= f->n;
		f->flying = false;
		for (unsigned n = 0; n < f->n; n++) {
			struct unix_sock *u = socket_in(f->file[n]);

			if (u && --u->inflight == 0)
				TAILQ_REMOVE(&flying, u, gc_link);
		}
	}
	user_put_locked(f->user, drop);
	f->user = NULL;
}

void unix_flight_end(struct scm_files *f)
{
	struct flight_user *drop = NULL;

	spin_lock(&gc_lock);
	if (f->user)
		flight_end_locked(f, &drop);
	spin_unlock(&gc_lock);
	kfree(drop);
}

static int copy_files(struct msgbuf *b, struct scm *out)
{
	const struct scm_files *f = b->scm.files;
	size_t size = sizeof(*f) + f->n * sizeof(f->file[0]);
	struct scm_files *c = kmalloc(size);

	if (!c)
		return -ENOMEM;
	spin_lock(&gc_lock); /* not while the collector counts references */
	memcpy(c, f, size);
	c->user = NULL;
	c->flying = false;
	for (unsigned n = 0; n < c->n; n++)
		file_get(c->file[n]);
	spin_unlock(&gc_lock);
	out->files = c;
	return 0;
}

int unix_take_files(struct msgbuf *b, struct scm *out, bool peek)
{
	struct flight_user *drop;

	if (!b->scm.files)
		return 0;
	if (peek)
		return copy_files(b, out);
	spin_lock(&gc_lock);
	out->files = b->scm.files;
	b->scm.files = NULL;
	flight_end_locked(out->files, &drop);
	spin_unlock(&gc_lock);
	kfree(drop);
	return 0;
}

/* ---- collecting; gc_lock is held ---- */

struct run { /* of the collector */
	struct unix_list cand, alive;
};
typedef void (*child_fn)(struct unix_sock *child, struct run *r);

static void each_in_queue(struct unix_sock *u, child_fn fn, struct run *r)
{
	struct msgbuf *b;

	TAILQ_FOREACH(b, &u->sk.queue, link)
	{
		const struct scm_files *f = b->scm.files;

		for (unsigned n = 0; f && n < f->n; n++) {
			struct unix_sock *c = socket_in(f->file[n]);

			if (c && c->candidate)
				fn(c, r);
		}
	}
}

/* The candidates that lie in u's queue, or in that of one whom u has yet to
 * accept. */
static void each_child(struct unix_sock *u, child_fn fn, struct run *r)
{
	struct unix_sock *e;

	spin_lock(&u->sk.lock);
	each_in_queue(u, fn, r);
	TAILQ_FOREACH(e, &u->embryos, embryo_link)
	{
		spin_lock(&e->sk.lock);
		each_in_queue(e, fn, r);
		spin_unlock(&e->sk.lock);
	}
	spin_unlock(&u->sk.lock);
}

static void held_by_one_less(struct unix_sock *c, struct run *r)
{
	(void)r;
	c->gc_refs--;
}

static void is_alive(struct unix_sock *c, struct run *r)
{
	c->candidate = false;
	TAILQ_REMOVE(&r->cand, c, gc_link);
	TAILQ_INSERT_TAIL(&r->alive, c, gc_link);
}

static void find_candidates(struct run *r)
{
	struct unix_sock *u, *next;

	for (u = TAILQ_FIRST(&flying); u; u = next) {
		const struct file *f = u->sk.file;

		next = TAILQ_NEXT(u, gc_link);
		if (__atomic_load_n(&f->ref, __ATOMIC_ACQUIRE) != u->inflight)
			continue;
		TAILQ_REMOVE(&flying, u, gc_link);
		TAILQ_INSERT_TAIL(&r->cand, u, gc_link);
		u->candidate = true;
		u->gc_refs = u->inflight;
	}
}

static void drop_alive(struct run *r)
{
	struct unix_sock *u, *next;

	TAILQ_FOREACH(u, &r->cand, gc_link)
	each_child(u, held_by_one_less, r);
	for (u = TAILQ_FIRST(&r->cand); u; u = next) {
		next = TAILQ_NEXT(u, gc_link);
		if (u->gc_refs)
			is_alive(u, r);
	}
	/* the list grows at its end meanwhile */
	TAILQ_FOREACH(u, &r->alive, gc_link)
	each_child(u, is_alive, r);
	TAILQ_CONCAT(&flying, &r->alive, gc_link);
}

static void take_messages(struct socket *s, struct msgqueue *out)
{
	struct msgbuf *b, *next;

	for (b = TAILQ_FIRST(&s->queue); b; b = next) {
		next = TAILQ_NEXT(b, link);
		if (!b->scm.files)
			continue;
		msgqueue_remove_locked(s, b);
		TAILQ_INSERT_TAIL(out, b, link);
	}
}

static void take_garbage(struct run *r, struct msgqueue *out)
{
	struct unix_sock *u, *e;

	TAILQ_FOREACH(u, &r->cand, gc_link)
	{
		u->candidate = false;
		spin_lock(&u->sk.lock);
		take_messages(&u->sk, out);
		TAILQ_FOREACH(e, &u->embryos, embryo_link)
		{
			spin_lock(&e->sk.lock);
			take_messages(&e->sk, out);
			spin_unlock(&e->sk.lock);
		}
		spin_unlock(&u->sk.lock);
	}
	TAILQ_CONCAT(&flying, &r->cand, gc_link);
}

/* After a unix socket has gone: does what hangs on it alone go, too? */
void unix_gc(void)
{
	struct run r = { TAILQ_HEAD_INITIALIZER(r.cand),
			 TAILQ_HEAD_INITIALIZER(r.alive) };
	struct msgqueue garbage = TAILQ_HEAD_INITIALIZER(garbage);
	struct msgbuf *b;

	if (!__atomic_load_n(&flying.tqh_first, __ATOMIC_RELAXED))
		return;
	spin_lock(&gc_lock);
	find_candidates(&r);
	drop_alive(&r);
	take_garbage(&r, &garbage);
	spin_unlock(&gc_lock);
	while ((b = TAILQ_FIRST(&garbage))) {
		TAILQ_REMOVE(&garbage, b, link);
		msgbuf_free(b);
	}
}
