/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_both_host.c: the host's half of fuse_both_test, in a file of its own
 * because the two worlds have different headers. */
#include "tests/unit/fuse_both.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/fuse/server.h"

static char top[] = "/tmp/kuni-both-XXXXXX";
static struct fuse_server *server;
static void *window;
static size_t window_len;

void host_start(unsigned valid_ms, size_t len, void **base)
{
	struct err e;

	if (!mkdtemp(top) ||
	    fuse_server_create(&server, open(top, O_PATH | O_DIRECTORY), false,
			       &e))
		exit(1);
	fuse_server_set_valid(server, valid_ms);
	window_len = len;
	if (!len)
		return;
	window = mmap(NULL, len, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (window == MAP_FAILED || fuse_server_set_window(server, window, len))
		exit(1);
	*base = window;
}

void host_stop(void)
{
	char cmd[100];

	fuse_server_destroy(server);
	if (window_len)
		munmap(window, window_len);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", top);
	if (system(cmd))
		exit(1);
}

int host_handle(const struct host_vec *in, unsigned nin,
		const struct host_vec *out, unsigned nout)
{
	struct iovec i[200], o[200];

	for (unsigned k = 0; k < nin; k++)
		i[k] = (struct iovec){ in[k].p, in[k].n };
	for (unsigned k = 0; k < nout; k++)
		o[k] = (struct iovec){ out[k].p, out[k].n };
	return fuse_server_handle(server, i, nin, o, nout);
}

static const char *path(const char *name)
{
	static char buf[400];

	snprintf(buf, sizeof(buf), "%s/%s", top, name);
	return buf;
}

long host_read(const char *name, void *buf, size_t n, size_t off)
{
	int fd = open(path(name), O_RDONLY);
	long r = fd < 0 ? -1 : (long)pread(fd, buf, n, (off_t)off);

	if (fd >= 0)
		close(fd);
	return r;
}

void host_write(const char *name, const void *buf, size_t n, size_t off)
{
	int fd = open(path(name), O_WRONLY | O_CREAT, 0644);

	if (fd < 0 || pwrite(fd, buf, n, (off_t)off) != (ssize_t)n)
		exit(1);
	close(fd);
}

long host_size(const char *name)
{
	struct stat st;

	return lstat(path(name), &st) ? -1 : (long)st.st_size;
}

void host_unlink(const char *name)
{
	unlink(path(name));
}

void host_truncate(const char *name, size_t n)
{
	if (truncate(path(name), (off_t)n))
		exit(1);
}

int host_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 4096; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}
