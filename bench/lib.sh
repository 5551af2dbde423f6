# SPDX-License-Identifier: Apache-2.0
# lib.sh: what the questions share; sourced by bench/run and by the scripts that
# run inside the lab.
#
#   bench_bundle DIR ARG...  a bundle that kuni, crun and runc all run
#   bench_linux DIR     a Linux guest: Debian's cloud kernel and an initramfs
#                       whose init runs the same static true, then ends the VM
#   bench_empty FILE    a kernel that ends at once
#   bench_input DIR     all of it that goes into the lab; QEMU: the binary, where
#                       the one in PATH is a script
#   timed, result       one line of JSON for bench/results
set -euo pipefail
RUNS=${RUNS:-20} LINUX_RUNS=${LINUX_RUNS:-3}

bench_bundle() { # DIR ARG...
	local dir=$1 a args=
	shift
	mkdir -p "$dir/rootfs"/{bin,dev,proc,sys,tmp}
	cp "$(command -v busybox)" "$dir/rootfs/bin/busybox"
	ln -sf busybox "$dir/rootfs/bin/true"
	ln -sf busybox "$dir/rootfs/bin/sleep"
	for a; do args+="${args:+, }\"$a\""; done
	cat >"$dir/config.json" <<JSON
{ "ociVersion": "1.0.2",
  "process": { "user": { "uid": 0, "gid": 0 }, "cwd": "/", "args": [ $args ],
    "env": [ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" ], "noNewPrivileges": true,
    "capabilities": { "bounding": [ "CAP_KILL" ], "effective": [ "CAP_KILL" ], "permitted": [ "CAP_KILL" ] },
    "rlimits": [ { "type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024 } ] },
  "root": { "path": "rootfs", "readonly": true },
  "hostname": "bench",
  "mounts": [
    { "destination": "/proc", "type": "proc", "source": "proc" },
    { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": [ "nosuid", "strictatime", "mode=755", "size=65536k" ] },
    { "destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": [ "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" ] },
    { "destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": [ "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" ] },
    { "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": [ "nosuid", "noexec", "nodev" ] },
    { "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [ "nosuid", "noexec", "nodev", "ro" ] } ],
  "linux": {
    "namespaces": [ { "type": "pid" }, { "type": "network" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" }, { "type": "cgroup" } ],
    "maskedPaths": [ "/proc/kcore", "/proc/keys", "/sys/firmware" ],
    "readonlyPaths": [ "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys" ] } }
JSON
}

# The init of a Linux guest: a program is run and waited for, then the end.
linux_init() {
	gcc -xc -O2 -static -D_GNU_SOURCE -o "$1" - <<'C'
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	if (argc > 1 && argv[1][0] == 'i')
		for (;;)
			pause();
	if (fork() == 0)
		execl("/true", "true", (char *)0);
	wait(0);
	return reboot(RB_AUTOBOOT);
}
C
}

bench_linux() {
	mkdir -p "$1/initrd"
	linux_init "$1/initrd/init"
	cp "$(command -v busybox)" "$1/initrd/true"
	(cd "$1/initrd" && printf 'init\ntrue\n' | cpio -o -H newc --quiet) >"$1/initrd.cpio"
	rm -rf "$1/initrd"
	cp "${LAB_CACHE:-build/lab}/vmlinux" "$1/vmlinux"
}

# A kernel for QEMU that ends at once: PVH entry, no IDT, ud2: a triple fault,
# which ends QEMU by -no-reboot.
bench_empty() {
	printf '%s\n' '.section .note.x,"a",@note' '.long 4,4,18' '.asciz "Xen"' '.long start' \
		'.text' '.code32' '.globl start' 'start: lidt idt' 'ud2' 'idt: .word 0' '.long 0' |
		gcc -xassembler -m32 -nostdlib -static -Wl,-Ttext=0x200000,--build-id=none,-e,start -o "$1" -
}

bench_input() { # all that the lab needs, into DIR
	mkdir -p "$1/qemu/lib" "$1/qemu/share"
	cp build/kuni build/kuni-guest.elf bench/*.sh "$1"
	gcc -O2 -Wall -static -o "$1/spawn" bench/spawn.c
	bench_bundle "$1/true" /bin/true
	bench_bundle "$1/idle" /bin/sleep 1000
	bench_bundle "$1/py" /usr/bin/python3 -c pass
	rm -rf "$1/py/rootfs" # start.sh mounts one
	bench_linux "$1"
	local l qemu=${QEMU:-$(command -v qemu-system-x86_64)}
	cp "$qemu" "$1/qemu/qemu"
	for l in $(ldd "$1/qemu/qemu" | grep -o '/[^ ]*'); do cp -L "$l" "$1/qemu/lib/"; done
	cp -L /usr/share/qemu/{qboot.rom,linuxboot_dma.bin,pvh.bin} "$1/qemu/share/"
}

# The command line of a Linux guest in a microvm: linux_cmd ACCEL MEMORY [WORD]
linux_cmd() {
	local q=(qemu-system-x86_64)
	[ ! -d qemu ] || q=(qemu/lib/ld-linux-x86-64.so.2 --library-path qemu/lib qemu/qemu -L qemu/share)
	CMD=("${q[@]}" -nodefaults -no-user-config -no-reboot -display none
		-M "microvm,acpi=off,pit=on,pic=on,rtc=on,isa-serial=off" -accel "$1" -cpu "${CPU:-host}" -m "$2"
		-kernel vmlinux -initrd initrd.cpio
		-append "quiet reboot=t panic=-1 rdinit=/init mitigations=off random.trust_cpu=on ${3:+-- $3}")
}

# One result: subject and a JSON object's members become a line of results.
result() { printf '{"question": "%s", "subject": "%s", %s}\n' "$1" "$2" "$3"; }
timed() { # QUESTION SUBJECT RUNS PAUSE CMD...
	local q=$1 s=$2 out
	shift 2
	out=$("$SPAWN" "$@") || { echo "bench: $q: $s failed" >&2; return 1; }
	out=${out#\{}
	result "$q" "$s" "\"pause_ms\": $2, ${out%\}}"
}
SPAWN=${SPAWN:-$PWD/spawn}
