/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_info.c: what a program asks about the machine and the kernel: names,
 * memory, load, resource usage, random numbers, the log.
 */
#include <string.h>

#include "guest/kernel/task/internal.h"
#include "kuni/driver.h"
#include "kuni/klog.h"
#include "kuni/uts.h"
#include "syscall_proto.h"

#define GRND_NONBLOCK   1U
#define GRND_RANDOM     2U
#define GRND_INSECURE   4U
#define RUSAGE_SELF     0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD   1
#define USER_HZ         100

struct lx_utsname {
	char field[6][UTS_LEN + 1];
};

static struct spinlock uts_lock;
static char names[2][UTS_LEN + 1] = { "localhost", "(none)" }; /* [uts_lock] */

void uts_get(char host[UTS_LEN + 1], char domain[UTS_LEN + 1])
{
	spin_lock(&uts_lock);
	memcpy(host, names[0], UTS_LEN + 1);
	memcpy(domain, names[1], UTS_LEN + 1);
	spin_unlock(&uts_lock);
}

/* Host name, or domain name. -EINVAL: too long. */
int uts_set(bool domain, const char *name, size_t len)
{
	if (len > UTS_LEN)
		return -EINVAL;
	spin_lock(&uts_lock);
	memset(names[domain], 0, sizeof(names[domain]));
	memcpy(names[domain], name, len);
	spin_unlock(&uts_lock);
	return 0;
}

long sys_uname(uaddr_t buf)
{
	struct lx_utsname u = { 0 };

	strlcpy(u.field[0], UTS_SYSNAME, UTS_LEN);
	uts_get(u.field[1], u.field[5]);
	strlcpy(u.field[2], UTS_RELEASE, UTS_LEN);
	strlcpy(u.field[3], UTS_VERSION, UTS_LEN);
	strlcpy(u.field[4], UTS_MACHINE, UTS_LEN);
	return copy_to_user(buf, &u, sizeof(u));
}

static long set_name(bool domain, uaddr_t name, int len)
{
	char buf[UTS_LEN];

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > UTS_LEN)
		return -EINVAL;
	if (copy_from_user(buf, name, (size_t)len))
		return -EFAULT;
	return uts_set(domain, buf, (size_t)len);
}

long sys_sethostname(uaddr_t name, int len)
{
	return set_name(false, name, len);
}

long sys_setdomainname(uaddr_t name, int len)
{
	return set_name(true, name, len);
}

struct lx_sysinfo {
	int64_t uptime;
	uint64_t loads[3], totalram, freeram, sharedram, bufferram, totalswap,
		freeswap;
	uint16_t procs, pad;
	uint64_t totalhigh, freehigh;
	uint32_t mem_unit;
};

long sys_sysinfo(uaddr_t info)
{
	struct lx_sysinfo s = { 0 };
	struct mm_stats m;

	mm_stats(&m);
	s.uptime = (int64_t)(arch_clock_ns() / NSEC_PER_SEC);
	s.totalram = m.total * PAGE_SIZE;
	s.freeram = m.free * PAGE_SIZE;
	s.sharedram = m.shmem * PAGE_SIZE;
	load_average(s.loads);
	s.procs = (uint16_t)min(task_count, 65535U);
	s.mem_unit = 1;
	return copy_to_user(info, &s, sizeof(s));
}

/* ---- times ---- */

static struct lx_timeval timeval_of(uint64_t ns)
{
	return (struct lx_timeval){ (int64_t)(ns / NSEC_PER_SEC),
				    (int64_t)(ns % NSEC_PER_SEC / 1000) };
}

static int64_t ticks(uint64_t ns)
{
	return (int64_t)(ns / (NSEC_PER_SEC / USER_HZ));
}

long sys_times(uaddr_t buf)
{
	struct process *p = current->proc;
	uint64_t user, sys;
	int64_t t[4];

	process_times(p, &user, &sys);
	t[0] = ticks(user);
	t[1] = ticks(sys);
	t[2] = ticks(p->cutime);
	t[3] = ticks(p->cstime);
	if (buf.v && copy_to_user(buf, t, sizeof(t)))
		return -EFAULT;
	return ticks(arch_clock_ns());
}

static void add_thread(struct lx_rusage *ru, const struct task *t)
{
	ru->minflt += (int64_t)t->minflt;
	ru->majflt += (int64_t)t->majflt;
	ru->nvcsw += (int64_t)t->nvcsw;
	ru->nivcsw += (int64_t)t->nivcsw;
}

