/* SPDX-License-Identifier: Apache-2.0 */
/* launch.h: a plan as the records of boot/abi/launch.h. */
#ifndef HOST_LAUNCH_H
#define HOST_LAUNCH_H

#include <stddef.h>

#include "host/err.h"
#include "host/vm.h"

/* *out holds *len bytes, the caller frees it.  -E2BIG beyond LAUNCH_MAX. */
int launch_build(const struct vm_plan *plan, void **out, size_t *len,
		 struct err *e) MUST_CHECK;

#endif
