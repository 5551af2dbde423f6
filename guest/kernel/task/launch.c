/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.c: reading the launch description (boot/abi/launch.h).
 *
 * Pure and bounded: two passes over the records, one that checks and counts,
 * one that fills.  Nothing outside [blob, blob + len) is read, whatever the
 * records say.
 */
#include "guest/kernel/task/launch.h"

#include <string.h>

#include "kuni/mm.h"
#include "kuni/task.h"

#define RLIMITS 16

struct counts {
	unsigned n[LAUNCH_TYPE_END];
};

/* A string record: one NUL, at the end. */
static const char *string_of(const void *p, size_t n)
{
	const char *s = p;

	if (n == 0 || s[n - 1] || memchr(s, 0, n) != s + n - 1)
		return NULL;
	return s;
}

static bool is_string(unsigned type)
{
	return type == LAUNCH_ARG || type == LAUNCH_ENV || type == LAUNCH_CWD ||
	       type == LAUNCH_HOSTNAME || type == LAUNCH_DOMAINNAME ||
	       type == LAUNCH_MASKED || type == LAUNCH_READONLY;
}

static bool may_repeat(unsigned type)
{
	return type == LAUNCH_ARG || type == LAUNCH_ENV ||
	       type == LAUNCH_RLIMIT || type == LAUNCH_MOUNT ||
	       type == LAUNCH_MASKED || type == LAUNCH_READONLY ||
	       type == LAUNCH_SYSCTL;
}

static bool check_user(const void *p, size_t n)
{
	struct launch_user u;

	if (n < sizeof(u))
		return false;
	memcpy(&u, p, sizeof(u));
	return u.ngroups <= LAUNCH_MAX_GROUPS &&
	       n == sizeof(u) + u.ngroups * sizeof(uint32_t);
}

static bool check_rlimit(const void *p, size_t n)
{
	struct launch_rlimit r;

	if (n != sizeof(r))
		return false;
	memcpy(&r, p, sizeof(r));
	return r.resource < RLIMITS && r.soft <= r.hard;
}

/* n bytes that are as many strings and nothing else. */
static bool read_strings(const char *s, size_t n, const char **str,
			 unsigned count)
{
	const char *end = s + n;

	for (unsigned i = 0; i < count; i++) {
		const char *nul = memchr(s, 0, (size_t)(end - s));

		if (!nul)
			return false;
		str[i] = s;
		s = nul + 1;
	}
	return s == end;
}

static bool read_sysctl(const void *p, size_t n, struct launch_sysctl_k *out)
{
	const char *str[2];

	if (!read_strings(p, n, str, 2))
		return false;
	*out = (struct launch_sysctl_k){ str[0], str[1] };
	return true;
}

/* Four strings after the flags. */
static bool read_mount(const void *p, size_t n, struct launch_mount_k *out)
{
	struct launch_mount m;
	const char *str[4];

	if (n < sizeof(m))
		return false;
	memcpy(&m, p, sizeof(m));
	if (!read_strings((const char *)p + sizeof(m), n - sizeof(m), str, 4) ||
	    str[2][0] != '/')
		return false;
	*out = (struct launch_mount_k){ .flags = m.flags,
					.type = str[0],
					.source = str[1],
					.dest = str[2],
					.data = str[3] };
	return true;
}

static const char *check(unsigned type, const void *p, size_t n)
{
	struct launch_mount_k m;
	struct launch_sysctl_k v;
	const char *s;

	if (is_string(type)) {
		s = string_of(p, n);
		if (!s)
			return "a string is not one";
		if ((type == LAUNCH_CWD || type == LAUNCH_MASKED ||
		     type == LAUNCH_READONLY) &&
		    s[0] != '/')
			return "a path is not absolute";
		return NULL;
	}
	switch (type) {
	case LAUNCH_USER:
		return check_user(p, n) ? NULL : "bad user";
	case LAUNCH_CAPS:
		return n == sizeof(struct launch_caps) ? NULL : "bad caps";
	case LAUNCH_RLIMIT:
		return check_rlimit(p, n) ? NULL : "bad rlimit";
	case LAUNCH_MOUNT:
		return read_mount(p, n, &m) ? NULL : "bad mount";
	case LAUNCH_OPTIONS:
		return n == sizeof(struct launch_options) ? NULL
							  : "bad options";
	case LAUNCH_SYSCTL:
		return read_sysctl(p, n, &v) ? NULL : "bad sysctl";
	default:
		return "unknown record";
	}
}

