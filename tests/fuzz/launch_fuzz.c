// uses: guest/kernel/task/launch.c
/* SPDX-License-Identifier: Apache-2.0 */
/* launch_fuzz.c: any bytes as a launch description, to the guest's reader. */
#include <stdlib.h>
#include <string.h>

#include "guest/kernel/task/launch.h"

/* as kuni/task.h and kuni/mm.h say; these headers and libc's do not mix */
int launch_parse(const void *data, size_t len, struct launch **out);
void *kmalloc(size_t n);
void kfree(void *p);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static long live;
extern size_t total;
size_t total; /* so that what walk() reads is read */

void *kmalloc(size_t n)
{
	live++;
	return calloc(1, n);
}

void kfree(void *p)
{
	live -= !!p;
	free(p);
}

static size_t length(const char *s)
{
	return s ? strlen(s) : 0;
}

static size_t lengths(char *const *v)
{
	size_t n = 0;

	for (; *v; v++)
		n += strlen(*v);
	return n;
}

/* Reads all that it points to. */
static size_t walk(const struct launch *l)
{
	size_t n = lengths(l->args) + lengths(l->env) + length(l->cwd) +
		   length(l->hostname) + length(l->domainname);

	for (unsigned i = 0; i < l->user.ngroups; i++)
		n += l->groups[i];
	for (unsigned i = 0; i < l->nrlimits; i++)
		n += l->rlimits[i].soft;
	for (unsigned i = 0; i < l->nmounts; i++)
		n += length(l->mounts[i].type) + length(l->mounts[i].source) +
		     length(l->mounts[i].dest) + length(l->mounts[i].data);
	for (unsigned i = 0; i < l->nmasked; i++)
		n += strlen(l->masked[i]);
	for (unsigned i = 0; i < l->nreadonly; i++)
		n += strlen(l->readonly[i]);
	for (unsigned i = 0; i < l->nsysctls; i++)
		n += length(l->sysctls[i].name) + length(l->sysctls[i].value);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct launch *l;
	uint8_t *copy = malloc(size + !size);

	memcpy(copy, data, size);
	if (!launch_parse(copy, size, &l)) {
		if (!l->nargs)
			abort();
		total += walk(l);
		launch_free(l);
	}
	free(copy);
	if (live)
		abort();
	return 0;
}
