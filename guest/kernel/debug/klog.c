/* SPDX-License-Identifier: Apache-2.0 */
/*
 * klog.c: the kernel's log.
 *
 * Every line goes to a ring in memory; those at or above the level, and
 * strace's, also to the host at once, as "<N>text\n" (boot/abi/layout.h:
 * PORT_DEBUGCON).  Any context may log but an NMI; a panic takes the lock
 * away from whoever holds it, since that one is stopped by then.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "boot/abi/layout.h"
#include "kuni/arch.h"
#include "kuni/driver.h"
#include "kuni/klog.h"
#include "kuni/lock.h"
#include "debug.h"

#define RING_SIZE LOW_LOG_SIZE /* a power of two */
#define LINE_MAX_ 256

static struct spinlock lock = SPINLOCK_INIT(RANK_LOG);
static uint64_t ring_end; /* [lock] bytes ever written */
static enum klog_level level = KLOG_WARN;

/* [lock] */
static char *ring(void)
{
	return phys_to_virt(LOW_LOG_GPA);
}

static void ring_put(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ring()[ring_end++ & (RING_SIZE - 1)] = s[i];
}

/* line: "<N>text\n". */
static void emit(enum klog_level l, const char *line, size_t n)
{
	bool locked = !panicking();

	if (locked)
		spin_lock(&lock);
	ring_put(line, n);
	if (l <= level || l == KLOG_STRACE)
		debugcon_write(line, n);
	if (locked)
		spin_unlock(&lock);
}

void klog_va(enum klog_level l, const char *fmt, va_list ap)
{
	char line[LINE_MAX_];
	size_t n;
	int r;

	line[0] = '<';
	line[1] = (char)('0' + l);
	line[2] = '>';
	r = vsniprintf(line + 3, sizeof(line) - 4, fmt, ap);
	n = r < 0 ? 0 : (size_t)r;
	n = 3 + min(n, sizeof(line) - 5); /* cut, not dropped */
	line[n++] = '\n';
	emit(l, line, n);
}

void klog(enum klog_level l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	klog_va(l, fmt, ap);
	va_end(ap);
}

void klog_set_level(enum klog_level l)
{
	level = l;
}

size_t klog_read(char *buf, size_t n)
{
	uint64_t at;

	spin_lock(&lock);
	n = min(n, (size_t)RING_SIZE);
	n = min(n, (size_t)ring_end);
	at = ring_end - n;
	for (size_t i = 0; i < n; i++)
		buf[i] = ring()[(at + i) & (RING_SIZE - 1)];
	spin_unlock(&lock);
	return n;
}
