/* SPDX-License-Identifier: Apache-2.0 */
/* flags.c: RFLAGS over system calls and signals, the number of a call in EAX */
#include "abi.h"

#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define TF 0x100UL
#define DF 0x400UL
#define NT 0x4000UL

static volatile sig_atomic_t traps;
static unsigned long in_context, in_handler;

/* The flags behind a getpid() that was made with more set. */
static unsigned long over_call(unsigned long more, long *ret)
{
	unsigned long out;

	__asm__ volatile(
		"lea -128(%%rsp), %%rsp\n\tpushf\n\torq %2, (%%rsp)\n\tpopf\n\t"
		"syscall\n\t"
		"pushf\n\tpop %1\n\t"
		"pushf\n\tandq %3, (%%rsp)\n\tpopf\n\t"
		"lea 128(%%rsp), %%rsp"
		: "=a"(*ret), "=&r"(out)
		: "r"(more), "r"(~(TF | DF | NT)), "0"((long)SYS_getpid)
		: "rcx", "r11", "memory", "cc");
	return out & (TF | DF | NT);
}

static void on(int sig, siginfo_t *si, void *ctx)
{
	ucontext_t *u = ctx;

	(void)sig;
	traps++;
	in_context = (unsigned long)u->uc_mcontext.gregs[REG_EFL];
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushf\n\tpop %0\n\t"
			 "lea 128(%%rsp), %%rsp"
			 : "=r"(in_handler));
	if (traps == 1)
		printf("code %d\n", si->si_code);
}

static long call_rax(unsigned long rax)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(rax)
			 : "rcx", "r11", "memory");
	return ret;
}

int main(void)
{
	static const unsigned long flags[] = { NT, TF,      NT | TF,
					       DF, TF | DF, NT | TF | DF };
	static const unsigned long high[] = { 0,          1,
					      0x7fffffff, 0x80000000,
					      0x80000001, 0xffffffff };
	struct sigaction sa = { .sa_sigaction = on, .sa_flags = SA_SIGINFO };
	long pid = getpid(), ret;

	sigaction(SIGTRAP, &sa, NULL);
	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		unsigned long out = over_call(flags[i], &ret);

		printf("%lx: %lx, call %s, traps %s, in context %lx, handler %lx\n",
		       flags[i], out, ret == pid ? "right" : "wrong",
		       traps ? "yes" : "no", in_context & (TF | NT),
		       in_handler & (TF | NT));
		traps = 0;
		in_context = in_handler = 0;
	}
	for (unsigned i = 0; i < sizeof(high) / sizeof(high[0]); i++) {
		printf("%lx: getpid %s\n", high[i],
		       call_rax(high[i] << 32 | SYS_getpid) == pid ? "right"
								   : "wrong");
		printf("%lx: -1 %ld, 999 %ld\n", high[i],
		       call_rax(high[i] << 32 | 0xffffffff),
		       call_rax(high[i] << 32 | 999));
	}
	return 0;
}
