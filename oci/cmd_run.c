/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_run.c: `kuni run`: a bundle, from its directory to its exit status.
 *
 * Everything that can be wrong with a bundle is found before the state is
 * made, so a bad bundle leaves nothing behind.  This process becomes the
 * monitor in vm_run(); what is left to do afterwards (the state, the status)
 * needs only unlinkat, write and exit of the host.
 */
#include "oci/cmd.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/log.h"
#include "oci/bundle.h"
#include "oci/exitcode.h"
#include "oci/plan.h"
#include "oci/state.h"

static void terminal_size(struct plan_opts *o)
{
	struct winsize w;

	if (!ioctl(STDIN_FILENO, TIOCGWINSZ, &w)) {
		o->rows = w.ws_row;
		o->cols = w.ws_col;
	}
}

static int run_plan(const struct cli *c, const struct bundle *b,
		    const struct vm_plan *p, struct err *e)
{
	const struct vm_io io = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
	const char *root = c->root ? c->root : STATE_ROOT;
	struct vm_exit ex = { 0 };
	int ret = state_create(root, p->id, b->path, &b->spec, e);

	if (ret < 0)
		return ret;
	log_line(LOG_INFO, "run id=%s bundle=%s", p->id, b->path);
	ret = vm_run(p, &io, &ex, e);
	state_remove();
	vm_report(p, io.err);
	if (ret < 0)
		return ret;
	if (ex.oom)
		log_line(LOG_ERROR,
			 "%s: killed for want of memory: the VM has %llu MiB "
			 "(--memory, or linux.resources.memory.limit)",
			 p->id, (unsigned long long)(p->memory >> 20));
	log_line(LOG_INFO, "run id=%s kind=%d code=%d oom=%d status=%d", p->id,
		 (int)ex.kind, ex.code, ex.oom, exitcode_of(&ex));
	return exitcode_of(&ex);
}

static int run_bundle(const struct cli *c, struct bundle *b, const char *id,
		      struct err *e)
{
	struct plan_opts o = cmd_plan_opts(c, b->path, id);
	struct vm_plan p;
	int ret;

	if (b->spec.process.terminal)
		terminal_size(&o);
	ret = plan_make(&b->spec, &o, &p, e);
	if (!ret)
		ret = cmd_report_notes(c, &b->spec, e);
	if (!ret)
		ret = bundle_check(b, &p, e);
	if (!ret)
		ret = run_plan(c, b, &p, e);
	return ret;
}

/* The plan and the spec are not freed: the process ends with them, and what
 * free() may ask of the kernel is not asked from inside the jail. */
int cmd_run(const struct cli *c, struct err *e)
{
	const char *dir = NULL, *id = NULL;
	struct bundle b = { 0 };
	char pid[16];
	int ret = cmd_bundle_args(c, &dir, &id, e);

	if (!ret && id)
		ret = state_check_id(id, e);
	if (!ret)
		vm_expect(c->hypervisor);
	if (!ret)
		ret = bundle_open(dir, &b, e);
	if (ret < 0)
		return ret;
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	return run_bundle(c, &b, id ? id : state_default_id(b.path, pid), e);
}
