// uses: host/stdio.c host/termguard.c host/control.c host/loop.c host/err.c host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stdio_test.c: the user's descriptors and the streams: every byte, ends on
 * both sides, readers that leave, and flags that stay as they were.
 *
 * The guest is played here: what control.c sends is parsed and answered with
 * credit; what the guest says is fed.
 */
#include "host/stdio.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/control.h"
#include "host/loop.h"
#include "tests/unit/check.h"

#define TOTAL 300000U

static struct {
	struct loop *loop;
	struct control *control;
	struct stdio *stdio;
	uint8_t wire[1 << 20]; /* from the host, not parsed yet */
	size_t nwire;
	uint8_t input[TOTAL];
	size_t ninput;
	bool eof, close, broken;
	size_t credit; /* returned by the host for standard output */
} t;

static size_t on_send(void *arg, const void *buf, size_t len)
{
	(void)arg;
	memcpy(t.wire + t.nwire, buf, len);
	t.nwire += len;
	return len;
}

static void on_data(void *arg, unsigned stream, const void *buf, size_t len)
{
	(void)arg;
	stdio_data(t.stdio, stream, buf, len);
}

static void on_eof(void *arg, unsigned stream)
{
	(void)arg;
	stdio_eof(t.stdio, stream);
}

static void on_close(void *arg, unsigned stream)
{
	(void)arg;
	stdio_close(t.stdio, stream);
}

static void on_ready(void *arg, unsigned stream)
{
	(void)arg;
	stdio_ready(t.stdio, stream);
}

static void on_event(void *arg, unsigned type, const void *buf, size_t len)
{
	(void)arg;
	(void)type;
	(void)buf;
	(void)len;
}

static void on_broken(void *arg, const char *why)
{
	(void)arg;
	fprintf(stderr, "broken: %s\n", why);
	t.broken = true;
}

static const struct control_ops ops = { on_send,  on_data,  on_eof,   on_close,
					on_ready, on_event, on_broken };

static void from_guest(unsigned type, unsigned stream, const void *p,
		       uint32_t len)
{
	struct ctl_frame f = { len, (uint16_t)type, (uint16_t)stream };

	control_feed(t.control, &f, sizeof(f));
	if (len)
		control_feed(t.control, p, len);
}

/* Reads what the host sent, as a guest does; gives credit for the input. */
static void guest_reads(void)
{
	size_t at = 0;

	while (at < t.nwire) {
		struct ctl_frame f;
		uint32_t n;

		memcpy(&f, t.wire + at, sizeof(f));
		at += sizeof(f);
		if (f.type == CTL_DATA && t.ninput + f.len <= TOTAL) {
			memcpy(t.input + t.ninput, t.wire + at, f.len);
			t.ninput += f.len;
		} else if (f.type == CTL_CREDIT) {
			memcpy(&n, t.wire + at, sizeof(n));
			t.credit += n;
		}
		t.eof |= f.type == CTL_EOF && f.stream == CTL_STDIN;
		t.close |= f.type == CTL_CLOSE && f.stream == CTL_STDOUT;
		at += f.len;
		if (f.type != CTL_DATA)
			continue;
		n = f.len;
		from_guest(CTL_CREDIT, CTL_STDIN, &n, sizeof(n));
	}
	t.nwire = 0;
}

static void on_alarm(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
}

static int poke[2];

/* One round of the loop: whatever is ready, and the stop. */
static void turn(void)
{
	loop_stop(t.loop);
	CHECK_EQ(loop_run(t.loop), 0);
	guest_reads();
}

static void begin(int in, int out, int err)
{
	struct vm_io io = { in, out, err };
	struct err e = { 0 };

	memset(&t, 0, sizeof(t));
	CHECK_EQ(loop_create(&t.loop), 0);
	CHECK_EQ(loop_add(t.loop, poke[0], 0, on_alarm, NULL, NULL), 0);
	CHECK_EQ(control_create(&t.control, &ops, NULL), 0);
	CHECK_EQ(stdio_create(&t.stdio, t.loop, &io, false, &e), 0);
	stdio_start(t.stdio, t.control);
}

