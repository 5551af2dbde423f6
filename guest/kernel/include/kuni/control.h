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
/* A system call that is not there was made. */
void ctl_missing(unsigned nr);

#endif
