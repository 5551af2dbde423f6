/* SPDX-License-Identifier: Apache-2.0 */
/* bundle.h: the directory with config.json and the root file system. */
#ifndef OCI_BUNDLE_H
#define OCI_BUNDLE_H

#include "host/err.h"
#include "host/vm.h"
#include "oci/spec.h"

struct bundle {
	char *path;   /* absolute, no symbolic links */
	char *config; /* path of config.json, for messages */
	struct oci_spec spec;
};

/* Opens the directory and loads its config.json.  After an error there is
 * nothing to free. */
int bundle_open(const char *dir, struct bundle *b, struct err *e) MUST_CHECK;
void bundle_fini(struct bundle *b);

/* Whether the plan could start: the root is a directory, and the program is
 * in it and executable, as found along PATH of process.env.  What a mount may
 * bring is not judged.  e->status is 127 where the program is not there, 126
 * where it cannot be executed. */
int bundle_check(const struct bundle *b, const struct vm_plan *p,
		 struct err *e) MUST_CHECK;

#endif
