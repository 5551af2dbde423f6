/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timerfd.c: timerfd_create(2): a clock that can be read and polled.
 *
 * The kernel timer only counts and wakes, in an interrupt; a periodic timer is
 * armed again by read(2), which counts what has passed meanwhile: however short
 * the interval, it fires no oftener than somebody reads.  Deadlines are of the monotonic clock; an absolute one
 * of CLOCK_REALTIME is converted when it is set.
 */
#include "kuni/vfs.h"
#include "pseudofs.h"

struct timerfd {
	struct ktimer timer;
	struct mutex set_lock; /* deadline and timer are set as one */
	struct spinlock lock;
	uint64_t deadline; /* [lock] ns, 0: not armed */
	uint64_t interval; /* [lock] ns, 0: once */
	uint64_t ticks;    /* [lock] since the last read */
	bool realtime;     /* [I] */
	int clock;         /* [I] */
	int flags;         /* [lock] of the last setting */
	bool cancel;       /* [lock] TFD_TIMER_CANCEL_ON_SET */
	uint64_t offset;   /* [lock] of the wall clock when it was set */
	struct waitq wait;
};

/* Counts what has passed until now; the next deadline, or 0. */
static uint64_t advance_locked(struct timerfd *t, uint64_t now)
{
	uint64_t n;

	if (!t->deadline || now < t->deadline)
		return t->deadline;
	if (!t->interval) {
		t->ticks++;
		t->deadline = 0;
		return 0;
	}
	n = (now - t->deadline) / t->interval + 1;
	t->ticks += n;
	t->deadline += n * t->interval;
	return t->deadline;
}

static void timerfd_fire(struct ktimer *k)
{
	struct timerfd *t = k->arg;
	uint64_t next;

	spin_lock(&t->lock);
	next = advance_locked(t, arch_clock_ns());
	if (t->ticks)
		next = 0;
	spin_unlock(&t->lock);
	if (next) /* it was set to a later time meanwhile */
		ktimer_arm(k, next);
	wake_all(&t->wait, EPOLLIN);
}

/* Whether the wall clock was set since a timer that minds was. */
static bool was_set(struct timerfd *t)
{
	bool yes;

	spin_lock(&t->lock);
	yes = t->cancel && t->offset != arch_wall_offset_ns();
	if (yes)
		t->offset = arch_wall_offset_ns();
	spin_unlock(&t->lock);
	return yes;
}

static uint64_t ticks(struct timerfd *t)
{
	return __atomic_load_n(&t->ticks, __ATOMIC_ACQUIRE);
}

static uint64_t take_ticks(struct timerfd *t)
{
	uint64_t n, next = 0;

	mutex_lock(&t->set_lock);
	spin_lock(&t->lock);
	if (t->ticks)
		next = advance_locked(t, arch_clock_ns());
	n = t->ticks;
	t->ticks = 0;
	spin_unlock(&t->lock);
	if (next)
		ktimer_arm(&t->timer, next);
	mutex_unlock(&t->set_lock);
	return n;
}

static ssize_t timerfd_read(struct file *f, struct uio *u, uint64_t *pos)
{
	struct timerfd *t = f->private_;
	uint64_t n;
	ssize_t r;

	(void)pos;
	if (u->left < sizeof(n))
		return -EINVAL;
	while (!(n = take_ticks(t))) {
		if (was_set(t))
			return -ECANCELED;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		r = wait_event(&t->wait, ticks(t));
		if (r)
			return r;
	}
	r = uio_put(u, &n, sizeof(n));
	return r == sizeof(n) ? r : -EFAULT;
}

static unsigned timerfd_poll(struct file *f, struct poll_table *pt)
{
	struct timerfd *t = f->private_;

	poll_wait(pt, &t->wait);
	return ticks(t) ? EPOLLIN : 0;
}

static void timerfd_release(struct file *f)
{
	struct timerfd *t = f->private_;

	ktimer_cancel(&t->timer);
	kfree(t);
}

static void get_locked(struct timerfd *t, uint64_t now,
		       struct lx_timespec_pair *v);

static bool timerfd_info(struct file *f, unsigned n, struct pseudo_buf *b)
{
	struct timerfd *t = f->private_;
	struct lx_timespec_pair v;

	if (n)
		return false;
	spin_lock(&t->lock);
	get_locked(t, arch_clock_ns(), &v);
	spin_unlock(&t->lock);
	pseudo_printf(b,
		      "clockid: %d\nticks: %lu\nsettime flags: 0%o\n"
		      "it_value: (%ld, %ld)\nit_interval: (%ld, %ld)\n",
		      t->clock, t->ticks, t->flags, (long)v.value_sec,
		      (long)v.value_nsec, (long)v.interval_sec,
		      (long)v.interval_nsec);
	return true;
}

