/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbol.c: names for addresses of the guest kernel.
 *
 * Read when a panic is to be shown, never on the way of a start.  The file is
 * mapped and each offset checked: it is ours, but it may be damaged.
 */
#include "host/symbol.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct symbol_table {
	uint8_t *map;
	size_t size;
	const Elf64_Sym *sym;
	size_t nsym;
	const char *str;
	size_t nstr;
};

/* NULL where [off, off + len) is not in the file, or not aligned. */
static const void *slice(const struct symbol_table *t, uint64_t off,
			 uint64_t len)
{
	if (off > t->size || len > t->size - off || off % 8)
		return NULL;
	return t->map + off;
}

static int find_tables(struct symbol_table *t)
{
	const Elf64_Ehdr *eh = slice(t, 0, sizeof(*eh));
	const Elf64_Shdr *sh, *str;

	if (!eh || memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0 ||
	    eh->e_shentsize != sizeof(*sh))
		return -EINVAL;
	sh = slice(t, eh->e_shoff, (uint64_t)eh->e_shnum * sizeof(*sh));
	if (!sh)
		return -EINVAL;
	for (unsigned i = 0; i < eh->e_shnum; i++) {
		if (sh[i].sh_type != SHT_SYMTAB)
			continue;
		if (sh[i].sh_link >= eh->e_shnum)
			return -EINVAL;
		str = &sh[sh[i].sh_link];
		t->sym = slice(t, sh[i].sh_offset, sh[i].sh_size);
		t->nsym = sh[i].sh_size / sizeof(*t->sym);
		if (!t->sym || str->sh_offset > t->size || !str->sh_size ||
		    str->sh_size > t->size - str->sh_offset)
			return -EINVAL;
		t->str = (const char *)t->map + str->sh_offset;
		t->nstr = str->sh_size;
		return t->str[t->nstr - 1] ? -EINVAL : 0;
	}
	return -ENOENT;
}

int symbol_load(struct symbol_table **out, int fd)
{
	struct symbol_table *t = calloc(1, sizeof(*t));
	struct stat st;
	void *p;
	int r;

	if (!t)
		return -ENOMEM;
	if (fstat(fd, &st) < 0 || st.st_size <= 0) {
		free(t);
		return -EINVAL;
	}
	t->size = (size_t)st.st_size;
	p = mmap(NULL, t->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED) {
		free(t);
		return -errno;
	}
	t->map = p;
	r = find_tables(t);
	if (r < 0)
		symbol_free(t);
	else
		*out = t;
	return r;
}

void symbol_free(struct symbol_table *t)
{
	if (!t)
		return;
	munmap(t->map, t->size);
	free(t);
}

int symbol_name(const struct symbol_table *t, uint64_t addr, char *buf,
		size_t size)
{
	const Elf64_Sym *best = NULL;

	for (size_t i = 0; i < t->nsym; i++) {
		const Elf64_Sym *s = &t->sym[i];
		unsigned type = ELF64_ST_TYPE(s->st_info);

		if (type != STT_FUNC && type != STT_NOTYPE)
			continue;
		if (s->st_shndx == SHN_UNDEF || s->st_shndx == SHN_ABS ||
		    s->st_name >= t->nstr || s->st_value > addr)
			continue;
		if (s->st_size && addr - s->st_value >= s->st_size)
			continue;
		if (!best || s->st_value > best->st_value ||
		    (s->st_value == best->st_value && type == STT_FUNC))
			best = s;
	}
	if (!best)
		return -ENOENT;
	snprintf(buf, size, "%s+%#llx", t->str + best->st_name,
		 (unsigned long long)(addr - best->st_value));
	return 0;
}
