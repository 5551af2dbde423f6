/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcpu.c: the CPUs of a KVM guest: first state, run loop, exits.
 *
 * A thread leaves KVM_RUN by an exit, or by the kick signal.  No kick is lost:
 * the kicker says what it wants, sets immediate_exit, and signals; the run loop
 * clears immediate_exit, and then looks at what is wanted.  It holds no lock
 * while it serves an exit.
 */
#include "host/vcpu.h"

#include <errno.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "boot/abi/bootinfo.h"
#include "boot/abi/layout.h"
#include "host/cpuid.h"
#include "host/fuse/server.h"
#include "host/gdb.h"
#include "host/hypervisor.h"
#include "host/jail.h"
#include "host/kvm.h"
#include "host/log.h"
#include "host/memory.h"
#include "host/panic.h"

#define KICK_SIGNAL SIGRTMIN
#define STACK_SIZE  (1UL << 20)
#define MAX_FRAMES  32
#define LAPIC_ISR   0x100
#define LAPIC_IRR   0x200

#define MSR_KVM_SYSTEM_TIME_NEW 0x4b564d01

#define CR0_PE   (1U << 0)
#define CR0_MP   (1U << 1)
#define CR0_ET   (1U << 4)
#define CR0_NE   (1U << 5)
#define CR0_WP   (1U << 16)
#define CR0_AM   (1U << 18)
#define CR0_PG   (1U << 31)
#define CR4_PAE  (1U << 5)
#define EFER_SCE (1U << 0)
#define EFER_LME (1U << 8)
#define EFER_LMA (1U << 10)
#define EFER_NXE (1U << 11)

static void on_kick(int signo)
{
	(void)signo; /* its only purpose is EINTR */
}

int vcpu_init_signal(void)
{
	/* KVM_RUN ends with EINTR all the same; a file request goes on. */
	struct sigaction sa = { .sa_handler = on_kick, .sa_flags = SA_RESTART };

	sigemptyset(&sa.sa_mask);
	return sigaction(KICK_SIGNAL, &sa, NULL) < 0 ? -errno : 0;
}

void vcpu_init(struct vcpu *c, struct vcpu_env *env, unsigned index)
{
	memset(c, 0, sizeof(*c));
	c->env = env;
	c->index = index;
	c->fd = c->stats = -1;
	sem_init(&c->ready, 0, 0);
	sem_init(&c->go, 0, 0);
}

void vcpu_fini(struct vcpu *c)
{
	if (c->run)
		munmap(c->run, c->env->run_size);
	if (c->fd >= 0)
		close(c->fd);
	if (c->stats >= 0)
		close(c->stats);
	c->run = NULL;
	c->fd = c->stats = -1;
	sem_destroy(&c->ready);
	sem_destroy(&c->go);
}

static void set_segments(struct kvm_sregs *s)
{
	struct kvm_segment code = { .limit = UINT32_MAX,
				    .selector = 0x8,
				    .type = 11, /* execute, read, accessed */
				    .present = 1,
				    .s = 1,
				    .l = 1,
				    .g = 1 };
	struct kvm_segment data = { .limit = UINT32_MAX,
				    .selector = 0x10,
				    .type = 3, /* read, write, accessed */
				    .present = 1,
				    .s = 1,
				    .db = 1,
				    .g = 1 };

	s->cs = code;
	s->ds = s->es = s->fs = s->gs = s->ss = data;
	s->tr = (struct kvm_segment){ .limit = 0x67, .type = 11, .present = 1 };
	s->ldt = (struct kvm_segment){ .type = 2, .unusable = 1 };
	s->gdt = (struct kvm_dtable){ 0 };
	s->idt = (struct kvm_dtable){ 0 };
}

static int set_state(const struct vcpu *c, struct err *e)
{
	struct kvm_regs regs = { .rip = c->env->entry,
				 .rflags = 2,
				 .rdi = BOOTINFO_GPA,
				 .rsi = c->index };
	struct kvm_mp_state mp = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_sregs s;

	if (ioctl(c->fd, KVM_GET_SREGS, &s) < 0)
		return err_set(e, errno, "kvm: KVM_GET_SREGS");
	set_segments(&s);
	s.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG;
	s.cr3 = BOOT_TABLES_GPA;
	s.cr4 = CR4_PAE;
	s.efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
	if (ioctl(c->fd, KVM_SET_SREGS, &s) < 0)
		return err_set(e, errno, "kvm: KVM_SET_SREGS");
	if (ioctl(c->fd, KVM_SET_REGS, &regs) < 0)
		return err_set(e, errno, "kvm: KVM_SET_REGS");
	if (c->index && ioctl(c->fd, KVM_SET_MP_STATE, &mp) < 0)
		return err_set(e, errno, "kvm: KVM_SET_MP_STATE");
	return 0;
}

