/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nomem.h: every allocation of a scenario fails once.
 *
 * A test that lists tests/unit/nomem.c in its first line is linked with
 * malloc() and its like wrapped.  A scenario does something from start to end
 * and frees what it made; it returns 0, or a negative errno once it could not
 * go on.  nomem_every() runs it with no allocation failing, then with the
 * first one, the second one and so on; after each run as much memory and as
 * many descriptors must be there as before.
 */
#ifndef TESTS_UNIT_NOMEM_H
#define TESTS_UNIT_NOMEM_H

#include <stdbool.h>
#include <stddef.h>

extern long nomem_live;    /* allocations not freed */
extern long nomem_fail_at; /* allocations until one fails; negative: none */
extern bool nomem_failed;  /* one has */

void *nomem_malloc(size_t n); /* for libraries that can be told */
void nomem_free(void *p);
void nomem_every(const char *what, int (*scenario)(void));
int nomem_fds(void);
/* Of nomem_every(): counts a check in the test's own counters. */
void nomem_check(bool ok, const char *what, long n, const char *why);

#endif
