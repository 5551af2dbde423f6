/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hypervisor.h: what a back end (kvm.c, qemu.c) is to vm.c, and back.
 *
 * vm.c calls, on the main thread and in this order:
 *
 *	probe     may this host use it?  (`kuni check` and `auto` only)
 *	expect    a VM will be asked for soon: begins what takes long and
 *	          depends on no plan.  May be left out, or be in vain
 *	create    make the VM, or start QEMU; still in the caller's mount
 *	          namespace, with all privileges; m->fuse is not there yet
 *	prepare   m->fuse is there: devices, boot state; no guest code runs
 *	          yet where that can be helped
 *	(jail)    capabilities are gone since before prepare; now vm.c loads the
 *	          seccomp filter of the main thread (jail_role, host/jail.h);
 *	          threads made later inherit it, a thread that prepare made
 *	          calls jail_thread() itself before it serves the guest
 *	run       the guest runs from here on, or as soon as its VM is there
 *	          and no thread is out of the jail; returns at once
 *	(loop)    until one of the machine_* reports below, and until all that
 *	          the container wrote is with the user
 *	stop      no guest code runs and no report is made after it returns;
 *	          idempotent, called on every path after create succeeded
 *	destroy   frees m->hv; not called on the fast path out of the process
 */
#ifndef HOST_HYPERVISOR_H
#define HOST_HYPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/err.h"
#include "host/jail.h"
#include "host/loader.h"
#include "host/vm.h"

struct control;
struct fuse_server;
struct loop;
struct machine;
struct panic_sink;
struct timeline;

struct hypervisor_ops {
	const char *name;    /* "kvm", "qemu" */
	enum jail_role jail; /* filter of the main thread */
	bool clock_unpaired; /* when the guest's counter began is not known */
	/* 0: works here; why: one line for `kuni check`, in both cases. */
	int (*probe)(char *why, size_t size);
	void (*expect)(void); /* NULL: nothing takes long */
	int (*create)(struct machine *m, struct err *e);
	int (*prepare)(struct machine *m, struct err *e);
	int (*run)(struct machine *m, struct err *e);
	/* Bytes toward the guest's console port (host/control.c calls it on
	 * the loop's thread): how many were taken.  Less than len: the back
	 * end calls machine_console_ready() when it can take more. */
	size_t (*console_send)(struct machine *m, const void *buf, size_t len);
	/* Where each CPU and queue is, into the log.  NULL: the back end cannot tell. */
	void (*dump)(struct machine *m);
	/* What is not in this process stops with it, and goes on (SIGTSTP);
	 * NULL: nothing is. */
	void (*pause)(struct machine *m, bool on);
	void (*stop)(struct machine *m);
	/* After stop: the guest's bootinfo.mark[MARK_COUNT]; negative errno
	 * where its memory was never there.  Exits, where they are known, go
	 * to timeline_exits(). */
	int (*marks)(struct machine *m, uint64_t *mark);
	void (*destroy)(struct machine *m);
};

extern const struct hypervisor_ops kvm_ops;
extern const struct hypervisor_ops qemu_ops;

/* One VM.  All of it is set by vm.c before create, except where said. */
struct machine {
	const struct vm_plan *plan;       /* [I] */
	const struct hypervisor_ops *ops; /* [I] */
	struct loop *loop;                /* [I] */
	struct control *control;          /* [I] */
	struct timeline *timeline;        /* [I] NULL: not asked for */
	struct panic_sink *panic;         /* [I] lines of the debug port */
	struct guest_image image;         /* [I] the kernel's ELF file */
	struct fuse_server *fuse;         /* [I] from prepare on */
	const void *launch;  /* [I] boot/abi/launch.h, serialised */
	size_t launch_len;   /* [I] */
	uint32_t boot_flags; /* [I] BOOT_F_STRACE, _DEBUG, _MARKS of the plan */
	void *hv;            /* the back end's own, its create sets it */
	struct machine_end *end; /* what the reports below fill, vm.c's own */
};

/* ---- reports of a back end; any thread, the first end wins ---- */

/* The guest wrote value (enum exit_port and status) to PORT_EXIT. */
void machine_exit(struct machine *m, uint32_t value);
/* The VM ended otherwise: VM_PANIC or VM_HOST_ERROR, and why. */
void machine_fail(struct machine *m, enum vm_exit_kind kind, const char *fmt,
		  ...) __attribute__((format(printf, 3, 4)));
/* Bytes of the guest's PORT_DEBUGCON: lines for the log, and panics. */
void machine_debugcon(struct machine *m, const void *buf, size_t len);

/* ---- the same, on the loop's thread only ---- */

/* Bytes of the guest's console port; all of them are taken. */
void machine_console_tx(struct machine *m, const void *buf, size_t len);
/* console_send can take bytes (again). */
void machine_console_ready(struct machine *m);

#endif
