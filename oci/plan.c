/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.c: the translation of a bundle into a struct vm_plan.
 *
 * Nothing here looks at the host: paths are cleaned as strings, and whether
 * they exist is for bundle.c (the root, the program) and for the VM (the
 * sources of binds) to say.  `kuni plan` prints the result, and golden tests
 * hold it.
 */
#include "oci/plan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "layout.h"
#include "oci/cpuset.h"
#include "oci/mem.h"
#include "oci/mounts.h"
#include "oci/path.h"

#define KERNEL_OVERHEAD (16UL << 20)
#define METADATA_SHARE  64          /* one byte of it for that many */
#define NO_LIMIT        (1LL << 53) /* engines write "none" as 2^63 - 4096 */

uint64_t plan_memory(int64_t limit)
{
	uint64_t n;

	if (limit <= 0 || limit >= NO_LIMIT)
		return PLAN_MEMORY_DEFAULT;
	n = (uint64_t)limit;
	n += n / METADATA_SHARE + KERNEL_OVERHEAD;
	n = (n + PLAN_MEMORY_STEP - 1) / PLAN_MEMORY_STEP * PLAN_MEMORY_STEP;
	if (n < PLAN_MEMORY_MIN)
		return PLAN_MEMORY_MIN;
	return n < MEMORY_MAX ? n : MEMORY_MAX;
}

uint32_t plan_cpus(int64_t quota, uint64_t period, unsigned set,
		   uint32_t host_cpus)
{
	uint64_t n =
		host_cpus < PLAN_CPUS_DEFAULT ? host_cpus : PLAN_CPUS_DEFAULT;

	if (quota > 0)
		n = ((uint64_t)quota - 1) / period + 1;
	if (set && (quota <= 0 || n > set))
		n = set;
	if (n > KUNI_MAX_CPUS)
		n = KUNI_MAX_CPUS;
	return n ? (uint32_t)n : 1;
}

static char **copy_strv(const struct oci_strv *v)
{
	char **out = oci_alloc(v->n + 1, sizeof(*out));

	for (size_t i = 0; i < v->n; i++)
		out[i] = oci_strdup(v->v[i]);
	return out;
}

static char **clean_strv(const struct oci_strv *v)
{
	char **out = oci_alloc(v->n + 1, sizeof(*out));

	for (size_t i = 0; i < v->n; i++)
		out[i] = path_clean("", v->v[i]);
	return out;
}

static void plan_process(const struct oci_process *s, const struct plan_opts *o,
			 struct vm_process *p)
{
	p->args = copy_strv(&s->args);
	p->env = copy_strv(&s->env);
	p->cwd = path_clean("", s->cwd);
	p->uid = s->uid;
	p->gid = s->gid;
	p->umask = s->umask;
	p->ngroups = s->ngroups;
	p->groups = oci_alloc(s->ngroups, sizeof(*p->groups));
	if (s->ngroups)
		memcpy(p->groups, s->groups, s->ngroups * sizeof(*p->groups));
	p->caps = s->caps;
	/* what prctl(PR_CAP_AMBIENT_RAISE) would refuse is not raised */
	p->caps.ambient &= p->caps.permitted & p->caps.inheritable;
	p->nrlimits = s->nrlimits;
	p->rlimits = oci_alloc(s->nrlimits, sizeof(*p->rlimits));
	if (s->nrlimits) {
		memcpy(p->rlimits, s->rlimits,
		       s->nrlimits * sizeof(*p->rlimits));
	}
	p->no_new_privs = s->no_new_privs;
	p->terminal = s->terminal;
	if (s->terminal) {
		p->rows = o->rows ? o->rows : s->rows;
		p->cols = o->cols ? o->cols : s->cols;
	}
}

static bool is_guest_type(const char *type)
{
	static const char *const types[] = { "proc", "sysfs", "tmpfs", "devpts",
					     "mqueue" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!strcmp(types[i], type))
			return true;
	}
	return false;
}

/* Where the outermost mount of the guest that has `dest` in it stands, or
 * NULL.  What is made there on the host is seen by the guest before it mounts,
 * and by nobody after. */
