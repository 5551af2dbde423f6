/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount.c: the tree of mounts.
 *
 * There is one namespace: a list in the order of mounting, under mount_lock.
 * An attached mount has one reference from the list; it holds its parent and
 * the dentry that it stands on, whose `mounted` counter makes the walk look
 * here.  Several mounts may share a super (bind); the last one that is freed
 * kills it.  Nothing propagates: all mounts are private.
 *
 * Order: mount_lock before dcache_lock; nothing sleeps under it.
 */
#include <string.h>

#include "kuni/filesystems.h"
#include "kuni/vfs.h"

#define MNT_FLAGS                                                              \
	(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME |           \
	 MS_NODIRATIME | MS_RELATIME)

TAILQ_HEAD(mount_list, mount);
struct mount_ns {
	struct mount_list list; /* [mount_lock] */
	struct mount *root;     /* [I] after mount_root() */
};

static struct spinlock mount_lock = { .rank = RANK_MOUNT };
static struct mount_ns init_ns = { .list = TAILQ_HEAD_INITIALIZER(
					   init_ns.list) };
static uint32_t next_id = 20;

struct mount_ns *mount_ns_init(void)
{
	return &init_ns;
}

void mount_get(struct mount *m)
{
	__atomic_fetch_add(&m->ref, 1, __ATOMIC_RELAXED);
}

/* The mount of s is gone; with the last one goes what the tree holds. */
static void super_unmounted(struct super *s)
{
	bool last;

	spin_lock(&mount_lock);
	last = !--s->nmounts;
	spin_unlock(&mount_lock);
	if (last) {
		inotify_unmount(s);
		if (s->ops && s->ops->sync)
			(void)s->ops->sync(s);
		dcache_prune_super(s);
		if (s->ops && s->ops->kill)
			s->ops->kill(s);
		dentry_put(s->root);
		dcache_prune_super(s);
	}
	super_put(s);
}

void mount_put(struct mount *m)
{
	while (m && !__atomic_sub_fetch(&m->ref, 1, __ATOMIC_ACQ_REL)) {
		struct mount *parent = m->parent;

		if (m->at)
			dentry_put(m->at);
		dentry_put(m->root);
		super_unmounted(m->super);
		kfree(m->source);
		kfree(m->data);
		kfree(m);
		m = parent;
	}
}

int mnt_want_write(struct mount *m)
{
	return m && (m->flags & MS_RDONLY) ? -EROFS : 0;
}

static char *copy_string(const char *s)
{
	size_t n = strlen(s) + 1;
	char *c = kmalloc(n);

	return c ? memcpy(c, s, n) : NULL;
}

