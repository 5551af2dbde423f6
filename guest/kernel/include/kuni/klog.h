/* SPDX-License-Identifier: Apache-2.0 */
/*
 * klog.h: the kernel's log, panic, and the flight recorder (debug/).
 *
 * Lines go to a ring in memory; those at or above the level go to the host by
 * PORT_DEBUGCON as "<N>text\n", N a digit of enum klog_level.
 */
#ifndef KUNI_KLOG_H
#define KUNI_KLOG_H

#include "kuni/types.h"

enum klog_level { KLOG_ERROR, KLOG_WARN, KLOG_INFO, KLOG_DEBUG, KLOG_STRACE };

void klog(enum klog_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void klog_set_level(enum klog_level level);
/* Copies the ring's newest bytes, oldest first (dmesg); bytes. */
size_t klog_read(char *buf, size_t n);

/* Registers, backtrace, last system calls, then the VM ends (EXIT_PANIC). */
_Noreturn void panic(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
struct arch_regs;
_Noreturn void panic_regs(const struct arch_regs *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Our mistakes: never compiled out. */
#define ensure(cond)                                                           \
	((cond) ? (void)0                                                      \
		: panic("ensure failed: %s, %s:%d", #cond, __FILE__,           \
			__LINE__))

/* Flight recorder: the last 64 system calls of each CPU. */
struct flight_entry {
	int tid;
	uint32_t nr;
	uint64_t arg[3];
	long ret;
	bool done;
};
/* NULL where nothing is recorded; flight_exit() takes that too. */
struct flight_entry *flight_enter(int tid, uint64_t nr, const uint64_t arg[6]);
void flight_exit(struct flight_entry *e, int tid, long ret);
void flight_dump(enum klog_level level);
void flight_init_cpu(void **slot);

/* Run queues, and of every task where it sleeps; at KLOG_WARN, any context. */
void tasks_dump(void);

#endif