static char *cover_of(const struct vm_plan *p, const char *dest)
{
	const char *cover = NULL;

	for (size_t i = 0; i < p->nmounts; i++) {
		const struct vm_mount *m = &p->mounts[i];

		if (strcmp(m->type, "bind") != 0 &&
		    path_is_below(dest, m->dest) &&
		    (!cover || path_is_below(cover, m->dest)))
			cover = m->dest;
	}
	return cover ? oci_strdup(cover) : NULL;
}

/* One entry of mounts[], on its way into the plan. */
struct entry {
	struct oci_spec *s;
	size_t i;
	const struct oci_mount *m;
	struct mount_options mo;
	char *dest; /* cleaned; ours until it is in the plan */
};

static int plan_bind(struct entry *n, const char *bundle, struct vm_plan *p,
		     struct err *e)
{
	if (!n->m->source || !n->m->source[0]) {
		return err_set(e, 0,
			       "%s: mounts[%zu].source: missing, expected the "
			       "path to bind at %s",
			       n->s->file, n->i, n->dest);
	}
	p->binds[p->nbinds++] = (struct vm_bind){
		.source = path_clean(bundle, n->m->source),
		.dest = oci_strdup(n->dest),
		.cover = cover_of(p, n->dest),
		.recursive = n->mo.recursive,
		.flags = n->mo.flags,
	};
	p->mounts[p->nmounts++] = (struct vm_mount){
		.type = oci_strdup("bind"),
		.source = oci_strdup(n->dest),
		.dest = n->dest,
		.data = oci_strdup(""),
		.flags = n->mo.flags,
	};
	n->dest = NULL;
	return 0;
}

static void plan_guest_mount(struct entry *n, struct vm_plan *p)
{
	const struct oci_mount *m = n->m;

	p->mounts[p->nmounts++] = (struct vm_mount){
		.type = oci_strdup(m->type),
		.source = oci_strdup(m->source ? m->source : m->type),
		.dest = n->dest,
		.data = n->mo.data,
		.flags = n->mo.flags,
	};
	n->dest = NULL;
	n->mo.data = NULL;
}

/* The devices that every container has (config-linux.md, "Default Devices")
 * need a place where the bundle has none. */
static void plan_dev(const struct oci_spec *s, struct vm_plan *p)
{
	for (size_t i = 0; i < s->nmounts; i++) {
		char *dest = path_clean("", s->mounts[i].dest);
		bool is_dev = !strcmp(dest, "/dev");

		free(dest);
		if (is_dev)
			return;
	}
	p->mounts[p->nmounts++] = (struct vm_mount){
		.type = oci_strdup("tmpfs"),
		.source = oci_strdup("tmpfs"),
		.dest = oci_strdup("/dev"),
		.data = oci_strdup("mode=755,size=65536k"),
		.flags = MS_NOSUID,
	};
}

static int plan_entry(struct entry *n, const char *bundle, struct vm_plan *p,
		      struct err *e)
{
	const struct oci_mount *m = n->m;
	struct oci_notes *notes = &n->s->notes;
	size_t before = notes->n;

	mount_options_parse(&m->options, n->i,
			    m->type && !strcmp(m->type, "bind"), &n->mo, notes);
	if (n->mo.bind)
		return plan_bind(n, bundle, p, e);
	if (!m->type || !m->type[0]) {
		return err_set(e, 0,
			       "%s: mounts[%zu].type: missing, expected proc, "
			       "sysfs, tmpfs, devpts, mqueue or bind",
			       n->s->file, n->i);
	}
	if (is_guest_type(m->type)) {
		plan_guest_mount(n, p);
		return 0;
	}
	/* one note for the mount, not more for its options */
	while (notes->n > before)
		free(notes->item[--notes->n]);
	notes_add(notes, "mounts[%zu] type=%.32s destination=%s", n->i, m->type,
		  n->dest);
	return 0;
}

static int plan_mount(struct oci_spec *s, size_t i, const char *bundle,
		      struct vm_plan *p, struct err *e)
{
	struct entry n = { .s = s, .i = i, .m = &s->mounts[i] };
	int ret;

	if (n.m->dest[0] != '/') {
		return err_set(e, 0,
			       "%s: mounts[%zu].destination: expected an "
			       "absolute path, got \"%.80s\"",
			       s->file, i, n.m->dest);
	}
	n.dest = path_clean("", n.m->dest);
	if (n.dest[1]) {
		ret = plan_entry(&n, bundle, p, e);
	} else {
		ret = err_set(e, 0,
			      "%s: mounts[%zu].destination: expected a path "
			      "below /, got \"%.80s\"",
			      s->file, i, n.m->dest);
	}
	free(n.dest);
	free(n.mo.data);
	return ret;
}