static int set_pvclock(const struct vcpu *c, struct err *e)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} m = { .head.nmsrs = 1,
		.entry = { .index = MSR_KVM_SYSTEM_TIME_NEW,
			   .data = (c->env->pvclock_gpa +
				    (uint64_t)c->index * PVCLOCK_STRIDE) |
				   1 } };

	if (!c->env->pvclock_gpa)
		return 0;
	if (ioctl(c->fd, KVM_SET_MSRS, &m) != 1)
		return err_set(e, errno, "kvm: pvclock");
	return 0;
}

/* XCR0 as the guest would set it: one exit less, and an XSETBV is lost where
 * KVM's own processor is emulated (QEMU 7.2 does not intercept it). */
static int set_xcr0(struct vcpu *c, struct err *e)
{
	struct kvm_xcrs x = { .nr_xcrs = 1 };

	x.xcrs[0].value = cpuid_xcr0(c->env->cpuid);
	if (x.xcrs[0].value == 1)
		return 0; /* no XSAVE */
	if (ioctl(c->fd, KVM_SET_XCRS, &x) < 0)
		return err_set(e, errno, "kvm: KVM_SET_XCRS");
	return 0;
}

int vcpu_create(struct vcpu *c, struct err *e)
{
	struct vcpu_env *env = c->env;
	void *p;
	int r;

	c->fd = ioctl(env->vm, KVM_CREATE_VCPU, c->index);
	if (c->fd < 0)
		return err_set(e, errno, "kvm: KVM_CREATE_VCPU %u", c->index);
	p = mmap(NULL, env->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd,
		 0);
	if (p == MAP_FAILED)
		return err_set(e, errno, "kvm: map vCPU %u", c->index);
	c->run = p;
	pthread_mutex_lock(&env->lock);
	cpuid_set_apic(env->cpuid, c->index);
	r = ioctl(c->fd, KVM_SET_CPUID2, env->cpuid) < 0 ? errno : 0;
	pthread_mutex_unlock(&env->lock);
	if (r)
		return err_set(e, r, "kvm: KVM_SET_CPUID2");
	/* Linux 5.14; a kernel without it shows no exits. */
	if (env->m->timeline)
		c->stats = ioctl(c->fd, KVM_GET_STATS_FD, NULL);
	r = set_state(c, e);
	if (!r)
		r = set_xcr0(c, e);
	return r < 0 ? r : set_pvclock(c, e);
}

/* ---- exits ---- */

static bool read_word(const struct vcpu *c, uint64_t va, uint64_t *out)
{
	struct kvm_translation t = { .linear_address = va };
	const uint64_t *p;

	if (va % 8 || ioctl(c->fd, KVM_TRANSLATE, &t) < 0 || !t.valid)
		return false;
	p = gpa_slice(c->env->mem, GPA(t.physical_address), 8);
	if (p)
		*out = *(const volatile uint64_t *)p;
	return p != NULL;
}

/* Return addresses from the frame at bp outwards, while they are the kernel's. */
static void dump_frames(const struct vcpu *c, uint64_t bp)
{
	for (unsigned n = 1; n <= MAX_FRAMES && bp >= DIRECT_MAP; n++) {
		uint64_t next, pc;

		if (!read_word(c, bp, &next) || !read_word(c, bp + 8, &pc) ||
		    pc < KERNEL_VIRT)
			return;
		panic_dump_pc(c->env->m, c->index, n, pc);
		if (next <= bp)
			return;
		bp = next;
	}
}

/* What the CPU's interrupt controller has asked for and serves. */
static void dump_lapic(const struct vcpu *c)
{
	struct kvm_mp_state mp = { 0 };
	struct kvm_lapic_state l;
	char asked[200] = "", serves[200] = "";
	size_t na = 0, ns = 0;

	if (ioctl(c->fd, KVM_GET_LAPIC, &l) < 0 ||
	    ioctl(c->fd, KVM_GET_MP_STATE, &mp) < 0)
		return;
	for (unsigned v = 16; v < 256; v++) {
		unsigned at = (v / 32) * 16 + (v % 32) / 8, bit = 1U << v % 8;

		if (l.regs[LAPIC_IRR + at] & bit && na < sizeof(asked) - 8)
			na += (size_t)sprintf(asked + na, " %#x", v);
		if (l.regs[LAPIC_ISR + at] & bit && ns < sizeof(serves) - 8)
			ns += (size_t)sprintf(serves + ns, " %#x", v);
	}
	log_line(LOG_ERROR, "vcpu: halted=%d interrupts asked:%s served:%s",
		 mp.mp_state == KVM_MP_STATE_HALTED, na ? asked : " none",
		 ns ? serves : " none");
}

