/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.c: cleaning of paths, the lexical way that engines do it too.
 *
 * What these paths name is resolved later, in the guest's root or by openat2
 * below it; cleaning only makes two spellings of a path equal.
 */
#include "oci/path.h"

#include <stdlib.h>
#include <string.h>

#include "oci/mem.h"

char *path_clean(const char *dir, const char *path)
{
	char *in = oci_strf("%s/%s", path[0] == '/' ? "" : dir, path);
	char *out = oci_alloc(strlen(in) + 2, 1);
	size_t n = 0;

	for (const char *p = in; *p;) {
		size_t len = strcspn(p, "/");

		if (len == 2 && !memcmp(p, "..", 2)) {
			while (n && out[--n] != '/')
				;
		} else if (len && !(len == 1 && *p == '.')) {
			out[n++] = '/';
			memcpy(out + n, p, len);
			n += len;
		}
		p += len;
		p += *p == '/';
	}
	if (!n)
		out[n++] = '/';
	out[n] = '\0';
	free(in);
	return out;
}

bool path_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1)
		return true; /* "/" */
	return !strncmp(path, dir, n) && (path[n] == '/' || !path[n]);
}
