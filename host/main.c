/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c: the command line.
 *
 * Two tables: the commands and the options.  Options may stand before or
 * after the command; each command says which ones mean something to it, and
 * any other is refused, so that no option is read and then ignored.  An error
 * is printed once, here: on standard error, and in the log with --log.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/err.h"
#include "host/log.h"
#include "host/timeline.h"
#include "layout.h"
#include "oci/cmd.h"
#include "oci/plan.h"
#include "oci/spec.h"
#include "oci/state.h"

enum opt {
	OPT_HYPERVISOR,
	OPT_MEMORY,
	OPT_CPUS,
	OPT_TIMELINE,
	OPT_STRACE,
	OPT_STRICT,
	OPT_BUNDLE,
	OPT_ROOT,
	OPT_LOG,
	OPT_LOG_FORMAT,
	OPT_DEBUG,
	OPT_HELP,
	OPT_VERSION,
	OPT_COUNT,
};

#define BIT(o) (1U << (o))
#define OPTS_ALL                                                               \
	(BIT(OPT_LOG) | BIT(OPT_LOG_FORMAT) | BIT(OPT_DEBUG) | BIT(OPT_HELP) | \
	 BIT(OPT_VERSION))
#define OPTS_PLAN                                                              \
	(OPTS_ALL | BIT(OPT_HYPERVISOR) | BIT(OPT_MEMORY) | BIT(OPT_CPUS) |    \
	 BIT(OPT_TIMELINE) | BIT(OPT_STRACE) | BIT(OPT_STRICT) |               \
	 BIT(OPT_BUNDLE))

static const struct command {
	const char *name, *args, *summary;
	const char *help;
	uint32_t opts;
	int (*run)(const struct cli *c, struct err *e);
} commands[] = {
	{ "run", "[--bundle] DIR [ID]",
	  "run the bundle's process in a VM and exit with its status",
	  "With --bundle DIR the argument is the container's ID; without it the\n"
	  "first argument is the bundle's directory and the second the ID.  The\n"
	  "default ID is the directory's name and the process number.\n"
	  "Exit status: the program's; 128 + n if signal n killed it; 127 if it\n"
	  "was not found; 126 if it could not be executed; 125 if the guest\n"
	  "kernel failed; 1 for any other error.\n",
	  OPTS_PLAN | BIT(OPT_ROOT), cmd_run },
	{ "check", "", "say what this host can do, and what auto chooses",
	  "Exit status: 0 if there is a way to run a VM here, 1 if not.\n",
	  OPTS_ALL, cmd_check },
	{ "plan", "[--bundle] DIR [ID]",
	  "print what run would run, as JSON; starts nothing",
	  "Reads config.json only: needs no hypervisor, no root file system.\n",
	  OPTS_PLAN, cmd_plan },
	{ "spec", "[--bundle DIR]",
	  "write a config.json to start from into a directory",
	  "DIR is the current directory where it is not given.  A config.json\n"
	  "that is there already is left alone.\n",
	  OPTS_ALL | BIT(OPT_BUNDLE), cmd_spec },
	{ "features", "", "print what kuni supports, as OCI features JSON", "",
	  OPTS_ALL, cmd_features },
	{ "syscalls", "", "list the system calls that the guest kernel has", "",
	  OPTS_ALL, cmd_syscalls },
};

#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

enum arg { ARG_NONE, ARG_VALUE, ARG_OPTIONAL };

static const struct option {
	const char *name; /* without the dashes */
	char letter;
	enum arg arg;
	const char *value, *summary;
} options[OPT_COUNT] = {
	[OPT_HYPERVISOR] = { "hypervisor", 0, ARG_VALUE, "auto|kvm|qemu",
			     "what runs the VM (auto)" },
	[OPT_MEMORY] = { "memory", 0, ARG_VALUE, "SIZE",
			 "RAM of the VM: bytes, or with K, M, G "
			 "(config.json's limit, or 512M)" },
	[OPT_CPUS] = { "cpus", 0, ARG_VALUE, "N",
		       "CPUs of the VM (config.json's quota, or the host's, "
		       "up to 8)" },
	[OPT_TIMELINE] = { "timeline", 0, ARG_OPTIONAL, "json",
			   "show what the start and the end spent time on" },
	[OPT_STRACE] = { "strace", 0, ARG_NONE, NULL,
			 "log every system call of the container" },
	[OPT_STRICT] = { "strict", 0, ARG_NONE, NULL,
			 "refuse what config.json asks for and is not "
			 "honoured" },
	[OPT_BUNDLE] = { "bundle", 'b', ARG_VALUE, "DIR",
			 "the bundle's directory" },
	[OPT_ROOT] = { "root", 0, ARG_VALUE, "DIR",
		       "where states are kept (" STATE_ROOT ")" },
	[OPT_LOG] = { "log", 0, ARG_VALUE, "FILE",
		      "append the log to FILE (standard error)" },
	[OPT_LOG_FORMAT] = { "log-format", 0, ARG_VALUE, "text|json",
			     "format of the log (text)" },
	[OPT_DEBUG] = { "debug", 0, ARG_NONE, NULL,
			"log more, and let gdb attach to the guest" },
	[OPT_HELP] = { "help", 'h', ARG_NONE, NULL, "print this" },
	[OPT_VERSION] = { "version", 'v', ARG_NONE, NULL, "print the version" },
};

