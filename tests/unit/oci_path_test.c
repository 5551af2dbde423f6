// uses: oci/path.c oci/mem.c host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/* Cleaning of paths, and what lies below what. */
#include "oci/path.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"

static const struct {
	const char *dir, *path, *want;
} cleans[] = {
	{ "", "/", "/" },
	{ "", "//", "/" },
	{ "", "/a", "/a" },
	{ "", "/a/", "/a" },
	{ "", "/a//b", "/a/b" },
	{ "", "/a/./b/.", "/a/b" },
	{ "", "/a/../b", "/b" },
	{ "", "/..", "/" },
	{ "", "/../../a", "/a" },
	{ "", "/a/b/../../..", "/" },
	{ "", "/a/...", "/a/..." },
	{ "", "/.a/..b", "/.a/..b" },
	{ "", "/a/b/..", "/a" },
	{ "/bundle", "rootfs", "/bundle/rootfs" },
	{ "/bundle", "../rootfs", "/rootfs" },
	{ "/bundle", "/rootfs", "/rootfs" },
	{ "/", "a", "/a" },
	{ "/b", "", "/b" },
};

static const struct {
	const char *path, *dir;
	bool below;
} belows[] = {
	{ "/a", "/a", true },
	{ "/a/b", "/a", true },
	{ "/ab", "/a", false },
	{ "/a", "/a/b", false },
	{ "/a", "/", true },
	{ "/", "/", true },
	{ "/dev/shm", "/dev/pts", false },
};

int main(void)
{
	for (size_t i = 0; i < sizeof(cleans) / sizeof(cleans[0]); i++) {
		char *got = path_clean(cleans[i].dir, cleans[i].path);

		CHECK(!strcmp(got, cleans[i].want));
		if (strcmp(got, cleans[i].want) != 0)
			fprintf(stderr, "%s + %s: %s, not %s\n", cleans[i].dir,
				cleans[i].path, got, cleans[i].want);
		free(got);
	}
	for (size_t i = 0; i < sizeof(belows) / sizeof(belows[0]); i++)
		CHECK_EQ(path_is_below(belows[i].path, belows[i].dir),
			 belows[i].below);
	return check_done("oci_path");
}
