/* SPDX-License-Identifier: Apache-2.0 */
/*
 * panic.c: the last words of the kernel.
 *
 * The first CPU to panic stops the others and prints why, its registers, the
 * call chain as "  #N 0x<pc>" lines (the host adds the symbols) and the last
 * system calls; then the VM ends with EXIT_PANIC.  A panic within a panic
 * ends it at once.
 */
#include <stdarg.h>
#include <stdio.h>

#include "control.h"
#include "kuni/arch.h"
#include "kuni/driver.h"
#include "kuni/klog.h"
#include "kuni/task.h"
#include "debug.h"

static uint32_t panic_cpu; /* [a] number + 1 of the CPU that panics */
static unsigned frame_nr;

bool panicking(void)
{
	uint32_t n = __atomic_load_n(&panic_cpu, __ATOMIC_ACQUIRE);

	return n && n == this_cpu()->id + 1;
}

static void begin(void)
{
	struct cpu *me = this_cpu();
	uint32_t none = 0;

	arch_irq_off();
	if (!__atomic_compare_exchange_n(&panic_cpu, &none, me->id + 1, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		if (none == me->id + 1)
			exit_port(EXIT_PANIC);
		arch_halt();
	}
	for (unsigned i = 0; i < arch_ncpu; i++) {
		if (i != me->id && arch_cpu(i))
			arch_send_ipi(i, IPI_STOP);
	}
}

static __attribute__((format(printf, 1, 0))) void say(const char *fmt,
						      va_list ap)
{
	char text[192];

	vsniprintf(text, sizeof(text), fmt, ap);
	klog(KLOG_ERROR, "panic: %s", text);
}

static void frame(uint64_t pc)
{
	klog(KLOG_ERROR, "  #%u 0x%016lx", frame_nr++, pc);
}

/* pc: where it happened; bp: the frame of that. */
static _Noreturn void end(uint64_t pc, uint64_t bp)
{
	const struct task *t = current;

	if (t)
		klog(KLOG_ERROR, "  cpu %u, task %d (%.16s), system call %ld",
		     this_cpu()->id, t->tid, t->comm, (long)t->syscall_nr);
	else
		klog(KLOG_ERROR, "  cpu %u, no task", this_cpu()->id);
	frame(pc);
	arch_backtrace(bp, frame);
	flight_dump(KLOG_ERROR);
	exit_port(EXIT_PANIC);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	begin();
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	end((uint64_t)panic, (uint64_t)__builtin_frame_address(0));
}

void panic_regs(const struct arch_regs *r, const char *fmt, ...)
{
	va_list ap;

	begin();
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	arch_dump_regs(r);
	end(r->rip, r->rbp);
}
