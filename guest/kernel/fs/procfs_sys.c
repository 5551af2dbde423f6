/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs_sys.c: /proc/sys, the values that programs read (proc(5)).  They are
 * this kernel's own limits; few can be changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kuni/driver.h"
#include "kuni/filesystems.h"
#include "kuni/mqueue.h"
#include "kuni/task.h"
#include "kuni/uts.h"
#include "kuni/vfs.h"
#include "procfs.h"

#define TEXT_(n) #n
#define TEXT(n)  TEXT_(n)
CONSTANT(ostype, "Linux")
CONSTANT(osrelease, UTS_RELEASE)
CONSTANT(version, UTS_VERSION)
CONSTANT(pid_max, "32768")
CONSTANT(ngroups_max, "65536")
CONSTANT(cap_last_cap, "40")
CONSTANT(overcommit_memory, "1")
CONSTANT(max_map_count, "65530")
CONSTANT(mmap_min_addr, "65536")
CONSTANT(pipe_max_size, "1048576")
CONSTANT(max_queued_events, TEXT(INOTIFY_MAX_EVENTS))
CONSTANT(max_user_instances, TEXT(INOTIFY_MAX_INSTANCES))
CONSTANT(max_user_watches, TEXT(INOTIFY_MAX_WATCHES))

static void uuid_line(struct pseudo_buf *b, uint64_t hi, uint64_t lo)
{
	hi = (hi & ~0xf000ULL) | 0x4000;
	lo = (lo & ~(3ULL << 62)) | 2ULL << 62;
	pseudo_printf(b, "%08lx-%04lx-%04lx-%04lx-%012lx\n", hi >> 32,
		      hi >> 16 & 0xffff, hi & 0xffff, lo >> 48,
		      lo & 0xffffffffffffUL);
}

static int show_uuid(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	uuid_line(b, random_u64(), random_u64());
	return 0;
}

static int show_boot_id(struct pseudo_buf *b, const struct pseudo_key *k)
{
	static uint64_t id[2]; /* [a] made by the first reader */
	uint64_t none = 0;

	(void)k;
	for (int i = 0; i < 2; i++, none = 0)
		__atomic_compare_exchange_n(&id[i], &none, random_u64() | 1,
					    false, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED);
	uuid_line(b, id[0], id[1]);
	return 0;
}

static int show_name(struct pseudo_buf *b, bool domain)
{
	char host[UTS_LEN + 1], dom[UTS_LEN + 1];

	uts_get(host, dom);
	pseudo_printf(b, "%s\n", domain ? dom : host);
	return 0;
}

static int show_hostname(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	return show_name(b, false);
}

static int show_domainname(struct pseudo_buf *b, const struct pseudo_key *k)
{
	(void)k;
	return show_name(b, true);
}

/* A line, cut where it is too long for a name. */
static int store_name(bool domain, const char *s, size_t n)
{
	const char *end = memchr(s, '\n', n);

	n = end ? (size_t)(end - s) : n;
	return uts_set(domain, s, min(strnlen(s, n), (size_t)UTS_LEN));
}

static int store_hostname(const struct pseudo_key *k, const char *s, size_t n)
{
	(void)k;
	return store_name(false, s, n);
}

static int store_domainname(const struct pseudo_key *k, const char *s, size_t n)
{
	(void)k;
	return store_name(true, s, n);
}

static const struct pseudo_node random_children[] = {
	FILE_444(boot_id),
	FILE_444(uuid),
	{ 0 },
};

static const struct pseudo_node kernel[] = {
	NUMBER_444(cap_last_cap),
	{ .name = "domainname",
	  .mode = S_IFREG | 0644,
	  .show = show_domainname,
	  .store = store_domainname },
	{ .name = "hostname",
	  .mode = S_IFREG | 0644,
	  .show = show_hostname,
	  .store = store_hostname },
	NUMBER_444(ngroups_max),
	FILE_444(osrelease),
	FILE_444(ostype),
	NUMBER_444(pid_max),
	{ .name = "random",
	  .mode = S_IFDIR | 0555,
	  .children = random_children },
	FILE_444(version),
	{ 0 },
};

/* proc(5): 1 the page cache, 2 names and what they hold, 3 both. */
static int store_drop_caches(const struct pseudo_key *k, const char *s,
			     size_t n)
{
	unsigned what = n ? (unsigned)(s[0] - '0') : 0;

	(void)k;
	if (what < 1 || what > 3 || (n > 1 && s[1] != '\n'))
		return -EINVAL;
	if (what & 2)
		while (dcache_shrink(256))
			;
	if (what & 1)
		while (pagecache_shrink(4096))
			;
	return 0;
}

