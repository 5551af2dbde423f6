/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task.h: threads, processes, credentials, signals.
 *
 * struct task is a thread; threads of one thread group share a struct
 * process.  mm, files, fs and the signal handlers are shared by reference, as
 * clone(2) says.  The pid tables, parents, sessions and groups are under
 * tasklist_lock (RANK_TASKLIST), signals under process.siglock.
 */
#ifndef KUNI_TASK_H
#define KUNI_TASK_H

#include <sys/queue.h>

#include "kuni/arch.h"
#include "kuni/fs.h"
#include "kuni/linux.h"
#include "kuni/lock.h"
#include "kuni/mm.h"
#include "kuni/sched.h"

#define NGROUPS_MAX 65536
#define NSIG        64

struct cred {         /* immutable once shared; changed by copy */
	uint32_t ref; /* [a] */
	uint32_t uid, euid, suid, fsuid;
	uint32_t gid, egid, sgid, fsgid;
	uint64_t cap_inh, cap_perm, cap_eff, cap_bset, cap_amb;
	uint32_t securebits;
	uint32_t ngroups;
	uint32_t *groups; /* sorted */
};

struct ksigaction {
	uint64_t handler; /* user address, 0 SIG_DFL, 1 SIG_IGN */
	uint64_t flags;   /* SA_* */
	uint64_t restorer;
	uint64_t mask; /* bit n-1 is signal n */
};

/* siginfo_t as user space sees it: 128 bytes. */
struct siginfo_k {
	int32_t signo, err, code;
	int32_t of_timer; /* ours; 0 when user mode sees it */
	union {
		struct {
			int32_t pid;
			uint32_t uid;
			union {
				int32_t status; /* SIGCHLD */
				int32_t val_lo;
			};
			int32_t pad;
			int64_t utime, stime;
		};
		struct {
			int32_t pid_rt;
			uint32_t uid_rt;
			uint64_t value; /* sigqueue */
		};
		struct {
			int32_t tid, overrun;
			uint64_t tvalue; /* timers */
		};
		struct {
			uint64_t addr; /* faults */
		};
		struct {
			int64_t band;
			int32_t fd;
		};
		struct {
			uint64_t call_addr; /* SIGSYS */
			int32_t syscall_nr;
			uint32_t arch;
		};
		uint8_t bytes[112];
	};
};
_Static_assert(sizeof(struct siginfo_k) == 128, "siginfo_t");

struct sigqueue {
	TAILQ_ENTRY(sigqueue) link;
	struct siginfo_k info;
};
struct sigpending {
	uint64_t set;                /* bit n-1 */
	TAILQ_HEAD(, sigqueue) list; /* init by TAILQ_INIT */
};

struct sighand {
	uint32_t ref;                   /* [a] */
	struct ksigaction action[NSIG]; /* [process.siglock of any sharer] */
};

struct launch;
struct tty;

/* What a task has read and written, for /proc/PID/io. */
struct task_io {
	uint64_t rchar, wchar, syscr, syscw; /* by read(2), write(2) */
	uint64_t read_bytes, write_bytes;    /* from and to the host */
};

