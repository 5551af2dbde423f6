/* SPDX-License-Identifier: Apache-2.0 */
/* types.h: the words that every guest file uses. */
#ifndef KUNI_TYPES_H
#define KUNI_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h> /* ssize_t: newlib's */

#include "kuni/errno.h"

typedef uint64_t paddr_t; /* guest-physical */
typedef struct {
	uint64_t v;
} uaddr_t; /* an address of user space: never dereferenced */
#define UADDR(x) ((uaddr_t){ (uint64_t)(x) })

#define MUST_CHECK    __attribute__((warn_unused_result))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member)                                          \
	((type *)(void *)((char *)(p)-offsetof(type, member)))
#define IS_ON(x)    (x)
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
/* Each use has names of its own, so that they nest. */
#define UNIQUE2(x, n) x##n
#define UNIQUE1(x, n) UNIQUE2(x, n)
#define UNIQUE(x)     UNIQUE1(x, __COUNTER__)
/* NOLINTBEGIN(bugprone-macro-parentheses): an operator and two names */
#define PICK(a, op, b, x, y)                                                   \
	({                                                                     \
		__auto_type x = (a);                                           \
		__auto_type y = (b);                                           \
		x op y ? x : y;                                                \
	})
/* NOLINTEND(bugprone-macro-parentheses) */
#define min(a, b)    PICK(a, <, b, UNIQUE(a_), UNIQUE(b_))
#define max(a, b)    PICK(a, >, b, UNIQUE(a_), UNIQUE(b_))
#define PAGE_SIZE    4096UL
#define PAGE_SHIFT   12
#define page_down(x) ((x) & ~(PAGE_SIZE - 1))
#define page_up(x)   (((x) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1))

#define NSEC_PER_SEC   1000000000UL
#define DEADLINE_NEVER UINT64_MAX

#endif
