/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd.h: the commands, as host/main.c calls them.
 *
 * A command returns the exit status, or a negative errno with *e filled.  A
 * command that ends with a status and something to say about it (the guest
 * could not start the program) does both: *e is printed where it is filled.
 */
#ifndef OCI_CMD_H
#define OCI_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "host/err.h"
#include "host/vm.h"

/* The command line, parsed. */
struct cli {
	enum vm_hypervisor hypervisor;
	uint64_t memory; /* bytes, 0: not said */
	uint32_t cpus;   /* 0: not said */
	bool strace, debug, timeline, timeline_json, strict;
	bool log_json;
	const char *log;    /* NULL: standard error */
	const char *root;   /* NULL: STATE_ROOT */
	const char *bundle; /* --bundle, NULL: not said */
	char **args;        /* what follows the command */
	int nargs;
};

int cmd_run(const struct cli *c, struct err *e) MUST_CHECK;
int cmd_plan(const struct cli *c, struct err *e) MUST_CHECK;
int cmd_check(const struct cli *c, struct err *e) MUST_CHECK;
int cmd_spec(const struct cli *c, struct err *e) MUST_CHECK;
int cmd_features(const struct cli *c, struct err *e) MUST_CHECK;
int cmd_syscalls(const struct cli *c, struct err *e) MUST_CHECK;

/* For commands that take a bundle: names in the log what its config.json asks
 * for and does not get; with --strict that is an error. */
struct oci_spec;
int cmd_report_notes(const struct cli *c, const struct oci_spec *s,
		     struct err *e) MUST_CHECK;
/* The bundle's directory and the container's ID of the command line, as `run`
 * and `plan` read it: with --bundle the argument is the ID, without it the
 * first one is the directory. *id is NULL where none was given. */
int cmd_bundle_args(const struct cli *c, const char **dir, const char **id,
		    struct err *e) MUST_CHECK;
struct plan_opts;
struct plan_opts cmd_plan_opts(const struct cli *c, const char *bundle,
			       const char *id);

#endif
