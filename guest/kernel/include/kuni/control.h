/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h: stdio and control messages between guest and host, for the rest
 * of the kernel (task/control.c); the wire is boot/abi/control.h.
 */
#ifndef KUNI_CONTROL_H
#define KUNI_CONTROL_H

#include "kuni/types.h"

struct file;

/* A file over stream CTL_STDIN, CTL_STDOUT or CTL_STDERR: stdin is for
 * reading, the others for writing. */
int ctl_stdio_open(int stream, uint32_t uid, uint32_t gid,
		   struct file **out) MUST_CHECK;
/* The same stream for reading and writing by the kernel (a terminal). */
ssize_t ctl_stream_read(int stream, void *buf, size_t n);
ssize_t ctl_stream_write(int stream, const void *buf, size_t n);
/* What CTL_WINSIZE calls; from an interrupt. */
extern void (*ctl_winsize_hook)(unsigned rows, unsigned cols);
/* A system call that is not there was made. */
void ctl_missing(unsigned nr);

#endif
