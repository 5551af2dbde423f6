/* SPDX-License-Identifier: Apache-2.0 */
/* folder.h: a folder of the host, for the *at() calls, that can be kept in the
 * jail: ".." does not lead out of it. */
#ifndef HOST_FOLDER_H
#define HOST_FOLDER_H

/* A close-on-exec descriptor (O_PATH), or negative errno. */
int folder_open(const char *path) __attribute__((warn_unused_result));

#endif
