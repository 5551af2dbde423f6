// uses: oci/spec.c oci/schema.c oci/schema_check.c oci/json.c oci/caps.c oci/cpuset.c oci/mem.c host/err.c host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/* What a config.json is refused for, word by word, and what is read of one. */
#include "oci/spec.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "oci/json.h"
#include "tests/unit/check.h"

#define HEAD "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},"
#define PROC "\"process\":{\"args\":[\"x\"],\"cwd\":\"/\"}"
#define WITH(fields)                                                           \
	HEAD "\"process\":{\"args\":[\"x\"],\"cwd\":\"/\"," fields "}}"
#define TOP(fields) HEAD PROC "," fields "}"

static const struct {
	const char *text, *want;
} errors[] = {
	{ "", "c:1:0: unexpected token near end of file" },
	{ "{\n  \"a\": 1,\n}", "c:3:1: string or '}' expected near '}'" },
	{ "{\"a\":1} x", "c:1:9: end of file expected near 'x'" },
	{ "{\"a\":1,\"a\":2}", "c:1:10: duplicate object key near '\"a\"'" },
	{ "[1]", "c: expected an object, got [1]" },
	{ "7", "c: expected an object, got 7" },
	{ "{}", "c: ociVersion: missing, expected a string" },
	{ "{\"ociVersion\":null}",
	  "c: ociVersion: missing, expected a string" },
	{ "{\"ociVersion\":1}", "c: ociVersion: expected a string, got 1" },
	{ HEAD "\"process\":[]}", "c: process: expected an object, got []" },
	{ HEAD "\"process\":{\"cwd\":\"/\"}}",
	  "c: process.args: missing, expected an array of strings" },
	{ HEAD "\"process\":{\"cwd\":\"/\",\"args\":\"sh\"}}",
	  "c: process.args: expected an array of strings, got \"sh\"" },
	{ HEAD "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\",null]}}",
	  "c: process.args[1]: expected a string, got null" },
	{ HEAD "\"process\":{\"cwd\":\"/\",\"args\":[]}}",
	  "c: process.args: expected at least one string, got []" },
	{ HEAD "\"process\":{\"cwd\":\"tmp\",\"args\":[\"x\"]}}",
	  "c: process.cwd: expected an absolute path, got \"tmp\"" },
	{ WITH("\"user\":{\"uid\":-1}"),
	  "c: process.user.uid: expected an integer from 0 to 4294967295, "
	  "got -1" },
	{ WITH("\"user\":{\"uid\":4294967296}"),
	  "c: process.user.uid: expected an integer from 0 to 4294967295, "
	  "got 4294967296" },
	{ WITH("\"user\":{\"gid\":1.5}"),
	  "c: process.user.gid: expected an integer from 0 to 4294967295, "
	  "got 1.5" },
	{ WITH("\"user\":{\"umask\":512}"),
	  "c: process.user.umask: expected at most 511 (octal 0777), got "
	  "\"512\"" },
	{ WITH("\"user\":{\"additionalGids\":[1,\"2\"]}"),
	  "c: process.user.additionalGids[1]: expected an integer from 0 to "
	  "4294967295, got \"2\"" },
	{ WITH("\"terminal\":\"yes\""),
	  "c: process.terminal: expected true or false, got \"yes\"" },
	{ WITH("\"consoleSize\":{\"height\":70000,\"width\":1}"),
	  "c: process.consoleSize.height: expected an integer from 0 to "
	  "65535, got 70000" },
	{ WITH("\"capabilities\":{\"effective\":[\"CAP_KILL\"]}"),
	  "c: process.capabilities.effective: expected a subset of "
	  "process.capabilities.permitted, got \"CAP_KILL\"" },
	{ WITH("\"rlimits\":[{\"type\":\"NOFILE\",\"soft\":1,\"hard\":1}]"),
	  "c: process.rlimits[0].type: expected RLIMIT_CPU, RLIMIT_NOFILE, "
	  "..., got \"NOFILE\"" },
	{ WITH("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1}]"),
	  "c: process.rlimits[0].hard: missing, expected an integer from 0 to "
	  "18446744073709551615" },
	{ WITH("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":2,\"hard\":1}]"),
	  "c: process.rlimits[0]: expected soft not above hard, got "
	  "\"RLIMIT_CPU\"" },
	{ WITH("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1},"
	       "{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1}]"),
	  "c: process.rlimits[1].type: expected each type once, got "
	  "\"RLIMIT_CPU\"" },
	{ WITH("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,"
	       "\"hard\":18446744073709551616}]"),
	  "c:1:144: too big integer near '18446744073709551616'" },
	{ TOP("\"annotations\":{\"a\":{}}"),
	  "c: annotations.a: expected a string, got {}" },
	{ TOP("\"mounts\":[{\"type\":\"proc\"}]"),
	  "c: mounts[0].destination: missing, expected a string" },
	{ TOP("\"mounts\":[{\"destination\":\"/p\",\"options\":[\"ro\",7]}]"),
	  "c: mounts[0].options[1]: expected a string, got 7" },
	{ TOP("\"hostname\":18446744073709551615"),
	  "c: hostname: expected a string, got 18446744073709551615" },
	{ TOP("\"linux\":{\"resources\":{\"memory\":{\"limit\":\"1G\"}}}"),
	  "c: linux.resources.memory.limit: expected an integer, got \"1G\"" },
	{ TOP("\"linux\":{\"maskedPaths\":[\"/a\",\"b\"]}"),
	  "c: linux.maskedPaths[1]: expected an absolute path, got \"b\"" },
	{ TOP("\"linux\":{\"namespaces\":[{\"type\":\"net\"}]}"),
	  "c: linux.namespaces[0].type: expected the type of a namespace, got "
	  "\"net\"" },
	/* what is not honoured is checked all the same */
	{ TOP("\"hooks\":{\"prestart\":[{\"path\":\"/a\"},{}]}"),
	  "c: hooks.prestart[1].path: missing, expected a string" },
	{ TOP("\"linux\":{\"seccomp\":{\"defaultAction\":\"a\",\"syscalls\":"
	      "[{\"names\":[\"b\"],\"action\":7}]}}"),
	  "c: linux.seccomp.syscalls[0].action: expected a string, got 7" },
	{ "{\"ociVersion\":\"2.0.0\",\"root\":{\"path\":\"r\"}," PROC "}",
	  "c: ociVersion: expected a version 1.x, got \"2.0.0\"" },
};

