# SPDX-License-Identifier: Apache-2.0
# guest.sh, on this machine: what does a program pay in a guest of ours, and what
# in a Linux one?
#
# micro.c's rows and a few whole programs, in the same root, under the same QEMU
# (Debian's, TCG) with the same RAM and CPUs; the Linux guest is Debian's cloud
# kernel with its root over virtiofsd.  It gets what is best for it there: no
# ERMS and FSRM (its copies would be eight times slower under TCG), the TSC as its
# clock, no mitigations.  Once with one CPU under -icount, where a tick is an
# instruction (and a wait for the host is one for nothing, so what the host serves
# is left out), once with two CPUs and time.  ONLY: rows whose name holds it.
. tests/workloads/roots.bash
. tests/lib.sh
. bench/lib.sh
cache=${LAB_CACHE:-build/lab} mem=1024 ONLY=${ONLY:-}
served=', root|cold|exec|spawn' # by the host

programs() { # DIR: what both guests find in /bench
	local b=$1/bench
	mkdir -p "$b/src"
	gcc -O2 -Wall -Wextra -static -pthread -o "$b/micro" bench/micro.c || return
	echo 'int main(void) { return 0; }' | tee "$b/true.c" | gcc -O2 -static -xc - -o "$b/true-static" &&
		gcc -O2 -o "$b/true-dynamic" "$b/true.c" || return
	for f in a b c d; do
		for i in {1..150}; do echo "int $f$i(int x) { for (int i = 0; i < x; i++) x ^= (x << 3) + i * $i; return x; }"; done >"$b/src/$f.c"
	done
	echo '#include <stdio.h>
	int a1(int), b2(int), c3(int), d4(int); int main(void) { return printf("%d\n", a1(b2(c3(d4(9))))) < 0; }' >"$b/src/main.c"
	cat >"$b/prepare" <<-'S'
		mkdir /bench/repo && cd /bench/repo && git init -q . && mkdir d{0..9} && for i in {1..1000}; do echo $i >d$((i % 10))/f$i; done
		git config user.email x@y.z && git config user.name x && git add . && git commit -qm all && git status >/dev/null
	S
	cat >"$b/all" <<-'S'
		export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
		. /bench/env
		rm -f /bench/out
		/bench/micro /bench/out "$ONLY"
		[ $PROGRAMS = yes ] || exit 0
		cd /bench/repo
		/bench/micro /bench/out @ 'python3 -c pass' python3 -c pass
		/bench/micro /bench/out @ 'git status of 1,000 files' sh -c 'git status >/dev/null'
		cd /bench/src
		/bench/micro /bench/out @ 'gcc of five files' gcc -O1 -o /tmp/prog main.c a.c b.c c.c d.c
	S
	in_root "$1" bash /bench/prepare
}

linux_initrd() { # FILE
	local d=$T/initrd
	mkdir -p "$d" && (cd "$d" && cpio -id --quiet) <"$cache/initrd.cpio"
	cat >"$d/init" <<-'S'
		#!/bin/busybox sh
		export PATH=/bin
		busybox mount -t proc proc /proc
		busybox mount -t devtmpfs dev /dev
		while read -r m; do case $m in */kvm* | */irqbypass*) ;; *) busybox insmod "$m" ;; esac; done </modules/order 2>/dev/null
		busybox mount -t virtiofs root /root
		cd /root
		busybox mount -t proc proc proc
		busybox mount -t sysfs sysfs sys
		busybox mount -t devtmpfs dev dev
		busybox mkdir -p dev/shm dev/pts
		busybox mount -t tmpfs -o mode=1777 shm dev/shm
		busybox mount -t devpts devpts dev/pts
		busybox chroot /root /bin/bash /bench/all >/dev/ttyS0 2>&1
		busybox sync
		busybox reboot -f
	S
	chmod 755 "$d/init"
	(cd "$d" && find . | cpio -o -H newc --quiet) >"$1"
}

linux() { # CPUS QEMU-OPTION...
	local cpus=$1
	shift
	/usr/lib/qemu/virtiofsd --socket-path="$T/fs" -o "source=$T/linux,cache=auto" &>"$T/fs.log" &
	for _ in {1..100}; do [ -S "$T/fs" ] && break; sleep 0.02; done
	timeout -k 5 900 qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -M q35,sata=off,smbus=off,usb=off,memory-backend=ram \
		-bios qboot.rom -cpu max,-erms,-fsrm -smp "$cpus" -m "$mem" -object "memory-backend-memfd,id=ram,size=${mem}M,share=on" \
		-kernel "$cache/vmlinux" -initrd "$T/linux.cpio" -serial "file:$T/console" "$@" \
		-append 'console=ttyS0 quiet panic=-1 reboot=t mitigations=off random.trust_cpu=on tsc=reliable clocksource=tsc' \
		-chardev "socket,id=fs,path=$T/fs" -device vhost-user-fs-pci,chardev=fs,tag=root </dev/null >&2
	wait
	[ -s "$T/linux/bench/out" ] || { cat "$T/console" "$T/fs.log" >&2; return 1; }
}

ours_guest() { # CPUS QEMU-OPTION...: kuni finds a QEMU in PATH that has these
	local cpus=$1
	shift
	mkdir -p "$T/bin"
	printf '#!/bin/sh\nexec %s "$@" %s\n' "$(command -v qemu-system-x86_64)" "$*" >"$T/bin/qemu-system-x86_64"
	chmod 755 "$T/bin/qemu-system-x86_64"
	CAPS=$(all_caps) READONLY_PATHS='' make_bundle "$T/kuni" bash /bench/all
	PATH=$T/bin:$PATH timeout -k 5 900 "$KUNI" --root "$T/state" --hypervisor qemu --memory "${mem}M" --cpus "$cpus" run "$T/kuni" </dev/null >&2 &&
		[ -s "$T/kuni/rootfs/bench/out" ]
}

pairs() { # QUESTION UNIT WITHOUT: one row each, of what both have
	awk -F'\t' -v q="$1" -v u="$2" -v without="$3" 'NR == FNR { l[$1] = $2; next } $1 in l && $1 !~ without {
		printf "{\"question\": \"%s\", \"subject\": \"%s\", \"unit\": \"%s\", \"kuni\": %.1f, \"linux\": %.1f, \"ratio\": %.2f}\n", q, $1, u, $2, l[$1], $2 / l[$1] }' \
		"$T/linux/bench/out" "$T/kuni/rootfs/bench/out"
}

debian_root debian "${DEBIAN[@]}" >&2 || exit
use_root debian "$T/linux" && use_root debian "$T/kuni/rootfs" && programs "$T/linux" && programs "$T/kuni/rootfs" || exit
linux_initrd "$T/linux.cpio" || exit
for what in ${WHAT:-icount tcg}; do
	case $what in
	icount) cpus=1 q=(-accel tcg,thread=single -icount shift=0,sleep=off) programs=no ;;
	tcg) cpus=2 q=(-accel tcg,thread=multi) programs=$([ -z "$ONLY" ] && echo yes || echo no) ;;
	esac
	for r in "$T/linux" "$T/kuni/rootfs"; do printf 'ONLY=%q PROGRAMS=%q\n' "$ONLY" "$programs" >"$r/bench/env"; done
	ours_guest $cpus "${q[@]}" || { echo "bench: our guest failed" >&2; exit 1; }
	linux $cpus "${q[@]}" || { echo "bench: the Linux guest failed" >&2; exit 1; }
	case $what in
	icount) pairs 'inside a guest, instructions' instructions "$served" ;;
	tcg) pairs 'inside a guest, two CPUs' ticks '^$' ;;
	esac
done
