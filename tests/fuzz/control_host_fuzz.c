// uses: host/control.c host/err.c host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_host_fuzz.c: a guest that sends what it likes to the host's half of
 * the control protocol.  The input is a list of steps: a byte says what, bytes
 * from the guest come in pieces.  What a stream delivers stays in its credit.
 */
#include <stdlib.h>
#include <string.h>

#include "host/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	struct control *c;
	size_t room;                  /* of the transport */
	size_t held[CTL_MAX_STREAMS]; /* DATA not yet consumed */
	bool broken;
	uint8_t sum;
} t;

static size_t on_send(void *arg, const void *buf, size_t len)
{
	size_t n = len < t.room ? len : t.room;

	(void)arg;
	for (size_t i = 0; i < n; i++)
		t.sum ^= ((const uint8_t *)buf)[i];
	t.room -= n;
	return n;
}

static void on_data(void *arg, unsigned stream, const void *buf, size_t len)
{
	(void)arg;
	if (t.broken || stream < CTL_STDIN || stream > CTL_STDERR)
		abort(); /* on 1 a terminal speaks both ways */
	for (size_t i = 0; i < len; i++)
		t.sum ^= ((const uint8_t *)buf)[i];
	t.held[stream] += len;
	if (t.held[stream] > CTL_INITIAL_CREDIT)
		abort();
}

static void on_stream(void *arg, unsigned stream)
{
	(void)arg;
	if (t.broken || stream < CTL_STDIN || stream > CTL_STDERR)
		abort();
}

static void on_event(void *arg, unsigned type, const void *buf, size_t len)
{
	(void)arg;
	if (t.broken || type < CTL_STARTED || type >= CTL_TYPE_END)
		abort();
	for (size_t i = 0; i < len; i++)
		t.sum ^= ((const uint8_t *)buf)[i];
}

static void on_broken(void *arg, const char *why)
{
	(void)arg;
	if (t.broken || !why[0])
		abort();
	t.broken = true;
}

static const struct control_ops ops = { on_send,   on_data,   on_stream,
					on_stream, on_stream, on_event,
					on_broken };

static void from_host(uint8_t what, uint8_t n)
{
	static const uint8_t zeros[CTL_MAX_PAYLOAD];
	unsigned stream = CTL_STDIN + n % 3;
	size_t room;

	switch (what & 7) {
	case 0:
		t.room += n * 64U;
		control_writable(t.c);
		break;
	case 1:
		room = control_room(t.c, CTL_STDIN);
		control_send(t.c, CTL_STDIN, zeros, room < n ? room : n);
		break;
	case 2:
		control_signal(t.c, n);
		break;
	case 3:
		control_winsize(t.c, &(struct ctl_winsize){ n, n, 0, 0 });
		break;
	case 4:
		control_send_eof(t.c, CTL_STDIN);
		break;
	case 5:
		control_send_close(t.c, stream);
		break;
	default:
		room = t.held[stream] < n * 256U ? t.held[stream] : n * 256U;
		t.held[stream] -= room;
		control_consumed(t.c, stream, room);
		break;
	}
}

/* A frame that is nearly right: type, stream, a length, and bytes. */
static size_t frame(const uint8_t *p, size_t left)
{
	static uint8_t buf[sizeof(struct ctl_frame) + CTL_MAX_PAYLOAD + 8];
	struct ctl_frame f = { .type = p[0] % (CTL_TYPE_END + 1),
			       .stream = p[1] % 5,
			       .len = p[2] < 240 ? p[2] : p[2] * 69U };
	size_t have = left - 3 < 16 ? left - 3 : 16;

	memcpy(buf, &f, sizeof(f));
	memset(buf + sizeof(f), p[1], sizeof(buf) - sizeof(f));
	memcpy(buf + sizeof(f), p + 3, have);
	if (f.len <= CTL_MAX_PAYLOAD)
		control_feed(t.c, buf, sizeof(f) + f.len);
	else
		control_feed(t.c, buf, sizeof(f));
	return 3 + (f.len < have ? f.len : have);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&t, 0, sizeof(t));
	t.room = 4096;
	if (control_create(&t.c, &ops, NULL) < 0)
		abort();
	while (size >= 4) {
		uint8_t what = *data;
		size_t n;

		if (what & 0x80) { /* raw bytes */
			n = what & 0x3f;
			n = n < size - 1 ? n : size - 1;
			control_feed(t.c, data + 1, n);
			n++;
		} else if (what & 0x40) {
			n = 1 + frame(data + 1, size - 1);
		} else {
			from_host(what, data[1]);
			n = 2;
		}
		data += n;
		size -= n;
	}
	control_destroy(t.c);
	return 0;
}
