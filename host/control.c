/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.c: frames and credits of boot/abi/control.h.
 *
 * Toward the guest: frames are queued in `out` and handed to the transport as
 * it takes them.  DATA is queued only within the guest's credit and while the
 * queue is short, so a guest that does not read costs a bounded queue.
 * From the guest: bytes arrive in any pieces and lie in guest memory, so each
 * frame is copied first and looked at then.
 * One thread, the loop's; the callbacks may call back in.
 */
#include "host/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/log.h"

#define STREAMS    4          /* control and the stdio streams */
#define OUT_SOFT   65536U     /* no more DATA beyond it */
#define OUT_HARD   (1U << 20) /* a guest that never reads is broken */
#define CREDIT_MIN (CTL_INITIAL_CREDIT / 4)

struct stream {
	uint32_t tx_credit; /* what we may still send */
	uint32_t rx_credit; /* what the guest may still send */
	uint32_t owed;      /* consumed, and not yet returned to the guest */
	bool tx_closed;     /* EOF sent, or CLOSE came */
	bool rx_closed;     /* EOF came */
};

struct control {
	const struct control_ops *ops;
	void *arg;
	bool broken, flushing;
	bool stalled; /* a sender was told: no room, for `out` is long */
	struct stream stream[STREAMS];
	uint8_t *out; /* [out_head, out_len) waits for the transport */
	size_t out_head, out_len, out_cap;
	size_t in_len; /* bytes of the frame in `in`, header included */
	uint8_t in[sizeof(struct ctl_frame) + CTL_MAX_PAYLOAD];
};

int control_create(struct control **out, const struct control_ops *ops,
		   void *arg)
{
	struct control *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->ops = ops;
	c->arg = arg;
	for (unsigned i = 0; i < STREAMS; i++) {
		c->stream[i].tx_credit = CTL_INITIAL_CREDIT;
		c->stream[i].rx_credit = CTL_INITIAL_CREDIT;
	}
	*out = c;
	return 0;
}

void control_destroy(struct control *c)
{
	if (!c)
		return;
	free(c->out);
	free(c);
}

static void fail(struct control *c, const char *why)
{
	if (c->broken)
		return;
	c->broken = true;
	c->ops->broken(c->arg, why);
}

/* ---- toward the guest ---- */

static void flush(struct control *c)
{
	if (c->flushing)
		return;
	c->flushing = true;
	while (c->out_head < c->out_len) {
		size_t n = c->ops->send(c->arg, c->out + c->out_head,
					c->out_len - c->out_head);

		if (!n)
			break;
		c->out_head += n;
	}
	if (c->out_head == c->out_len)
		c->out_head = c->out_len = 0;
	c->flushing = false;
}

static int reserve(struct control *c, size_t n)
{
	size_t cap;
	uint8_t *p;

	if (c->out_head && c->out_len + n > c->out_cap) {
		memmove(c->out, c->out + c->out_head, c->out_len - c->out_head);
		c->out_len -= c->out_head;
		c->out_head = 0;
	}
	if (c->out_len + n <= c->out_cap)
		return 0;
	if (c->out_len + n > OUT_HARD)
		return -EMSGSIZE;
	cap = 2 * (c->out_len + n);
	p = realloc(c->out, cap);
	if (!p)
		return -ENOMEM;
	c->out = p;
	c->out_cap = cap;
	return 0;
}

static void queue(struct control *c, unsigned type, unsigned stream,
		  const void *buf, size_t len)
{
	struct ctl_frame f = { (uint32_t)len, (uint16_t)type,
			       (uint16_t)stream };
	int r;

	if (c->broken)
		return;
	r = reserve(c, sizeof(f) + len);
	if (r < 0) {
		fail(c, r == -ENOMEM ? "out of memory"
				     : "the guest does not read its console");
		return;
	}
	memcpy(c->out + c->out_len, &f, sizeof(f));
	if (len)
		memcpy(c->out + c->out_len + sizeof(f), buf, len);
	c->out_len += sizeof(f) + len;
	flush(c);
}

static void announce(struct control *c)
{
	c->stalled = false;
	for (unsigned i = 1; i < STREAMS; i++)
		if (control_room(c, i))
			c->ops->ready(c->arg, i);
}

/* Whoever stalled goes on, whatever has emptied `out` since: a frame that was
 * queued in between flushes, too. */
void control_writable(struct control *c)
{
	flush(c);
	if (c->stalled && c->out_len - c->out_head < OUT_SOFT)
		announce(c);
}

size_t control_room(struct control *c, unsigned stream)
{
	const struct stream *s = &c->stream[stream];

	if (c->broken || s->tx_closed)
		return 0;
	if (c->out_len - c->out_head >= OUT_SOFT) {
		c->stalled = true;
		return 0;
	}
	return s->tx_credit;
}

void control_send(struct control *c, unsigned stream, const void *buf,
		  size_t len)
{
	struct stream *s = &c->stream[stream];
	const uint8_t *p = buf;

	ensure(len <= s->tx_credit);
	while (len && !s->tx_closed) {
		size_t n = len < CTL_MAX_PAYLOAD ? len : CTL_MAX_PAYLOAD;

		s->tx_credit -= (uint32_t)n;
		queue(c, CTL_DATA, stream, p, n);
		p += n;
		len -= n;
	}
}

