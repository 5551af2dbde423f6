/* SPDX-License-Identifier: Apache-2.0 */
/* gdb_socket.h: where gdb finds a VM: /run/kuni/gdb-ID.sock. */
#ifndef HOST_GDB_SOCKET_H
#define HOST_GDB_SOCKET_H

#include "host/err.h"

struct gdb_socket {
	int dir;        /* -1: none */
	char path[108]; /* as sockaddr_un has it */
	char name[108];
};

/* Names it; whoever listens makes it.  It goes when this process ends, however
 * it ends.  To be called outside the jail. */
int gdb_socket_name(struct gdb_socket *s, const char *id,
		    struct err *e) MUST_CHECK;
void gdb_socket_remove(struct gdb_socket *s);

#endif
