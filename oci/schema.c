/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.c: every field of config.json (OCI runtime specification 1.2,
 * config.md and config-linux.md), its type, and whether kuni honours it.
 *
 * This is the one place that says what is honoured: a field without MISSED
 * must have code in spec.c and plan.c that uses it, a field with MISSED is
 * named in the log.  To honour a field: drop its MISSED, read it in spec.c.
 */
#include "oci/schema.h"

#define STR    SCHEMA_STRING
#define BOOL   SCHEMA_BOOL
#define U16    SCHEMA_U16
#define U32    SCHEMA_U32
#define I64    SCHEMA_I64
#define U64    SCHEMA_U64
#define OBJ    SCHEMA_OBJECT
#define ARRAY  SCHEMA_ARRAY
#define MAP    SCHEMA_MAP
#define NEED   SCHEMA_REQUIRED
#define MISSED SCHEMA_MISSED

/* clang-format off */

#define LIST static const struct schema_field
#define END  { 0 }

LIST console_size[] = {
	{ "height", U16, NEED, 0 },
	{ "width", U16, NEED, 0 },
	END
};

LIST user[] = {
	{ "uid", U32, 0, 0 },
	{ "gid", U32, 0, 0 },
	{ "umask", U32, 0, 0 },
	{ "additionalGids", U32, ARRAY, 0 },
	{ "username", STR, MISSED, 0 },
	END
};

LIST capabilities[] = {
	{ "bounding", STR, ARRAY, 0 },
	{ "effective", STR, ARRAY, 0 },
	{ "inheritable", STR, ARRAY, 0 },
	{ "permitted", STR, ARRAY, 0 },
	{ "ambient", STR, ARRAY, 0 },
	END
};

LIST rlimit[] = {
	{ "type", STR, NEED, 0 },
	{ "soft", U64, NEED, 0 },
	{ "hard", U64, NEED, 0 },
	END
};

LIST scheduler[] = {
	{ "policy", STR, NEED, 0 },
	{ "nice", I64, 0, 0 },
	{ "priority", I64, 0, 0 },
	{ "flags", STR, ARRAY, 0 },
	{ "runtime", U64, 0, 0 },
	{ "deadline", U64, 0, 0 },
	{ "period", U64, 0, 0 },
	END
};

LIST io_priority[] = {
	{ "class", STR, NEED, 0 },
	{ "priority", I64, 0, 0 },
	END
};

LIST exec_affinity[] = {
	{ "initial", STR, 0, 0 },
	{ "final", STR, 0, 0 },
	END
};

LIST process[] = {
	{ "terminal", BOOL, 0, 0 },
	{ "consoleSize", OBJ, 0, console_size },
	{ "user", OBJ, 0, user },
	{ "args", STR, ARRAY | NEED, 0 },
	{ "commandLine", STR, MISSED, 0 },
	{ "env", STR, ARRAY, 0 },
	{ "cwd", STR, NEED, 0 },
	{ "capabilities", OBJ, 0, capabilities },
	{ "rlimits", OBJ, ARRAY, rlimit },
	{ "noNewPrivileges", BOOL, 0, 0 },
	{ "apparmorProfile", STR, MISSED, 0 },
	{ "selinuxLabel", STR, MISSED, 0 },
	{ "oomScoreAdj", I64, MISSED, 0 },
	{ "scheduler", OBJ, MISSED, scheduler },
	{ "ioPriority", OBJ, MISSED, io_priority },
	{ "execCPUAffinity", OBJ, MISSED, exec_affinity },
	END
};

LIST root[] = {
	{ "path", STR, NEED, 0 },
	{ "readonly", BOOL, 0, 0 },
	END
};

LIST id_mapping[] = {
	{ "containerID", U32, NEED, 0 },
	{ "hostID", U32, NEED, 0 },
	{ "size", U32, NEED, 0 },
	END
};

/* what is honoured of a mount depends on its type and options: plan.c */
LIST mount[] = {
	{ "destination", STR, NEED, 0 },
	{ "type", STR, 0, 0 },
	{ "source", STR, 0, 0 },
	{ "options", STR, ARRAY, 0 },
	{ "uidMappings", OBJ, ARRAY | MISSED, id_mapping },
	{ "gidMappings", OBJ, ARRAY | MISSED, id_mapping },
	END
};

