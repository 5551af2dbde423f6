/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.h: what config.json may hold, as a table, and the check of a
 * document against it.
 */
#ifndef OCI_SCHEMA_H
#define OCI_SCHEMA_H

#include <jansson.h>
#include <stdint.h>

#include "host/err.h"
#include "oci/mem.h"

enum schema_kind {
	SCHEMA_STRING,
	SCHEMA_BOOL,
	SCHEMA_U16,
	SCHEMA_U32,
	SCHEMA_I64,
	SCHEMA_U64,
	SCHEMA_OBJECT, /* with the fields of .fields; NULL: any fields */
};

#define SCHEMA_ARRAY    1 /* an array of these */
#define SCHEMA_MAP      2 /* an object with any keys, each one of these */
#define SCHEMA_REQUIRED 4
#define SCHEMA_MISSED   8 /* checked, and then not honoured: a note */

struct schema_field {
	const char *name; /* NULL ends a list */
	uint8_t kind, flags;
	const struct schema_field *fields;
};

/* The top level of config.json. */
extern const struct schema_field schema_config[];

/* Checks the type of every known field of `doc`, at any depth; null counts as
 * absent.  A wrong type or a missing field is one line with file, JSON path,
 * value and what is expected.  Fields that are unknown or not honoured are
 * added to `notes` by their path, the outermost only. */
int schema_check(const char *file, json_t *doc,
		 const struct schema_field *fields, struct oci_notes *notes,
		 struct err *e) MUST_CHECK;

/* "an integer from 0 to 65535" */
const char *schema_expected(const struct schema_field *f);

#endif