void vcpu_dump(const struct vcpu *c)
{
	struct kvm_sregs s;
	struct kvm_regs r;

	if (ioctl(c->fd, KVM_GET_REGS, &r) < 0 ||
	    ioctl(c->fd, KVM_GET_SREGS, &s) < 0)
		return;
	panic_dump_pc(c->env->m, c->index, 0, r.rip);
	dump_frames(c, r.rbp);
	dump_lapic(c);
#define SHOW(a, av, b, bv, d, dv, f, fv)                                       \
	log_line(LOG_ERROR,                                                    \
		 "vcpu: %3s=%016llx %3s=%016llx %3s=%016llx "                  \
		 "%3s=%016llx",                                                \
		 a, (unsigned long long)(av), b, (unsigned long long)(bv), d,  \
		 (unsigned long long)(dv), f, (unsigned long long)(fv))
	SHOW("rip", r.rip, "rsp", r.rsp, "rbp", r.rbp, "flg", r.rflags);
	SHOW("rax", r.rax, "rbx", r.rbx, "rcx", r.rcx, "rdx", r.rdx);
	SHOW("rsi", r.rsi, "rdi", r.rdi, "r8", r.r8, "r9", r.r9);
	SHOW("r10", r.r10, "r11", r.r11, "r12", r.r12, "r13", r.r13);
	SHOW("r14", r.r14, "r15", r.r15, "cr2", s.cr2, "cr3", s.cr3);
	SHOW("cr0", s.cr0, "cr4", s.cr4, "cs", s.cs.selector, "gs", s.gs.base);
#undef SHOW
}

static void on_io(const struct vcpu *c)
{
	struct kvm_run *run = c->run;
	uint8_t *p = (uint8_t *)run + run->io.data_offset;
	bool out = run->io.direction == KVM_EXIT_IO_OUT;
	unsigned size = run->io.size;

	if (out && run->io.port == PORT_DEBUGCON && size == 1) {
		machine_debugcon(c->env->m, p, run->io.count);
		return;
	}
	for (uint32_t i = 0; i < run->io.count; i++, p += size) {
		uint64_t v = 0;

		if (out) {
			memcpy(&v, p, size);
			bus_write(c->env->bus, BUS_PORT, run->io.port, size, v);
		} else {
			v = bus_read(c->env->bus, BUS_PORT, run->io.port, size);
			memcpy(p, &v, size);
		}
	}
}

static void on_mmio(const struct vcpu *c)
{
	struct kvm_run *run = c->run;
	unsigned len = run->mmio.len;
	uint64_t v = 0;

	if (run->mmio.is_write) {
		memcpy(&v, run->mmio.data, len);
		bus_write(c->env->bus, BUS_MMIO, run->mmio.phys_addr, len, v);
	} else {
		v = bus_read(c->env->bus, BUS_MMIO, run->mmio.phys_addr, len);
		memcpy(run->mmio.data, &v, len);
	}
}

static void died(const struct vcpu *c, const char *what, uint64_t detail)
{
	__atomic_store_n(&c->env->stop, true, __ATOMIC_SEQ_CST);
	vcpu_dump(c);
	machine_fail(c->env->m, VM_PANIC, "guest: cpu %u: %s (%#llx)", c->index,
		     what, (unsigned long long)detail);
}

static void on_exit_reason(struct vcpu *c)
{
	struct kvm_run *run = c->run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		on_io(c);
		break;
	case KVM_EXIT_MMIO:
		on_mmio(c);
		break;
	case KVM_EXIT_INTR:
		break;
	case KVM_EXIT_DEBUG:
		gdb_stopped(c->env->gdb, c);
		break;
	case KVM_EXIT_SHUTDOWN:
		died(c, "triple fault", 0);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		died(c, "kvm cannot run this instruction",
		     run->internal.suberror);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		died(c, "the CPU refuses its state",
		     run->fail_entry.hardware_entry_failure_reason);
		break;
	default:
		died(c, "exit that kuni does not know", run->exit_reason);
		break;
	}
}

/* KVM_RUN met memory that is not there; Linux 6.1 does not say where.  Pages
 * behind the end of a file are made good, at last by mapping all files anew,
 * once without any other exit between: then the guest is wrong. */
