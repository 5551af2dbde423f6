/* SPDX-License-Identifier: Apache-2.0 */
/* cpuset.h: lists of CPUs as cpuset(7) writes them. */
#ifndef OCI_CPUSET_H
#define OCI_CPUSET_H

#include "host/vm.h"

/* -EINVAL: not a list, or a CPU from VM_CPUSET_MAX on. */
int cpuset_parse(const char *s, struct vm_cpuset *out) MUST_CHECK;
unsigned cpuset_count(const struct vm_cpuset *c);

#endif
