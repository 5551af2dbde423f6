// uses: oci/plan.c oci/mounts.c oci/path.c oci/spec.c oci/schema.c oci/schema_check.c oci/json.c oci/caps.c oci/mem.c oci/cpuset.c host/err.c host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/* config_fuzz.c: any text as config.json, read and made into a plan. */
#include <stdlib.h>
#include <string.h>

#include "oci/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct plan_opts o = { .id = "i",
					    .bundle = "/b",
					    .host_cpus = 2 };
	struct err e = { 0 };
	struct vm_plan p;
	struct oci_spec s;
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = 0;
	if (!spec_parse("config.json", text, size, &s, &e)) {
		if (!plan_make(&s, &o, &p, &e) &&
		    (!p.process.args[0] || !p.cpus || !p.memory))
			abort();
		vm_plan_fini(&p);
		spec_fini(&s);
	} else if (!e.msg[0]) {
		abort(); /* refused without a word */
	}
	free(text);
	return 0;
}
