/* SPDX-License-Identifier: Apache-2.0 */
/* shm.c: shared anonymous memory: a page cache without an inode, kept by the
 * areas that show it. */
#include "kuni/mm.h"

#include "internal.h"

int shm_create(struct shm **out)
{
	struct shm *s = kmalloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->ref = 1;
	pagecache_init(&s->cache, NULL, NULL);
	*out = s;
	return 0;
}

void shm_get(struct shm *s)
{
	__atomic_fetch_add(&s->ref, 1, __ATOMIC_RELAXED);
}

void shm_put(struct shm *s)
{
	if (__atomic_sub_fetch(&s->ref, 1, __ATOMIC_ACQ_REL))
		return;
	pagecache_fini(&s->cache);
	kfree(s);
}