static const struct file_ops timerfd_ops = {
	.info = timerfd_info,
	.read = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
	.seek = file_seek_nowhere,
	.stream = true,
};

int timerfd_new(int clock, unsigned flags, struct file **out)
{
	struct timerfd *t;
	struct inode *i;
	int r;

	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC &&
	    clock != CLOCK_BOOTTIME && clock != CLOCK_REALTIME_ALARM &&
	    clock != CLOCK_BOOTTIME_ALARM)
		return -EINVAL;
	if ((clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM) &&
	    !fs_capable(CAP_WAKE_ALARM))
		return -EPERM;
	t = kmalloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	r = anon_inode(0600, &i);
	if (!r) {
		r = file_new(i, &timerfd_ops, O_RDWR | (flags & O_NONBLOCK),
			     out);
		if (r)
			inode_put(i);
	}
	if (r) {
		kfree(t);
		return r;
	}
	t->realtime = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;
	t->clock = clock;
	ktimer_init(&t->timer, timerfd_fire, t);
	waitq_init(&t->wait);
	(*out)->private_ = t;
	(*out)->inode->anon_name = "[timerfd]";
	return 0;
}

static bool to_ns(int64_t sec, int64_t nsec, uint64_t *out)
{
	if (sec < 0 || nsec < 0 || nsec >= (int64_t)NSEC_PER_SEC)
		return false;
	*out = sec > 4000000000LL
		       ? DEADLINE_NEVER / 4
		       : (uint64_t)sec * NSEC_PER_SEC + (uint64_t)nsec;
	return true;
}

static void get_locked(struct timerfd *t, uint64_t now,
		       struct lx_timespec_pair *v)
{
	uint64_t left = t->deadline > now ? t->deadline - now : 0;

	v->value_sec = (int64_t)(left / NSEC_PER_SEC);
	v->value_nsec = (int64_t)(left % NSEC_PER_SEC);
	v->interval_sec = (int64_t)(t->interval / NSEC_PER_SEC);
	v->interval_nsec = (int64_t)(t->interval % NSEC_PER_SEC);
}

/* timerfd_settime(2); flags: TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET.  What
 * it was goes to *old. */
int timerfd_set(struct file *f, int flags, const struct lx_timespec_pair *v,
		struct lx_timespec_pair *old)
{
	struct timerfd *t = f->private_;
	uint64_t value, interval, now, at;
	bool fired;

	if (f->ops != &timerfd_ops ||
	    (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)))
		return -EINVAL;
	if (!to_ns(v->value_sec, v->value_nsec, &value) ||
	    !to_ns(v->interval_sec, v->interval_nsec, &interval))
		return -EINVAL;
	mutex_lock(&t->set_lock);
	ktimer_cancel(&t->timer);
	now = arch_clock_ns();
	at = value;
	if (value && !(flags & TFD_TIMER_ABSTIME))
		at = now + value;
	else if (value && t->realtime)
		at = value > arch_wall_offset_ns()
			     ? value - arch_wall_offset_ns()
			     : 1;
	spin_lock(&t->lock);
	if (t->ticks)
		(void)advance_locked(t, now);
	get_locked(t, now, old);
	t->deadline = value ? at : 0;
	t->interval = interval;
	t->ticks = 0;
	t->cancel = t->realtime && (flags & TFD_TIMER_ABSTIME) &&
		    (flags & TFD_TIMER_CANCEL_ON_SET);
	t->offset = arch_wall_offset_ns();
	t->flags = flags;
	if (at <= now) /* readable at once, not an interrupt later */
		(void)advance_locked(t, now);
	fired = t->ticks;
	spin_unlock(&t->lock);
	if (fired)
		wake_all(&t->wait, EPOLLIN);
	else if (value)
		ktimer_arm(&t->timer, at);
	mutex_unlock(&t->set_lock);
	return 0;
}

int timerfd_get(struct file *f, struct lx_timespec_pair *v)
{
	struct timerfd *t = f->private_;

	if (f->ops != &timerfd_ops)
		return -EINVAL;
	spin_lock(&t->lock);
	if (t->ticks)
		(void)advance_locked(t, arch_clock_ns());
	get_locked(t, arch_clock_ns(), v);
	spin_unlock(&t->lock);
	return 0;
}
