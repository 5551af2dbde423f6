/* SPDX-License-Identifier: Apache-2.0 */
/* termguard.h: a terminal in raw mode, and back whatever happens. */
#ifndef HOST_TERMGUARD_H
#define HOST_TERMGUARD_H

/* Makes terminal fd raw.  *guard: a descriptor whose other end is a process
 * that puts fd back if we die; -1 where fd is not a terminal.  -errno. */
int termguard_raw(int fd, int *guard);
/* Puts it back, and lets the process go. */
void termguard_restore(int guard);

#endif