static void finish(void)
{
	CHECK(!t.broken);
	stdio_destroy(t.stdio);
	control_destroy(t.control);
	loop_destroy(t.loop);
}

static uint8_t pattern[TOTAL];

/* Bytes in, from what `in` is; the writer keeps it filled. */
static void test_input(int in, int writer)
{
	int flags = fcntl(in, F_GETFL);
	size_t put = 0;

	begin(in, -1, -1);
	for (unsigned i = 0; i < 10000 && !t.eof; i++) {
		if (writer >= 0 && put < TOTAL) {
			size_t n = TOTAL - put < 4096 ? TOTAL - put : 4096;

			put += (size_t)write(writer, pattern + put, n);
			if (put == TOTAL)
				close(writer);
		}
		turn();
	}
	CHECK(t.eof);
	CHECK_EQ(t.ninput, TOTAL);
	CHECK(memcmp(t.input, pattern, TOTAL) == 0);
	CHECK_EQ(fcntl(in, F_GETFL), flags);
	finish();
	close(in);
}

/* Bytes out, to what `out` is; reader < 0: a file. */
static void test_output(int out, int reader)
{
	static uint8_t got[TOTAL];
	int flags = fcntl(out, F_GETFL);
	size_t sent = 0, have = 0, room = CTL_INITIAL_CREDIT;

	if (reader >= 0)
		fcntl(reader, F_SETFL, O_NONBLOCK);
	begin(-1, out, -1);
	for (unsigned i = 0; i < 10000 && have < TOTAL; i++) {
		size_t n = TOTAL - sent < 9000 ? TOTAL - sent : 9000;
		ssize_t r;

		room += t.credit;
		t.credit = 0;
		if (n && n <= room) {
			from_guest(CTL_DATA, CTL_STDOUT, pattern + sent,
				   (uint32_t)n);
			sent += n;
			room -= n;
		}
		turn();
		if (reader < 0) {
			have = sent;
			continue;
		}
		r = i % 3 ? read(reader, got + have, 7000) : 0;
		have += r > 0 ? (size_t)r : 0;
	}
	CHECK_EQ(have, TOTAL);
	if (reader < 0)
		CHECK_EQ(pread(out, got, TOTAL, 0), (int)TOTAL);
	CHECK(memcmp(got, pattern, TOTAL) == 0);
	CHECK_EQ(fcntl(out, F_GETFL), flags);
	CHECK_EQ(stdio_drain(t.stdio), 0);
	if (reader >= 0) {
		/* the container closes: the reader sees the end */
		from_guest(CTL_EOF, CTL_STDOUT, NULL, 0);
		CHECK_EQ(read(reader, got, 1), 0);
		close(reader);
	}
	finish();
	close(out);
}

static void test_reader_leaves(void)
{
	int p[2];

	CHECK_EQ(pipe(p), 0);
	begin(-1, p[1], -1);
	from_guest(CTL_DATA, CTL_STDOUT, pattern, 16000);
	turn();
	CHECK(!t.close);
	close(p[0]);
	turn();
	turn();
	CHECK(t.close);
	/* what comes still is dropped, and its credit returned */
	from_guest(CTL_DATA, CTL_STDOUT, pattern, 16000);
	from_guest(CTL_DATA, CTL_STDOUT, pattern, 16000);
	turn();
	CHECK(t.credit >= 32000);
	CHECK_EQ(stdio_drain(t.stdio), 0);
	finish();
	close(p[1]);
}

int main(void)
{
	int p[2];

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < TOTAL; i++)
		pattern[i] = (uint8_t)(i * 31 + i / 251);
	CHECK_EQ(pipe(poke), 0);
	CHECK_EQ(pipe(p), 0);
	test_input(p[0], p[1]);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
	test_input(p[0], p[1]);
	p[0] = memfd_create("in", 0);
	CHECK_EQ(write(p[0], pattern, TOTAL), (int)TOTAL);
	CHECK_EQ(lseek(p[0], 0, SEEK_SET), 0);
	test_input(p[0], -1);
	CHECK_EQ(pipe(p), 0);
	test_output(p[1], p[0]);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
	test_output(p[1], p[0]);
	test_output(memfd_create("out", 0), -1);
	test_reader_leaves();
	return check_done("stdio");
}
