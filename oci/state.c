/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.c: the state of a running container.
 *
 * A container's directory is held by an flock() on it for as long as its
 * monitor lives, so a directory without a lock is what a killed monitor left,
 * and is taken over.  Whoever gets the lock checks that the directory is still
 * the one of that name: the former owner may have removed it in between.
 *
 * Removal goes by descriptors, not by paths: the monitor may have left the
 * mount namespace in which the paths mean something, and it must work in a
 * signal handler.  Descriptors are close-on-exec and never passed on.
 */
#include "oci/state.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/folder.h"
#include "oci/mem.h"
#include "oci/path.h"

#define STATE_FILE "state.json"

static struct {
	int root, dir; /* descriptors, -1: none */
	char id[STATE_ID_MAX + 1];
	volatile sig_atomic_t there;
} state = { .root = -1, .dir = -1 };

static bool id_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("_+-.", c));
}

int state_check_id(const char *id, struct err *e)
{
	size_t n = 0;

	while (id_char(id[n]))
		n++;
	if (!n || id[n] || n > STATE_ID_MAX || !strcmp(id, ".") ||
	    !strcmp(id, "..")) {
		return err_set(e, 0,
			       "container ID \"%.80s\": expected 1 to 255 "
			       "letters, digits, or any of _ + - .",
			       id);
	}
	return 0;
}

char *state_default_id(const char *bundle, const char *suffix)
{
	const char *base = strrchr(bundle, '/');
	char *id = oci_strf("%.200s%s%s", base && base[1] ? base + 1 : "kuni",
			    suffix[0] ? "-" : "", suffix);

	for (char *p = id; *p; p++) {
		if (!id_char(*p))
			*p = '_';
	}
	if (!strcmp(id, ".") || !strcmp(id, ".."))
		id[0] = '_';
	return id;
}

/* Makes `path` and what is missing above it. */
static int make_dirs(const char *path, struct err *e)
{
	char *p = path_clean("", path);
	int ret = 0;

	for (char *s = p + 1; !ret; s++) {
		char c = *s;

		if (c && c != '/')
			continue;
		*s = '\0';
		if (mkdir(p, 0711) < 0 && errno != EEXIST)
			ret = err_set(e, errno, "--root %s: %s", path, p);
		*s = c;
		if (!c)
			break;
	}
	free(p);
	return ret;
}

/* 1: the directory is ours; 0: it went away, try again; -EEXIST: it is held
 * by another process. */
static int take_dir(int root, const char *id)
{
	struct stat here, there;
	int fd, ret;

	if (mkdirat(root, id, 0711) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		ret = errno == EWOULDBLOCK ? -EEXIST : -errno;
	} else if (fstat(fd, &here) < 0 ||
		   fstatat(root, id, &there, AT_SYMLINK_NOFOLLOW) < 0 ||
		   here.st_ino != there.st_ino || here.st_dev != there.st_dev) {
		ret = 0;
	} else {
		state.dir = fd;
		return 1;
	}
	(void)close(fd);
	return ret;
}

static char *render(const char *id, const char *bundle,
		    const struct oci_spec *spec)
{
	json_t *notes = json_object();
	json_t *j;
	char *text;

	for (size_t i = 0; i < spec->nannotations; i++) {
		const struct oci_pair *a = &spec->annotations[i];

		(void)json_object_set_new(notes, a->key, json_string(a->value));
	}
	j = json_pack("{s:s, s:s, s:s, s:i, s:s, s:o}", "ociVersion",
		      spec->version, "id", id, "status", "running", "pid",
		      (int)getpid(), "bundle", bundle, "annotations", notes);
	text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	json_decref(j);
	return text;
}

static int write_state(const char *text)
{
	size_t len = strlen(text);
	int fd = openat(state.dir, STATE_FILE,
			O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			0644);
	int ret = 0;

	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, text, len);

	if (n < 0) {
		ret = -errno;
	} else if ((size_t)n != len) {
		ret = -ENOSPC;
	}
	(void)close(fd);
	return ret;
}

void state_remove(void)
{
	if (!state.there)
		return;
	state.there = 0;
	(void)unlinkat(state.dir, STATE_FILE, 0);
	(void)unlinkat(state.root, state.id, AT_REMOVEDIR);
	(void)close(state.dir);
	(void)close(state.root);
}

static void on_signal(int sig)
{
	state_remove();
	/* SA_RESETHAND: what it would have done without us */
	(void)raise(sig);
}

static void watch_signals(void)
{
	static const int ends[] = { SIGHUP,  SIGINT, SIGQUIT, SIGTERM, SIGABRT,
				    SIGSEGV, SIGBUS, SIGFPE,  SIGILL };
	struct sigaction sa = { .sa_handler = on_signal,
				.sa_flags = (int)SA_RESETHAND };
	struct sigaction old;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		/* nohup: what was ignored stays ignored */
		if (!sigaction(ends[i], NULL, &old) &&
		    old.sa_handler == SIG_DFL)
			(void)sigaction(ends[i], &sa, NULL);
	}
}

static int create(const char *root, const char *id, const char *bundle,
		  const struct oci_spec *spec, struct err *e)
{
	char *text;
	int ret;

	state.root = folder_open(root);
	if (state.root < 0)
		return err_set(e, -state.root, "--root %s", root);
	do {
		ret = take_dir(state.root, id);
	} while (!ret);
	if (ret == -EEXIST) {
		ret = err_set(e, 0,
			      "container with ID \"%s\" exists already "
			      "in %s",
			      id, root);
		goto close_root;
	}
	if (ret < 0) {
		ret = err_set(e, -ret, "%s/%s", root, id);
		goto close_root;
	}
	memcpy(state.id, id, strlen(id) + 1);
	state.there = 1;
	watch_signals();
	text = render(id, bundle, spec);
	ret = text ? write_state(text) : -ENOMEM;
	free(text);
	if (ret < 0) {
		state_remove();
		return err_set(e, -ret, "%s/%s/%s", root, id, STATE_FILE);
	}
	return 0;
close_root:
	(void)close(state.root);
	return ret;
}

int state_create(const char *root, const char *id, const char *bundle,
		 const struct oci_spec *spec, struct err *e)
{
	int ret = make_dirs(root, e);
	sigset_t all, old;

	if (ret < 0)
		return ret;
	/* no signal between the directory and the handler that removes it */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = create(root, id, bundle, spec, e);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret;
}
