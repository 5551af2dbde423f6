/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lwip_port.c: lwIP in this kernel: its lock, its clock, its start.
 *
 * lwIP is made for one thread at a time: who calls it holds inet_lock().  It is
 * started with the first socket.  Its timers are run by a thread that sleeps
 * for as long as no connection waits for anything: an idle connection costs no
 * wake-ups, but for keep-alives.  While it sleeps, lwIP's count of ticks is
 * brought up to date by whoever takes the lock.
 */
#include "inet.h"

#include "kuni/driver.h"
#include "lwip/init.h"
#include "lwip/priv/tcp_priv.h"

#define SLOW_NS ((uint64_t)TCP_SLOW_INTERVAL * 1000000)
#define FAST_NS ((uint64_t)TCP_FAST_INTERVAL * 1000000)

static struct mutex core = { .rank = RANK_INET };
static struct mutex start_lock; /* no rank; outside of core */
static bool started;            /* [a] */
static struct inet_sock *gone;  /* [core] */
static bool busy;               /* [core] */
static uint64_t last_slow;      /* [core] */
static uint64_t armed;          /* [core] when the thread will run */
static struct ktimer timer;     /* [core] */
static struct waitq due_wait;
static bool due; /* [a] */

uint32_t inet_random(void)
{
	uint32_t v;

	random_bytes(&v, sizeof(v));
	return v;
}

void inet_check_locked(void)
{
	if (KUNI_DEBUG)
		ensure(mutex_is_mine(&core));
}

int inet_errno(err_t e)
{
	static const uint8_t of[] = {
		[-ERR_MEM] = ENOBUFS,
		[-ERR_BUF] = EADDRNOTAVAIL,
		[-ERR_TIMEOUT] = ETIMEDOUT,
		[-ERR_RTE] = ENETUNREACH,
		[-ERR_INPROGRESS] = EINPROGRESS,
		[-ERR_VAL] = EINVAL,
		[-ERR_WOULDBLOCK] = EAGAIN,
		[-ERR_USE] = EADDRINUSE,
		[-ERR_ALREADY] = EALREADY,
		[-ERR_ISCONN] = EISCONN,
		[-ERR_CONN] = ENOTCONN,
		[-ERR_IF] = ENETDOWN,
		[-ERR_ABRT] = ECONNABORTED,
		[-ERR_RST] = ECONNRESET,
		[-ERR_CLSD] = ENOTCONN,
		[-ERR_ARG] = EINVAL,
	};

	return e == ERR_OK ? 0 : -(int)of[-e];
}

/* ---- time ---- */

/* TCP counts in ticks; those that nobody waited for have been left out. */
static void catch_up(void)
{
	uint64_t n = (arch_clock_ns() - last_slow) / SLOW_NS;

	if (n < 2)
		return;
	tcp_ticks += (uint32_t)(n - 1);
	last_slow += (n - 1) * SLOW_NS;
}

static uint64_t at_tick(uint32_t tick)
{
	int32_t n = (int32_t)(tick - tcp_ticks);

	return last_slow + (n > 0 ? (uint64_t)n : 1) * SLOW_NS;
}

/* When lwIP has to look at an active connection again; 0: soon. */
static uint64_t next_of(const struct tcp_pcb *p)
{
	if (p->unacked || p->unsent || p->ooseq || p->refused_data ||
	    p->persist_backoff ||
	    p->flags & (TF_ACK_DELAY | TF_ACK_NOW | TF_CLOSEPEND) ||
	    p->state == SYN_SENT || p->state == SYN_RCVD)
		return 0;
	if (p->state == FIN_WAIT_2 && p->flags & TF_RXCLOSED)
		return at_tick(p->tmr +
			       TCP_FIN_WAIT_TIMEOUT / TCP_SLOW_INTERVAL + 1);
	if (!ip_get_option(p, SOF_KEEPALIVE) ||
	    (p->state != ESTABLISHED && p->state != CLOSE_WAIT))
		return DEADLINE_NEVER;
	return at_tick(p->tmr + 1 +
		       (p->keep_idle + p->keep_cnt_sent * p->keep_intvl) /
			       TCP_SLOW_INTERVAL);
}

/* The oldest of TIME_WAIT stand last in the list. */
static void trim_tw(void)
{
	int most = net_limit(&net_limits.tcp_max_tw_buckets);
	struct tcp_pcb *p = tcp_tw_pcbs, *after;

	for (int n = 0; p; p = after, n++) {
		after = p->next;
		if (n >= most)
			tcp_abort(p);
	}
}

