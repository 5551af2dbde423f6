/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootinfo.c: what the kernel finds in memory at its first instruction.
 *
 * Boot page tables as boot/abi/layout.h lays them out: the direct map with
 * the largest pages, never executable; the image page by page, with the
 * permissions of its ELF segments (W^X), through page tables that both maps
 * share.  Accessed and dirty bits are preset, so that the CPU never writes to
 * a table.
 */
#include "host/bootinfo.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <x86intrin.h>

#include "boot/abi/layout.h"

#define PTE_P  (1ULL << 0)
#define PTE_W  (1ULL << 1)
#define PTE_A  (1ULL << 5)
#define PTE_D  (1ULL << 6)
#define PTE_PS (1ULL << 7)
#define PTE_G  (1ULL << 8)
#define PTE_NX (1ULL << 63)

#define TABLE (PTE_P | PTE_W | PTE_A)
#define LEAF  (PTE_P | PTE_A | PTE_D | PTE_G)

#define SHIFT_2M   21
#define SHIFT_1G   30
#define SIZE_2M    (1ULL << SHIFT_2M)
#define SIZE_1G    (1ULL << SHIFT_1G)
#define MAX_TABLES ((BOOTINFO_GPA - BOOT_TABLES_GPA) / GUEST_PAGE_SIZE)

