// uses: oci/exitcode.c
/* SPDX-License-Identifier: Apache-2.0 */
/* Every way a VM can end, and the exit status of `kuni run`. */
#include "oci/exitcode.h"

#include <errno.h>
#include <signal.h>

#include "tests/unit/check.h"

static const struct {
	struct vm_exit ex;
	int want;
} cases[] = {
	{ { .kind = VM_EXITED, .code = 0 }, 0 },
	{ { .kind = VM_EXITED, .code = 7 }, 7 },
	{ { .kind = VM_EXITED, .code = 137 }, 137 },
	{ { .kind = VM_EXITED, .code = 255 }, 255 },
	{ { .kind = VM_EXITED, .code = 256 }, 0 },
	{ { .kind = VM_SIGNALED, .code = SIGHUP }, 129 },
	{ { .kind = VM_SIGNALED, .code = SIGKILL }, 137 },
	{ { .kind = VM_SIGNALED, .code = SIGKILL, .oom = true }, 137 },
	{ { .kind = VM_SIGNALED, .code = SIGSEGV }, 139 },
	{ { .kind = VM_SIGNALED, .code = SIGTERM }, 143 },
	{ { .kind = VM_SIGNALED, .code = 64 }, 192 },
	{ { .kind = VM_START_FAILED, .code = ENOENT, .not_found = true }, 127 },
	{ { .kind = VM_START_FAILED, .code = ENOTDIR, .not_found = true },
	  127 },
	{ { .kind = VM_START_FAILED, .code = EACCES, .not_executable = true },
	  126 },
	/* not of the program: a mount, the working directory */
	{ { .kind = VM_START_FAILED, .code = ENOENT }, 1 },
	{ { .kind = VM_START_FAILED, .code = EACCES }, 1 },
	{ { .kind = VM_START_FAILED, .code = ENOMEM }, 1 },
	{ { .kind = VM_START_FAILED, .code = EINVAL }, 1 },
	{ { .kind = VM_PANIC, .code = 0 }, 125 },
	{ { .kind = VM_HOST_ERROR, .code = 0 }, 1 },
	{ { .kind = VM_HOST_ERROR, .code = ENOENT }, 1 },
};

int main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_EQ(exitcode_of(&cases[i].ex), cases[i].want);
		if (exitcode_of(&cases[i].ex) != cases[i].want)
			fprintf(stderr, "case %zu\n", i);
	}
	return check_done("oci_exitcode");
}