static void usage_self(struct lx_rusage *ru)
{
	struct process *p = current->proc;
	uint64_t user, sys;
	struct task *t;

	process_times(p, &user, &sys);
	ru->utime = timeval_of(user);
	ru->stime = timeval_of(sys);
	spin_lock(&tasklist_lock);
	ru->minflt = (int64_t)p->minflt;
	ru->majflt = (int64_t)p->majflt;
	ru->nvcsw = (int64_t)p->nvcsw;
	ru->nivcsw = (int64_t)p->nivcsw;
	TAILQ_FOREACH(t, &p->threads, thread_link)
	add_thread(ru, t);
	spin_unlock(&tasklist_lock);
	ru->maxrss = (int64_t)max(p->maxrss,
				  mm_maxrss(current->mm) * (PAGE_SIZE / 1024));
}

long sys_getrusage(int who, uaddr_t uru)
{
	struct process *p = current->proc;
	struct lx_rusage ru = { 0 };
	uint64_t total, sys;

	switch (who) {
	case RUSAGE_SELF:
		usage_self(&ru);
		break;
	case RUSAGE_THREAD:
		task_times(current, &total, &sys);
		ru.utime = timeval_of(total - sys);
		ru.stime = timeval_of(sys);
		add_thread(&ru, current);
		ru.maxrss =
			(int64_t)(mm_maxrss(current->mm) * (PAGE_SIZE / 1024));
		break;
	case RUSAGE_CHILDREN:
		ru.utime = timeval_of(p->cutime);
		ru.stime = timeval_of(p->cstime);
		ru.maxrss = (int64_t)p->cmaxrss;
		ru.minflt = (int64_t)p->cminflt;
		ru.majflt = (int64_t)p->cmajflt;
		ru.nvcsw = (int64_t)p->cnvcsw;
		ru.nivcsw = (int64_t)p->cnivcsw;
		break;
	default:
		return -EINVAL;
	}
	return copy_to_user(uru, &ru, sizeof(ru));
}

/* ---- the rest ---- */

long sys_getrandom(uaddr_t buf, size_t count, unsigned int flags)
{
	uint8_t chunk[256];
	size_t done = 0;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) ==
		    (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	count = min(count, (size_t)INT32_MAX);
	while (done < count) {
		size_t n = min(count - done, sizeof(chunk));

		random_bytes(chunk, n);
		if (copy_to_user(UADDR(buf.v + done), chunk, n))
			return done ? (long)done : -EFAULT;
		done += n;
		if (signal_pending() && done < count && done >= sizeof(chunk))
			break;
		if (this_cpu()->need_resched)
			sched_resched();
	}
	memset(chunk, 0, sizeof(chunk));
	return (long)done;
}

/* Reading the kernel's log; the ring is small, and nothing else is there. */
long sys_syslog(int type, uaddr_t buf, int len)
{
	const size_t ring = 16384;
	long ret;
	char *s;

	if (type == 10) /* SYSLOG_ACTION_SIZE_BUFFER */
		return (long)ring;
	if (!capable(CAP_SYSLOG) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (type == 0 || type == 1) /* close, open: there is no need to */
		return 0;
	if (type != 3) /* SYSLOG_ACTION_READ_ALL */
		return -EINVAL;
	if (len < 0 || !buf.v)
		return -EINVAL;
	s = kmalloc(ring);
	if (!s)
		return -ENOMEM;
	ret = (long)klog_read(s, min((size_t)len, ring));
	if (copy_to_user(buf, s, (size_t)ret))
		ret = -EFAULT;
	kfree(s);
	return ret;
}

long sys_getcpu(uaddr_t cpu, uaddr_t node, uaddr_t cache)
{
	uint32_t id = this_cpu()->id, zero = 0;

	(void)cache; /* unused since Linux 2.6.24 */
	if (cpu.v && copy_to_user(cpu, &id, sizeof(id)))
		return -EFAULT;
	return node.v ? copy_to_user(node, &zero, sizeof(zero)) : 0;
}

#define REBOOT_MAGIC1 0xfee1deadU

/* reboot(2): the birthdays. */
static bool is_magic2(unsigned int magic)
{
	return magic == 672274793 || magic == 85072278 || magic == 369367448 ||
	       magic == 537993216;
}

/* The host decides when the machine goes down: no command is obeyed. */
long sys_reboot(int magic1, int magic2, unsigned int cmd, uaddr_t arg)
{
	(void)cmd;
	(void)arg;
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if ((unsigned int)magic1 != REBOOT_MAGIC1 ||
	    !is_magic2((unsigned int)magic2))
		return -EINVAL;
	return -EPERM;
}
