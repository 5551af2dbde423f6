/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver.h: what the kernel asks of devices, without knowing their bus.
 *
 * drivers/drivers.c holds the list; drivers_init() binds each device of
 * bootinfo to its driver but touches no register: a device is set up when the
 * first of these calls needs it.
 */
#ifndef KUNI_DRIVER_H
#define KUNI_DRIVER_H

#include "kuni/mm.h"
#include "kuni/types.h"

struct bootinfo;
void drivers_init(const struct bootinfo *bi);

/* ---- a FUSE transport (virtio-fs) ---- */
#define FUSE_MAX_SEGS 128
struct fuse_seg {
	paddr_t pa;
	uint32_t len;
};
struct fuse_xfer {
	/* out[]: request as the device reads it; in[]: room for the answer. */
	struct fuse_seg out[FUSE_MAX_SEGS / 2 + 2];
	struct fuse_seg in[FUSE_MAX_SEGS + 2];
	unsigned nout, nin;
	uint32_t in_len; /* bytes that the device wrote */
	bool done;       /* [a] */
	struct waitq wait;
};
struct fuse_transport {
	/* Sends x and waits (TASK_SLEEP_HARD) until it is done: 0 or errno. */
	int (*call)(struct fuse_transport *t, struct fuse_xfer *x);
	/* Sends without waiting for an answer (FORGET); nin is 0. */
	int (*post)(struct fuse_transport *t, struct fuse_xfer *x);
};
struct fuse_transport *fuse_transport_find(void); /* NULL: no device */

/* ---- the control port (virtio-console) ---- */
struct ctl_port_ops {
	/* Bytes from the host; called in an interrupt or a thread; all of
	 * them must be taken. */
	void (*receive)(const void *buf, size_t n);
};
/* Sets the device up and starts receiving. 0 or errno. */
int ctl_port_open(const struct ctl_port_ops *ops) MUST_CHECK;
/* All n bytes, in order with other writers; may sleep. */
int ctl_port_write(const void *buf, size_t n) MUST_CHECK;
void ctl_port_drain(void); /* until the host has taken all that was written */

/* ---- entropy ---- */
int hwrng_read(void *buf, size_t n) MUST_CHECK; /* bytes or errno, may sleep */

/* ---- memory that the host may have back (virtio-balloon) ---- */
#define RAM_REPORT_MAX 32
struct ram_range {
	paddr_t pa; /* whole pages */
	uint32_t len;
};
/* What the ranges hold is lost; one caller at a time, may sleep.  -ENODEV: no
 * such device. */
int ram_report(const struct ram_range *r, unsigned n) MUST_CHECK;

/* ---- ports ---- */
void debugcon_write(const char *s, size_t n);
_Noreturn void exit_port(uint32_t value);
void boot_marks_bind(struct bootinfo *bi);
void boot_mark(unsigned mark); /* enum boot_mark; nothing before the bind */

/* the kernel's random numbers (lib/random.c): ChaCha20, seeded by the host */
void random_init(const uint8_t seed[32]);
void random_bytes(void *buf, size_t n);
uint64_t random_u64(void);

#endif
