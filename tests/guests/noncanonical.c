/* SPDX-License-Identifier: Apache-2.0 */
/*
 * noncanonical.c: touches a non-canonical address
 * status: 139
 */
int main(void)
{
	return *(volatile char *)0x8000000000000000UL;
}
