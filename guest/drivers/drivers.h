/* SPDX-License-Identifier: Apache-2.0 */
/* drivers.h: how the list in drivers.c reaches each driver. */
#ifndef DRIVERS_DRIVERS_H
#define DRIVERS_DRIVERS_H

#include "bootinfo.h"

void virtio_fs_bind(const struct boot_device *b);
void virtio_console_bind(const struct boot_device *b);
void virtio_rng_bind(const struct boot_device *b);
void virtio_balloon_bind(const struct boot_device *b);
/* What kind of exit port there is: BOOT_F_EXIT_PORT. */
void exitport_bind(uint32_t boot_flags);

#endif
