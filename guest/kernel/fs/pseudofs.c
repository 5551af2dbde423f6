/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pseudofs.c: the engine of procfs and sysfs (pseudofs.h).
 *
 * A file's text is made when it is read at offset 0 and kept with the open
 * file, so that a reader sees one state.  A directory lists its fixed children
 * first, then the numbers that each() yields, at positions NUMBERS + n.
 */
#include "pseudofs.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kuni/klog.h"
#include "kuni/task.h"

#define NUMBERS 4096 /* directory position of number 0 */

struct pseudo_inode {
	const struct pseudo_node *node;
	struct pseudo_key key; /* owns its references */
};

struct pseudo_super {
	int64_t magic;
};

static const struct inode_ops pseudo_inode_ops, pseudo_place_ops;
static const struct file_ops pseudo_file_ops, pseudo_dir_ops;

static struct pseudo_inode *pseudo_of(struct inode *i)
{
	return i->private_;
}

/* ---- text ---- */

void pseudo_put(struct pseudo_buf *b, const void *s, size_t n)
{
	if (b->len + n > b->cap) {
		size_t cap = max(b->cap * 2, page_up(b->len + n));
		char *bigger = kmalloc(cap);

		if (!bigger) {
			b->failed = true;
			return;
		}
		if (b->len)
			memcpy(bigger, b->s, b->len);
		kfree(b->s);
		b->s = bigger;
		b->cap = cap;
	}
	memcpy(b->s + b->len, s, n);
	b->len += n;
}

void pseudo_printf(struct pseudo_buf *b, const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsniprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	ensure(n >= 0 && (size_t)n < sizeof(line));
	pseudo_put(b, line, (size_t)n);
}

int pseudo_number(const char *name, size_t len, int *out)
{
	int n = 0;

	if (!len || len > 9 || (name[0] == '0' && len > 1))
		return -ENOENT;
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -ENOENT;
		n = n * 10 + (name[i] - '0');
	}
	*out = n;
	return 0;
}

/* ---- inodes ---- */

static void key_copy(struct pseudo_key *to, const struct pseudo_key *from)
{
	*to = *from;
	if (to->proc)
		process_get(to->proc);
	if (to->task)
		task_get(to->task);
}

static void key_drop(struct pseudo_key *k)
{
	if (k->proc)
		process_put(k->proc);
	if (k->task)
		task_put(k->task);
}

/* Stable for a node and its key, so that st_ino of one file stays the same. */
static uint64_t pseudo_ino(const struct pseudo_node *node,
			   const struct pseudo_key *k)
{
	uint64_t h = (uint64_t)node * 0x9e3779b97f4a7c15ULL;

	h ^= (k->proc ? (uint64_t)k->proc->pid << 32 : 0) + (uint64_t)k->n;
	h ^= k->task ? (uint64_t)k->task->tid << 12 : 0;
	return (h * 0xff51afd7ed558ccdULL >> 16 & 0xffffffffffffUL) | 1;
}

/* Takes over the references of *k, also where it fails. */
static int pseudo_inode_new(struct super *s, const struct pseudo_node *node,
			    struct pseudo_key *k, struct inode **out)
{
	struct pseudo_inode *pi = kmalloc(sizeof(*pi));
	int r = pi ? inode_new(s, node->mode, out) : -ENOMEM;

	if (r < 0) {
		kfree(pi);
		key_drop(k);
		return r;
	}
	pi->node = node;
	pi->key = *k;
	(*out)->private_ = pi;
	(*out)->ino = pseudo_ino(node, k);
	(*out)->ops = node->follow ? &pseudo_place_ops : &pseudo_inode_ops;
	(*out)->fops = S_ISDIR(node->mode) ? &pseudo_dir_ops : &pseudo_file_ops;
	(*out)->nlink = S_ISDIR(node->mode) ? 2 : 1;
	(*out)->atime = (*out)->mtime = (*out)->ctime = fs_now();
	if (k->proc && node->own && k->proc->leader) {
		(*out)->uid = k->proc->leader->cred->euid;
		(*out)->gid = k->proc->leader->cred->egid;
	}
	return 0;
}

static void pseudo_evict(struct inode *i)
{
	struct pseudo_inode *pi = pseudo_of(i);

	if (!pi)
		return;
	key_drop(&pi->key);
	kfree(pi);
}

