/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_stack.c: arguments: out of the old program, onto the new one's stack.
 *
 * The block that a program starts with (System V psABI for x86-64, 3.4.1):
 * argc, argv, envp, the auxiliary vector, then what they point to.  It is made
 * in one kernel buffer and copied in one go.
 */
#include "exec.h"

#include <string.h>

#include "kuni/driver.h"

#define MAX_ARG_STRLEN  131072U
#define MAX_ARG_STRINGS 0x10000U
#define STACK_INITIAL   (128UL << 10)

enum {
	AT_NULL,
	AT_PHDR = 3,
	AT_PHENT,
	AT_PHNUM,
	AT_PAGESZ,
	AT_BASE,
	AT_FLAGS,
	AT_ENTRY,
	AT_UID = 11,
	AT_EUID,
	AT_GID,
	AT_EGID,
	AT_PLATFORM,
	AT_HWCAP,
	AT_CLKTCK,
	AT_SECURE = 23,
	AT_RANDOM = 25,
	AT_HWCAP2,
	AT_RSEQ_FEATURE_SIZE,
	AT_RSEQ_ALIGN,
	AT_EXECFN = 31,
	AT_SYSINFO_EHDR = 33,
	AT_MINSIGSTKSZ = 51,
};

/* ---- from user space ---- */

void user_strings_free(struct user_strings *s)
{
	kfree(s->buf);
	kfree(s->v);
}

static int grow(struct user_strings *s, size_t budget)
{
	size_t size = s->size ? s->size * 2 : 4096;
	char *buf;

	if (s->size >= budget)
		return -E2BIG;
	buf = kmalloc(size);
	if (!buf)
		return -ENOMEM;
	if (s->used)
		memcpy(buf, s->buf, s->used);
	kfree(s->buf);
	s->buf = buf;
	s->size = size;
	return 0;
}

static int add_string(struct user_strings *s, uaddr_t from, size_t budget)
{
	for (;;) {
		size_t room = s->size - s->used;
		ssize_t n = -ENAMETOOLONG;
		int ret;

		if (room)
			n = strncpy_from_user(s->buf + s->used, from, room);
		if (n >= 0) {
			if (n >= (ssize_t)MAX_ARG_STRLEN)
				return -E2BIG;
			s->used += (size_t)n + 1;
			return s->used > budget ? -E2BIG : 0;
		}
		if (n != -ENAMETOOLONG)
			return (int)n;
		if (room > MAX_ARG_STRLEN)
			return -E2BIG;
		ret = grow(s, budget);
		if (ret)
			return ret;
	}
}

static int index_strings(struct user_strings *s)
{
	char *at = s->buf;

	s->v = kmalloc((s->n + 1) * sizeof(*s->v));
	if (!s->v)
		return -ENOMEM;
	for (unsigned i = 0; i < s->n; i++) {
		s->v[i] = at;
		at += strlen(at) + 1;
	}
	return 0;
}

/* Reads a NULL-terminated vector of strings; *budget is what strings and
 * pointers may still take, and shrinks. */
int user_strings_read(struct user_strings *s, uaddr_t vec, size_t *budget)
{
	memset(s, 0, sizeof(*s));
	for (; vec.v; vec.v += 8) {
		uint64_t ptr;
		int ret = -E2BIG;

		if (copy_from_user(&ptr, vec, sizeof(ptr)))
			return -EFAULT;
		if (!ptr)
			break;
		if (s->n < MAX_ARG_STRINGS && (s->n + 1) * 8UL < *budget)
			ret = add_string(s, UADDR(ptr),
					 *budget - (s->n + 1) * 8UL);
		if (ret)
			return ret;
		s->n++;
	}
	*budget -= s->used + s->n * 8UL;
	return index_strings(s);
}

/* ---- onto the new stack ---- */

struct block {
	char *buf; /* what will stand at [base, base + size) */
	uint64_t base;
	size_t size;
	size_t str;     /* next string's offset */
	uint64_t *word; /* next vector entry */
};

static uint64_t put_bytes(struct block *b, const void *p, size_t n)
{
	uint64_t at = b->base + b->str;

	memcpy(b->buf + b->str, p, n);
	b->str += n;
	return at;
}

static void put_vector(struct block *b, char *const *v, uint64_t *start,
		       uint64_t *end)
{
	*start = b->base + b->str;
	for (; *v; v++)
		*b->word++ = put_bytes(b, *v, strlen(*v) + 1);
	*b->word++ = 0;
	*end = b->base + b->str;
}

