// uses: host/loader.c host/bootinfo.c host/memory.c host/symbol.c host/err.c host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/* boot_image_test.c: guest RAM, the kernel's ELF file mapped into it, and the
 * boot page tables walked as the CPU walks them. */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "boot/abi/layout.h"
#include "host/bootinfo.h"
#include "host/loader.h"
#include "host/memory.h"
#include "host/symbol.h"
#include "tests/unit/check.h"

struct file {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[3];
};

static struct file good(void)
{
	struct file f = { 0 };
	static const uint32_t flags[] = { PF_R | PF_X, PF_R, PF_R | PF_W };

	memcpy(f.eh.e_ident, ELFMAG, SELFMAG);
	f.eh.e_ident[EI_CLASS] = ELFCLASS64;
	f.eh.e_machine = EM_X86_64;
	f.eh.e_type = ET_EXEC;
	f.eh.e_phentsize = sizeof(Elf64_Phdr);
	f.eh.e_phnum = 3;
	f.eh.e_phoff = offsetof(struct file, ph);
	f.eh.e_entry = KERNEL_VIRT + KERNEL_GPA + 0x10;
	for (unsigned i = 0; i < 3; i++)
		f.ph[i] = (Elf64_Phdr){
			.p_type = PT_LOAD,
			.p_flags = flags[i],
			.p_offset = 0x1000 * (i + 1),
			.p_paddr = KERNEL_GPA + 0x1000 * i,
			.p_vaddr = KERNEL_VIRT + KERNEL_GPA + 0x1000 * i,
			.p_filesz = 0x800,
			.p_memsz = i == 2 ? 0x3000 : 0x800,
		};
	return f;
}

static int open_file(const struct file *f)
{
	int fd = memfd_create("elf", 0);
	uint8_t page[4096];

	CHECK(fd >= 0);
	CHECK_EQ(ftruncate(fd, 0x4000), 0);
	CHECK_EQ(pwrite(fd, f, sizeof(*f), 0), sizeof(*f));
	for (int i = 1; i < 4; i++) {
		memset(page, i, sizeof(page));
		CHECK_EQ(pwrite(fd, page, sizeof(page), 0x1000 * i),
			 (int)sizeof(page));
	}
	return fd;
}

static int parse(const struct file *f, struct guest_image *img)
{
	struct err e = { 0 };

	*img = (struct guest_image){ .fd = open_file(f) };
	return image_parse(img, &e);
}

static void test_refused(void)
{
	struct guest_image img;
#define REFUSE(change)                                                         \
	do {                                                                   \
		struct file f = good();                                        \
		change;                                                        \
		CHECK(parse(&f, &img) < 0);                                    \
		image_close(&img);                                             \
	} while (0)
	REFUSE(f.eh.e_machine = EM_386);
	REFUSE(f.eh.e_phnum = 200);
	REFUSE(f.eh.e_phoff = ~0ULL);
	REFUSE(f.eh.e_phoff = 0x3fff);
	REFUSE(f.eh.e_entry = KERNEL_VIRT + KERNEL_GPA + 0x1000); /* rodata */
	REFUSE(f.ph[0].p_paddr = 0);
	REFUSE(f.ph[0].p_vaddr++);
	REFUSE(f.ph[1].p_offset = 0x1001);
	REFUSE(f.ph[1].p_offset = ~0xfffULL);
	REFUSE(f.ph[1].p_filesz = ~0ULL);
	REFUSE(f.ph[1].p_memsz = 1);
	REFUSE(f.ph[2].p_memsz = ~0ULL);
	REFUSE(f.ph[2].p_memsz = KERNEL_MAX);
	REFUSE(f.ph[2].p_flags |= PF_X);
	REFUSE(f.ph[0].p_memsz = 0x1001);
#undef REFUSE
}

/* The physical address and the permissions, or false. */
static bool walk(const struct guest_mem *m, uint64_t va, uint64_t *pa,
		 bool *write, bool *exec)
{
	uint64_t table = BOOT_TABLES_GPA;

	*write = *exec = true;
	for (int shift = 39; shift >= 12; shift -= 9) {
		uint64_t *e =
			gpa_slice(m, GPA(table + ((va >> shift) & 511) * 8), 8);
		uint64_t mask = (1ULL << shift) - 1;

		if (!e || !(*e & 1))
			return false;
		*write = *write && (*e & 2);
		*exec = *exec && !(*e >> 63);
		table = *e & 0x000ffffffffff000ULL;
		if (shift == 12 || (*e & 0x80)) {
			*pa = (table & ~mask) | (va & mask);
			return true;
		}
	}
	return false;
}

