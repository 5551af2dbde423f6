// uses: oci/bundle.c oci/path.c oci/spec.c oci/schema.c oci/schema_check.c oci/json.c oci/caps.c oci/cpuset.c oci/mem.c host/err.c host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/* Where a program is looked for in the root, what links do, and where a mount
 * makes the answer unknown. */
#include "oci/bundle.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check.h"

static char top[] = "/tmp/kuni-bundle-test.XXXXXX";

static const struct {
	const char *program, *path, *cwd;
	int want;
} cases[] = {
	{ "sh", "PATH=/bin", "/", 0 },
	{ "sh", "PATH=/none:/bin", "/", 0 },
	{ "sh", "PATH=/none", "/", 127 },
	{ "sh", "PATH=", "/", 127 },
	{ "sh", "HOME=/bin", "/", 127 },
	{ "sh", "PATH=bin", "/", 0 },
	{ "sh", "PATH=bin", "/bin", 127 },
	{ "sh", "PATH=:/none", "/bin", 0 },
	{ "text", "PATH=/bin", "/", 127 },
	{ "text", "PATH=/bin:/alt", "/", 0 },
	{ "/bin/sh", "PATH=/none", "/", 0 },
	{ "./sh", "PATH=/none", "/bin", 0 },
	{ "../bin/sh", "PATH=/none", "/bin", 0 },
	{ "bin/sh", "PATH=/none", "/", 0 },
	{ "bin/sh", "PATH=/none", "/bin", 127 },
	{ "/bin", "PATH=/bin", "/", 126 },
	{ "/bin/sh/x", "PATH=/bin", "/", 127 },
	/* links are those of the root, not the host's */
	{ "/abs/sh", "PATH=/bin", "/", 0 },
	{ "/up/sh", "PATH=/bin", "/", 0 },
	{ "/bin/link", "PATH=/bin", "/", 0 },
	/* a link to nowhere might be filled by a mount: for the guest to say */
	{ "/bin/dangling", "PATH=/bin", "/", 0 },
	{ "/bin/circle", "PATH=/bin", "/", 0 },
	/* below a mount */
	{ "/tmp/x", "PATH=/bin", "/", 0 },
	{ "/into/x", "PATH=/bin", "/", 0 },
	{ "/opt/bin/x", "PATH=/bin", "/", 0 },
	{ "/opt/sbin/x", "PATH=/bin", "/", 127 },
	{ "x", "PATH=/bin:/opt/bin", "/", 0 },
	{ "x", "PATH=/bin:/opt", "/", 127 },
};

static void make(const char *name, const char *link, mode_t mode)
{
	char path[128];
	int ret;

	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	if (link) {
		ret = symlink(link, path);
	} else if (mode == 0) {
		ret = mkdir(path, 0755);
	} else {
		FILE *f = fopen(path, "w");

		ret = !f || fclose(f) || chmod(path, mode);
	}
	CHECK_EQ(ret, 0);
}

static void make_tree(void)
{
	make("bin", NULL, 0);
	make("alt", NULL, 0);
	make("tmp", NULL, 0);
	make("opt", NULL, 0);
	make("opt/sbin", NULL, 0);
	make("bin/sh", NULL, 0755);
	make("bin/text", NULL, 0644);
	make("alt/text", NULL, 0100);
	make("abs", "/bin", 0);
	make("up", "../../../../../../bin", 0);
	make("bin/link", "/bin/sh", 0);
	make("bin/dangling", "/usr/lib/x", 0);
	make("bin/circle", "circle", 0);
	make("into", "/tmp", 0);
}

static void check_programs(void)
{
	char tmp[] = "/tmp", opt[] = "/opt/bin", none[] = "", none_arg[1] = "";
	struct vm_mount mount = { .dest = tmp };
	struct vm_bind bind = { .dest = opt, .source = none };
	struct bundle b = { .config = none_arg };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *args[] = { strdup(cases[i].program), NULL };
		char *env[] = { strdup(cases[i].path), NULL };
		char *cwd = strdup(cases[i].cwd);
		struct vm_plan p = { .root = top,
				     .mounts = &mount,
				     .nmounts = 1,
				     .binds = &bind,
				     .nbinds = 1 };
		struct err e = { 0 };

		p.process.args = args;
		p.process.env = env;
		p.process.cwd = cwd;

		int ret = bundle_check(&b, &p, &e);

		CHECK_EQ(ret < 0 ? e.status : 0, cases[i].want);
		if ((ret < 0 ? e.status : 0) != cases[i].want)
			fprintf(stderr, "case %zu: %s: %s\n", i, args[0],
				e.msg);
		free(args[0]);
		free(env[0]);
		free(cwd);
	}
}

int main(void)
{
	char cmd[64];

	if (!mkdtemp(top))
		return 1;
	make_tree();
	check_programs();
	(void)snprintf(cmd, sizeof(cmd), "rm -r %s", top);
	CHECK_EQ(system(cmd), 0);
	return check_done("oci_bundle");
}