static int pseudo_lookup(struct inode *dir, const char *name, size_t len,
			 struct inode **out)
{
	struct pseudo_inode *pi = pseudo_of(dir);
	const struct pseudo_node *n = pi->node->children;
	struct pseudo_key key;
	int r;

	for (; n && n->name; n++) {
		if (n->name[0] == name[0] && !strncmp(n->name, name, len) &&
		    !n->name[len]) {
			key_copy(&key, &pi->key);
			return pseudo_inode_new(dir->super, n, &key, out);
		}
	}
	if (!pi->node->find)
		return -ENOENT;
	r = pi->node->find(&pi->key, name, len, &key, &n);
	return r < 0 ? r : pseudo_inode_new(dir->super, n, &key, out);
}

static ssize_t pseudo_readlink(struct inode *i, char *buf, size_t n)
{
	struct pseudo_inode *pi = pseudo_of(i);

	return pi->node->link ? pi->node->link(&pi->key, buf, n) : -EINVAL;
}

static int pseudo_follow(struct inode *i, struct mount **m, struct dentry **d)
{
	struct pseudo_inode *pi = pseudo_of(i);

	return pi->node->follow ? pi->node->follow(&pi->key, m, d)
				: -EOPNOTSUPP;
}

static int pseudo_setattr(struct inode *i, const struct setattr *a)
{
	/* O_TRUNC of a file that can be written is how shells write to it. */
	if ((a->valid & ~(unsigned)(ATTR_SIZE | ATTR_MTIME | ATTR_MTIME_NOW)) ||
	    !pseudo_of(i)->node->store)
		return -EPERM;
	return 0;
}

static const struct inode_ops pseudo_inode_ops = {
	.lookup = pseudo_lookup,
	.readlink = pseudo_readlink,
	.setattr = pseudo_setattr,
};

/* Links that lead to a place rather than along a name. */
static const struct inode_ops pseudo_place_ops = {
	.readlink = pseudo_readlink,
	.follow = pseudo_follow,
	.setattr = pseudo_setattr,
};

/* ---- files ---- */

/* What an open file holds. */
struct pseudo_text {
	struct mutex lock;   /* readers with a position of their own (pread) */
	struct pseudo_buf b; /* [lock] */
};

const struct pseudo_key *pseudo_file_key(const struct file *f,
					 const struct pseudo_node *node)
{
	const struct pseudo_inode *pi;

	if (f->ops != &pseudo_dir_ops && f->ops != &pseudo_file_ops)
		return NULL;
	pi = pseudo_of(f->inode);
	return pi->node == node ? &pi->key : NULL;
}

static int pseudo_fill(struct file *f, struct pseudo_buf *b)
{
	struct pseudo_inode *pi = pseudo_of(f->inode);
	int r;

	b->len = 0;
	b->failed = false;
	r = pi->node->show ? pi->node->show(b, &pi->key) : -EACCES;
	if (r < 0)
		return r;
	return b->failed ? -ENOMEM : 0;
}

static int pseudo_open(struct inode *i, struct file *f)
{
	(void)i;
	f->private_ = kmalloc(sizeof(struct pseudo_text));
	return f->private_ ? 0 : -ENOMEM;
}

static void pseudo_release(struct file *f)
{
	struct pseudo_text *t = f->private_;

	if (t)
		kfree(t->b.s);
	kfree(t);
}

static ssize_t read_locked(struct file *f, struct pseudo_buf *b, struct uio *u,
			   uint64_t *pos)
{
	ssize_t n;

	if (!*pos || !b->s) {
		int r = pseudo_fill(f, b);

		if (r < 0)
			return r;
	}
	if (*pos >= b->len)
		return 0;
	n = uio_put(u, b->s + *pos, min(u->left, (size_t)(b->len - *pos)));
	if (n > 0)
		*pos += (uint64_t)n;
	return n;
}

static ssize_t pseudo_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct pseudo_text *t = f->private_;
	ssize_t n;

	if (*pos && pseudo_of(f->inode)->node->whole)
		return 0;
	mutex_lock(&t->lock);
	n = read_locked(f, &t->b, u, pos);
	mutex_unlock(&t->lock);
	return n;
}

