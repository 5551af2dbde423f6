/* SPDX-License-Identifier: Apache-2.0 */
/* control.h: between control.c (frames) and stdio.c (streams). */
#ifndef TASK_CONTROL_H
#define TASK_CONTROL_H

#include "boot/abi/control.h"
#include "internal.h"
#include "kuni/control.h"

struct stdio_stream;
struct stdio_stream *stdio_stream(unsigned nr); /* NULL: no such stream */
/* From the host, in an interrupt; false: it broke the credit rules. */
bool stdio_data(struct stdio_stream *s, const void *p, size_t n);
bool stdio_credit(struct stdio_stream *s, uint32_t n);
void stdio_eof(struct stdio_stream *s);
void stdio_closed(struct stdio_stream *s);
/* Rings and credit, before the port opens. */
int stdio_prepare(void) MUST_CHECK;
/* The port is open: says what was closed before. */
void stdio_port_opened(void);
void stdio_log(void); /* into the log; may be torn */
/* A stream of both directions for the kernel itself (a terminal).  read: bytes,
 * 0 at the end, or -EINTR once stop() holds, which ctl_stream_poke() makes it
 * look at. */
ssize_t ctl_stream_read(int stream, void *buf, size_t n, bool (*stop)(void));
ssize_t ctl_stream_write(int stream, const void *buf, size_t n);
void ctl_stream_poke(int stream); /* from an interrupt too */
/* What CTL_WINSIZE calls; from an interrupt. */
extern void (*ctl_winsize_hook)(const struct ctl_winsize *w);
int ctl_frame_send(unsigned type, unsigned stream, const void *a, size_t na,
		   const void *b, size_t nb) MUST_CHECK;

#endif
