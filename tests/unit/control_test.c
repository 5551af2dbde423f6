// uses: host/control.c host/err.c host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/* control_test.c: frames, credits, and guests that break the rules. */
#include "host/control.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"

static struct {
	uint8_t sent[4 << 20], data[1 << 20];
	size_t nsent, room, ndata;
	unsigned stream, eofs, closes, events, type, broken;
	unsigned ready[4];
} got;

static size_t on_send(void *arg, const void *buf, size_t len)
{
	size_t n = len < got.room ? len : got.room;

	(void)arg;
	memcpy(got.sent + got.nsent, buf, n);
	got.nsent += n;
	got.room -= n;
	return n;
}

static void on_data(void *arg, unsigned stream, const void *buf, size_t len)
{
	(void)arg;
	got.stream = stream;
	memcpy(got.data + got.ndata, buf, len);
	got.ndata += len;
}

static void on_eof(void *arg, unsigned stream)
{
	(void)arg;
	got.eofs |= 1U << stream;
}

static void on_close(void *arg, unsigned stream)
{
	(void)arg;
	got.closes |= 1U << stream;
}

static void on_ready(void *arg, unsigned stream)
{
	(void)arg;
	got.ready[stream]++;
}

static void on_event(void *arg, unsigned type, const void *buf, size_t len)
{
	(void)arg;
	(void)buf;
	(void)len;
	got.type = type;
	got.events++;
}

static void on_broken(void *arg, const char *why)
{
	(void)arg;
	(void)why;
	got.broken++;
}

static const struct control_ops ops = { on_send,  on_data,  on_eof,   on_close,
					on_ready, on_event, on_broken };

static struct control *fresh(void)
{
	struct control *c;

	memset(&got, 0, sizeof(got));
	got.room = sizeof(got.sent);
	CHECK_EQ(control_create(&c, &ops, NULL), 0);
	return c;
}

static void feed(struct control *c, unsigned type, unsigned stream,
		 const void *p, uint32_t len)
{
	struct ctl_frame f = { len, (uint16_t)type, (uint16_t)stream };

	control_feed(c, &f, sizeof(f));
	if (len)
		control_feed(c, p, len);
}

static struct ctl_frame sent_frame(size_t at)
{
	struct ctl_frame f;

	memcpy(&f, got.sent + at, sizeof(f));
	return f;
}

static void test_pieces(void)
{
	struct control *c = fresh();
	uint8_t wire[64];
	struct ctl_frame f = { 5, CTL_DATA, CTL_STDOUT };

	memcpy(wire, &f, sizeof(f));
	memcpy(wire + sizeof(f), "hello", 5);
	for (size_t i = 0; i < sizeof(f) + 5; i++)
		control_feed(c, wire + i, 1);
	CHECK_EQ(got.ndata, 5);
	CHECK(memcmp(got.data, "hello", 5) == 0);
	feed(c, CTL_EOF, CTL_STDOUT, NULL, 0);
	CHECK_EQ(got.eofs, 1U << CTL_STDOUT);
	feed(c, CTL_CLOSE, CTL_STDIN, NULL, 0);
	CHECK_EQ(got.closes, 1U << CTL_STDIN);
	CHECK_EQ(control_room(c, CTL_STDIN), 0);
	feed(c, CTL_STARTED, CTL_CONTROL, NULL, 0);
	CHECK_EQ(got.type, CTL_STARTED);
	CHECK_EQ(got.broken, 0);
	control_destroy(c);
}

static void test_credit_in(void)
{
	struct control *c = fresh();
	static uint8_t chunk[CTL_MAX_PAYLOAD];
	uint32_t credit;

	for (unsigned i = 0; i < 4; i++)
		feed(c, CTL_DATA, CTL_STDOUT, chunk, sizeof(chunk));
	CHECK_EQ(got.ndata, CTL_INITIAL_CREDIT);
	CHECK_EQ(got.nsent, 0);
	control_consumed(c, CTL_STDOUT, sizeof(chunk));
	CHECK_EQ(sent_frame(0).type, CTL_CREDIT);
	memcpy(&credit, got.sent + sizeof(struct ctl_frame), 4);
	CHECK_EQ(credit, sizeof(chunk));
	feed(c, CTL_DATA, CTL_STDOUT, chunk, sizeof(chunk));
	CHECK_EQ(got.broken, 0);
	feed(c, CTL_DATA, CTL_STDOUT, chunk, 1);
	CHECK_EQ(got.broken, 1);
	CHECK_EQ(got.ndata, CTL_INITIAL_CREDIT + sizeof(chunk));
	control_destroy(c);
}

