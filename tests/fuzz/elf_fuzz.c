// uses: guest/kernel/task/elf.c
/* SPDX-License-Identifier: Apache-2.0 */
/* elf_fuzz.c: any bytes as a program file, to the kernel's ELF reader: what it
 * accepts must keep the promises of elf.h. */
#include <malloc.h> /* not stdlib.h: its words are the kernel's, too */
#include <string.h>

#include "guest/kernel/task/elf.h"

#define TOP 0x00007ffffffff000UL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void check_image(const struct elf_image *m)
{
	uint64_t end = 0;

	need(m->nseg <= ELF_MAX_SEGMENTS);
	for (unsigned i = 0; i < m->nseg; i++) {
		const struct elf_segment *s = &m->seg[i];

		need(s->filesz <= s->memsz);
		need(s->vaddr <= TOP && s->memsz <= TOP - s->vaddr);
		need(s->vaddr >= end);
		need(s->offset + s->filesz >= s->offset);
		need(s->vaddr >= m->low && s->vaddr + s->memsz <= m->high);
		end = s->vaddr + s->memsz;
	}
	need(!(m->low & 4095) && !(m->high & 4095) && m->low <= m->high);
	need(!(m->align & (m->align - 1)));
	need(m->interp_len <= ELF_MAX_INTERP);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_header h;
	struct elf_image m;
	size_t head = size < ELF_EHDR_SIZE ? size : ELF_EHDR_SIZE, n;
	uint8_t *copy = malloc(size + 1); /* exact, so that ASan sees it */

	memcpy(copy, data, head);
	if (!elf_parse_header(copy, head, &h)) {
		n = size - head;
		memcpy(copy, data + head, n);
		copy = realloc(copy, n + !n);
		if (!elf_parse_segments(&h, copy, n, &m))
			check_image(&m);
	}
	free(copy);
	return 0;
}
