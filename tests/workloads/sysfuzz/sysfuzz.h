/* SPDX-License-Identifier: Apache-2.0 */
/* sysfuzz.h: what the parts of the system call fuzzer share (main.c says how
 * it works). */
#ifndef SYSFUZZ_H
#define SYSFUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum arg_type { FD, INT, UINT, FLAGS, LONG, SIZE, OFF, UADDR, PATH };

/* One system call of guest/kernel/syscall/syscalls.tbl (gen.awk makes them). */
struct call {
	const char *name;
	int nr, argc;
	struct {
		enum arg_type type;
		const char *name;
	} arg[6];
};
extern const struct call calls[];
extern const unsigned ncalls;

/* ---- main.c ---- */

#define THREADS 3
struct thread_slot { /* shared with the supervisor */
	int tid;
	int nr; /* of the call that it is in */
	uint64_t count;
};

/* What a thread is and does. */
struct fuzzer {
	uint64_t rng;
	unsigned depth; /* of forks below a worker */
	struct thread_slot *slot;
};
uint64_t rnd(struct fuzzer *f);
static inline uint64_t below(struct fuzzer *f, uint64_t n)
{
	return rnd(f) % n;
}
static inline bool one_in(struct fuzzer *f, uint64_t n)
{
	return below(f, n) == 0;
}
/* n calls, then back. */
void fuzz(struct fuzzer *f, unsigned n);
extern bool trace;
extern const char *only; /* where set: calls with this in their name alone */

/* ---- things.c: what the calls work upon ---- */

void things_open(
	struct fuzzer *f); /* descriptors of every kind, some of them */
void arena_make(void);
extern int children[8]; /* pids, to be signalled and waited for */
/* Memory: shared with the other threads and partly with children. */
#define PAGE      4096UL
#define ARENA_LEN (64 * PAGE)
extern char *arena;     /* ARENA_LEN, private, may be written */
extern char *shared;    /* 8 pages that children have, too */
extern char *read_only; /* 4 pages */
extern char *no_access; /* 1 page behind 1 that may be written */
extern char *file_page; /* shared file: 2 pages within it, 2 behind its end */

/* ---- values.c: an argument for each type ---- */

uint64_t value(struct fuzzer *f, const struct call *c, unsigned i);
uint64_t odd_number(struct fuzzer *f);
uint64_t pick_pid(struct fuzzer *f);
const char *pick_path(struct fuzzer *f);

/* ---- fill.c: what pointers point to ---- */

uint64_t pointer(struct fuzzer *f, const struct call *c, const char *arg);
/* A place for n bytes, at times at the very end of what is mapped. */
void *place(struct fuzzer *f, size_t n);

/* ---- forks.c: calls that need a hand: the new task must have a stack and
 * know its way ---- */

bool call_by_hand(struct fuzzer *f, const struct call *c);

#endif
