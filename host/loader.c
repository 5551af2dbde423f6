/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader.c: the guest kernel's ELF file.
 *
 * image_open() finds and checks it, image_map() puts it into guest RAM.  Where
 * BOOT_AREA is a large page of the guest's own, by reading it: that page is
 * there anyway, and the guest then starts without a fault for each page.  Where
 * the host has no large pages by mapping: text and rodata stay one set of page
 * cache pages for all VMs of the host.
 */
#include "host/loader.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/abi/layout.h"

#define IMAGE_NAME "kuni-guest.elf"

static uint64_t page_up(uint64_t n)
{
	return (n + GUEST_PAGE_SIZE - 1) & ~(GUEST_PAGE_SIZE - 1);
}

static int bad(const struct guest_image *img, struct err *e, const char *what,
	       uint64_t value)
{
	return err_set(e, EINVAL, "guest kernel %s: %s=%#llx", img->path, what,
		       (unsigned long long)value);
}

static int segment_add(struct guest_image *img, const Elf64_Phdr *p,
		       struct err *e)
{
	const uint64_t mask = GUEST_PAGE_SIZE - 1;
	struct image_segment *s = &img->segment[img->nsegment];

	if (img->nsegment == IMAGE_MAX_SEGMENTS)
		return bad(img, e, "segments", IMAGE_MAX_SEGMENTS + 1);
	if ((p->p_paddr & mask) || (p->p_offset & mask))
		return bad(img, e, "unaligned p_paddr", p->p_paddr);
	if (p->p_paddr < KERNEL_GPA || p->p_memsz > KERNEL_MAX ||
	    p->p_paddr - KERNEL_GPA > KERNEL_MAX - p->p_memsz)
		return bad(img, e, "p_paddr out of range", p->p_paddr);
	if (p->p_vaddr != KERNEL_VIRT + p->p_paddr)
		return bad(img, e, "p_vaddr", p->p_vaddr);
	if (p->p_filesz > p->p_memsz || p->p_offset > img->size ||
	    p->p_filesz > img->size - p->p_offset)
		return bad(img, e, "p_filesz", p->p_filesz);
	if ((p->p_flags & PF_W) && (p->p_flags & PF_X))
		return bad(img, e, "p_flags", p->p_flags);
	if (img->nsegment && p->p_paddr < page_up(s[-1].gpa + s[-1].memsz))
		return bad(img, e, "overlapping p_paddr", p->p_paddr);
	*s = (struct image_segment){ .gpa = p->p_paddr,
				     .offset = p->p_offset,
				     .filesz = p->p_filesz,
				     .memsz = p->p_memsz,
				     .flags = p->p_flags };
	img->nsegment++;
	return 0;
}

int image_parse(struct guest_image *img, struct err *e)
{
	Elf64_Phdr ph[2 * IMAGE_MAX_SEGMENTS];
	Elf64_Ehdr eh;
	struct stat st;
	size_t want;
	int r;

	if (fstat(img->fd, &st) < 0)
		return err_set(e, errno, "guest kernel %s", img->path);
	img->size = (uint64_t)st.st_size;
	img->nsegment = 0;
	if (pread(img->fd, &eh, sizeof(eh), 0) != (ssize_t)sizeof(eh) ||
	    memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 ||
	    eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_machine != EM_X86_64 ||
	    eh.e_type != ET_EXEC)
		return err_set(e, EINVAL,
			       "guest kernel %s: not an x86-64 executable",
			       img->path);
	if (eh.e_phentsize != sizeof(*ph) || !eh.e_phnum ||
	    eh.e_phnum > sizeof(ph) / sizeof(*ph))
		return bad(img, e, "e_phnum", eh.e_phnum);
	want = eh.e_phnum * sizeof(*ph);
	if (eh.e_phoff > INT64_MAX ||
	    pread(img->fd, ph, want, (off_t)eh.e_phoff) != (ssize_t)want)
		return bad(img, e, "e_phoff", eh.e_phoff);
	for (unsigned i = 0; i < eh.e_phnum; i++) {
		if (ph[i].p_type != PT_LOAD || !ph[i].p_memsz)
			continue;
		r = segment_add(img, &ph[i], e);
		if (r < 0)
			return r;
	}
	img->entry = eh.e_entry;
	for (unsigned i = 0; i < img->nsegment; i++) {
		const struct image_segment *s = &img->segment[i];

		if ((s->flags & PF_X) && eh.e_entry >= KERNEL_VIRT + s->gpa &&
		    eh.e_entry - KERNEL_VIRT - s->gpa < s->filesz)
			return 0;
	}
	return bad(img, e, "e_entry", eh.e_entry);
}

