/* SPDX-License-Identifier: Apache-2.0 */
/*
 * divide.c: divides by zero
 * status: 136
 */
int main(void)
{
	volatile int seven = 7, zero = 0;

	return seven / zero;
}
