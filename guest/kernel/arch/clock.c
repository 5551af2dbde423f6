/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c: time from the TSC, by one page that kernel and vDSO both read.
 *
 * The page holds a struct pvclock_time for each CPU: KVM's own (BOOT_F_PVCLOCK,
 * or asked of a KVM below QEMU), else CPU 0's filled here from the TSC's
 * frequency.  Behind CPU 0's stands the offset of CLOCK_REALTIME (kuni/vdso.h),
 * which never changes: nothing in a container may set the clock.
 *
 * A host whose TSCs differ does not mark the clock stable.  Then every CPU must
 * use its own structure, their times differ by a little, and monotonic() sees
 * to it that none is before one that was given out already.
 */
#include <string.h>

#include "bootinfo.h"
#include "kuni/klog.h"
#include "kuni/vdso.h"
#include "x86.h"

#define MSR_KVM_CLOCK     0x4b564d01U
#define KVM_CLOCK_FEATURE (1U << 3)
#define CALIBRATE_NS      2000000U
#define FIRST_GUESS_KHZ   2000000U /* until the calibration */
#define PVCLOCK_STABLE    1U

uint64_t clock_tsc_khz;

static struct vdso_vvar *vvar;
static paddr_t vvar_pa;
static bool clock_is_kvm; /* [I] */
static bool asked;        /* [I] of a KVM that did not know of us */

static inline uint64_t scale(const struct pvclock_time *p, uint64_t delta)
{
	if (p->tsc_shift < 0)
		delta >>= -p->tsc_shift;
	else
		delta <<= p->tsc_shift;
	return (uint64_t)((unsigned __int128)delta * p->tsc_to_system_mul >>
			  32);
}

/* This CPU's structure.  The caller cannot change CPUs: the kernel only does
 * that where it sleeps. */
static const volatile struct pvclock_time *my_clock(void)
{
	const char *page = (const char *)vvar;
	const volatile struct pvclock_time *mine;

	if (!clock_is_kvm || vvar->clock.flags & PVCLOCK_STABLE)
		return &vvar->clock;
	mine = (const void *)(page + (size_t)this_cpu()->id * PVCLOCK_STRIDE);
	return mine->version ? mine : &vvar->clock;
}

/* A TSC value with the structure that was valid when it was read: KVM may move
 * the TSC of this CPU and change both at any exit.  Inlined, the copy is in
 * registers: this is read at each switch and each fault. */
