/* SPDX-License-Identifier: Apache-2.0 */
/* mounts.h: the options of mount(8), as config.json has them. */
#ifndef OCI_MOUNTS_H
#define OCI_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/mem.h"
#include "oci/spec.h"

struct mount_options {
	uint64_t flags; /* MS_* */
	bool bind, recursive;
	char *data; /* what is no flag, joined by commas; "" if nothing */
};

/* Options that are known and not honoured, and with `bind` also those that
 * are not known, become notes as mounts[i].options[j].  The caller frees
 * out->data. */
void mount_options_parse(const struct oci_strv *v, size_t mount, bool bind,
			 struct mount_options *out, struct oci_notes *notes);

/* The names of flags, joined by commas, into buf. */
#define MOUNT_FLAGS_MAX 256
const char *mount_flags_show(uint64_t flags, char buf[MOUNT_FLAGS_MAX]);

/* The name of the nth option that is honoured, NULL behind the last. */
const char *mount_option_name(size_t nth);

#endif
