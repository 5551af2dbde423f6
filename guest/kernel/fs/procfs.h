/* SPDX-License-Identifier: Apache-2.0 */
/* procfs.h: what procfs's files share. */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include "pseudofs.h"

extern const struct pseudo_node procfs_pid_dir; /* /proc/PID */
/* A file that always says the same line. */
#define CONSTANT(name_, text)                                                  \
	static int show_##name_(struct pseudo_buf *b,                          \
				const struct pseudo_key *k)                    \
	{                                                                      \
		(void)k;                                                       \
		pseudo_printf(b, "%s\n", text);                                \
		return 0;                                                      \
	}
#define FILE_444(name_)                                                        \
	{                                                                      \
		.name = #name_, .mode = S_IFREG | 0444, .show = show_##name_   \
	}
/* One of numbers. */
#define NUMBER_444(name_)                                                      \
	{                                                                      \
		.name = #name_, .mode = S_IFREG | 0444, .show = show_##name_,  \
		.whole = true                                                  \
	}

extern const struct pseudo_node procfs_sysnet[]; /* /proc/sys/net */
#define BLANKS " \t\n"
/* A number of any base at *text, which is behind it and blanks then; EINVAL. */
int procfs_next_number(const char **text, long *out) MUST_CHECK;
int procfs_store_number(int *at, int lowest, int highest, const char *s,
			size_t n) MUST_CHECK;
int procfs_net_unix(struct pseudo_buf *b, const struct pseudo_key *k);
extern const struct pseudo_node procfs_net[]; /* /proc/PID/net */
extern const struct pseudo_node procfs_sys[]; /* /proc/sys */
int procfs_mounts(struct pseudo_buf *b, const struct pseudo_key *k);

/* ---- procfs_pid.c ---- */
/* The thread that the key means: a reference, or NULL once it is gone. */
struct task *procfs_task(const struct pseudo_key *k);
bool procfs_may_inspect(struct task *t);
/* The memory of the key's thread, with a reference; *out is NULL for one that
 * has none. */
int procfs_mm(const struct pseudo_key *k, bool private_,
	      struct mm **out) MUST_CHECK;
/* The name of p below current's root, within buf (PATH_MAX bytes). */
size_t anon_name(const struct inode *i, char *buf, size_t n);
int procfs_name(const struct path *p, char *buf, char **start) MUST_CHECK;

/* ---- the files of a process ---- */
#define PROC_SHOW(name_)                                                       \
	int proc_##name_##_show(struct pseudo_buf *b,                          \
				const struct pseudo_key *k)
#define PROC_STORE(name_)                                                      \
	int proc_##name_##_store(const struct pseudo_key *k, const char *s,    \
				 size_t n)
#define PROC_LINK(name_)                                                       \
	ssize_t proc_##name_##_link(const struct pseudo_key *k, char *buf,     \
				    size_t n);                                 \
	int proc_##name_##_follow(const struct pseudo_key *k,                  \
				  struct mount **m, struct dentry **d)
PROC_SHOW(cpuinfo); /* procfs_machine.c */
PROC_SHOW(meminfo);
PROC_SHOW(slabinfo);
PROC_SHOW(machine_stat);
PROC_SHOW(uptime);
PROC_SHOW(loadavg);
PROC_SHOW(vmstat);
PROC_SHOW(devices);
PROC_SHOW(partitions);
PROC_SHOW(empty);
PROC_SHOW(cgroups);
PROC_SHOW(stat);
PROC_SHOW(io);
PROC_SHOW(oom_score);
PROC_SHOW(wchan);
PROC_SHOW(smaps);
PROC_SHOW(smaps_rollup);
PROC_SHOW(personality);
PROC_SHOW(fdinfo);
PROC_SHOW(status);
PROC_SHOW(statm);
PROC_SHOW(comm);
PROC_STORE(comm);
PROC_SHOW(limits);
PROC_SHOW(cgroup);
PROC_SHOW(oom_adj);
PROC_STORE(oom_adj);
PROC_SHOW(cmdline);
PROC_SHOW(environ);
PROC_SHOW(auxv);
PROC_SHOW(maps);
PROC_SHOW(mountinfo);
PROC_LINK(exe);
PROC_LINK(cwd);
PROC_LINK(root);
/* of fdinfo/, and the links of ns/ */
extern const struct pseudo_node proc_fdinfo_node;
extern const struct pseudo_node proc_ns_children[];
int proc_fdinfo_find(const struct pseudo_key *k, const char *name, size_t len,
		     struct pseudo_key *out, const struct pseudo_node **node);
int proc_fd_find(const struct pseudo_key *k, const char *name, size_t len,
		 struct pseudo_key *out, const struct pseudo_node **node);
bool proc_fd_each(const struct pseudo_key *k, unsigned *n);

#endif