LIST hook[] = {
	{ "path", STR, NEED, 0 },
	{ "args", STR, ARRAY, 0 },
	{ "env", STR, ARRAY, 0 },
	{ "timeout", I64, 0, 0 },
	END
};

LIST hooks[] = {
	{ "prestart", OBJ, ARRAY | MISSED, hook },
	{ "createRuntime", OBJ, ARRAY | MISSED, hook },
	{ "createContainer", OBJ, ARRAY | MISSED, hook },
	{ "startContainer", OBJ, ARRAY | MISSED, hook },
	{ "poststart", OBJ, ARRAY | MISSED, hook },
	{ "poststop", OBJ, ARRAY | MISSED, hook },
	END
};

/* without a path, all but user and time are what a VM gives: spec.c */
LIST namespace[] = {
	{ "type", STR, NEED, 0 },
	{ "path", STR, 0, 0 },
	END
};

LIST device[] = {
	{ "type", STR, NEED, 0 },
	{ "path", STR, NEED, 0 },
	{ "major", I64, 0, 0 },
	{ "minor", I64, 0, 0 },
	{ "fileMode", U32, 0, 0 },
	{ "uid", U32, 0, 0 },
	{ "gid", U32, 0, 0 },
	END
};

LIST net_device[] = {
	{ "name", STR, 0, 0 },
	END
};

LIST device_rule[] = {
	{ "allow", BOOL, NEED, 0 },
	{ "type", STR, 0, 0 },
	{ "major", I64, 0, 0 },
	{ "minor", I64, 0, 0 },
	{ "access", STR, 0, 0 },
	END
};

LIST memory[] = {
	{ "limit", I64, 0, 0 },
	{ "reservation", I64, MISSED, 0 },
	{ "swap", I64, MISSED, 0 },
	{ "kernel", I64, MISSED, 0 },
	{ "kernelTCP", I64, MISSED, 0 },
	{ "swappiness", U64, MISSED, 0 },
	{ "disableOOMKiller", BOOL, MISSED, 0 },
	{ "useHierarchy", BOOL, MISSED, 0 },
	{ "checkBeforeUpdate", BOOL, MISSED, 0 },
	END
};

LIST cpu[] = {
	{ "quota", I64, 0, 0 },
	{ "period", U64, 0, 0 },
	{ "shares", U64, MISSED, 0 },
	{ "burst", U64, MISSED, 0 },
	{ "realtimeRuntime", I64, MISSED, 0 },
	{ "realtimePeriod", U64, MISSED, 0 },
	{ "cpus", STR, 0, 0 },
	{ "mems", STR, MISSED, 0 },
	{ "idle", I64, MISSED, 0 },
	END
};

LIST pids[] = {
	{ "limit", I64, 0, 0 },
	END
};

LIST weight_device[] = {
	{ "major", I64, NEED, 0 },
	{ "minor", I64, NEED, 0 },
	{ "weight", U16, 0, 0 },
	{ "leafWeight", U16, 0, 0 },
	END
};

LIST throttle[] = {
	{ "major", I64, NEED, 0 },
	{ "minor", I64, NEED, 0 },
	{ "rate", U64, NEED, 0 },
	END
};

LIST block_io[] = {
	{ "weight", U16, 0, 0 },
	{ "leafWeight", U16, 0, 0 },
	{ "weightDevice", OBJ, ARRAY, weight_device },
	{ "throttleReadBpsDevice", OBJ, ARRAY, throttle },
	{ "throttleWriteBpsDevice", OBJ, ARRAY, throttle },
	{ "throttleReadIOPSDevice", OBJ, ARRAY, throttle },
	{ "throttleWriteIOPSDevice", OBJ, ARRAY, throttle },
	END
};

LIST hugepage_limit[] = {
	{ "pageSize", STR, NEED, 0 },
	{ "limit", U64, NEED, 0 },
	END
};

LIST priority[] = {
	{ "name", STR, NEED, 0 },
	{ "priority", U32, NEED, 0 },
	END
};

LIST network[] = {
	{ "classID", U32, 0, 0 },
	{ "priorities", OBJ, ARRAY, priority },
	END
};

