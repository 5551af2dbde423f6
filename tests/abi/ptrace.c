/* SPDX-License-Identifier: Apache-2.0 */
/* ptrace.c: what strace and gdb do: stops, system calls, registers, memory,
 * steps, events, seizing, threads */
#include "abi.h"

#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <elf.h>
#include <stddef.h>

#define O_SYSGOOD 1
#define O_FORK    2
#define O_VFORK   4
#define O_CLONE   8
#define O_EXEC    16
#define O_VDONE   32
#define O_EXIT    64
#define O_KILL    0x100000
#define SETOPT    0x4200
#define GETMSG    0x4201
#define GETSI     0x4202
#define GETSET    0x4204
#define SEIZE     0x4206
#define INTR      0x4207
#define LISTEN    0x4208
#define SYSINFO   0x420e
#define pt(req, pid, addr, data)                                               \
	syscall(SYS_ptrace, (long)(req), pid, (void *)(addr), (void *)(data))

struct sysinfo_ {
	uint8_t op, pad[3];
	uint32_t arch;
	uint64_t ip, sp, v[8];
};
static int st;
static volatile long datum = 0x1122334455667788;
static const volatile long constant = 42;

static const char *what(int s)
{
	static char b[64];

	if (WIFSTOPPED(s))
		sprintf(b, "stopped %d event %d", WSTOPSIG(s), s >> 16);
	else if (WIFSIGNALED(s))
		sprintf(b, "signal %d", WTERMSIG(s));
	else if (WIFEXITED(s))
		sprintf(b, "exit %d", WEXITSTATUS(s));
	else
		sprintf(b, "other %x", s);
	return b;
}

static int next(const char *name, int pid)
{
	int r = waitpid(pid, &st, __WALL);

	printf("%s: %s\n", name, r < 0 ? strerrorname(errno) : what(st));
	fflush(stdout);
	return r;
}

