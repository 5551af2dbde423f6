/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_print.c: a plan as JSON, for people and for golden tests.
 *
 * Every field of struct vm_plan is there, with the names of vm.h; numbers
 * that stand for names (capabilities, limits, mount flags) are printed as
 * those.
 */
#include "oci/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "oci/caps.h"
#include "oci/mounts.h"

/* json_*_new functions take what they are given; a failure shows at the end,
 * when the document is not complete: every step is checked through `bad`. */
struct out {
	bool bad;
};

static json_t *put(struct out *o, json_t *object, const char *key, json_t *v)
{
	if (json_object_set_new(object, key, v) < 0)
		o->bad = true;
	return object;
}

static void append(struct out *o, json_t *array, json_t *v)
{
	if (json_array_append_new(array, v) < 0)
		o->bad = true;
}

static json_t *text(const char *s)
{
	return s ? json_string(s) : json_null();
}

/* jansson's integers are signed: what is above is written as a string. */
static json_t *number(uint64_t v)
{
	char buf[24];

	if (v <= INT64_MAX)
		return json_integer((json_int_t)v);
	(void)snprintf(buf, sizeof(buf), "%" PRIu64, v);
	return json_string(buf);
}

static json_t *strv(struct out *o, char **v)
{
	json_t *a = json_array();

	for (size_t i = 0; v && v[i]; i++)
		append(o, a, json_string(v[i]));
	return a;
}

static json_t *capset(struct out *o, uint64_t bits)
{
	char name[CAP_NAME_MAX];
	json_t *a = json_array();

	for (unsigned i = 0; i < 64; i++) {
		if (bits & 1ULL << i && cap_name(i, name))
			append(o, a, json_string(name));
	}
	return a;
}

static json_t *caps(struct out *o, const struct vm_caps *c)
{
	json_t *j = json_object();

	put(o, j, "bounding", capset(o, c->bounding));
	put(o, j, "effective", capset(o, c->effective));
	put(o, j, "inheritable", capset(o, c->inheritable));
	put(o, j, "permitted", capset(o, c->permitted));
	return put(o, j, "ambient", capset(o, c->ambient));
}

static json_t *rlimits(struct out *o, const struct vm_process *p)
{
	json_t *a = json_array();

	for (size_t i = 0; i < p->nrlimits; i++) {
		const struct vm_rlimit *r = &p->rlimits[i];
		json_t *j = json_object();

		put(o, j, "resource", text(rlimit_name(r->resource)));
		put(o, j, "soft", number(r->soft));
		append(o, a, put(o, j, "hard", number(r->hard)));
	}
	return a;
}

static json_t *process(struct out *o, const struct vm_process *p)
{
	json_t *j = json_object(), *groups = json_array();

	for (size_t i = 0; i < p->ngroups; i++)
		append(o, groups, json_integer(p->groups[i]));
	put(o, j, "args", strv(o, p->args));
	put(o, j, "env", strv(o, p->env));
	put(o, j, "cwd", text(p->cwd));
	put(o, j, "uid", json_integer(p->uid));
	put(o, j, "gid", json_integer(p->gid));
	put(o, j, "umask", json_integer(p->umask));
	put(o, j, "groups", groups);
	put(o, j, "caps", caps(o, &p->caps));
	put(o, j, "rlimits", rlimits(o, p));
	put(o, j, "no_new_privs", json_boolean(p->no_new_privs));
	put(o, j, "terminal", json_boolean(p->terminal));
	put(o, j, "rows", json_integer(p->rows));
	return put(o, j, "cols", json_integer(p->cols));
}

static json_t *mounts(struct out *o, const struct vm_plan *p)
{
	char flags[MOUNT_FLAGS_MAX];
	json_t *a = json_array();

	for (size_t i = 0; i < p->nmounts; i++) {
		const struct vm_mount *m = &p->mounts[i];
		json_t *j = json_object();

		put(o, j, "type", text(m->type));
		put(o, j, "source", text(m->source));
		put(o, j, "dest", text(m->dest));
		put(o, j, "flags", text(mount_flags_show(m->flags, flags)));
		append(o, a, put(o, j, "data", text(m->data)));
	}
	return a;
}

static json_t *binds(struct out *o, const struct vm_plan *p)
{
	char flags[MOUNT_FLAGS_MAX];
	json_t *a = json_array();

	for (size_t i = 0; i < p->nbinds; i++) {
		const struct vm_bind *b = &p->binds[i];
		json_t *j = json_object();

		put(o, j, "source", text(b->source));
		put(o, j, "dest", text(b->dest));
		put(o, j, "cover", text(b->cover));
		put(o, j, "recursive", json_boolean(b->recursive));
		append(o, a,
		       put(o, j, "flags",
			   text(mount_flags_show(b->flags, flags))));
	}
	return a;
}

static json_t *cpuset(struct out *o, const struct vm_cpuset *c)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < VM_CPUSET_MAX; i++) {
		if (c->word[i / 64] >> i % 64 & 1)
			append(o, a, json_integer(i));
	}
	return a;
}

static json_t *sysctls(struct out *o, const struct vm_plan *p)
{
	json_t *j = json_object();

	for (size_t i = 0; i < p->nsysctls; i++)
		put(o, j, p->sysctls[i].name, text(p->sysctls[i].value));
	return j;
}

static json_t *plan(struct out *o, const struct vm_plan *p)
{
	static const char *const hypervisor[] = {
		[VM_AUTO] = "auto", [VM_KVM] = "kvm", [VM_QEMU] = "qemu"
	};
	json_t *j = json_object();

	put(o, j, "id", text(p->id));
	put(o, j, "root", text(p->root));
	put(o, j, "root_readonly", json_boolean(p->root_readonly));
	put(o, j, "hypervisor", text(hypervisor[p->hypervisor]));
	put(o, j, "memory", number(p->memory));
	put(o, j, "cpus", json_integer(p->cpus));
	put(o, j, "cpuset", cpuset(o, &p->cpuset));
	put(o, j, "hostname", text(p->hostname));
	put(o, j, "domainname", text(p->domainname));
	put(o, j, "process", process(o, &p->process));
	put(o, j, "mounts", mounts(o, p));
	put(o, j, "binds", binds(o, p));
	put(o, j, "masked", strv(o, p->masked));
	put(o, j, "readonly", strv(o, p->readonly));
	put(o, j, "sysctls", sysctls(o, p));
	put(o, j, "strace", json_boolean(p->strace));
	put(o, j, "debug", json_boolean(p->debug));
	put(o, j, "timeline", json_boolean(p->timeline));
	return put(o, j, "timeline_json", json_boolean(p->timeline_json));
}

int plan_print(const struct vm_plan *p, struct err *e)
{
	struct out o = { 0 };
	json_t *j = plan(&o, p);
	int ret = 0;

	if (o.bad) {
		ret = err_set(e, ENOMEM, "plan");
	} else if (json_dumpf(j, stdout, JSON_INDENT(2)) < 0 ||
		   putchar('\n') == EOF || fflush(stdout) == EOF) {
		ret = err_set(e, errno, "standard output");
	}
	json_decref(j);
	return ret;
}
