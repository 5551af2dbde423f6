/* SPDX-License-Identifier: Apache-2.0 */
/* nomem.c: see nomem.h. */
#include "tests/unit/nomem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

long nomem_live, nomem_fail_at = -1;
bool nomem_failed;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
int __wrap_vasprintf(char **out, const char *fmt, va_list ap);
int __wrap_asprintf(char **out, const char *fmt, ...);
void __wrap_free(void *p);

static bool fails(void)
{
	if (nomem_fail_at < 0 || nomem_fail_at--)
		return false;
	nomem_failed = true;
	errno = ENOMEM;
	return true;
}

static void *counted(void *p)
{
	nomem_live += !!p;
	return p;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : counted(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : counted(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t n)
{
	void *q;

	if (fails())
		return NULL;
	q = __real_realloc(p, n);
	return p ? q : counted(q);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return __wrap_realloc(p, all);
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
	return fails() ? NULL : counted(__real_aligned_alloc(align, n));
}

char *__wrap_strndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = __wrap_malloc(len + 1);

	if (!p)
		return NULL;
	memcpy(p, s, len);
	p[len] = 0;
	return p;
}

char *__wrap_strdup(const char *s)
{
	return __wrap_strndup(s, strlen(s));
}

__attribute__((format(printf, 2, 0))) int
__wrap_vasprintf(char **out, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	*out = n < 0 ? NULL : __wrap_malloc((size_t)n + 1);
	return *out ? vsnprintf(*out, (size_t)n + 1, fmt, ap) : -1;
}

__attribute__((format(printf, 2, 3))) int __wrap_asprintf(char **out,
							  const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __wrap_vasprintf(out, fmt, ap);
	va_end(ap);
	return n;
}

void __wrap_free(void *p)
{
	nomem_live -= !!p;
	__real_free(p);
}

void *nomem_malloc(size_t n)
{
	return __wrap_malloc(n);
}

void nomem_free(void *p)
{
	__wrap_free(p);
}

int nomem_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

void nomem_every(const char *what, int (*scenario)(void))
{
	long n = -1;

	for (; n < 10000; n++) {
		long live = nomem_live;
		int fds = nomem_fds(), r;

		nomem_failed = false;
		nomem_fail_at = n;
		r = scenario();
		nomem_fail_at = -1;
		nomem_check(r <= 0, what, n, "the result");
		nomem_check(nomem_failed || !r, what, n, "fails by itself");
		nomem_check(nomem_live == live, what, n, "memory is left");
		nomem_check(nomem_fds() == fds, what, n,
			    "descriptors are left");
		if (n >= 0 && !nomem_failed)
			break;
	}
	nomem_check(n > 0, what, n, "no allocation at all");
}
