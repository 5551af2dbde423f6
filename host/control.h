/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h: the host half of boot/abi/control.h, over a byte stream.
 *
 * control.c speaks frames and credits and knows no descriptors; stdio.c moves
 * bytes between the user's descriptors and the streams.  Both run on the
 * loop's thread only.
 */
#ifndef HOST_CONTROL_H
#define HOST_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/abi/control.h"
#include "host/err.h"

struct control;

/* What control.c tells its owner.  Streams are enum ctl_stream. */
struct control_ops {
	/* Bytes for the guest: how many were taken; after less than len,
	 * control_writable() says when to go on. */
	size_t (*send)(void *arg, const void *buf, size_t len);
	/* DATA of a stream, at most its credit; control_consumed() returns
	 * the credit once the bytes are gone. */
	void (*data)(void *arg, unsigned stream, const void *buf, size_t len);
	void (*eof)(void *arg, unsigned stream);   /* its writer has closed */
	void (*close)(void *arg, unsigned stream); /* its reader has closed */
	/* There is credit and room to send on a stream (again). */
	void (*ready)(void *arg, unsigned stream);
	/* Frames of stream 0: the type and its payload, length checked. */
	void (*event)(void *arg, unsigned type, const void *buf, size_t len);
	/* The guest broke the protocol; nothing is read from then on. */
	void (*broken)(void *arg, const char *why);
};

int control_create(struct control **out, const struct control_ops *ops,
		   void *arg) MUST_CHECK;
void control_destroy(struct control *c);
/* Bytes from the guest, in any pieces. */
void control_feed(struct control *c, const void *buf, size_t len);
/* The transport takes bytes again. */
void control_writable(struct control *c);
/* How many bytes of DATA may be sent on the stream now; 0: ready() follows. */
size_t control_room(struct control *c, unsigned stream);
/* Sends len <= control_room() bytes. */
void control_send(struct control *c, unsigned stream, const void *buf,
		  size_t len);
void control_send_eof(struct control *c, unsigned stream);
void control_send_close(struct control *c, unsigned stream);
void control_signal(struct control *c, int signo);
void control_winsize(struct control *c, const struct ctl_winsize *ws);
void control_clock(struct control *c, uint64_t wall_ns);
/* Logs credits and what waits, and asks the guest to log its tasks. */
void control_dump(struct control *c);
void control_consumed(struct control *c, unsigned stream, size_t len);

#endif
