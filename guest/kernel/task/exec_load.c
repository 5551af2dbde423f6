/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_load.c: the address space of a new program: segments of the binary and
 * of its interpreter, heap, vDSO, all at random places (unless
 * ADDR_NO_RANDOMIZE is set), as execve(2) and elf(5) describe them.
 */
#include "exec.h"

#include <string.h>

#include "kuni/driver.h"

#define PIE_BASE           0x555555554000UL
#define PIE_RANDOM_PAGES   (1UL << 28)
#define STACK_RANDOM_PAGES (1UL << 22)
#define MMAP_RANDOM_PAGES  (1UL << 28)
#define BRK_RANDOM_PAGES   (1UL << 13)
#define MMAP_GAP_MIN       (128UL << 20)
#define ADDR_NO_RANDOMIZE  0x0040000U

static uint64_t random_pages(uint64_t n)
{
	if (current->personality & ADDR_NO_RANDOMIZE)
		return 0;
	return (random_u64() & (n - 1)) << PAGE_SHIFT;
}

/* The stack's top, and below it and its growth the top of mmap. */
static void place_stack(struct mm *m)
{
	uint64_t gap = rlimit_get(RLIMIT_STACK);

	m->stack_top = USER_END - random_pages(STACK_RANDOM_PAGES);
	if (gap < MMAP_GAP_MIN)
		gap = MMAP_GAP_MIN;
	if (gap > USER_END / 6 * 5)
		gap = USER_END / 6 * 5;
	gap = page_up(gap) + (STACK_RANDOM_PAGES << PAGE_SHIFT);
	m->mmap_top = USER_END - gap - random_pages(MMAP_RANDOM_PAGES);
}

static int zero_tail(struct mm *m, uint64_t from, uint64_t to)
{
	static const char zeros[512];

	while (from < to) {
		size_t n = min(to - from, (uint64_t)sizeof(zeros));
		ssize_t ret =
			mm_access(m, from, (void *)(uintptr_t)zeros, n, true);

		if (ret != (ssize_t)n)
			return ret < 0 ? (int)ret : -EFAULT;
		from += n;
	}
	return 0;
}

static int map_segment(struct mm *m, struct file *f,
		       const struct elf_segment *s, uint64_t bias)
{
	uint64_t start = page_down(s->vaddr + bias);
	uint64_t file_end = s->vaddr + bias + s->filesz;
	uint64_t end = page_up(s->vaddr + bias + s->memsz);
	uint64_t mid = s->filesz ? page_up(file_end) : start;
	const int flags = LX_MAP_PRIVATE | LX_MAP_FIXED;
	long ret;

	if (s->filesz) {
		ret = mm_map(m, start, mid - start, (int)s->prot, flags, f,
			     page_down(s->offset));
		if (ret < 0)
			return (int)ret;
	}
	if (s->filesz && s->memsz > s->filesz && s->prot & LX_PROT_WRITE) {
		ret = zero_tail(m, file_end, mid);
		if (ret)
			return (int)ret;
	}
	if (end <= mid)
		return 0;
	ret = mm_map(m, mid, end - mid, (int)s->prot, flags | LX_MAP_ANONYMOUS,
		     NULL, 0);
	return ret < 0 ? (int)ret : 0;
}

static int map_image(struct mm *m, struct file *f, const struct elf_image *im,
		     uint64_t bias)
{
	for (unsigned i = 0; i < im->nseg; i++) {
		int ret = map_segment(m, f, &im->seg[i], bias);

		if (ret)
			return ret;
	}
	return 0;
}

/* Reads headers of f; head: its first bytes. */
static int read_image(struct file *f, const char *head, size_t n,
		      struct elf_header *eh, struct elf_image *im)
{
	size_t len;
	ssize_t got;
	char *buf;
	int ret = elf_parse_header(head, n, eh);

