/* SPDX-License-Identifier: Apache-2.0 */
/* exitcode.h: the exit status of `kuni run`. */
#ifndef OCI_EXITCODE_H
#define OCI_EXITCODE_H

#include "host/vm.h"

#define EXIT_KUNI        1   /* kuni or the host could not do it */
#define EXIT_GUEST_PANIC 125 /* the guest kernel died */
#define EXIT_CANNOT_EXEC 126
#define EXIT_NOT_FOUND   127
#define EXIT_SIGNAL_BASE 128

int exitcode_of(const struct vm_exit *ex);

#endif
