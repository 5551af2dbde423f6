/* SPDX-License-Identifier: Apache-2.0 */
/* elf.h: what a program file asks for; pure (elf.c), also for fuzzing. */
#ifndef TASK_ELF_H
#define TASK_ELF_H

#include "kuni/types.h"

#define ELF_MAX_PHDRS    128
#define ELF_MAX_SEGMENTS 64
#define ELF_EHDR_SIZE    64
#define ELF_PHDR_SIZE    56
#define ELF_MAX_INTERP   4096

struct elf_header {
	bool dyn;       /* ET_DYN: placed anywhere */
	uint64_t entry; /* unplaced */
	uint64_t phoff;
	unsigned phnum;
};

struct elf_segment {
	uint64_t vaddr, memsz, offset, filesz;
	unsigned prot; /* LX_PROT_* */
};

struct elf_image {
	struct elf_segment seg[ELF_MAX_SEGMENTS]; /* by address */
	unsigned nseg;
	uint64_t low, high;  /* page-aligned span of all segments */
	uint64_t align;      /* largest, a power of two */
	uint64_t phdr_vaddr; /* of the program headers, 0: not loaded */
	uint64_t interp_off; /* path of the interpreter in the file */
	uint64_t interp_len; /* 0: none; the NUL included */
	bool exec_stack;
};

/* The first ELF_EHDR_SIZE bytes of a file; -ENOEXEC. */
int elf_parse_header(const void *buf, size_t n,
		     struct elf_header *out) MUST_CHECK;
/* buf: h->phnum program headers; -ENOEXEC, -EINVAL. */
int elf_parse_segments(const struct elf_header *h, const void *buf, size_t n,
		       struct elf_image *out) MUST_CHECK;

#endif