	if (ret)
		return ret;
	len = (size_t)eh->phnum * ELF_PHDR_SIZE;
	if (eh->phoff + len <= n)
		return elf_parse_segments(eh, head + eh->phoff, len, im);
	buf = kmalloc(len);
	if (!buf)
		return -ENOMEM;
	got = file_pread_kernel(f, buf, len, eh->phoff);
	if (got != (ssize_t)len)
		ret = got < 0 ? (int)got : -ENOEXEC;
	else
		ret = elf_parse_segments(eh, buf, len, im);
	kfree(buf);
	return ret;
}

static int open_interp(struct exec *x, struct file **out)
{
	char *path = kmalloc(x->image.interp_len + 1);
	ssize_t n;
	int ret = -ENOEXEC;

	if (!path)
		return -ENOMEM;
	n = file_pread_kernel(x->f, path, x->image.interp_len,
			      x->image.interp_off);
	if (n == (ssize_t)x->image.interp_len && path[n - 1] == '\0')
		ret = exec_open(AT_FDCWD, path, 0, out);
	else if (n < 0)
		ret = (int)n;
	kfree(path);
	return ret;
}

/* The interpreter goes where mmap would put it. */
static int load_interp(struct exec *x)
{
	struct elf_image *im = &x->interp;
	struct file *f;
	uint64_t span;
	ssize_t n;
	long at;
	int ret = open_interp(x, &f);

	if (ret)
		return ret;
	n = file_pread_kernel(f, x->head, sizeof(x->head), 0);
	ret = n < 0 ? (int)n : read_image(f, x->head, (size_t)n, &x->ih, im);
	if (ret == -ENOEXEC)
		ret = -ELIBBAD;
	if (ret || !x->ih.dyn)
		goto map;
	span = im->high - im->low;
	at = mm_map(x->mm, 0, span, 0, LX_MAP_PRIVATE | LX_MAP_ANONYMOUS, NULL,
		    0);
	ret = at < 0 ? (int)at : mm_unmap(x->mm, (uint64_t)at, span);
	x->interp_bias = (uint64_t)at - im->low;
map:
	if (!ret)
		ret = map_image(x->mm, f, im, x->interp_bias);
	file_put(f);
	return ret;
}

static void note_ranges(struct exec *x)
{
	struct mm *m = x->mm;

	for (unsigned i = 0; i < x->image.nseg; i++) {
		const struct elf_segment *s = &x->image.seg[i];
		uint64_t at = s->vaddr + x->bias;

		if (s->prot & LX_PROT_EXEC) {
			if (!m->start_code)
				m->start_code = at;
			m->end_code = at + s->filesz;
		}
		if (s->prot & LX_PROT_WRITE) {
			m->start_data = at;
			m->end_data = at + s->filesz;
		}
	}
	m->brk_start = x->image.high + x->bias;
	m->brk_start += random_pages(BRK_RANDOM_PAGES);
	m->brk = m->brk_start;
	file_get(x->f);
	m->exe = x->f;
	/* cannot fail: x denies it already */
	(void)!file_deny_write(m->exe);
}

int exec_load(struct exec *x)
{
	int ret = read_image(x->f, x->head, x->head_len, &x->eh, &x->image);

	if (ret)
		return ret;
	ret = mm_create(&x->mm);
	if (ret)
		return ret;
	place_stack(x->mm);
	if (x->eh.dyn)
		x->bias = ((PIE_BASE + random_pages(PIE_RANDOM_PAGES)) &
			   ~(x->image.align - 1)) -
			  (x->image.low & ~(x->image.align - 1));
	ret = map_image(x->mm, x->f, &x->image, x->bias);
	if (ret)
		return ret;
	note_ranges(x);
	x->start = x->eh.entry + x->bias;
	if (x->image.interp_len) {
		ret = load_interp(x);
		if (ret)
			return ret;
		x->start = x->ih.entry + x->interp_bias;
	}
	ret = mm_map_vdso(x->mm);
	if (ret)
		return ret;
	return exec_stack(x);
}