struct process {
	uint32_t ref;                  /* [a] tasks and pid table */
	int pid;                       /* [I] tgid */
	struct task *leader;           /* [tasklist] */
	TAILQ_HEAD(, task) threads;    /* [tasklist] */
	unsigned nthreads;             /* [tasklist] */
	struct process *parent;        /* [tasklist] NULL for init */
	LIST_HEAD(, process) children; /* [tasklist] */
	LIST_ENTRY(process) sibling;   /* [tasklist] */
	LIST_ENTRY(process) all_link;  /* [tasklist] of all_processes */
	int pgid, sid;                 /* [tasklist] */
	struct tty *tty;            /* [tasklist] controlling terminal, ref */
	LIST_HEAD(, ptrace) traced; /* [tasklist] of its threads' tracees */
	bool did_exec, is_subreaper, zombie;
	int exit_signal;      /* to the parent */
	uint32_t exit_status; /* wait status */
	bool group_exit;      /* [siglock] exit_group or fatal signal runs */
	bool stopped, stop_reported, continued; /* [siglock] */
	int stop_signal;
	struct spinlock siglock;
	struct sighand *hand;                  /* [siglock] */
	struct sigpending pending;             /* [siglock] of the process */
	uint64_t nqueued;                      /* [siglock] its signals */
	struct waitq child_wait;               /* wait4 sleeps here */
	struct waitq exit_wait;                /* pidfd poll */
	struct lx_rlimit rlim[16];             /* [siglock] */
	uint64_t utime, stime, cutime, cstime; /* ns [siglock] */
	uint64_t minflt, majflt, nvcsw, nivcsw, maxrss;
	uint64_t start_ns; /* boot clock */
	struct ktimer itimer_real;
	struct mutex itimer_lock; /* who sets it */
	uint64_t itimer_interval; /* [siglock] ns */
	bool itimer_queued;       /* [siglock] its SIGALRM pends */
	void *posix_timers;       /* of task/timer_posix.c */
	struct cpu_itimer {       /* ITIMER_VIRTUAL, _PROF: ns of their clock */
		uint64_t expires, interval;
	} cpu_itimer[2]; /* [siglock] */
	struct ktimer cpu_tick;
	bool cpu_watch;      /* [siglock] see task/cputimer.c */
	uint8_t cpu_ticking; /* [a] */
	bool dumpable, no_exec_pgid_change;
	int oom_score_adj;
	struct waiter *vfork_wait; /* parent's, woken at exec or exit */
	unsigned live;             /* [a] threads not yet in task_exit() */
	struct task *exec_task;    /* [siglock] execs: the others must exit */
	struct waitq thread_wait;  /* a thread has left: for exec_task */
	bool forced;       /* [siglock] init may die of what is pending */
	bool oom_killed;   /* [siglock] memory ran out */
	bool exiting;      /* [tasklist] init ends: children reap themselves */
	struct task_io io; /* [tasklist] of threads that are gone */
	/* [tasklist] of children that were waited for */
	uint64_t cmaxrss, cminflt, cmajflt, cnvcsw, cnivcsw;
};

struct task {
	struct arch_task arch;
	int tid;        /* [I] */
	uint32_t ref;   /* [a] */
	uint32_t state; /* [a] enum task_state */
	bool wake_pending;
	bool on_cpu, on_rq; /* [runq] */
	uint32_t cpu;       /* [runq] where it runs or ran */
	uint64_t affinity;  /* bit n: CPU n */
	int nice, policy, rt_prio;
	int rt_boost; /* [runq] priority lent by who waits for its futexes */
	uint64_t vruntime, slice_end, last_start, sum_exec; /* ns */
	uint64_t rt_since; /* sum_exec when it slept last */
	TAILQ_ENTRY(task) rq_link;
	struct ktimer sleep_timer;
	struct process *proc;          /* [I] reference; NULL: kernel thread */
	TAILQ_ENTRY(task) thread_link; /* process.threads */
	LIST_ENTRY(task) tid_link;     /* pid hash */
	struct mm *mm;                 /* [o] reference; NULL: kernel thread */
	struct fdtable *files;         /* [o] */
	struct fs_ctx *fs;             /* [o] */
	struct cred *cred;             /* [o] */
	bool no_new_privs;
	uint64_t sig_mask;   /* [siglock] blocked */
	uint64_t saved_mask; /* of sigsuspend, ppoll: restored on return */
	uint64_t
		waited_mask; /* [siglock] sigtimedwait: blocked but for waking */
	struct sigpending pending; /* [siglock] of the thread */
	/* What is to be seen to before user mode, looked at as one word. */
	union {
		struct {
			volatile bool sig_check; /* [a] look for signals */
			bool restore_mask;       /* [o] saved_mask */
			bool rseq_event;         /* [o] see task/rseq.c */
			bool cpu_event;          /* [a] see task/cputimer.c */
			int16_t restart_code; /* [o] ERESTART* of the last call */
			bool mem_low;         /* [o] see mm_balance() */
		};
		volatile uint64_t user_work;
	};
	uint64_t altstack_sp, altstack_size;
	int altstack_flags;
	uaddr_t clear_tid; /* set_tid_address */
	uaddr_t robust_list;
	size_t robust_len;
	LIST_HEAD(, pi_state) pi_owned; /* [pi_lock] of task/futex_pi.c */
	struct pi_waiter *pi_blocked;   /* [pi_lock] */
	bool pi_dead;                   /* [pi_lock] owns nothing more */
	uaddr_t rseq;                   /* [o] struct rseq of the program */
	uint32_t rseq_len, rseq_sig;
	unsigned mm_cid; /* [o] concurrency id + 1; 0: none held */
	int vfork_done;  /* set at exec/exit of a vfork child */
	struct task *vfork_parent;
	uint64_t restart_deadline; /* ERESTART_BLOCK */
	long (*restart_fn)(struct task *t);
	uint64_t restart_arg[4];
	char comm[16];
	uint64_t stack_top;    /* kernel stack */
	uint64_t kernel_ticks; /* [o] of the TSC, in the kernel, until */
	uint64_t kernel_since; /* [o] its last entry, or switch to it */
	uint64_t nvcsw, nivcsw, minflt, majflt;
	uint64_t start_ns;
	unsigned long syscall_nr; /* now, for debugging */
	void (*kfn)(void *);      /* kernel threads */
	void *karg;
	int exit_code;     /* wait status when it exits */
	uint32_t sys_work; /* [a] SYS_WORK_*: looked at in every call */
	int seccomp_mode;  /* [siglock] */
	struct seccomp_filter *seccomp; /* [siglock] reference */
	struct ptrace *pt;              /* [a] made once: see task/ptrace.h */
	unsigned personality;
	uint16_t ioprio;  /* [tasklist] class << 13 | level */
	uint8_t mce_kill; /* [o] of prctl */
	int pdeath_signal;
	uint64_t timer_slack;
	uint64_t mutex_ranks; /* [o] ranks of mutexes held, debug builds */
	bool exiting;         /* [siglock] past taking signals */
	bool timed_out;       /* [o] sleep_timer has fired */
	struct task_io io;    /* [o] */
};

