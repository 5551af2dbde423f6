/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.h: does this host's /dev/kvm run a kernel, and not only open?
 */
#ifndef HOST_PROBE_H
#define HOST_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "host/err.h"

/* 0: it works; negative errno: it does not.  why: one line either way.  The
 * first call after a boot of the host runs the probe guest (at most 300 ms),
 * later ones read its verdict from /run/kuni/kvm-verdict. */
int probe_kvm(char *why, size_t size) MUST_CHECK;
/* Whether it is known already that it works; runs no guest. */
bool probe_known(void);

#endif
