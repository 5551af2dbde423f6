/* SPDX-License-Identifier: Apache-2.0 */
/* procfs_net.c: /proc/PID/net: what net/ tells of itself (proc(5), unix(7)). */
#include "kuni/net.h"
#include "procfs.h"

#include <stdio.h>

struct lines { /* made under a spinlock, so room is made before */
	char *at;
	size_t used, room;
	bool full;
};

static void one_socket(const struct unix_info *i, void *arg)
{
	struct lines *l = arg;
	size_t left = l->room - l->used;
	int n;

	n = sniprintf(l->at + l->used, left,
		      "%016x: %08X %08X %08X %04X %02X %5lu", 0, i->ref, 0,
		      i->flags, i->type, i->state, i->ino);
	if ((size_t)n + 2 + i->name_len >= left) {
		l->full = true;
		return;
	}
	l->used += (size_t)n;
	if (i->name_len)
		l->at[l->used++] = ' ';
	for (size_t k = 0; k < i->name_len; k++) {
		/* a path ends with its NUL, an abstract name begins with one */
		if (i->name[k] || !i->name[0])
			l->at[l->used++] =
				(char)(i->name[k] ? i->name[k] : '@');
	}
	l->at[l->used++] = '\n';
}

int procfs_net_unix(struct pseudo_buf *b, const struct pseudo_key *k)
{
	struct netns *ns = netns_current();
	struct lines l = { .room = 16384 };

	(void)k;
	do {
		kfree(l.at);
		l.room *= 2;
		l.used = 0;
		l.full = false;
		l.at = l.room <= 4UL << 20 ? kmalloc(l.room) : NULL;
		if (l.at)
			unix_each(ns, one_socket, &l);
	} while (l.at && l.full);
	netns_put(ns);
	if (!l.at)
		return -ENOMEM;
	pseudo_printf(b, "Num       RefCount Protocol Flags    Type St Inode "
			 "Path\n");
	pseudo_put(b, l.at, l.used);
	kfree(l.at);
	return 0;
}
