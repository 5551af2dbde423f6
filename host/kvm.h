/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kvm.h: the descriptors of /dev/kvm and of the VM, for kvm.c, vcpu.c and probe.c.
 *
 * A process has one VM at most, so that it can be made before anybody knows
 * what it is for.  Calls are the main thread's but for kvm_await().
 */
#ifndef HOST_KVM_H
#define HOST_KVM_H

#include "host/err.h"

/* /dev/kvm, of an API version that we know: a descriptor of its own. */
int kvm_open(struct err *e) MUST_CHECK;

/* Begins to make the VM, once; who asks for it is told what failed. */
void kvm_begin(void);
/* After kvm_begin(): the descriptor of /dev/kvm, not the caller's own. */
int kvm_device(struct err *e) MUST_CHECK;

/* Makes the process that closes the VM when we are gone, so that nobody waits for
 * it.  A failure costs time at the exit, no more. */
void kvm_hold(void);

/* What is to be done with the VM when it is there, on the thread that makes
 * it: outside of the jail, but with its own namespace of mounts.  Once. */
typedef int (*kvm_set_up_fn)(void *arg, int vm, struct err *e);
void kvm_hand_over(kvm_set_up_fn fn, void *arg);
/* After kvm_hand_over(): waits until that is done and its thread is gone; what
 * failed.  One thread at a time, any. */
int kvm_await(struct err *e) MUST_CHECK;

/* Closes both, where the VM will not be used. */
void kvm_close(void);

#endif
