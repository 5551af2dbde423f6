# SPDX-License-Identifier: Apache-2.0
# memory.sh, in the lab: private memory of an idle container, `sleep`.
#
# Two of each run, so that what they share (program, guest kernel) is seen to
# be shared; of one, Private_Clean and Private_Dirty of /proc/PID/smaps_rollup
# over all processes that it consists of, each address space once.  With crun and
# runc that is the container's own process: no VM, no monitor.
. ./lib.sh
sum() { # PID...: KiB
	local p total=0 n
	for p; do
		n=$(awk '/^Private_(Clean|Dirty)/ { n += $2 } END { print n + 0 }' "/proc/$p/smaps_rollup")
		total=$((total + n))
	done
	echo $total
}
memory() { # SUBJECT CMD...; CMD's %d is the number of the one of two
	local subject=$1 pids=() kib
	shift
	for i in 1 2; do
		"${@//%d/$i}" </dev/null &
		pids+=($!)
	done
	sleep "${SETTLE:-3}"
	case $subject in
	crun | runc) kib=$(sum "$("$1" state m1 | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')") ;;
	*) kib=$(sum "${pids[0]}") ;; # the VM's holder shares its address space
	esac
	result 'memory of an idle container' "$subject" "\"private_kib\": $kib"
	case $subject in
	crun | runc) for i in 1 2; do "$1" kill m$i KILL; done ;;
	*) kill -9 "${pids[@]}" ;;
	esac
	wait "${pids[@]}" 2>/dev/null || :
}
memory 'kuni (kvm)' "$PWD/kuni" --hypervisor kvm --memory 512M --cpus 1 run idle m%d
for r in crun runc; do memory $r $r run --bundle idle m%d; done
linux_cmd kvm 512 idle
[ "$LINUX_RUNS" = 0 ] || SETTLE=8 memory 'Linux guest (QEMU microvm, kvm)' "${CMD[@]}"
