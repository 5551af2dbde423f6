/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec.c: from a JSON document to struct oci_spec.
 *
 * schema_check() has seen the whole document first, so every field that is
 * there has its type; what is left to check here is what a type does not say:
 * names of capabilities and limits, ranges, absolute paths.
 */
#include "oci/spec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oci/caps.h"
#include "oci/cpuset.h"
#include "oci/json.h"
#include "oci/schema.h"

#define HOSTNAME_MAX   64 /* of uname(2), without its NUL */
#define GROUPS_MAX     65536
#define DEFAULT_UMASK  0022
#define DEFAULT_PERIOD 100000 /* us, the kernel's */

struct ctx {
	struct oci_spec *s;
	struct err *e;
};

static int bad(const struct ctx *c, const char *expected, const char *got,
	       const char *path, ...) __attribute__((format(printf, 4, 5)));

static int bad(const struct ctx *c, const char *expected, const char *got,
	       const char *path, ...)
{
	char where[128];
	va_list ap;

	va_start(ap, path);
	if (vsnprintf(where, sizeof(where), path, ap) < 0)
		where[0] = '\0';
	va_end(ap);
	return err_set(c->e, 0, "%s: %s: expected %s, got \"%.80s\"",
		       c->s->file, where, expected, got);
}

/* NULL where the field is absent or null. */
static json_t *field(const json_t *o, const char *name)
{
	json_t *v = json_object_get(o, name);

	return json_is_null(v) ? NULL : v;
}

static const char *get_str(const json_t *o, const char *name)
{
	return json_string_value(field(o, name));
}

static bool get_bool(const json_t *o, const char *name)
{
	const json_t *v = field(o, name);

	return v && json_typeof(v) == JSON_TRUE;
}

static uint64_t get_u64(const json_t *o, const char *name, uint64_t absent)
{
	const json_t *v = field(o, name);

	return v ? json_get_u64(v) : absent;
}

static int64_t get_i64(const json_t *o, const char *name)
{
	return json_integer_value(field(o, name));
}

static void get_strv(const json_t *o, const char *name, struct oci_strv *out)
{
	const json_t *a = field(o, name);

	out->n = json_array_size(a);
	out->v = oci_alloc(out->n + 1, sizeof(*out->v));
	for (size_t i = 0; i < out->n; i++)
		out->v[i] = json_string_value(json_array_get(a, i));
}

static int read_user(struct ctx *c, const json_t *o, struct oci_process *p)
{
	const json_t *groups = field(o, "additionalGids");
	char got[24];

	p->uid = (uint32_t)get_u64(o, "uid", 0);
	p->gid = (uint32_t)get_u64(o, "gid", 0);
	p->umask = (uint32_t)get_u64(o, "umask", DEFAULT_UMASK);
	p->ngroups = json_array_size(groups);
	if (p->umask > 0777) {
		(void)snprintf(got, sizeof(got), "%u", p->umask);
		return bad(c, "at most 511 (octal 0777)", got,
			   "process.user.umask");
	}
	if (p->ngroups > GROUPS_MAX) {
		(void)snprintf(got, sizeof(got), "%zu", p->ngroups);
		return bad(c, "at most 65536 groups", got,
			   "process.user.additionalGids");
	}
	p->groups = oci_alloc(p->ngroups, sizeof(*p->groups));
	for (size_t i = 0; i < p->ngroups; i++) {
		p->groups[i] =
			(uint32_t)json_get_u64(json_array_get(groups, i));
	}
	return 0;
}

/* Names that are no capability are to be reported and then ignored
 * (config.md, "Linux Process"). */
static uint64_t read_capset(struct ctx *c, const json_t *o, const char *set)
{
	const json_t *a = field(o, set);
	uint64_t bits = 0;

	for (size_t i = 0; i < json_array_size(a); i++) {
		const char *name = json_string_value(json_array_get(a, i));
		int nr = cap_number(name);

		if (nr < 0) {
			notes_add(&c->s->notes,
				  "process.capabilities.%s[%zu] value=%.64s",
				  set, i, name);
		} else {
			bits |= 1ULL << nr;
		}
	}
	return bits;
}

static int read_caps(struct ctx *c, const json_t *o, struct vm_caps *caps)
{
	char name[CAP_NAME_MAX];

	caps->bounding = read_capset(c, o, "bounding");
	caps->effective = read_capset(c, o, "effective");
	caps->inheritable = read_capset(c, o, "inheritable");
	caps->permitted = read_capset(c, o, "permitted");
	caps->ambient = read_capset(c, o, "ambient");

	uint64_t over = caps->effective & ~caps->permitted;

	/* capset(2) answers EPERM to it */
	if (over) {
		return bad(c, "a subset of process.capabilities.permitted",
			   cap_name((unsigned)__builtin_ctzll(over), name),
			   "process.capabilities.effective");
	}
	return 0;
}