static inline __attribute__((always_inline)) uint64_t
read_both(struct pvclock_time *p)
{
	const volatile struct pvclock_time *v = my_clock();
	uint64_t tsc;

	do {
		p->version =
			__atomic_load_n(&v->version, __ATOMIC_ACQUIRE) & ~1U;
		p->tsc_timestamp = v->tsc_timestamp;
		p->system_time = v->system_time;
		p->tsc_to_system_mul = v->tsc_to_system_mul;
		p->tsc_shift = v->tsc_shift;
		p->flags = v->flags;
		tsc = rdtsc();
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (p->version != v->version);
	return tsc;
}

/* Nanoseconds at the given TSC, which may lie before p's stamp. */
static inline uint64_t ns_at(const struct pvclock_time *p, uint64_t tsc)
{
	if (tsc >= p->tsc_timestamp)
		return p->system_time + scale(p, tsc - p->tsc_timestamp);
	return p->system_time - scale(p, p->tsc_timestamp - tsc);
}

/* The latest time that any CPU has seen, ns at the least. */
static uint64_t monotonic(uint64_t ns)
{
	static uint64_t last; /* [a] */
	uint64_t seen = __atomic_load_n(&last, __ATOMIC_RELAXED);

	while (ns > seen) {
		if (__atomic_compare_exchange_n(&last, &seen, ns, true,
						__ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return ns;
	}
	return seen;
}

uint64_t arch_ticks_ns(uint64_t ticks)
{
	return ticks / clock_tsc_khz * 1000000 +
	       ticks % clock_tsc_khz * 1000000 / clock_tsc_khz;
}

uint64_t arch_tsc_khz(void)
{
	return clock_tsc_khz;
}

uint64_t arch_clock_ns(void)
{
	struct pvclock_time p;
	uint64_t tsc = read_both(&p), ns = ns_at(&p, tsc);

	return likely(p.flags & PVCLOCK_STABLE) ? ns : monotonic(ns);
}

/* The vDSO reads it, too: one word, so that no reader sees half of it. */
void arch_wall_offset_set(uint64_t ns)
{
	__atomic_store_n(&vvar->wall_offset, ns, __ATOMIC_RELAXED);
}

uint64_t arch_wall_offset_ns(void)
{
	return vvar->wall_offset;
}

paddr_t vdso_vvar_page(void)
{
	return vvar_pa;
}

/* The TSC at which arch_clock_ns() reaches ns, or a little later. */
uint64_t clock_to_tsc(uint64_t ns)
{
	struct pvclock_time p;
	uint64_t tsc = read_both(&p), now = ns_at(&p, tsc);

	if (ns <= now)
		return tsc;
	ns = min(ns - now, 3600 * NSEC_PER_SEC);
	return tsc + ns * (clock_tsc_khz / 1000) / 1000 +
	       ns * (clock_tsc_khz % 1000) / 1000000 + 1;
}

/* The multiplier that makes khz into nanoseconds, with the shift that keeps
 * it in 32 bits. */
static void set_frequency(uint64_t khz, uint64_t tsc_at_zero)
{
	struct pvclock_time *p = &vvar->clock;
	uint64_t mul;
	int8_t shift = 0;

	clock_tsc_khz = khz;
	/* ns = ticks * 10^6 / khz; as a 0.32 fraction it must be below 1 */
	while (khz <= 1000000) {
		khz <<= 1;
		shift++;
	}
	mul = (1000000UL << 32) / khz;
	p->version++;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	p->tsc_timestamp = tsc_at_zero;
	p->system_time = 0;
	p->tsc_to_system_mul = (uint32_t)mul;
	p->tsc_shift = shift;
	p->flags = PVCLOCK_STABLE;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	p->version++;
}

/* wall_tsc may lie before the clock's zero: then ns_at() is negative, modulo
 * 2^64, and so is right here.  A host that cannot read the guest's TSC gives
 * the time when it started the VM, and 0. */
static void set_wall(const struct bootinfo *bi)
{
	struct pvclock_time p;

	(void)read_both(&p);
	vvar->wall_offset = bi->wall_ns - ns_at(&p, bi->wall_tsc);
}

bool arch_translates;

/* KVM below QEMU keeps the page for us where it offers to. */
static bool ask_kvm(void)
{
	struct cpuid r = cpuid(0x40000000U, 0);

	/* "TCGTCGTCGTCG" */
	arch_translates =
		r.b == 0x54474354U && r.c == 0x43544743U && r.d == 0x47435447U;
	if (r.b != 0x4b4d564bU || r.c != 0x564b4d56U || r.d != 0x4d)
		return false;
	if (!(cpuid(0x40000001U, 0).a & KVM_CLOCK_FEATURE))
		return false;
	wrmsr(MSR_KVM_CLOCK, PVCLOCK_GPA | 1);
	asked = vvar->clock.version != 0;
	return asked;
}

/* The structure of another CPU, where it is not the host that asks for it. */
void clock_init_cpu(unsigned id)
{
	if (asked)
		wrmsr(MSR_KVM_CLOCK,
		      (PVCLOCK_GPA + (uint64_t)id * PVCLOCK_STRIDE) | 1);
}

static uint64_t khz_of(const struct pvclock_time *p)
{
	uint64_t khz = (1000000UL << 32) / max(p->tsc_to_system_mul, 1U);

	return p->tsc_shift < 0 ? khz << -p->tsc_shift : khz >> p->tsc_shift;
}

/* Time runs from here on; right where the frequency is known, else from
 * clock_calibrate() on. */
void clock_init(const struct bootinfo *bi)
{
	vvar_pa = bi->flags & BOOT_F_PVCLOCK ? bi->pvclock_gpa : PVCLOCK_GPA;
	ensure(!(vvar_pa & (PAGE_SIZE - 1)));
	vvar = phys_to_virt(vvar_pa);
	clock_is_kvm = bi->flags & BOOT_F_PVCLOCK;
	if (!clock_is_kvm) {
		memset(vvar, 0, sizeof(*vvar));
		clock_is_kvm = ask_kvm();
	}
	if (clock_is_kvm)
		clock_tsc_khz =
			bi->tsc_khz ? bi->tsc_khz : khz_of(&vvar->clock);
	else
		set_frequency(bi->tsc_khz ? bi->tsc_khz : FIRST_GUESS_KHZ,
			      rdtsc());
	set_wall(bi);
}

/* One pair of readings, as close to each other as eight tries can get. */
static void sample(uint64_t *tsc, uint32_t *count)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 8; i++) {
		uint64_t before = rdtsc();
		uint32_t n = apic_timer_read();
		uint64_t after = rdtsc();

		if (after - before < best) {
			best = after - before;
			*tsc = before + best / 2;
			*count = n;
		}
	}
}

/* Measures the TSC against the LAPIC's timer, if nobody told the frequency. */
void clock_calibrate(const struct bootinfo *bi)
{
	uint64_t tsc0, tsc1;
	uint32_t count0, count1;

	if (clock_is_kvm || bi->tsc_khz)
		return;
	apic_timer_free_run(true);
	sample(&tsc0, &count0);
	while (count0 - apic_timer_read() < CALIBRATE_NS)
		__asm__ volatile("pause");
	sample(&tsc1, &count1);
	apic_timer_free_run(false);
	set_frequency((tsc1 - tsc0) * 1000000 / (count0 - count1),
		      vvar->clock.tsc_timestamp);
	set_wall(bi);
	klog(KLOG_DEBUG, "clock: measured tsc_khz=%lu", clock_tsc_khz);
}
