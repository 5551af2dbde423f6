// uses: tests/unit/nomem.c oci/plan.c oci/mounts.c oci/path.c oci/spec.c oci/schema.c oci/schema_check.c oci/json.c oci/caps.c oci/mem.c oci/cpuset.c host/err.c host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nomem_oci_test.c: a bundle's config.json, read and planned, when memory runs
 * out.  oci/ ends the process then (mem.h), with status 1 and a word, unless
 * the JSON library noticed first: each run is a child's.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oci/plan.h"
#include "tests/unit/check.h"
#include "tests/unit/nomem.h"

#define REFUSED 40 /* an error, and nothing left */
#define LEFT    41

void nomem_check(bool ok, const char *what, long n, const char *why)
{
	(void)ok;
	(void)what;
	(void)n;
	(void)why;
}

static char text[65536];
static size_t len;

static int scenario(void)
{
	static const struct plan_opts o = { .id = "i",
					    .bundle = "/b",
					    .host_cpus = 2 };
	struct err e = { 0 };
	struct oci_spec s;
	struct vm_plan p;
	int r = spec_parse("config.json", text, len, &s, &e);

	if (r)
		return e.msg[0] ? r : 1;
	r = plan_make(&s, &o, &p, &e);
	vm_plan_fini(&p);
	spec_fini(&s);
	return r;
}

/* The child: exit 0, REFUSED, LEFT, or 1 from oci_alloc(). */
static void child(long n)
{
	int r;

	nomem_fail_at = n;
	r = scenario();
	nomem_fail_at = -1;
	if (nomem_live)
		_exit(LEFT);
	if (r > 0)
		_exit(LEFT + 1);
	if (!nomem_failed)
		_exit(r ? LEFT + 2 : 0);
	_exit(REFUSED);
}

static void check_file(const char *path)
{
	FILE *f = fopen(path, "r");
	int st = -1;
	long n;

	if (!f) {
		CHECK(!"the fixture is there");
		return;
	}
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	for (n = -1; n < 5000; n++) {
		pid_t pid = fork();

		if (!pid)
			child(n);
		if (waitpid(pid, &st, 0) != pid)
			break;
		if (!WIFEXITED(st) ||
		    (WEXITSTATUS(st) != 0 && WEXITSTATUS(st) != 1 &&
		     WEXITSTATUS(st) != REFUSED))
			fprintf(stderr, "%s: allocation %ld: status %#x\n",
				path, n, st);
		CHECK(WIFEXITED(st));
		CHECK(WEXITSTATUS(st) == 0 || WEXITSTATUS(st) == 1 ||
		      WEXITSTATUS(st) == REFUSED);
		if (n >= 0 && st == 0)
			break;
	}
	CHECK(n > 20);
	CHECK_EQ(st, 0);
}

int main(void)
{
	json_set_alloc_funcs(nomem_malloc, nomem_free);
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	check_file("tests/unit/nomem_config.json");
	return check_done("nomem_oci");
}
