/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_time.c: clocks, sleeping, interval timers.
 *
 * One source: arch_clock_ns(), monotonic since boot.  The wall clock is that
 * plus an offset: the host's time at first, and what CAP_SYS_TIME sets it to
 * later.  The VM's clock is its own, so that a container that may set it does
 * so for itself alone.
 */
#include <string.h>

#include "guest/kernel/task/timer_posix.h"
#include "syscall_proto.h"

#define ITIMER_REAL     0
#define ITIMER_PROF     2
#define CPUCLOCK_THREAD 4
#define COARSE_NS       4000000

struct lx_itimerval {
	struct lx_timeval interval, value;
};
struct lx_itimerspec {
	struct lx_timespec interval, value;
};

static struct lx_timespec timespec_of(uint64_t ns)
{
	return (struct lx_timespec){ (int64_t)(ns / NSEC_PER_SEC),
				     (int64_t)(ns % NSEC_PER_SEC) };
}

static bool valid(const struct lx_timespec *ts)
{
	return ts->sec >= 0 && (uint64_t)ts->nsec < NSEC_PER_SEC;
}

/* ns, saturated far below DEADLINE_NEVER so that sums do not wrap. */
static uint64_t ns_of(const struct lx_timespec *ts)
{
	if (ts->sec >= INT64_MAX / 2 / (int64_t)NSEC_PER_SEC)
		return INT64_MAX / 2;
	return (uint64_t)ts->sec * NSEC_PER_SEC + (uint64_t)ts->nsec;
}

/* Clocks of other processes and threads: ~pid in bits 3 and up. */
static int cpu_clock(int clock, uint64_t *out)
{
	int id = ~(clock >> 3);
	uint64_t user, sys;
	struct task *t;

	if ((clock & 3) == 3)
		return -EINVAL;
	t = task_find(id                        ? id
		      : clock & CPUCLOCK_THREAD ? current->tid
						: current->proc->pid);
	if (!t || !t->proc) {
		if (t)
			task_put(t);
		return -EINVAL;
	}
	if (clock & CPUCLOCK_THREAD) {
		task_times(t, out, &sys);
	} else {
		process_times(t->proc, &user, &sys);
		*out = user + sys;
	}
	task_put(t);
	return 0;
}

static int read_clock(int clock, uint64_t *out)
{
	uint64_t user, sys;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_TAI:
		*out = arch_clock_ns() + arch_wall_offset_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*out = arch_clock_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		process_times(current->proc, &user, &sys);
		*out = user + sys;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		task_times(current, out, &sys);
		return 0;
	default:
		return clock < 0 ? cpu_clock(clock, out) : -EINVAL;
	}
}

long sys_clock_gettime(int clock, uaddr_t tp)
{
	struct lx_timespec ts;
	uint64_t ns;
	int ret = read_clock(clock, &ns);

	if (ret)
		return ret;
	ts = timespec_of(ns);
	return copy_to_user(tp, &ts, sizeof(ts));
}

static int set_wall(const struct lx_timespec *ts)
{
	if (!valid(ts) || ts->sec >= INT64_MAX / (int64_t)NSEC_PER_SEC)
		return -EINVAL;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (ns_of(ts) < arch_clock_ns())
		return -EINVAL; /* CLOCK_MONOTONIC would be ahead of it */
	arch_wall_offset_set(ns_of(ts) - arch_clock_ns());
	return 0;
}

long sys_clock_settime(int clock, uaddr_t tp)
{
	struct lx_timespec ts;

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	if (copy_from_user(&ts, tp, sizeof(ts)))
		return -EFAULT;
	return set_wall(&ts);
}

