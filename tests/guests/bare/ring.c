/* SPDX-License-Identifier: Apache-2.0 */
/* ring.c: descriptors and rings that break virtio 1.2, 2.7. */
#include "rig.h"

#include "fuse.h"

#define NEXT     VIRTQ_DESC_F_NEXT
#define WRITE    VIRTQ_DESC_F_WRITE
#define INDIRECT VIRTQ_DESC_F_INDIRECT
#define HOLE     0xc8000000UL
#define IN_LEN   sizeof(request)
#define OUT_LEN  sizeof(reply)

static struct {
	struct fuse_in_header h;
	struct fuse_init_in init;
} request;
static uint8_t reply[256] __attribute__((aligned(16)));
static struct virtq_desc table[1024] __attribute__((aligned(16)));
static struct dev fs;

/* A FUSE_INIT in descriptors 0 and 1, for a case to spoil. */
static void up(void)
{
	dev_up(&fs, VIRTIO_ID_FS, FS_Q);
	request.h =
		(struct fuse_in_header){ .len = IN_LEN, .opcode = FUSE_INIT };
	request.init = (struct fuse_init_in){ .major = FUSE_KERNEL_VERSION,
					      .minor = 34 };
	buffer(&fs, 0, gpa(&request), IN_LEN, NEXT, 1);
	buffer(&fs, 1, gpa(reply), OUT_LEN, WRITE, 0);
}

static int good(void)
{
	up();
	return post(&fs, 0);
}

static int head(void)
{
	up();
	return post(&fs, 0xffff);
}

static int next(void)
{
	up();
	fs.desc[0].next = 999;
	return post(&fs, 0);
}

static int loop(void)
{
	up();
	fs.desc[0].next = 0;
	return post(&fs, 0);
}

/* The readable part at addr. */
static int readable(uint64_t addr, uint32_t len)
{
	up();
	buffer(&fs, 0, addr, len, NEXT, 1);
	return post(&fs, 0);
}

static int hole(void)
{
	return readable(HOLE, IN_LEN);
}
static int device(void)
{
	return readable(boot()->device[0].base, IN_LEN);
}
static int wraps(void)
{
	return readable(UINT64_MAX - 7, IN_LEN);
}
static int last(void)
{
	return readable(UINT64_MAX, 1);
}
static int edge(void)
{
	return readable(ram_end() - 20, IN_LEN);
}
static int behind(void)
{
	return readable(ram_end(), IN_LEN);
}
static int huge(void)
{
	return readable(gpa(&request), UINT32_MAX);
}
static int empty(void)
{
	return readable(gpa(&request), 0);
}

static int write_hole(void)
{
	up();
	fs.desc[1].addr = HOLE;
	return post(&fs, 0);
}

static int no_room(void)
{
	up();
	fs.desc[0].flags = 0;
	return post(&fs, 0);
}

static int write_only(void)
{
	up();
	fs.desc[0].flags = NEXT | WRITE;
	return post(&fs, 0);
}

static int order(void)
{
	up();
	fs.desc[1] =
		(struct virtq_desc){ gpa(reply), OUT_LEN, WRITE | NEXT, 0 };
	return post(&fs, 1);
}

static int jump(void)
{
	up();
	fs.avail->idx = Q_SIZE;
	return post(&fs, 0);
}

static int backwards(void)
{
	int r = good();

	fs.avail->idx = (uint16_t)(fs.avail->idx - 2);
	return r == ANSWERED ? post(&fs, 0) : WRONG;
}

/* The request through a table of n descriptors. */
static int indirect(uint64_t addr, uint32_t len, unsigned flags)
{
	up();
	table[0] = fs.desc[0];
	table[1] = fs.desc[1];
	buffer(&fs, 0, addr, len, INDIRECT | flags, 1);
	return post(&fs, 0);
}

static int ind_good(void)
{
	return indirect(gpa(table), 32, 0);
}
static int ind_length(void)
{
	return indirect(gpa(table), 31, 0);
}
static int ind_empty(void)
{
	return indirect(gpa(table), 0, 0);
}
static int ind_short(void)
{
	return indirect(gpa(table), 16, 0);
}
static int ind_hole(void)
{
	return indirect(HOLE, 32, 0);
}
static int ind_edge(void)
{
	return indirect(ram_end() - 16, 32, 0);
}
static int ind_next(void)
{
	return indirect(gpa(table), 32, NEXT);
}
static int ind_huge(void)
{
	return indirect(gpa(table), 0xfffffff0, 0);
}

static int ind_nested(void)
{
	up();
	table[0] = (struct virtq_desc){ gpa(table), 32, INDIRECT, 0 };
	buffer(&fs, 0, gpa(table), 32, INDIRECT, 0);
	return post(&fs, 0);
}

/* More buffers than any queue has entries. */
static int ind_long(void)
{
	up();
	for (unsigned i = 0; i < 1024; i++)
		table[i] = (struct virtq_desc){ gpa(&request), 1, NEXT,
						(uint16_t)(i + 1) };
	table[1023].flags = 0;
	buffer(&fs, 0, gpa(table), sizeof(table), INDIRECT, 0);
	return post(&fs, 0);
}

/* After a reset the device is as new. */
static int again(void)
{
	for (unsigned i = 0; i < 40; i++)
		if (head() != NEEDS_RESET)
			return WRONG;
	return good();
}

/* On the console's send queue, which takes no writable buffers. */
static int send_writable(void)
{
	dev_up(&fs, VIRTIO_ID_CONSOLE, 1);
	buffer(&fs, 0, gpa(reply), 16, WRITE, 0);
	return post(&fs, 0);
}

static int send_hole(void)
{
	dev_up(&fs, VIRTIO_ID_CONSOLE, 1);
	buffer(&fs, 0, HOLE, 16, 0, 0);
	return post(&fs, 0);
}

static int rng_readable(void)
{
	dev_up(&fs, VIRTIO_ID_RNG, 0);
	buffer(&fs, 0, gpa(reply), 16, 0, 0);
	return post(&fs, 0);
}

static int rng_hole(void)
{
	dev_up(&fs, VIRTIO_ID_RNG, 0);
	buffer(&fs, 0, HOLE, 16, WRITE, 0);
	return post(&fs, 0);
}

const struct bare_case cases[] = {
	{ "good", good },
	{ "head", head },
	{ "next", next },
	{ "loop", loop },
	{ "hole", hole },
	{ "device", device },
	{ "wraps", wraps },
	{ "last", last },
	{ "edge", edge },
	{ "behind", behind },
	{ "huge", huge },
	{ "empty", empty },
	{ "write_hole", write_hole },
	{ "no_room", no_room },
	{ "write_only", write_only },
	{ "order", order },
	{ "jump", jump },
	{ "backwards", backwards },
	{ "ind_good", ind_good },
	{ "ind_length", ind_length },
	{ "ind_empty", ind_empty },
	{ "ind_short", ind_short },
	{ "ind_hole", ind_hole },
	{ "ind_edge", ind_edge },
	{ "ind_next", ind_next },
	{ "ind_huge", ind_huge },
	{ "ind_nested", ind_nested },
	{ "ind_long", ind_long },
	{ "again", again },
	{ "send_writable", send_writable },
	{ "send_hole", send_hole },
	{ "rng_readable", rng_readable },
	{ "rng_hole", rng_hole },
	{ NULL, NULL },
};