static int parse(const char *text, struct oci_spec *s, struct err *e)
{
	char *copy = strdup(text);

	memset(e, 0, sizeof(*e));

	int ret = spec_parse("c", copy, strlen(copy), s, e);

	free(copy);
	return ret;
}

static void check_errors(void)
{
	struct oci_spec s;
	struct err e;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		int ret = parse(errors[i].text, &s, &e);

		CHECK(ret < 0);
		CHECK_EQ(e.status, 1);
		CHECK(!strcmp(e.msg, errors[i].want));
		if (strcmp(e.msg, errors[i].want) != 0)
			fprintf(stderr, "got:  %s\nwant: %s\n", e.msg,
				errors[i].want);
		if (!ret)
			spec_fini(&s);
	}
}

static bool noted(const struct oci_spec *s, const char *note)
{
	for (size_t i = 0; i < s->notes.n; i++) {
		if (!strcmp(s->notes.item[i], note))
			return true;
	}
	return false;
}

static void check_notes(void)
{
	static const char *const want[] = {
		"process.oomScoreAdj",
		"process.frob reason=unknown-field",
		"hooks.poststop",
		"linux.seccomp",
		"linux.resources.devices",
		"linux.resources.cpu.shares",
		"linux.namespaces[1].path type=network value=/proc/7/ns/net",
		"linux.namespaces[2] type=user",
		"process.capabilities.bounding[0] value=CAP_FROB",
		"windows",
	};
	struct oci_spec s;
	struct err e;
	int ret = parse(HEAD
			"\"process\":{\"args\":[\"x\"],\"cwd\":\"/\","
			"\"oomScoreAdj\":0,\"frob\":{\"a\":1},\"capabilities\":"
			"{\"bounding\":[\"CAP_FROB\",\"CAP_KILL\"]}},"
			"\"hooks\":{\"prestart\":[],\"poststop\":"
			"[{\"path\":\"/x\"}]},\"windows\":{\"a\":[]},"
			"\"linux\":{\"seccomp\":{\"defaultAction\":\"a\","
			"\"unknown\":1},\"resources\":{\"devices\":"
			"[{\"allow\":false}],\"cpu\":"
			"{\"shares\":2}},\"namespaces\":[{\"type\":\"pid\"},"
			"{\"type\":\"network\",\"path\":\"/proc/7/ns/net\"},"
			"{\"type\":\"user\"}]}}",
			&s, &e);

	CHECK_EQ(ret, 0);
	if (ret)
		return;
	CHECK_EQ(s.notes.n, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		CHECK(noted(&s, want[i]));
		if (!noted(&s, want[i]))
			fprintf(stderr, "missing: %s\n", want[i]);
	}
	CHECK_EQ(s.process.caps.bounding, 1 << 5);
	spec_fini(&s);
}

