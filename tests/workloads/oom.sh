# SPDX-License-Identifier: Apache-2.0
# oom.sh: memory runs out.  Somebody dies who has much of it, everybody else goes
# on and finds what he had; the first process too may be the one, and kuni says
# so.  Nothing gets an error or a signal that Linux would not give.
. tests/lib.sh
make_root "$T/b/rootfs"
run() { # ARG...: to $T/out and $T/err
	make_bundle "$T/b" "$@"
	timeout -k 2 120 "$KUNI" --root "$T/state" --memory 96M --cpus 2 ${KUNI_OPTS:-} run "$T/b" "x" >"$T/out" 2>"$T/err"
}
run sh -c 'x=a; while :; do x=$x$x; done'
same 'the first process dies' 137 $?
check 'kuni says why' grep -q '^kuni: error: x: killed for want of memory: the VM has 96 MiB' "$T/err"
run sh -c '(x=a; while :; do x=$x$x; done); echo "child $?"; md5sum /bin/busybox | cut -c1-32'
same 'a child dies, its parent goes on' "0/child 137 $(md5sum <"$T/b/rootfs/bin/busybox" | cut -c1-32)" "$?/$(tr '\n' ' ' <"$T/out" | sed 's/ $//')"
check 'the kernel says who died' grep -q 'oom: killed pid=' "$T/err"
check 'kuni does not say that the container did' test "$(grep -c 'killed for want' "$T/err")" = 0

# Six writers that want 20 MiB each at one time, of whom four fit at most. Each is
# killed or writes all that it should.
run sh -c 'set -o pipefail; i=0; while [ $i -lt 6 ]; do
	(dd if=/dev/zero bs=20M count=2 2>/dev/null | (sleep 3; cat >/tmp/f$i); echo "$i $?") & i=$((i + 1)); done; wait'
same 'status of the six' 0 $?
same 'six have ended' 6 "$(wc -l <"$T/out")"
while read -r i rc; do
	case $rc in
	0) same "size of what writer $i wrote" 41943040 "$(stat -c %s "$T/b/rootfs/tmp/f$i")" ;;
	137) ;;
	*) fail "writer $i: status $rc" ;;
	esac
done <"$T/out"
check 'some were killed' grep -q ' 137$' "$T/out"
check 'and some were not' grep -q ' 0$' "$T/out"

# A file larger than RAM, written and read in pieces of 32 MiB: nobody dies.
run sh -c 'dd if=/dev/zero of=/tmp/f0 bs=32M count=6 2>/dev/null && dd if=/tmp/f0 bs=32M 2>/dev/null | md5sum | cut -c1-32'
same 'a file of 192 MiB' "0/$(head -c 201326592 /dev/zero | md5sum | cut -c1-32)" "$?/$(<"$T/out")"
same 'and nobody was killed' '' "$(<"$T/err")"

# A tmpfs as large as it may be, and no more.
run sh -c 'dd if=/dev/zero of=/dev/shm/f bs=1M count=80 2>/dev/null; wc -c </dev/shm/f; rm /dev/shm/f; dd if=/dev/zero of=/dev/shm/f bs=1M count=40 2>/dev/null && echo again'
same 'a tmpfs of 64 MiB' $'0/67108864\nagain' "$?/$(<"$T/out")"
finish
