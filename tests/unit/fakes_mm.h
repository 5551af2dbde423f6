/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fakes_mm.h: a machine for unit tests of guest/kernel/mm: RAM, page tables, a
 * TLB that keeps what is not flushed, locks that check their order, files with
 * a disk behind them.  One CPU, one task.
 */
#ifndef TESTS_UNIT_FAKES_MM_H
#define TESTS_UNIT_FAKES_MM_H

#include "kuni/fs.h"
#include "kuni/mm.h"
#include "kuni/task.h"

void fake_init(uint64_t ram); /* bytes from physical 0; page_init, mm_init */
void fake_ram_init(uint64_t ram); /* only the RAM and the CPU */
uint64_t fake_free_pages(void);

/* User accesses of m: by the TLB, else the tables, else mm_fault().  0, or
 * the signal number, or -ENOMEM. */
int fake_load(struct mm *m, uint64_t addr, uint64_t *value);
int fake_store(struct mm *m, uint64_t addr, uint64_t value);

#define FAKE_DISK (256 * PAGE_SIZE)
struct fake_file {
	struct file file;
	struct inode inode;
	uint8_t *disk;
	uint64_t disk_size; /* what the "server" has */
	unsigned reads, writes, fail_write, fail_read;
	unsigned last_n; /* pages of the last request */
	bool memory;     /* tmpfs: no ops */
};
struct fake_file *fake_file_new(uint64_t size, bool memory);
void fake_file_free(struct fake_file *f); /* checks its references */
extern uint64_t fake_rlimit[16];
extern unsigned fake_kills;
extern bool fake_locked; /* some lock is held */
uint32_t fake_random(void);

#endif