static void check_values(void)
{
	struct oci_spec s;
	struct err e;
	int ret = parse(
		TOP("\"hostname\":\"h\",\"annotations\":{\"k\":\"v\"},"
		    "\"linux\":{\"resources\":{\"memory\":{\"limit\":-1},"
		    "\"cpu\":{\"quota\":1,\"period\":18446744073709551615}}}"),
		&s, &e);

	CHECK_EQ(ret, 0);
	if (ret)
		return;
	CHECK_EQ(s.memory_limit, -1);
	CHECK(s.cpu_period == UINT64_MAX);
	CHECK_EQ(s.process.umask, 022);
	CHECK(!strcmp(s.annotations[0].value, "v"));
	CHECK(!strcmp(s.hostname, "h") && !s.domainname);
	CHECK_EQ(s.notes.n, 0);
	spec_fini(&s);

	ret = parse(WITH("\"rlimits\":[{\"type\":\"RLIMIT_CORE\","
			 "\"soft\":9223372036854775808,"
			 "\"hard\":18446744073709551615}]"),
		    &s, &e);
	CHECK_EQ(ret, 0);
	if (ret)
		return;
	CHECK_EQ(s.process.rlimits[0].resource, 4);
	CHECK(s.process.rlimits[0].soft == 1ULL << 63);
	CHECK(s.process.rlimits[0].hard == UINT64_MAX);
	spec_fini(&s);
}

/* n opening brackets, and n closing ones */
static int parse_nested(size_t n, struct err *e)
{
	struct oci_spec s;
	char text[4096];
	size_t at = 0;

	at += (size_t)sprintf(text, TOP("\"frob\":"));
	at--; /* the brace that closes TOP */
	memset(text + at, '[', n);
	memset(text + at + n, ']', n);
	strcpy(text + at + 2 * n, "}");

	int ret = parse(text, &s, e);

	if (!ret)
		spec_fini(&s);
	return ret;
}

int main(void)
{
	struct err e;

	check_errors();
	check_notes();
	check_values();
	CHECK_EQ(parse_nested(JSON_DEPTH_MAX - 1, &e), 0);
	CHECK(parse_nested(JSON_DEPTH_MAX, &e) < 0);
	CHECK(strstr(e.msg, "nested more than 32 levels deep"));
	CHECK(parse_nested(1900, &e) < 0);
	return check_done("oci_spec");
}