static int read_rlimits(struct ctx *c, const json_t *a, struct oci_process *p)
{
	uint32_t seen = 0;

	p->nrlimits = json_array_size(a);
	p->rlimits = oci_alloc(p->nrlimits, sizeof(*p->rlimits));
	for (size_t i = 0; i < p->nrlimits; i++) {
		const json_t *o = json_array_get(a, i);
		struct vm_rlimit *r = &p->rlimits[i];
		const char *type = get_str(o, "type");
		int nr = rlimit_number(type);

		if (nr < 0) {
			return bad(c, "RLIMIT_CPU, RLIMIT_NOFILE, ...", type,
				   "process.rlimits[%zu].type", i);
		}
		if (seen & 1U << nr) {
			return bad(c, "each type once", type,
				   "process.rlimits[%zu].type", i);
		}
		seen |= 1U << nr;
		r->resource = (uint32_t)nr;
		r->soft = get_u64(o, "soft", 0);
		r->hard = get_u64(o, "hard", 0);
		if (r->soft > r->hard) {
			return bad(c, "soft not above hard", type,
				   "process.rlimits[%zu]", i);
		}
	}
	return 0;
}

static int read_process(struct ctx *c, const json_t *o, struct oci_process *p)
{
	const json_t *size = field(o, "consoleSize");
	int ret;

	p->terminal = get_bool(o, "terminal");
	p->no_new_privs = get_bool(o, "noNewPrivileges");
	p->rows = (uint16_t)get_u64(size, "height", 0);
	p->cols = (uint16_t)get_u64(size, "width", 0);
	p->cwd = get_str(o, "cwd");
	get_strv(o, "args", &p->args);
	get_strv(o, "env", &p->env);
	if (!p->args.n) {
		return err_set(c->e, 0,
			       "%s: process.args: expected at least one "
			       "string, got []",
			       c->s->file);
	}
	if (p->cwd[0] != '/')
		return bad(c, "an absolute path", p->cwd, "process.cwd");
	ret = read_user(c, field(o, "user"), p);
	if (ret < 0)
		return ret;
	ret = read_caps(c, field(o, "capabilities"), &p->caps);
	if (ret < 0)
		return ret;
	return read_rlimits(c, field(o, "rlimits"), p);
}

static void read_mounts(struct oci_spec *s, const json_t *a)
{
	s->nmounts = json_array_size(a);
	s->mounts = oci_alloc(s->nmounts, sizeof(*s->mounts));
	for (size_t i = 0; i < s->nmounts; i++) {
		const json_t *o = json_array_get(a, i);
		struct oci_mount *m = &s->mounts[i];

		m->dest = get_str(o, "destination");
		m->type = get_str(o, "type");
		m->source = get_str(o, "source");
		get_strv(o, "options", &m->options);
	}
}

/* A namespace of its own is what a VM gives; one that exists already (a path)
 * cannot be joined, and ids and clocks are not shifted. */
static int read_namespaces(struct ctx *c, const json_t *a)
{
	static const char *const types[] = {
		"pid", "network", "mount", "ipc",
		"uts", "cgroup",  "user",  "time"
	};
	enum { GIVEN = 6, COUNT = 8 };

	for (size_t i = 0; i < json_array_size(a); i++) {
		const json_t *o = json_array_get(a, i);
		const char *type = get_str(o, "type");
		const char *path = get_str(o, "path");
		size_t k = 0;

		while (k < COUNT && strcmp(types[k], type) != 0)
			k++;
		if (k == COUNT) {
			return bad(c, "the type of a namespace", type,
				   "linux.namespaces[%zu].type", i);
		}
		if (path && *path) {
			notes_add(&c->s->notes,
				  "linux.namespaces[%zu].path type=%s "
				  "value=%.128s",
				  i, type, path);
		} else if (k >= GIVEN) {
			notes_add(&c->s->notes, "linux.namespaces[%zu] type=%s",
				  i, type);
		}
	}
	return 0;
}

static int check_absolute(const struct ctx *c, const struct oci_strv *v,
			  const char *path)
{
	for (size_t i = 0; i < v->n; i++) {
		if (v->v[i][0] != '/') {
			return bad(c, "an absolute path", v->v[i], "%s[%zu]",
				   path, i);
		}
	}
	return 0;
}

/* A map of strings. */
static struct oci_pair *read_pairs(json_t *o, size_t *n)
{
	struct oci_pair *out = oci_alloc(json_object_size(o), sizeof(*out));
	const char *key;
	json_t *v;

	*n = 0;
	json_object_foreach(o, key, v)
	{
		out[(*n)++] = (struct oci_pair){ key, json_string_value(v) };
	}
	return out;
}

