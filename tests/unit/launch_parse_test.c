// uses: guest/kernel/task/launch.c
/* SPDX-License-Identifier: Apache-2.0 */
/* launch_parse_test.c: the guest's reader of the launch description: what it
 * reads, what it refuses, and that no bytes make it read outside. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "guest/kernel/task/launch.h"

/* as kuni/task.h and kuni/mm.h say; these headers and libc's do not mix */
int launch_parse(const void *data, size_t len, struct launch **out);
void *kmalloc(size_t n);
void kfree(void *p);

void *kmalloc(size_t n)
{
	return calloc(1, n);
}

void kfree(void *p)
{
	free(p);
}

static uint8_t blob[4096];
static size_t used;
static uint8_t *last; /* what the last parse() read */

static void begin(void)
{
	struct launch_header h = { LAUNCH_MAGIC, LAUNCH_VERSION, 0, 0 };

	memset(blob, 0, sizeof(blob));
	memcpy(blob, &h, sizeof(h));
	used = sizeof(h);
}

static void add(unsigned type, const void *p, size_t n)
{
	struct launch_rec r = { (uint16_t)type, 0, (uint32_t)n };
	struct launch_header *h = (void *)blob;

	memcpy(blob + used, &r, sizeof(r));
	memcpy(blob + used + sizeof(r), p, n);
	used += sizeof(r) + ((n + 7) & ~7UL);
	h->count++;
	h->size = (uint32_t)used;
}

static void add_string(unsigned type, const char *s)
{
	add(type, s, strlen(s) + 1);
}

static void good(void)
{
	static const struct {
		struct launch_user u;
		uint32_t groups[2];
	} user = { { 1000, 1001, 022, 2 }, { 5, 3 } };
	static const struct launch_rlimit nofile = { 7, 0, 10, 20 };
	static const char mount[] = "\1\0\0\0\0\0\0\0proc\0src\0/proc\0opt=1";

	static const char sysctl[] = "net/x\0001 2";

	begin();
	add_string(LAUNCH_ARG, "/bin/sh");
	add_string(LAUNCH_ARG, "");
	add_string(LAUNCH_ENV, "A=1");
	add_string(LAUNCH_CWD, "/tmp");
	add(LAUNCH_USER, &user, sizeof(user));
	add(LAUNCH_RLIMIT, &nofile, sizeof(nofile));
	add(LAUNCH_MOUNT, mount, sizeof(mount));
	add_string(LAUNCH_MASKED, "/proc/kcore");
	add(LAUNCH_SYSCTL, sysctl, sizeof(sysctl));
}

static int parse(struct launch **l)
{
	/* exactly sized, so that ASan sees a byte too far */
	uint8_t *copy = malloc(used);
	int ret;

	memcpy(copy, blob, used);
	ret = launch_parse(copy, used, l);
	last = copy;
	if (ret)
		free(copy);
	return ret;
}

static void test_good(void)
{
	struct launch *l;

	good();
	CHECK_EQ(parse(&l), 0);
	CHECK_EQ(l->nargs, 2);
	CHECK(!strcmp(l->args[0], "/bin/sh") && !l->args[1][0] && !l->args[2]);
	CHECK(!strcmp(l->env[0], "A=1") && !l->env[1]);
	CHECK(!strcmp(l->cwd, "/tmp"));
	CHECK_EQ(l->user.uid, 1000);
	CHECK_EQ(l->groups[1], 3);
	CHECK_EQ(l->rlimits[0].hard, 20);
	CHECK_EQ(l->nmounts, 1);
	CHECK_EQ(l->mounts[0].flags, 1);
	CHECK(!strcmp(l->mounts[0].dest, "/proc"));
	CHECK(!strcmp(l->mounts[0].data, "opt=1"));
	CHECK(!strcmp(l->masked[0], "/proc/kcore"));
	CHECK_EQ(l->nsysctls, 1);
	CHECK(!strcmp(l->sysctls[0].name, "net/x"));
	CHECK(!strcmp(l->sysctls[0].value, "1 2"));
	launch_free(l);
	free(last);
}

static void refused(const char *what)
{
	struct launch *l;
	int ret = parse(&l);

	if (ret != -EINVAL)
		fprintf(stderr, "%s\n", what);
	CHECK_EQ(ret, -EINVAL);
}

static void test_bad(void)
{
	struct launch_header *h = (void *)blob;
	struct launch_rlimit r = { 7, 0, 21, 20 };

	begin();
	add_string(LAUNCH_ENV, "A=1");
	refused("no arguments");
	good();
	h->magic++;
	refused("magic");
	good();
	h->count++;
	refused("a record too many");
	good();
	h->count--;
	refused("bytes left over");
	good();
	h->size += 8;
	refused("longer than the memory");
	good();
	add(LAUNCH_ARG, "abc", 3);
	refused("a string without its NUL");
	good();
	add(LAUNCH_ARG, "a\0b", 4);
	refused("a NUL inside");
	good();
	add_string(LAUNCH_CWD, "/");
	refused("repeated");
	good();
	add_string(LAUNCH_READONLY, "relative");
	refused("a relative path");
	good();
	add(LAUNCH_RLIMIT, &r, sizeof(r));
	refused("soft over hard");
	good();
	r = (struct launch_rlimit){ 16, 0, 1, 1 };
	add(LAUNCH_RLIMIT, &r, sizeof(r));
	refused("no such limit");
	good();
	add(LAUNCH_SYSCTL, "net/x", 6);
	refused("a sysctl without a value");
	good();
	add(LAUNCH_SYSCTL, "net/x\0001\0002", 10);
	refused("a sysctl with two");
	good();
	add(LAUNCH_TYPE_END, "", 0);
	refused("unknown");
}

static void test_random(void)
{
	struct launch *l;

	srand(2);
	for (int n = 0; n < 20000; n++) {
		uint8_t *copy;

		good();
		for (int k = rand() % 6; k >= 0; k--)
			blob[rand() % (int)used] = (uint8_t)rand();
		copy = malloc(used);
		memcpy(copy, blob, used);
		if (!launch_parse(copy, used, &l)) {
			CHECK(l->nargs >= 1);
			for (unsigned i = 0; i < l->nargs; i++)
				CHECK(strlen(l->args[i]) < used);
			launch_free(l);
		}
		free(copy);
	}
}

int main(void)
{
	test_good();
	test_bad();
	test_random();
	return check_done("launch_parse");
}
