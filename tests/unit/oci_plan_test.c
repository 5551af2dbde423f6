// uses: oci/plan.c oci/mounts.c oci/path.c oci/spec.c oci/schema.c oci/schema_check.c oci/json.c oci/caps.c oci/cpuset.c oci/mem.c host/err.c host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of the machine, and what becomes of mounts and paths.  Whole plans
 * are held by tests/oci/plan_test.sh. */
#include "oci/plan.h"

#include "oci/cpuset.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "tests/unit/check.h"

#define MIB (1LL << 20)
#define GIB (1LL << 30)

static void check_memory(void)
{
	static const struct {
		int64_t limit, want;
	} cases[] = {
		{ 0, 512 * MIB },
		{ -1, 512 * MIB },
		{ INT64_MAX, 512 * MIB },
		{ INT64_MAX - 4095, 512 * MIB },
		{ 1, 64 * MIB },
		{ 47 * MIB, 64 * MIB },
		{ 64 * MIB, 82 * MIB },   /* 64 + 1 + 16, to 2 MiB */
		{ 512 * MIB, 536 * MIB }, /* 512 + 8 + 16 */
		{ 1 * GIB, 1056 * MIB },  /* 1024 + 16 + 16 */
		{ 1 * GIB + 1, 1058 * MIB },
		{ 1000 * GIB, 64 * GIB },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_EQ(plan_memory(cases[i].limit), cases[i].want);
}

static void check_cpus(void)
{
	CHECK_EQ(plan_cpus(0, 100000, 0, 4), 4);
	CHECK_EQ(plan_cpus(-1, 100000, 0, 4), 4);
	CHECK_EQ(plan_cpus(0, 100000, 0, 96), 8);
	CHECK_EQ(plan_cpus(0, 100000, 0, 0), 1);
	CHECK_EQ(plan_cpus(1, 100000, 0, 4), 1);
	CHECK_EQ(plan_cpus(100000, 100000, 0, 4), 1);
	CHECK_EQ(plan_cpus(100001, 100000, 0, 4), 2);
	CHECK_EQ(plan_cpus(250000, 100000, 0, 2), 3);
	CHECK_EQ(plan_cpus(INT64_MAX, 1, 0, 2), 64);
	CHECK_EQ(plan_cpus(1, UINT64_MAX, 0, 2), 1);
	/* with a set of host CPUs */
	CHECK_EQ(plan_cpus(0, 100000, 3, 96), 3);
	CHECK_EQ(plan_cpus(0, 100000, 16, 96), 16);
	CHECK_EQ(plan_cpus(0, 100000, 1024, 2), 64);
	CHECK_EQ(plan_cpus(250000, 100000, 2, 8), 2);
	CHECK_EQ(plan_cpus(150000, 100000, 4, 8), 2);
}

static void check_cpusets(void)
{
	static const char *const bad[] = { "",   "a",    "0-",   "-1",  "3-1",
					   "0,", "1024", "0 1",  "0x1", "0-3,",
					   ",0", "0--1", "0-3-5" };
	struct vm_cpuset c;

	CHECK_EQ(cpuset_parse("0-3", &c), 0);
	CHECK_EQ(c.word[0], 15);
	CHECK_EQ(cpuset_count(&c), 4);
	CHECK_EQ(cpuset_parse("0,2-3,1023,63-64", &c), 0);
	CHECK_EQ(c.word[0], 13 | 1ULL << 63);
	CHECK_EQ(c.word[1], 1);
	CHECK_EQ(c.word[15], 1ULL << 63);
	CHECK_EQ(cpuset_count(&c), 6);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(cpuset_parse(bad[i], &c) < 0);
}

static int make(const char *fields, struct oci_spec *s, struct vm_plan *p,
		struct err *e)
{
	static const struct plan_opts o = { .id = "i",
					    .bundle = "/b",
					    .rows = 24,
					    .cols = 80,
					    .host_cpus = 2 };
	char text[4096];

	memset(e, 0, sizeof(*e));
	(void)snprintf(text, sizeof(text),
		       "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":"
		       "\"./x/../r/\"},\"process\":{\"args\":[\"x\"],\"cwd\":"
		       "\"//w/\",\"consoleSize\":{\"height\":9,\"width\":9},"
		       "\"capabilities\":{\"permitted\":[\"CAP_KILL\"],"
		       "\"ambient\":[\"CAP_KILL\"]}},%s}",
		       fields);

	int ret = spec_parse("c", text, strlen(text), s, e);

	CHECK_EQ(ret, 0);
	return ret ? ret : plan_make(s, &o, p, e);
}

static void check_mounts(void)
{
	struct oci_spec s;
	struct vm_plan p;
	struct err e;
	int ret = make(
		"\"mounts\":["
		"{\"destination\":\"/proc/\",\"type\":\"proc\"},"
		"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"t\","
		"\"options\":[\"mode=755\",\"nosuid\"]},"
		"{\"destination\":\"/etc//hosts\",\"type\":\"bind\","
		"\"source\":\"h\",\"options\":[\"rbind\",\"ro\"]},"
		"{\"destination\":\"/data\",\"source\":\"/srv/../d\","
		"\"options\":[\"bind\"]},"
		"{\"destination\":\"/dev/shm\",\"type\":\"bind\","
		"\"source\":\"/s\"},"
		"{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\","
		"\"options\":[\"rslave\"]}]",
		&s, &p, &e);

	CHECK_EQ(ret, 0);
	CHECK_EQ(p.nmounts, 5);
	CHECK_EQ(p.nbinds, 3);
	CHECK_EQ(s.notes.n, 1);
	if (p.nmounts == 5 && p.nbinds == 3 && s.notes.n == 1) {
		CHECK(!strcmp(p.mounts[0].dest, "/proc"));
		CHECK(!strcmp(p.mounts[0].source, "proc"));
		CHECK(!strcmp(p.mounts[1].data, "mode=755"));
		CHECK_EQ(p.mounts[1].flags, MS_NOSUID);
		CHECK(!strcmp(p.binds[0].source, "/b/h"));
		CHECK(!strcmp(p.binds[0].dest, "/etc/hosts"));
		CHECK(p.binds[0].recursive);
		CHECK_EQ(p.binds[0].flags, MS_RDONLY);
		CHECK(!strcmp(p.binds[1].source, "/d"));
		CHECK(!p.binds[1].recursive);
		CHECK(!p.binds[0].cover && !p.binds[1].cover);
		CHECK(!strcmp(p.binds[2].cover, "/dev"));
		/* its place among the guest's */
		CHECK(!strcmp(p.mounts[2].type, "bind"));
		CHECK(!strcmp(p.mounts[2].source, "/etc/hosts"));
		CHECK(!strcmp(p.mounts[2].dest, "/etc/hosts"));
		CHECK_EQ(p.mounts[2].flags, MS_RDONLY);
		CHECK(!strcmp(p.mounts[4].dest, "/dev/shm"));
		CHECK(!strcmp(s.notes.item[0], "mounts[5] type=cgroup "
					       "destination=/sys/fs/cgroup"));
	}
	CHECK(!strcmp(p.root, "/b/r"));
	CHECK(!strcmp(p.process.cwd, "/w"));
	CHECK_EQ(p.process.rows, 0); /* no terminal, no size */
	CHECK_EQ(p.process.caps.permitted, 1 << 5);
	CHECK_EQ(p.process.caps.ambient, 0); /* not inheritable */
	CHECK_EQ(p.memory, 512 * MIB);
	CHECK_EQ(p.cpus, 2);
	vm_plan_fini(&p);
	spec_fini(&s);
}

/* The outermost one covers; no mount at /dev is one of kuni's. */
static void check_covers(void)
{
	struct oci_spec s;
	struct vm_plan p;
	struct err e;
	int ret = make("\"mounts\":["
		       "{\"destination\":\"/a/b\",\"type\":\"tmpfs\"},"
		       "{\"destination\":\"/a\",\"type\":\"tmpfs\"},"
		       "{\"destination\":\"/a/b/c\",\"type\":\"bind\","
		       "\"source\":\"/s\"},"
		       "{\"destination\":\"/a/b/c/d\",\"type\":\"bind\","
		       "\"source\":\"/s\"},"
		       "{\"destination\":\"/dev/mqueue\","
		       "\"type\":\"mqueue\"}]",
		       &s, &p, &e);

	CHECK_EQ(ret, 0);
	CHECK_EQ(p.nbinds, 2);
	CHECK_EQ(p.nmounts, 6);
	if (p.nbinds == 2 && p.nmounts == 6) {
		CHECK(!strcmp(p.mounts[0].dest, "/dev"));
		CHECK(!strcmp(p.mounts[0].type, "tmpfs"));
		CHECK(!strcmp(p.binds[0].cover, "/a"));
		CHECK(!strcmp(p.binds[1].cover, "/a"));
	}
	CHECK_EQ(s.notes.n, 0);
	vm_plan_fini(&p);
	spec_fini(&s);
}

static void check_refused(const char *mount, const char *want)
{
	struct oci_spec s;
	struct vm_plan p;
	char fields[256];
	struct err e;

	(void)snprintf(fields, sizeof(fields), "\"mounts\":[{%s}]", mount);
	CHECK(make(fields, &s, &p, &e) < 0);
	CHECK(!strcmp(e.msg, want));
	if (strcmp(e.msg, want) != 0)
		fprintf(stderr, "got:  %s\nwant: %s\n", e.msg, want);
	vm_plan_fini(&p);
	spec_fini(&s);
}

int main(void)
{
	check_memory();
	check_cpus();
	check_cpusets();
	check_mounts();
	check_covers();
	check_refused("\"destination\":\"proc\",\"type\":\"proc\"",
		      "c: mounts[0].destination: expected an absolute path, "
		      "got \"proc\"");
	check_refused("\"destination\":\"/a/..\",\"type\":\"tmpfs\"",
		      "c: mounts[0].destination: expected a path below /, got "
		      "\"/a/..\"");
	check_refused("\"destination\":\"/a\"",
		      "c: mounts[0].type: missing, expected proc, sysfs, "
		      "tmpfs, devpts, mqueue or bind");
	check_refused("\"destination\":\"/a\",\"type\":\"bind\"",
		      "c: mounts[0].source: missing, expected the path to "
		      "bind at /a");
	return check_done("oci_plan");
}
