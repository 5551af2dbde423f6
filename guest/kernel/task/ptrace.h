/* SPDX-License-Identifier: Apache-2.0 */
/* ptrace.h: one task traces another (ptrace.c, ptrace_stop.c). */
#ifndef TASK_PTRACE_H
#define TASK_PTRACE_H

#include "internal.h"

#define PTRACE_EVENT_FORK       1
#define PTRACE_EVENT_VFORK      2
#define PTRACE_EVENT_CLONE      3
#define PTRACE_EVENT_EXEC       4
#define PTRACE_EVENT_VFORK_DONE 5
#define PTRACE_EVENT_EXIT       6
#define PTRACE_EVENT_SECCOMP    7
#define PTRACE_EVENT_STOP       128

#define PTRACE_O_SYSGOOD  1U /* the others are 1 << event */
#define PTRACE_O_EXITKILL (1U << 20)
#define PTRACE_O_KNOWN    (PTRACE_O_EXITKILL | 0xffU)

enum ptrace_how { PT_CONT, PT_SYSCALL, PT_STEP };
enum ptrace_op { PT_OP_NONE, PT_OP_ENTRY, PT_OP_EXIT, PT_OP_SECCOMP };

/* Of a tracee; made when it is first traced, freed with the task. */
struct ptrace {
	struct task *task;       /* [I] */
	struct task *tracer;     /* [tasklist] reference; NULL: not traced */
	LIST_ENTRY(ptrace) link; /* [tasklist] tracer's process.traced */
	bool dead;               /* [tasklist] ended, to be waited for */
	unsigned options;        /* [siglock] PTRACE_O_* */
	bool seized;             /* [siglock] */
	bool stopped, reported;  /* [siglock] in a stop; waited for */
	bool group;              /* [siglock] the stop is a group stop */
	bool listening;          /* [siglock] PTRACE_LISTEN */
	bool interrupt;          /* [siglock] is to stop for PTRACE_INTERRUPT */
	bool over;               /* [siglock] runs although its group stands */
	int code;                /* [siglock] of the stop: signal, event << 8 */
	int resume_sig;          /* [siglock] */
	enum ptrace_how how;     /* [siglock] */
	enum ptrace_op op;       /* [siglock] kind of the stop */
	struct siginfo_k info;   /* [siglock] */
	uint64_t msg;            /* [siglock] PTRACE_GETEVENTMSG */
};

static inline bool ptraced(const struct task *t)
{
	return t->pt && __atomic_load_n(&t->pt->tracer, __ATOMIC_RELAXED);
}

/* ptrace_stop.c: in the tracee */
int ptrace_signal_stop(struct siginfo_k *info);
void ptrace_group_stop(struct process *p);
bool ptrace_event(int event, uint64_t msg);
bool ptrace_wants(int event);

/* ptrace.c: in the tracer */
int ptrace_attach(struct task *t, bool seize, unsigned options) MUST_CHECK;
int ptrace_traceme(void) MUST_CHECK;
void ptrace_detach(struct task *t, int sig);
void ptrace_resume(struct task *t, enum ptrace_how how, int sig);
/* t in a stop of current's, and off its CPU; else -ESRCH. */
int ptrace_check(struct task *t) MUST_CHECK;

#endif
