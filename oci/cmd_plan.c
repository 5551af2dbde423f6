/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_plan.c: `kuni plan`: what `kuni run` would run, as JSON.
 *
 * Reads config.json and nothing else: neither the root nor the program nor a
 * hypervisor has to be there.
 */
#include "oci/cmd.h"

#include <stdlib.h>

#include "oci/bundle.h"
#include "oci/mem.h"
#include "oci/plan.h"
#include "oci/state.h"

static int print(const struct cli *c, struct bundle *b, const char *id,
		 struct err *e)
{
	struct plan_opts o = cmd_plan_opts(c, b->path, id);
	struct vm_plan p;
	int ret = plan_make(&b->spec, &o, &p, e);

	if (!ret)
		ret = cmd_report_notes(c, &b->spec, e);
	if (!ret)
		ret = plan_print(&p, e);
	vm_plan_fini(&p);
	return ret;
}

int cmd_plan(const struct cli *c, struct err *e)
{
	const char *dir = NULL, *id = NULL;
	struct bundle b = { 0 };
	int ret = cmd_bundle_args(c, &dir, &id, e);

	if (!ret && id)
		ret = state_check_id(id, e);
	if (!ret)
		ret = bundle_open(dir, &b, e);
	if (ret < 0)
		return ret;
	char *name = id ? oci_strdup(id) : state_default_id(b.path, "");

	ret = print(c, &b, name, e);
	free(name);
	bundle_fini(&b);
	return ret;
}
