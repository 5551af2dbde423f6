/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c: guest RAM: its mapping, and the one checked way into it.
 *
 * RAM is reserved address space; the host gives pages as the guest touches
 * them.  Where it has transparent huge pages, one is one VM exit and one fault
 * in place of 512, and short walks for the guest ever after.  But a guest that
 * idles on 3 MiB must not hold 2 MiB for each page that it touched somewhere.
 * So they are for BOOT_AREA, of which a start touches most, and for what the
 * guest takes when it has used up SMALL_RAM (layout.h); not for SMALL_RAM, the
 * guest's array of struct page, nor for what it gave back in part.
 */
#include "host/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "boot/abi/layout.h"

#define LARGE (2UL << 20)
#define META_READY                                                             \
	(4 * GUEST_PAGE_SIZE) /* struct page for 2 MiB of the window */

/* Address space for len bytes, at a multiple of LARGE. */
static uint8_t *reserve(uint64_t len)
{
	uint8_t *p = mmap(NULL, len + LARGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t skip;

	if (p == MAP_FAILED)
		return NULL;
	skip = -(uintptr_t)p & (LARGE - 1);
	if (skip)
		munmap(p, skip);
	if (skip < LARGE)
		munmap(p + skip + len, LARGE - skip);
	return p + skip;
}

/* Whether the host has large pages for who asks. */
static bool has_large_pages(void)
{
	char text[64];
	int fd = open("/sys/kernel/mm/transparent_hugepage/enabled",
		      O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0 && !strstr(text, "[never]");
}

/* Asks for large pages at the first touch, in the parts of r that they are for.
 * The array of struct page, a 128th of RAM, is at the end of the largest region
 * (guest/kernel/mm/page.c). */
static void ask_large_pages(struct guest_mem *m, const struct mem_region *r)
{
	uint64_t from = r->gpa > SMALL_RAM_END ? r->gpa : SMALL_RAM_END;
	uint64_t end = (r->gpa + r->len - r->len / 64) & ~(LARGE - 1);

	if (end > from)
		(void)madvise(r->hva + (from - r->gpa), end - from,
			      MADV_HUGEPAGE);
	if (r->gpa <= BOOT_AREA_GPA)
		m->huge = madvise(r->hva + (BOOT_AREA_GPA - r->gpa), LARGE,
				  MADV_HUGEPAGE) == 0;
}

static int region_add(struct guest_mem *m, uint64_t gpa, uint64_t len,
		      uint64_t fd_offset, struct err *e)
{
	int flags = m->fd >= 0 ? MAP_SHARED | MAP_NORESERVE
			       : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	struct mem_region *r = &m->region[m->nregion];
	uint8_t *p = reserve(len);

	if (!p || mmap(p, len, PROT_READ | PROT_WRITE, flags | MAP_FIXED, m->fd,
		       m->fd >= 0 ? (off_t)fd_offset : 0) == MAP_FAILED)
		return err_set(e, errno, "memory: map %llu bytes of guest RAM",
			       (unsigned long long)len);
	/* Kernels without huge pages answer EINVAL: nothing to switch off. */
	(void)madvise(p, len, MADV_NOHUGEPAGE);
	(void)madvise(p, len, MADV_DONTDUMP);
	*r = (struct mem_region){
		.gpa = gpa, .len = len, .hva = p, .fd_offset = fd_offset
	};
	if (m->fd < 0 && has_large_pages())
		ask_large_pages(m, r);
	m->nregion++;
	return 0;
}

int mem_create(struct guest_mem *m, uint64_t bytes, int shared, struct err *e)
{
	uint64_t low = bytes < LOWMEM_END ? bytes : LOWMEM_END;
	int r;

	*m = (struct guest_mem){ .fd = -1 };
	if (bytes < MEMORY_MIN || bytes > MEMORY_MAX || bytes % GUEST_PAGE_SIZE)
		return err_set(e, EINVAL, "memory: size=%llu",
			       (unsigned long long)bytes);
	if (shared) {
		m->fd = memfd_create("kuni-ram", MFD_CLOEXEC);
		if (m->fd < 0)
			return err_set(e, errno, "memory: memfd_create");
		if (ftruncate(m->fd, (off_t)bytes) < 0) {
			r = err_set(e, errno, "memory: size=%llu",
				    (unsigned long long)bytes);
			goto fail;
		}
	}
	r = region_add(m, 0, low, 0, e);
	if (!r && bytes > low)
		r = region_add(m, HIGHMEM_GPA, bytes - low, low, e);
	if (!r)
		return 0;
fail:
	mem_destroy(m);
	return r;
}

int mem_window(struct guest_mem *m, struct err *e)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	uint8_t *p = mmap(NULL, DAX_SPAN, PROT_NONE, flags, -1, 0);

	_Static_assert(DAX_GPA >= HIGHMEM_GPA + MEMORY_MAX, "behind RAM");
	if (p == MAP_FAILED)
		return err_set(e, errno, "memory: reserve the DAX window");
	if (mprotect(p + DAX_BYTES, DAX_META_BYTES, PROT_READ | PROT_WRITE)) {
		munmap(p, DAX_SPAN);
		return err_set(e, errno, "memory: metadata of the DAX window");
	}
	(void)madvise(p + DAX_BYTES, DAX_META_BYTES, MADV_NOHUGEPAGE);
	/* Those of the first mapping, which is the program's as a rule: its
	 * guest reads before it writes, three exits a page where it is not
	 * there.  Linux 5.14; else that is what it costs. */
	(void)madvise(p + DAX_BYTES, META_READY, MADV_POPULATE_WRITE);
	m->window = (struct mem_region){ .gpa = DAX_GPA,
					 .len = DAX_BYTES,
					 .hva = p };
	return 0;
}

void mem_destroy(struct guest_mem *m)
{
	if (m->window.len)
		munmap(m->window.hva, DAX_SPAN);
	m->window.len = 0;
	for (unsigned i = 0; i < m->nregion; i++)
		munmap(m->region[i].hva, m->region[i].len);
	m->nregion = 0;
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

int mem_give_back(const struct guest_mem *m, void *at, uint64_t len)
{
	uint8_t *first = at, *end = first + len;
	uint8_t *from = first - (uintptr_t)first % LARGE;
	uint8_t *to = end + (-(uintptr_t)end) % LARGE;

	if (m->fd >= 0)
		return madvise(at, len, MADV_REMOVE) < 0 ? -errno : 0;
	/* Where only a part of a large page goes the host must not make it
	 * whole again, later, by itself.  If it has no room to note that, it
	 * may. */
	if (first > from)
		(void)madvise(from, LARGE, MADV_NOHUGEPAGE);
	if (end < to && (to - LARGE > from || first == from))
		(void)madvise(to - LARGE, LARGE, MADV_NOHUGEPAGE);
	return madvise(at, len, MADV_DONTNEED) < 0 ? -errno : 0;
}

void *gpa_slice(const struct guest_mem *m, gpa_t at, uint64_t len)
{
	for (unsigned i = 0; i < m->nregion; i++) {
		const struct mem_region *r = &m->region[i];

		if (at.v < r->gpa || at.v - r->gpa >= r->len)
			continue;
		if (!len || len > r->len - (at.v - r->gpa))
			return NULL;
		return r->hva + (at.v - r->gpa);
	}
	return NULL;
}
