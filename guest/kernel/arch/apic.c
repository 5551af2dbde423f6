/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apic.c: interrupt controllers: the LAPIC of each CPU, with its timer, and
 * the I/O APIC.
 *
 * x2APIC where the CPU has it, else registers in memory; TSC deadlines where
 * it has them, else a one-shot count (at 1 GHz, as QEMU and KVM run it).
 * Every register access may leave the VM, so the timer is set up when first
 * used and written only when the new deadline is earlier than the one it has.
 */
#include "bootinfo.h"
#include "kuni/klog.h"
#include "kuni/lock.h"
#include "kuni/sched.h"
#include "x86.h"

#define LAPIC_GPA     0xfee00000UL
#define LAPIC_EOI     0xb0
#define LAPIC_SVR     0xf0
#define LAPIC_ICR     0x300
#define LAPIC_ICR_HI  0x310
#define LAPIC_TIMER   0x320
#define LAPIC_LINT0   0x350
#define LAPIC_INITIAL 0x380
#define LAPIC_CURRENT 0x390
#define LAPIC_DIVIDE  0x3e0
#define LVT_MASKED    0x10000U
#define LVT_DEADLINE  0x40000U
#define SVR_ENABLE    0x100U
#define DIVIDE_BY_1   0xbU
#define ICR_NMI       0x400U
#define ICR_INIT      0x4500U
#define ICR_SIPI      0x4600U
#define ICR_PENDING   0x1000U
#define APIC_BASE_X2  (1UL << 10)

#define IOAPIC_LINES  24U
#define IOAPIC_STRIDE 0x10000UL /* QEMU's second one, lines 24 to 47 */
#define IOAPIC_LEVEL  0x8000U

struct handler {
	void (*fn)(void *);
	void *arg;
};
static struct handler handlers[256]; /* [I] once attached */
static volatile uint32_t *lapic;     /* [I] NULL: x2APIC */
static paddr_t ioapic_gpa;           /* [I] 0: none */
static bool has_pic;                 /* [I] a PC, not the kvm back end */
static struct spinlock ioapic_lock;

static uint32_t lapic_read(unsigned reg)
{
	if (!lapic)
		return (uint32_t)rdmsr(MSR_X2APIC + reg / 16);
	return lapic[reg / 4];
}

static void lapic_write(unsigned reg, uint32_t v)
{
	if (!lapic)
		wrmsr(MSR_X2APIC + reg / 16, v);
	else
		lapic[reg / 4] = v;
}

static volatile uint32_t *map_registers(paddr_t pa)
{
	uint64_t va = MMIO_VIRT + page_down(pa);

	if (arch_kmap(va, page_down(pa), PROT_R | PROT_W | PROT_DEVICE))
		panic("apic: no memory for page tables");
	return (volatile uint32_t *)(va + (pa & (PAGE_SIZE - 1)));
}

void apic_init(const struct bootinfo *bi)
{
	ioapic_gpa = bi->ioapic_gpa;
	has_pic = !(bi->flags & BOOT_F_CPU_PORT);
	if (!cpu_has.x2apic)
		lapic = map_registers(LAPIC_GPA);
	if (has_pic) {
		outb(0x21, 0xff);
		outb(0xa1, 0xff);
	}
}

/* This CPU's LAPIC, if it is not yet; interrupts off. */
void apic_enable(void)
{
	struct arch_cpu *c = arch_this();
	uint64_t base;

	if (c->apic_on)
		return;
	c->apic_on = true;
	if (!lapic) {
		base = rdmsr(MSR_APIC_BASE);
		if (!(base & APIC_BASE_X2))
			wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2);
	}
	if (has_pic)
		lapic_write(LAPIC_LINT0, LVT_MASKED);
	lapic_write(LAPIC_SVR, SVR_ENABLE | VEC_SPURIOUS);
}

/* ---- interrupts between CPUs ---- */

static void icr_write(unsigned cpu, uint32_t v)
{
	if (!lapic) {
		/* a write of this MSR does not wait for earlier stores */
		__asm__ volatile("mfence" : : : "memory");
		wrmsr(MSR_X2APIC + LAPIC_ICR / 16, (uint64_t)cpu << 32 | v);
		return;
	}
	while (lapic_read(LAPIC_ICR) & ICR_PENDING)
		__asm__ volatile("pause");
	lapic_write(LAPIC_ICR_HI, cpu << 24);
	lapic_write(LAPIC_ICR, v);
}

/* Interrupts off. */
void apic_ipi(unsigned cpu, unsigned vec)
{
	apic_enable();
	icr_write(cpu, vec == VEC_NMI ? ICR_NMI : vec);
}

/* One SIPI, not two as a PC may need (SDM 3A, 9.4.4): it is never lost here, and
 * QEMU serves one request of a CPU at a time and then forgets to look again: an
 * interrupt that waits beside a late second SIPI is not delivered until the next
 * one, which for a CPU in user mode may never come. */