LIST rdma[] = {
	{ "hcaHandles", U32, 0, 0 },
	{ "hcaObjects", U32, 0, 0 },
	END
};

LIST resources[] = {
	{ "memory", OBJ, 0, memory },
	{ "cpu", OBJ, 0, cpu },
	{ "devices", OBJ, ARRAY | MISSED, device_rule },
	{ "pids", OBJ, MISSED, pids },
	{ "blockIO", OBJ, MISSED, block_io },
	{ "hugepageLimits", OBJ, ARRAY | MISSED, hugepage_limit },
	{ "network", OBJ, MISSED, network },
	{ "rdma", OBJ, MAP | MISSED, rdma },
	{ "unified", STR, MAP | MISSED, 0 },
	END
};

LIST seccomp_arg[] = {
	{ "index", U32, NEED, 0 },
	{ "value", U64, NEED, 0 },
	{ "valueTwo", U64, 0, 0 },
	{ "op", STR, NEED, 0 },
	END
};

LIST seccomp_rule[] = {
	{ "names", STR, ARRAY | NEED, 0 },
	{ "action", STR, NEED, 0 },
	{ "errnoRet", U32, 0, 0 },
	{ "args", OBJ, ARRAY, seccomp_arg },
	END
};

LIST seccomp[] = {
	{ "defaultAction", STR, NEED, 0 },
	{ "defaultErrnoRet", U32, 0, 0 },
	{ "architectures", STR, ARRAY, 0 },
	{ "flags", STR, ARRAY, 0 },
	{ "listenerPath", STR, 0, 0 },
	{ "listenerMetadata", STR, 0, 0 },
	{ "syscalls", OBJ, ARRAY, seccomp_rule },
	END
};

LIST intel_rdt[] = {
	{ "closID", STR, 0, 0 },
	{ "l3CacheSchema", STR, 0, 0 },
	{ "memBwSchema", STR, 0, 0 },
	{ "schemata", STR, ARRAY, 0 },
	{ "enableCMT", BOOL, 0, 0 },
	{ "enableMBM", BOOL, 0, 0 },
	{ "enableMonitoring", BOOL, 0, 0 },
	END
};

LIST personality[] = {
	{ "domain", STR, NEED, 0 },
	{ "flags", STR, ARRAY, 0 },
	END
};

LIST time_offset[] = {
	{ "secs", I64, 0, 0 },
	{ "nanosecs", U32, 0, 0 },
	END
};

LIST linux_section[] = {
	{ "namespaces", OBJ, ARRAY, namespace },
	{ "resources", OBJ, 0, resources },
	{ "maskedPaths", STR, ARRAY, 0 },
	{ "readonlyPaths", STR, ARRAY, 0 },
	{ "uidMappings", OBJ, ARRAY | MISSED, id_mapping },
	{ "gidMappings", OBJ, ARRAY | MISSED, id_mapping },
	{ "sysctl", STR, MAP, 0 },
	{ "cgroupsPath", STR, MISSED, 0 },
	{ "devices", OBJ, ARRAY | MISSED, device },
	{ "netDevices", OBJ, MAP | MISSED, net_device },
	{ "seccomp", OBJ, MISSED, seccomp },
	{ "rootfsPropagation", STR, MISSED, 0 },
	{ "mountLabel", STR, MISSED, 0 },
	{ "intelRdt", OBJ, MISSED, intel_rdt },
	{ "personality", OBJ, MISSED, personality },
	{ "timeOffsets", OBJ, MAP | MISSED, time_offset },
	END
};

const struct schema_field schema_config[] = {
	{ "ociVersion", STR, NEED, 0 },
	{ "process", OBJ, NEED, process },
	{ "root", OBJ, NEED, root },
	{ "hostname", STR, 0, 0 },
	{ "domainname", STR, 0, 0 },
	{ "mounts", OBJ, ARRAY, mount },
	{ "hooks", OBJ, 0, hooks },
	{ "annotations", STR, MAP, 0 },
	{ "linux", OBJ, 0, linux_section },
	{ "solaris", OBJ, MISSED, 0 },
	{ "windows", OBJ, MISSED, 0 },
	{ "vm", OBJ, MISSED, 0 },
	{ "zos", OBJ, MISSED, 0 },
	END
};
