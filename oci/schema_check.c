/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema_check.c: a document against its table.
 *
 * Objects are visited from a queue, outermost first, so there is no recursion
 * and the order of notes is that of the document, level by level.  A node
 * knows its parent and its name there; the path of a field is only put
 * together when somebody is told about it.
 */
#include "oci/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oci/json.h"

#define NO_INDEX SIZE_MAX
#define PATH_LEN 256

/* An object to visit: fields[key] of its parent, or fields[key][index]. */
struct node {
	json_t *object;
	const struct schema_field *fields;
	size_t parent, index;
	const char *key;
	bool quiet; /* below something that is already noted */
};

struct walk {
	const char *file;
	struct node *node;
	size_t n, cap;
	struct oci_notes *notes;
	struct err *e;
};

static void push(struct walk *w, struct node n)
{
	if (w->n == w->cap) {
		w->cap = w->cap ? 2 * w->cap : 64;
		w->node = oci_grow(w->node, w->cap, sizeof(*w->node));
	}
	w->node[w->n++] = n;
}

static void path_append(char *buf, const char *key, size_t index)
{
	size_t n = strlen(buf);

	n += (size_t)snprintf(buf + n, PATH_LEN - n, "%s%.64s", n ? "." : "",
			      key);
	if (n < PATH_LEN && index != NO_INDEX)
		(void)snprintf(buf + n, PATH_LEN - n, "[%zu]", index);
}

/* The path of field `key` (and element `index`) of node `at`. */
static const char *path_of(const struct walk *w, size_t at, const char *key,
			   size_t index, char buf[PATH_LEN])
{
	size_t up[JSON_DEPTH_MAX];
	size_t n = 0;

	for (; at && n < JSON_DEPTH_MAX; at = w->node[at].parent)
		up[n++] = at;
	buf[0] = '\0';
	while (n) {
		const struct node *s = &w->node[up[--n]];

		path_append(buf, s->key, s->index);
	}
	path_append(buf, key, index);
	return buf;
}

static bool is_kind(const json_t *v, enum schema_kind kind)
{
	switch (kind) {
	case SCHEMA_STRING:
		return json_is_text(v);
	case SCHEMA_BOOL:
		return json_is_boolean(v);
	case SCHEMA_U16:
		return json_is_u64(v) && json_get_u64(v) <= UINT16_MAX;
	case SCHEMA_U32:
		return json_is_u64(v) && json_get_u64(v) <= UINT32_MAX;
	case SCHEMA_I64:
		return json_is_integer(v);
	case SCHEMA_U64:
		return json_is_u64(v);
	case SCHEMA_OBJECT:
		return json_is_object(v);
	}
	return false;
}

/* what: 0 one of it, 1 an array of it, 2 a map of it */
static const char *kind_name(enum schema_kind kind, int what)
{
	static const char *const name[][3] = {
		[SCHEMA_STRING] = { "a string", "an array of strings",
				    "an object whose values are strings" },
		[SCHEMA_BOOL] = { "true or false", "an array of booleans",
				  "an object whose values are booleans" },
		[SCHEMA_U16] = { "an integer from 0 to 65535",
				 "an array of integers",
				 "an object whose values are integers" },
		[SCHEMA_U32] = { "an integer from 0 to 4294967295",
				 "an array of integers",
				 "an object whose values are integers" },
		[SCHEMA_I64] = { "an integer", "an array of integers",
				 "an object whose values are integers" },
		[SCHEMA_U64] = { "an integer from 0 to 18446744073709551615",
				 "an array of integers",
				 "an object whose values are integers" },
		[SCHEMA_OBJECT] = { "an object", "an array of objects",
				    "an object whose values are objects" },
	};

	return name[kind][what];
}

const char *schema_expected(const struct schema_field *f)
{
	return kind_name(f->kind, f->flags & SCHEMA_ARRAY ? 1
				  : f->flags & SCHEMA_MAP ? 2
							  : 0);
}

static int wrong(const struct walk *w, const char *path, const json_t *v,
		 const char *expected)
{
	char shown[JSON_SHOWN];

	return err_set(w->e, 0, "%s: %s: expected %s, got %s", w->file, path,
		       expected, json_show(v, shown));
}

