/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec.h: config.json as C, checked.
 *
 * Strings point into the parsed document, which the spec keeps.  Values are
 * as the file has them (no default but those of the specification, paths not
 * cleaned yet); what they mean for a VM is plan.c's business.
 */
#ifndef OCI_SPEC_H
#define OCI_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/err.h"
#include "host/vm.h"
#include "oci/mem.h"

#define SPEC_VERSION "1.2.0" /* of the OCI runtime specification */

struct json_t;

/* An array of strings, and NULL behind them. */
struct oci_strv {
	const char **v;
	size_t n;
};

struct oci_process {
	bool terminal, no_new_privs;
	uint16_t rows, cols; /* consoleSize, 0: not said */
	uint32_t uid, gid, umask;
	uint32_t *groups;
	size_t ngroups;
	struct oci_strv args, env;
	const char *cwd;
	struct vm_caps caps;
	struct vm_rlimit *rlimits;
	size_t nrlimits;
};

struct oci_mount {
	const char *dest, *type, *source; /* type, source: NULL if not said */
	struct oci_strv options;
};

struct oci_pair {
	const char *key, *value;
};

struct oci_spec {
	struct json_t *doc;
	const char *file; /* as messages call it; the caller's */
	const char *version;
	struct oci_process process;
	const char *root_path;
	bool root_readonly;
	const char *hostname, *domainname;
	struct oci_mount *mounts;
	size_t nmounts;
	struct oci_strv masked, readonly;
	int64_t memory_limit; /* bytes, <= 0: none */
	int64_t cpu_quota;    /* us in a period, <= 0: none */
	uint64_t cpu_period;  /* us */
	const char *cpus;     /* cpuset, NULL or empty: not said */
	struct vm_cpuset cpuset;
	struct oci_pair *annotations, *sysctls;
	size_t nannotations, nsysctls;
	struct oci_notes notes; /* what is not honoured */
};

/* Parses text[0, len), which it may change.  After an error there is nothing
 * to free.  Pure. */
int spec_parse(const char *file, char *text, size_t len, struct oci_spec *s,
	       struct err *e) MUST_CHECK;
/* The same, of config.json in the directory dirfd. */
int spec_load(int dirfd, const char *file, struct oci_spec *s,
	      struct err *e) MUST_CHECK;
void spec_fini(struct oci_spec *s);

#endif