/* A time zone of the kernel's is not kept: EINVAL for one with an offset. */
long sys_settimeofday(uaddr_t tv, uaddr_t tz)
{
	struct lx_timeval v = { 0 };
	struct lx_timespec ts;
	int32_t zone[2] = { 0 };

	if (tv.v && copy_from_user(&v, tv, sizeof(v)))
		return -EFAULT;
	if (tz.v && copy_from_user(zone, tz, sizeof(zone)))
		return -EFAULT;
	if (v.usec < 0 || v.usec >= 1000000)
		return -EINVAL;
	if (!tv.v)
		return !capable(CAP_SYS_TIME) ? -EPERM : zone[0] ? -EINVAL : 0;
	ts = (struct lx_timespec){ v.sec, v.usec * 1000 };
	return zone[0] ? -EINVAL : set_wall(&ts);
}

long sys_clock_getres(int clock, uaddr_t tp)
{
	struct lx_timespec ts = { 0, 1 };
	uint64_t now;
	int ret = read_clock(clock, &now);

	if (ret)
		return ret;
	if (clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE)
		ts.nsec = COARSE_NS;
	return tp.v ? copy_to_user(tp, &ts, sizeof(ts)) : 0;
}

long sys_gettimeofday(uaddr_t tv, uaddr_t tz)
{
	uint64_t ns = arch_clock_ns() + arch_wall_offset_ns();
	struct lx_timeval v = { (int64_t)(ns / NSEC_PER_SEC),
				(int64_t)(ns % NSEC_PER_SEC / 1000) };
	const int32_t zone[2] = { 0, 0 };

	if (tv.v && copy_to_user(tv, &v, sizeof(v)))
		return -EFAULT;
	return tz.v ? copy_to_user(tz, zone, sizeof(zone)) : 0;
}

long sys_time(uaddr_t tloc)
{
	int64_t sec = (int64_t)((arch_clock_ns() + arch_wall_offset_ns()) /
				NSEC_PER_SEC);

	if (tloc.v && copy_to_user(tloc, &sec, sizeof(sec)))
		return -EFAULT;
	return sec;
}

/* ---- sleeping ---- */

static int sleep_until(uint64_t deadline)
{
	int ret = 0;

	while (ret != -ETIMEDOUT) {
		sched_prepare(TASK_SLEEP);
		if (signal_pending()) {
			sched_finish();
			return -ERESTARTSYS;
		}
		ret = sched_sleep(deadline);
		sched_finish();
	}
	return 0;
}

static int put_rest(uaddr_t rmtp, uint64_t deadline)
{
	uint64_t now = arch_clock_ns();
	struct lx_timespec ts =
		timespec_of(deadline > now ? deadline - now : 0);

	if (rmtp.v && copy_to_user(rmtp, &ts, sizeof(ts)))
		return -EFAULT;
	return 0;
}

static long restart_sleep(struct task *t)
{
	long ret = sleep_until(t->restart_deadline);

	if (!ret)
		return 0;
	ret = put_rest(UADDR(t->restart_arg[0]), t->restart_deadline);
	return ret ? ret : -ERESTART_BLOCK;
}

static long sleep_for(uint64_t ns, uaddr_t rmtp)
{
	struct task *t = current;

	t->restart_deadline = arch_clock_ns() + ns;
	t->restart_arg[0] = rmtp.v;
	t->restart_fn = restart_sleep;
	return restart_sleep(t);
}

long sys_nanosleep(uaddr_t rqtp, uaddr_t rmtp)
{
	struct lx_timespec ts;

	if (copy_from_user(&ts, rqtp, sizeof(ts)))
		return -EFAULT;
	return valid(&ts) ? sleep_for(ns_of(&ts), rmtp) : -EINVAL;
}

static int cpu_rest(struct process *p, uaddr_t rmtp, uint64_t deadline)
{
	uint64_t user, sys;
	struct lx_timespec ts;

	process_times(p, &user, &sys);
	ts = timespec_of(deadline > user + sys ? deadline - user - sys : 0);
	return rmtp.v ? copy_to_user(rmtp, &ts, sizeof(ts)) : 0;
}

static long restart_cpu(struct task *t)
{
	struct process *p = process_find((int)t->restart_arg[1]);
	long ret;

	if (!p)
		return 0; /* it will use no more */
	ret = cputimer_sleep(p, t->restart_deadline);
	if (ret)
		ret = cpu_rest(p, UADDR(t->restart_arg[0]), t->restart_deadline)
			      ? -EFAULT
			      : -ERESTART_BLOCK;
	process_put(p);
	return ret;
}