int bootinfo_init(struct bootinfo *bi, uint32_t flags, uint32_t ncpu)
{
	struct timespec now;

	memset(bi, 0, sizeof(*bi));
	bi->magic = BOOTINFO_MAGIC;
	bi->version = BOOTINFO_VERSION;
	bi->size = sizeof(*bi);
	bi->flags = flags;
	bi->ncpu = ncpu;
	if (getrandom(bi->seed, sizeof(bi->seed), 0) !=
	    (ssize_t)sizeof(bi->seed))
		return -EIO;
	clock_gettime(CLOCK_REALTIME, &now);
	bi->wall_tsc = __rdtsc();
	bi->wall_ns =
		(uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
	return 0;
}

void bootinfo_memory(struct bootinfo *bi, const struct guest_mem *mem)
{
	for (unsigned i = 0; i < mem->nregion; i++)
		bi->region[i] = (struct boot_region){ mem->region[i].gpa,
						      mem->region[i].len };
	bi->nregion = mem->nregion;
	if (!mem->window.len)
		return;
	bi->window = (struct boot_region){ DAX_GPA, DAX_BYTES };
	bi->window_meta =
		(struct boot_region){ DAX_GPA + DAX_BYTES, DAX_META_BYTES };
}

int bootinfo_write(struct bootinfo *bi, const struct guest_mem *mem,
		   uint64_t image_end, const void *launch, size_t len,
		   struct err *e)
{
	bool fits = len <= BOOT_TABLES_GPA - image_end;
	uint64_t at = fits ? image_end : LAUNCH_GPA;
	void *to;

	if (len > LAUNCH_MAX)
		return err_set(e, E2BIG,
			       "launch description: %zu bytes of arguments, "
			       "environment and mounts, at most %lu",
			       len, LAUNCH_MAX);
	to = gpa_slice(mem, GPA(at), len);
	if (!to)
		return err_set(e, ENOMEM, "launch description: no RAM for it");
	memcpy(to, launch, len);
	bi->launch_gpa = at;
	bi->launch_len = len;
	to = gpa_slice(mem, GPA(BOOTINFO_GPA), GUEST_PAGE_SIZE);
	if (!to)
		return err_set(e, ENOMEM, "bootinfo: no RAM for it");
	memcpy(to, bi, sizeof(*bi));
	return 0;
}

static uint64_t table_gpa(unsigned index)
{
	return BOOT_TABLES_GPA + index * GUEST_PAGE_SIZE;
}

/* RAM, or the DAX window. */
static bool is_memory(const struct guest_mem *mem, uint64_t gpa, uint64_t len)
{
	for (unsigned i = 0; i < mem->nregion; i++) {
		const struct mem_region *r = &mem->region[i];

		if (gpa < r->gpa + r->len && gpa + len > r->gpa)
			return true;
	}
	return mem->window.len && gpa < DAX_GPA + DAX_SPAN &&
	       gpa + len > DAX_GPA;
}

/* 2 MiB entries for what of [base, base + len) is in the GiB at gpa. */
static void fill_part(uint64_t *pd, uint64_t gpa, uint64_t base, uint64_t len)
{
	uint64_t at = base > gpa ? base : gpa;
	uint64_t end = base + len;

	if (end > gpa + SIZE_1G)
		end = gpa + SIZE_1G;
	for (at &= ~(SIZE_2M - 1); at < end; at += SIZE_2M)
		pd[(at - gpa) / SIZE_2M] = at | LEAF | PTE_W | PTE_PS | PTE_NX;
}

/* The same for all that is memory. */
static void fill_pd(uint64_t *pd, const struct guest_mem *mem, uint64_t gpa)
{
	for (unsigned i = 0; i < mem->nregion; i++)
		fill_part(pd, gpa, mem->region[i].gpa, mem->region[i].len);
	if (mem->window.len)
		fill_part(pd, gpa, DAX_GPA, DAX_SPAN);
}

static int map_direct(uint64_t (*t)[512], const struct guest_mem *mem, bool gib,
		      struct err *e)
{
	unsigned next = BOOT_PD_MORE;

	fill_pd(t[BOOT_PD_LOW], mem, 0);
	t[BOOT_PDPT_DIRECT][0] = table_gpa(BOOT_PD_LOW) | TABLE;
	for (unsigned i = 1; i < 512; i++) {
		uint64_t at = i * SIZE_1G;

		if (!is_memory(mem, at, SIZE_1G))
			continue;
		if (gib) {
			t[BOOT_PDPT_DIRECT][i] =
				at | LEAF | PTE_W | PTE_PS | PTE_NX;
			continue;
		}
		if (next == MAX_TABLES)
			return err_set(e, E2BIG,
				       "memory: this CPU has no 1 GiB pages, "
				       "so a guest may have at most %lu GiB",
				       MAX_TABLES - BOOT_PD_MORE + 1);
		fill_pd(t[next], mem, at);
		t[BOOT_PDPT_DIRECT][i] = table_gpa(next) | TABLE;
		next++;
	}
	return 0;
}

/* What loader.c accepted lies in BOOT_AREA. */
static void map_segment(uint64_t *pt, const struct image_segment *s)
{
	for (uint64_t gpa = s->gpa; gpa < s->gpa + s->memsz;
	     gpa += GUEST_PAGE_SIZE)
		pt[(gpa - BOOT_AREA_GPA) / GUEST_PAGE_SIZE] =
			gpa | LEAF | ((s->flags & PF_W) ? PTE_W : 0) |
			((s->flags & PF_X) ? 0 : PTE_NX);
}

static void map_image(uint64_t (*t)[512], const struct guest_image *img)
{
	const unsigned at = BOOT_AREA_GPA >> SHIFT_2M;
	uint64_t *pt = t[BOOT_PT_KERNEL];

	for (unsigned i = 0; i < 512; i++)
		pt[i] = (BOOT_AREA_GPA + i * GUEST_PAGE_SIZE) | LEAF | PTE_W |
			PTE_NX;
	for (unsigned i = 0; i < img->nsegment; i++)
		map_segment(pt, &img->segment[i]);
	t[BOOT_PD_LOW][at] = table_gpa(BOOT_PT_KERNEL) | TABLE | PTE_NX;
	t[BOOT_PD_KERNEL][at] = table_gpa(BOOT_PT_KERNEL) | TABLE;
	t[BOOT_PDPT_KERNEL][510] = table_gpa(BOOT_PD_KERNEL) | TABLE;
}

int boot_tables_write(const struct guest_mem *mem,
		      const struct guest_image *img, bool gib, struct err *e)
{
	uint64_t(*t)[512] = gpa_slice(mem, GPA(BOOT_TABLES_GPA),
				      MAX_TABLES * GUEST_PAGE_SIZE);
	int r;

	if (!t)
		return err_set(e, ENOMEM, "page tables: no RAM for them");
	r = map_direct(t, mem, gib, e);
	if (r < 0)
		return r;
	map_image(t, img);
	t[BOOT_PML4][256] = table_gpa(BOOT_PDPT_DIRECT) | TABLE;
	t[BOOT_PML4][511] = table_gpa(BOOT_PDPT_KERNEL) | TABLE;
	return 0;
}
