/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c: the boot, in order.
 *
 * All ways in (boot/) end in kernel_main(), on CPU 0 with the boot stack,
 * interrupts off.  No step does work in proportion to the memory, to the
 * CPUs, or to devices that are not used.
 */
#include <string.h>

#include "bootinfo.h"
#include "kuni/arch.h"
#include "kuni/driver.h"
#include "kuni/fs.h"
#include "kuni/klog.h"
#include "kuni/mm.h"
#include "kuni/syscall.h"
#include "kuni/task.h"

_Noreturn void kernel_main(struct bootinfo *bi);
extern uintptr_t __stack_chk_guard;

static void options(const struct bootinfo *bi)
{
	klog_set_level(bi->flags & BOOT_F_DEBUG ? KLOG_DEBUG : KLOG_WARN);
	strace_on = bi->flags & BOOT_F_STRACE;
}

/* Does not return, so the guard of stack protection may change under it. */
_Noreturn void kernel_main(struct bootinfo *bi)
{
	struct task *init;

	arch_init_early(bi); /* traps, per-CPU data, the clock */
	boot_marks_bind(bi);
	boot_mark(MARK_ENTRY);
	options(bi);           /* log level, strace */
	page_init(bi);         /* physical pages */
	mm_init();             /* objects, address spaces */
	sched_init();          /* run queue of this CPU */
	random_init(bi->seed); /* random numbers from the host's seed */
	memset(bi->seed, 0, sizeof(bi->seed));
	__stack_chk_guard = random_u64() & ~0xffUL;
	boot_mark(MARK_MM);
	drivers_init(bi);  /* devices to drivers, none touched */
	fs_init();         /* file systems */
	arch_init_irq(bi); /* interrupt controller, timer */
	boot_mark(MARK_DEVICES);
	if (kthread_create(&init, "init", init_start,
			   phys_to_virt(bi->launch_gpa)))
		panic("main: no memory for the first task");
	sched_cpu_main(); /* this CPU runs tasks from here on */
}
