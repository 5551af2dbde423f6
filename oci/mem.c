/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem.c: allocation that cannot fail, and the list of notes.  See mem.h for
 * why ending the process is right here and would be wrong in host/.
 */
#include "oci/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/log.h"

static void *must(void *p)
{
	if (!p) {
		log_line(LOG_ERROR, "out of memory");
		_exit(1);
	}
	return p;
}

void *oci_alloc(size_t n, size_t size)
{
	return must(calloc(n ? n : 1, size));
}

void *oci_grow(void *p, size_t n, size_t size)
{
	return must(reallocarray(p, n ? n : 1, size));
}

char *oci_strdup(const char *s)
{
	return s ? must(strdup(s)) : NULL;
}

static char *format(const char *fmt, va_list ap)
	__attribute__((format(printf, 1, 0)));

static char *format(const char *fmt, va_list ap)
{
	char *s = NULL;

	return must(vasprintf(&s, fmt, ap) < 0 ? NULL : s);
}

char *oci_strf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *s = format(fmt, ap);
	va_end(ap);
	return s;
}

void oci_free_strv(char **v)
{
	for (size_t i = 0; v && v[i]; i++)
		free(v[i]);
	free(v);
}

void notes_add(struct oci_notes *l, const char *fmt, ...)
{
	va_list ap;

	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->item = oci_grow(l->item, l->cap, sizeof(*l->item));
	}
	va_start(ap, fmt);
	l->item[l->n++] = format(fmt, ap);
	va_end(ap);
}

void notes_fini(struct oci_notes *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->item[i]);
	free(l->item);
	*l = (struct oci_notes){ 0 };
}
