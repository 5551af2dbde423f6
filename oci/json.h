/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h: reading JSON that others wrote, bounded in size and depth.
 *
 * jansson does the parsing.  It has no integers above INT64_MAX, but engines
 * write RLIM_INFINITY as 18446744073709551615; so json_parse() turns such a
 * literal into a string of its own kind, which json_is_u64() and
 * json_get_u64() understand and json_is_text() does not take for a string.
 */
#ifndef OCI_JSON_H
#define OCI_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/err.h"

#define JSON_FILE_MAX  (8U << 20) /* bytes */
#define JSON_DEPTH_MAX 32         /* nested arrays and objects */

/* Reads all of `name` in dirfd, with a NUL behind it; the caller frees.
 * `shown` is how messages call the file. */
int json_read(int dirfd, const char *name, const char *shown, char **text,
	      size_t *len, struct err *e) MUST_CHECK;

/* Parses text[0, len), which it may change, into one object.  A syntax error
 * gives file, line and column. */
int json_parse(const char *file, char *text, size_t len, json_t **out,
	       struct err *e) MUST_CHECK;

bool json_is_text(const json_t *v);
bool json_is_u64(const json_t *v);
uint64_t json_get_u64(const json_t *v); /* of what json_is_u64() accepts */

/* The value as JSON, shortened to fit a message. */
#define JSON_SHOWN 72
const char *json_show(const json_t *v, char buf[JSON_SHOWN]);

#endif
