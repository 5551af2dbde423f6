// uses: host/memory.c host/err.c
/* SPDX-License-Identifier: Apache-2.0 */
/* Guest RAM: what the host may back with large pages, and what it does with what
 * is given back. */
#include "host/memory.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "boot/abi/layout.h"
#include "tests/unit/check.h"

#define LARGE (2UL << 20)
#define RAM   (64UL << 20)

static struct guest_mem m;

/* Whether smaps has the flag for the area that holds gpa. */
static bool has_flag(uint64_t gpa, const char *flag)
{
	unsigned long at = (unsigned long)m.region[0].hva + gpa, from, to;
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[512];
	bool in = false, found = false;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			in = at >= from && at < to;
		if (in && !strncmp(line, "VmFlags:", 8))
			found = strstr(line, flag);
	}
	if (f)
		fclose(f);
	return found;
}

static bool host_has_large(void)
{
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
	char line[64] = "[never]";

	if (f) {
		if (!fgets(line, sizeof(line), f))
			line[0] = 0;
		fclose(f);
	}
	return !strstr(line, "[never]");
}

/* Where large pages are asked for: BOOT_AREA, and behind SMALL_RAM_END. */
static void test_asked(bool large)
{
	CHECK_EQ(has_flag(BOOT_AREA_GPA, " hg"), large);
	CHECK_EQ(has_flag(BOOT_AREA_END, " hg"), 0);
	CHECK_EQ(has_flag(SMALL_RAM_END - 1, " hg"), 0);
	CHECK_EQ(has_flag(SMALL_RAM_END, " hg"), large);
	CHECK_EQ(has_flag(RAM / 2, " hg"), large);
	CHECK_EQ(has_flag(RAM - 1, " hg"), 0); /* struct page */
}

static void give(uint64_t gpa, uint64_t len)
{
	CHECK_EQ(mem_give_back(&m, m.region[0].hva + gpa, len), 0);
}

static void test_given(bool large)
{
	const uint64_t at = 16 * LARGE, part = 256 << 10;
	uint8_t *p = m.region[0].hva;

	memset(p + at, 1, 5 * LARGE);
	/* whole ones stay large */
	give(at, LARGE);
	CHECK_EQ(p[at] + p[at + LARGE - 1], 0);
	CHECK_EQ(p[at + LARGE], 1);
	CHECK_EQ(has_flag(at, " hg"), large);
	/* the middle of one: that one alone is small from now on */
	give(at + LARGE + part, part);
	CHECK_EQ(p[at + LARGE + part - 1], 1);
	CHECK_EQ(p[at + LARGE + part] + p[at + LARGE + 2 * part - 1], 0);
	CHECK_EQ(p[at + LARGE + 2 * part], 1);
	CHECK_EQ(has_flag(at + LARGE, " nh"), 1);
	CHECK_EQ(has_flag(at, " hg"), large);
	CHECK_EQ(has_flag(at + 2 * LARGE, " hg"), large);
	/* from the middle of one, over one, into the middle of a third */
	give(at + 3 * LARGE - part, LARGE + 2 * part);
	CHECK_EQ(p[at + 3 * LARGE - part - 1], 1);
	CHECK_EQ(p[at + 3 * LARGE - part] + p[at + 4 * LARGE + part - 1], 0);
	CHECK_EQ(p[at + 4 * LARGE + part], 1);
	CHECK_EQ(has_flag(at + 2 * LARGE, " nh"), 1);
	CHECK_EQ(has_flag(at + 3 * LARGE, " hg"), large);
	CHECK_EQ(has_flag(at + 4 * LARGE, " nh"), 1);
	CHECK_EQ(has_flag(at + 5 * LARGE, " hg"), large);
}

int main(void)
{
	struct err e;
	bool large = host_has_large();

	CHECK_EQ(mem_create(&m, RAM, 0, &e), 0);
	test_asked(large);
	test_given(large);
	mem_destroy(&m);
	/* a memfd: large pages are not for it, and what is given back is gone */
	CHECK_EQ(mem_create(&m, RAM, 1, &e), 0);
	test_asked(false);
	m.region[0].hva[LARGE] = 1;
	give(LARGE, 4096);
	CHECK_EQ(m.region[0].hva[LARGE], 0);
	mem_destroy(&m);
	return check_done("memory_test");
}
