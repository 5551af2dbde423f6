/* SPDX-License-Identifier: Apache-2.0 */
/* exec.h: an execve on its way (exec.c, exec_load.c, exec_args.c). */
#ifndef TASK_EXEC_H
#define TASK_EXEC_H

#include "elf.h"
#include "internal.h"

struct exec {
	struct file *f;    /* the binary, after all "#!" */
	const char *name;  /* AT_EXECFN */
	char *script_name; /* what a "#!" interpreter is told to read */
	bool name_closes;  /* by when it would not find it */
	char *const *argv, *const *envp;
	char **argv_owned;
	char *lines[5]; /* "#!" lines that argv points into */
	unsigned nlines;
	struct cred *cred;        /* of the new program */
	struct mm *mm;            /* of the new program */
	struct elf_header eh, ih; /* program and interpreter */
	struct elf_image image, interp;
	uint64_t bias, interp_bias;
	uint64_t start, sp; /* first instruction, stack pointer */
	size_t head_len;
	char head[PAGE_SIZE / 2]; /* first bytes of f */
};

int exec_open(int dirfd, const char *name, unsigned lookup,
	      struct file **out) MUST_CHECK;
bool exec_nosuid(const struct file *f);
/* Builds x->mm from x->f, argv, envp; sets start and sp. */
int exec_load(struct exec *x) MUST_CHECK;
/* Strings, vectors and auxv on the new stack (exec_stack.c). */
int exec_stack(struct exec *x) MUST_CHECK;

/* argv or envp of user space as one kernel block. */
struct user_strings {
	char *buf;
	size_t used, size;
	char **v; /* NULL-terminated */
	unsigned n;
};
int user_strings_read(struct user_strings *s, uaddr_t vec,
		      size_t *budget) MUST_CHECK;
void user_strings_free(struct user_strings *s);

#endif
