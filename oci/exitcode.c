/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exitcode.c: how a VM ended, as the eight bits that wait(2) gives a parent.
 *
 * What the program chose is passed on as it is; a signal is 128 + n as shells
 * have it.  125 is kept for a guest kernel that died, so that it is never
 * taken for "the runtime said no" (1), which is in the log of the caller.
 */
#include "oci/exitcode.h"

static int start_failed(const struct vm_exit *ex)
{
	if (ex->not_found)
		return EXIT_NOT_FOUND;
	return ex->not_executable ? EXIT_CANNOT_EXEC : EXIT_KUNI;
}

int exitcode_of(const struct vm_exit *ex)
{
	switch (ex->kind) {
	case VM_EXITED:
		return ex->code & 0xff;
	case VM_SIGNALED:
		return EXIT_SIGNAL_BASE + (ex->code & 0x7f);
	case VM_START_FAILED:
		return start_failed(ex);
	case VM_PANIC:
		return EXIT_GUEST_PANIC;
	case VM_HOST_ERROR:
		return EXIT_KUNI;
	}
	return EXIT_KUNI;
}
