/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unix_name.c: names of unix sockets, and who has which.
 *
 * Every socket stands in one bucket of one table: by address of the structure
 * while it has no name, by namespace, type and name where that is abstract, by
 * inode where it is a path.  So a name is looked up, taken, and listed under
 * one bucket's lock, and a path means what its inode means: the node may be
 * renamed, linked, or reached by another mount.
 */
#include "unix.h"

#include <stdio.h>
#include <string.h>

#define BUCKETS 64
#define PATH_AT offsetof(struct lx_sockaddr_un, path)

struct bucket {
	struct spinlock lock;        /* RANK_SOCK_NAME */
	LIST_HEAD(, unix_sock) list; /* [lock] */
};
static struct bucket table[BUCKETS] = {
	[0 ... BUCKETS - 1] = { .lock = { .rank = RANK_SOCK_NAME } },
};
static uint32_t next_auto; /* [a] */

/* ---- addresses ---- */

void unix_addr_put(struct unix_addr *a)
{
	if (a && !__atomic_sub_fetch(&a->ref, 1, __ATOMIC_ACQ_REL))
		kfree(a);
}

struct unix_addr *unix_addr_get(struct unix_sock *u)
{
	struct unix_addr *a;

	spin_lock(&u->sk.lock);
	a = u->addr;
	if (a)
		__atomic_fetch_add(&a->ref, 1, __ATOMIC_RELAXED);
	spin_unlock(&u->sk.lock);
	return a;
}

void unix_copy_name(struct unix_sock *u, struct sock_addr *out)
{
	struct unix_addr *a;

	*out = (struct sock_addr){ .len = UNIX_ADDR_MIN };
	out->family = AF_UNIX;
	spin_lock(&u->sk.lock);
	a = u->addr;
	if (a) {
		out->len = a->len;
		memcpy(&out->un, &a->un, min((size_t)a->len, sizeof(a->un)));
		if (a->len > sizeof(a->un)) /* a path of 108, and its NUL */
			out->bytes[sizeof(a->un)] = 0;
	}
	spin_unlock(&u->sk.lock);
}

static int addr_check(const struct sock_addr *a)
{
	return a->len > UNIX_ADDR_MIN && a->len <= sizeof(a->un) &&
			       a->family == AF_UNIX
		       ? 0
		       : -EINVAL;
}

static bool is_path(const struct sock_addr *a)
{
	return a->un.path[0] != '\0';
}

/* The path of a, which need not end with a NUL there. */
static size_t path_copy(const struct sock_addr *a, char out[UNIX_PATH_MAX + 1])
{
	size_t n = strnlen(a->un.path, a->len - PATH_AT);

	memcpy(out, a->un.path, n);
	out[n] = '\0';
	return n;
}

/* ---- the table ---- */

static unsigned hash_ptr(const void *p)
{
	uint64_t v = (uint64_t)p;

	return (unsigned)((v >> 6 ^ v >> 12 ^ v >> 18) % BUCKETS);
}

static unsigned hash_name(const struct unix_addr *a, int type)
{
	return (name_hash(a->un.path, a->len - PATH_AT) ^ (unsigned)type) %
	       BUCKETS;
}

void unix_table_add(struct unix_sock *u)
{
	struct bucket *b = &table[u->bucket = hash_ptr(u)];

	spin_lock(&b->lock);
	LIST_INSERT_HEAD(&b->list, u, name_link);
	spin_unlock(&b->lock);
}

void unix_table_remove(struct unix_sock *u)
{
	struct bucket *b = &table[u->bucket];
	struct inode *i;

	spin_lock(&b->lock);
	LIST_REMOVE(u, name_link);
	i = u->inode;
	u->inode = NULL;
	spin_unlock(&b->lock);
	inode_put(i);
}

static void set_addr(struct unix_sock *u, struct unix_addr *a)
{
	spin_lock(&u->sk.lock);
	u->addr = a;
	spin_unlock(&u->sk.lock);
}

static struct unix_sock *abstract_locked(struct bucket *b, struct netns *ns,
					 int type, const void *name, size_t len)
{
	struct unix_sock *u;

	LIST_FOREACH(u, &b->list, name_link)
	{
		if (u->named && u->sk.ns == ns && u->sk.type == type &&
		    u->addr->len == len + PATH_AT &&
		    !memcmp(u->addr->un.path, name, len))
			return u;
	}
	return NULL;
}

