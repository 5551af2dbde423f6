/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gdb.h: gdb attaches to the guest of the kvm back end (--debug).
 */
#ifndef HOST_GDB_H
#define HOST_GDB_H

#include "host/err.h"

struct gdb;
struct guest_mem;
struct loop;
struct vcpu;

/* Listens on a unix socket below /run/kuni, whose path goes to the log. */
int gdb_create(struct gdb **out, struct loop *l, const struct guest_mem *mem,
	       struct vcpu *cpus, unsigned ncpu, const char *id,
	       struct err *e) MUST_CHECK;
void gdb_destroy(struct gdb *g); /* NULL is ignored */
/* A vCPU thread before it enters the guest: waits while gdb holds it. */
void gdb_wait(struct gdb *g, struct vcpu *c);
/* A vCPU thread after KVM_EXIT_DEBUG. */
void gdb_stopped(struct gdb *g, struct vcpu *c);
/* Lets all vCPU threads out of gdb_wait() for good: the VM ends. */
void gdb_end(struct gdb *g);

#endif
