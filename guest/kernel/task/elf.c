/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf.c: reading ELF64 headers (System V ABI, gABI 4 and 5; x86-64 psABI).
 *
 * Pure: bytes in, numbers out; nothing in the bytes is trusted.  A file is
 * refused where Linux refuses it, and where a sum would overflow.  Segments
 * must come in ascending order without overlap, as the gABI asks.
 */
#include "elf.h"

#include <string.h>

#include "kuni/mm.h"

#define ET_EXEC      2
#define ET_DYN       3
#define EM_X86_64    62
#define PT_LOAD      1
#define PT_INTERP    3
#define PT_PHDR      6
#define PT_GNU_STACK 0x6474e551U
#define PF_X         1
#define PF_W         2
#define PF_R         4
#ifdef KUNI_UNIT
#define ELF_USER_END 0x00007ffffffff000UL
#else
#define ELF_USER_END USER_END
#endif

struct ehdr {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct ehdr) == ELF_EHDR_SIZE, "Elf64_Ehdr");

struct phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct phdr) == ELF_PHDR_SIZE, "Elf64_Phdr");

int elf_parse_header(const void *buf, size_t n, struct elf_header *out)
{
	static const uint8_t magic[6] = { 0x7f, 'E', 'L', 'F', 2, 1 };
	struct ehdr e;

	if (n < sizeof(e))
		return -ENOEXEC;
	memcpy(&e, buf, sizeof(e));
	if (memcmp(e.ident, magic, sizeof(magic)) || e.machine != EM_X86_64)
		return -ENOEXEC;
	if (e.type != ET_EXEC && e.type != ET_DYN)
		return -ENOEXEC;
	if (e.phentsize != sizeof(struct phdr) || e.phnum == 0 ||
	    e.phnum > ELF_MAX_PHDRS || e.phoff > INT64_MAX / 2)
		return -ENOEXEC;
	out->dyn = e.type == ET_DYN;
	out->entry = e.entry;
	out->phoff = e.phoff;
	out->phnum = e.phnum;
	return 0;
}

static int add_load(const struct phdr *p, struct elf_image *out)
{
	struct elf_segment *s;

	if (p->memsz == 0)
		return 0;
	if (out->nseg == ELF_MAX_SEGMENTS || p->filesz > p->memsz)
		return -ENOEXEC;
	if (p->vaddr >= ELF_USER_END || p->memsz > ELF_USER_END - p->vaddr)
		return -ENOEXEC;
	if (p->offset > INT64_MAX / 2 || p->filesz > INT64_MAX / 2)
		return -ENOEXEC;
	if ((p->vaddr ^ p->offset) & (PAGE_SIZE - 1) && p->filesz)
		return -EINVAL; /* as mmap says */
	if (out->nseg && p->vaddr < out->seg[out->nseg - 1].vaddr +
					    out->seg[out->nseg - 1].memsz)
		return -ENOEXEC;
	s = &out->seg[out->nseg++];
	s->vaddr = p->vaddr;
	s->memsz = p->memsz;
	s->offset = p->offset;
	s->filesz = p->filesz;
	s->prot = (p->flags & PF_R ? LX_PROT_READ : 0) |
		  (p->flags & PF_W ? LX_PROT_WRITE : 0) |
		  (p->flags & PF_X ? LX_PROT_EXEC : 0);
	if (p->align && !(p->align & (p->align - 1)) &&
	    p->align <= (1UL << 30) && p->align > out->align)
		out->align = p->align;
	return 0;
}

static int add(const struct phdr *p, struct elf_image *out)
{
	switch (p->type) {
	case PT_LOAD:
		return add_load(p, out);
	case PT_INTERP:
		if (out->interp_len)
			return 0; /* the first one counts */
		if (p->filesz < 2 || p->filesz > ELF_MAX_INTERP ||
		    p->offset > INT64_MAX / 2)
			return -ENOEXEC;
		out->interp_off = p->offset;
		out->interp_len = p->filesz;
		return 0;
	case PT_PHDR:
		out->phdr_vaddr = p->vaddr;
		return 0;
	case PT_GNU_STACK:
		out->exec_stack = p->flags & PF_X;
		return 0;
	default:
		return 0;
	}
}

/* Where the headers are in memory, for AT_PHDR: within a loaded segment. */
static uint64_t find_phdrs(const struct elf_header *h,
			   const struct elf_image *im)
{
	uint64_t len = (uint64_t)h->phnum * ELF_PHDR_SIZE;

	for (unsigned i = 0; i < im->nseg; i++) {
		const struct elf_segment *s = &im->seg[i];

		if (h->phoff >= s->offset && len <= s->filesz &&
		    h->phoff - s->offset <= s->filesz - len)
			return s->vaddr + (h->phoff - s->offset);
	}
	return 0;
}

int elf_parse_segments(const struct elf_header *h, const void *buf, size_t n,
		       struct elf_image *out)
{
	const uint8_t *at = buf;
	struct phdr p;
	int ret;

	memset(out, 0, sizeof(*out));
	out->align = PAGE_SIZE;
	if (n < (size_t)h->phnum * sizeof(p))
		return -ENOEXEC;
	for (unsigned i = 0; i < h->phnum; i++) {
		memcpy(&p, at + i * sizeof(p), sizeof(p));
		ret = add(&p, out);
		if (ret)
			return ret;
	}
	if (!out->nseg)
		return -ENOEXEC;
	out->low = page_down(out->seg[0].vaddr);
	out->high = page_up(out->seg[out->nseg - 1].vaddr +
			    out->seg[out->nseg - 1].memsz);
	out->phdr_vaddr = find_phdrs(h, out);
	return 0;
}
