/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h: what the files of task/ share among themselves.
 *
 * Lock order here: tasklist_lock, then process.siglock, then timers, wait
 * queues and run queues.
 */
#ifndef TASK_INTERNAL_H
#define TASK_INTERNAL_H

#include "kuni/task.h"

/* sched.c */
#define WAKE_SLEEP   1U /* TASK_SLEEP */
#define WAKE_HARD    2U /* TASK_SLEEP_HARD */
#define WAKE_STOPPED 4U /* TASK_STOPPED */
bool sched_wake_states(struct task *t, unsigned states);
void sched_kick(
	struct task *t); /* into the kernel, where it runs in user mode */
void sched_set_affinity(struct task *t, uint64_t mask);
void sched_boost(struct task *t, int prio);
void sched_set_policy(struct task *t, int policy, int rt_prio, int nice);
void task_count_kernel(struct task *t, uint64_t tsc);
uint64_t sched_runtime(struct task *t); /* ns on a CPU until now */
void sched_start_cpus(uint64_t mask);
/* those that do not run yet */ /* bit n: CPU n runs */

/* timer.c */
void timer_init_cpu(void);

/* pid.c */
int pid_alloc(void); /* tasklist_lock held; a free number, or -EAGAIN */
void pid_hash_add(struct task *t);
void pid_hash_del(struct task *t);
struct task *pid_hash_find(int tid);     /* tasklist_lock held, no reference */
struct process *process_lookup(int pid); /* the same */

/* task.c */
int task_create(const char *comm, struct task **out) MUST_CHECK;
int process_create(struct process **out) MUST_CHECK;
void task_start(struct task *t, void (*fn)(void *), void *arg);
void task_drop_mm(void);        /* current's, at exec's end or exit */
void task_set_mm(struct mm *m); /* current runs in m from now; takes m */
void vfork_release(struct task *t);
void task_tty_put(struct tty *t);

/* signal.c, sigsend.c */
void sigpending_init(struct sigpending *p);
unsigned sigpending_flush(struct sigpending *p);
void signal_recalc(struct task *t); /* siglock held */
int signal_send_locked(struct process *p, struct task *t, int signo,
		       const struct siginfo_k *info, bool force);
int signal_dequeue(struct task *t, uint64_t wanted, struct siginfo_k *info);
void signal_discard(struct process *p, uint64_t mask);
void signal_kill_threads(struct process *p, struct task *but);
void signal_from_host(int signo);
void signal_parent(struct process *p, int code, int status);
int sighand_create(struct sighand **out) MUST_CHECK;
int sighand_fork(struct sighand *from, struct sighand **out) MUST_CHECK;
void sighand_put(struct sighand *h);
void signal_deliver(struct arch_regs *r);
bool signal_default_ignored(int signo);
bool signal_default_stop(int signo);
void siginfo_user(struct siginfo_k *info, int signo, int code);
#define SIG_DFL 0
#define SIG_IGN 1
#define SIG_STOPS                                                              \
	(SIGMASK(SIGSTOP) | SIGMASK(SIGTSTP) | SIGMASK(SIGTTIN) |              \
	 SIGMASK(SIGTTOU))
#define SIG_KERNEL_ONLY (SIGMASK(SIGKILL) | SIGMASK(SIGSTOP))

/* exit.c, waitpid.c */
void process_reap(struct process *p); /* tasklist held: out of every table */
void pgrp_check_orphans(int pgid, int sid);
bool pgrp_orphaned_locked(int pgid, const struct process *but);

/* cred.c */
void task_set_cred(struct cred *c);
struct cred *task_cred_get(struct task *t);
bool cred_is(const struct cred *c, uint32_t uid, uint32_t gid);
void process_uids(struct process *p, uint32_t *uid, uint32_t *suid);

/* futex.c */
void futex_exit(struct task *t, bool dies);
void futex_pi_priority(struct task *t);
int futex_wake_addr(struct mm *mm, uaddr_t at, bool shared, unsigned n);

int may_signal(struct process *p, int sig); /* of syscall/sys_signal.c */

/* cputimer.c */
void cputimer_init(struct process *p);
void cputimer_exit(struct process *p);
void cputimer_watch(struct process *p); /* siglock held */
bool cputimer_limited(const struct process *p);
void cputimer_event(struct task *t);
int cputimer_sleep(struct process *p, uint64_t deadline) MUST_CHECK;

/* seccomp.c */
struct seccomp_filter;
void seccomp_get(struct seccomp_filter *f);
void seccomp_put(struct seccomp_filter *f);
void seccomp_fork(struct task *t); /* siglock held */

/* ptrace.c, ptrace_stop.c; the last four with tasklist_lock held */
bool ptrace_seccomp(struct arch_regs *r, unsigned data, long *ret);
bool ptrace_fork(struct task *t, int event, bool force);
void ptrace_release(struct task *t);
bool ptrace_defers(struct task *t, int status);
void ptrace_tracer_exit(struct task *t, bool all);
void process_told(struct process *p); /* exit.c: its parent may know */

/* Traced by one who may not do as it pleases. */
bool ptrace_unsafe(struct task *t);

/* rseq.c */
long rseq_register(uaddr_t rseq, uint32_t len, int flags, uint32_t sig);
void rseq_update(struct arch_regs *r);
void rseq_signal(struct arch_regs *r);
void rseq_switched(struct task *t);
void rseq_leave(struct task *t);

/* timer_posix.c */
void itimer_init(struct process *p);
void itimer_exit(struct process *p);
void posix_timers_exit(struct process *p);

void itimer_taken(struct process *p);
void posix_timer_taken(struct process *p, struct siginfo_k *info);

/* exec.c */
int exec_path(const char *name, char *const *argv,
	      char *const *envp) MUST_CHECK;

/* rlimit.c */
void rlimit_defaults(struct lx_rlimit rlim[16]);

/* control.c */
bool ctl_is_open(void);
int ctl_open(void) MUST_CHECK;
int ctl_send(unsigned type, const void *a, size_t na, const void *b,
	     size_t nb) MUST_CHECK;
void ctl_started(void);

#endif
