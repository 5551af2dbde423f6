# SPDX-License-Identifier: Apache-2.0
# roots.bash: root file systems of Debian packages, for tests.  Sourced before
# lib.sh by a script that runs as root.
#
#   debian_root NAME PACKAGE...   build/roots/NAME: bookworm, minbase and PACKAGEs.
#                                 Made once, and again when the list changes; needs
#                                 a Debian mirror then.  Never written to after.
#   use_root NAME DIR             NAME at DIR, to be written to: an overlay, whose
#                                 upper layer is in $T, or on a tmpfs where that
#                                 cannot be one.  Nothing is copied, and what was
#                                 changed is gone with the script.
#   in_root DIR ARG...            runs ARG natively there: with the mounts, host
#                                 name, variables and capabilities of make_bundle's
#                                 config.json, in name spaces of its own
# Several scripts may ask for the same root at once.  The mounts are in a mount
# name space of the script's, so that nothing is left of one that was killed.
if [ "${KUNI_ROOTS_NS:-}" != $$ ]; then
	[ "$(id -u)" = 0 ] || { echo 'roots.bash: mounts need root'; exit 1; }
	exec unshare --mount --propagation private -- bash -c 'export KUNI_ROOTS_NS=$$; exec bash "$@"' roots "$0" "$@"
fi

# What debian.sh, compile.sh, python.sh and python_suite.bash share.
DEBIAN=(bzip2 file gawk gcc git libc6-dev libpython3.11-testsuite make perl procps python3 xz-utils)

debian_root() {
	local name=$1 dir=build/roots/$1
	shift
	mkdir -p build/roots
	(
		flock 9
		[ "$(cat "$dir.packages" 2>/dev/null)" != "$*" ] || exit 0
		echo "making $dir of $*" >&2
		rm -rf "$dir" "$dir.packages" "$dir.new"
		mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Languages "none"' \
			--include="$(tr ' ' , <<<"$*")" bookworm "$dir.new" || exit 1
		rm -f "$dir.new/etc/resolv.conf" "$dir.new/etc/hostname"
		mv "$dir.new" "$dir" && echo "$*" >"$dir.packages"
	) 9>"build/roots/$name.lock"
}

used_roots=()
use_root() {
	local upper
	trap 'umount --lazy "${used_roots[@]}"; rm -rf "$T"' EXIT
	upper=$(mktemp -d "$T/upper.XXXXXX") && mkdir -p "$2" || return
	used_roots=("$2" "${used_roots[@]}")
	over "$1" "$upper" "$2" 2>/dev/null && return
	used_roots+=("$upper")
	mount -t tmpfs -o "size=${ROOT_SIZE:-4g},mode=755" upper "$upper" && over "$1" "$upper" "$2"
}

over() { # NAME UPPER DIR
	mkdir -p "$2/data" "$2/work" &&
		mount -t overlay -o "lowerdir=$(realpath "build/roots/$1"),upperdir=$2/data,workdir=$2/work" root "$3"
}

in_root() {
	local dir=$1 caps
	shift
	caps=$(grep -o 'CAP_[A-Z_]*' <<<"${CAPS:-$(default_caps)}" | sort -u | sed 's/^CAP_/+/' | tr 'A-Z\n' 'a-z,')
	# shellcheck disable=SC2016
	unshare --mount --uts --ipc --net --pid --fork --kill-child -- bash -c '
		set -e
		for f in /proc/self/fd/*; do # as a container: nothing is inherited
			f=${f##*/}
			((f <= 2 || f == 255)) || eval "exec $f>&-"
		done
		ulimit -Sn 1024
		cd "$1"
		mount -t proc proc proc
		mount -t tmpfs -o nosuid,strictatime,mode=755,size=65536k tmpfs dev
		mkdir dev/pts dev/shm
		mount -t devpts -o nosuid,noexec,newinstance,ptmxmode=0666,mode=0620 devpts dev/pts
		mount -t tmpfs -o nosuid,noexec,nodev,mode=1777,size=65536k shm dev/shm
		mount -t sysfs -o nosuid,noexec,nodev,ro sysfs sys
		for n in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 dev/${n%:*} c 1 ${n#*:}; done
		mknod -m 666 dev/tty c 5 0
		ln -s pts/ptmx dev/ptmx
		ln -s /proc/self/fd dev/fd
		for n in 0:stdin 1:stdout 2:stderr; do ln -s /proc/self/fd/${n%:*} dev/${n#*:}; done
		echo kuni >/proc/sys/kernel/hostname
		ip link set lo up 2>/dev/null || :
		caps=$2
		shift 2
		exec setpriv --inh-caps=-all --bounding-set="-all,$caps" chroot . /usr/bin/env --default-signal -i \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb "$@"
	' in_root "$dir" "${caps%,}" "$@"
}
