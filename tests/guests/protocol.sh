# SPDX-License-Identifier: Apache-2.0
# protocol.sh: guests that break the protocol of their devices (bare/*.c).
#
# Each case is one VM, and a line below says how it must end: the status on kvm
# and on qemu, and what the one line of the monitor says.  10 to 59 come from
# the guest (bare/rig.h): 10 it saw DEVICE_NEEDS_RESET, 20 it was answered, 30
# it was ignored, 40 FEATURES_OK was refused.  1 and 125 are the monitor's.
#
# On qemu the entropy device and the console's ring are QEMU's own, and so is
# what happens there; the file system, its ring and all frames are ours on
# both.  A vhost-user session cannot say DEVICE_NEEDS_RESET: the VM ends.
. tests/lib.sh
for c in tests/guests/bare/*.c; do
	n=$(basename "$c" .c)
	[ "$n" = rig ] || [ -s "build/guests/$n.elf" ] || { make -s bare || fail 'make bare'; break; }
done
make_root "$T/b/rootfs"
if [[ ${KUNI_OPTS:-} = *kvm* ]]; then back=kvm; else back=qemu KUNI_OPTS="${KUNI_OPTS:-} --hypervisor qemu"; fi
# One CPU is all that they start.
export KUNI_OPTS="$KUNI_OPTS --cpus 1"
fs='virtio: device id=26 needs reset: '

run() { # IMAGE CASE: sets rc
	make_bundle "$T/b" /bin/busybox "$2"
	KUNI_GUEST=$PWD/build/guests/$1.elf timeout -s KILL 60 "$KUNI" --root "$T/state" $KUNI_OPTS run "$T/b" "$1_$2" </dev/null >"$T/out" 2>"$T/err"
	rc=$?
}
ends() { # IMAGE CASE KVM-STATUS QEMU-STATUS [WORDS]
	local want=$3 was=$failures rc
	[ "$back" = kvm ] || want=$4
	run "$1" "$2"
	same "$1 $2: status" "$want" "$rc"
	[ -z "${5:-}" ] || check "$1 $2: says '$5'" grep -qF -- "$5" "$T/err"
	check "$1 $2: no assertion of ours" eval '! grep -qE "ensure|assert|Sanitizer|runtime error" "$T/err"'
	same "$1 $2: one line of error" "$((want == 1 || want == 125))" "$(grep -c '^kuni: error: [^v]' "$T/err" | sed 's/^[2-9].*/1/')"
	same "$1 $2: nothing is left" '' "$(ls -A "$T/state" 2>/dev/null)$(ours)"
	((failures == was)) || head -n 20 "$T/err" >&2
}
broken() { # IMAGE CASE...: our file system, on both
	local i=$1 c; shift
	for c; do ends "$i" "$c" 10 1 "$fs"; done
}
frames() { # WORDS CASE...: ours on both
	local w=$1 c; shift
	for c; do ends control "$c" 1 1 "control protocol: $w"; done
}

ends ring good 20 20
broken ring head next loop hole device wraps last edge behind huge empty write_hole no_room write_only order jump \
	backwards ind_length ind_empty ind_short ind_hole ind_edge ind_next ind_huge ind_nested ind_long
ends ring ind_good 20 20
ends ring again 20 1 "$fs"
ends ring send_writable 10 20
ends ring send_hole 10 1
ends ring rng_readable 10 30
ends ring rng_hole 10 20

ends queue works 20 20
for c in size_0 size_3 size_more size_wraps desc_hole avail_hole used_hole desc_edge used_edge desc_wraps used_wraps misaligned; do
	[ "$back" = kvm ] || continue # the entropy device: QEMU's own
	ends queue $c 10 0 'virtio: device id=4 needs reset: a queue with wrong rings'
done
ends queue no_queue 20 20
if [ "$back" = kvm ]; then # QEMU's registers forgive more
	ends queue ok_early 30 0
	ends queue unknown 40 0
	ends queue legacy 40 0
	ends queue moved 20 0
	ends queue registers 20 0
fi

for c in good no_body opcode before_init node name over_read over_write forget_root window; do ends fuse $c 20 20; done
broken fuse too_short too_long far_too_long half_header forget
ends fuse each 20 1 "$fs"

ends control good 20 20
same 'control good: its output' x "$(<"$T/out")"
frames 'unknown type' type control_type
frames 'length or stream' stream over_long
frames 'wrong length' length
frames 'unknown type or wrong length' credit_length eof_twice
frames 'more credit than was used' credit_max
frames 'data after the end' after_eof
for c in to_stdin half missing; do ends control $c 20 20; done
ends control failed 1 1 '": Invalid argument'
same 'control failed: no control bytes' 0 "$(tr -d '\n\t' <"$T/err" | LC_ALL=C grep -c '[[:cntrl:]]')"
# Nobody reads, so what is taken is bounded by the credit.
make_bundle "$T/b" /bin/busybox over_credit
{ KUNI_GUEST=$PWD/build/guests/control.elf timeout 60 "$KUNI" --root "$T/state" $KUNI_OPTS run "$T/b" credit </dev/null 2>"$T/err"
	echo $? >"$T/rc"; } | sleep 5
same 'over the credit: status' 1 "$(<"$T/rc")"
check 'over the credit: says so' grep -q 'more data than credit' "$T/err"

ends machine ports 20 20
ends machine holes 20 20
ends machine exit_garbage 1 1 '0xdeadbe00 to its exit port'
ends machine exit_zero 1 1 'the guest wrote 0 to its exit port'
ends machine exit_byte 1 1 # QEMU's exit device: its own status
ends machine mute 125 125 'the guest kernel died: it did not say why'
ends machine record 20 1
ends machine cpu_port 20 20
ends machine noise 20 20
ends machine triple 125 125 'triple fault'
ends machine msr 125 30
[ "$back" = qemu ] || ends machine run_hole 125 0 'cannot run this instruction'

# One that listens to nothing: SIGKILL ends it, and nothing else can.
endless() { # IMAGE CASE WORD
	local n pid
	make_bundle "$T/b" /bin/busybox "$2"
	KUNI_GUEST=$PWD/build/guests/$1.elf "$KUNI" --root "$T/state" $KUNI_OPTS run "$T/b" "$2" </dev/null >"$T/out" 2>"$T/err" &
	pid=$!
	for ((n = 0; n < 300; n++)); do grep -q "$3" "$T/err" && break; sleep 0.1; done
	check "$2: runs" grep -q "$3" "$T/err"
	kill -TERM "$pid"
	kill -RTMAX "$pid"
	for ((n = 0; n < 100; n++)); do grep -q 'dump: id=' "$T/err" && break; sleep 0.1; done
	check "$2: the monitor still listens" grep -q "dump: id=$2" "$T/err"
	check "$2: lives after SIGTERM" kill -0 "$pid"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	same "$2: status" 137 $?
	for ((n = 0; n < 50; n++)); do [ -n "$(ours)" ] || break; sleep 0.1; done
	same "$2: nobody is left" '' "$(ours)"
	rm -rf "$T/state"
}
endless machine halts halts
endless machine spins spins
endless control flood floods
finish
