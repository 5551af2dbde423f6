/* SPDX-License-Identifier: Apache-2.0 */
/*
 * irq.h: interrupts of devices in a KVM guest: each line is an MSI of its own
 * to CPU 0's local APIC, raised by a write to an eventfd (irqfd).
 */
#ifndef HOST_IRQ_H
#define HOST_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "host/err.h"

#define IRQ_MAX_LINES   8
#define IRQ_VECTOR_BASE 0x40

struct irq_line {
	int fd; /* eventfd */
	uint32_t vector;
};

struct irq_chip {
	unsigned nline;
	struct irq_line line[IRQ_MAX_LINES];
};

/* The next line, routed by irq_connect(). */
int irq_add(struct irq_chip *c, struct irq_line **out,
	    struct err *e) MUST_CHECK;
/* Makes local APICs in the kernel, no I/O APIC and no PIC anywhere, and tells KVM
 * about all lines.  Before the first vCPU is made. */
int irq_connect(struct irq_chip *c, int vm, struct err *e) MUST_CHECK;
/* A virtio_irq_fn: arg is a struct irq_line. */
void irq_raise(void *arg, bool up);
void irq_fini(struct irq_chip *c);

#endif
