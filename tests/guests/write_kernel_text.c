/* SPDX-License-Identifier: Apache-2.0 */
/*
 * write_kernel_text.c: writes to kernel text
 * status: 139
 */
int main(void)
{
	*(volatile int *)0xffffffff80200000UL = 1;
	return 0;
}
