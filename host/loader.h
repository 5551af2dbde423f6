/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader.h: the guest kernel's ELF file: where it is, what it is made of, and
 * its way into guest RAM without a copy.
 */
#ifndef HOST_LOADER_H
#define HOST_LOADER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/err.h"
#include "host/memory.h"

#define IMAGE_MAX_SEGMENTS 8

struct image_segment {
	uint64_t gpa, offset;   /* page-aligned */
	uint64_t filesz, memsz; /* memsz - filesz is .bss */
	uint32_t flags;         /* PF_R, PF_W, PF_X */
};

struct guest_image {
	int fd; /* open for reading, close-on-exec; -1 */
	char path[PATH_MAX];
	uint64_t entry; /* e_entry: start64, a virtual address */
	uint64_t size;  /* of the file */
	unsigned nsegment;
	struct image_segment segment[IMAGE_MAX_SEGMENTS];
};

/* Finds the file ($KUNI_GUEST, beside /proc/self/exe, ../lib/kuni/ from
 * there), opens it and checks its headers against boot/abi/layout.h. */
int image_open(struct guest_image *img, struct err *e) MUST_CHECK;
/* Checks the headers of the ELF file open as img->fd; the part of image_open
 * that a test can reach. */
int image_parse(struct guest_image *img, struct err *e) MUST_CHECK;
void image_close(struct guest_image *img);
/* Where the image with its .bss ends, a multiple of the page size. */
uint64_t image_end(const struct guest_image *img);
/* Puts every segment into RAM at its address: reads it where mem->huge, else
 * maps it privately, so that pages that the guest does not write stay the page
 * cache's; then text and rodata cannot be written by nobody without `writable`,
 * which a debugger needs. */
int image_map(const struct guest_image *img, const struct guest_mem *mem,
	      bool writable, struct err *e) MUST_CHECK;

#endif