#define SYS_WORK_SECCOMP 1U
#define SYS_WORK_TRACE   2U

extern struct spinlock tasklist_lock;
LIST_HEAD(process_list, process);
extern struct process_list all_processes; /* [tasklist] */
extern struct process *init_process;

/* The loop that every user task's kernel stack runs (task/user_loop.c). */
_Noreturn void task_user_loop(void *unused);
/* Before each return to user mode: signals, resched, stop. */
void task_to_user(struct arch_regs *r);

/* CPU time of t until now, ns: all of it, and the part in the kernel. */
void task_times(struct task *t, uint64_t *total, uint64_t *sys);
/* The same of a whole process, dead threads included. */
void process_times(struct process *p, uint64_t *user, uint64_t *sys);

/* The machine, for /proc (task/load.c) */
struct cpu_times {
	uint64_t user, system, idle; /* ns since boot */
};
void cpu_times(unsigned cpu, struct cpu_times *out);
void load_average(uint64_t out[3]);
uint64_t sched_idle_ns(unsigned cpu);
uint64_t task_kernel_ns(unsigned cpu); /* in the kernel, for tasks */
void sched_count(unsigned *running, uint64_t *switches);
uint64_t sched_online(void);               /* bit n: CPU n runs */
extern unsigned process_count, task_count; /* [tasklist] */
extern uint64_t tasks_made;                /* [a] since boot */
extern int last_pid;                       /* [tasklist] */

/* pids */
struct task *task_find(int tid);       /* reference, or NULL */
struct process *process_find(int pid); /* reference, or NULL */
void task_get(struct task *t);
void task_put(struct task *t);
void process_get(struct process *p);
void process_put(struct process *p);

/* Whether current may look into t, or change it, as ptrace(2) has it
 * (task/inspect.c): 0, -EPERM.  Never fails for a thread of its own. */
enum inspect { INSPECT_FS, INSPECT_REAL }; /* whose uid, and capabilities */
int task_inspect(struct task *t, enum inspect as) MUST_CHECK;

/* pidfds (task/pidfd.c) */
int pidfd_new(struct process *p, unsigned flags, struct file **out) MUST_CHECK;
/* The process of descriptor fd with a reference, or -EBADF. */
int pidfd_process(int fd, struct process **out, unsigned *flags) MUST_CHECK;
/* The same of a descriptor of /proc/PID (fs/procfs_pid.c). */
int procfs_process(int fd, struct process **out) MUST_CHECK;

/* What a system call does before and after itself where sys_work says so: the
 * dispatcher's part of seccomp and ptrace. */
bool seccomp_call(struct arch_regs *r, uint64_t nr, const uint64_t arg[6],
		  long *ret);
int task_tracer(struct task *t); /* tid, or 0 */
bool ptrace_syscall_enter(struct arch_regs *r);
void ptrace_syscall_exit(struct arch_regs *r);

