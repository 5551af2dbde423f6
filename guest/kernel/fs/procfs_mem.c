/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs_mem.c: what is in the memory of a process: cmdline, environ, auxv, maps
 * of /proc/PID.
 */
#include <string.h>

#include "kuni/task.h"
#include "procfs.h"

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