/* A mount, not attached, that shows root; takes no reference of its caller. */
static int mount_alloc(struct super *s, struct dentry *root, const char *source,
		       const char *data, struct mount **out)
{
	struct mount *m = kmalloc(sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->source = copy_string(source ? source : "none");
	m->data = copy_string(data ? data : "");
	if (!m->source || !m->data) {
		kfree(m->source);
		kfree(m->data);
		kfree(m);
		return -ENOMEM;
	}
	m->ref = 1;
	m->super = s;
	m->root = dentry_get(root);
	m->id = __atomic_fetch_add(&next_id, 1, __ATOMIC_RELAXED);
	super_get(s);
	spin_lock(&mount_lock);
	s->nmounts++;
	spin_unlock(&mount_lock);
	*out = m;
	return 0;
}

/* Onto at, which is in the tree (no file that has no name is, nor what was
 * unmounted while in use); the list takes the caller's reference of m.  Under
 * the lock that who removes at holds too. */
static int attach(struct mount *m, const struct path *at)
{
	struct mutex *lock = &at->d->inode->lock;

	if (S_ISDIR(at->d->inode->mode) != S_ISDIR(m->root->inode->mode))
		return -ENOTDIR;
	m->ns = &init_ns;
	mutex_lock(lock);
	spin_lock(&mount_lock);
	if (at->d->dead || !at->mnt->ns) {
		spin_unlock(&mount_lock);
		mutex_unlock(lock);
		return at->d->dead || !at->mnt->super ? -ENOENT : -EINVAL;
	}
	mount_get(at->mnt);
	m->parent = at->mnt;
	m->at = dentry_get(at->d);
	m->at->mounted++;
	TAILQ_INSERT_TAIL(&init_ns.list, m, link);
	spin_unlock(&mount_lock);
	mutex_unlock(lock);
	dcache_pin(at->d);
	return 0;
}

/* Out of the tree; what the list held is the caller's. */
static void detach_locked(struct mount *m)
{
	TAILQ_REMOVE(&init_ns.list, m, link);
	m->at->mounted--;
	m->ns = NULL;
}

static struct mount *child_at(const struct path *p)
{
	struct mount *m, *found = NULL;

	TAILQ_FOREACH(m, &init_ns.list, link)
	if (m->parent == p->mnt && m->at == p->d)
		found = m;
	return found;
}

/* From a place to what is mounted on it, all the way. */
void mount_cross_down(struct path *p)
{
	struct mount *m;

	while (p->d->mounted) {
		spin_lock(&mount_lock);
		m = child_at(p);
		if (m)
			mount_get(m);
		spin_unlock(&mount_lock);
		if (!m)
			return;
		dentry_put(p->d);
		mount_put(p->mnt);
		p->mnt = m;
		p->d = dentry_get(m->root);
	}
}

/* From the root of a mount to what it stands on; false: on nothing. */
bool mount_cross_up(struct path *p)
{
	struct path up = { 0 };

	spin_lock(&mount_lock);
	if (p->mnt->ns && p->mnt->parent) {
		up.mnt = p->mnt->parent;
		up.d = p->mnt->at;
		path_get(&up);
	}
	spin_unlock(&mount_lock);
	if (!up.mnt)
		return false;
	path_put(p);
	*p = up;
	return true;
}

bool mount_is_point(struct dentry *d)
{
	struct mount *m;
	bool r = d->mounted;

	spin_lock(&mount_lock);
	TAILQ_FOREACH(m, &init_ns.list, link)
	{
		if (r)
			break;
		r = m->at && m->super && m->at->mounted &&
		    dcache_is_below(m->at, d);
	}
	spin_unlock(&mount_lock);
	return r;
}

static const struct fs_type *find_type(const char *name)
{
	for (unsigned i = 0; filesystems[i]; i++)
		if (!strcmp(filesystems[i]->name, name))
			return filesystems[i];
	return NULL;
}

/* A new file system of the type, and a mount of it. */
static int mount_create(const char *fstype, const char *source, uint64_t flags,
			const char *data, struct mount **out)
{
	const struct fs_type *t = find_type(fstype);
	struct super *s = NULL;
	int r;

	if (!t)
		return -ENODEV;
	r = t->mount(t, source, flags, data ? data : "", &s);
	if (r)
		return r;
	r = mount_alloc(s, s->root, source, data, out);
	if (!r)
		(*out)->flags = flags & MNT_FLAGS;
	super_put(s);
	return r;
}

/* The first mount of all; before any path is walked. */
int mount_root(const char *fstype, uint64_t flags)
{
	struct mount *m;
	int r;

	if (init_ns.root)
		return -EBUSY;
	r = mount_create(fstype, "rootfs", flags, "", &m);
	if (r)
		return r;
	m->ns = &init_ns;
	spin_lock(&mount_lock);
	TAILQ_INSERT_HEAD(&init_ns.list, m, link);
	spin_unlock(&mount_lock);
	init_ns.root = m;
	if (current->fs)
		return 0;
	return fs_ctx_fork(NULL, &current->fs);
}

void mount_root_path(struct path *out)
{
	ensure(init_ns.root);
	out->mnt = init_ns.root;
	out->d = init_ns.root->root;
	path_get(out);
	mount_cross_down(out);
}

/* Mounts a new file system on at. */
int mount_new(const char *fstype, const char *source, const struct path *at,
	      uint64_t flags, const char *data)
{
	struct mount *m;
	int r = mount_create(fstype, source, flags, data, &m);

	if (r)
		return r;
	/* not the same one twice at a place */
	r = at->mnt->super == m->super && at->d == at->mnt->root
		    ? -EBUSY
		    : attach(m, at);
	if (r)
		mount_put(m);
	return r;
}

/* As mount_new(), on an absolute name of current. */
int mount_at(const char *fstype, const char *source, const char *dest,
	     uint64_t flags, const char *data)
{
	struct path at;
	int r = path_lookup(AT_FDCWD, dest, LOOKUP_FOLLOW, &at, NULL);

	if (r)
		return r;
	r = mount_new(fstype, source, &at, flags, data);
	path_put(&at);
	return r;
}

static int bind_one(struct mount *of, struct dentry *root,
		    const struct path *at)
{
	struct mount *m;
	int r = mount_alloc(of->super, root, of->source, of->data, &m);

	if (r)
		return r;
	m->flags = of->flags;
	r = attach(m, at);
	if (r)
		mount_put(m);
	return r;
}

/* The n-th mount, from the start of the list, below place from; referenced. */
static struct mount *nth_below(const struct path *from, uint32_t before,
			       unsigned n)
{
	struct mount *m, *up;

	spin_lock(&mount_lock);
	TAILQ_FOREACH(m, &init_ns.list, link)
	{
		if (m->id >= before)
			continue;
		for (up = m; up->parent && up->parent != from->mnt;)
			up = up->parent;
		if (!up->parent || !dcache_is_below(up->at, from->d))
			continue;
		if (!n--) {
			mount_get(m);
			break;
		}
	}
	spin_unlock(&mount_lock);
	return m;
}

/* The place below to that mirrors where m stands below from. */
static int mirror(const struct mount *m, const struct path *from,
		  const struct path *to, struct path *out)
{
	struct path at = { m->parent, m->at };
	char *buf = kmalloc(PATH_MAX), *s;
	struct walk w = { 0 };
	int r;

	if (!buf)
		return -ENOMEM;
	r = path_name(&at, from, buf, PATH_MAX, &s);
	if (r < 0) {
		kfree(buf);
		return r;
	}
	w.cur = w.root = w.scope = *to;
	path_get(&w.cur);
	path_get(&w.root);
	path_get(&w.scope);
	w.flags = LOOKUP_IN_ROOT;
	w.p = s;
	r = walk_run(&w, NULL);
	if (!r) {
		*out = w.cur;
		path_get(out);
	}
	walk_end(&w);
	kfree(buf);
	return r;
}

/*
 * Shows what is at from also at at; MS_REC: with the mounts below it.  Flags
 * of the mount (MS_RDONLY and the like) are added to those of from's.
 */
int mount_bind_path(const struct path *from, const struct path *at,
		    uint64_t flags)
{
	uint32_t before = __atomic_load_n(&next_id, __ATOMIC_RELAXED);
	struct path top = *at, sub;
	struct mount *m;
	int r;

	if (!from->mnt->ns)
		return -EINVAL; /* as in attach() */
	r = bind_one(from->mnt, from->d, at);
	if (r)
		return r;
	path_get(&top);
	mount_cross_down(&top);
	for (unsigned n = 0; (flags & MS_REC) && !r; n++) {
		m = nth_below(from, before, n);
		if (!m)
			break;
		r = mirror(m, from, &top, &sub);
		if (!r) {
			r = bind_one(m, m->root, &sub);
			path_put(&sub);
		}
		mount_put(m);
	}
	top.mnt->flags |= flags & MNT_FLAGS;
	path_put(&top);
	return r;
}

int mount_bind(const char *from, const char *to, uint64_t flags)
{
	struct path a, b;
	int r = path_lookup(AT_FDCWD, from, LOOKUP_FOLLOW, &a, NULL);

	if (r)
		return r;
	r = path_lookup(AT_FDCWD, to, LOOKUP_FOLLOW, &b, NULL);
	if (!r) {
		r = mount_bind_path(&a, &b, flags);
		path_put(&b);
	}
	path_put(&a);
	return r;
}

/*
 * Changes the flags of the mount whose root p is.  bind says that MS_BIND was
 * given; both forms change this mount alone.  Options of the file system cannot
 * be changed: data must be empty or what it was mounted with.
 */
int mount_remount(const struct path *p, uint64_t flags, bool bind,
		  const char *data)
{
	if (p->d != p->mnt->root)
		return -EINVAL;
	if (!bind && *data && strcmp(data, p->mnt->data))
		return -EINVAL;
	spin_lock(&mount_lock);
	p->mnt->flags = flags & MNT_FLAGS;
	spin_unlock(&mount_lock);
	return 0;
}

int mount_move(const struct path *from, const struct path *at)
{
	struct mount *m = from->mnt, *up, *parent;
	struct dentry *old;

	if (from->d != m->root || !m->parent)
		return -EINVAL;
	if (S_ISDIR(at->d->inode->mode) != S_ISDIR(m->root->inode->mode))
		return -ENOTDIR;
	mutex_lock(&at->d->inode->lock); /* as attach() does */
	spin_lock(&mount_lock);
	up = at->mnt;
	while (up != m && up->parent)
		up = up->parent;
	if (up == m || !m->ns || !at->mnt->ns || at->d->dead) {
		spin_unlock(&mount_lock);
		mutex_unlock(&at->d->inode->lock);
		return up == m ? -ELOOP : -EINVAL;
	}
	old = m->at;
	parent = m->parent;
	old->mounted--;
	mount_get(at->mnt);
	m->parent = at->mnt;
	m->at = dentry_get(at->d);
	m->at->mounted++;
	spin_unlock(&mount_lock);
	mutex_unlock(&at->d->inode->lock);
	dcache_pin(at->d);
	dentry_put(old);
	mount_put(parent);
	return 0;
}

/* Whether top is above m (or m itself). */
static bool is_under(const struct mount *m, const struct mount *top)
{
	while (m && m != top)
		m = m->parent;
	return m;
}

/*
 * Takes the mount whose root p is out of the tree; p keeps its references.
 * MNT_DETACH: with all below it, used or not; else EBUSY where it is in use.
 */
int mount_umount(const struct path *p, int flags)
{
	struct mount *m = p->mnt, *at, *next;
	struct mount_list gone = TAILQ_HEAD_INITIALIZER(gone);

	if (p->d != m->root || !m->ns)
		return -EINVAL;
	if (!m->parent)
		return -EBUSY;
	if (flags & MNT_EXPIRE)
		return -EINVAL;
	spin_lock(&mount_lock);
	if (!(flags & MNT_DETACH) &&
	    __atomic_load_n(&m->ref, __ATOMIC_RELAXED) > 2) {
		spin_unlock(&mount_lock);
		return -EBUSY;
	}
	for (at = TAILQ_FIRST(&init_ns.list); at; at = next) {
		next = TAILQ_NEXT(at, link);
		if (!is_under(at, m))
			continue;
		detach_locked(at);
		TAILQ_INSERT_TAIL(&gone, at, link);
	}
	spin_unlock(&mount_lock);
	while ((at = TAILQ_FIRST(&gone))) {
		TAILQ_REMOVE(&gone, at, link);
		mount_put(at);
	}
	return 0;
}

/* fn runs without locks; mounts made meanwhile may be missed. */
void mount_each(bool (*fn)(struct mount *m, void *arg), void *arg)
{
	struct mount *m, *next;
	bool go = true;

	spin_lock(&mount_lock);
	m = TAILQ_FIRST(&init_ns.list);
	if (m)
		mount_get(m);
	spin_unlock(&mount_lock);
	while (m) {
		go = go && fn(m, arg);
		spin_lock(&mount_lock);
		next = go && m->ns ? TAILQ_NEXT(m, link) : NULL;
		if (next)
			mount_get(next);
		spin_unlock(&mount_lock);
		mount_put(m);
		m = next;
	}
}
