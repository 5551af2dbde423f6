/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcpu.h: the CPUs of a KVM guest, each a thread.
 *
 * CPU 0's thread exists, under its seccomp filter and parked, before the
 * guest runs.  The others cost nothing until the guest starts them (PORT_CPU):
 * only then is their vCPU made.
 */
#ifndef HOST_VCPU_H
#define HOST_VCPU_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/bus.h"
#include "host/err.h"

struct kvm_cpuid2;
struct kvm_run;
struct machine;
struct vcpu;
struct gdb;
struct guest_mem;

/* What all CPUs of a VM share. */
struct vcpu_env {
	struct machine *m;           /* [I] */
	int vm;                      /* [I] KVM's descriptor of the VM */
	size_t run_size;             /* [I] of struct kvm_run's mapping */
	const struct bus *bus;       /* [I] */
	const struct guest_mem *mem; /* [I] */
	uint64_t entry;              /* [I] first instruction, virtual */
	uint64_t pvclock_gpa;        /* [I] page of all CPUs' clocks, 0: none */
	pthread_mutex_t lock;        /* guards cpuid, and cpu->state */
	struct kvm_cpuid2 *cpuid;    /* [m] APIC ids are set for each CPU */
	bool stop;                   /* [a] no CPU enters the guest again */
	struct gdb *gdb;             /* [I] NULL: nobody debugs */
};

enum vcpu_state { VCPU_OFF, VCPU_PARKED, VCPU_RUNNING };

struct vcpu {
	struct vcpu_env *env;  /* [I] */
	unsigned index;        /* [I] */
	enum vcpu_state state; /* [env->lock] */
	bool dump;             /* [a] its registers are wanted */
	int fd;                /* [o] */
	int stats;           /* [o] KVM_GET_STATS_FD, with --timeline; or -1 */
	struct kvm_run *run; /* [o] but immediate_exit: [a] */
	pthread_t thread;    /* of a CPU that is not OFF */
	sem_t ready, go;     /* of CPU 0: parked; released */
	uint64_t repairs;    /* [o] of fuse_server_repair() */
	bool futile;         /* [o] a hard repair, and no exit since */
	struct err error;    /* of CPU 0, when ready is posted */
};

/* Installs the handler of the signal that gets a thread out of KVM_RUN. */
int vcpu_init_signal(void) MUST_CHECK;
void vcpu_init(struct vcpu *c, struct vcpu_env *env, unsigned index);
/* Makes the vCPU with its first state: 64-bit mode, paging on, interrupts
 * off, RIP at the entry, RDI = BOOTINFO_GPA, RSI = index. */
int vcpu_create(struct vcpu *c, struct err *e) MUST_CHECK;
/* CPU 0, maybe not created yet: its thread, parked and jailed once this
 * returns. */
int vcpu_park(struct vcpu *c, struct err *e) MUST_CHECK;
/* The parked thread waits for the VM (kvm_await) and enters the guest. */
void vcpu_release(struct vcpu *c);
/* Another CPU, not created: makes thread and vCPU and runs.  Any vCPU
 * thread; -EBUSY where it runs already. */
int vcpu_start(struct vcpu *c) MUST_CHECK;
/* Gets a running CPU out of the guest, to look at what the caller has set
 * before: env->stop, the debugger's halt, dump. */
void vcpu_kick(struct vcpu *c);
/* After env->stop was set: out of the guest, and joined.  Any state. */
void vcpu_stop(struct vcpu *c);
void vcpu_fini(struct vcpu *c);
/* Registers and the call chain, for a human, into the log.  On c's thread. */
void vcpu_dump(const struct vcpu *c);
/* The same of any CPU that runs, soon.  On the loop's thread. */
void vcpu_ask_dump(struct vcpu *c);

#endif
