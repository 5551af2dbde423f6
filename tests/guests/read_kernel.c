/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read_kernel.c: reads kernel memory from user mode
 * status: 139
 */
int main(void)
{
	return *(volatile int *)0xffff800000200000UL ? 1 : 2;
}
