/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_check.c: `kuni check`: what this host can do, and why `auto` chooses
 * what it chooses.  The facts are host/'s.
 */
#include "oci/cmd.h"

int cmd_check(const struct cli *c, struct err *e)
{
	if (c->nargs)
		return err_set(e, 0, "unexpected argument \"%s\"", c->args[0]);
	return vm_check(e);
}
