/* SPDX-License-Identifier: Apache-2.0 */
/* console.h: the terminal of process.terminal, for init.c and control.c. */
#ifndef TASK_CONSOLE_H
#define TASK_CONSOLE_H

#include "control.h"
#include "launch.h"

/* A new terminal of the size that l says, for descriptors 0, 1 and 2; current
 * becomes the session's leader on it.  -ENODEV: no devpts is mounted. */
int console_open_stdio(const struct launch *l, struct file **out) MUST_CHECK;
/* The threads between it and the host; nothing where there is none. */
int console_start(void) MUST_CHECK;
/* Waits until the host has all that was written. */
void console_drain(void);

#endif
