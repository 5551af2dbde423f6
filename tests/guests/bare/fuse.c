/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuse.c: requests that break the FUSE wire (boot/abi/fuse.h).  A case is
 * answered with the errno that it expects, or the device needs a reset.
 */
#include "rig.h"

#include "fuse.h"
#include "kuni/errno.h"

static struct {
	struct fuse_in_header h;
	union {
		uint8_t body[512];
		struct fuse_init_in init;
		struct fuse_read_in read;
		struct fuse_write_in write;
		struct fuse_batch_forget_in batch;
		struct fuse_setupmapping_in map;
	};
} in;
static struct {
	struct fuse_out_header h;
	uint8_t body[512];
} out;
static struct dev fs;

/* Sends `bytes` of a request that says it is `len` long. */
static int raw(uint32_t opcode, uint32_t len, uint32_t bytes)
{
	in.h.len = len;
	in.h.opcode = opcode;
	in.h.unique = 7;
	buffer(&fs, 0, gpa(&in), bytes, VIRTQ_DESC_F_NEXT, 1);
	buffer(&fs, 1, gpa(&out), sizeof(out), VIRTQ_DESC_F_WRITE, 0);
	return post(&fs, 0);
}

static int send(uint32_t opcode, uint32_t body)
{
	uint32_t len = (uint32_t)sizeof(in.h) + body;

	return raw(opcode, len, len);
}

static int answer(int verdict, int error)
{
	if (verdict == ANSWERED &&
	    (out.h.error != error || out.h.unique != 7 ||
	     out.h.len < sizeof(out.h) || out.h.len > sizeof(out)))
		return WRONG;
	return verdict;
}

static void up(void)
{
	dev_up(&fs, VIRTIO_ID_FS, FS_Q);
	in.h.nodeid = FUSE_ROOT_ID;
}

static void init(void)
{
	up();
	in.init = (struct fuse_init_in){ .major = FUSE_KERNEL_VERSION,
					 .minor = 34 };
	if (answer(send(FUSE_INIT, sizeof(in.init)), 0) != ANSWERED)
		leave(1U | (uint32_t)WRONG << 16);
	in.init = (struct fuse_init_in){ 0 };
}

static int good(void)
{
	init();
	return answer(send(FUSE_GETATTR, 16), 0);
}

static int too_short(void)
{
	init();
	return raw(FUSE_GETATTR, 39, 56);
}

static int too_long(void)
{
	init();
	return raw(FUSE_GETATTR, 57, 56);
}

static int far_too_long(void)
{
	init();
	return raw(FUSE_GETATTR, UINT32_MAX, 56);
}

static int half_header(void)
{
	init();
	return raw(FUSE_GETATTR, 40, 20);
}

/* No body where one belongs. */
static int no_body(void)
{
	init();
	return answer(send(FUSE_WRITE, 0), -EINVAL);
}

static int opcode(void)
{
	init();
	if (answer(send(0, 16), -ENOSYS) != ANSWERED ||
	    answer(send(FUSE_OPCODE_END, 16), -ENOSYS) != ANSWERED)
		return WRONG;
	return answer(send(UINT32_MAX, 16), -ENOSYS);
}

/* Before INIT nothing is promised but an answer. */
static int before_init(void)
{
	up();
	return send(FUSE_GETATTR, 16);
}

static int node(void)
{
	init();
	in.h.nodeid = UINT64_MAX;
	return answer(send(FUSE_GETATTR, 16), -ESTALE);
}

/* A name without an end, and one that leads out. */
static int name(void)
{
	init();
	in.body[0] = in.body[1] = '.';
	if (answer(send(FUSE_LOOKUP, 2), -EINVAL) != ANSWERED)
		return WRONG;
	return answer(send(FUSE_LOOKUP, 3), -EINVAL);
}

static int over_read(void)
{
	init();
	in.read = (struct fuse_read_in){ .offset = UINT64_MAX,
					 .size = UINT32_MAX };
	return send(FUSE_READ, sizeof(in.read));
}

static int over_write(void)
{
	init();
	in.write = (struct fuse_write_in){ .offset = UINT64_MAX,
					   .size = UINT32_MAX };
	return send(FUSE_WRITE, sizeof(in.write));
}

static int forget(void)
{
	init();
	in.batch.count = UINT32_MAX;
	return send(FUSE_BATCH_FORGET, sizeof(in.batch));
}

/* The root itself, more often than it was looked up. */
static int forget_root(void)
{
	init();
	in.body[0] = 0xff;
	if (send(FUSE_FORGET, 8) != ANSWERED)
		return WRONG;
	return answer(send(FUSE_GETATTR, 16), 0);
}

static int window(void)
{
	init();
	in.map = (struct fuse_setupmapping_in){ .foffset = UINT64_MAX - 4095,
						.len = UINT64_MAX - 4095,
						.moffset = UINT64_MAX - 4095 };
	return send(FUSE_SETUPMAPPING, sizeof(in.map));
}

/* Every opcode with a body of ones, then of zeroes. */
static int each(void)
{
	init();
	for (unsigned i = 0; i < 2 * FUSE_OPCODE_END; i++) {
		for (unsigned k = 0; k < sizeof(in.body); k++)
			in.body[k] = i & 1 ? 0xff : 0;
		if (send(i / 2, sizeof(in.body)) != ANSWERED)
			init();
		in.h.nodeid = FUSE_ROOT_ID;
	}
	return good();
}

const struct bare_case cases[] = {
	{ "good", good },
	{ "too_short", too_short },
	{ "too_long", too_long },
	{ "far_too_long", far_too_long },
	{ "half_header", half_header },
	{ "no_body", no_body },
	{ "opcode", opcode },
	{ "before_init", before_init },
	{ "node", node },
	{ "name", name },
	{ "over_read", over_read },
	{ "over_write", over_write },
	{ "forget", forget },
	{ "forget_root", forget_root },
	{ "window", window },
	{ "each", each },
	{ NULL, NULL },
};
