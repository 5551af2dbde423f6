/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem.h: allocation for commands that have nothing to undo, and the list of
 * what a config.json asks for and does not get.
 *
 * Everything in oci/ that allocates runs before anything outside the process
 * was changed (no state, no mount, no VM), so running out of memory ends the
 * process with one line and status 1.
 */
#ifndef OCI_MEM_H
#define OCI_MEM_H

#include <stddef.h>

/* Zeroed; never NULL, also for n == 0. */
void *oci_alloc(size_t n, size_t size);
void *oci_grow(void *p, size_t n, size_t size);
char *oci_strdup(const char *s); /* NULL gives NULL */
char *oci_strf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void oci_free_strv(char **v); /* NULL-terminated, or NULL */

/* Fields that are not honoured: "linux.seccomp", "mounts[3] type=cgroup". */
struct oci_notes {
	char **item;
	size_t n, cap;
};

void notes_add(struct oci_notes *l, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void notes_fini(struct oci_notes *l);

#endif