static const struct pseudo_node vm[] = {
	{ .name = "drop_caches",
	  .mode = S_IFREG | 0200,
	  .store = store_drop_caches,
	  .whole = true },
	NUMBER_444(max_map_count),
	NUMBER_444(mmap_min_addr),
	NUMBER_444(overcommit_memory),
	{ 0 },
};

static const struct pseudo_node inotify[] = {
	NUMBER_444(max_queued_events),
	NUMBER_444(max_user_instances),
	NUMBER_444(max_user_watches),
	{ 0 },
};

int procfs_next_number(const char **text, long *out)
{
	const char *digits = *text + (**text == '-');
	char *end;

	if (*digits < '0' || *digits > '9')
		return -EINVAL;
	*out = strtol(*text, &end, 0);
	if (!strchr(BLANKS, *end))
		return -EINVAL;
	*text = end + strspn(end, BLANKS);
	return 0;
}

/* A number, and what is behind it is left; lowest and highest are what Linux
 * takes. */
int procfs_store_number(int *at, int lowest, int highest, const char *s,
			size_t n)
{
	const char *end = s + strspn(s, BLANKS);
	long v;
	int r = n ? procfs_next_number(&end, &v) : 0;

	if (r || !n)
		return r;
	if (v < lowest || v > highest)
		return -EINVAL;
	__atomic_store_n(at, (int)v, __ATOMIC_RELAXED);
	return (int)(end - s);
}

#define MQUEUE_LIMIT(name, lowest, highest)                                    \
	static int show_mq_##name(struct pseudo_buf *b,                        \
				  const struct pseudo_key *k)                  \
	{                                                                      \
		(void)k;                                                       \
		pseudo_printf(b, "%d\n",                                       \
			      __atomic_load_n(&mqueue_limits.name,             \
					      __ATOMIC_RELAXED));              \
		return 0;                                                      \
	}                                                                      \
	static int store_mq_##name(const struct pseudo_key *k, const char *s,  \
				   size_t n)                                   \
	{                                                                      \
		(void)k;                                                       \
		return procfs_store_number(&mqueue_limits.name, lowest,        \
					   highest, s, n);                     \
	}
#define MQUEUE_FILE(name_)                                                     \
	{                                                                      \
		.name = #name_, .mode = S_IFREG | 0644,                        \
		.show = show_mq_##name_, .store = store_mq_##name_,            \
		.whole = true                                                  \
	}

MQUEUE_LIMIT(msg_default, 1, MQ_MSGS_TOP)
MQUEUE_LIMIT(msg_max, 1, MQ_MSGS_TOP)
MQUEUE_LIMIT(msgsize_default, 128, MQ_SIZE_TOP)
MQUEUE_LIMIT(msgsize_max, 128, MQ_SIZE_TOP)
MQUEUE_LIMIT(queues_max, INT32_MIN, INT32_MAX)

static const struct pseudo_node mqueue[] = {
	MQUEUE_FILE(msg_default),     MQUEUE_FILE(msg_max),
	MQUEUE_FILE(msgsize_default), MQUEUE_FILE(msgsize_max),
	MQUEUE_FILE(queues_max),      { 0 },
};

static const struct pseudo_node fs[] = {
	{ .name = "inotify", .mode = S_IFDIR | 0555, .children = inotify },
	{ .name = "mqueue", .mode = S_IFDIR | 0555, .children = mqueue },
	{ .name = "pipe-max-size",
	  .mode = S_IFREG | 0444,
	  .show = show_pipe_max_size,
	  .whole = true },
	{ 0 },
};

const struct pseudo_node procfs_sys[] = {
	{ .name = "fs", .mode = S_IFDIR | 0555, .children = fs },
	{ .name = "kernel", .mode = S_IFDIR | 0555, .children = kernel },
	{ .name = "net", .mode = S_IFDIR | 0555, .children = procfs_sysnet },
	{ .name = "vm", .mode = S_IFDIR | 0555, .children = vm },
	{ 0 },
};

int sysctl_set(const char *name, const char *value)
{
	const struct pseudo_node *n = procfs_sys;
	const struct pseudo_key key = { 0 };
	int r;

	for (;;) {
		size_t len = strcspn(name, "/");

		while (n->name &&
		       (strncmp(n->name, name, len) != 0 || n->name[len]))
			n++;
		if (!n->name)
			return -ENOENT;
		name += len;
		if (!*name)
			break;
		name++;
		if (!n->children)
			return -ENOTDIR;
		n = n->children;
	}
	if (n->children)
		return -EISDIR;
	if (!n->store)
		return -EACCES;
	r = n->store(&key, value, strlen(value));
	return r < 0 ? r : 0;
}
