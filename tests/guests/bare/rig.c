/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig.c: the few dozen lines that a bare guest needs of a kernel.
 *
 * It boots by boot/start.S and boot/pvh.S as the real one, so both back ends
 * run it.  No trap is handled: any fault is a triple fault.
 */
#include "rig.h"

#include "control.h"
#include "launch.h"

#define SECOND (1ULL << 31) /* of the TSC, about */
#define LARGE  0x193UL      /* present, writable, PCD, PS, global */
#define TABLE  3UL

void kernel_main(const struct bootinfo *b);
void smp_cpu_main(void);
_Noreturn void __stack_chk_fail(void);
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *p, int c, size_t n);

uintptr_t __stack_chk_guard = 0x6b756e6900;
uint64_t cpu_boot_stack[KUNI_MAX_CPUS]; /* no other CPU is started */
static const struct bootinfo *info;
static uint64_t low[512] __attribute__((aligned(4096)));
static uint64_t high[4][512] __attribute__((aligned(4096)));
static struct virtq_desc table[Q_SIZE] __attribute__((aligned(4096)));
static uint8_t avail_page[4096] __attribute__((aligned(4096)));
static uint8_t used_page[4096] __attribute__((aligned(4096)));

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	void *p = to;

	__asm__ volatile("rep movsb"
			 : "+D"(p), "+S"(from), "+c"(n)
			 :
			 : "memory");
	return to;
}

void *memset(void *to, int c, size_t n)
{
	void *p = to;

	__asm__ volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(c) : "memory");
	return to;
}

_Noreturn void __stack_chk_fail(void)
{
	leave(EXIT_PANIC);
}

void smp_cpu_main(void)
{
	leave(EXIT_PANIC);
}

static uint64_t tsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

const struct bootinfo *boot(void)
{
	return info;
}

uint64_t gpa(const void *p)
{
	return (uintptr_t)p - KERNEL_VIRT;
}

volatile void *at(uint64_t addr)
{
	return (volatile void *)(MMIO_VIRT + addr);
}

uint64_t ram_end(void)
{
	const struct boot_region *r = &info->region[info->nregion - 1];

	return r->base + r->len;
}

/* MMIO_VIRT: the first 4 GiB, uncached. */
static void map_devices(void)
{
	uint64_t *pml4 = (uint64_t *)(DIRECT_MAP + BOOT_TABLES_GPA);

	for (unsigned i = 0; i < 4; i++) {
		for (uint64_t k = 0; k < 512; k++)
			high[i][k] = ((uint64_t)i << 30 | k << 21) | LARGE;
		low[i] = gpa(high[i]) | TABLE;
	}
	pml4[MMIO_VIRT >> 39 & 511] = gpa(low) | TABLE;
}

void say(const void *p, size_t n)
{
	__asm__ volatile("rep outsb"
			 : "+S"(p), "+c"(n)
			 : "d"((uint16_t)PORT_DEBUGCON)
			 : "memory");
}

void outl(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "d"(port) : "memory");
}

uint32_t inl(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "d"(port) : "memory");
	return v;
}

