/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.h: values and layouts of the x86-64 Linux user ABI.  Structures are
 * called lx_NAME after the Linux structure; constants have Linux's names.
 * Further ones are added by whoever needs them, in the section they belong to.
 */
#ifndef KUNI_LINUX_H
#define KUNI_LINUX_H

#include "kuni/linux_fs.h"
#include "kuni/linux_task.h"

#endif