/* On the CPU clock of a process. */
static long sleep_cpu(int clock, int flags, uaddr_t rqtp, uaddr_t rmtp)
{
	struct task *t = current;
	struct lx_timespec ts;
	uint64_t now;
	int id = clock < 0 ? ~(clock >> 3) : 0, ret;

	if (clock < 0 && clock & CPUCLOCK_THREAD)
		return -EINVAL;
	ret = read_clock(clock, &now);
	if (!ret && copy_from_user(&ts, rqtp, sizeof(ts)))
		ret = -EFAULT;
	if (!ret && !valid(&ts))
		ret = -EINVAL;
	if (ret)
		return ret;
	t->restart_deadline = ns_of(&ts);
	if (!(flags & TIMER_ABSTIME))
		t->restart_deadline += now;
	t->restart_arg[0] = flags & TIMER_ABSTIME ? 0 : rmtp.v;
	t->restart_arg[1] = (uint64_t)(id ? id : t->proc->pid);
	t->restart_fn = restart_cpu;
	ret = (int)restart_cpu(t);
	return ret && flags & TIMER_ABSTIME ? -ERESTARTNOHAND : ret;
}

long sys_clock_nanosleep(int clock, int flags, uaddr_t rqtp, uaddr_t rmtp)
{
	struct lx_timespec ts;
	uint64_t ns, offset;

	if (clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID)
		return sleep_cpu(clock, flags, rqtp, rmtp);
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC &&
	    clock != CLOCK_BOOTTIME && clock != CLOCK_TAI)
		return clock == CLOCK_MONOTONIC_RAW ||
				       clock == CLOCK_REALTIME_COARSE ||
				       clock == CLOCK_MONOTONIC_COARSE
			       ? -EOPNOTSUPP
			       : -EINVAL;
	if (copy_from_user(&ts, rqtp, sizeof(ts)))
		return -EFAULT;
	if (!valid(&ts))
		return -EINVAL;
	ns = ns_of(&ts);
	if (!(flags & TIMER_ABSTIME))
		return sleep_for(ns, rmtp);
	offset = clock == CLOCK_REALTIME || clock == CLOCK_TAI
			 ? arch_wall_offset_ns()
			 : 0;
	return sleep_until(ns - min(ns, offset)) ? -ERESTARTNOHAND : 0;
}

/* What ERESTART_BLOCK leads to, once no handler ran. */
long sys_restart_syscall(void)
{
	struct task *t = current;

	return t->restart_fn ? t->restart_fn(t) : -EINTR;
}

/* ---- interval timers ---- */

static struct lx_timeval timeval_of(uint64_t ns)
{
	return (struct lx_timeval){ (int64_t)(ns / NSEC_PER_SEC),
				    (int64_t)(ns % NSEC_PER_SEC / 1000) };
}

static bool valid_timeval(const struct lx_timeval *tv)
{
	return tv->sec >= 0 && tv->usec >= 0 && tv->usec < 1000000;
}

static uint64_t timeval_ns(const struct lx_timeval *tv)
{
	struct lx_timespec ts = { tv->sec, tv->usec * 1000 };

	return ns_of(&ts);
}

long sys_getitimer(int which, uaddr_t value)
{
	uint64_t left, interval;
	struct lx_itimerval v;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	if (which == ITIMER_REAL)
		itimer_get(current->proc, &left, &interval);
	else
		cpu_itimer_get(current->proc, which - 1, &left, &interval);
	v.value = timeval_of(left);
	v.interval = timeval_of(interval);
	return copy_to_user(value, &v, sizeof(v));
}