struct line {
	struct cli cli;
	const struct command *cmd;
	uint32_t seen; /* BIT(enum opt) */
};

static void print_options(uint32_t opts)
{
	for (int i = 0; i < OPT_COUNT; i++) {
		const struct option *o = &options[i];
		char left[40];

		if (!(opts & BIT(i)))
			continue;
		(void)snprintf(left, sizeof(left), "%s%c%s--%s%s%s%s",
			       o->letter ? "-" : " ",
			       o->letter ? o->letter : ' ',
			       o->letter ? ", " : "  ", o->name,
			       o->arg == ARG_OPTIONAL ? "[="
			       : o->value             ? " "
						      : "",
			       o->value ? o->value : "",
			       o->arg == ARG_OPTIONAL ? "]" : "");
		printf("  %-30s %s\n", left, o->summary);
	}
}

static void print_help(const struct command *cmd)
{
	if (cmd) {
		printf("Usage: kuni %s [options]%s%s\n\n%s.\n%s\nOptions:\n",
		       cmd->name, cmd->args[0] ? " " : "", cmd->args,
		       cmd->summary, cmd->help);
		print_options(cmd->opts);
		return;
	}
	printf("Usage: kuni [options] COMMAND [options] [arguments]\n\n"
	       "Runs OCI containers, each in a VM of its own.\n\nCommands:\n");
	for (size_t i = 0; i < NCOMMANDS; i++) {
		printf("  %-10s %-20s %s\n", commands[i].name, commands[i].args,
		       commands[i].summary);
	}
	printf("\nOptions (before or after the command):\n");
	print_options(BIT(OPT_COUNT) - 1);
}

/* A number and its unit; K, M and G are powers of 1024. */
static int parse_size(const char *s, uint64_t *out)
{
	char *end;
	unsigned shift = 0;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	*out = strtoull(s, &end, 10);
	if (errno)
		return -errno;
	if (*end) {
		static const char units[] = "KkMmGg";
		const char *u = strchr(units, *end++);

		if (!u)
			return -EINVAL;
		shift = 10 * ((unsigned)(u - units) / 2 + 1);
	}
	if (*end && strcmp(end, "iB") != 0 && strcmp(end, "B") != 0)
		return -EINVAL;
	if (*out > UINT64_MAX >> shift)
		return -ERANGE;
	*out <<= shift;
	return 0;
}

static int bad_value(enum opt opt, const char *value, const char *expected,
		     struct err *e)
{
	return err_set(e, 0, "--%s: expected %s, got \"%s\"", options[opt].name,
		       expected, value);
}

static int set_hypervisor(struct cli *c, const char *v, struct err *e)
{
	static const char *const names[] = {
		[VM_AUTO] = "auto", [VM_KVM] = "kvm", [VM_QEMU] = "qemu"
	};

	for (int i = VM_AUTO; i <= VM_QEMU; i++) {
		if (!strcmp(names[i], v)) {
			c->hypervisor = (enum vm_hypervisor)i;
			return 0;
		}
	}
	return bad_value(OPT_HYPERVISOR, v, "auto, kvm or qemu", e);
}

static int set_number(struct cli *c, enum opt opt, const char *v, struct err *e)
{
	uint64_t n;
	int ret = parse_size(v, &n);

	if (opt == OPT_MEMORY) {
		if (ret < 0 || n < PLAN_MEMORY_MIN || n > MEMORY_MAX)
			return bad_value(opt, v, "a size from 64M to 64G", e);
		c->memory = n;
	} else {
		if (ret < 0 || n < 1 || n > KUNI_MAX_CPUS ||
		    strspn(v, "0123456789") != strlen(v))
			return bad_value(opt, v, "a number from 1 to 64", e);
		c->cpus = (uint32_t)n;
	}
	return 0;
}

static int set_option(struct cli *c, enum opt opt, const char *v, struct err *e)
{
	switch (opt) {
	case OPT_HYPERVISOR:
		return set_hypervisor(c, v, e);
	case OPT_MEMORY:
	case OPT_CPUS:
		return set_number(c, opt, v, e);
	case OPT_TIMELINE:
		if (v && strcmp(v, "json") != 0)
			return bad_value(opt, v, "json", e);
		c->timeline = true;
		c->timeline_json = v != NULL;
		return 0;
	case OPT_STRACE:
		c->strace = true;
		return 0;
	case OPT_STRICT:
		c->strict = true;
		return 0;
	case OPT_DEBUG:
		c->debug = true;
		return 0;
	case OPT_BUNDLE:
		c->bundle = v;
		return 0;
	case OPT_ROOT:
		c->root = v;
		return 0;
	case OPT_LOG:
		c->log = v;
		return 0;
	case OPT_LOG_FORMAT:
		if (strcmp(v, "text") != 0 && strcmp(v, "json") != 0)
			return bad_value(opt, v, "text or json", e);
		c->log_json = v[0] == 'j';
		return 0;
	default:
		return 0; /* help and version are seen, not set */
	}
}

