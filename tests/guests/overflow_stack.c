/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overflow_stack.c: overflows its stack
 * status: 139
 */
static volatile int sink;

static int deep(int n)
{
	volatile char pad[4096];

	pad[0] = (char)n;
	sink = pad[0];
	return deep(n + 1) + pad[0];
}

int main(void)
{
	return deep(0);
}
