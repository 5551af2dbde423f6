/* SPDX-License-Identifier: Apache-2.0 */
/*
 * irq.c: interrupts of devices in a KVM guest.
 *
 * The irqchip is split: KVM emulates the local APICs only, which takes 8 us
 * to make where PIC, I/O APIC and PIT take 68.  A line is an MSI: fixed
 * delivery, edge, physical destination 0 (Intel SDM 3A, 11.11), which the
 * raiser sends by KVM_SIGNAL_MSI.  An irqfd would need a route in KVM as well, and
 * costs a wait for SRCU, of up to 12 ms, when its VM is taken apart.
 */
#include "host/irq.h"

#include <errno.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include "host/log.h"

#define MSI_ADDRESS 0xfee00000U

int irq_connect(struct irq_chip *c, int vm, struct err *e)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_SPLIT_IRQCHIP };

	if (ioctl(vm, KVM_ENABLE_CAP, &cap) < 0)
		return err_set(e, errno, "kvm: KVM_CAP_SPLIT_IRQCHIP");
	c->vm = vm;
	return 0;
}

int irq_add(struct irq_chip *c, struct irq_line **out, struct err *e)
{
	struct irq_line *l = &c->line[c->nline];

	if (c->nline == IRQ_MAX_LINES)
		return err_set(e, ENOSPC, "kvm: interrupt lines, at most %d",
			       IRQ_MAX_LINES);
	l->chip = c;
	l->vector = IRQ_VECTOR_BASE + c->nline++;
	*out = l;
	return 0;
}

/* EPERM is a guest that has its APIC off: it misses the interrupt, as it would on
 * a real machine.  Anything else is this host's, and is said once a line. */
void irq_raise(void *arg, bool up)
{
	struct irq_line *l = arg;
	struct kvm_msi msi = { .address_lo = MSI_ADDRESS, .data = l->vector };

	if (!up || ioctl(l->chip->vm, KVM_SIGNAL_MSI, &msi) >= 0 ||
	    errno == EPERM)
		return;
	if (!__atomic_exchange_n(&l->failed, true, __ATOMIC_RELAXED))
		log_line(
			LOG_WARN,
			"kvm: KVM_SIGNAL_MSI of vector %u: %s: a device is not heard",
			l->vector, err_text(errno));
}
