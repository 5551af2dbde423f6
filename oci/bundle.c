/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.c: what must be true of a bundle before a VM is worth starting.
 *
 * The program is looked up in the root the way the guest will do it:
 * openat2(RESOLVE_IN_ROOT), so symbolic links stay inside and nothing outside
 * the root is ever opened.  Wherever a mount of the plan may change the
 * answer, no answer is given: the guest finds out and kuni exits with the
 * same status.
 */
#include "oci/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "oci/mem.h"
#include "oci/path.h"

enum found { NOT_THERE, NOT_EXECUTABLE, THERE, UNKNOWN };

int bundle_open(const char *dir, struct bundle *b, struct err *e)
{
	int fd, ret;

	*b = (struct bundle){ .path = realpath(dir, NULL) };
	if (!b->path)
		return err_set(e, errno, "bundle %s", dir);
	fd = open(b->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		ret = err_set(e, errno, "bundle %s", dir);
		goto free_path;
	}
	b->config = oci_strf("%s%sconfig.json", b->path, b->path[1] ? "/" : "");
	ret = spec_load(fd, b->config, &b->spec, e);
	(void)close(fd);
	if (!ret)
		return 0;
	free(b->config);
free_path:
	free(b->path);
	return ret;
}

void bundle_fini(struct bundle *b)
{
	spec_fini(&b->spec);
	free(b->config);
	free(b->path);
	*b = (struct bundle){ 0 };
}

static int open_in_root(int root, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | flags,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static bool below_mount(const struct vm_plan *p, const char *path)
{
	for (size_t i = 0; i < p->nmounts; i++) {
		if (path_is_below(path, p->mounts[i].dest))
			return true;
	}
	for (size_t i = 0; i < p->nbinds; i++) {
		if (path_is_below(path, p->binds[i].dest))
			return true;
	}
	return false;
}

/* The path inside the root of what is open as fd, or NULL. */
static const char *name_in_root(const struct vm_plan *p, int fd,
				char buf[PATH_MAX])
{
	char link[40];
	size_t root = strlen(p->root);
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, PATH_MAX - 1);
	if (n < 0)
		return NULL;
	buf[n] = '\0';
	if (root == 1)
		return buf;
	if (strncmp(buf, p->root, root) != 0 || (buf[root] != '/' && buf[root]))
		return NULL;
	return buf[root] ? buf + root : "/";
}

static bool is_link(int root, const char *path)
{
	struct stat st;
	int fd = open_in_root(root, path, O_NOFOLLOW);

	if (fd < 0)
		return false;
	bool yes = !fstat(fd, &st) && S_ISLNK(st.st_mode);

	(void)close(fd);
	return yes;
}

/* One prefix of the path.  THERE: go on. */
static enum found judge_prefix(const struct vm_plan *p, int root,
			       const char *path)
{
	char buf[PATH_MAX];
	int fd;

	if (below_mount(p, path))
		return UNKNOWN;
	fd = open_in_root(root, path, 0);
	if (fd < 0) {
		/* a link to nowhere may lead into a mount */
		return fd != -ENOENT && fd != -ENOTDIR ? UNKNOWN
		       : is_link(root, path)           ? UNKNOWN
						       : NOT_THERE;
	}
	const char *name = name_in_root(p, fd, buf);

	(void)close(fd);
	return !name || below_mount(p, name) ? UNKNOWN : THERE;
}

/* path is cleaned and absolute in the root. */
static enum found judge(const struct vm_plan *p, int root, const char *path)
{
	char *prefix = oci_strdup(path);
	enum found found = THERE;
	struct stat st;

	for (size_t i = 1; found == THERE && path[i - 1]; i++) {
		if (path[i] && path[i] != '/')
			continue;
		prefix[i] = '\0';
		found = judge_prefix(p, root, prefix);
		prefix[i] = path[i];
	}
	free(prefix);
	if (found != THERE)
		return found;
	int fd = open_in_root(root, path, 0);

	if (fd < 0)
		return UNKNOWN;
	if (fstat(fd, &st) < 0) {
		found = UNKNOWN;
	} else if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111)) {
		found = NOT_EXECUTABLE;
	}
	(void)close(fd);
	return found;
}

/* The last PATH of the environment is the one that counts. */
static const char *path_of_env(char *const *env)
{
	const char *path = "";

	for (; *env; env++) {
		if (!strncmp(*env, "PATH=", 5))
			path = *env + 5;
	}
	return path;
}

/* As runc searches: the first file that somebody may execute; what is there
 * and cannot be is not found. */
static enum found search(const struct vm_plan *p, int root, const char *name)
{
	const char *dirs = path_of_env(p->process.env);

	while (*dirs) {
		int n = (int)strcspn(dirs, ":");
		char *dir = oci_strf("%.*s", n, dirs);
		char *rel = oci_strf("%s%s%s", dir, n ? "/" : "", name);
		char *path = path_clean(p->process.cwd, rel);
		enum found found = judge(p, root, path);

		free(path);
		free(rel);
		free(dir);
		if (found == THERE || found == UNKNOWN)
			return found;
		dirs += n;
		dirs += *dirs == ':';
	}
	return NOT_THERE;
}

static int check_program(const struct vm_plan *p, int root, struct err *e)
{
	const char *name = p->process.args[0];
	bool has_slash = strchr(name, '/') != NULL;
	enum found found = NOT_THERE;

	if (has_slash) {
		char *path = path_clean(p->process.cwd, name);

		found = judge(p, root, path);
		free(path);
	} else if (name[0]) {
		found = search(p, root, name);
	}
	if (found == NOT_EXECUTABLE)
		return err_status(e, 126, EACCES, "exec: \"%.200s\"", name);
	if (found == NOT_THERE && has_slash) {
		return err_status(e, 127, ENOENT,
				  "exec: \"%.200s\": stat %.200s", name, name);
	}
	if (found == NOT_THERE) {
		(void)err_status(e, 127, 0,
				 "exec: \"%.200s\": executable file not found "
				 "in $PATH",
				 name);
		return -ENOENT;
	}
	return 0;
}

int bundle_check(const struct bundle *b, const struct vm_plan *p, struct err *e)
{
	int root = open(p->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int ret;

	if (root < 0) {
		return err_set(e, errno, "%s: root.path: %s", b->config,
			       p->root);
	}
	ret = check_program(p, root, e);
	(void)close(root);
	return ret;
}