_Noreturn void leave(uint32_t v)
{
	char line[10] = { EXIT_RECORD };

	for (unsigned i = 0; i < 8; i++)
		line[1 + i] = "0123456789abcdef"[v >> (28 - 4 * i) & 15];
	line[9] = '\n';
	if (!(info->flags & BOOT_F_EXIT_PORT))
		say(line, sizeof(line));
	outl(PORT_EXIT, v);
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* ---- devices ---- */

uint32_t reg_get(const struct dev *d, unsigned off)
{
	return *(volatile uint32_t *)(volatile void *)(d->base + off);
}

void reg_set(const struct dev *d, unsigned off, uint32_t v)
{
	*(volatile uint32_t *)(volatile void *)(d->base + off) = v;
}

void dev_find(struct dev *d, uint32_t virtio_id)
{
	*d = (struct dev){ 0 };
	for (unsigned i = 0; i < info->ndevice; i++)
		if (info->device[i].virtio_id == virtio_id)
			d->base = at(info->device[i].base);
	if (!d->base)
		leave(EXIT_PANIC);
	reg_set(d, VIRTIO_MMIO_STATUS, 0);
}

bool dev_agree(struct dev *d, uint64_t features)
{
	uint32_t s = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;

	reg_set(d, VIRTIO_MMIO_STATUS, s);
	for (unsigned i = 0; i < 2; i++) {
		reg_set(d, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i);
		reg_set(d, VIRTIO_MMIO_DRIVER_FEATURES,
			(uint32_t)(features >> 32 * i));
	}
	reg_set(d, VIRTIO_MMIO_STATUS, s | VIRTIO_STATUS_FEATURES_OK);
	return reg_get(d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK;
}

void queue_at(struct dev *d, uint32_t size, uint64_t desc, uint64_t avail,
	      uint64_t used)
{
	const uint64_t addr[] = { desc, avail, used };

	reg_set(d, VIRTIO_MMIO_QUEUE_SEL, d->queue);
	reg_set(d, VIRTIO_MMIO_QUEUE_NUM, size);
	for (unsigned i = 0; i < 3; i++) {
		reg_set(d, VIRTIO_MMIO_QUEUE_DESC + 16 * i, (uint32_t)addr[i]);
		reg_set(d, VIRTIO_MMIO_QUEUE_DESC + 16 * i + 4,
			(uint32_t)(addr[i] >> 32));
	}
	reg_set(d, VIRTIO_MMIO_QUEUE_READY, 1);
}

void dev_ok(const struct dev *d)
{
	reg_set(d, VIRTIO_MMIO_STATUS,
		VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
			VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);
}

void dev_up(struct dev *d, uint32_t virtio_id, unsigned queue)
{
	dev_find(d, virtio_id);
	if (!dev_agree(d, 1ULL << VIRTIO_F_VERSION_1 |
				  1ULL << VIRTIO_F_INDIRECT_DESC))
		leave(EXIT_STATUS | (uint32_t)REFUSED << 16);
	memset(table, 0, sizeof(table));
	memset(avail_page, 0, sizeof(avail_page));
	memset(used_page, 0, sizeof(used_page));
	d->desc = table;
	d->avail = (void *)avail_page;
	d->used = (void *)used_page;
	d->queue = queue;
	queue_at(d, Q_SIZE, gpa(table), gpa(avail_page), gpa(used_page));
	dev_ok(d);
}

void buffer(const struct dev *d, unsigned i, uint64_t addr, uint32_t len,
	    unsigned flags, unsigned next)
{
	d->desc[i] = (struct virtq_desc){ addr, len, (uint16_t)flags,
					  (uint16_t)next };
}

int kicked(const struct dev *d, uint16_t before)
{
	uint64_t start = tsc();

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	reg_set(d, VIRTIO_MMIO_QUEUE_NOTIFY, d->queue);
	do {
		if (reg_get(d, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET)
			return NEEDS_RESET;
		if (d->used && d->used->idx != before)
			return ANSWERED;
	} while (tsc() - start < SECOND);
	return IGNORED;
}

int post(const struct dev *d, unsigned head)
{
	uint16_t before = d->used->idx;

	d->avail->ring[d->avail->idx % Q_SIZE] = (uint16_t)head;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	d->avail->idx++;
	return kicked(d, before);
}

/* ---- start ---- */

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* The last argument of the process. */
static const char *argument(void)
{
	const char *p = (const char *)(DIRECT_MAP + info->launch_gpa);
	const struct launch_header *h = (const void *)p;
	const struct launch_rec *r;
	const char *last = "";

	p += sizeof(*h);
	for (uint32_t i = 0; i < h->count; i++) {
		r = (const void *)p;
		if (r->type == LAUNCH_ARG)
			last = p + sizeof(*r);
		p += sizeof(*r) + ((r->len + 7UL) & ~7UL);
	}
	return last;
}

void kernel_main(const struct bootinfo *b)
{
	const char *name;
	int ret = NO_CASE;

	info = b;
	map_devices();
	name = argument();
	for (const struct bare_case *c = cases; c->name; c++)
		if (same(c->name, name))
			ret = c->run();
	leave(EXIT_STATUS | (uint32_t)ret << 16);
}
