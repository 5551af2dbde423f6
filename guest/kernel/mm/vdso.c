/* SPDX-License-Identifier: Apache-2.0 */
/* vdso.c: the vDSO and the page it reads, in an address space (kuni/vdso.h).
 * Their pages belong to the image and are mapped at once, uncounted. */
#include "kuni/vdso.h"

#include "internal.h"
#include "kuni/mm.h"
#include "layout.h"

static int add_area(struct mm *m, uint64_t start, uint64_t end, uint32_t prot,
		    uint32_t flags)
{
	struct vma *v = area_alloc(m);

	if (!v)
		return -ENOMEM;
	v->start = start;
	v->end = end;
	v->prot = prot;
	v->flags = flags;
	vma_insert(m, v);
	return 0;
}

static int map_one(struct mm *m, uint64_t va, paddr_t pa, unsigned prot)
{
	int err;

	spin_lock(&m->pt_lock);
	err = arch_pt_map(&m->pt, va, pa, PROT_USER | PROT_R | prot);
	spin_unlock(&m->pt_lock);
	return err;
}

/* The vvar page, and right above it the image: m->vdso.  -ENOMEM leaves parts
 * that go with m. */
int mm_map_vdso(struct mm *m)
{
	uint64_t len = (uint64_t)(vdso_end - vdso_start), base = 0;
	int err;

	mutex_lock(&m->lock);
	base = vma_gap(m, len + PAGE_SIZE, MMAP_MIN_ADDR, m->mmap_top);
	err = base ? add_area(m, base, base + PAGE_SIZE, PROT_R, VMA_VVAR)
		   : -ENOMEM;
	if (!err)
		err = map_one(m, base, vdso_vvar_page(), 0);
	base += PAGE_SIZE;
	if (!err)
		err = add_area(m, base, base + len, PROT_R | PROT_X, VMA_VDSO);
	for (uint64_t i = 0; i < len && !err; i += PAGE_SIZE)
		err = map_one(m, base + i,
			      (uint64_t)vdso_start - KERNEL_VIRT + i, PROT_X);
	if (!err)
		m->vdso = base;
	mutex_unlock(&m->lock);
	return err;
}