void inet_limits_changed(void)
{
	if (!inet_started())
		return;
	inet_lock();
	trim_tw();
	for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next) {
		struct inet_sock *s = p->callback_arg;

		if (s && s->tcp == p)
			stream_apply(s);
	}
	inet_unlock();
}

static uint64_t next_run(uint64_t next)
{
	for (const struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next) {
		uint64_t at = next_of(p);

		if (!at)
			return arch_clock_ns() + FAST_NS;
		next = min(next, at);
	}
	for (const struct tcp_pcb *p = tcp_tw_pcbs; p; p = p->next)
		next = min(next, at_tick(p->tmr + 1 +
					 2 * TCP_MSL / TCP_SLOW_INTERVAL));
	return next;
}

static void arm(uint64_t at)
{
	(void)ktimer_cancel(&timer);
	armed = at;
	if (at != DEADLINE_NEVER)
		ktimer_arm(&timer, at);
}

static void timer_fired(struct ktimer *t)
{
	(void)t;
	__atomic_store_n(&due, true, __ATOMIC_RELEASE);
	wake_all(&due_wait, 0);
}

/* lwIP forgets to stop probing where a probe was taken. */
static void stop_probing(void)
{
	for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
		if (!p->unsent || p->unacked)
			p->persist_backoff = 0;
}

/* Those of sockets; one may end its connection. */
static uint64_t run_ours(uint64_t now)
{
	uint64_t next = DEADLINE_NEVER;
	struct tcp_pcb *p, *after;
	struct inet_sock *s;

	for (p = tcp_active_pcbs; p; p = after) {
		after = p->next;
		s = p->callback_arg;
		/* one that is not open yet has its listener there */
		if (s && s->tcp == p)
			next = min(next, stream_tick(s, now));
	}
	return next;
}

static void run_timers(void)
{
	uint64_t now = arch_clock_ns();

	tcp_fasttmr();
	if (now - last_slow >= SLOW_NS) {
		catch_up();
		last_slow += SLOW_NS;
		stop_probing();
		tcp_slowtmr();
	}
	trim_tw();
	busy = false;
	arm(next_run(run_ours(now)));
}

static void timer_thread(void *arg)
{
	(void)arg;
	for (;;) {
		wait_event_hard(&due_wait,
				__atomic_load_n(&due, __ATOMIC_ACQUIRE));
		__atomic_store_n(&due, false, __ATOMIC_RELAXED);
		inet_lock();
		run_timers();
		inet_unlock();
	}
}

/* lwIP says so when a connection becomes active. */
void tcp_timer_needed(void)
{
	busy = true;
}

void inet_tcp_busy(void)
{
	busy = true;
}

/* ---- the lock ---- */

void inet_lock(void)
{
	mutex_lock(&core);
	catch_up();
}

void inet_pcb_gone(struct inet_sock *s)
{
	if (s->gone_refs++)
		return;
	s->gone_next = gone;
	gone = s;
}

static void put_gone(void)
{
	struct inet_sock *s;

	while ((s = gone)) {
		unsigned n = s->gone_refs;

		gone = s->gone_next;
		s->gone_refs = 0;
		while (n--)
			sock_put(&s->sk);
	}
}

void inet_unlock(void)
{
	busy |= loop_run();
	if (busy) {
		uint64_t soon = arch_clock_ns() + FAST_NS;

		if (loop_waits())
			soon = 0;
		if (armed > soon)
			arm(soon);
	}
	put_gone();
	mutex_unlock(&core);
}

/* ---- start ---- */

static int start(void)
{
	struct task *t;
	int r;

	ktimer_init(&timer, timer_fired, NULL);
	armed = DEADLINE_NEVER;
	last_slow = arch_clock_ns();
	r = kthread_create(&t, "inet", timer_thread, NULL);
	if (r)
		return r;
	inet_lock();
	lwip_init();
	ensure(tcp_ext_arg_alloc_id() == 0);
	loop_init();
	r = icmp_watch();
	inet_unlock();
	return r;
}

bool inet_started(void)
{
	return __atomic_load_n(&started, __ATOMIC_ACQUIRE);
}

int inet_ready(void)
{
	static int result; /* [start_lock] */

	if (likely(inet_started()))
		return 0;
	mutex_lock(&start_lock);
	if (!result && !started) {
		result = start();
		__atomic_store_n(&started, !result, __ATOMIC_RELEASE);
	}
	mutex_unlock(&start_lock);
	return result;
}
