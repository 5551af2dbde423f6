/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vm.h: where containers (oci/) and machines (host/) meet.
 *
 * oci/ makes a struct vm_plan out of a bundle, host/ runs it and answers with
 * a struct vm_exit.  A plan is plain data and owns all it points to.
 */
#ifndef HOST_VM_H
#define HOST_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/err.h"

enum vm_hypervisor { VM_AUTO, VM_KVM, VM_QEMU };

struct vm_rlimit {
	uint32_t resource; /* RLIMIT_* */
	uint64_t soft, hard;
};

struct vm_caps { /* bit n is capability n */
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

struct vm_process {
	char **args, **env; /* NULL-terminated */
	char *cwd;
	uint32_t uid, gid, umask;
	uint32_t *groups;
	size_t ngroups;
	struct vm_caps caps;
	struct vm_rlimit *rlimits;
	size_t nrlimits;
	bool no_new_privs;
	bool terminal;
	uint16_t rows, cols; /* 0: not said */
};

/* A mount that the guest makes: proc, sysfs, tmpfs, devpts, mqueue; bind: of
 * source as it is before any mount of the guest. */
struct vm_mount {
	char *type, *source, *dest, *data; /* data: options left after flags */
	uint64_t flags;                    /* MS_* */
};

/* A bind mount, made by the host below the root before it is served; the guest
 * makes it too (vm_mount), which gives it its place among the guest's. */
struct vm_bind {
	char *source, *dest; /* source absolute; dest absolute in the root */
	char *cover; /* dest lies below this mount of the guest, NULL: none */
	bool recursive;
	uint64_t flags; /* MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, ... */
};

struct vm_sysctl { /* a file below /proc/sys of the guest */
	char *name, *value;
};

#define VM_CPUSET_MAX 1024

struct vm_cpuset { /* bit n is CPU n of the host; empty: all of them */
	uint64_t word[VM_CPUSET_MAX / 64];
};

struct vm_plan {
	char *id;
	char *root; /* absolute host path of the root file system */
	bool root_readonly;
	enum vm_hypervisor hypervisor;
	uint64_t memory; /* bytes of guest RAM, a multiple of 2 MiB */
	uint32_t cpus;
	struct vm_cpuset cpuset;
	char *hostname, *domainname; /* NULL: not said */
	struct vm_process process;
	struct vm_mount *mounts;
	size_t nmounts;
	struct vm_bind *binds; /* in the order of config.json */
	size_t nbinds;
	char **masked, **readonly; /* NULL-terminated, absolute in the root */
	struct vm_sysctl *sysctls;
	size_t nsysctls;
	bool strace, debug, timeline, timeline_json;
};

enum vm_exit_kind {
	VM_EXITED,       /* code: exit code */
	VM_SIGNALED,     /* code: signal number */
	VM_START_FAILED, /* code: errno, positive; err says which stage */
	VM_PANIC, /* the guest kernel died; its last words are in the log */
	VM_HOST_ERROR, /* err says why */
};

struct vm_exit {
	enum vm_exit_kind kind;
	int code;
	bool oom;
	/* START_FAILED because of the program, and why */
	bool not_found, not_executable;
};

/* stdio of the container; the monitor reads 0 and writes 1 and 2. */
struct vm_io {
	int in, out, err;
};

/* A VM will be run soon, by this back end: what takes long and depends on no
 * plan is begun.  Not needed, and nothing is lost where no VM follows. */
void vm_expect(enum vm_hypervisor hypervisor);

/* Runs the plan in a VM in this process until its init is gone.  Called once
 * in a process, which is the monitor from then on: it changes its mount
 * namespace, closes its jail and installs signal handlers.  0 with *ex filled
 * (and *e, where ex->kind is START_FAILED, PANIC or HOST_ERROR). */
int vm_run(const struct vm_plan *plan, const struct vm_io *io,
	   struct vm_exit *ex, struct err *e) MUST_CHECK;

/* Prints to fd what plan->timeline asked for: after vm_run(), last of all. */
void vm_report(const struct vm_plan *plan, int fd);

/* Frees what the plan owns, not the structure itself. */
void vm_plan_fini(struct vm_plan *plan);

/* What `kuni check` prints: one line a fact, the verdict of `auto` and why.
 * 0 where a back end works. */
int vm_check(struct err *e);

#endif
