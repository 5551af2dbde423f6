/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_spec.c: `kuni spec`: a config.json to start from.
 *
 * What it says is honoured in full: `kuni run --strict` accepts it.  So there
 * is no cgroup mount and no device rule in it, and it asks for no terminal.
 */
#include "oci/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CAPS "[ \"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\" ]"

static const char config[] =
	"{\n"
	"	\"ociVersion\": \"1.0.2\",\n"
	"	\"process\": {\n"
	"		\"terminal\": false,\n"
	"		\"user\": { \"uid\": 0, \"gid\": 0 },\n"
	"		\"args\": [ \"sh\" ],\n"
	"		\"env\": [\n"
	"			\"PATH=/usr/local/sbin:/usr/local/bin:"
	"/usr/sbin:/usr/bin:/sbin:/bin\",\n"
	"			\"TERM=xterm\"\n"
	"		],\n"
	"		\"cwd\": \"/\",\n"
	"		\"capabilities\": {\n"
	"			\"bounding\": " CAPS ",\n"
	"			\"effective\": " CAPS ",\n"
	"			\"permitted\": " CAPS "\n"
	"		},\n"
	"		\"rlimits\": [\n"
	"			{ \"type\": \"RLIMIT_NOFILE\","
	" \"hard\": 1024, \"soft\": 1024 }\n"
	"		],\n"
	"		\"noNewPrivileges\": true\n"
	"	},\n"
	"	\"root\": { \"path\": \"rootfs\", \"readonly\": true },\n"
	"	\"hostname\": \"kuni\",\n"
	"	\"mounts\": [\n"
	"		{ \"destination\": \"/proc\", \"type\": \"proc\","
	" \"source\": \"proc\" },\n"
	"		{ \"destination\": \"/dev\", \"type\": \"tmpfs\","
	" \"source\": \"tmpfs\",\n"
	"		  \"options\": [ \"nosuid\", \"strictatime\","
	" \"mode=755\", \"size=65536k\" ] },\n"
	"		{ \"destination\": \"/dev/pts\", \"type\": \"devpts\","
	" \"source\": \"devpts\",\n"
	"		  \"options\": [ \"nosuid\", \"noexec\","
	" \"newinstance\", \"ptmxmode=0666\", \"mode=0620\","
	" \"gid=5\" ] },\n"
	"		{ \"destination\": \"/dev/shm\", \"type\": \"tmpfs\","
	" \"source\": \"shm\",\n"
	"		  \"options\": [ \"nosuid\", \"noexec\", \"nodev\","
	" \"mode=1777\", \"size=65536k\" ] },\n"
	"		{ \"destination\": \"/sys\", \"type\": \"sysfs\","
	" \"source\": \"sysfs\",\n"
	"		  \"options\": [ \"nosuid\", \"noexec\", \"nodev\","
	" \"ro\" ] }\n"
	"	],\n"
	"	\"linux\": {\n"
	"		\"namespaces\": [\n"
	"			{ \"type\": \"pid\" },\n"
	"			{ \"type\": \"network\" },\n"
	"			{ \"type\": \"ipc\" },\n"
	"			{ \"type\": \"uts\" },\n"
	"			{ \"type\": \"mount\" }\n"
	"		],\n"
	"		\"maskedPaths\": [ \"/proc/acpi\", \"/proc/asound\","
	" \"/proc/kcore\", \"/proc/keys\", \"/proc/latency_stats\",\n"
	"			\"/proc/timer_list\", \"/proc/timer_stats\","
	" \"/proc/sched_debug\", \"/sys/firmware\", \"/proc/scsi\" ],\n"
	"		\"readonlyPaths\": [ \"/proc/bus\", \"/proc/fs\","
	" \"/proc/irq\", \"/proc/sys\", \"/proc/sysrq-trigger\" ]\n"
	"	}\n"
	"}\n";

int cmd_spec(const struct cli *c, struct err *e)
{
	const char *dir = c->bundle ? c->bundle : ".";
	size_t len = sizeof(config) - 1;
	int fd, ret = 0;

	if (c->nargs)
		return err_set(e, 0, "unexpected argument \"%s\"", c->args[0]);
	int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dirfd < 0)
		return err_set(e, errno, "bundle %s", dir);
	fd = openat(dirfd, "config.json",
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0) {
		ret = err_set(e, errno, "%s/config.json", dir);
		goto close_dir;
	}
	ssize_t n = write(fd, config, len);

	if (n < 0 || (size_t)n != len) {
		ret = err_set(e, n < 0 ? errno : ENOSPC, "%s/config.json", dir);
		(void)unlinkat(dirfd, "config.json", 0);
	}
	(void)close(fd);
close_dir:
	(void)close(dirfd);
	return ret;
}
