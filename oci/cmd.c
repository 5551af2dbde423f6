/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd.c: what `run` and `plan` have in common: reading their arguments, what
 * the command line adds to a plan, and reporting what is not honoured.
 */
#include "oci/cmd.h"

#include <stdio.h>
#include <sys/sysinfo.h>

#include "host/log.h"
#include "oci/plan.h"
#include "oci/spec.h"

#define STRICT_SHOWN 3 /* fields that the error of --strict names */

int cmd_bundle_args(const struct cli *c, const char **dir, const char **id,
		    struct err *e)
{
	int skip = c->bundle ? 0 : 1;

	*dir = c->bundle ? c->bundle : c->nargs ? c->args[0] : NULL;
	*id = c->nargs > skip ? c->args[skip] : NULL;
	if (!*dir)
		return err_set(e, 0, "expected the bundle's directory");
	if (c->nargs > skip + 1) {
		return err_set(e, 0, "unexpected argument \"%s\"",
			       c->args[skip + 1]);
	}
	return 0;
}

struct plan_opts cmd_plan_opts(const struct cli *c, const char *bundle,
			       const char *id)
{
	int cpus = get_nprocs();

	return (struct plan_opts){
		.id = id,
		.bundle = bundle,
		.hypervisor = c->hypervisor,
		.memory = c->memory,
		.cpus = c->cpus,
		.host_cpus = cpus > 0 ? (uint32_t)cpus : 1,
		.strace = c->strace,
		.debug = c->debug,
		.timeline = c->timeline,
		.timeline_json = c->timeline_json,
	};
}

int cmd_report_notes(const struct cli *c, const struct oci_spec *s,
		     struct err *e)
{
	const struct oci_notes *n = &s->notes;
	char list[256] = "";
	size_t at = 0;

	for (size_t i = 0; i < n->n; i++)
		log_line(LOG_WARN, "not honoured path=%s", n->item[i]);
	if (!c->strict || !n->n)
		return 0;
	for (size_t i = 0; i < n->n && i < STRICT_SHOWN; i++) {
		if (at < sizeof(list)) {
			at += (size_t)snprintf(list + at, sizeof(list) - at,
					       "%s%.64s", i ? ", " : "",
					       n->item[i]);
		}
	}
	if (n->n > STRICT_SHOWN && at < sizeof(list)) {
		(void)snprintf(list + at, sizeof(list) - at, " and %zu more",
			       n->n - STRICT_SHOWN);
	}
	return err_set(e, 0, "%s: --strict: not honoured: %s", s->file, list);
}
