/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_features.c: `kuni features`: the features structure of the OCI runtime
 * specification (features.md, features-linux.md).
 *
 * Only what is honoured is listed: no hooks, no seccomp, no cgroups yet.
 */
#include "oci/cmd.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "oci/caps.h"
#include "oci/mounts.h"
#include "oci/spec.h"

static json_t *mount_options(void)
{
	json_t *a = json_array();
	const char *s;

	for (size_t i = 0; (s = mount_option_name(i)); i++)
		(void)json_array_append_new(a, json_string(s));
	return a;
}

static json_t *capabilities(void)
{
	char name[CAP_NAME_MAX];
	json_t *a = json_array();

	for (unsigned i = 0; cap_name(i, name); i++)
		(void)json_array_append_new(a, json_string(name));
	return a;
}

int cmd_features(const struct cli *c, struct err *e)
{
	json_t *j;
	int ret = 0;

	if (c->nargs)
		return err_set(e, 0, "unexpected argument \"%s\"", c->args[0]);
	j = json_pack("{s:s, s:s, s:[], s:o, s:{s:[ssssss], s:o,"
		      " s:{s:b, s:b, s:b, s:b}, s:{s:b}, s:{s:b}, s:{s:b}},"
		      " s:{s:s}}",
		      "ociVersionMin", "1.0.0", "ociVersionMax", SPEC_VERSION,
		      "hooks", "mountOptions", mount_options(), "linux",
		      "namespaces", "cgroup", "ipc", "mount", "network", "pid",
		      "uts", "capabilities", capabilities(), "cgroup", "v1", 0,
		      "v2", 0, "systemd", 0, "systemdUser", 0, "seccomp",
		      "enabled", 0, "apparmor", "enabled", 0, "selinux",
		      "enabled", 0, "annotations", "io.kuni.version",
		      KUNI_VERSION);
	if (!j)
		return err_set(e, ENOMEM, "features");
	if (json_dumpf(j, stdout, JSON_INDENT(4)) < 0 || putchar('\n') == EOF ||
	    fflush(stdout) == EOF)
		ret = err_set(e, errno, "standard output");
	json_decref(j);
	return ret;
}