void apic_start_cpu(unsigned cpu)
{
	bool on = arch_irq_save_off();

	apic_enable();
	icr_write(cpu, ICR_INIT);
	icr_write(cpu, ICR_SIPI | TRAMPOLINE_GPA >> 12);
	if (on)
		arch_irq_on();
}

/* ---- the timer ---- */

static void timer_program(struct arch_cpu *c, uint64_t ns)
{
	uint64_t now;

	if (!c->timer_on) {
		apic_enable();
		if (cpu_has.tsc_deadline) {
			lapic_write(LAPIC_TIMER, LVT_DEADLINE | VEC_TIMER);
			__asm__ volatile("mfence" : : : "memory");
		} else {
			lapic_write(LAPIC_DIVIDE, DIVIDE_BY_1);
			lapic_write(LAPIC_TIMER, VEC_TIMER);
		}
		c->timer_on = true;
	}
	c->timer_armed = max(ns, 1UL);
	if (cpu_has.tsc_deadline) {
		wrmsr(MSR_TSC_DEADLINE, max(clock_to_tsc(ns), 1UL));
		return;
	}
	now = arch_clock_ns();
	ns = ns > now ? ns - now : 1;
	lapic_write(LAPIC_INITIAL, (uint32_t)min(ns, 0xffffffffUL));
}

/* timer_tick() is to be called on this CPU at deadline_ns or soon after;
 * replaces the deadline before.  DEADLINE_NEVER: not at all. */
void arch_timer_set(uint64_t deadline_ns)
{
	bool on = arch_irq_save_off();
	struct arch_cpu *c = arch_this();

	c->timer_want = deadline_ns;
	if (deadline_ns != DEADLINE_NEVER &&
	    (!c->timer_armed || deadline_ns < c->timer_armed))
		timer_program(c, deadline_ns);
	if (on)
		arch_irq_on();
}

/* It may have fired for a deadline that was moved to a later time since. */
static void timer_fired(void)
{
	struct arch_cpu *c = arch_this();

	c->timer_armed = 0;
	if (c->timer_want == DEADLINE_NEVER)
		return;
	if (arch_clock_ns() < c->timer_want) {
		timer_program(c, c->timer_want);
		return;
	}
	c->timer_want = DEADLINE_NEVER;
	timer_tick();
}

/* The count as a 1 GHz reference for clock.c; interrupts off, unused yet. */
void apic_timer_free_run(bool on)
{
	apic_enable();
	lapic_write(LAPIC_DIVIDE, DIVIDE_BY_1);
	lapic_write(LAPIC_TIMER, LVT_MASKED | VEC_TIMER);
	lapic_write(LAPIC_INITIAL, on ? 0xffffffffU : 0);
}

uint32_t apic_timer_read(void)
{
	return lapic_read(LAPIC_CURRENT);
}

/* ---- devices ---- */

static void ioapic_route(unsigned gsi, unsigned vec)
{
	static volatile uint32_t *regs[2];
	unsigned n = gsi / IOAPIC_LINES, line = gsi % IOAPIC_LINES;

	spin_lock(&ioapic_lock);
	if (!regs[n])
		regs[n] = map_registers(ioapic_gpa + n * IOAPIC_STRIDE);
	regs[n][0] = 0x11 + 2 * line; /* destination: APIC id 0 */
	regs[n][4] = 0;
	regs[n][0] = 0x10 + 2 * line;
	regs[n][4] = IOAPIC_LEVEL | vec;
	spin_unlock(&ioapic_lock);
}

int arch_irq_attach(unsigned vector, unsigned gsi, void (*fn)(void *),
		    void *arg)
{
	unsigned vec = vector ? vector : VEC_GSI + gsi;

	if (vec < VEC_DEVICE || vec > VEC_LAST_DEVICE)
		return -EINVAL;
	if (!vector && (!ioapic_gpa || gsi >= 2 * IOAPIC_LINES))
		return -EINVAL;
	if (handlers[vec].fn)
		return -EBUSY;
	handlers[vec].arg = arg;
	__atomic_store_n(&handlers[vec].fn, fn, __ATOMIC_RELEASE);
	if (!vector)
		ioapic_route(gsi, vec);
	return 0;
}

static void eoi(void)
{
	lapic_write(LAPIC_EOI, 0);
}

/* Interrupts off, from trap.c. */
void apic_interrupt(unsigned vec)
{
	void (*fn)(void *) = NULL;

	switch (vec) {
	case VEC_TIMER:
		eoi();
		timer_fired();
		return;
	case VEC_RESCHED: /* the sender has set need_resched */
		eoi();
		return;
	case VEC_CALL:
		eoi();
		smp_call_poll();
		return;
	case VEC_SPURIOUS:
		return;
	default:
		fn = __atomic_load_n(&handlers[vec].fn, __ATOMIC_ACQUIRE);
		break;
	}
	if (fn)
		fn(handlers[vec].arg);
	else
		klog(KLOG_WARN, "apic: nobody's interrupt, vector=%u", vec);
	eoi();
}

void arch_init_irq(const struct bootinfo *bi)
{
	apic_init(bi);
	apic_enable();
	clock_calibrate(bi);
}