/* The option that `arg` names ("--memory=1G", "-b"), OPT_COUNT if none;
 * *value: behind the '=', else NULL. */
static enum opt find_option(const char *arg, const char **value)
{
	size_t n = strcspn(arg, "=");

	*value = arg[n] ? arg + n + 1 : NULL;
	for (int i = 0; i < OPT_COUNT; i++) {
		const struct option *o = &options[i];

		if (arg[1] == '-' && strlen(o->name) == n - 2 &&
		    !strncmp(o->name, arg + 2, n - 2))
			return (enum opt)i;
		if (o->letter && n == 2 && arg[1] == o->letter)
			return (enum opt)i;
	}
	return OPT_COUNT;
}

/* argv[*i] begins with a dash; takes its value along. */
static int parse_option(struct line *l, int argc, char **argv, int *i,
			struct err *e)
{
	const char *value;
	enum opt opt = find_option(argv[*i], &value);

	if (opt == OPT_COUNT) {
		return err_set(e, 0, "unknown option %s (see kuni --help)",
			       argv[*i]);
	}
	if (options[opt].arg == ARG_NONE && value) {
		return err_set(e, 0, "--%s takes no value, got \"%s\"",
			       options[opt].name, value);
	}
	if (options[opt].arg == ARG_VALUE && !value) {
		if (*i + 1 >= argc) {
			return err_set(e, 0, "--%s: expected %s",
				       options[opt].name, options[opt].value);
		}
		value = argv[++*i];
	}
	if (options[opt].arg == ARG_VALUE && !*value)
		return bad_value(opt, value, options[opt].value, e);
	l->seen |= BIT(opt);
	return set_option(&l->cli, opt, value, e);
}

static int parse_command(struct line *l, const char *name, struct err *e)
{
	for (size_t i = 0; i < NCOMMANDS; i++) {
		if (!strcmp(commands[i].name, name)) {
			l->cmd = &commands[i];
			return 0;
		}
	}
	return err_set(e, 0, "unknown command \"%s\" (see kuni --help)", name);
}

/* Splits argv: the command and its arguments are moved to the front of it. */
static int parse_line(struct line *l, int argc, char **argv, struct err *e)
{
	bool raw = false;
	int ret = 0;

	l->cli.args = argv;
	for (int i = 1; !ret && i < argc; i++) {
		char *arg = argv[i];

		if (!raw && !strcmp(arg, "--")) {
			raw = true;
		} else if (!raw && arg[0] == '-' && arg[1]) {
			ret = parse_option(l, argc, argv, &i, e);
		} else if (!l->cmd) {
			ret = parse_command(l, arg, e);
		} else {
			l->cli.args[l->cli.nargs++] = arg;
		}
	}
	return ret;
}

static int check_options(const struct line *l, struct err *e)
{
	for (int i = 0; i < OPT_COUNT; i++) {
		if (l->seen & BIT(i) && !(l->cmd->opts & BIT(i))) {
			return err_set(e, 0, "--%s means nothing to kuni %s",
				       options[i].name, l->cmd->name);
		}
	}
	return 0;
}

static int run(struct line *l, int argc, char **argv, struct err *e)
{
	int ret = parse_line(l, argc, argv, e);

	if (ret < 0)
		return ret;
	if (l->seen & BIT(OPT_HELP)) {
		print_help(l->cmd);
		return 0;
	}
	if (l->seen & BIT(OPT_VERSION)) {
		printf("kuni version %s\nspec: %s\n", KUNI_VERSION,
		       SPEC_VERSION);
		return 0;
	}
	if (!l->cmd)
		return err_set(e, 0, "expected a command (see kuni --help)");
	ret = check_options(l, e);
	if (ret < 0)
		return ret;
	ret = log_open(l->cli.log, l->cli.log_json, l->cli.debug);
	if (ret < 0) {
		const char *path = l->cli.log;

		l->cli.log = NULL;
		return err_set(e, -ret, "--log %s", path);
	}
	return l->cmd->run(&l->cli, e);
}

/* A standard descriptor that the caller closed must not become that of a file
 * we open: reading then gives the end, writing EBADF, as it would have. */
static void keep_stdio(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", O_RDONLY);
	}
}

int main(int argc, char **argv)
{
	struct line l = { 0 };
	struct err e = { 0 };

	timeline_epoch();
	keep_stdio();

	int ret = run(&l, argc, argv, &e);

	/* What was asked for and could not be said is an error of its own. */
	if (fflush(stdout) == EOF && ret >= 0)
		ret = err_set(&e, errno, "standard output");
	if (e.msg[0]) {
		if (l.cli.log)
			(void)dprintf(2, "kuni: error: %s\n", e.msg);
		log_line(LOG_ERROR, "%s", e.msg);
	}
	return ret < 0 ? (e.status ? e.status : 1) : ret;
}