static size_t measure(char *const *v, size_t *strings)
{
	size_t n = 0;

	for (; v[n]; n++)
		*strings += strlen(v[n]) + 1;
	return n;
}

static uint64_t put_random(struct block *b)
{
	uint8_t seed[16];

	random_bytes(seed, sizeof(seed));
	return put_bytes(b, seed, sizeof(seed));
}

static void put_auxv(struct exec *x, struct block *b, uint64_t execfn)
{
	const struct cred *c = x->cred;
	struct mm *m = x->mm;
	uint64_t rnd = put_random(b);
	uint64_t platform = put_bytes(b, "x86_64", 7);
	const uint64_t v[][2] = {
		{ AT_SYSINFO_EHDR, m->vdso },
		{ AT_MINSIGSTKSZ, arch_signal_frame_max() },
		{ AT_HWCAP, arch_hwcap() },
		{ AT_PAGESZ, PAGE_SIZE },
		{ AT_CLKTCK, 100 },
		{ AT_PHDR,
		  x->image.phdr_vaddr ? x->image.phdr_vaddr + x->bias : 0 },
		{ AT_PHENT, ELF_PHDR_SIZE },
		{ AT_PHNUM, x->eh.phnum },
		{ AT_BASE,
		  x->image.interp_len ? x->interp_bias + x->interp.low : 0 },
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, x->eh.entry + x->bias },
		{ AT_UID, c->uid },
		{ AT_EUID, c->euid },
		{ AT_GID, c->gid },
		{ AT_EGID, c->egid },
		{ AT_SECURE, c->uid != c->euid || c->gid != c->egid ||
				     (c->uid && c->cap_eff & ~c->cap_amb) },
		{ AT_RANDOM, rnd },
		{ AT_HWCAP2, arch_hwcap2() },
		{ AT_RSEQ_FEATURE_SIZE, RSEQ_FEATURE_SIZE },
		{ AT_RSEQ_ALIGN, RSEQ_ALIGN },
		{ AT_EXECFN, execfn },
		{ AT_PLATFORM, platform },
		{ AT_NULL, 0 },
	};
	unsigned skip = m->vdso ? 0 : 1; /* no vDSO, no entry */

	_Static_assert(sizeof(v) <= sizeof(m->auxv), "mm.auxv");
	memcpy(b->word, v[skip], sizeof(v) - skip * sizeof(v[0]));
	memcpy(m->auxv, v[skip], sizeof(v) - skip * sizeof(v[0]));
}
#define AUXV_WORDS (23 * 2)

static int map_stack(struct exec *x, size_t used)
{
	uint64_t size = page_up(used) + STACK_INITIAL;
	int prot = LX_PROT_READ | LX_PROT_WRITE |
		   (x->image.exec_stack ? LX_PROT_EXEC : 0);
	long ret = mm_map(x->mm, x->mm->stack_top - size, size, prot,
			  LX_MAP_PRIVATE | LX_MAP_FIXED | LX_MAP_ANONYMOUS |
				  LX_MAP_GROWSDOWN | LX_MAP_STACK,
			  NULL, 0);

	return ret < 0 ? (int)ret : 0;
}

int exec_stack(struct exec *x)
{
	size_t strings = strlen(x->name) + 1 + 16 + 7 + 8;
	size_t argc = measure(x->argv, &strings);
	size_t envc = measure(x->envp, &strings);
	size_t words = 1 + argc + 1 + envc + 1 + AUXV_WORDS;
	struct mm *m = x->mm;
	struct block b = { 0 };
	uint64_t execfn;
	ssize_t n;
	int ret;

	b.size = (words * 8 + strings + 15) & ~15UL;
	b.base = m->stack_top - b.size;
	ret = map_stack(x, b.size);
	if (ret)
		return ret;
	b.buf = kmalloc(b.size);
	if (!b.buf)
		return b.size > (4UL << 20) ? -E2BIG : -ENOMEM;
	b.str = words * 8;
	b.word = (uint64_t *)(void *)b.buf;
	*b.word++ = argc;
	put_vector(&b, x->argv, &m->arg_start, &m->arg_end);
	put_vector(&b, x->envp, &m->env_start, &m->env_end);
	execfn = put_bytes(&b, x->name, strlen(x->name) + 1);
	put_auxv(x, &b, execfn);
	x->sp = b.base;
	n = mm_access(m, b.base, b.buf, b.size, true);
	kfree(b.buf);
	if (n != (ssize_t)b.size)
		return n < 0 ? (int)n : -ENOMEM;
	return 0;
}
