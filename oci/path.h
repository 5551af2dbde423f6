/* SPDX-License-Identifier: Apache-2.0 */
/* path.h: paths as strings; no file system is asked. */
#ifndef OCI_PATH_H
#define OCI_PATH_H

#include <stdbool.h>

/* The shortest absolute path that means the same when no component is a
 * symbolic link: no "//", ".", ".." (which stays at the root), no slash at
 * the end.  `dir` is put in front of a relative path.  The caller frees. */
char *path_clean(const char *dir, const char *path);

/* Whether `path` is `dir` or below it; both cleaned. */
bool path_is_below(const char *path, const char *dir);

#endif
