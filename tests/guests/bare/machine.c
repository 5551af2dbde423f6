/* SPDX-License-Identifier: Apache-2.0 */
/* machine.c: ports, memory and a CPU as no kernel uses them. */
#include "rig.h"

#include "control.h"

static void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "d"(port));
}

static void outw(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "d"(port));
}

/* Ports that neither back end has a device at. */
static int ports(void)
{
	static const uint16_t list[] = { 0x0,   0x20,  0x60,   0x70,  0x80,
					 0x3f8, 0xcf8, 0x1000, 0xfffc };
	uint32_t all = UINT32_MAX;

	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		outb(list[i], 0xff);
		outw(list[i], 0xffff);
		outl(list[i], UINT32_MAX);
		all &= inl(list[i]);
	}
	return all == UINT32_MAX ? ANSWERED : WRONG;
}

/* Between RAM and the devices, and across the ends of a device. */
static int holes(void)
{
	const struct boot_device *last = &boot()->device[boot()->ndevice - 1];
	const uint64_t list[] = { 0xc8000000, 0xcffffffc, 0xd8000000,
				  boot()->device[0].base - 4,
				  last->base + last->len - 4 };
	uint64_t sum = 0;

	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		volatile uint64_t *p = (volatile uint64_t *)at(list[i]);

		*p = UINT64_MAX;
		sum += *p;
	}
	return sum ? ANSWERED : WRONG;
}

static int exit_garbage(void)
{
	leave(0xdeadbe00);
}

static int exit_zero(void)
{
	leave(0);
}

static int exit_byte(void)
{
	outb(PORT_EXIT, 0xee);
	return ANSWERED;
}

/* A panic that says nothing. */
static int mute(void)
{
	leave(EXIT_PANIC);
}

/* The record of a back end without an exit port, spoilt. */
static int record(void)
{
	say("\001nonsense\n", 10);
	return ANSWERED;
}

static int cpu_port(void)
{
	if (!(boot()->flags & BOOT_F_CPU_PORT))
		return ANSWERED;
	outl(PORT_CPU, 0);
	outl(PORT_CPU, 64);
	outl(PORT_CPU, UINT32_MAX);
	outb(PORT_CPU, 0xff);
	return ANSWERED;
}

/* Every byte but EXIT_RECORD, and a line that does not end. */
static int noise(void)
{
	static char b[4096];

	for (unsigned i = 0; i < sizeof(b); i++)
		b[i] = (char)(i % 256 == EXIT_RECORD ? 0 : i);
	say(b, sizeof(b));
	for (unsigned i = 0; i < sizeof(b); i++)
		b[i] = '%';
	say(b, sizeof(b));
	return ANSWERED;
}

static int triple(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none = { 0 };

	__asm__ volatile("lidt %0; ud2" : : "m"(none));
	return WRONG;
}

static int msr(void)
{
	__asm__ volatile("wrmsr" : : "c"(0x12345678), "a"(-1), "d"(-1));
	return IGNORED;
}

/* Executes a hole: no instruction can be fetched there. */
static int run_hole(void)
{
	((void (*)(void))(uintptr_t)at(0xc8000000))();
	return WRONG;
}

static _Noreturn int halts(void)
{
	say("<1>halts\n", 9);
	for (;;)
		__asm__ volatile("cli; hlt");
}

static _Noreturn int spins(void)
{
	say("<1>spins\n", 9);
	for (;;)
		__asm__ volatile("cli; pause");
}

const struct bare_case cases[] = {
	{ "ports", ports },
	{ "holes", holes },
	{ "exit_garbage", exit_garbage },
	{ "exit_zero", exit_zero },
	{ "exit_byte", exit_byte },
	{ "mute", mute },
	{ "record", record },
	{ "cpu_port", cpu_port },
	{ "noise", noise },
	{ "triple", triple },
	{ "msr", msr },
	{ "run_hole", run_hole },
	{ "halts", halts },
	{ "spins", spins },
	{ NULL, NULL },
};
