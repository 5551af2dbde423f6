/* SPDX-License-Identifier: Apache-2.0 */
/* uts.h: the version of Linux whose system calls this kernel serves, as
 * uname(2) and /proc/version give it. */
#ifndef KUNI_UTS_H
#define KUNI_UTS_H

#define UTS_SYSNAME "Linux"
#define UTS_RELEASE "6.1.0-kuni"
#define UTS_VERSION "#1 SMP"
#define UTS_MACHINE "x86_64"

#endif