static bool repair(struct vcpu *c)
{
	struct fuse_server *s = c->env->m->fuse;

	if (fuse_server_repair(s, &c->repairs, false))
		return true;
	if (c->futile)
		return false;
	c->futile = true;
	return fuse_server_repair(s, &c->repairs, true);
}

static void run_loop(struct vcpu *c)
{
	struct vcpu_env *env = c->env;
	sigset_t kick;

	sigemptyset(&kick);
	sigaddset(&kick, KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
	for (;;) {
		__atomic_store_n(&c->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&env->stop, __ATOMIC_SEQ_CST))
			break;
		if (env->gdb)
			gdb_wait(env->gdb, c);
		if (__atomic_exchange_n(&c->dump, false, __ATOMIC_SEQ_CST))
			vcpu_dump(c);
		if (ioctl(c->fd, KVM_RUN, 0) == 0) {
			c->futile = false;
			on_exit_reason(c);
		} else if (errno == EFAULT) {
			if (!repair(c))
				died(c,
				     "access to memory that it may not write",
				     c->run->exit_reason);
		} else if (errno != EINTR && errno != EAGAIN) {
			died(c, "KVM_RUN fails", (uint64_t)errno);
		}
	}
}

/* ---- threads ---- */

static int thread_create(struct vcpu *c, void *(*fn)(void *))
{
	pthread_attr_t attr;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	r = pthread_create(&c->thread, &attr, fn, c);
	pthread_attr_destroy(&attr);
	return -r;
}

/* Released: whether it may run. */
static bool begin(struct vcpu *c)
{
	bool run = false;

	if (kvm_await(&c->error) < 0) {
		machine_fail(c->env->m, VM_HOST_ERROR, "%s", c->error.msg);
		return false;
	}
	pthread_mutex_lock(&c->env->lock);
	if (c->state == VCPU_PARKED) {
		c->state = VCPU_RUNNING;
		run = true;
	}
	pthread_mutex_unlock(&c->env->lock);
	return run;
}

static void *boot_cpu(void *arg)
{
	struct vcpu *c = arg;
	int r = jail_thread(JAIL_VCPU, &c->error);

	sem_post(&c->ready);
	if (r < 0)
		return NULL;
	while (sem_wait(&c->go) < 0 && errno == EINTR)
		continue;
	if (begin(c))
		run_loop(c);
	return NULL;
}

int vcpu_park(struct vcpu *c, struct err *e)
{
	int r = thread_create(c, boot_cpu);

	if (r < 0)
		return err_set(e, -r, "kvm: thread of vCPU 0");
	while (sem_wait(&c->ready) < 0 && errno == EINTR)
		continue;
	c->state = VCPU_PARKED;
	if (c->error.msg[0]) {
		*e = c->error;
		return e->code ? -e->code : -EINVAL;
	}
	return 0;
}

void vcpu_release(struct vcpu *c)
{
	sem_post(&c->go);
}

static void *other_cpu(void *arg)
{
	struct vcpu *c = arg;

	if (vcpu_create(c, &c->error) < 0) {
		machine_fail(c->env->m, VM_HOST_ERROR, "%s", c->error.msg);
		return NULL;
	}
	run_loop(c);
	return NULL;
}

int vcpu_start(struct vcpu *c)
{
	struct vcpu_env *env = c->env;
	int r = -EBUSY;

	pthread_mutex_lock(&env->lock);
	if (c->state == VCPU_OFF &&
	    !__atomic_load_n(&env->stop, __ATOMIC_SEQ_CST)) {
		r = thread_create(c, other_cpu);
		if (!r)
			c->state = VCPU_RUNNING;
	}
	pthread_mutex_unlock(&env->lock);
	return r;
}

void vcpu_kick(struct vcpu *c)
{
	if (c->run)
		__atomic_store_n(&c->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(c->thread, KICK_SIGNAL);
}

void vcpu_ask_dump(struct vcpu *c)
{
	bool runs;

	pthread_mutex_lock(&c->env->lock);
	runs = c->state == VCPU_RUNNING;
	pthread_mutex_unlock(&c->env->lock);
	if (!runs)
		return;
	__atomic_store_n(&c->dump, true, __ATOMIC_SEQ_CST);
	vcpu_kick(c);
}

void vcpu_stop(struct vcpu *c)
{
	enum vcpu_state was;

	pthread_mutex_lock(&c->env->lock);
	was = c->state;
	c->state = VCPU_OFF;
	pthread_mutex_unlock(&c->env->lock);
	if (was == VCPU_OFF)
		return;
	if (was == VCPU_PARKED)
		sem_post(&c->go);
	else
		vcpu_kick(c);
	pthread_join(c->thread, NULL);
}
