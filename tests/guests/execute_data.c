/* SPDX-License-Identifier: Apache-2.0 */
/*
 * execute_data.c: executes memory that is not executable
 * status: 139
 */
#include <sys/mman.h>

int main(void)
{
	unsigned char *p = mmap(0, 4096, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	p[0] = 0xc3;
	((void (*)(void))p)();
	return 0;
}