/* What another thread has now, with a reference, or NULL (task/peek.c).  A
 * task changes its own by task_set_mm() and its like. */
struct mm *task_mm_get(struct task *t);
struct fdtable *task_files_get(struct task *t);
struct fs_ctx *task_fs_get(struct task *t);

/* clone(2), fork(2)...: child's tid or errno */
struct clone_args_k {
	uint64_t flags; /* CLONE_*, without CSIGNAL */
	uaddr_t pidfd, child_tid, parent_tid;
	int exit_signal;
	uint64_t stack; /* stack pointer of the child, 0: same */
	uint64_t tls;
	uaddr_t set_tid;
	size_t set_tid_size;
};
long task_clone(const struct clone_args_k *a);
struct exec_name {
	const char *s; /* AT_EXECFN, and what a script's interpreter reads */
	bool closes;   /* it leads through a descriptor that exec closes */
};
/* argv, envp: kernel arrays, NULL-terminated. 0: current's registers are set
 * for the new program; else errno and nothing changed. */
int task_exec(struct file *f, const struct exec_name *name, char *const *argv,
	      char *const *envp) MUST_CHECK;
_Noreturn void task_exit(int status); /* this thread; wait status */
_Noreturn void task_exit_group(int status);
long task_wait(int idtype, int id, int options, struct lx_siginfo_wait *out,
	       struct lx_rusage *ru); /* pid, 0 or errno */

/* signals (task/signal.c) */
int signal_send_process(
	struct process *p, int signo,
	const struct siginfo_k *info);       /* NULL info: SI_KERNEL */
void signal_kill_process(struct process *p); /* for want of memory */
int signal_send_task(struct task *t, int signo, const struct siginfo_k *info);
int signal_send_pgrp(int pgid, int signo, const struct siginfo_k *info);
/* A fault of current that cannot be blocked or ignored. */
void signal_force(int signo, int code, uint64_t addr);
void signal_force_info(const struct siginfo_k *info);
bool signal_fatal_pending(void);
void signal_set_mask(uint64_t mask); /* of current; recalculates sig_check */
void signal_exec(struct process *p);
#define SIGMASK(n) (1ULL << ((n)-1))

/* What job control asks of the tty layer; tasklist_lock is not held. */
bool pgrp_orphaned(int pgid);
bool signal_ignored_or_blocked(int signo); /* of current, for SIGTTIN/TTOU */

/* signals for files (task/sigtake.c) */
struct io_owner {
	int type; /* F_OWNER_* */
	int id;   /* 0: nobody */
	uint32_t uid, euid;
};
extern struct waitq signal_wait; /* woken at every signal that pends */
uint64_t signal_pending_set(void);
int signal_take(uint64_t mask, struct siginfo_k *info);
void signal_send_io(const struct io_owner *o, int signo,
		    const struct siginfo_k *info);
bool signal_owner_exists(int type, int id);
/* fs/fasync.c: SIGIO that is due, sent on the way to user mode */
extern bool fasync_pending;
void fasync_flush(void);

/* credentials (task/cred.c) */
struct cred *cred_get(struct cred *c);
void cred_put(struct cred *c);
int cred_copy(const struct cred *from, struct cred **out) MUST_CHECK;
bool capable(int cap); /* current's effective set */
bool in_group(uint32_t gid);
/* At exec: set-id bits of i and capabilities; into a fresh cred. */
int cred_exec(struct inode *i, bool nosuid, struct cred **out) MUST_CHECK;
uint64_t rlimit_get(unsigned resource); /* soft, of current */

/* host and domain name (syscall/sys_info.c): copies into buf, NUL-terminated */
#define UTS_LEN 64
void uts_get(char host[UTS_LEN + 1], char domain[UTS_LEN + 1]);
int uts_set(bool domain, const char *name, size_t len);

/* ttys (fs/tty.c) that the rest needs */
void tty_disassociate(struct process *leader);
int tty_nr(const struct process *p);
int tty_foreground(const struct process *p); /* -1: no terminal */

/* the launch description and the control channel (task/init.c, control.c) */
int launch_parse(const void *blob, size_t len, struct launch **out) MUST_CHECK;
void init_start(void *blob); /* kernel thread that becomes pid 1 */
/* pid 1 is gone: reports to the host and ends the VM. */
_Noreturn void init_exited(uint32_t wait_status, bool oom);
_Noreturn void init_failed(unsigned stage, int err, const char *what);

#endif