long sys_setitimer(int which, uaddr_t value, uaddr_t ovalue)
{
	struct lx_itimerval v = { 0 };
	long ret = 0;

	if (value.v && copy_from_user(&v, value, sizeof(v)))
		return -EFAULT;
	if (which < ITIMER_REAL || which > ITIMER_PROF ||
	    !valid_timeval(&v.value) || !valid_timeval(&v.interval))
		return -EINVAL;
	if (ovalue.v)
		ret = sys_getitimer(which, ovalue);
	if (ret)
		return ret;
	if (which == ITIMER_REAL)
		itimer_set(current->proc, timeval_ns(&v.value),
			   timeval_ns(&v.interval));
	else
		cpu_itimer_set(current->proc, which - 1, timeval_ns(&v.value),
			       timeval_ns(&v.interval));
	return 0;
}

long sys_alarm(unsigned int seconds)
{
	uint64_t left, interval;

	itimer_get(current->proc, &left, &interval);
	itimer_set(current->proc, seconds * NSEC_PER_SEC, 0);
	return (long)((left + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
}

/* ---- timer_create and its like ---- */

struct lx_sigevent_user {
	uint64_t value;
	int32_t signo, notify, tid, pad[11];
};

/* A clock by pid that is one's own, by its simple name; else as it is. */
static int own_cpu_clock(int clock)
{
	int id = ~(clock >> 3);

	if ((clock & 3) == 3)
		return clock;
	if (clock & CPUCLOCK_THREAD)
		return !id || id == current->tid ? CLOCK_THREAD_CPUTIME_ID
						 : clock;
	return !id || id == current->proc->pid ? CLOCK_PROCESS_CPUTIME_ID
					       : clock;
}

long sys_timer_create(int clock, uaddr_t event, uaddr_t id)
{
	struct lx_sigevent_user u = { .signo = SIGALRM };
	struct lx_sigevent ev;
	int ret;

	if (clock < 0)
		clock = own_cpu_clock(clock);
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC &&
	    clock != CLOCK_BOOTTIME && clock != CLOCK_TAI &&
	    clock != CLOCK_PROCESS_CPUTIME_ID &&
	    clock != CLOCK_THREAD_CPUTIME_ID)
		return clock < 0 || clock == CLOCK_MONOTONIC_RAW ||
				       clock == CLOCK_REALTIME_COARSE ||
				       clock == CLOCK_MONOTONIC_COARSE
			       ? -EOPNOTSUPP
			       : -EINVAL;
	if (event.v && copy_from_user(&u, event, sizeof(u)))
		return -EFAULT;
	ev = (struct lx_sigevent){ u.value, u.signo, u.notify, u.tid,
				   !event.v };
	ret = posix_timer_new(clock, &ev);
	if (ret < 0)
		return ret;
	if (copy_to_user(id, &ret, sizeof(ret))) {
		(void)posix_timer_delete(ret);
		return -EFAULT;
	}
	return 0;
}

static int put_setting(uaddr_t at, const struct timer_value *v)
{
	struct lx_itimerspec s = { timespec_of(v->interval),
				   timespec_of(v->value) };

	return copy_to_user(at, &s, sizeof(s));
}

long sys_timer_settime(int id, int flags, uaddr_t new_setting,
		       uaddr_t old_setting)
{
	struct timer_value v, old;
	struct lx_itimerspec s;
	int ret;

	if (copy_from_user(&s, new_setting, sizeof(s)))
		return -EFAULT;
	if (!valid(&s.value) || !valid(&s.interval))
		return -EINVAL;
	v.value = ns_of(&s.value);
	v.interval = ns_of(&s.interval);
	ret = posix_timer_set(id, flags & TIMER_ABSTIME, &v, &old);
	if (!ret && old_setting.v)
		ret = put_setting(old_setting, &old);
	return ret;
}

long sys_timer_gettime(int id, uaddr_t setting)
{
	struct timer_value v;
	int ret = posix_timer_get(id, &v);

	return ret ? ret : put_setting(setting, &v);
}

long sys_timer_getoverrun(int id)
{
	return posix_timer_overrun(id);
}

long sys_timer_delete(int id)
{
	return posix_timer_delete(id);
}
