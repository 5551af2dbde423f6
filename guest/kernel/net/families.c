/* SPDX-License-Identifier: Apache-2.0 */
/* families.c: the list of address families. */
#include "families.h"

const struct sock_family *const sock_families[] = {
	&unix_family, &inet_family, &inet6_family, &netlink_family, NULL,
};