static void test_credit_out(void)
{
	struct control *c = fresh();
	uint8_t *big = calloc(1, CTL_INITIAL_CREDIT);
	uint32_t back = 1000;

	CHECK_EQ(control_room(c, CTL_STDIN), CTL_INITIAL_CREDIT);
	control_send(c, CTL_STDIN, big, CTL_INITIAL_CREDIT);
	CHECK_EQ(got.nsent, CTL_INITIAL_CREDIT + 4 * sizeof(struct ctl_frame));
	CHECK_EQ(control_room(c, CTL_STDIN), 0);
	feed(c, CTL_CREDIT, CTL_STDIN, &back, sizeof(back));
	CHECK_EQ(got.ready[CTL_STDIN], 1);
	CHECK_EQ(control_room(c, CTL_STDIN), 1000);
	back = CTL_INITIAL_CREDIT;
	feed(c, CTL_CREDIT, CTL_STDIN, &back, sizeof(back));
	CHECK_EQ(got.broken, 1); /* more than was ever used */
	control_destroy(c);
	free(big);
}

/* The transport takes nothing for a while: order and bytes stay. */
static void test_back_pressure(void)
{
	struct control *c = fresh();
	uint8_t *big = malloc(CTL_INITIAL_CREDIT);
	size_t at = 0, sum = 0;

	for (size_t i = 0; i < CTL_INITIAL_CREDIT; i++)
		big[i] = (uint8_t)(i * 7);
	got.room = 5;
	control_send(c, CTL_STDIN, big, CTL_INITIAL_CREDIT);
	control_signal(c, 15);
	CHECK_EQ(got.nsent, 5);
	CHECK_EQ(control_room(c, CTL_STDOUT), 0); /* the queue is long */
	while (got.room = 777, got.nsent < CTL_INITIAL_CREDIT + 44)
		control_writable(c);
	while (at < got.nsent) {
		struct ctl_frame f = sent_frame(at);

		at += sizeof(f);
		if (f.type == CTL_DATA)
			CHECK(memcmp(got.sent + at, big + sum, f.len) == 0);
		else
			CHECK_EQ(f.type, CTL_SIGNAL);
		sum += f.type == CTL_DATA ? f.len : 0;
		at += f.len;
	}
	CHECK_EQ(at, got.nsent);
	CHECK_EQ(sum, CTL_INITIAL_CREDIT);
	CHECK(control_room(c, CTL_STDOUT) > 0);
	CHECK(got.ready[CTL_STDOUT] > 0);
	control_destroy(c);
	free(big);
}

/* Somebody was told to wait because `out` is long; a frame of another kind
 * empties it.  Who waits hears of it with the transport's next word. */
static void test_stalled(void)
{
	struct control *c = fresh();

	got.room = 0;
	for (unsigned i = 0; i < 8000; i++)
		control_signal(c, 1);
	CHECK_EQ(control_room(c, CTL_STDIN), 0);
	got.room = sizeof(got.sent);
	control_signal(c, 1);
	CHECK_EQ(got.ready[CTL_STDIN], 0);
	control_writable(c);
	CHECK_EQ(got.ready[CTL_STDIN], 1);
	control_writable(c);
	CHECK_EQ(got.ready[CTL_STDIN], 1);
	CHECK_EQ(got.broken, 0);
	control_destroy(c);
}

static void test_bad(void)
{
	static const struct ctl_frame bad[] = {
		{ CTL_MAX_PAYLOAD + 1, CTL_DATA, CTL_STDOUT },
		{ 0, CTL_DATA, 4 },
		{ 0, 99, CTL_STDOUT },
		{ 0, 0, CTL_CONTROL },
		{ 0, CTL_SIGNAL, CTL_CONTROL },
		{ 3, CTL_CREDIT, CTL_STDIN },
		{ 1, CTL_EOF, CTL_STDOUT },
		{ 4, CTL_EXITED, CTL_CONTROL },
		{ 3, CTL_START_FAILED, CTL_CONTROL },
	};
	static uint8_t zero[16];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct control *c = fresh();

		control_feed(c, &bad[i], sizeof(bad[i]));
		if (bad[i].len <= sizeof(zero))
			control_feed(c, zero, bad[i].len);
		CHECK_EQ(got.broken, 1);
		CHECK_EQ(got.ndata + got.events, 0);
		feed(c, CTL_STARTED, CTL_CONTROL, NULL, 0);
		CHECK_EQ(got.events, 0); /* nothing is read any more */
		control_destroy(c);
	}
}

static void test_silent_guest(void)
{
	struct control *c = fresh();

	got.room = 0;
	for (unsigned i = 0; i < 200000 && !got.broken; i++)
		control_signal(c, 1);
	CHECK_EQ(got.broken, 1);
	control_destroy(c);
}

int main(void)
{
	test_pieces();
	test_credit_in();
	test_credit_out();
	test_back_pressure();
	test_stalled();
	test_bad();
	test_silent_guest();
	return check_done("control");
}