/* u, which has no name and is under bind_lock, gets a. */
static int take_name(struct unix_sock *u, struct unix_addr *a)
{
	unsigned n = hash_name(a, u->sk.type);
	struct bucket *b = &table[n];

	unix_table_remove(u);
	spin_lock(&b->lock);
	if (abstract_locked(b, u->sk.ns, u->sk.type, a->un.path,
			    a->len - PATH_AT)) {
		spin_unlock(&b->lock);
		unix_table_add(u);
		return -EADDRINUSE;
	}
	set_addr(u, a);
	u->named = true;
	u->bucket = n;
	LIST_INSERT_HEAD(&b->list, u, name_link);
	spin_unlock(&b->lock);
	return 0;
}

/* The same with a path; takes i's reference. */
static void take_inode(struct unix_sock *u, struct unix_addr *a,
		       struct inode *i)
{
	struct bucket *b = &table[hash_ptr(i)];

	unix_table_remove(u);
	spin_lock(&b->lock);
	set_addr(u, a);
	u->inode = i;
	u->bucket = hash_ptr(i);
	LIST_INSERT_HEAD(&b->list, u, name_link);
	spin_unlock(&b->lock);
}

/* ---- bind ---- */

static struct unix_addr *addr_new(const void *name, size_t len)
{
	struct unix_addr *a = kmalloc(sizeof(*a) + 1);

	if (!a)
		return NULL;
	a->ref = 1;
	a->len = (uint32_t)(PATH_AT + len);
	a->un.family = AF_UNIX;
	memcpy(a->un.path, name, min(len, sizeof(a->un.path)));
	return a;
}

static int make_node(struct unix_sock *u, const char *name, struct inode **out)
{
	struct last_name *l = kmalloc(sizeof(*l));
	uint32_t mode = u->sk.file->inode->mode & 07777;
	struct path dir;
	int r;

	if (!l)
		return -ENOMEM;
	r = path_lookup(AT_FDCWD, name, LOOKUP_PARENT, &dir, l);
	if (!r) {
		r = vfs_mknod_inode(&dir, l, S_IFSOCK | fs_umask(mode), 0, out);
		path_put(&dir);
	}
	kfree(l);
	return r == -EEXIST ? -EADDRINUSE : r;
}

static int bind_path(struct unix_sock *u, const struct sock_addr *sa)
{
	char *name = kmalloc(UNIX_PATH_MAX + 1);
	struct unix_addr *a = NULL;
	struct inode *i;
	int r = -ENOMEM;

	if (name)
		a = addr_new(name, path_copy(sa, name) + 1);
	if (a)
		r = make_node(u, name, &i);
	if (!r)
		take_inode(u, a, i);
	else
		kfree(a);
	kfree(name);
	return r;
}

static int bind_abstract(struct unix_sock *u, const struct sock_addr *sa)
{
	struct unix_addr *a = addr_new(sa->un.path, sa->len - PATH_AT);
	int r;

	if (!a)
		return -ENOMEM;
	r = take_name(u, a);
	if (r)
		kfree(a);
	return r;
}

/* A name of five hexadecimal digits that nobody has. */
static int autobind_locked(struct unix_sock *u)
{
	char name[8] = { 0 };
	struct unix_addr *a;
	int r = -EADDRINUSE;

	if (u->addr)
		return 0;
	for (unsigned tries = 0; r == -EADDRINUSE && tries < 0x100000;
	     tries++) {
		uint32_t n =
			__atomic_fetch_add(&next_auto, 1, __ATOMIC_RELAXED);

		sniprintf(name + 1, 6, "%05x", (unsigned)(n & 0xfffff));
		a = addr_new(name, 6);
		if (!a)
			return -ENOMEM;
		r = take_name(u, a);
		if (r)
			kfree(a);
	}
	return r == -EADDRINUSE ? -ENOSPC : r;
}

int unix_autobind(struct unix_sock *u)
{
	int r;

	mutex_lock(&u->bind_lock);
	r = autobind_locked(u);
	mutex_unlock(&u->bind_lock);
	return r;
}

