/* SPDX-License-Identifier: Apache-2.0 */
/* caps.h: capability and resource limit names, and their numbers. */
#ifndef OCI_CAPS_H
#define OCI_CAPS_H

#include <stddef.h>

/* "CAP_CHOWN" -> 0; -1 where it is not a capability of Linux. */
int cap_number(const char *name);
/* "CAP_CHOWN", upper case; NULL past the last one.  Into buf. */
#define CAP_NAME_MAX 32
const char *cap_name(unsigned nr, char buf[CAP_NAME_MAX]);

/* "RLIMIT_NOFILE" -> 7; -1 where it is not one. */
int rlimit_number(const char *name);
const char *rlimit_name(unsigned nr); /* NULL past the last one */

#endif
