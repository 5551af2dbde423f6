/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exitport.c: the end of the VM, and the marks on the way there.
 *
 * With BOOT_F_EXIT_PORT a write to PORT_EXIT ends the VM at once.  A back end
 * without that port (QEMU's exit device carries only seven bits) reads the
 * value from the debug console: the byte EXIT_RECORD, eight hexadecimal digits
 * and a newline.  Safe anywhere, a panic included.
 */
#include "drivers.h"

#include "kuni/arch.h"
#include "kuni/driver.h"
#include "layout.h"

static uint32_t flags;  /* of bootinfo; 0 before drivers_init() */
static uint64_t *marks; /* bootinfo.mark, NULL: not asked for */

void exitport_bind(uint32_t boot_flags)
{
	flags = boot_flags;
}

static void outl(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static void write_record(uint32_t value)
{
	char line[10] = { EXIT_RECORD };
	unsigned i;

	for (i = 0; i < 8; i++)
		line[1 + i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
	line[9] = '\n';
	debugcon_write(line, sizeof(line));
}

_Noreturn void exit_port(uint32_t value)
{
	boot_mark(MARK_END);
	if (!(flags & BOOT_F_EXIT_PORT))
		write_record(value);
	outl(PORT_EXIT, value);
	arch_halt();
}

void boot_marks_bind(struct bootinfo *bi)
{
	if (bi->flags & BOOT_F_MARKS)
		marks = bi->mark;
}

void boot_mark(unsigned mark)
{
	if (!marks)
		return;
	if (mark == MARK_END)
		marks[MARK_KHZ] = arch_tsc_khz();
	marks[mark] = arch_tsc();
}
