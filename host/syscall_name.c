/* SPDX-License-Identifier: Apache-2.0 */
/* syscall_name.c: names of system calls, from the guest's table of them. */
#include "host/syscall_name.h"

#include <stdlib.h>
#include <string.h>

#include "syscall_doc.h"

bool syscall_name(unsigned nr, char *buf, size_t size)
{
	for (const char *const *line = syscall_doc; *line; line++) {
		char *name;
		size_t n;

		if (strtoul(*line, &name, 10) != nr)
			continue;
		n = strcspn(++name, "\t");
		if (n >= size)
			return false;
		memcpy(buf, name, n);
		buf[n] = '\0';
		return true;
	}
	return false;
}
