/* SPDX-License-Identifier: Apache-2.0 */
/* kvm.h: what kvm.c shares with probe.c. */
#ifndef HOST_KVM_H
#define HOST_KVM_H

#include "host/err.h"

/* /dev/kvm, of an API version that we know: a descriptor. */
int kvm_open(struct err *e) MUST_CHECK;
/* KVM_CREATE_VM: a descriptor.  Before it, a process is made that holds the
 * last reference to the VM when this process exits. */
int kvm_create_vm(int kvm, struct err *e) MUST_CHECK;

#endif
