/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs_mem.c: what is in the memory of a process: cmdline, environ, auxv,
 * maps, smaps and smaps_rollup of /proc/PID.
 */
#include <string.h>

#include "kuni/task.h"
#include "procfs.h"

#define WINDOW     (4UL << 20)
#define WINDOW_MAX (1UL << 45)

/* The bytes [start, end) of m. */
static int show_range(struct pseudo_buf *b, struct mm *m, uint64_t start,
		      uint64_t end)
{
	char part[128];

	while (start < end) {
		ssize_t n = mm_access(m, start, part,
				      min(sizeof(part), (size_t)(end - start)),
				      false);

		if (n <= 0)
			break;
		pseudo_put(b, part, (size_t)n);
		start += (uint64_t)n;
	}
	return 0;
}

int proc_cmdline_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct mm *m = NULL;
	int r = procfs_mm(k, false, &m);

	if (r < 0 || !m)
		return r;
	r = show_range(b, m, m->arg_start, m->arg_end);
	mm_put(m);
	return r;
}

int proc_environ_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct mm *m = NULL;
	int r = procfs_mm(k, true, &m);

	if (r < 0 || !m)
		return r;
	r = show_range(b, m, m->env_start, m->env_end);
	mm_put(m);
	return r;
}

int proc_auxv_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct mm *m = NULL;
	int r = procfs_mm(k, true, &m);
	unsigned n = 0;

	if (r < 0 || !m)
		return r;
	while (n + 2 < ARRAY_SIZE(m->auxv) && m->auxv[n])
		n += 2;
	pseudo_put(b, m->auxv, (n + 2) * sizeof(m->auxv[0]));
	mm_put(m);
	return 0;
}

static void maps_line(struct pseudo_buf *b, const struct vma *v,
		      const struct mm *m, char *name)
{
	const struct inode *i = v->file ? v->file->inode : NULL;
	const char *what = "";
	char *path;

	pseudo_printf(
		b, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", v->start,
		v->end, v->prot & PROT_R ? 'r' : '-',
		v->prot & PROT_W ? 'w' : '-', v->prot & PROT_X ? 'x' : '-',
		v->flags & VMA_SHARED ? 's' : 'p', i ? v->pgoff * PAGE_SIZE : 0,
		i ? DEV_MAJOR(i->super->dev) : 0,
		i ? DEV_MINOR(i->super->dev) : 0, i ? i->ino : 0);
	if (v->file && v->file->path.d &&
	    procfs_name(&v->file->path, name, &path) == 0)
		what = path;
	else if (i && !v->file->path.d &&
		 anon_name(i, name, PATH_MAX) < PATH_MAX)
		what = name;
	else if (v->flags & VMA_VDSO)
		what = "[vdso]";
	else if (v->flags & VMA_VVAR)
		what = "[vvar]";
	else if (v->flags & VMA_STACK)
		what = "[stack]";
	else if (v->end > m->brk_start && v->start < m->brk)
		what = "[heap]";
	if (*what)
		pseudo_put(b, "                    ", 20);
	pseudo_put(b, what, strlen(what));
	pseudo_put(b, "\n", 1);
}

int proc_maps_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct mm *m = NULL;
	char *name;
	int r = procfs_mm(k, true, &m);

	if (r < 0 || !m)
		return r;
	name = kmalloc(PATH_MAX);
	if (!name) {
		mm_put(m);
		return -ENOMEM;
	}
	mutex_lock(&m->lock);
	for (struct vma *v = mm_find(m, 0); v; v = mm_next(v))
		maps_line(b, v, m, name);
	mutex_unlock(&m->lock);
	kfree(name);
	mm_put(m);
	return 0;
}

/* ---- smaps ---- */

/* In bytes; a page's share is by the references that it has, of which its
 * cache has one. */
struct usage {
	uint64_t size, rss, pss, shared, private_, dirty, anon;
};

static void add_page(struct usage *u, const struct page *p)
{
	bool cached = p->flags & PG_CACHE;
	uint32_t users = __atomic_load_n(&p->ref, __ATOMIC_RELAXED) - cached;

	users = max(users, 1U);
	u->rss += PAGE_SIZE;
	u->pss += PAGE_SIZE / users;
	*(users > 1 ? &u->shared : &u->private_) += PAGE_SIZE;
	if (!cached)
		u->anon += PAGE_SIZE;
	if (!cached || (p->flags & PG_DIRTY))
		u->dirty += PAGE_SIZE;
}

