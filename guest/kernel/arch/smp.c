/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smp.c: starting CPUs, and calling functions on them.
 *
 * One call is under way at a time.  Its caller holds call_busy, publishes the
 * function and the mask of CPUs, sends VEC_CALL and waits until the mask is
 * empty.  A CPU that waits with interrupts off (for call_busy, for a
 * spinlock, for its own call) serves the call from arch_relax(), so two CPUs
 * that call each other, or wait for each other's locks, both get on.
 */
#include <string.h>

#include "bootinfo.h"
#include "kuni/klog.h"
#include "kuni/mm.h"
#include "kuni/sched.h"
#include "x86.h"

uint64_t cpus_online = 1;
bool smp_stopping;
uint64_t cpu_boot_stack[KUNI_MAX_CPUS]; /* start.S */

static struct cpu *cpus[KUNI_MAX_CPUS];      /* [a] */
static uint32_t cpus_started[KUNI_MAX_CPUS]; /* [a] */
static bool start_by_port;

static uint32_t call_busy; /* [a] */
static uint64_t call_mask; /* [a] CPUs that have yet to run it */
static void (*call_fn)(void *);
static void *call_arg;

_Noreturn void smp_cpu_main(unsigned id);

void smp_init(const struct bootinfo *bi)
{
	arch_ncpu = min(max(bi->ncpu, 1U), (uint32_t)KUNI_MAX_CPUS);
	start_by_port = bi->flags & BOOT_F_CPU_PORT;
	cpus[0] = this_cpu();
	cpus[0]->online = true;
	cpus_started[0] = 1;
}

struct cpu *arch_cpu(unsigned id)
{
	if (id >= arch_ncpu)
		return NULL;
	return __atomic_load_n(&cpus[id], __ATOMIC_ACQUIRE);
}

/* ---- starting ---- */

static void prepare_trampoline(void)
{
	extern const char ap_trampoline[], ap_trampoline_end[], ap_root[];
	char *page = phys_to_virt(TRAMPOLINE_GPA);
	uint32_t root = (uint32_t)mmu_trampoline_root();

	memcpy(page, ap_trampoline,
	       (size_t)(ap_trampoline_end - ap_trampoline));
	memcpy(page + (ap_root - ap_trampoline), &root, sizeof(root));
}

/* Brings CPU id up.  Returns before it is; 0 as well where it was started
 * before.  -EINVAL, -ENOMEM. */
int arch_cpu_start(unsigned id)
{
	static uint32_t trampoline_lock;
	struct arch_cpu *c;
	uint64_t stack;

	if (id >= arch_ncpu)
		return -EINVAL;
	if (__atomic_exchange_n(&cpus_started[id], 1, __ATOMIC_SEQ_CST))
		return 0;
	c = cpu_alloc(id);
	stack = c ? kstack_alloc() : 0;
	if (!stack) {
		if (c)
			page_free(page_of(virt_to_phys(c)), 3);
		__atomic_store_n(&cpus_started[id], 0, __ATOMIC_SEQ_CST);
		return -ENOMEM;
	}
	c->cpu.kernel_stack = stack;
	/* start.S pops nothing: the word at the top ends the frames */
	*(uint64_t *)(stack - 8) = (uint64_t)c;
	__atomic_store_n(&cpu_boot_stack[id], stack - 16, __ATOMIC_SEQ_CST);
	if (start_by_port) {
		outl(PORT_CPU, id);
		return 0;
	}
	if (!__atomic_exchange_n(&trampoline_lock, 1, __ATOMIC_SEQ_CST))
		prepare_trampoline();
	apic_start_cpu(id);
	return 0;
}

/* From start.S, on the CPU's own stack with the boot page tables. */
_Noreturn void smp_cpu_main(unsigned id)
{
	struct arch_cpu *c = *(struct arch_cpu **)(cpu_boot_stack[id] + 8);

	cpu_load(c);
	write_cr3(mmu_kernel_root()); /* away from the trampoline's */
	apic_enable();
	clock_init_cpu(id);
	c->cpu.online = true;
	__atomic_fetch_or(&cpus_online, 1UL << id, __ATOMIC_SEQ_CST);
	__atomic_store_n(&cpus[id], &c->cpu, __ATOMIC_RELEASE);
	klog(KLOG_DEBUG, "smp: cpu %u is up", id);
	sched_cpu_main();
}

/* ---- calling ---- */

/* Runs the call under way, if this CPU still has to. */
void smp_call_poll(void)
{
	uint64_t bit;
	bool on;

	if (likely(!__atomic_load_n(&call_mask, __ATOMIC_ACQUIRE)))
		return;
	on = arch_irq_save_off();
	bit = 1UL << this_cpu()->id;
	if (__atomic_load_n(&call_mask, __ATOMIC_ACQUIRE) & bit) {
		call_fn(call_arg);
		__atomic_fetch_and(&call_mask, ~bit, __ATOMIC_SEQ_CST);
	}
	if (on)
		arch_irq_on();
}

void smp_call(uint64_t mask, void (*fn)(void *), void *arg)
{
	bool on = arch_irq_save_off();
	unsigned me = this_cpu()->id;

	mask &= __atomic_load_n(&cpus_online, __ATOMIC_SEQ_CST) & ~(1UL << me);
	if (!mask)
		goto out;
	while (__atomic_exchange_n(&call_busy, 1, __ATOMIC_SEQ_CST))
		arch_relax();
	call_fn = fn;
	call_arg = arg;
	__atomic_store_n(&call_mask, mask, __ATOMIC_SEQ_CST);
	for (uint64_t m = mask; m; m &= m - 1)
		apic_ipi((unsigned)__builtin_ctzl(m), VEC_CALL);
	while (__atomic_load_n(&call_mask, __ATOMIC_ACQUIRE))
		__asm__ volatile("pause" : : : "memory");
	__atomic_store_n(&call_busy, 0, __ATOMIC_SEQ_CST);
out:
	if (on)
		arch_irq_on();
}

void arch_call_others(void (*fn)(void *), void *arg)
{
	smp_call(~0UL, fn, arg);
}

/* IPI_CALL without a call under way is harmless; IPI_STOP never returns. */
void arch_send_ipi(unsigned cpu, enum arch_ipi what)
{
	bool on = arch_irq_save_off();

	if (what == IPI_STOP)
		__atomic_store_n(&smp_stopping, true, __ATOMIC_SEQ_CST);
	if (cpus_online >> cpu & 1)
		apic_ipi(cpu, what == IPI_STOP   ? VEC_NMI
			      : what == IPI_CALL ? VEC_CALL
						 : VEC_RESCHED);
	if (on)
		arch_irq_on();
}