/* Which there are is for the guest to say. */
static int read_sysctls(struct ctx *c, json_t *o)
{
	struct oci_spec *s = c->s;

	s->sysctls = read_pairs(o, &s->nsysctls);
	for (size_t i = 0; i < s->nsysctls; i++) {
		const char *key = s->sysctls[i].key;

		if (!key[0])
			return bad(c, "a name", key, "linux.sysctl");
		if (!strcmp(key, "kernel.hostname") ||
		    !strcmp(key, "kernel/hostname"))
			return bad(c, "nothing that the field hostname sets",
				   key, "linux.sysctl");
	}
	return 0;
}

static int read_linux(struct ctx *c, const json_t *o)
{
	struct oci_spec *s = c->s;
	const json_t *resources = field(o, "resources");
	const json_t *cpu = field(resources, "cpu");
	int ret;

	s->memory_limit = get_i64(field(resources, "memory"), "limit");
	s->cpus = get_str(cpu, "cpus");
	if (s->cpus && s->cpus[0] && cpuset_parse(s->cpus, &s->cpuset) < 0) {
		return bad(c, "CPUs below 1024, as \"0-3,7\"", s->cpus,
			   "linux.resources.cpu.cpus");
	}
	s->cpu_quota = get_i64(cpu, "quota");
	s->cpu_period = get_u64(cpu, "period", DEFAULT_PERIOD);
	if (!s->cpu_period)
		s->cpu_period = DEFAULT_PERIOD;
	get_strv(o, "maskedPaths", &s->masked);
	get_strv(o, "readonlyPaths", &s->readonly);
	ret = check_absolute(c, &s->masked, "linux.maskedPaths");
	if (ret < 0)
		return ret;
	ret = check_absolute(c, &s->readonly, "linux.readonlyPaths");
	if (ret < 0)
		return ret;
	ret = read_sysctls(c, field(o, "sysctl"));
	if (ret < 0)
		return ret;
	return read_namespaces(c, field(o, "namespaces"));
}

static int check_hostname(const struct ctx *c, const char *name,
			  const char *field_name)
{
	if (name && strlen(name) > HOSTNAME_MAX)
		return bad(c, "at most 64 bytes", name, "%s", field_name);
	return 0;
}

static int read_config(struct ctx *c)
{
	struct oci_spec *s = c->s;
	const json_t *o = s->doc;
	int ret;

	s->version = get_str(o, "ociVersion");
	if (strncmp(s->version, "1.", 2) != 0)
		return bad(c, "a version 1.x", s->version, "ociVersion");
	s->root_path = get_str(field(o, "root"), "path");
	s->root_readonly = get_bool(field(o, "root"), "readonly");
	if (!s->root_path[0])
		return bad(c, "a path", s->root_path, "root.path");
	s->hostname = get_str(o, "hostname");
	s->domainname = get_str(o, "domainname");
	ret = check_hostname(c, s->hostname, "hostname");
	if (ret < 0)
		return ret;
	ret = check_hostname(c, s->domainname, "domainname");
	if (ret < 0)
		return ret;
	ret = read_process(c, field(o, "process"), &s->process);
	if (ret < 0)
		return ret;
	read_mounts(s, field(o, "mounts"));
	s->annotations = read_pairs(field(o, "annotations"), &s->nannotations);
	return read_linux(c, field(o, "linux"));
}

int spec_parse(const char *file, char *text, size_t len, struct oci_spec *s,
	       struct err *e)
{
	struct ctx c = { .s = s, .e = e };
	int ret;

	*s = (struct oci_spec){ .file = file };
	ret = json_parse(file, text, len, &s->doc, e);
	if (ret < 0)
		return ret;
	ret = schema_check(file, s->doc, schema_config, &s->notes, e);
	if (!ret)
		ret = read_config(&c);
	if (ret < 0)
		spec_fini(s);
	return ret;
}

int spec_load(int dirfd, const char *file, struct oci_spec *s, struct err *e)
{
	char *text;
	size_t len;
	int ret = json_read(dirfd, "config.json", file, &text, &len, e);

	if (ret < 0)
		return ret;
	ret = spec_parse(file, text, len, s, e);
	free(text);
	return ret;
}

void spec_fini(struct oci_spec *s)
{
	for (size_t i = 0; i < s->nmounts; i++)
		free(s->mounts[i].options.v);
	free(s->mounts);
	free(s->process.groups);
	free(s->process.args.v);
	free(s->process.env.v);
	free(s->process.rlimits);
	free(s->masked.v);
	free(s->readonly.v);
	free(s->annotations);
	free(s->sysctls);
	notes_fini(&s->notes);
	json_decref(s->doc);
	*s = (struct oci_spec){ 0 };
}