static void check_map(const struct guest_mem *m, uint64_t va, uint64_t want,
		      bool w, bool x)
{
	uint64_t pa = 0;
	bool write = false, exec = false;

	CHECK(walk(m, va, &pa, &write, &exec));
	CHECK_EQ(pa, want);
	CHECK_EQ(write, w);
	CHECK_EQ(exec, x);
}

static void test_tables(uint64_t ram, bool gib, bool huge)
{
	struct file f = good();
	struct guest_image img;
	struct guest_mem m;
	struct err e = { 0 };
	uint64_t pa;
	bool w, x;

	CHECK_EQ(parse(&f, &img), 0);
	CHECK_EQ(mem_create(&m, ram, 0, &e), 0);
	CHECK_EQ((uintptr_t)m.region[0].hva % (2UL << 20), 0);
	m.huge = huge;
	CHECK_EQ(image_map(&img, &m, false, &e), 0);
	CHECK_EQ(image_end(&img) % GUEST_PAGE_SIZE, 0);
	CHECK_EQ(boot_tables_write(&m, &img, gib, &e), 0);
	check_map(&m, KERNEL_VIRT + KERNEL_GPA + 0x10, KERNEL_GPA + 0x10, false,
		  true);
	check_map(&m, DIRECT_MAP + KERNEL_GPA + 0x10, KERNEL_GPA + 0x10, false,
		  false);
	check_map(&m, KERNEL_VIRT + KERNEL_GPA + 0x1008, KERNEL_GPA + 0x1008,
		  false, false);
	check_map(&m, KERNEL_VIRT + KERNEL_GPA + 0x4008, KERNEL_GPA + 0x4008,
		  true, false);
	check_map(&m, DIRECT_MAP + 0x1234, 0x1234, true, false);
	for (unsigned i = 0; i < m.nregion; i++) {
		uint64_t last = m.region[i].gpa + m.region[i].len - 1;

		check_map(&m, DIRECT_MAP + last, last, true, false);
	}
	CHECK(!walk(&m, 0x1000, &pa, &w, &x));
	CHECK(!walk(&m, KERNEL_VIRT + BOOT_AREA_END, &pa, &w, &x));
	/* text and data are the file's, what shares data's page is zero */
	CHECK_EQ(*(uint8_t *)gpa_slice(&m, GPA(KERNEL_GPA + 5), 1), 1);
	CHECK_EQ(*(uint8_t *)gpa_slice(&m, GPA(KERNEL_GPA + 0x27ff), 1), 3);
	CHECK_EQ(*(uint8_t *)gpa_slice(&m, GPA(KERNEL_GPA + 0x2800), 1), 0);
	mem_destroy(&m);
	image_close(&img);
}

static void test_memory(void)
{
	struct guest_mem m;
	struct err e = { 0 };
	uint64_t ram = 4ULL << 30;

	CHECK(mem_create(&m, MEMORY_MIN - 4096, 0, &e) < 0);
	CHECK_EQ(mem_create(&m, ram, 1, &e), 0);
	CHECK_EQ(m.nregion, 2);
	CHECK(m.fd >= 0);
	CHECK(gpa_slice(&m, GPA(0), 1) != NULL);
	CHECK(gpa_slice(&m, GPA(0), 0) == NULL);
	CHECK(gpa_slice(&m, GPA(LOWMEM_END - 1), 1) != NULL);
	CHECK(gpa_slice(&m, GPA(LOWMEM_END - 1), 2) == NULL);
	CHECK(gpa_slice(&m, GPA(LOWMEM_END), 1) == NULL);
	CHECK(gpa_slice(&m, GPA(HIGHMEM_GPA), 1ULL << 30) != NULL);
	CHECK(gpa_slice(&m, GPA(HIGHMEM_GPA), (1ULL << 30) + 1) == NULL);
	CHECK(gpa_slice(&m, GPA(~0ULL), 2) == NULL);
	CHECK(gpa_slice(&m, GPA(16), ~0ULL) == NULL);
	mem_destroy(&m);
}

static void test_symbols(void)
{
	struct symbol_table *t;
	struct file f = good();
	int fd = open("/proc/self/exe", O_RDONLY);
	int bad = open_file(&f);
	char name[64] = "";

	CHECK(symbol_load(&t, bad) < 0); /* no sections */
	CHECK_EQ(symbol_load(&t, fd), 0);
	CHECK(symbol_name(t, ~0ULL, name, sizeof(name)) <= 0);
	symbol_free(t);
	close(fd);
	close(bad);
}

int main(void)
{
	test_refused();
	test_tables(32ULL << 20, true, true);
	test_tables(512ULL << 20, false, false);
	test_tables(4ULL << 30, true, false);
	test_tables(4ULL << 30, false, true);
	test_memory();
	test_symbols();
	return check_done("boot_image");
}
