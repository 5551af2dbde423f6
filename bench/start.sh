# SPDX-License-Identifier: Apache-2.0
# start.sh, in the lab: how long does a container take, from start to exit?
#
# The same bundle (a static true) with kuni, crun and runc, and a Linux guest
# that runs the same program.  From rest: 100 ms lie between two runs and their
# beginnings are spread over a tick, since waits for RCU end at ticks.  Back to
# back: each run begins when the process before is reaped.  favordynmods: an option
# of the host's cgroup2 mount, with which KVM_CREATE_VM does not wait.
. ./lib.sh
mkdir -p py/rootfs && mount -t erofs -o ro,dax=always /dev/pmem0 py/rootfs
# NAME BUNDLE SUFFIX: from rest and back to back; the first opens the files
starts() {
	"$PWD/kuni" --hypervisor kvm run "$2" >/dev/null
	local rest p r
	for rest in rest back-to-back; do
		p=$([ $rest = rest ] && echo 100 || echo 0)
		timed "$1, $rest$3" 'kuni (kvm)' "$RUNS" "$p" "$PWD/kuni" --hypervisor kvm run "$2"
		for r in crun runc; do timed "$1, $rest$3" "$r" "$RUNS" "$p" $r run --bundle "$2" bench; done
	done
}
starts start true ''
# The same with a program of some size: the lab's own Python and root, read-only.
starts 'python3 -c pass' py ''
timed 'start, rest' 'fork and exec alone' "$RUNS" 100 true/rootfs/bin/true
linux_cmd kvm 512 # a VM in a VM in an emulator: a minute a run
[ "$LINUX_RUNS" = 0 ] || timed 'start, rest' 'Linux guest (QEMU microvm, kvm)' "$LINUX_RUNS" 100 "${CMD[@]}"
# And on a host whose cgroups do not wait for RCU.
mount -o remount,favordynmods /sys/fs/cgroup
starts start true ', favordynmods'
starts 'python3 -c pass' py ', favordynmods'
umount py/rootfs