static ssize_t pseudo_write(struct file *f, struct uio *u, uint64_t *pos)
{
	struct pseudo_inode *pi = pseudo_of(f->inode);
	char text[256];
	ssize_t n;
	int r;

	if (!pi->node->store)
		return -EACCES;
	if (u->left >= sizeof(text))
		return -EINVAL;
	n = uio_get(u, text, u->left);
	if (n < 0)
		return n;
	text[n] = '\0';
	if (*pos && pi->node->whole) {
		*pos += (uint64_t)n;
		return n;
	}
	r = pi->node->store(&pi->key, text, (size_t)n);
	if (r < 0)
		return r;
	n = r ? r : n;
	*pos += (uint64_t)n;
	return n;
}

static const struct file_ops pseudo_file_ops = {
	.open = pseudo_open,
	.release = pseudo_release,
	.read = pseudo_read,
	.write = pseudo_write,
};

/* ---- directories ---- */

static unsigned dtype(uint32_t mode)
{
	return (mode & S_IFMT) >> 12;
}

static bool emit_numbers(struct file *f, struct dir_ctx *c)
{
	struct pseudo_inode *pi = pseudo_of(f->inode);
	unsigned n = (unsigned)(f->pos - NUMBERS);
	char name[32];

	while (pi->node->each(&pi->key, &n)) {
		struct pseudo_key k = { .n = (int)n };
		int len =
			sniprintf(name, sizeof(name), "%s%u",
				  pi->node->prefix ? pi->node->prefix : "", n);

		if (!c->emit(c, name, (size_t)len, pseudo_ino(pi->node, &k),
			     dtype(pi->node->each_mode), NUMBERS + n + 1))
			return false;
		f->pos = NUMBERS + ++n;
	}
	return true;
}

static bool emit_fixed(struct file *f, struct dir_ctx *c)
{
	struct pseudo_inode *pi = pseudo_of(f->inode);
	const struct pseudo_node *n = pi->node->children;

	for (uint64_t at = 2; n && n->name; n++, at++) {
		if (at < f->pos)
			continue;
		if (!c->emit(c, n->name, strlen(n->name),
			     pseudo_ino(n, &pi->key), dtype(n->mode), at + 1))
			return false;
		f->pos = at + 1;
	}
	return true;
}

static int pseudo_readdir(struct file *f, struct dir_ctx *c)
{
	for (; f->pos < 2; f->pos++) {
		const char *name = f->pos ? ".." : ".";

		if (!c->emit(c, name, strlen(name), f->inode->ino, DT_DIR,
			     f->pos + 1))
			return 0;
	}
	if (f->pos < NUMBERS) {
		if (!emit_fixed(f, c))
			return 0;
		f->pos = NUMBERS;
	}
	if (pseudo_of(f->inode)->node->each)
		(void)emit_numbers(f, c);
	return 0;
}

static const struct file_ops pseudo_dir_ops = {
	.readdir = pseudo_readdir,
};

/* ---- mounting ---- */

static int pseudo_statfs(struct super *s, struct lx_statfs *out)
{
	struct pseudo_super *ps = s->private_;

	out->f_type = ps->magic;
	out->f_bsize = out->f_frsize = (int64_t)PAGE_SIZE;
	out->f_namelen = NAME_MAX;
	return 0;
}

static void pseudo_kill(struct super *s)
{
	kfree(s->private_);
}

static const struct super_ops pseudo_super_ops = {
	.statfs = pseudo_statfs,
	.evict = pseudo_evict,
	.kill = pseudo_kill,
};

int pseudo_mount(const struct fs_type *t, const struct pseudo_node *root,
		 int64_t magic, struct super **out)
{
	struct pseudo_key none = { 0 };
	struct pseudo_super *ps;
	struct inode *i;
	struct super *s;
	int r;

	r = super_create(t, &pseudo_super_ops, &s);
	if (r < 0)
		return r;
	ps = kmalloc(sizeof(*ps));
	if (!ps) {
		super_put(s);
		return -ENOMEM;
	}
	ps->magic = magic;
	s->private_ = ps;
	s->no_dcache = true;
	r = pseudo_inode_new(s, root, &none, &i);
	if (r < 0) {
		super_put(s);
		return r;
	}
	s->root = dentry_root(i);
	if (!s->root) {
		super_put(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}
