/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_syscalls.c: `kuni syscalls`: the guest kernel's coverage of the Linux
 * system calls, as generated from the table that its dispatch is made of.
 * A line of it is number, name, status, version and note, with tabs between.
 */
#include "oci/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "syscall_doc.h"

static int print_columns(const char *line)
{
	static const int width[] = { 4, 24, 8, 6, 0 };

	for (int i = 0; i < 5; i++) {
		int n = (int)strcspn(line, "\t");

		/* no blanks at the end of a line without a note */
		if (printf("%s%-*.*s", i ? " " : "", line[n] ? width[i] : 0, n,
			   line) < 0)
			return -EIO;
		line += n;
		line += *line == '\t';
	}
	return putchar('\n') == EOF ? -EIO : 0;
}

int cmd_syscalls(const struct cli *c, struct err *e)
{
	if (c->nargs)
		return err_set(e, 0, "unexpected argument \"%s\"", c->args[0]);
	for (const char *const *line = syscall_doc; *line; line++) {
		if (print_columns(*line) < 0)
			return err_set(e, errno, "standard output");
	}
	return fflush(stdout) == EOF ? err_set(e, errno, "standard output") : 0;
}
