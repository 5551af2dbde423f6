/* SPDX-License-Identifier: Apache-2.0 */
/*
 * irq.c: interrupts of devices in a KVM guest.
 *
 * The irqchip is split: KVM emulates the local APICs only, which takes 8 us
 * to make where PIC, I/O APIC and PIT take 68.  A line is a GSI that is routed
 * to an MSI: fixed delivery, edge, physical destination 0 (Intel SDM 3A,
 * 11.11).  A write to its eventfd injects it on the writer's CPU.
 */
#include "host/irq.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MSI_ADDRESS 0xfee00000U

int irq_add(struct irq_chip *c, struct irq_line **out, struct err *e)
{
	struct irq_line *l = &c->line[c->nline];

	if (c->nline == IRQ_MAX_LINES)
		return err_set(e, ENOSPC, "kvm: interrupt lines, at most %d",
			       IRQ_MAX_LINES);
	l->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->fd < 0)
		return err_set(e, errno, "kvm: eventfd");
	l->vector = IRQ_VECTOR_BASE + c->nline++;
	*out = l;
	return 0;
}

int irq_connect(struct irq_chip *c, int vm, struct err *e)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_SPLIT_IRQCHIP };
	struct kvm_irq_routing *table;
	int r = 0;

	if (ioctl(vm, KVM_ENABLE_CAP, &cap) < 0)
		return err_set(e, errno, "kvm: KVM_CAP_SPLIT_IRQCHIP");
	table = calloc(1, sizeof(*table) +
				  IRQ_MAX_LINES * sizeof(table->entries[0]));
	if (!table)
		return err_set(e, ENOMEM, "kvm: interrupt routes");
	table->nr = c->nline;
	for (unsigned i = 0; i < c->nline; i++) {
		struct kvm_irq_routing_entry *t = &table->entries[i];

		t->gsi = i;
		t->type = KVM_IRQ_ROUTING_MSI;
		t->u.msi.address_lo = MSI_ADDRESS;
		t->u.msi.data = c->line[i].vector;
	}
	if (ioctl(vm, KVM_SET_GSI_ROUTING, table) < 0)
		r = err_set(e, errno, "kvm: KVM_SET_GSI_ROUTING");
	for (unsigned i = 0; i < c->nline && !r; i++) {
		struct kvm_irqfd q = { .fd = (uint32_t)c->line[i].fd,
				       .gsi = i };

		if (ioctl(vm, KVM_IRQFD, &q) < 0)
			r = err_set(e, errno, "kvm: KVM_IRQFD gsi=%u", i);
	}
	free(table);
	return r;
}

void irq_raise(void *arg, bool up)
{
	const struct irq_line *l = arg;
	uint64_t one = 1;

	/* EAGAIN would mean 2^64 - 1 pending: KVM empties it at once. */
	if (up && write(l->fd, &one, sizeof(one)) < 0)
		ensure(errno == EAGAIN);
}

void irq_fini(struct irq_chip *c)
{
	for (unsigned i = 0; i < c->nline; i++)
		close(c->line[i].fd);
	c->nline = 0;
}
