/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig.h: what a bare guest has: one CPU, no interrupts, all of memory.
 *
 * A file of this folder lists its cases; the last argument of the container's
 * process names the one to run.  What the case returns is the exit status of
 * the VM, so that a shell script can say what it expects.
 */
#ifndef TESTS_GUESTS_BARE_RIG_H
#define TESTS_GUESTS_BARE_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootinfo.h"
#include "layout.h"
#include "virtio.h"

enum verdict {
	NEEDS_RESET = 10, /* the device gave up on us */
	ANSWERED = 20,    /* and all is well */
	IGNORED = 30,     /* nothing in a second */
	REFUSED = 40,     /* FEATURES_OK did not stay */
	WRONG = 50,       /* the answer, and above: what kuni never says */
	NO_CASE = 59,
};

struct bare_case {
	const char *name;
	int (*run)(void);
};
extern const struct bare_case cases[]; /* ends with a NULL */

#define Q_SIZE 8
#define FS_Q   1 /* requests */

struct dev {
	volatile uint8_t *base;
	struct virtq_desc *desc;
	volatile struct virtq_avail *avail;
	volatile struct virtq_used *used;
	unsigned queue;
};

const struct bootinfo *boot(void);
uint64_t gpa(const void *p);     /* of what lies in the image */
volatile void *at(uint64_t gpa); /* in 3 to 4 GiB: devices and holes */
uint64_t ram_end(void);
void say(const void *p, size_t n); /* to the debug port */
void outl(uint16_t port, uint32_t v);
uint32_t inl(uint16_t port);
_Noreturn void leave(uint32_t exit_value);

uint32_t reg_get(const struct dev *d, unsigned off);
void reg_set(const struct dev *d, unsigned off, uint32_t v);
void dev_find(struct dev *d, uint32_t virtio_id); /* and reset it */
bool dev_agree(struct dev *d, uint64_t features); /* to FEATURES_OK */
void queue_at(struct dev *d, uint32_t size, uint64_t desc, uint64_t avail,
	      uint64_t used);
/* All of it: found, agreed, one queue, DRIVER_OK. */
void dev_up(struct dev *d, uint32_t virtio_id, unsigned queue);
void dev_ok(const struct dev *d);

void buffer(const struct dev *d, unsigned i, uint64_t addr, uint32_t len,
	    unsigned flags, unsigned next);
int post(const struct dev *d, unsigned head); /* a verdict */
int kicked(const struct dev *d, uint16_t used_before);

#endif
