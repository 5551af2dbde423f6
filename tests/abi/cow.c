/* SPDX-License-Identifier: Apache-2.0 */
/* cow.c: deep copy on write: many children, each with its own view */
#include "abi.h"

#define N (4 << 20)
static unsigned char data[N];

int main(void)
{
	int st, bad = 0;

	for (int i = 0; i < N; i++)
		data[i] = (unsigned char)(i * 7);
	for (int k = 1; k <= 10; k++) {
		if (!fork()) {
			for (int i = 0; i < N; i += 4096)
				data[i] = (unsigned char)k;
			for (int i = 0; i < N; i += 4096)
				bad += data[i] != k ||
				       data[i + 1] !=
					       (unsigned char)((i + 1) * 7);
			_exit(bad != 0);
		}
	}
	for (int k = 1; k <= 10; k++) {
		wait(&st);
		bad += st != 0;
	}
	for (int i = 0; i < N; i++)
		bad += data[i] != (unsigned char)(i * 7);
	printf("bad %d\n", bad);
	return 0;
}
