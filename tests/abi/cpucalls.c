/* SPDX-License-Identifier: Apache-2.0 */
/* cpucalls.c: what is of the CPU and of the thread: bases of segments, local
 * descriptors, the CPU's number, resolutions of clocks, the thread's id word,
 * personality */
#include "abi.h"

#include <asm/ldt.h>

#define SET_GS   0x1001
#define SET_FS   0x1002
#define GET_FS   0x1003
#define GET_GS   0x1004
#define TASK_END 0x7ffffffff000UL
#define NONE     0x800000000000UL /* not canonical */
#define KERNEL   0xffff800000000000UL

static int st;

static unsigned long gs_word(void)
{
	unsigned long v;

	__asm__ volatile("movq %%gs:8, %0" : "=r"(v));
	return v;
}

static void inherited(void)
{
	printf("in a child %lu\n", gs_word());
}

static void bases(void)
{
	static unsigned long words[2] = { 11, 22 };
	unsigned long v = 1, fs = 0;

	SAY(syscall(SYS_arch_prctl, GET_GS, &v));
	printf("gs %lx\n", v);
	SAY(syscall(SYS_arch_prctl, SET_GS, words));
	SAY(syscall(SYS_arch_prctl, GET_GS, &v));
	printf("gs set %d, through it %lu\n", v == (unsigned long)words,
	       gs_word());
	SAY(syscall(SYS_arch_prctl, GET_FS, &fs));
	printf("fs is the thread's %d\n",
	       fs == *(unsigned long *)pthread_self());
	SAY(syscall(SYS_arch_prctl, SET_FS, fs));
	SAY(syscall(SYS_arch_prctl, SET_GS, NONE));
	SAY(syscall(SYS_arch_prctl, SET_GS, KERNEL));
	SAY(syscall(SYS_arch_prctl, SET_GS, -1L));
	SAY(syscall(SYS_arch_prctl, SET_GS, TASK_END));
	SAY(syscall(SYS_arch_prctl, SET_FS, NONE));
	SAY(syscall(SYS_arch_prctl, SET_FS, KERNEL));
	SAY(syscall(SYS_arch_prctl, SET_FS, TASK_END));
	SAY(syscall(SYS_arch_prctl, SET_GS, TASK_END - 1));
	SAY(syscall(SYS_arch_prctl, GET_GS, &v));
	printf("gs %lx\n", v);
	SAY(syscall(SYS_arch_prctl, GET_GS, 8));
	SAY(syscall(SYS_arch_prctl, GET_FS, NULL));
	SAY(syscall(SYS_arch_prctl, GET_FS, KERNEL));
	SAY(syscall(SYS_arch_prctl, 0x1000, &v));
	SAY(syscall(SYS_arch_prctl, 0, 0));
	SAY(syscall(SYS_arch_prctl, -1, 0));
	syscall(SYS_arch_prctl, SET_GS, words);
	words[1] = 33;
	apart(inherited);
}

/* The result is an int without its sign: a libc's syscall() sees no error. */
static void ldt(const char *what, int func, void *ptr, unsigned long n)
{
	int r = syscall(SYS_modify_ldt, func, ptr, n);
	long raw = syscall(SYS_modify_ldt, func, ptr, n);

	printf("%s: %d %s %d\n", what, r, r < 0 ? strerrorname(-r) : "",
	       raw == (unsigned)r);
}

static void tables(void)
{
	static char buf[65536];
	struct user_desc d = { 0, 0x1000, 1, 1, 0, 0, 0, 0, 1 };

	memset(buf, 0xee, sizeof(buf));
	ldt("read", 0, buf, sizeof(buf));
	ldt("read none", 0, NULL, 0);
	printf("%x\n", buf[0] & 0xff);
	ldt("default", 2, buf, 16);
	printf("%x %x\n", buf[15], buf[16] & 0xff);
	ldt("default, more", 2, buf, sizeof(buf));
	printf("%x %x\n", buf[127], buf[128] & 0xff);
	ldt("default, nowhere", 2, NULL, 16);
	ldt("unknown", 3, buf, 16);
	ldt("negative", -1, buf, 16);
	ldt("short", 1, &d, sizeof(d) - 1);
	ldt("long", 0x11, &d, sizeof(d) + 1);
	ldt("nowhere", 1, NULL, sizeof(d));
	d.entry_number = 8192;
	ldt("beyond", 1, &d, sizeof(d));
	d.entry_number = 0;
	d.contents = 3;
	ldt("conforming, old", 1, &d, sizeof(d));
	d.seg_not_present = 0;
	ldt("conforming", 0x11, &d, sizeof(d));
	d = (struct user_desc){ .read_exec_only = 1, .seg_not_present = 1 };
	ldt("cleared", 0x11, &d, sizeof(d));
	d = (struct user_desc){ .entry_number = 7 };
	ldt("cleared, old", 1, &d, sizeof(d));
}