static void fill(struct launch *l, unsigned type, const void *p, size_t n)
{
	switch (type) {
	case LAUNCH_ARG:
		l->args[l->nargs++] = (char *)(uintptr_t)p;
		break;
	case LAUNCH_ENV:
		l->env[l->nenv++] = (char *)(uintptr_t)p;
		break;
	case LAUNCH_CWD:
		l->cwd = p;
		break;
	case LAUNCH_USER:
		memcpy(&l->user, p, sizeof(l->user));
		l->groups = (const void *)((const char *)p + sizeof(l->user));
		break;
	case LAUNCH_CAPS:
		memcpy(&l->caps, p, sizeof(l->caps));
		l->has_caps = true;
		break;
	case LAUNCH_RLIMIT:
		memcpy(&l->rlimits[l->nrlimits++], p,
		       sizeof(struct launch_rlimit));
		break;
	case LAUNCH_HOSTNAME:
		l->hostname = p;
		break;
	case LAUNCH_DOMAINNAME:
		l->domainname = p;
		break;
	case LAUNCH_MOUNT:
		(void)read_mount(p, n, &l->mounts[l->nmounts++]);
		break;
	case LAUNCH_MASKED:
		l->masked[l->nmasked++] = p;
		break;
	case LAUNCH_READONLY:
		l->readonly[l->nreadonly++] = p;
		break;
	case LAUNCH_OPTIONS:
		memcpy(&l->options, p, sizeof(l->options));
		break;
	case LAUNCH_SYSCTL:
		(void)read_sysctl(p, n, &l->sysctls[l->nsysctls++]);
		break;
	default:
		break;
	}
}

/* One pass: l NULL checks and counts, else fills. NULL, or what is wrong. */
static const char *walk(const char *blob, const struct launch_header *h,
			struct counts *c, struct launch *l)
{
	size_t at = sizeof(*h);

	for (uint32_t i = 0; i < h->count; i++) {
		struct launch_rec r;
		const char *why;

		if (h->size - at < sizeof(r))
			return "a record is cut";
		memcpy(&r, blob + at, sizeof(r));
		at += sizeof(r);
		if (r.len > h->size - at)
			return "a record is longer than the description";
		if (r.type == 0 || r.type >= LAUNCH_TYPE_END || r.flags)
			return "unknown record";
		if (l) {
			fill(l, r.type, blob + at, r.len);
		} else {
			why = check(r.type, blob + at, r.len);
			if (why)
				return why;
			if (c->n[r.type]++ && !may_repeat(r.type))
				return "a record is repeated";
		}
		at += min((size_t)(((size_t)r.len + 7) & ~7UL), h->size - at);
	}
	return at == h->size ? NULL : "bytes are left over";
}

static int make(const struct counts *c, struct launch **out)
{
	struct launch *l = kmalloc(sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->args = kmalloc((c->n[LAUNCH_ARG] + 1) * sizeof(char *));
	l->env = kmalloc((c->n[LAUNCH_ENV] + 1) * sizeof(char *));
	l->rlimits = kmalloc((c->n[LAUNCH_RLIMIT] + 1) * sizeof(*l->rlimits));
	l->mounts = kmalloc((c->n[LAUNCH_MOUNT] + 1) * sizeof(*l->mounts));
	l->masked = kmalloc((c->n[LAUNCH_MASKED] + 1) * sizeof(char *));
	l->readonly = kmalloc((c->n[LAUNCH_READONLY] + 1) * sizeof(char *));
	l->sysctls = kmalloc((c->n[LAUNCH_SYSCTL] + 1) * sizeof(*l->sysctls));
	if (!l->args || !l->env || !l->rlimits || !l->mounts || !l->masked ||
	    !l->readonly || !l->sysctls) {
		launch_free(l);
		return -ENOMEM;
	}
	*out = l;
	return 0;
}

void launch_free(struct launch *l)
{
	kfree(l->args);
	kfree(l->env);
	kfree(l->rlimits);
	kfree(l->mounts);
	kfree(l->masked);
	kfree(l->readonly);
	kfree(l->sysctls);
	kfree(l);
}

/* blob: 8-byte aligned, stays while *out is used. -EINVAL: it is wrong. */
int launch_parse(const void *blob, size_t len, struct launch **out)
{
	struct counts c = { 0 };
	struct launch_header h;
	const char *why;
	int ret;

	if (len < sizeof(h))
		return -EINVAL;
	memcpy(&h, blob, sizeof(h));
	if (h.magic != LAUNCH_MAGIC || h.version != LAUNCH_VERSION ||
	    h.size > len || h.size < sizeof(h) || h.count > LAUNCH_MAX_RECORDS)
		return -EINVAL;
	why = walk(blob, &h, &c, NULL);
	if (why || !c.n[LAUNCH_ARG])
		return -EINVAL;
	ret = make(&c, out);
	if (!ret)
		(void)walk(blob, &h, &c, *out);
	return ret;
}
