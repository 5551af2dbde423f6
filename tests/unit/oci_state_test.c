// uses: oci/state.c oci/path.c oci/mem.c host/folder.c host/err.c host/log.c
/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a container: there while its process lives, refused to others,
 * taken over from the dead, removed by the signals that end a process. */
#include "oci/state.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check.h"

static char root[] = "/tmp/kuni-state-test.XXXXXX";
static char deep[64], dir[96], file[128];
static struct oci_pair notes[] = { { "k\"", "v" } };
static const struct oci_spec spec = { .version = "1.0.2",
				      .annotations = notes,
				      .nannotations = 1 };

static bool there(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

/* A process that holds container "c", then sleeps, or dies of sig. */
static pid_t holder(int sig)
{
	int fds[2];
	char ready = 0;

	if (pipe(fds))
		return -1;
	pid_t pid = fork();

	if (!pid) {
		struct err e;

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (state_create(deep, "c", "/b", &spec, &e) < 0)
			_exit(9);
		if (write(fds[1], "r", 1) != 1)
			_exit(9);
		if (sig)
			(void)raise(sig);
		for (;;)
			(void)pause();
	}
	(void)close(fds[1]);
	if (read(fds[0], &ready, 1) != 1)
		ready = 0;
	(void)close(fds[0]);
	CHECK_EQ(ready, 'r');
	return pid;
}

static void check_signal(int sig, bool left)
{
	pid_t pid = holder(sig);
	int status = 0;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == sig);
	CHECK_EQ(there(dir), left);
	CHECK_EQ(there(file), left);
}

static void check_file(void)
{
	char text[256] = "", want[256];
	FILE *f = fopen(file, "r");

	CHECK(f != NULL);
	if (!f)
		return;
	CHECK(fgets(text, sizeof(text), f) != NULL);
	(void)fclose(f);
	(void)snprintf(want, sizeof(want),
		       "{\"ociVersion\":\"1.0.2\",\"id\":\"c\",\"status\":"
		       "\"running\",\"pid\":%d,\"bundle\":\"/b\","
		       "\"annotations\":{\"k\\\"\":\"v\"}}",
		       (int)getpid());
	CHECK(!strcmp(text, want));
}

static void check_ids(void)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "a b", "\n" };
	char longest[STATE_ID_MAX + 2];
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(state_check_id(bad[i], &e) < 0);
	CHECK_EQ(state_check_id("...", &e), 0);
	CHECK_EQ(state_check_id("aZ09_+-.", &e), 0);
	memset(longest, 'a', sizeof(longest));
	longest[STATE_ID_MAX + 1] = '\0';
	CHECK(state_check_id(longest, &e) < 0);
	longest[STATE_ID_MAX] = '\0';
	CHECK_EQ(state_check_id(longest, &e), 0);

	char *id = state_default_id("/a/my bundle", "7");

	CHECK(!strcmp(id, "my_bundle-7"));
	free(id);
	id = state_default_id("/", "7");
	CHECK(!strcmp(id, "kuni-7"));
	free(id);
	id = state_default_id("/a/b", "");
	CHECK(!strcmp(id, "b"));
	free(id);
}

int main(void)
{
	struct err e = { 0 };
	int status;

	if (!mkdtemp(root))
		return 1;
	(void)snprintf(deep, sizeof(deep), "%s/x/y", root);
	(void)snprintf(dir, sizeof(dir), "%s/c", deep);
	(void)snprintf(file, sizeof(file), "%s/state.json", dir);
	check_ids();

	pid_t pid = holder(0);

	CHECK(there(file));
	CHECK(state_create(deep, "c", "/b", &spec, &e) < 0);
	CHECK(strstr(e.msg, "container with ID \"c\" exists already"));
	CHECK(there(file));
	(void)kill(pid, SIGTERM);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(!there(dir));

	check_signal(SIGINT, false);
	check_signal(SIGHUP, false);
	check_signal(SIGABRT, false);
	check_signal(SIGKILL, true);
	/* what that one left is taken over */
	CHECK_EQ(state_create(deep, "c", "/b", &spec, &e), 0);
	check_file();
	state_remove();
	CHECK(!there(dir));
	state_remove();
	CHECK_EQ(rmdir(deep), 0);

	(void)snprintf(dir, sizeof(dir), "%s/x", root);
	CHECK_EQ(rmdir(dir), 0);
	CHECK_EQ(rmdir(root), 0);
	return check_done("oci_state");
}
