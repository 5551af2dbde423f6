# SPDX-License-Identifier: Apache-2.0
# start.sh, in the lab: how long does a container take, from start to exit?
#
# The same bundle (a static true) with kuni, crun and runc, and a Linux guest
# that runs the same program.  From rest: 100 ms lie between two runs and their
# beginnings are spread over a tick, since waits for RCU end at ticks.  Back to
# back: each run begins when the process before is reaped.
. ./lib.sh
"$PWD/kuni" --hypervisor kvm run true >/dev/null # the first opens the files
for rest in rest back-to-back; do
	p=$([ $rest = rest ] && echo 100 || echo 0)
	timed "start, $rest" 'kuni (kvm)' "$RUNS" "$p" "$PWD/kuni" --hypervisor kvm run true
	for r in crun runc; do
		timed "start, $rest" "$r" "$RUNS" "$p" $r run --bundle true bench
	done
done
timed 'start, rest' 'fork and exec alone' "$RUNS" 100 true/rootfs/bin/true
linux_cmd kvm 512 # a VM in a VM in an emulator: a minute a run
[ "$LINUX_RUNS" = 0 ] || timed 'start, rest' 'Linux guest (QEMU microvm, kvm)' "$LINUX_RUNS" 100 "${CMD[@]}"
