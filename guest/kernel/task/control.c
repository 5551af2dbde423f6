/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.c: the guest's half of boot/abi/control.h.
 *
 * The port is opened when the first byte has to go either way, or by a thread
 * that init leaves behind after its exec: until then only exit_port speaks.
 * control_rx() takes frames apart as bytes come, in an interrupt; stdio.c
 * holds the streams.  A host that breaks the protocol is a panic.
 */
#include "control.h"

#include <string.h>

#include "console.h"

#include "kuni/driver.h"
#include "kuni/klog.h"
#include "kuni/syscall.h"

void (*ctl_winsize_hook)(const struct ctl_winsize *w);

static struct mutex open_lock;
static bool is_open;                  /* [a] */
static int open_error;                /* [open_lock] */
static uint32_t missing[NR_SYSCALLS]; /* [a] */

#define CLOCK_SLACK (NSEC_PER_SEC / 1000)

static uint64_t asked_at;    /* [a] when STARTED was sent, arch_clock_ns() */
static uint64_t host_offset; /* [rx] of the wall clock, as the host has it */

/* The frame that comes in. */
static struct {
	struct ctl_frame f;
	size_t have; /* bytes of f, then of the payload */
	bool in_payload;
	uint8_t body[64]; /* of stream 0 and of CREDIT */
} rx;

static void bad(const char *what)
{
	panic("control: the host sent %s, type=%u stream=%u len=%u", what,
	      rx.f.type, rx.f.stream, rx.f.len);
}

/* What the host says lies between our question and now; who has set the clock
 * meanwhile keeps the difference. */
static void clock_from_host(uint64_t wall)
{
	uint64_t asked = __atomic_exchange_n(&asked_at, 0, __ATOMIC_ACQ_REL);
	uint64_t now = arch_clock_ns(), early = asked ? (now - asked) / 2 : 0;
	uint64_t offset = wall - (now - early);
	int64_t change = (int64_t)(offset - host_offset);

	if (change < (int64_t)CLOCK_SLACK && change > -(int64_t)CLOCK_SLACK)
		return;
	host_offset = offset;
	arch_wall_offset_set(arch_wall_offset_ns() + (uint64_t)change);
}

static void control_message(void)
{
	struct ctl_winsize w;
	uint64_t wall;
	int32_t signo;

	switch (rx.f.type) {
	case CTL_SIGNAL:
		memcpy(&signo, rx.body, sizeof(signo));
		signal_from_host(signo);
		break;
	case CTL_WINSIZE:
		memcpy(&w, rx.body, sizeof(w));
		if (ctl_winsize_hook)
			ctl_winsize_hook(&w);
		break;
	case CTL_DUMP:
		stdio_log();
		tasks_dump();
		break;
	case CTL_CLOCK:
		memcpy(&wall, rx.body, sizeof(wall));
		clock_from_host(wall);
		break;
	default:
		bad("an unknown message");
	}
}

static void stream_message(struct stdio_stream *s)
{
	uint32_t credit;

	switch (rx.f.type) {
	case CTL_EOF:
		stdio_eof(s);
		break;
	case CTL_CLOSE:
		stdio_closed(s);
		break;
	case CTL_CREDIT:
		memcpy(&credit, rx.body, sizeof(credit));
		if (!stdio_credit(s, credit))
			bad("too much credit");
		break;
	case CTL_DATA:
		break;
	default:
		bad("an unknown frame");
	}
}

static void check_header(void)
{
	static const uint32_t want[CTL_TYPE_END] = {
		[CTL_CREDIT] = sizeof(uint32_t),
		[CTL_SIGNAL] = sizeof(int32_t),
		[CTL_WINSIZE] = sizeof(struct ctl_winsize),
		[CTL_CLOCK] = sizeof(uint64_t),
	};
	const struct ctl_frame *f = &rx.f;

	if (f->type == 0 || f->type >= CTL_TYPE_END || f->len > CTL_MAX_PAYLOAD)
		bad("a bad frame");
	if (f->type != CTL_DATA && f->len != want[f->type])
		bad("a frame of the wrong length");
	if ((f->stream == CTL_CONTROL) !=
	    (f->type >= CTL_SIGNAL && f->type < CTL_STARTED))
		bad("a frame on the wrong stream");
	if (f->stream != CTL_CONTROL && !stdio_stream(f->stream))
		bad("an unknown stream");
}

static void end_frame(void)
{
	if (rx.f.stream == CTL_CONTROL)
		control_message();
	else
		stream_message(stdio_stream(rx.f.stream));
	rx.have = 0;
	rx.in_payload = false;
}

static size_t take_header(const uint8_t *p, size_t n)
{
	size_t part = min(n, sizeof(rx.f) - rx.have);

	memcpy((uint8_t *)&rx.f + rx.have, p, part);
	rx.have += part;
	if (rx.have < sizeof(rx.f))
		return part;
	check_header();
	rx.have = 0;
	rx.in_payload = true;
	return part;
}

