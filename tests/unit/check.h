/* SPDX-License-Identifier: Apache-2.0 */
/* check.h: what a unit test says.  A test's main() ends with
 * `return check_done("name");`, which prints one line and is 1 after any
 * failed check. */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <stdio.h>

static int check_count, check_failures;

#define CHECK(cond)                                                            \
	do {                                                                   \
		check_count++;                                                 \
		if (!(cond)) {                                                 \
			check_failures++;                                      \
			fprintf(stderr, "%s:%d: failed: %s\n", __FILE__,       \
				__LINE__, #cond);                              \
		}                                                              \
	} while (0)

#define CHECK_EQ(a, b)                                                         \
	do {                                                                   \
		long long va_ = (long long)(a), vb_ = (long long)(b);          \
		check_count++;                                                 \
		if (va_ != vb_) {                                              \
			check_failures++;                                      \
			fprintf(stderr, "%s:%d: %s is %lld, not %lld (%s)\n",  \
				__FILE__, __LINE__, #a, va_, vb_, #b);         \
		}                                                              \
	} while (0)

static inline int check_done(const char *name)
{
	printf("%s: %d checks, %d failed\n", name, check_count, check_failures);
	return check_failures || !check_count;
}

#endif
