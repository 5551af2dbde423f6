/* SPDX-License-Identifier: Apache-2.0 */
/* fuse_rig.h: a FUSE server over a fresh temporary tree, and a way to send it
 * requests, in iovecs that are cut at odd places. */
#ifndef TESTS_UNIT_FUSE_RIG_H
#define TESTS_UNIT_FUSE_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/abi/fuse.h"
#include "host/fuse/server.h"
#include "tests/unit/check.h"

struct rig {
	char top[64];  /* removed at the end */
	char root[80]; /* top/root is served; top/outside is not */
	struct fuse_server *s;
	uint32_t uid, gid;
};

struct reply {
	int ret;    /* of fuse_server_handle() */
	int error;  /* of the header, 0 or negative errno */
	size_t len; /* of the body */
	uint8_t body[160 << 10];
};

static inline void rig_serve(struct rig *r, bool readonly)
{
	struct err e = { 0 };
	int fd = open(r->root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fuse_server_create(&r->s, fd, readonly, &e)) {
		fprintf(stderr, "rig: %s: %s\n", r->root, e.msg);
		exit(1);
	}
}

static inline void rig_init(struct rig *r)
{
	*r = (struct rig){ .top = "/tmp/kuni-fuse-XXXXXX" };
	if (!mkdtemp(r->top))
		exit(1);
	snprintf(r->root, sizeof(r->root), "%s/root", r->top);
	if (mkdir(r->root, 0755))
		exit(1);
	rig_serve(r, false);
}

static inline void rig_fini(struct rig *r)
{
	char cmd[128];

	fuse_server_destroy(r->s);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", r->top);
	if (system(cmd))
		fprintf(stderr, "rig: %s failed\n", cmd);
}

/* Cuts [p, p + n) into pieces of `cut` bytes; the number of iovecs. */
static inline unsigned rig_cut(struct iovec *v, unsigned max, void *p, size_t n,
			       size_t cut)
{
	unsigned k = 0;

	while (n && k < max) {
		size_t len = n < cut || k + 1 == max ? n : cut;

		v[k++] = (struct iovec){ p, len };
		p = (uint8_t *)p + len;
		n -= len;
	}
	return k;
}

/* Sends one request whose body is parts[0..n); NULL ends. */
static inline void rig_send(struct rig *r, uint32_t op, uint64_t node,
			    const void *body, size_t n, struct reply *out)
{
	static _Thread_local unsigned turn;
	static const size_t cuts[] = { 4096, 40, 1 << 20, 7, 129, 16 };
	size_t cut = cuts[turn++ % 6];
	struct fuse_in_header h = {
		.len = (uint32_t)(sizeof(h) + n),
		.opcode = op,
		.unique = 1000 + turn,
		.nodeid = node,
		.uid = r->uid,
		.gid = r->gid,
	};
	struct fuse_out_header o = { 0 };
	struct iovec in[200], rep[200];
	uint8_t *req = malloc(sizeof(h) + n);
	uint8_t *ans = malloc(sizeof(o) + sizeof(out->body));
	unsigned nin, nout;

	memcpy(req, &h, sizeof(h));
	if (n)
		memcpy(req + sizeof(h), body, n);
	nin = rig_cut(in, 200, req, sizeof(h) + n, cut);
	nout = rig_cut(rep, 200, ans, sizeof(o) + sizeof(out->body),
		       cut < 1024 ? 1024 : cut);
	out->ret = fuse_server_handle(r->s, in, nin, rep, nout);
	out->error = 0;
	out->len = 0;
	if (out->ret > 0) {
		memcpy(&o, ans, sizeof(o));
		CHECK_EQ(o.len, out->ret);
		CHECK_EQ(o.unique, h.unique);
		out->error = o.error;
		out->len = (size_t)out->ret - sizeof(o);
		memcpy(out->body, ans + sizeof(o), out->len);
	}
	free(req);
	free(ans);
}

/* The same with a body of a structure and up to two strings. */
static inline int rig_op(struct rig *r, uint32_t op, uint64_t node,
			 const void *in, size_t n, const char *a, const char *b,
			 struct reply *out)
{
	uint8_t body[16384];
	size_t len = n;

	memcpy(body, in ? in : "", n);
	if (a) {
		memcpy(body + len, a, strlen(a) + 1);
		len += strlen(a) + 1;
	}
	if (b) {
		memcpy(body + len, b, strlen(b) + 1);
		len += strlen(b) + 1;
	}
	rig_send(r, op, node, body, len, out);
	return out->ret < 0 ? out->ret : out->error;
}

/* LOOKUP: the node, 0 where the name is missing, or negative errno. */
static inline int64_t rig_lookup(struct rig *r, uint64_t dir, const char *name,
				 struct fuse_attr *attr)
{
	static _Thread_local struct reply rep;
	struct fuse_entry_out e;
	int err = rig_op(r, FUSE_LOOKUP, dir, NULL, 0, name, NULL, &rep);

	if (err)
		return err;
	if (rep.len != sizeof(e))
		return -EIO;
	memcpy(&e, rep.body, sizeof(e));
	if (attr)
		*attr = e.attr;
	return (int64_t)e.nodeid;
}

static inline void rig_write_file(const struct rig *r, const char *name,
				  const char *text)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", r->root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		fprintf(stderr, "rig: cannot write %s\n", path);
		exit(1);
	}
	close(fd);
}

static inline int rig_open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 4096; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

#endif
