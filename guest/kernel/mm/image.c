/* SPDX-License-Identifier: Apache-2.0 */
/* image.c: what the linker script says about the kernel image, and the order
 * in which the memory management starts. */
#include "kuni/mm.h"

#include "internal.h"
#include "layout.h"

extern char _kernel_end[];

/* Bytes from KERNEL_GPA to the end of .bss. */
uint64_t mm_kernel_size(void)
{
	return (uint64_t)_kernel_end - KERNEL_VIRT - KERNEL_GPA;
}

/* After page_init(): everything else that needs set-up. */
void mm_init(void)
{
	slab_init();
	pagecache_setup();
	area_setup();
}