static int tracee(void (*fn)(void))
{
	int p;

	fflush(stdout);
	p = fork();
	if (!p) {
		pt(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		fn();
		_exit(9);
	}
	return p;
}

static void calls_child(void)
{
	syscall(SYS_getppid);
	syscall(SYS_write, 99, "abc", 3);
	syscall(SYS_exit_group, 4);
}

static void calls(void)
{
	int p = tracee(calls_child);
	struct sysinfo_ si;
	siginfo_t info;
	long r;

	SAY(pt(PTRACE_CONT, p + 100000, 0, 0));
	next("first", p);
	SAY(pt(PTRACE_TRACEME + 77, p, 0, 0));
	SAY(pt(SETOPT, p, 0, 1 << 28));
	SAY(pt(SETOPT, p, 0, O_SYSGOOD));
	for (int i = 0; i < 12 && WIFSTOPPED(st); i++) {
		pt(PTRACE_SYSCALL, p, 0, 0);
		waitpid(p, &st, 0);
		if (!WIFSTOPPED(st))
			break;
		memset(&si, 0, sizeof(si));
		r = pt(SYSINFO, p, sizeof(si), &si);
		pt(GETSI, p, 0, &info);
		printf("stop %x size %ld op %d arch %x code %x", WSTOPSIG(st),
		       r, si.op, si.arch, info.si_code);
		if (si.op == 1)
			printf(" nr %d a0 %d", (int)si.v[0],
			       si.v[0] == SYS_getppid ? 0 : (int)si.v[1]);
		else
			printf(" r %d e %d",
			       (int)si.v[0] < 0 ? (int)si.v[0] : 0,
			       (int)(si.v[1] & 1));
		puts("");
	}
	printf("end: %s\n", what(st));
}

/* The tracer changes number, arguments and result. */
static void change_child(void)
{
	long a = syscall(SYS_getppid), b = syscall(SYS_dup, 99);
	long c = syscall(SYS_getuid);

	_exit(a == 1234 && b == 77 && c == -1 && errno == ENOSYS ? 5 : 6);
}

static void changes(void)
{
	struct user_regs_struct u;
	int p = tracee(change_child);

	next("stop", p);
	for (int i = 0; i < 6; i++) {
		pt(PTRACE_SYSCALL, p, 0, 0);
		waitpid(p, &st, 0);
		pt(PTRACE_GETREGS, p, 0, &u);
		if (i == 0)
			printf("nr %d rax %d cs %x ss %x\n", (int)u.orig_rax,
			       (int)u.rax, (int)u.cs, (int)u.ss);
		if (i == 1)
			u.rax = 1234;
		if (i == 3)
			u.rax = 77;
		if (i == 4)
			u.orig_rax = -1;
		pt(PTRACE_SETREGS, p, 0, &u);
	}
	pt(PTRACE_CONT, p, 0, 0);
	next("end", p);
}

static void memory_child(void)
{
	_exit(datum == 0x77 && constant == 43 ? 0 : 1);
}

static void memory(void)
{
	int p = tracee(memory_child);
	struct user_regs_struct u;
	struct iovec v = { &u, sizeof(u) };
	struct user_fpregs_struct f;
	long w;

	next("stop", p);
	SAY(pt(PTRACE_PEEKDATA, p, &datum, &w));
	printf("%lx\n", w);
	SAY(pt(PTRACE_POKEDATA, p, &datum, 0x77));
	SAY(pt(PTRACE_POKETEXT, p, &constant, 43));
	SAY(pt(PTRACE_PEEKTEXT, p, &constant, &w));
	printf("%ld here %ld\n", w, constant);
	SAY(pt(PTRACE_PEEKDATA, p, 8, &w));
	SAY(pt(PTRACE_POKEDATA, p, 8, 1));
	SAY(pt(PTRACE_PEEKUSER, p, offsetof(struct user, regs.orig_rax), &w));
	printf("%ld\n", w >= 0);
	SAY(pt(PTRACE_PEEKUSER, p, 3, &w));
	SAY(pt(PTRACE_PEEKUSER, p, 5000, &w));
	SAY(pt(GETSET, p, NT_PRSTATUS, &v));
	printf("%d %d\n", (int)v.iov_len, u.rip != 0);
	v.iov_len = 16;
	SAY(pt(GETSET, p, NT_PRSTATUS, &v));
	SAY(pt(GETSET, p, 9999, &v));
	SAY(pt(PTRACE_GETFPREGS, p, 0, &f));
	printf("mxcsr %x cwd %x\n", f.mxcsr, f.cwd);
	f.xmm_space[0] = 1;
	SAY(pt(PTRACE_SETFPREGS, p, 0, &f));
	f.xmm_space[0] = 0;
	SAY(pt(PTRACE_GETFPREGS, p, 0, &f));
	printf("%d\n", (int)f.xmm_space[0]);
	SAY(pt(PTRACE_CONT, p, 0, 99));
	SAY(pt(PTRACE_DETACH, p, 0, 0));
	next("end", p);
}

extern char step_from[] __asm__("step_from");
static void step_child(void)
{
	__asm__ volatile("step_from: int3; nop; nop; xor %%eax, %%eax; nop"
			 :
			 :
			 : "rax");
	raise(SIGUSR1);
	_exit(0);
}

static void steps(void)
{
	int p = tracee(step_child);
	struct user_regs_struct u;
	siginfo_t si;

	next("stop", p);
	pt(PTRACE_CONT, p, 0, 0);
	next("breakpoint", p);
	pt(PTRACE_GETREGS, p, 0, &u);
	pt(GETSI, p, 0, &si);
	printf("at +%d code %d\n", (int)(u.rip - (long)step_from), si.si_code);
	for (int i = 0; i < 3; i++) {
		pt(PTRACE_SINGLESTEP, p, 0, 0);
		waitpid(p, &st, 0);
		pt(PTRACE_GETREGS, p, 0, &u);
		pt(GETSI, p, 0, &si);
		printf("%s at +%d code %d flags %d\n", what(st),
		       (int)(u.rip - (long)step_from), si.si_code,
		       (int)(u.eflags & 0x100));
	}
	pt(PTRACE_CONT, p, 0, 0);
	next("signal", p);
	pt(GETSI, p, 0, &si);
	printf("%d %d\n", si.si_signo, si.si_code == SI_TKILL);
	pt(PTRACE_CONT, p, 0, SIGUSR2);
	next("another", p);
}

static void *thread(void *a)
{
	return a;
}
static void event_child(void)
{
	int s;

	if (!fork())
		_exit(1);
	wait(&s);
	if (!vfork())
		_exit(2);
	wait(&s);
	execl("/bin/true", "true", NULL);
	_exit(7);
}

/* Everything that happens, in an order that does not depend on who is first. */
static void events(void)
{
	int p = tracee(event_child), q, live = 1;
	unsigned long msg;
	int counts[8] = { 0 }, stops = 0, exits[16] = { 0 };

	next("stop", p);
	SAY(pt(SETOPT, p, 0,
	       O_FORK | O_VFORK | O_CLONE | O_EXEC | O_VDONE | O_EXIT |
		       O_KILL));
	pt(PTRACE_CONT, p, 0, 0);
	while ((q = waitpid(-1, &st, __WALL)) > 0) {
		int ev = st >> 16, sig = WSTOPSIG(st);

		if (!WIFSTOPPED(st)) {
			exits[WEXITSTATUS(st) & 15]++;
			continue;
		}
		if (ev && ev < 8) {
			counts[ev]++;
			pt(GETMSG, q, 0, &msg);
			if (ev == 4)
				printf("exec of %d\n", msg == (unsigned)q);
			if (ev == 6)
				printf("to exit with %s\n", what(msg));
			sig = 0;
		} else if (sig == SIGSTOP) {
			stops++;
			sig = 0;
		}
		pt(PTRACE_CONT, q, 0, sig);
	}
	printf("last %s fork %d vfork %d clone %d exec %d done %d exit %d stops %d: %d %d %d\n",
	       strerrorname(errno), counts[1], counts[2], counts[3], counts[4],
	       counts[5], counts[6], stops, exits[0], exits[1], exits[2]);
}

static int idle(void)
{
	int p = fork();

	if (!p) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0); /* not orphaned, whoever runs this test */
		for (;;)
			pause();
	}
	usleep(20000);
	return p;
}