int unix_bind(struct socket *s, const struct sock_addr *a)
{
	struct unix_sock *u = unix_of(s);
	int r;

	if (a->len == UNIX_ADDR_MIN && a->family == AF_UNIX)
		return unix_autobind(u);
	r = addr_check(a);
	if (r)
		return r;
	mutex_lock(&u->bind_lock);
	if (u->addr)
		r = -EINVAL;
	else
		r = is_path(a) ? bind_path(u, a) : bind_abstract(u, a);
	mutex_unlock(&u->bind_lock);
	return r;
}

/* ---- finding ---- */

static int find_inode(struct inode *i, int type, struct unix_sock **out)
{
	struct bucket *b = &table[hash_ptr(i)];
	struct unix_sock *u;
	int r = -ECONNREFUSED;

	spin_lock(&b->lock);
	LIST_FOREACH(u, &b->list, name_link)
	if (u->inode == i)
		break;
	if (u && u->sk.type != type) {
		r = -EPROTOTYPE;
	} else if (u) {
		sock_get(&u->sk);
		*out = u;
		r = 0;
	}
	spin_unlock(&b->lock);
	return r;
}

static int find_path(int type, const struct sock_addr *a,
		     struct unix_sock **out)
{
	char *name = kmalloc(UNIX_PATH_MAX + 1);
	struct path p;
	int r;

	if (!name)
		return -ENOMEM;
	(void)path_copy(a, name);
	r = path_lookup(AT_FDCWD, name, LOOKUP_FOLLOW, &p, NULL);
	kfree(name);
	if (r)
		return r;
	r = inode_permission(p.d->inode, MAY_WRITE);
	if (!r)
		r = S_ISSOCK(p.d->inode->mode)
			    ? find_inode(p.d->inode, type, out)
			    : -ECONNREFUSED;
	path_put(&p);
	return r;
}

static int find_abstract(struct netns *ns, int type, const struct sock_addr *a,
			 struct unix_sock **out)
{
	size_t len = a->len - PATH_AT;
	struct bucket *b =
		&table[(name_hash(a->un.path, len) ^ (unsigned)type) % BUCKETS];
	struct unix_sock *u;

	spin_lock(&b->lock);
	u = abstract_locked(b, ns, type, a->un.path, len);
	if (u)
		sock_get(&u->sk);
	spin_unlock(&b->lock);
	*out = u;
	return u ? 0 : -ECONNREFUSED;
}

int unix_find(struct unix_sock *u, const struct sock_addr *a,
	      struct unix_sock **out)
{
	int r = addr_check(a);

	if (r)
		return r;
	return is_path(a) ? find_path(u->sk.type, a, out)
			  : find_abstract(u->sk.ns, u->sk.type, a, out);
}

/* ---- /proc/net/unix ---- */

static void describe(struct unix_sock *u, struct unix_info *i)
{
	struct socket *s = &u->sk;

	*i = (struct unix_info){ 0 };
	spin_lock(&s->lock);
	i->ref = s->ref + 1; /* Linux's table holds one */
	i->type = (unsigned)s->type;
	i->flags = u->state == UNIX_LISTEN ? 0x10000 : 0; /* ACCEPTCON */
	i->state = s->file ? 1 : 4; /* (un)connected; (dis)connecting */
	if (u->state == UNIX_CONNECTED)
		i->state = s->file ? 3 : 2;
	i->ino = s->file ? s->file->inode->ino : 0;
	if (u->addr) {
		i->name_len = u->addr->len - PATH_AT;
		memcpy(i->name, u->addr->un.path,
		       min(i->name_len, sizeof(u->addr->un.path)));
	}
	spin_unlock(&s->lock);
}

void unix_each(struct netns *ns, void (*fn)(const struct unix_info *i, void *),
	       void *arg)
{
	struct unix_info info;
	struct unix_sock *u;

	for (unsigned n = 0; n < BUCKETS; n++) {
		spin_lock(&table[n].lock);
		LIST_FOREACH(u, &table[n].list, name_link)
		{
			if (u->sk.ns != ns)
				continue;
			describe(u, &info);
			fn(&info, arg);
		}
		spin_unlock(&table[n].lock);
	}
}