/* The first separator says which of the two it is (sysctl(8)). */
static char *sysctl_path(const char *name)
{
	char *path = oci_strdup(name);
	const char *first = strpbrk(path, "./");

	if (!first || *first == '/')
		return path;
	for (char *c = path; *c; c++) {
		if (*c == '.')
			*c = '/';
		else if (*c == '/')
			*c = '.';
	}
	return path;
}

static int plan_sysctls(const struct oci_spec *s, struct vm_plan *p,
			struct err *e)
{
	p->sysctls = oci_alloc(s->nsysctls, sizeof(*p->sysctls));
	for (size_t i = 0; i < s->nsysctls; i++) {
		char *path = sysctl_path(s->sysctls[i].key);

		for (size_t k = 0; k < i; k++) {
			if (strcmp(path, p->sysctls[k].name) != 0)
				continue;
			free(path);
			return err_set(e, 0,
				       "%s: linux.sysctl: expected each once, "
				       "got \"%.80s\" a second time",
				       s->file, s->sysctls[i].key);
		}
		p->sysctls[p->nsysctls++] = (struct vm_sysctl){
			path,
			oci_strdup(s->sysctls[i].value),
		};
	}
	return 0;
}

static void plan_machine(const struct oci_spec *s, const struct plan_opts *o,
			 struct vm_plan *p)
{
	p->hypervisor = o->hypervisor;
	p->memory = o->memory ? o->memory : plan_memory(s->memory_limit);
	p->memory = (p->memory + PLAN_MEMORY_STEP - 1) / PLAN_MEMORY_STEP *
		    PLAN_MEMORY_STEP;
	p->cpus = o->cpus ? o->cpus
			  : plan_cpus(s->cpu_quota, s->cpu_period,
				      cpuset_count(&s->cpuset), o->host_cpus);
	p->cpuset = s->cpuset;
	p->strace = o->strace;
	p->debug = o->debug;
	p->timeline = o->timeline;
	p->timeline_json = o->timeline_json;
}

int plan_make(struct oci_spec *s, const struct plan_opts *o, struct vm_plan *p,
	      struct err *e)
{
	int ret = 0;

	*p = (struct vm_plan){
		.id = oci_strdup(o->id),
		.root = path_clean(o->bundle, s->root_path),
		.root_readonly = s->root_readonly,
		.hostname = oci_strdup(s->hostname),
		.domainname = oci_strdup(s->domainname),
		/* one more: /dev */
		.mounts = oci_alloc(s->nmounts + 1, sizeof(*p->mounts)),
		.binds = oci_alloc(s->nmounts, sizeof(*p->binds)),
		.masked = clean_strv(&s->masked),
		.readonly = clean_strv(&s->readonly),
	};
	plan_machine(s, o, p);
	plan_process(&s->process, o, &p->process);
	ret = plan_sysctls(s, p, e);
	plan_dev(s, p);
	for (size_t i = 0; !ret && i < s->nmounts; i++)
		ret = plan_mount(s, i, o->bundle, p, e);
	return ret;
}

void vm_plan_fini(struct vm_plan *p)
{
	struct vm_process *pr = &p->process;

	for (size_t i = 0; i < p->nmounts; i++) {
		free(p->mounts[i].type);
		free(p->mounts[i].source);
		free(p->mounts[i].dest);
		free(p->mounts[i].data);
	}
	for (size_t i = 0; i < p->nbinds; i++) {
		free(p->binds[i].source);
		free(p->binds[i].dest);
		free(p->binds[i].cover);
	}
	for (size_t i = 0; i < p->nsysctls; i++) {
		free(p->sysctls[i].name);
		free(p->sysctls[i].value);
	}
	free(p->sysctls);
	free(p->mounts);
	free(p->binds);
	oci_free_strv(p->masked);
	oci_free_strv(p->readonly);
	oci_free_strv(pr->args);
	oci_free_strv(pr->env);
	free(pr->cwd);
	free(pr->groups);
	free(pr->rlimits);
	free(p->id);
	free(p->root);
	free(p->hostname);
	free(p->domainname);
	*p = (struct vm_plan){ 0 };
}
