/* SPDX-License-Identifier: Apache-2.0 */
/* access.c: an address space seen by the kernel from outside: bytes copied
 * through the direct map, and the identity of a word for futexes. */
#include "kuni/mm.h"

#include <string.h>

#include "internal.h"
#include "layout.h"

#define TRIES 8 /* a page may be taken away between fault and look-up */

/* The page at addr with a reference, made accessible. */
static int page_at(struct mm *m, uint64_t addr, bool write, struct page **out)
{
	for (int i = 0; i < TRIES; i++) {
		struct fault f = { .mm = m,
				   .addr = page_down(addr),
				   .access =
					   write ? ACCESS_WRITE : ACCESS_READ };
		enum fault_result r = fault_in(&f);
		unsigned prot;
		paddr_t pa;
		bool ok;

		if (r == FAULT_NOMEM)
			return -ENOMEM;
		if (r)
			return -EFAULT;
		spin_lock(&m->pt_lock);
		ok = arch_pt_walk(&m->pt, f.addr, &pa, &prot) &&
		     (!write || (prot & PROT_W));
		*out = ok ? page_of(pa) : NULL;
		ok = *out != NULL;
		if (ok)
			page_get_mapped(*out);
		spin_unlock(&m->pt_lock);
		if (ok)
			return 0;
	}
	return -EFAULT;
}

ssize_t mm_access(struct mm *m, uint64_t addr, void *buf, size_t len,
		  bool write)
{
	size_t done = 0;

	if (!range_ok(addr, len))
		return -EFAULT;
	while (done < len) {
		uint64_t at = addr + done;
		size_t n = min(PAGE_SIZE - at % PAGE_SIZE, len - done);
		struct page *p;
		int err = page_at(m, at, write, &p);
		char *k;

		if (err)
			return done ? (ssize_t)done : err;
		k = (char *)page_virt(p) + at % PAGE_SIZE;
		if (write)
			memcpy(k, (char *)buf + done, n);
		else
			memcpy((char *)buf + done, k, n);
		page_put(p);
		done += n;
	}
	return (ssize_t)done;
}

ssize_t mm_access_force(struct mm *m, uint64_t addr, void *buf, size_t len,
			bool write)
{
	size_t done = 0;

	if (!range_ok(addr, len))
		return -EFAULT;
	while (done < len) {
		uint64_t at = addr + done;
		struct fault f = { .mm = m,
				   .addr = page_down(at),
				   .access = write ? ACCESS_WRITE : ACCESS_READ,
				   .buf = (char *)buf + done,
				   .at = at % PAGE_SIZE };

		f.len = min(PAGE_SIZE - f.at, len - done);
		if (fault_force(&f))
			break;
		done += f.len;
	}
	return done ? (ssize_t)done : -EFAULT;
}

/* Private words are told apart by mm and address, shared ones by their cache
 * and the place in it, whatever addresses show it. */
int mm_futex_key(struct mm *m, uaddr_t at, bool shared, uint64_t key[2])
{
	const struct vma *v;
	int err = 0;

	if (at.v >= USER_END)
		return -EFAULT;
	key[0] = (uint64_t)m;
	key[1] = at.v;
	if (!shared)
		return 0;
	mutex_lock(&m->lock);
	v = mm_find(m, at.v);
	if (!v || v->start > at.v) {
		err = -EFAULT;
	} else if (v->flags & VMA_SHARED) {
		key[0] = (uint64_t)vma_cache(v);
		key[1] = (vma_index(v, page_down(at.v)) << PAGE_SHIFT) +
			 at.v % PAGE_SIZE;
	}
	mutex_unlock(&m->lock);
	return err;
}
