/* SPDX-License-Identifier: Apache-2.0 */
/* kvm.h: what kvm.c shares with probe.c. */
#ifndef HOST_KVM_H
#define HOST_KVM_H

#include "host/err.h"

/* /dev/kvm, of an API version that we know: a descriptor. */
int kvm_open(struct err *e) MUST_CHECK;

#endif
