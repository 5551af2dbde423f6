/* SPDX-License-Identifier: Apache-2.0 */
/* sockcall.h: what sys_sock.c and sys_msg.c share. */
#ifndef SYSCALL_SOCKCALL_H
#define SYSCALL_SOCKCALL_H

#include "kuni/net.h"

/* The socket of a descriptor; file_put(*f) in the end. EBADF, ENOTSOCK. */
int sock_from_fd(int fd, struct file **f, struct socket **s) MUST_CHECK;
int addr_from_user(struct sock_addr *a, uaddr_t at, int len) MUST_CHECK;
/* As much of a as the user's *len says; its real length to *len. */
int addr_to_user(const struct sock_addr *a, uaddr_t at, uaddr_t len) MUST_CHECK;

#endif
