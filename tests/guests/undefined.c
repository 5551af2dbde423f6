/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undefined.c: runs an undefined instruction
 * status: 132
 */
int main(void)
{
	__asm__ volatile("ud2");
	return 0;
}
