/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bootinfo.h: what the host tells the kernel about the machine.
 *
 * The kvm back end writes it at BOOTINFO_GPA and passes that address in RDI.
 * The qemu back end passes the same structure, followed by the launch
 * description, as the first PVH module; the PVH entry adds what only
 * hvm_start_info knows (memory) and copies nothing else.  All integers are
 * little-endian, all addresses guest-physical, all sizes in bytes.
 */
#ifndef ABI_BOOTINFO_H
#define ABI_BOOTINFO_H

#include <stdint.h>
#include <stddef.h>

#define BOOTINFO_MAGIC   0x6f666e69696e756bULL /* "kuniinfo" */
#define BOOTINFO_VERSION 1
#define BOOT_MAX_REGIONS 8
#define BOOT_MAX_DEVICES 8

/* bootinfo.flags */
#define BOOT_F_PVCLOCK   (1U << 0) /* the page at pvclock_gpa is kept by KVM */
#define BOOT_F_CPU_PORT  (1U << 1) /* CPUs start by PORT_CPU, not by SIPI */
#define BOOT_F_STRACE    (1U << 2) /* log every system call */
#define BOOT_F_DEBUG     (1U << 3) /* log at debug level as it happens */
#define BOOT_F_MARKS     (1U << 4) /* keep bootinfo.mark[] */
#define BOOT_F_EXIT_PORT (1U << 5) /* PORT_EXIT ends the VM at once */

/* Points of a run that --timeline shows.  With BOOT_F_MARKS the kernel writes
 * its TSC at each into bootinfo.mark[], where the host finds them when the VM
 * has ended: a mark costs no exit.  The host lays them beside its own clock by
 * MARK_END, which is taken right before PORT_EXIT is written. */
enum boot_mark {
	MARK_KHZ,      /* not a stamp: the TSC's frequency, at MARK_END */
	MARK_ENTRY,    /* traps, per-CPU data and clock are there */
	MARK_MM,       /* memory ready */
	MARK_DEVICES,  /* drivers bound */
	MARK_ROOT,     /* root mounted */
	MARK_MOUNTS,   /* the container's mounts made */
	MARK_EXEC,     /* init's program loaded */
	MARK_USER,     /* about to run the first user instruction */
	MARK_USER_END, /* init has exited */
	MARK_EXIT,     /* no process is left, files are written back */
	MARK_END,      /* the host has all that was written */
	MARK_COUNT,
};

struct boot_region {
	uint64_t base, len; /* RAM, zero-filled where nothing was loaded */
};

/* One virtio-mmio device.  vector != 0: the host sends this interrupt vector
 * to CPU 0 itself, edge-triggered, and InterruptACK is not needed.  vector ==
 * 0: line gsi of the I/O APIC, level-triggered. */
struct boot_device {
	uint32_t virtio_id;
	uint32_t vector;
	uint32_t gsi;
	uint32_t len;
	uint64_t base;
};

struct bootinfo {
	uint64_t magic;
	uint32_t version;
	uint32_t
		size; /* of this structure; the launch description may follow */
	uint32_t flags;
	uint32_t ncpu;        /* APIC ids are 0..ncpu-1 */
	uint64_t tsc_khz;     /* 0: unknown, the kernel measures */
	uint64_t pvclock_gpa; /* valid with BOOT_F_PVCLOCK */
	uint64_t wall_ns;     /* CLOCK_REALTIME when the TSC was wall_tsc */
	uint64_t wall_tsc;
	uint64_t launch_gpa;
	uint64_t launch_len;
	uint64_t ioapic_gpa; /* 0: none */
	uint32_t nregion, ndevice;
	struct boot_region region[BOOT_MAX_REGIONS];
	struct boot_device device[BOOT_MAX_DEVICES];
	struct boot_region window;      /* of virtio-fs; len 0: none */
	struct boot_region window_meta; /* zero-filled memory for its pages */
	uint8_t seed[32]; /* host entropy; the kernel wipes it once used */
	uint64_t mark[MARK_COUNT]; /* written by the guest; 0: not reached */
};

/* The pvclock page: the one source of time for kernel and vDSO.  CPU n's
 * structure (KVM's MSR 0x4b564d01) stands at n * PVCLOCK_STRIDE; where CPU 0's
 * is stable (bit 0 of flags) it is right for all of them.  Without KVM the
 * kernel fills CPU 0's from tsc_khz. */
#define PVCLOCK_STRIDE 64U
struct pvclock_time {
	uint32_t version; /* odd while it is being changed */
	uint32_t pad0;
	uint64_t tsc_timestamp;
	uint64_t system_time;       /* ns at tsc_timestamp */
	uint32_t tsc_to_system_mul; /* 32.32 fixed point, after the shift */
	int8_t tsc_shift;
	uint8_t flags; /* bit 0: stable over CPUs */
	uint8_t pad[2];
};

_Static_assert(sizeof(struct bootinfo) <= 4096, "bootinfo is one page");
_Static_assert(sizeof(struct pvclock_time) == 32, "KVM's layout");

#endif
