/* SPDX-License-Identifier: Apache-2.0 */
/*
 * die.c: tells the kernel of lethal.c to die the death of its argument, after
 * more system calls than the flight recorder holds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned how = argc > 1 ? (unsigned)atoi(argv[1]) : 0;

	for (int i = 0; i < 100; i++)
		syscall(SYS_getppid);
	printf("survived: %ld\n", syscall(SYS_personality, 0x6b756e00U + how));
	return 0;
}