/* The folder of the running program, without a slash at its end. */
static int own_folder(char *buf, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", buf, size - 1);
	char *slash;

	if (n < 0)
		return -errno;
	buf[n] = 0;
	slash = strrchr(buf, '/');
	if (!slash)
		return -ENOENT;
	*slash = 0;
	return 0;
}

static int try_open(struct guest_image *img, const char *dir, const char *name)
{
	int n = snprintf(img->path, sizeof(img->path), "%s/%s", dir, name);

	if (n < 0 || (size_t)n >= sizeof(img->path))
		return -ENAMETOOLONG;
	img->fd = open(img->path, O_RDONLY | O_CLOEXEC);
	return img->fd < 0 ? -errno : 0;
}

int image_open(struct guest_image *img, struct err *e)
{
	const char *named = getenv("KUNI_GUEST");
	char dir[PATH_MAX];
	int r;

	*img = (struct guest_image){ .fd = -1 };
	if (named && *named) {
		snprintf(img->path, sizeof(img->path), "%s", named);
		img->fd = open(named, O_RDONLY | O_CLOEXEC);
		if (img->fd < 0)
			return err_set(e, errno, "guest kernel KUNI_GUEST=%s",
				       named);
	} else {
		r = own_folder(dir, sizeof(dir));
		if (!r)
			r = try_open(img, dir, IMAGE_NAME);
		if (r == -ENOENT)
			r = try_open(img, dir, "../lib/kuni/" IMAGE_NAME);
		if (r < 0)
			return err_set(e, -r,
				       "guest kernel: no %s beside kuni (%s) "
				       "nor in ../lib/kuni; set KUNI_GUEST",
				       IMAGE_NAME, dir);
	}
	r = image_parse(img, e);
	if (r < 0)
		image_close(img);
	return r;
}

void image_close(struct guest_image *img)
{
	if (img->fd >= 0)
		close(img->fd);
	img->fd = -1;
}

static int segment_read(const struct guest_image *img,
			const struct image_segment *s,
			const struct guest_mem *mem, struct err *e)
{
	uint8_t *at = gpa_slice(mem, GPA(s->gpa), page_up(s->memsz));
	uint64_t done = 0;

	if (!at)
		return err_set(e, ENOMEM, "guest kernel %s: no RAM at %#llx",
			       img->path, (unsigned long long)s->gpa);
	while (done < s->filesz) {
		ssize_t n = pread(img->fd, at + done, s->filesz - done,
				  (off_t)(s->offset + done));

		if (n <= 0)
			return err_set(e, n < 0 ? errno : EIO,
				       "guest kernel %s: read", img->path);
		done += (uint64_t)n;
	}
	return 0;
}

uint64_t image_end(const struct guest_image *img)
{
	const struct image_segment *last = &img->segment[img->nsegment - 1];

	return page_up(last->gpa + last->memsz);
}

/* Maps the pages of one segment that the file has; the rest of its memory is
 * RAM and zero already, but for what shares the last page with the file. */
static int segment_map(const struct guest_image *img,
		       const struct image_segment *s,
		       const struct guest_mem *mem, bool writable,
		       struct err *e)
{
	bool w = writable || (s->flags & PF_W);
	int prot = PROT_READ | (w ? PROT_WRITE : 0);
	uint64_t len = page_up(s->filesz);
	uint8_t *at;

	if (!s->filesz)
		return 0;
	at = gpa_slice(mem, GPA(s->gpa), len);
	if (!at)
		return err_set(e, ENOMEM, "guest kernel %s: no RAM at %#llx",
			       img->path, (unsigned long long)s->gpa);
	if (mmap(at, len, prot, MAP_PRIVATE | MAP_FIXED, img->fd,
		 (off_t)s->offset) == MAP_FAILED)
		return err_set(e, errno, "guest kernel %s: map", img->path);
	if ((s->flags & PF_W) && s->memsz > s->filesz && len > s->filesz)
		memset(at + s->filesz, 0, len - s->filesz);
	return 0;
}

int image_map(const struct guest_image *img, const struct guest_mem *mem,
	      bool writable, struct err *e)
{
	for (unsigned i = 0; i < img->nsegment; i++) {
		const struct image_segment *s = &img->segment[i];
		int r = mem->huge ? segment_read(img, s, mem, e)
				  : segment_map(img, s, mem, writable, e);

		if (r < 0)
			return r;
	}
	return 0;
}
