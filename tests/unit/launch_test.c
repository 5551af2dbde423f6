// uses: host/launch.c host/err.c host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/* launch_test.c: a plan as records, read back as the kernel reads them. */
#include "host/launch.h"

#include <stdlib.h>
#include <string.h>

#include "boot/abi/launch.h"
#include "boot/abi/layout.h"
#include "tests/unit/check.h"

static char *args[] = { (char[]){ "/bin/sh" }, (char[]){ "" }, (char[]){ "-c" },
			NULL };
static char *env[] = { (char[]){ "A=b" }, NULL };
static char *masked[] = { (char[]){ "/proc/kcore" }, NULL };
static uint32_t groups[] = { 5, 6, 7 };
static struct vm_rlimit rlimit = { 7, 1024, ~0ULL };
static struct vm_sysctl sysctl_ = { (char[]){ "net/x" }, (char[]){ "1 2" } };
static struct vm_mount mount_ = { (char[]){ "tmpfs" }, NULL, (char[]){ "/tmp" },
				  (char[]){ "size=1m" }, 6 };

static char hostname[] = "box", cwd[] = "/";

static struct vm_plan plan_(void)
{
	struct vm_plan p = { 0 };

	p.root_readonly = true;
	p.hostname = hostname;
	p.process.args = args;
	p.process.env = env;
	p.process.cwd = cwd;
	p.process.uid = 1000;
	p.process.gid = 100;
	p.process.umask = 022;
	p.process.groups = groups;
	p.process.ngroups = 3;
	p.process.caps.effective = 0x123456789aULL;
	p.process.rlimits = &rlimit;
	p.process.nrlimits = 1;
	p.process.terminal = true;
	p.process.rows = 24;
	p.mounts = &mount_;
	p.nmounts = 1;
	p.masked = masked;
	p.sysctls = &sysctl_;
	p.nsysctls = 1;
	return p;
}

static void test_records(void)
{
	struct vm_plan p = plan_();
	struct launch_header *h;
	unsigned seen[LAUNCH_TYPE_END] = { 0 };
	uint32_t at = sizeof(*h), n = 0;
	struct err e;
	size_t len;
	void *buf;

	CHECK_EQ(launch_build(&p, &buf, &len, &e), 0);
	h = buf;
	CHECK_EQ(h->magic, LAUNCH_MAGIC);
	CHECK_EQ(h->version, LAUNCH_VERSION);
	CHECK_EQ(h->size, len);
	while (at < len) {
		const struct launch_rec *r = (void *)((uint8_t *)buf + at);
		const uint8_t *pay = (const uint8_t *)(r + 1);

		CHECK(r->type > 0 && r->type < LAUNCH_TYPE_END);
		CHECK_EQ(r->flags, 0);
		seen[r->type]++;
		if (r->type == LAUNCH_ARG)
			CHECK(!strcmp((const char *)pay,
				      args[seen[LAUNCH_ARG] - 1]) &&
			      r->len == strlen((const char *)pay) + 1);
		if (r->type == LAUNCH_USER) {
			const struct launch_user *u = (const void *)pay;

			CHECK_EQ(u->uid, 1000);
			CHECK_EQ(u->ngroups, 3);
			CHECK_EQ(r->len, sizeof(*u) + 12);
			CHECK(!memcmp(u + 1, groups, 12));
		}
		if (r->type == LAUNCH_MOUNT) {
			static const char want[] = "tmpfs\0\0/tmp\0size=1m";

			CHECK_EQ(r->len, 8 + sizeof(want));
			CHECK(!memcmp(pay + 8, want, sizeof(want)));
		}
		if (r->type == LAUNCH_SYSCTL) {
			static const char want[] = "net/x\0001 2";

			CHECK_EQ(r->len, sizeof(want));
			CHECK(!memcmp(pay, want, sizeof(want)));
		}
		if (r->type == LAUNCH_OPTIONS) {
			const struct launch_options *o = (const void *)pay;

			CHECK_EQ(o->flags,
				 LAUNCH_O_ROOT_READONLY | LAUNCH_O_TERMINAL);
			CHECK_EQ(o->rows, 24);
		}
		at += (uint32_t)sizeof(*r) + ((r->len + 7) & ~7U);
		n++;
	}
	CHECK_EQ(at, len);
	CHECK_EQ(n, h->count);
	CHECK_EQ(seen[LAUNCH_ARG], 3);
	CHECK_EQ(seen[LAUNCH_HOSTNAME], 1);
	CHECK_EQ(seen[LAUNCH_DOMAINNAME], 0);
	CHECK_EQ(seen[LAUNCH_CAPS], 1);
	CHECK_EQ(seen[LAUNCH_RLIMIT], 1);
	CHECK_EQ(seen[LAUNCH_MASKED], 1);
	free(buf);
}

static void test_too_big(void)
{
	struct vm_plan p = plan_();
	char *big = malloc(LAUNCH_MAX + 1);
	char *list[] = { big, NULL };
	struct err e = { 0 };
	size_t len;
	void *buf;

	memset(big, 'x', LAUNCH_MAX);
	big[LAUNCH_MAX] = 0;
	p.process.env = list;
	CHECK(launch_build(&p, &buf, &len, &e) < 0);
	CHECK(e.msg[0]);
	free(big);
}

int main(void)
{
	test_records();
	test_too_big();
	return check_done("launch");
}