static size_t take_payload(const uint8_t *p, size_t n)
{
	size_t part = min(n, (size_t)rx.f.len - rx.have);

	if (rx.f.type == CTL_DATA) {
		if (!stdio_data(stdio_stream(rx.f.stream), p, part))
			bad("more than its credit");
	} else {
		memcpy(rx.body + rx.have, p, part);
	}
	rx.have += part;
	return part;
}

/* Bytes from the host: an interrupt, one CPU at a time. */
static void control_rx(const void *buf, size_t n)
{
	const uint8_t *p = buf;

	while (n || (rx.in_payload && rx.have == rx.f.len)) {
		size_t part =
			rx.in_payload ? take_payload(p, n) : take_header(p, n);

		p += part;
		n -= part;
		if (rx.in_payload && rx.have == rx.f.len)
			end_frame();
	}
}

static const struct ctl_port_ops port_ops = { .receive = control_rx };

bool ctl_is_open(void)
{
	return __atomic_load_n(&is_open, __ATOMIC_ACQUIRE);
}

/* Opens the port, once; later calls return the same. */
int ctl_open(void)
{
	bool first = false;
	int ret;

	if (ctl_is_open())
		return 0;
	mutex_lock(&open_lock);
	if (!is_open && !open_error) {
		open_error = stdio_prepare();
		if (!open_error)
			open_error = ctl_port_open(&port_ops);
		if (!open_error) {
			__atomic_store_n(&is_open, true, __ATOMIC_RELEASE);
			first = true;
		}
	}
	ret = open_error;
	mutex_unlock(&open_lock);
	if (first)
		stdio_port_opened();
	return ret;
}

/* One frame of two parts, whole, in order with others'. */
int ctl_frame_send(unsigned type, unsigned stream, const void *a, size_t na,
		   const void *b, size_t nb)
{
	struct ctl_frame f = { (uint32_t)(na + nb), (uint16_t)type,
			       (uint16_t)stream };
	char *buf = kmalloc(sizeof(f) + na + nb);
	int ret;

	if (!buf)
		return -ENOMEM;
	memcpy(buf, &f, sizeof(f));
	if (na)
		memcpy(buf + sizeof(f), a, na);
	if (nb)
		memcpy(buf + sizeof(f) + na, b, nb);
	ret = ctl_open();
	if (!ret)
		ret = ctl_port_write(buf, sizeof(f) + na + nb);
	kfree(buf);
	return ret < 0 ? ret : 0;
}

int ctl_send(unsigned type, const void *a, size_t na, const void *b, size_t nb)
{
	return ctl_frame_send(type, CTL_CONTROL, a, na, b, nb);
}

/* ---- the report at the end ---- */

void ctl_missing(unsigned nr)
{
	if (nr < NR_SYSCALLS)
		__atomic_fetch_add(&missing[nr], 1, __ATOMIC_RELAXED);
}

static void send_missing(void)
{
	for (uint32_t nr = 0; nr < NR_SYSCALLS; nr++) {
		struct ctl_missing m = { nr, missing[nr] };

		if (m.count && ctl_send(CTL_MISSING, &m, sizeof(m), NULL, 0))
			return;
	}
}

_Noreturn void init_exited(uint32_t wait_status, bool oom)
{
	struct ctl_exited e = { .signal = (int32_t)(wait_status & 0x7f),
				.code = (int32_t)(wait_status >> 8 & 0xff),
				.oom = oom };

	if (e.signal)
		e.code = 0;
	console_drain();
	if (wait_status)
		send_missing(); /* opens the port if something is missing */
	if (ctl_is_open()) {
		stdio_port_opened(); /* closes that nobody has told yet */
		if (ctl_send(CTL_EXITED, &e, sizeof(e), NULL, 0))
			klog(KLOG_ERROR, "control: no report of the exit");
		ctl_port_drain();
	}
	exit_port((uint32_t)(oom ? EXIT_OOM : EXIT_STATUS) |
		  (wait_status & 0xffff) << 8);
}

#define WHAT_MAX 255 /* what the host shows of it */

_Noreturn void init_failed(unsigned stage, int err, const char *what)
{
	struct ctl_start_failed f = { .err = err < 0 ? -err : err,
				      .stage = stage };

	/* The host says it to the user, by what is sent here. */
	klog(KLOG_INFO, "init: stage=%u errno=%d %s", stage, f.err, what);
	if (!ctl_send(CTL_START_FAILED, &f, sizeof(f), what,
		      strnlen(what, WHAT_MAX)))
		ctl_port_drain();
	exit_port(EXIT_FAILED);
}

void ctl_started(void)
{
	host_offset = arch_wall_offset_ns();
	__atomic_store_n(&asked_at, arch_clock_ns(), __ATOMIC_RELEASE);
	if (ctl_send(CTL_STARTED, NULL, 0, NULL, 0))
		klog(KLOG_WARN, "control: the port does not open");
}
