/* SPDX-License-Identifier: Apache-2.0 */
/*
 * irq.h: interrupts of devices in a KVM guest: each line is an MSI of its own
 * to CPU 0's local APIC.
 */
#ifndef HOST_IRQ_H
#define HOST_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "host/err.h"

#define IRQ_MAX_LINES   8
#define IRQ_VECTOR_BASE 0x40

struct irq_line {
	const struct irq_chip *chip;
	uint32_t vector;
	bool failed; /* said already */
};

struct irq_chip {
	int vm; /* KVM's descriptor of the VM, not owned */
	unsigned nline;
	struct irq_line line[IRQ_MAX_LINES];
};

/* The next line. */
int irq_add(struct irq_chip *c, struct irq_line **out,
	    struct err *e) MUST_CHECK;
/* Makes local APICs in the kernel, no I/O APIC and no PIC anywhere.  Before the
 * first vCPU is made, and before a line is raised. */
int irq_connect(struct irq_chip *c, int vm, struct err *e) MUST_CHECK;
/* A virtio_irq_fn: arg is a struct irq_line. */
void irq_raise(void *arg, bool up);

#endif
