/* SPDX-License-Identifier: Apache-2.0 */
/* rseq.c: restartable sequences by hand, membarrier, robust lists at exit */
#include "abi.h"

enum {
	MEMBARRIER_CMD_GLOBAL_EXPEDITED = 2,
	MEMBARRIER_CMD_PRIVATE_EXPEDITED = 8,
	MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED = 16,
	MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE = 32,
	MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 64,
	MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ = 128,
	MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ = 256,
};
#define FUTEX_WAIT       0
#define FUTEX_OWNER_DIED 0x40000000
#define FUTEX_WAITERS    0x80000000
struct robust_list {
	struct robust_list *next;
};
struct robust_list_head {
	struct robust_list list;
	long futex_offset;
	struct robust_list *pending;
};

#define SIG 0x53053053u
struct area {
	uint32_t cpu_start, cpu;
	uint64_t cs;
	uint32_t flags, node, cid, pad;
} __attribute__((aligned(32)));
struct section {
	uint32_t version, flags;
	uint64_t start, length, abort;
} __attribute__((aligned(32)));

static struct area ours;
static struct section cs;
static volatile sig_atomic_t hits;
static volatile int go;

/* glibc has an area of its own where it was told of one; then it goes. */
static void leave_libc_area(void)
{
	extern const long __rseq_offset __attribute__((weak));
	extern const unsigned __rseq_size __attribute__((weak));
	char *tp;

	if (!&__rseq_offset || !__rseq_size)
		return;
	__asm__("mov %%fs:0, %0" : "=r"(tp));
	syscall(SYS_rseq, tp + __rseq_offset, 32, 1, SIG);
}

/* Runs in a critical section until it is aborted: 1 where it was. */
static int spin(struct area *a, struct section *c, volatile int *started)
{
	int aborted;

	__asm__ volatile(
		"lea 1f(%%rip), %%rax; mov %%rax, 8(%2)\n"
		"lea 2f(%%rip), %%rcx; sub %%rax, %%rcx; mov %%rcx, 16(%2)\n"
		"lea 3f(%%rip), %%rax; mov %%rax, 24(%2)\n"
		"mov %2, 8(%1)\n"
		"1: movl $1, (%3)\n"
		"4: pause; jmp 4b\n"
		"2: xor %0, %0; jmp 5f\n"
		".long 0x53053053\n"
		"3: mov $1, %0\n"
		"5:\n"
		: "=&r"(aborted)
		: "r"(a), "r"(c), "r"(started)
		: "rax", "rcx", "memory");
	return aborted;
}

static void on(int s)
{
	hits++;
}

static void registration(void)
{
	SAY(syscall(SYS_rseq, &ours, 32, 2, SIG));
	SAY(syscall(SYS_rseq, (char *)&ours + 4, 32, 0, SIG));
	SAY(syscall(SYS_rseq, &ours, 16, 0, SIG));
	SAY(syscall(SYS_rseq, &ours, 32, 1, SIG));
	ours.cpu = 0xffffffff;
	SAY(syscall(SYS_rseq, &ours, 32, 0, SIG));
	SAY(syscall(SYS_rseq, &ours, 32, 0, SIG));
	SAY(syscall(SYS_rseq, &ours, 32, 0, 1));
	SAY(syscall(SYS_rseq, &cs, 32, 0, SIG));
	SAY(syscall(SYS_rseq, &ours, 32, 1, 1));
	printf("cpu known %d same %d node %d cid %d\n", (int)ours.cpu >= 0,
	       ours.cpu == ours.cpu_start, ours.node, ours.cid);
}

static void aborts(void)
{
	struct itimerval it = { { 0, 0 }, { 0, 30000 } };
	volatile int started;

	signal(SIGALRM, on);
	setitimer(ITIMER_REAL, &it, 0);
	printf("aborted by a switch or signal %d", spin(&ours, &cs, &started));
	while (!hits)
		usleep(1000);
	printf(" handled %d section cleared %d\n", hits, !ours.cs);
}

static void *fencer(void *arg)
{
	while (!go)
		usleep(1000);
	usleep(20000);
	SAY(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0,
		    0));
	return NULL;
}

static void barriers(void)
{
	pthread_t t;
	int i;

	printf("query %d\n", (syscall(SYS_membarrier, 0, 0, 0) & 511) == 511);
	SAY(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	SAY(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE,
		    0, 0));
	SAY(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0,
		    0));
	SAY(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0));
	SAY(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
		    0, 0));
	SAY(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	SAY(syscall(SYS_membarrier,
		    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0));
	SAY(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE,
		    0, 0));
	SAY(syscall(SYS_membarrier,
		    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0));
	SAY(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 1, 0));
	SAY(syscall(SYS_membarrier, 4096, 0, 0));
	pthread_create(&t, 0, fencer, 0);
	i = spin(&ours, &cs, &go);
	pthread_join(t, NULL);
	printf("aborted by a barrier %d\n", i);
}

/* A section whose signature is wrong kills. */
static void bad_section(void)
{
	int st;

	if (!fork()) {
		static struct section bad;
		extern char after[] __asm__("after");

		bad.start = (uint64_t)after;
		bad.length = 1;
		bad.abort = (uint64_t)&bad + 16;
		ours.cs = (uint64_t)&bad;
		for (;;)
			sched_yield(), usleep(1000);
	}
	__asm__ volatile("after:");
	wait(&st);
	printf("a wrong signature: signal %d\n", WTERMSIG(st));
}

static void child(void)
{
	int st;

	if (!fork()) {
		ours.cpu = 0xffff;
		usleep(1000);
		_exit(ours.cpu == 0xffff);
	}
	wait(&st);
	printf("fork keeps it: %d\n", !st);
}

static struct robust_list_head head;
static struct {
	struct robust_list list;
	int word;
} node;

static void *dies(void *arg)
{
	head.list.next = &node.list;
	node.list.next = &head.list;
	head.futex_offset = (char *)&node.word - (char *)&node.list;
	node.word = (int)syscall(SYS_gettid) | FUTEX_WAITERS;
	SAY(syscall(SYS_set_robust_list, &head, 8));
	SAY(syscall(SYS_set_robust_list, &head, sizeof(head)));
	usleep(20000);
	syscall(SYS_exit, 0);
	return NULL;
}

static void robust(void)
{
	struct robust_list_head *got = NULL;
	size_t len = 0;
	pthread_t t;
	int w;

	SAY(syscall(SYS_get_robust_list, 0, &got, &len));
	printf("%d\n", (int)len);
	SAY(syscall(SYS_get_robust_list, 999999, &got, &len));
	pthread_create(&t, 0, dies, 0);
	while (!(w = *(volatile int *)&node.word))
		usleep(1000);
	/* woken by its end, or so late that it has ended */
	printf("ended: %d\n", w & FUTEX_OWNER_DIED ||
				      !syscall(SYS_futex, &node.word,
					       FUTEX_WAIT, w, 0, 0, 0) ||
				      errno == EAGAIN);
	printf("word %x\n", node.word);
}

int main(void)
{
	leave_libc_area();
	registration();
	child();
	aborts();
	barriers();
	bad_section();
	SAY(syscall(SYS_rseq, &ours, 32, 1, SIG));
	printf("cpu %d\n", (int)ours.cpu);
	robust();
	return 0;
}