/* One value of the field's kind, itself or an element of it. */
static int check_value(struct walk *w, struct node child, json_t *v,
		       const struct schema_field *f)
{
	char path[PATH_LEN];

	if (!is_kind(v, f->kind)) {
		return wrong(
			w,
			path_of(w, child.parent, child.key, child.index, path),
			v, kind_name(f->kind, 0));
	}
	if (f->kind == SCHEMA_OBJECT && f->fields) {
		child.object = v;
		child.fields = f->fields;
		push(w, child);
	}
	return 0;
}

static int check_map(struct walk *w, struct node child, json_t *map,
		     const struct schema_field *f)
{
	char path[PATH_LEN];
	const char *key;
	json_t *v;

	json_object_foreach(map, key, v)
	{
		if (is_kind(v, f->kind))
			continue;
		(void)path_of(w, child.parent, child.key, NO_INDEX, path);
		path_append(path, key, NO_INDEX);
		return wrong(w, path, v, kind_name(f->kind, 0));
	}
	return 0;
}

/* Engines write lists and objects that are empty. */
static bool asks_for_something(const json_t *v)
{
	return json_is_array(v)    ? json_array_size(v) > 0
	       : json_is_object(v) ? json_object_size(v) > 0
				   : true;
}

static int check_field(struct walk *w, size_t at, json_t *v,
		       const struct schema_field *f)
{
	bool quiet = w->node[at].quiet;
	struct node child = { .parent = at, .key = f->name, .index = NO_INDEX };
	char path[PATH_LEN];
	int ret = 0;

	if (f->flags & SCHEMA_MISSED && !quiet && asks_for_something(v)) {
		notes_add(w->notes, "%s",
			  path_of(w, at, f->name, NO_INDEX, path));
		quiet = true;
	}
	child.quiet = quiet;
	if (f->flags & SCHEMA_ARRAY) {
		if (!json_is_array(v))
			goto mismatch;
		for (size_t i = 0; !ret && i < json_array_size(v); i++) {
			child.index = i;
			ret = check_value(w, child, json_array_get(v, i), f);
		}
		return ret;
	}
	if (f->flags & SCHEMA_MAP) {
		if (!json_is_object(v))
			goto mismatch;
		return check_map(w, child, v, f);
	}
	return check_value(w, child, v, f);
mismatch:
	return wrong(w, path_of(w, at, f->name, NO_INDEX, path), v,
		     schema_expected(f));
}

static const struct schema_field *find(const struct schema_field *f,
				       const char *name)
{
	for (; f->name; f++) {
		if (!strcmp(f->name, name))
			return f;
	}
	return NULL;
}

static int check_object(struct walk *w, size_t at)
{
	const struct schema_field *fields = w->node[at].fields;
	json_t *object = w->node[at].object;
	char path[PATH_LEN];
	const char *key;
	json_t *v;

	json_object_foreach(object, key, v)
	{
		const struct schema_field *f = find(fields, key);

		if (!f && !w->node[at].quiet) {
			notes_add(w->notes, "%s reason=unknown-field",
				  path_of(w, at, key, NO_INDEX, path));
		}
		if (!f || json_is_null(v))
			continue;
		int ret = check_field(w, at, v, f);

		if (ret < 0)
			return ret;
	}
	for (const struct schema_field *f = fields; f->name; f++) {
		if (!(f->flags & SCHEMA_REQUIRED))
			continue;
		v = json_object_get(object, f->name);
		if (!v || json_is_null(v)) {
			return err_set(w->e, 0, "%s: %s: missing, expected %s",
				       w->file,
				       path_of(w, at, f->name, NO_INDEX, path),
				       schema_expected(f));
		}
	}
	return 0;
}

int schema_check(const char *file, json_t *doc,
		 const struct schema_field *fields, struct oci_notes *notes,
		 struct err *e)
{
	struct walk w = { .file = file, .notes = notes, .e = e };
	int ret = 0;

	push(&w, (struct node){ .object = doc, .fields = fields });
	for (size_t i = 0; !ret && i < w.n; i++)
		ret = check_object(&w, i);
	free(w.node);
	return ret;
}