static void cpu(void)
{
	unsigned c = 9999, n = 9999;

	SAY(syscall(SYS_getcpu, &c, &n, NULL));
	printf("cpu %d node %d\n", c < (unsigned)sysconf(_SC_NPROCESSORS_CONF),
	       n < 64);
	SAY(syscall(SYS_getcpu, NULL, NULL, NULL));
	SAY(syscall(SYS_getcpu, NULL, NULL, 8)); /* unused */
	SAY(syscall(SYS_getcpu, 8, NULL, NULL));
	SAY(syscall(SYS_getcpu, NULL, 8, NULL));
}

static void resolutions(void)
{
	static const int fine[] = { 0, 1, 2, 3, 4, 7, 11 };
	static const int bad[] = { 10, 12, 15, 16, 99, INT_MIN, INT_MAX };
	struct timespec ts;

	for (unsigned i = 0; i < sizeof(fine) / sizeof(int); i++) {
		ts = (struct timespec){ -1, -1 };
		printf("clock %d: ", fine[i]);
		SAY(syscall(SYS_clock_getres, fine[i], &ts));
		printf("%ld %ld\n", (long)ts.tv_sec, ts.tv_nsec);
		SAY(syscall(SYS_clock_getres, fine[i], NULL));
	}
	for (int i = 5; i < 7; i++) {
		ts = (struct timespec){ -1, -1 };
		SAY(syscall(SYS_clock_getres, i, &ts));
		printf("coarse: %ld %d\n", (long)ts.tv_sec,
		       ts.tv_nsec >= 1000000 && ts.tv_nsec <= 10000000);
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(int); i++) {
		printf("clock %d: ", bad[i]);
		SAY(syscall(SYS_clock_getres, bad[i], &ts));
	}
	SAY(syscall(SYS_clock_getres, 1, 8));
	SAY(syscall(SYS_clock_getres, 99, 8));
	/* CPU time of a process: ~pid << 3 | 2, of a thread with 4 more */
	SAY(syscall(SYS_clock_getres, ~getpid() << 3 | 2, &ts));
	printf("%ld %ld\n", (long)ts.tv_sec, ts.tv_nsec);
	SAY(syscall(SYS_clock_getres, ~0 << 3 | 6, &ts));
	printf("%ld %ld\n", (long)ts.tv_sec, ts.tv_nsec);
	SAY(syscall(SYS_clock_getres, ~getppid() << 3 | 2, &ts));
	SAY(syscall(SYS_clock_getres, ~999999 << 3 | 2, &ts));
}

/* The word is cleared and woken where others share the memory. */
static void words(void)
{
	static volatile int word = 5;
	volatile int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int p;

	printf("the thread's id %d\n",
	       syscall(SYS_set_tid_address, &word) == getpid());
	printf("no pointer is looked at %d\n",
	       syscall(SYS_set_tid_address, 8) == getpid());
	*shared = 5;
	fflush(stdout);
	p = fork();
	if (!p) {
		syscall(SYS_set_tid_address, shared);
		_exit(0);
	}
	waitpid(p, &st, 0);
	printf("alone in its memory: %d\n", *shared);
	p = vfork();
	if (!p) {
		syscall(SYS_set_tid_address, &word);
		_exit(0);
	}
	waitpid(p, &st, 0);
	printf("with others in it: %d\n", word);
}

static void personalities(void)
{
	SAY(syscall(SYS_personality, 0xffffffff));
	SAY(syscall(SYS_personality, 0x0040000));
	SAY(syscall(SYS_personality, 0xffffffff));
	SAY(syscall(SYS_personality, 0));
	SAY(syscall(SYS_personality, 0xffffffff));
}

int main(void)
{
	bases();
	tables();
	cpu();
	resolutions();
	words();
	apart(personalities);
	return 0;
}
