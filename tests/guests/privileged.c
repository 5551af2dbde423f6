/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privileged.c: runs a privileged instruction
 * status: 139
 */
int main(void)
{
	__asm__ volatile("cli");
	return 0;
}
