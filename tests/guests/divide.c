/* SPDX-License-Identifier: Apache-2.0 */
/*
 * divide.c: divides by zero
 * status: 136
 */
int main(void)
{
	volatile int zero = 0;

	return 1 / zero;
}