static unsigned visit_page(void *arg, uint64_t va, paddr_t pa, unsigned prot)
{
	const struct page *p = page_of(pa);

	(void)va;
	(void)prot;
	if (p && !(p->flags & PG_RESERVED))
		add_page(arg, p);
	return ~0U; /* as it was */
}

/* mm.lock held.  In windows that grow where nothing is mapped, so that
 * interrupts are not off for long. */
static void usage_of(struct mm *m, const struct vma *v, struct usage *u)
{
	uint64_t at = v->start, window = WINDOW;

	u->size += v->end - v->start;
	while (at < v->end) {
		uint64_t stop = min(at + window, v->end), before = u->rss;

		spin_lock(&m->pt_lock);
		arch_pt_visit(&m->pt, at, stop, visit_page, u);
		spin_unlock(&m->pt_lock);
		window =
			u->rss != before ? WINDOW : min(window * 2, WINDOW_MAX);
		at = stop;
	}
}

static void usage_lines(struct pseudo_buf *b, const struct usage *u, bool size)
{
	const struct {
		const char *name;
		uint64_t bytes;
	} lines[] = {
		{ "Rss:", u->rss },
		{ "Pss:", u->pss },
		{ "Shared_Clean:", u->shared - min(u->shared, u->dirty) },
		{ "Shared_Dirty:", min(u->shared, u->dirty) },
		{ "Private_Clean:", u->private_ - min(u->private_, u->dirty) },
		{ "Private_Dirty:", min(u->private_, u->dirty) },
		{ "Anonymous:", u->anon },
		{ "AnonHugePages:", 0 },
		{ "Swap:", 0 },
		{ "SwapPss:", 0 },
	};

	if (size)
		pseudo_printf(b, "%-16s%8lu kB\n%-16s%8lu kB\n%-16s%8lu kB\n",
			      "Size:", u->size / 1024,
			      "KernelPageSize:", PAGE_SIZE / 1024,
			      "MMUPageSize:", PAGE_SIZE / 1024);
	for (unsigned n = 0; n < ARRAY_SIZE(lines); n++)
		pseudo_printf(b, "%-16s%8lu kB\n", lines[n].name,
			      lines[n].bytes / 1024);
}

static void vm_flags(struct pseudo_buf *b, const struct vma *v)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} flags[] = {
		{ VMA_SHARED, " sh" },    { VMA_GROWSDOWN, " gd" },
		{ VMA_NORESERVE, " nr" }, { VMA_LOCKED, " lo" },
		{ VMA_DONTFORK, " dc" },  { VMA_WIPEONFORK, " wf" },
	};

	pseudo_printf(
		b, "VmFlags:%s%s%s mr mw me", v->prot & PROT_R ? " rd" : "",
		v->prot & PROT_W ? " wr" : "", v->prot & PROT_X ? " ex" : "");
	for (unsigned n = 0; n < ARRAY_SIZE(flags); n++)
		if (v->flags & flags[n].flag)
			pseudo_printf(b, "%s", flags[n].name);
	pseudo_printf(b, "\n");
}

static int show_usage(struct pseudo_buf *b, const struct pseudo_key *k,
		      bool rollup)
{
	struct usage sum = { 0 };
	struct mm *m = NULL;
	uint64_t first = 0, last = 0;
	char *name;
	int r = procfs_mm(k, true, &m);

	if (r < 0 || !m)
		return r;
	name = kmalloc(PATH_MAX);
	if (!name) {
		mm_put(m);
		return -ENOMEM;
	}
	mutex_lock(&m->lock);
	for (struct vma *v = mm_find(m, 0); v; v = mm_next(v)) {
		struct usage u = { 0 };

		first = first ? first : v->start;
		last = v->end;
		usage_of(m, v, rollup ? &sum : &u);
		if (rollup)
			continue;
		maps_line(b, v, m, name);
		usage_lines(b, &u, true);
		vm_flags(b, v);
	}
	mutex_unlock(&m->lock);
	if (rollup) {
		pseudo_printf(b, "%08lx-%08lx ---p 00000000 00:00 0 ", first,
			      last);
		pseudo_printf(b, "                         [rollup]\n");
		usage_lines(b, &sum, false);
	}
	kfree(name);
	mm_put(m);
	return 0;
}

int proc_smaps_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	return show_usage(b, k, false);
}

int proc_smaps_rollup_show(struct pseudo_buf *b, const struct pseudo_key *k)
{
	return show_usage(b, k, true);
}
