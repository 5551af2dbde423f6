/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io_port.c: writes to the exit port
 * status: 139
 */
int main(void)
{
	__asm__ volatile("outl %0, %1" : : "a"(3), "Nd"((unsigned short)0xf4));
	return 0;
}