static void seizes(void)
{
	int p = idle();
	siginfo_t si;

	SAY(pt(SEIZE, p, 1, 0));
	SAY(pt(SEIZE, p, 0, O_SYSGOOD));
	SAY(pt(SEIZE, p, 0, 0));
	SAY(pt(PTRACE_CONT, p, 0, 0));
	SAY(waitpid(p, &st, WNOHANG | __WALL));
	SAY(pt(INTR, p, 0, 0));
	next("interrupted", p);
	SAY(pt(GETSI, p, 0, &si));
	printf("%d %x\n", si.si_signo, si.si_code);
	pt(PTRACE_CONT, p, 0, 0);
	kill(p, SIGSTOP);
	next("sent", p);
	pt(PTRACE_CONT, p, 0, SIGSTOP);
	next("group stop", p);
	SAY(pt(LISTEN, p, 0, 0));
	SAY(pt(PTRACE_CONT, p, 0, 0));
	SAY(waitpid(p, &st, WNOHANG | __WALL));
	kill(p, SIGCONT);
	next("continued", p);
	pt(PTRACE_CONT, p, 0, 0);
	next("cont sent", p);
	SAY(pt(PTRACE_DETACH, p, 0, SIGTERM));
	next("end", p);
}

static void attaches(void)
{
	int p = idle();
	char line[100];

	SAY(pt(PTRACE_ATTACH, getpid(), 0, 0));
	SAY(pt(PTRACE_ATTACH, 1 << 29, 0, 0));
	SAY(pt(PTRACE_GETREGS, p, 0, line));
	SAY(pt(PTRACE_ATTACH, p, 0, 0));
	next("attached", p);
	SAY(pt(INTR, p, 0, 0));
	SAY(pt(PTRACE_CONT, p, 0, 0));
	kill(p, SIGWINCH);
	next("an ignored signal", p);
	pt(PTRACE_CONT, p, 0, SIGWINCH);
	kill(p, SIGUSR1);
	next("a deadly one", p);
	pt(PTRACE_CONT, p, 0, 0);
	kill(p, SIGTSTP);
	next("job control", p);
	pt(PTRACE_CONT, p, 0, SIGTSTP);
	next("stands", p);
	kill(p, SIGKILL);
	next("killed", p);
}

/* A tracer that ends: its tracee goes on, or dies with EXITKILL. */
static void ends(void)
{
	for (int kills = 0; kills < 2; kills++) {
		int p = idle(), tracer;

		fflush(stdout);
		tracer = fork();
		if (!tracer) {
			pt(SEIZE, p, 0, kills ? O_KILL : 0);
			_exit(0);
		}
		waitpid(tracer, &st, 0);
		usleep(20000);
		printf("lives %d\n", waitpid(p, &st, WNOHANG) == 0);
		kill(p, SIGKILL);
		waitpid(p, &st, 0);
	}
}

static void thread_child(void)
{
	pthread_t t;

	pthread_create(&t, 0, thread, 0);
	pthread_join(t, 0);
	_exit(0);
}

static void threads(void)
{
	int p = tracee(thread_child), q, thread_exits = 0, clones = 0;

	next("stop", p);
	SAY(pt(SETOPT, p, 0, O_CLONE));
	pt(PTRACE_CONT, p, 0, 0);
	while ((q = waitpid(-1, &st, __WALL)) > 0) {
		if (!WIFSTOPPED(st)) {
			if (q != p)
				thread_exits++;
			continue;
		}
		clones += st >> 16 == 3;
		pt(PTRACE_CONT, q, 0, 0);
	}
	printf("clones %d thread exits %d\n", clones, thread_exits);
}

int main(void)
{
	calls();
	changes();
	memory();
	steps();
	events();
	seizes();
	attaches();
	ends();
	threads();
	return 0;
}
