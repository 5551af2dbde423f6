// uses: oci/mounts.c oci/mem.c host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/* Mount options: flags, data, binds, and what is reported. */
#include "oci/mounts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "tests/unit/check.h"

static const struct {
	const char *options[8];
	bool bind; /* the mount's type is bind */
	uint64_t flags;
	bool is_bind, recursive;
	const char *data;
	const char *note; /* the first one, NULL: none */
} cases[] = {
	{ { NULL }, false, 0, false, false, "", NULL },
	{ { "nosuid", "noexec", "nodev", "ro" },
	  false,
	  MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY,
	  false,
	  false,
	  "",
	  NULL },
	{ { "nosuid", "strictatime", "mode=755", "size=65536k" },
	  false,
	  MS_NOSUID | MS_STRICTATIME,
	  false,
	  false,
	  "mode=755,size=65536k",
	  NULL },
	/* the last word counts */
	{ { "ro", "rw" }, false, 0, false, false, "", NULL },
	{ { "rw", "ro" }, false, MS_RDONLY, false, false, "", NULL },
	{ { "newinstance", "", "gid=5" },
	  false,
	  0,
	  false,
	  false,
	  "newinstance,gid=5",
	  NULL },
	{ { "bind" }, false, 0, true, false, "", NULL },
	{ { "rbind", "rprivate", "ro" },
	  true,
	  MS_RDONLY,
	  true,
	  true,
	  "",
	  NULL },
	{ { "defaults" }, true, 0, true, false, "", NULL },
	{ { "bind", "rslave" },
	  true,
	  0,
	  true,
	  false,
	  "",
	  "mounts[3].options[1] value=rslave" },
	/* as much of it as there is, and said so */
	{ { "rbind", "rro" },
	  true,
	  MS_RDONLY,
	  true,
	  true,
	  "",
	  "mounts[3].options[1] value=rro" },
	{ { "bind", "frob=1" },
	  true,
	  0,
	  true,
	  false,
	  "",
	  "mounts[3].options[1] value=frob=1" },
	/* the word that makes it a bind may come last */
	{ { "frob", "bind" },
	  false,
	  0,
	  true,
	  false,
	  "",
	  "mounts[3].options[0] value=frob" },
	{ { "tmpcopyup" },
	  false,
	  0,
	  false,
	  false,
	  "",
	  "mounts[3].options[0] value=tmpcopyup" },
};

static void check_case(size_t i)
{
	const char *v[9] = { NULL };
	struct oci_strv options = { v, 0 };
	struct oci_notes notes = { 0 };
	struct mount_options out;

	while (options.n < 8 && cases[i].options[options.n]) {
		v[options.n] = cases[i].options[options.n];
		options.n++;
	}
	int before = check_failures;

	mount_options_parse(&options, 3, cases[i].bind, &out, &notes);
	CHECK_EQ(out.flags, cases[i].flags);
	CHECK_EQ(out.bind, cases[i].is_bind);
	CHECK_EQ(out.recursive, cases[i].recursive);
	CHECK(!strcmp(out.data, cases[i].data));
	CHECK_EQ(notes.n, cases[i].note ? 1 : 0);
	if (notes.n && cases[i].note)
		CHECK(!strcmp(notes.item[0], cases[i].note));
	if (check_failures != before)
		fprintf(stderr, "case %zu\n", i);
	free(out.data);
	notes_fini(&notes);
}

int main(void)
{
	char buf[MOUNT_FLAGS_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(i);
	CHECK(!strcmp(mount_flags_show(MS_NODEV | MS_RDONLY, buf), "ro,nodev"));
	CHECK(!strcmp(mount_flags_show(0, buf), ""));
	CHECK(strlen(mount_flags_show(~0ULL, buf)) < MOUNT_FLAGS_MAX);
	CHECK(!strcmp(mount_option_name(0), "ro"));
	CHECK(!mount_option_name(1000));
	return check_done("oci_mounts");
}
