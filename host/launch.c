/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.c: a plan as the records of boot/abi/launch.h.
 *
 * Of a bind mount the source is its place below the root, where the host has
 * made it; the guest mounts it from there for its order and its flags.
 */
#include "host/launch.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "boot/abi/launch.h"
#include "boot/abi/layout.h"

struct writer {
	uint8_t *buf;
	size_t len, cap;
	uint32_t count;
	int error; /* first one, negative errno; later writes do nothing */
};

static void put(struct writer *w, const void *p, size_t n)
{
	if (w->error || !n)
		return;
	if (n > LAUNCH_MAX - w->len) {
		w->error = -E2BIG;
		return;
	}
	if (w->len + n > w->cap) {
		size_t cap = 2 * (w->len + n) + 4096;
		uint8_t *bigger = realloc(w->buf, cap);

		if (!bigger) {
			w->error = -ENOMEM;
			return;
		}
		w->buf = bigger;
		w->cap = cap;
	}
	memcpy(w->buf + w->len, p, n);
	w->len += n;
}

static size_t record_begin(struct writer *w, unsigned type)
{
	struct launch_rec rec = { .type = (uint16_t)type };
	size_t at = w->len;

	put(w, &rec, sizeof(rec));
	return at;
}

static void record_end(struct writer *w, size_t at)
{
	static const uint8_t zero[8];
	uint32_t len;

	if (w->error)
		return;
	len = (uint32_t)(w->len - at - sizeof(struct launch_rec));
	memcpy(w->buf + at + offsetof(struct launch_rec, len), &len,
	       sizeof(len));
	put(w, zero, -w->len & 7);
	w->count++;
}

static void put_string(struct writer *w, const char *s)
{
	s = s ? s : "";
	put(w, s, strlen(s) + 1);
}

static void record(struct writer *w, unsigned type, const void *p, size_t n)
{
	size_t at = record_begin(w, type);

	put(w, p, n);
	record_end(w, at);
}

static void record_string(struct writer *w, unsigned type, const char *s)
{
	if (s)
		record(w, type, s, strlen(s) + 1);
}

static void record_strings(struct writer *w, unsigned type, char **list)
{
	for (; list && *list; list++)
		record_string(w, type, *list);
}

static void put_process(struct writer *w, const struct vm_process *p)
{
	struct launch_user user = { p->uid, p->gid, p->umask,
				    (uint32_t)p->ngroups };
	struct launch_caps caps = { p->caps.bounding, p->caps.effective,
				    p->caps.inheritable, p->caps.permitted,
				    p->caps.ambient };
	size_t at;

	record_strings(w, LAUNCH_ARG, p->args);
	record_strings(w, LAUNCH_ENV, p->env);
	record_string(w, LAUNCH_CWD, p->cwd);
	at = record_begin(w, LAUNCH_USER);
	put(w, &user, sizeof(user));
	put(w, p->groups, p->ngroups * sizeof(*p->groups));
	record_end(w, at);
	record(w, LAUNCH_CAPS, &caps, sizeof(caps));
	for (size_t i = 0; i < p->nrlimits; i++) {
		struct launch_rlimit l = { p->rlimits[i].resource, 0,
					   p->rlimits[i].soft,
					   p->rlimits[i].hard };

		record(w, LAUNCH_RLIMIT, &l, sizeof(l));
	}
}

static void put_mount(struct writer *w, const struct vm_mount *m)
{
	struct launch_mount head = { m->flags };
	size_t at = record_begin(w, LAUNCH_MOUNT);

	put(w, &head, sizeof(head));
	put_string(w, m->type);
	put_string(w, m->source);
	put_string(w, m->dest);
	put_string(w, m->data);
	record_end(w, at);
}

static void put_sysctl(struct writer *w, const struct vm_sysctl *s)
{
	size_t at = record_begin(w, LAUNCH_SYSCTL);

	put_string(w, s->name);
	put_string(w, s->value);
	record_end(w, at);
}

int launch_build(const struct vm_plan *plan, void **out, size_t *len,
		 struct err *e)
{
	const struct vm_process *p = &plan->process;
	struct launch_options opt = { .rows = p->rows, .cols = p->cols };
	struct launch_header head = { LAUNCH_MAGIC, LAUNCH_VERSION, 0, 0 };
	struct writer w = { 0 };

	opt.flags = (p->no_new_privs ? LAUNCH_O_NO_NEW_PRIVS : 0) |
		    (plan->root_readonly ? LAUNCH_O_ROOT_READONLY : 0) |
		    (p->terminal ? LAUNCH_O_TERMINAL : 0);
	put(&w, &head, sizeof(head));
	put_process(&w, p);
	record_string(&w, LAUNCH_HOSTNAME, plan->hostname);
	record_string(&w, LAUNCH_DOMAINNAME, plan->domainname);
	for (size_t i = 0; i < plan->nmounts; i++)
		put_mount(&w, &plan->mounts[i]);
	record_strings(&w, LAUNCH_MASKED, plan->masked);
	record_strings(&w, LAUNCH_READONLY, plan->readonly);
	for (size_t i = 0; i < plan->nsysctls; i++)
		put_sysctl(&w, &plan->sysctls[i]);
	record(&w, LAUNCH_OPTIONS, &opt, sizeof(opt));
	if (w.error) {
		free(w.buf);
		return err_set(e, -w.error,
			       "launch description: arguments, environment, "
			       "mounts and sysctls, at most %lu bytes",
			       LAUNCH_MAX);
	}
	head.size = (uint32_t)w.len;
	head.count = w.count;
	memcpy(w.buf, &head, sizeof(head));
	*out = w.buf;
	*len = w.len;
	return 0;
}