void control_send_eof(struct control *c, unsigned stream)
{
	if (c->stream[stream].tx_closed)
		return;
	c->stream[stream].tx_closed = true;
	queue(c, CTL_EOF, stream, NULL, 0);
}

void control_send_close(struct control *c, unsigned stream)
{
	if (!c->stream[stream].rx_closed)
		queue(c, CTL_CLOSE, stream, NULL, 0);
}

void control_signal(struct control *c, int signo)
{
	int32_t v = signo;

	queue(c, CTL_SIGNAL, CTL_CONTROL, &v, sizeof(v));
}

void control_winsize(struct control *c, const struct ctl_winsize *ws)
{
	queue(c, CTL_WINSIZE, CTL_CONTROL, ws, sizeof(*ws));
}

void control_clock(struct control *c, uint64_t wall_ns)
{
	queue(c, CTL_CLOCK, CTL_CONTROL, &wall_ns, sizeof(wall_ns));
}

void control_dump(struct control *c)
{
	for (unsigned i = 1; i < STREAMS; i++) {
		const struct stream *s = &c->stream[i];

		log_line(LOG_WARN,
			 "control: stream=%u may_send=%u may_get=%u owed=%u "
			 "tx_closed=%d rx_closed=%d",
			 i, s->tx_credit, s->rx_credit, s->owed, s->tx_closed,
			 s->rx_closed);
	}
	log_line(LOG_WARN, "control: waiting=%zu stalled=%d in=%zu",
		 c->out_len - c->out_head, c->stalled, c->in_len);
	queue(c, CTL_DUMP, CTL_CONTROL, NULL, 0);
}

void control_consumed(struct control *c, unsigned stream, size_t len)
{
	struct stream *s = &c->stream[stream];
	uint32_t owed;

	s->owed += (uint32_t)len;
	if (s->owed < CREDIT_MIN || s->rx_closed)
		return;
	owed = s->owed;
	s->owed = 0;
	s->rx_credit += owed;
	queue(c, CTL_CREDIT, stream, &owed, sizeof(owed));
}

/* ---- from the guest ---- */

static void on_data(struct control *c, unsigned stream, const uint8_t *p,
		    size_t len)
{
	struct stream *s = &c->stream[stream];

	if (s->rx_closed) {
		fail(c, "data after the end of its stream");
	} else if (len > s->rx_credit) {
		fail(c, "more data than credit");
	} else if (len) {
		s->rx_credit -= (uint32_t)len;
		c->ops->data(c->arg, stream, p, len);
	}
}

static void on_credit(struct control *c, unsigned stream, const uint8_t *p)
{
	struct stream *s = &c->stream[stream];
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	if (n > CTL_INITIAL_CREDIT || s->tx_credit > CTL_INITIAL_CREDIT - n) {
		fail(c, "more credit than was used");
		return;
	}
	s->tx_credit += n;
	if (control_room(c, stream))
		c->ops->ready(c->arg, stream);
}

static void on_stream(struct control *c, const struct ctl_frame *f,
		      const uint8_t *p)
{
	struct stream *s = &c->stream[f->stream];

	switch (f->type) {
	case CTL_DATA:
		on_data(c, f->stream, p, f->len);
		return;
	case CTL_CREDIT:
		if (f->len != sizeof(uint32_t))
			break;
		on_credit(c, f->stream, p);
		return;
	case CTL_EOF:
		if (f->len || s->rx_closed)
			break;
		s->rx_closed = true;
		c->ops->eof(c->arg, f->stream);
		return;
	case CTL_CLOSE:
		if (f->len)
			break;
		s->tx_closed = true;
		c->ops->close(c->arg, f->stream);
		return;
	}
	fail(c, "unknown type or wrong length of a frame on a stdio stream");
}

static void on_event(struct control *c, const struct ctl_frame *f, uint8_t *p)
{
	size_t least;

	switch (f->type) {
	case CTL_STARTED:
		least = 0;
		break;
	case CTL_START_FAILED:
		least = sizeof(struct ctl_start_failed);
		break;
	case CTL_EXITED:
		least = sizeof(struct ctl_exited);
		break;
	case CTL_MISSING:
		least = sizeof(struct ctl_missing);
		break;
	default:
		fail(c, "unknown type of a control frame");
		return;
	}
	if (f->len < least || (f->len > least && f->type != CTL_START_FAILED)) {
		fail(c, "wrong length of a control frame");
		return;
	}
	c->ops->event(c->arg, f->type, p, f->len);
}

/* The frame in c->in is whole. */
static void on_frame(struct control *c, const struct ctl_frame *f)
{
	uint8_t *p = c->in + sizeof(*f);

	if (f->stream == CTL_CONTROL)
		on_event(c, f, p);
	else
		on_stream(c, f, p);
}

void control_feed(struct control *c, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	struct ctl_frame f;

	while (!c->broken) {
		size_t want = sizeof(f);
		size_t n;

		if (c->in_len >= sizeof(f)) {
			memcpy(&f, c->in, sizeof(f));
			if (f.len > CTL_MAX_PAYLOAD || f.stream >= STREAMS) {
				fail(c, "length or stream of a frame");
				return;
			}
			want += f.len;
			if (c->in_len == want) {
				c->in_len = 0;
				on_frame(c, &f);
				continue;
			}
		}
		n = want - c->in_len < len ? want - c->in_len : len;
		if (!n)
			return;
		memcpy(c->in + c->in_len, p, n);
		c->in_len += n;
		p += n;
		len -= n;
	}
}
