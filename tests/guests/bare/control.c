/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.c: frames that break boot/abi/control.h.  The monitor ends the VM,
 * so what a case returns is seen only where it does not.
 */
#include "rig.h"

#include "control.h"

static uint8_t bytes[sizeof(struct ctl_frame) + 2 * CTL_MAX_PAYLOAD];
static struct dev con;

static int frame(unsigned type, unsigned stream, uint32_t len, uint32_t sent)
{
	struct ctl_frame f = { len, (uint16_t)type, (uint16_t)stream };

	*(struct ctl_frame *)(void *)bytes = f;
	buffer(&con, 0, gpa(bytes), (uint32_t)sizeof(f) + sent, 0, 0);
	return post(&con, 0);
}

static void up(void)
{
	dev_up(&con, VIRTIO_ID_CONSOLE, 1);
}

/* Time for the monitor, which learns of it on another thread. */
static int wait(void)
{
	con.queue = 0;
	return kicked(&con, con.used->idx);
}

static int one(unsigned type, unsigned stream, uint32_t len)
{
	up();
	(void)frame(type, stream, len, len);
	return wait();
}

static int good(void)
{
	up();
	bytes[8] = 'x';
	bytes[9] = '\n';
	return frame(CTL_DATA, CTL_STDOUT, 2, 2);
}

static int type(void)
{
	return one(99, CTL_STDOUT, 0);
}

static int control_type(void)
{
	return one(CTL_SIGNAL, CTL_CONTROL, 4);
}

static int stream(void)
{
	return one(CTL_DATA, 77, 1);
}

static int over_long(void)
{
	return one(CTL_DATA, CTL_STDOUT, CTL_MAX_PAYLOAD + 1);
}

static int length(void)
{
	return one(CTL_EXITED, CTL_CONTROL, 3);
}

static int credit_length(void)
{
	return one(CTL_CREDIT, CTL_STDIN, 5);
}

static int credit(void)
{
	return one(CTL_CREDIT, CTL_STDIN, 4); /* its value is below */
}

static int credit_max(void)
{
	for (unsigned i = 8; i < 12; i++)
		bytes[i] = 0xff;
	return credit();
}

static int eof_twice(void)
{
	up();
	(void)frame(CTL_EOF, CTL_STDOUT, 0, 0);
	(void)frame(CTL_EOF, CTL_STDOUT, 0, 0);
	return wait();
}

static int after_eof(void)
{
	up();
	(void)frame(CTL_EOF, CTL_STDOUT, 0, 0);
	(void)frame(CTL_DATA, CTL_STDOUT, 1, 1);
	return wait();
}

/* More than the credit, to standard output, which nobody reads. */
static int over_credit(void)
{
	up();
	for (unsigned i = 0; i < 64; i++)
		(void)frame(CTL_DATA, CTL_STDOUT, CTL_MAX_PAYLOAD,
			    CTL_MAX_PAYLOAD);
	return wait();
}

/* Data where only the host sends: it goes nowhere. */
static int to_stdin(void)
{
	up();
	for (unsigned i = 0; i < 64; i++)
		if (frame(CTL_DATA, CTL_STDIN, CTL_MAX_PAYLOAD,
			  CTL_MAX_PAYLOAD) != ANSWERED)
			return WRONG;
	return ANSWERED;
}

/* A queue that is full for ever: empty frames, as fast as they are taken. */
static _Noreturn int flood(void)
{
	up();
	*(struct ctl_frame *)(void *)bytes =
		(struct ctl_frame){ .type = CTL_DATA, .stream = CTL_STDIN };
	for (unsigned i = 0; i < Q_SIZE; i++) {
		buffer(&con, i, gpa(bytes), sizeof(struct ctl_frame), 0, 0);
		con.avail->ring[i] = (uint16_t)i;
	}
	con.avail->idx = Q_SIZE;
	(void)kicked(&con, 0);
	say("<1>floods\n", 10);
	for (;;)
		con.avail->idx = (uint16_t)(con.used->idx + Q_SIZE);
}

/* A frame whose rest never comes, and the end. */
static int half(void)
{
	up();
	return frame(CTL_DATA, CTL_STDOUT, 1000, 10);
}

/* Control bytes in what the user is shown. */
static int failed(void)
{
	up();
	for (unsigned i = 0; i < CTL_MAX_PAYLOAD; i++)
		bytes[8 + i] = (uint8_t)i;
	(void)frame(CTL_START_FAILED, CTL_CONTROL, CTL_MAX_PAYLOAD,
		    CTL_MAX_PAYLOAD);
	return wait();
}

static int missing(void)
{
	up();
	for (unsigned i = 0; i < 1000; i++) {
		bytes[8] = (uint8_t)i;
		bytes[9] = (uint8_t)(i >> 8);
		bytes[11] = 0xff;
		(void)frame(CTL_MISSING, CTL_CONTROL, 8, 8);
	}
	return ANSWERED;
}

const struct bare_case cases[] = {
	{ "good", good },
	{ "type", type },
	{ "control_type", control_type },
	{ "stream", stream },
	{ "over_long", over_long },
	{ "length", length },
	{ "credit_length", credit_length },
	{ "credit_max", credit_max },
	{ "eof_twice", eof_twice },
	{ "after_eof", after_eof },
	{ "over_credit", over_credit },
	{ "to_stdin", to_stdin },
	{ "flood", flood },
	{ "half", half },
	{ "failed", failed },
	{ "missing", missing },
	{ NULL, NULL },
};
