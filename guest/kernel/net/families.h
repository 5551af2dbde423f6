/* SPDX-License-Identifier: Apache-2.0 */
/* families.h: what families.c lists. */
#ifndef NET_FAMILIES_H
#define NET_FAMILIES_H

#include "kuni/net.h"

extern const struct sock_family unix_family; /* unix.c */
extern const struct sock_family inet_family; /* inet/inet.c */
extern const struct sock_family inet6_family;
extern const struct sock_family netlink_family; /* netlink.c */

#endif
