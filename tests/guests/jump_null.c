/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jump_null.c: jumps to null
 * status: 139
 */
int main(void)
{
	void (*volatile fn)(void) = (void (*)(void))0;

	fn();
	return 0;
}
