/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lethal.c: a kernel that does to itself what no kernel may, when told to.
 *
 * Linked only into build/kuni-guest-lethal.elf, where the linker puts
 * __wrap_sys_personality() in place of sys_personality() (--wrap): the persona
 * LETHAL + n, which Linux does not know, is the order to die the n-th death.
 * The kernel that users run has none of this.
 */
#include <string.h>

#include "kuni/arch.h"
#include "kuni/klog.h"
#include "kuni/syscall.h"
#include "kuni/task.h"

#define LETHAL 0x6b756e00U /* "kun" */

long __wrap_sys_personality(unsigned int persona);
long __real_sys_personality(unsigned int persona);

extern char _text[], _rodata[];

static __attribute__((noinline)) void write_text(void)
{
	*(volatile char *)_text = 0;
}

/* Text has a second address, in the direct map. */
static __attribute__((noinline)) void write_text_alias(void)
{
	uint64_t pa = (uint64_t)_text - KERNEL_VIRT;

	*(volatile char *)phys_to_virt(pa) = 0;
}

static __attribute__((noinline)) void write_rodata(void)
{
	*(volatile char *)_rodata = 0;
}

static __attribute__((noinline)) void call(volatile uint64_t *at)
{
	void (*f)(void);
	uint64_t to = *at;

	memcpy(&f, &to, sizeof(f));
	f();
	*at = 0; /* so that the call is no jump, and leaves its frame */
}

static __attribute__((noinline)) void execute_stack(void)
{
	volatile uint8_t ret[16] = { 0xc3 };
	volatile uint64_t at = (uint64_t)ret;

	call(&at);
}

static __attribute__((noinline)) void jump_null(void)
{
	volatile uint64_t at = 0;

	call(&at);
}

static __attribute__((noinline)) unsigned overflow_stack(volatile unsigned *n)
{
	volatile unsigned char room[512];

	room[0] = (unsigned char)++*n;
	if (*n < 1U << 20)
		overflow_stack(n);
	return room[0];
}

/* Past the end of an array, over the guard that the compiler set there. */
static __attribute__((noinline)) void smash_stack(volatile unsigned *n)
{
	char small[16];
	volatile char *p = small;

	for (*n = 0; *n < 24; ++*n)
		p[*n] = 'x';
}

static __attribute__((noinline)) void read_user(void)
{
	(void)*(volatile const char *)current->arch.regs->rsp;
}

static __attribute__((noinline)) void execute_user(void)
{
	volatile uint64_t at = current->arch.regs->rip;

	call(&at);
}

static __attribute__((noinline)) void divide(volatile unsigned *n)
{
	*n = 0;
	*n = 1000U / *n;
}

static void die(unsigned how)
{
	volatile unsigned n = 0;

	switch (how) {
	case 1:
		write_text();
		break;
	case 2:
		write_text_alias();
		break;
	case 3:
		write_rodata();
		break;
	case 4:
		execute_stack();
		break;
	case 5:
		jump_null();
		break;
	case 6:
		overflow_stack(&n);
		break;
	case 7:
		smash_stack(&n);
		break;
	case 8:
		read_user();
		break;
	case 9:
		execute_user();
		break;
	case 10:
		divide(&n);
		break;
	case 11:
		panic("lethal: told to");
	default:
		break;
	}
}

long __wrap_sys_personality(unsigned int persona)
{
	if ((persona & ~0xffU) != LETHAL)
		return __real_sys_personality(persona);
	die(persona & 0xff);
	return -EINVAL; /* survived: the test fails */
}
