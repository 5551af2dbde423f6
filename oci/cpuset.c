/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpuset.c: lists of CPUs as cpuset(7) writes them: "0-3,7".
 */
#include "oci/cpuset.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A number below VM_CPUSET_MAX; *s goes behind it. */
static bool number(const char **s, unsigned *out)
{
	char *end;
	unsigned long n;

	if (**s < '0' || **s > '9')
		return false;
	n = strtoul(*s, &end, 10);
	*s = end;
	*out = (unsigned)n;
	return n < VM_CPUSET_MAX;
}

int cpuset_parse(const char *s, struct vm_cpuset *out)
{
	unsigned first, last;

	*out = (struct vm_cpuset){ 0 };
	do {
		if (!number(&s, &first))
			return -EINVAL;
		last = first;
		if (*s == '-') {
			s++;
			if (!number(&s, &last) || last < first)
				return -EINVAL;
		}
		for (; first <= last; first++)
			out->word[first / 64] |= 1ULL << first % 64;
	} while (*s++ == ',');
	return s[-1] ? -EINVAL : 0;
}

unsigned cpuset_count(const struct vm_cpuset *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(c->word) / sizeof(c->word[0]); i++)
		n += (unsigned)__builtin_popcountll(c->word[i]);
	return n;
}
