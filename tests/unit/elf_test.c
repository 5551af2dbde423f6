// uses: guest/kernel/task/elf.c
/* SPDX-License-Identifier: Apache-2.0 */
/* elf_test.c: the ELF reader: this program's own headers, then every way in
 * which a header may lie. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "guest/kernel/task/elf.h"

struct file {
	uint8_t e[64];
	uint8_t ph[4][56];
};

static void put(uint8_t *at, uint64_t v, int n)
{
	for (int i = 0; i < n; i++)
		at[i] = (uint8_t)(v >> (8 * i));
}

static void phdr(uint8_t *p, uint32_t type, uint32_t flags, uint64_t off,
		 uint64_t va, uint64_t filesz, uint64_t memsz)
{
	put(p, type, 4);
	put(p + 4, flags, 4);
	put(p + 8, off, 8);
	put(p + 16, va, 8);
	put(p + 32, filesz, 8);
	put(p + 40, memsz, 8);
	put(p + 48, 4096, 8);
}

static void good(struct file *f)
{
	memset(f, 0, sizeof(*f));
	memcpy(f->e, "\177ELF\2\1\1", 7);
	put(f->e + 16, 3, 2);
	put(f->e + 18, 62, 2);
	put(f->e + 24, 0x1040, 8);
	put(f->e + 32, 64, 8);
	put(f->e + 54, 56, 2);
	put(f->e + 56, 4, 2);
	phdr(f->ph[0], 1, 5, 0, 0, 0x800, 0x800);
	phdr(f->ph[1], 1, 6, 0x1010, 0x2010, 0x100, 0x3000);
	phdr(f->ph[2], 3, 4, 0x200, 0x200, 28, 28);
	phdr(f->ph[3], 0x6474e551, 6, 0, 0, 0, 0);
}

static int parse(const struct file *f, struct elf_header *h,
		 struct elf_image *im)
{
	int ret = elf_parse_header(f, sizeof(f->e), h);

	return ret ? ret : elf_parse_segments(h, f->ph, sizeof(f->ph), im);
}

static void test_good(void)
{
	struct elf_image *im = malloc(sizeof(*im));
	struct elf_header h;
	struct file f;

	good(&f);
	CHECK_EQ(parse(&f, &h, im), 0);
	CHECK(h.dyn);
	CHECK_EQ(h.entry, 0x1040);
	CHECK_EQ(im->nseg, 2);
	CHECK_EQ(im->low, 0);
	CHECK_EQ(im->high, 0x6000);
	CHECK_EQ(im->phdr_vaddr, 64);
	CHECK_EQ(im->interp_off, 0x200);
	CHECK_EQ(im->interp_len, 28);
	CHECK(!im->exec_stack);
	CHECK_EQ(im->seg[0].prot, 5);
	CHECK_EQ(im->seg[1].prot, 3);
	free(im);
}

static void refuse(const char *what, unsigned at, uint64_t v, int n, int want)
{
	struct elf_image *im = malloc(sizeof(*im));
	struct elf_header h;
	struct file f;
	int ret;

	good(&f);
	put((uint8_t *)&f + at, v, n);
	ret = parse(&f, &h, im);
	if (ret != want)
		fprintf(stderr, "%s\n", what);
	CHECK_EQ(ret, want);
	free(im);
}

static void test_bad(void)
{
	const unsigned load = 64 + 56; /* the second segment */

	refuse("magic", 1, 'X', 1, -ENOEXEC);
	refuse("32 bit", 4, 1, 1, -ENOEXEC);
	refuse("big endian", 5, 2, 1, -ENOEXEC);
	refuse("relocatable", 16, 1, 2, -ENOEXEC);
	refuse("machine", 18, 183, 2, -ENOEXEC);
	refuse("phentsize", 54, 32, 2, -ENOEXEC);
	refuse("no phdrs", 56, 0, 2, -ENOEXEC);
	refuse("many phdrs", 56, 0xffff, 2, -ENOEXEC);
	refuse("more than given", 56, 5, 2, -ENOEXEC);
	refuse("phoff", 32, UINT64_MAX - 8, 8, -ENOEXEC);
	refuse("filesz over memsz", load + 32, 0x4000, 8, -ENOEXEC);
	refuse("end wraps", load + 40, UINT64_MAX - 0x2000, 8, -ENOEXEC);
	refuse("kernel address", load + 16, 0xffff800000000010, 8, -ENOEXEC);
	refuse("offset", load + 8, UINT64_MAX - 0xfef, 8, -ENOEXEC);
	refuse("misaligned", load + 8, 0x1011, 8, -EINVAL);
	refuse("overlap", load + 16, 0x10, 8, -ENOEXEC);
	refuse("interp length", 64 + 2 * 56 + 32, 5000, 8, -ENOEXEC);
}

/* Any bytes: no crash, and what is accepted is in bounds. */
static void test_random(void)
{
	struct elf_image *im = malloc(sizeof(*im));
	struct elf_header h;
	struct file f;

	srand(1);
	for (int n = 0; n < 200000; n++) {
		good(&f);
		for (int k = rand() % 8; k >= 0; k--)
			((uint8_t *)&f)[rand() % (int)sizeof(f)] =
				(uint8_t)rand();
		if (parse(&f, &h, im))
			continue;
		CHECK(im->nseg >= 1 && im->nseg <= 4);
		CHECK(im->high > im->low && im->high <= 0x7ffffffff000);
		CHECK(im->interp_len <= ELF_MAX_INTERP);
		CHECK(!(im->align & (im->align - 1)));
	}
	free(im);
}

int main(void)
{
	test_good();
	test_bad();
	test_random();
	return check_done("elf");
}
