# SPDX-License-Identifier: Apache-2.0
# lib.sh: what test scripts share; sourced from the root of the repo.
#
#   make_root DIR            a root file system with a static busybox
#   make_bundle DIR ARG...   config.json beside DIR/rootfs that runs ARG...
#   kuni ARG...              the runtime under test with its state in $T
#   ours                     what is left of its processes
#   T                        a temporary directory, removed at exit
# A script says `fail WHAT` for each thing that is wrong and ends with `finish`.
set -uo pipefail
KUNI=${KUNI:-$PWD/build/kuni}
T=$(mktemp -d "${TMPDIR:-/tmp}/kuni-test.XXXXXX")
trap 'rm -rf "$T"' EXIT
failures=0 checks=0

fail() { failures=$((failures + 1)); echo "FAIL: $*" >&2; }
check() { # WHAT, then a command that must succeed
	local what=$1; shift
	checks=$((checks + 1))
	"$@" || fail "$what"
}
same() { # WHAT EXPECTED GOT
	checks=$((checks + 1))
	[ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}
finish() {
	((checks > 0)) || fail "no check ran"
	exit $((failures > 0))
}
export KUNI_MARK=$T
ours() { # runtimes and QEMUs of this script, by our mark in their environment
	local f
	for f in $(grep -lzx "KUNI_MARK=$T" /proc/[0-9]*/environ 2>/dev/null); do
		case $(cat "${f%environ}comm" 2>/dev/null) in kuni | qemu*) echo "$f" ;; esac
	done
}
kuni() { "$KUNI" --root "$T/state" ${KUNI_OPTS:-} "$@"; }

make_root() {
	mkdir -p "$1"/{bin,dev,etc,proc,root,sys,tmp,usr/bin}
	cp "$(command -v busybox)" "$1/bin/busybox"
	local a
	for a in $("$1/bin/busybox" --list); do
		[ "$a" = busybox ] || ln -sf busybox "$1/bin/$a"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
	echo 'root:x:0:' >"$1/etc/group"
	chmod 1777 "$1/tmp"
}

json_string() { local s=${1//\\/\\\\}; s=${s//\"/\\\"}; s=${s//$'\n'/\\n}; s=${s//$'\t'/\\t}; printf '"%s"' "$s"; }

make_bundle() {
	local dir=$1 a sep='' args='' ro=${READONLY_PATHS-'"/proc/sys"'}
	shift
	for a; do args+=$sep$(json_string "$a"); sep=,; done
	mkdir -p "$dir"
	cat >"$dir/config.json" <<JSON
{ "ociVersion": "1.0.2",
  "process": { "terminal": false, "user": { "uid": 0, "gid": 0 }, "cwd": "/",
    "args": [ $args ],
    "env": [ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TERM=dumb" ],
    "capabilities": { ${CAPS:-$(default_caps)} } },
  "root": { "path": "rootfs", "readonly": ${READONLY:-false} },
  "hostname": "kuni",
  "mounts": [
    { "destination": "/proc", "type": "proc", "source": "proc" },
    { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"] },
    { "destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"] },
    { "destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"] },
    { "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"] }${MOUNTS:-}
  ],
  "linux": { "maskedPaths": ["/proc/kcore"], "readonlyPaths": [$ro]${LINUX:-} } }
JSON
}
# counts.c as build/abi/counts; in the lab, where there is no compiler, it is made.
make_counts() {
	[ build/abi/counts -nt tests/workloads/counts.c ] || ! command -v gcc >/dev/null ||
		{ mkdir -p build/abi && gcc -O2 -static -Wall -Wextra -Werror -o build/abi/counts tests/workloads/counts.c; } || fail 'counts.c does not compile'
}
# The guest kernel of this script is a debug build from now on; where there is no
# compiler, as in the lab, what was built outside.
use_debug_kernel() {
	! command -v gcc >/dev/null || make -s -j2 B=build/debug DEBUG=1 build/debug/kuni-guest.elf >"$T/make" 2>&1 ||
		fail "the debug kernel does not build: $(tail -n 5 "$T/make")"
	export KUNI_GUEST=$PWD/build/debug/kuni-guest.elf
}
# make_bundle with the counts of the kernel around ARG...: where they are not
# back afterwards (32 objects more of a cache pass: what is made once), leak
# lines and status 99.
make_counted() {
	local dir=$1
	shift
	make_counts
	cp build/abi/counts "$dir/rootfs/counts"
	READONLY_PATHS='' make_bundle "$dir" /counts run 32 "$@"
}
# Every capability, for what root does natively.
all_caps() {
	local n c=''
	for n in CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE \
		NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT \
		SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE \
		AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ \
		PERFMON BPF CHECKPOINT_RESTORE; do c+=",\"CAP_$n\""; done
	echo "\"bounding\": [${c:1}], \"effective\": [${c:1}], \"permitted\": [${c:1}]"
}
default_caps() {
	local c='"CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FSETID","CAP_FOWNER","CAP_MKNOD","CAP_NET_RAW","CAP_SETGID","CAP_SETUID","CAP_SETFCAP","CAP_SETPCAP","CAP_NET_BIND_SERVICE","CAP_SYS_CHROOT","CAP_KILL","CAP_AUDIT_WRITE"'
	echo "\"bounding\": [$c], \"effective\": [$c], \"permitted\": [$c]"
}
